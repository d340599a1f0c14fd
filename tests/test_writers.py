"""Every writer of the program goes through media.output: nothing else renames over, removes or overwrites."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.project import name_of, program_files

MOVING = frozenset({"rename", "renames", "unlink", "rmdir", "rmtree", "removedirs", "copyfile"})
WRITING = frozenset(
    {"write_text", "write_bytes", "imwrite", "savefig", "save", "save_file", "savez_compressed"}
)

IN_THE_MAKING = "writes into a folder or to a path that media.output hands out"
SAVES_A_PROJECT = "saves a project, which project/file does"
IN_MIVOS_STUDIO = {
    "media/palette.py": IN_THE_MAKING,
    "cli/output.py": IN_THE_MAKING,
    "evaluation/reports/page.py": IN_THE_MAKING,
    "evaluation/reports/plots.py": IN_THE_MAKING,
    "evaluation/strips.py": IN_THE_MAKING,
    "project/script.py": IN_THE_MAKING,
    "project/file/project_file.py": "projects, whose names end in .mivos; replaces one only where told to",
    "project/file/repair.py": "replaces a damaged project, of which it leaves a copy",
    "project/file/recovery.py": "deletes projects of the recovery folder that no process has open",
    "project/file/opening.py": "copies into a temporary folder",
    "cli/project_work.py": SAVES_A_PROJECT,
    "window_projects.py": f"{SAVES_A_PROJECT}; {IN_THE_MAKING}",
    "benchmarks/project_file.py": "a temporary folder",
    "synthetic/dataset.py": IN_THE_MAKING,
    "synthetic/files.py": "knows no media; renames a new folder to a name that is free or an empty folder's",
    "files.py": "the helper itself: those who call it are named here",
    "training/trainer.py": "its own state, which `mivos train` refuses to begin beside unless it is resumed",
    "training/tasks/mivos.py": "writes weights that model/weights/hashes.py puts in place",
    "training/compact/fusion_data.py": "writes files only where their names are free",
    "cli/partial_download.py": "a part that it downloaded itself",
    "cli/job.py": SAVES_A_PROJECT,
    "benchmarks/project_size.py": "a temporary folder",
    "benchmarks/kill/disk.py": "a disk of its own, for ballast",
    "benchmarks/kill/program.py": "projects in the folder of the benchmark",
    "benchmarks/gui.py": "a temporary folder",
    "benchmarks/long_clip.py": "a temporary folder",
}
EXPORT_FORMATS = "mivos_studio/media/export/"
"""Its modules write into the empty folder that media.output hands out."""
EXCEPTIONS = {
    "gui/screenshot.py": IN_THE_MAKING,
    "gui/actions/file.py": SAVES_A_PROJECT,
    "gui/worker/commands.py": SAVES_A_PROJECT,
    "gui/worker/project_saver.py": SAVES_A_PROJECT,
    "gui/worker/worker.py": SAVES_A_PROJECT,
    "model/weights/hashes.py": "knows no media; replaces only weights that are as recorded beside them",
    **{f"mivos_studio/{name}": reason for name, reason in IN_MIVOS_STUDIO.items()},
}


def calls(path: Path) -> Iterator[str]:
    """Name the calls in a file that rename, remove or write files.

    `written_beside` replaces what is there, unless it is told how else to put the file in place.
    """
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = node.func.attr
            is_of_files = (
                name in WRITING or name in MOVING or (name == "move" and _is_module(node.func, "shutil"))
            )
            if (
                is_of_files
                or (name == "replace" and _replaces_a_file(node))
                or (name == "open" and _writes(node))
            ):
                yield name
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "written_beside":
                yield "replace" if len(node.args) == 1 else "written_beside"
            elif node.func.id in WRITING:
                yield node.func.id


def _replaces_a_file(call: ast.Call) -> bool:
    """Whether it is a path's: that of a text has two arguments, that of a dataclass has keywords."""
    return _is_module(call.func, "os") or (len(call.args) == 1 and not call.keywords)


def _writes(call: ast.Call) -> bool:
    return any(set(mode) & set("wxa+") for mode in _modes(call))


def _is_module(function: ast.expr, module: str) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == module
    )


def _modes(call: ast.Call) -> Iterator[str]:
    for value in (*call.args[:2], *(keyword.value for keyword in call.keywords if keyword.arg == "mode")):
        for part in ast.walk(value):
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and len(part.value) <= 3:
                yield part.value


def test_nothing_renames_removes_or_writes_files_but_media_output_and_those_named_here() -> None:
    found = {
        name_of(path): sorted(set(calls(path)))
        for path in program_files()
        if "mivos_studio/media/output/" not in path.as_posix()
    }
    writers = {name: used for name, used in found.items() if used}
    others = {name: used for name, used in writers.items() if name not in EXCEPTIONS}
    allowed = {*WRITING, "open"}
    assert {
        name: used
        for name, used in others.items()
        if not (name.startswith(EXPORT_FORMATS) and allowed.issuperset(used))
    } == {}
    assert [name for name in EXCEPTIONS if name not in writers] == [], "exceptions that are none any more"


def test_nothing_but_media_output_weights_training_and_repair_renames_over_a_file() -> None:
    renaming = {name_of(path) for path in program_files() if "replace" in calls(path)}
    assert {name for name in renaming if not name.startswith("mivos_studio/media/output/")} == {
        "mivos_studio/files.py",
        "model/weights/hashes.py",
        "mivos_studio/training/trainer.py",
        "mivos_studio/project/file/repair.py",
    }
