"""Programs of the system that some tests ask: they are skipped where there is none."""

from __future__ import annotations

import shutil

import pytest


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skip a test where one of the programs is not there."""
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(
        bool(missing), reason=f"without {', '.join(missing)}, which make setup installs"
    )
