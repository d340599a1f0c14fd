"""Run the `mivos` command as `python -m mivos_studio.cli`."""

from __future__ import annotations

import sys

from mivos_studio.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
