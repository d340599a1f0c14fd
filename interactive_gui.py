"""Launcher of the window: `python interactive_gui.py [CLIP]`. The options are in `mivos_studio.cli.gui`."""

from __future__ import annotations

import sys

from mivos_studio.cli.gui import run

if __name__ == "__main__":
    sys.exit(run())
