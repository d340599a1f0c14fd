"""A report holds what a fault may depend on, and no name of a person, a machine, a folder or a file."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mivos_studio.cli.main import main
from mivos_studio.cli.report import facts
from mivos_studio.cli.report.error_log import entry_lines, window_errors
from mivos_studio.cli.report.private import LEFT_OUT, PATH, Scrubber
from mivos_studio.media.clip import open_clip
from mivos_studio.project.file.clip_reference import ClipReference
from mivos_studio.project.file.project_file import ProjectFile
from mivos_studio.project.steps import AddObject, Propagate, RenameObject
from tests.conftest import FRAMES, HEIGHT, WIDTH, ClipOnDisk
from tests.inference_core.fakes import fake_session
from tests.project import PROJECT

SECRETS = ("zaphod", "beeblebrox", "magrathea", "heartofgold", "vogon", "trillian")
"""A user in two words, a machine, a folder, a clip, an object."""
USER, FOLDER, CLIP = "Zaphod Beeblebrox", "HeartOfGold pictures", "Vogon poetry.v2"
ERRORS = f"""2026-02-03T04:05:06+00:00 Traceback (most recent call last):
  File "{PROJECT}/gui/worker/worker.py", line 12, in _run
    raise ValueError("zaphod")
  File "/home/zaphod/.venv/lib/python3.11/site-packages/torch/nn/module.py", line 7, in forward
    self.zaphod()
  File "/usr/lib/python3.11/threading.py", line 3, in run
  File "/home/zaphod/HeartOfGold/trillian.py", line 4, in trillian
  File "<frozen importlib._bootstrap>", line 5, in _find
OSError: [Errno 13] Permission denied: '/home/zaphod/HeartOfGold pictures/Vogon poetry.v2'
2026-02-03T04:05:07+00:00 ValueError: Vogon poetry.v2.mp4 is broken
2026-02-03T04:05:08+00:00 RuntimeError: no place for zaphod's clip
2026-02-03T04:05:09+00:00 Qt: QFile cannot open “trillian”
2026-02-03T04:05:10+00:00 RuntimeError: Tensors of 3 and 4 rows do not fit
HeartOfGold is the second line of it
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder whose every name is personal, with a log of errors."""
    home = tmp_path / USER
    (home / "cache" / "MiVOS Studio").mkdir(parents=True)
    (home / "cache" / "MiVOS Studio" / "errors.txt").write_text(ERRORS, encoding="utf-8")
    (home / FOLDER).mkdir()
    (home / FOLDER / "mivos-fault.txt").write_text(ERRORS.partition(" ")[2], encoding="utf-8")
    return home


def environment(home: Path) -> dict[str, str]:
    """Return variables that name the user, the machine and folders wherever one can."""
    shown = [name for name in facts._SHAPES if name != "QT_QPA_PLATFORM"]
    named = {
        **dict.fromkeys(("LOGNAME", "USER", "USERNAME", "LNAME", "SUDO_USER"), "zaphod"),
        **dict.fromkeys(("HOSTNAME", "HOST", "COMPUTERNAME"), "magrathea.example"),
        **dict.fromkeys(shown, "trillian"),
        **dict.fromkeys(("HOME", "USERPROFILE", "PWD", "OLDPWD", "XDG_CONFIG_HOME"), str(home)),
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP", "SQLITE_TMPDIR"), str(home / FOLDER)),
        "XDG_CACHE_HOME": str(home / "cache"),
        "PYTHONPATH": os.pathsep.join([str(PROJECT), str(home)]),
        "QT_QPA_PLATFORM": "offscreen",
        "DISPLAY": "magrathea:0",
    }
    return {"PATH": os.environ["PATH"], **named}


def report(home: Path, *words: object) -> str:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "mivos_studio.cli", "doctor", "--report", *map(str, words)],
        env=environment(home), cwd=home / FOLDER, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def section(text: str, heading: str) -> list[str]:
    lines = text.partition(f"\n{heading}\n")[2].partition("\n\n")[0].splitlines()
    return [line.removeprefix("  ") for line in lines]


def assert_nothing_personal(text: str) -> None:
    for secret in (*SECRETS, str(Path.home()), socket.gethostname(), str(PROJECT)):
        assert secret.casefold() not in text.casefold(), secret
    assert not re.search(r"(?<![\w<])/(?:home|tmp|root|usr|work)\b", text)


def test_a_report_names_no_person_machine_folder_or_file(
    home: Path, small_clip: ClipOnDisk, tmp_path: Path
) -> None:
    clip = Path(shutil.copytree(small_clip.images, home / FOLDER / CLIP))
    weights = Path(shutil.copytree(PROJECT / "saves", home / FOLDER / "Trillian saves"))
    (weights / "compact" / "Vogon.safetensors").touch()
    path = home / FOLDER / f"{CLIP}.mivos"
    with ProjectFile.create(path) as project, open_clip(clip) as frames:
        session = fake_session(frames, scratch=project.storage)  # type: ignore[arg-type]
        session.add_object("Trillian", 1)
        session.rename_object(1, "Vogon")
        project.set_clip(ClipReference.of(clip, frames, path))
        steps = (AddObject(1, "Trillian"), RenameObject(1, "Vogon"))
        project.save(session, steps=steps, view={"family": "zaphod"})
    figures = tmp_path / "report.json"
    text = report(home, "--project", path, "--weights", weights, "--json", figures)
    assert_nothing_personal(text)
    assert_nothing_personal(figures.read_text(encoding="utf-8"))
    assert f"{FRAMES} frames of {WIDTH}x{HEIGHT}, 0 damaged" in section(text, "Project")
    assert "1 objects, 0 locked; 0 frames with masks" in section(text, "Project")
    assert "steps: 1 rename_object; during propagations: none" in section(text, "Project")
    assert any(line.startswith("clip: images, ") for line in section(text, "Project"))
    assert section(text, "Weights")[-1] == "mivos: not there"
    assert all(line.endswith(", as recorded") for line in section(text, "Weights")[:-1])
    assert "LANG has another value" in section(text, "Machine")
    assert "QT_QPA_PLATFORM=offscreen" in section(text, "Machine")
    sections = json.loads(figures.read_text(encoding="utf-8"))["report"]
    assert sections["Project"] == section(text, "Project")
    assert list(sections) == re.findall(r"\n\n(\S.*)\n", text)


def test_errors_keep_their_kinds_and_the_places_in_the_code(home: Path) -> None:
    text = report(home)
    assert section(text, "Last errors in the window") == [
        "2026-02-03T04:05:06+00:00",
        "  <program>/gui/worker/worker.py:12 _run",
        "  <packages>/torch/nn/module.py:7 forward",
        "  <python>/threading.py:3 run",
        f"  {PATH}:4 {LEFT_OUT}",
        "  <frozen importlib._bootstrap>:5 _find",
        f"  OSError: {LEFT_OUT}",
        "2026-02-03T04:05:07+00:00",
        f"  ValueError: {LEFT_OUT}",
        "2026-02-03T04:05:08+00:00",
        f"  RuntimeError: {LEFT_OUT}",
        "2026-02-03T04:05:09+00:00",
        f"  Qt: {LEFT_OUT}",
        "2026-02-03T04:05:10+00:00",
        "  RuntimeError: Tensors of 3 and 4 rows do not fit",
    ]
    assert "  OSError: <left out>" in section(text, "Last fault of a command")


def test_what_cannot_be_found_out_is_said_and_the_rest_is_there(home: Path) -> None:
    text = report(home, "--project", home / "Vogon.mivos", "--weights", home / "Trillian")
    assert_nothing_personal(text)
    assert section(text, "Project") == [f"not found out: ProjectError: {LEFT_OUT}"]
    assert section(text, "Weights") == [f"not found out: CheckpointError: {LEFT_OUT}"]
    assert len(section(text, "Checks")) == 9


def test_an_error_that_repeats_is_listed_once_at_its_last_time(tmp_path: Path) -> None:
    entry = "+00:00 Qt: QPaintDevice was destroyed while it was painted on\n"
    log = tmp_path / "errors.txt"
    log.write_text("".join(f"2026-02-03T04:05:0{second}{entry}" for second in range(3)), encoding="utf-8")
    assert window_errors(log, Scrubber(PROJECT, frozenset())) == [
        "2026-02-03T04:05:02+00:00",
        "  Qt: QPaintDevice was destroyed while it was painted on",
    ]


def test_a_long_error_is_cut_in_its_middle() -> None:
    entry = "".join(f'  File "{PROJECT}/gui/crash.py", line {number}, in report\n' for number in range(1, 41))
    lines = list(entry_lines(entry, Scrubber(PROJECT, frozenset())))
    assert lines[11:14] == [
        "  <program>/gui/crash.py:12 report",
        "  … 16 more lines …",
        "  <program>/gui/crash.py:29 report",
    ]
    assert len(lines) == 25


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("3.11.7, /home/zaphod/My clips/python", f"3.11.7, {PATH}"),
        (r"free in C:\Users\Zaphod B\x", f"free in {PATH}"),
        (r"free in \\server\share", f"free in {PATH}"),
        ("run ~/bin/python", f"run {PATH}"),
        ("open file:///home/a b", f"open {PATH}"),
        ("read and/or write 1920x1080 at 24000/1001", "read and/or write 1920x1080 at 24000/1001"),
        ("of ZAPHOD, not of zaphods", f"of {LEFT_OUT}, not of zaphods"),
    ],
)
def test_a_line_ends_where_a_path_begins(line: str, kept: str) -> None:
    assert Scrubber(PROJECT, frozenset({"zaphod"})).line(line) == kept


def test_a_sentence_that_names_a_clip_of_the_project_is_left_out() -> None:
    scrubber = Scrubber.of_this_machine(PROJECT, ["/media/card 3/koi pond.mp4"])
    assert scrubber.sentence("no frame of Koi Pond can be decoded") == LEFT_OUT
    assert scrubber.sentence("no frame can be decoded") == "no frame can be decoded"


def test_the_report_of_a_project_counts_what_was_done_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "work.mivos"
    with ProjectFile.create(path) as project:
        session = fake_session(scratch=project.storage)
        project.save(session, steps=(Propagate(), Propagate()))
    assert main(["doctor", "--report", "--project", str(path)]) == 0
    lines = section(capsys.readouterr().out, "Project")
    assert "steps: 2 propagate; during propagations: none" in lines
    assert "the steps are not all of its session" in lines
