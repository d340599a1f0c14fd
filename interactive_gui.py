"""Start the window: `python interactive_gui.py [CLIP]`. `mivos_studio.cli.gui` has its options."""

from __future__ import annotations

import sys

from mivos_studio.cli.gui import run

if __name__ == "__main__":
    sys.exit(run())
