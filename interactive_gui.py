"""Start the window: `python interactive_gui.py [CLIP]`. `mivos_studio.app` does the work."""

from __future__ import annotations

import sys

from mivos_studio.app import main

if __name__ == "__main__":
    sys.exit(main())
