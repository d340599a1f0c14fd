"""A tool is one module and one entry of the registry: the example of docs/extending.md does everything."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.project import PROJECT

PAGE = PROJECT / "docs" / "extending.md"
MOST_LINES_OF_CODE = 20


def example() -> str:
    """Return the code of the page's section on tools."""
    found = re.search(r"^## A tool$.*?^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.S | re.M)
    assert found is not None
    return found[1]


def test_the_example_of_a_tool_is_short() -> None:
    assert sum(bool(line.strip()) for line in example().splitlines()) <= MOST_LINES_OF_CODE


def test_a_new_tool_edits_replays_and_draws_without_a_change_in_another_file(tmp_path: Path) -> None:
    (tmp_path / "dot.py").write_text(example(), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "tests.new_tool", str(tmp_path)],
        cwd=PROJECT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Traceback" not in done.stderr
