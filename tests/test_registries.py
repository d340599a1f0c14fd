"""A family, an export format, a command and a script step are one module and one entry in a registry each.

The modules are in tests/toys; a test makes the entry and changes nothing else.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from msgspec.structs import fields
from PIL import Image

from gui.worker.commands import EditCommand
from inference_core.errors import UserError
from inference_core.propagation.confidence import confidence_of
from inference_core.propagation.memory import options_for
from inference_core.session import Session
from inference_core.types import MemoryOptions
from mivos_studio.cli import formats as formats_command
from mivos_studio.cli import gui
from mivos_studio.cli.main import COMMANDS, command_parser, main
from mivos_studio.media.clip import open_clip
from mivos_studio.media.export import png_matte
from mivos_studio.media.export.formats import FORMATS
from mivos_studio.media.export.job import ExportJob
from mivos_studio.project import steps
from mivos_studio.project.playback import play
from mivos_studio.project.recorder import ScriptRecorder
from mivos_studio.project.script import check_script, read_script, write_script
from mivos_studio.project.steps import STEP_KINDS, Draw, SetLock
from mivos_studio.training.options import TrainingOptions
from mivos_studio.training.tasks.registry import NETWORKS, choose_tasks, tasks_of
from model.checkpoint import load_networks
from model.compact import family as family_module
from model.families import FAMILIES
from model.family import Family
from tests.conftest import FRAMES, ClipOnDisk
from tests.inference_core.fakes import fake_session, square_clip, square_ids
from tests.project import PROJECT
from tests.toys import toy_family, toy_format, toy_step

SMALL = ("--working-size", "64", "--dtype", "float32", "--quiet")


def mivos(*words: object) -> int:
    return main([str(word) for word in words])


def rows_of(first_column: str) -> list[list[str]]:
    """Return the cells of the guide's table whose first column has this heading, row by row."""
    text = (PROJECT / "docs" / "guide.md").read_text(encoding="utf-8")
    table = re.search(rf"^ *\| {first_column} \|.*\n *\|[-|]+\|\n((?: *\|.*\n)+)", text, flags=re.MULTILINE)
    assert table is not None
    return [row.strip().strip("|").split("|") for row in table[1].splitlines()]


def names_in(cell: str) -> list[str]:
    return re.findall(r"`([\w-]+)`", cell)


# -- families -----------------------------------------------------------------------------------------------


@pytest.fixture
def saves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A saves folder with the weights of a family that has an entry."""
    monkeypatch.setitem(FAMILIES, toy_family.TOY.name, toy_family.TOY)
    toy_family.write_weights(tmp_path / "saves")
    return tmp_path / "saves"


def options_of(parser: argparse.ArgumentParser, name: str) -> Iterator[argparse.Action]:
    """Yield the option of that name of a command and of all below it."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                yield from options_of(each, name)
        elif name in action.option_strings:
            yield action


def test_a_family_loads_with_its_memory_defaults_and_calibration(saves: Path) -> None:
    for folder in (saves, saves / "toys"):
        networks = load_networks("toy", folder)
        assert networks.family == "toy"
        assert networks.calibration == toy_family.TOY.calibration
        assert options_for(networks) == MemoryOptions(mem_every=2, max_memory_frames=3)


def test_a_session_s_confidence_is_that_of_the_networks_calibration(saves: Path) -> None:
    confidences = {}
    for family, folder in (("toy", saves), ("compact", None)):
        session = Session(square_clip(5), load_networks(family, folder), device="cpu", dtype="float32")
        session.set_ids(0, square_ids(0))
        for _ in session.propagate():
            pass
        agreement = session.agreements(3)[1]
        assert agreement is not None
        confidences[family] = session.confidence(3)[1]
        assert confidences[family] == confidence_of(agreement, FAMILIES[family].calibration)
        assert session.confidences()[3] == session.confidence(3)
    assert confidences["toy"] != confidences["compact"]


def test_a_family_is_listed_with_its_terms(
    saves: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "list.json"
    assert mivos("weights", "list", "--weights", saves, "--json", file) == 0
    shown = capsys.readouterr().out
    assert "toy: complete" in shown
    assert toy_family.TOY.terms in shown
    families = {each["family"]: each for each in json.loads(file.read_text(encoding="utf-8"))["families"]}
    assert families["toy"]["complete"]


@pytest.mark.usefixtures("saves")
def test_every_command_with_models_accepts_a_family() -> None:
    found = list(options_of(command_parser(), "--models"))
    assert len(found) >= 5
    for action in found:
        assert list(action.choices or ()) == ["auto", *FAMILIES]
        assert f"toy ({toy_family.TOY.summary})" in str(action.help)
    assert gui.parse(["--models", "toy"]).models == "toy"


def test_a_clip_is_propagated_with_a_family(saves: Path, small_clip: ClipOnDisk, tmp_path: Path) -> None:
    words = ("propagate", small_clip.images, f"--mask=0={small_clip.masks[0]}", "--out", tmp_path / "out")
    assert mivos(*words, "--models", "toy", "--weights", saves, *SMALL) == 0


@pytest.mark.usefixtures("saves")
def test_a_family_is_trained_by_the_tasks_that_it_names(tmp_path: Path) -> None:
    options = TrainingOptions(folders=[], out=tmp_path, family="toy")
    assert [task.name for task in choose_tasks("all", options)] == list(NETWORKS)
    (action,) = options_of(command_parser(["train"]), "--family")
    assert "toy" in (action.choices or ())


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_has_a_task_and_a_file_for_each_network(name: str) -> None:
    family = FAMILIES[name]
    assert set(family.file_names()) == set(NETWORKS)
    assert set(tasks_of(name)) == set(NETWORKS)
    assert family.terms.endswith(".")


def test_the_free_family_shares_the_compact_tasks() -> None:
    assert tasks_of("compact-free") is tasks_of("compact")


# -- export formats -----------------------------------------------------------------------------------------


@pytest.fixture
def with_format(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, toy_format.TOY.name, toy_format.TOY)


@pytest.mark.usefixtures("with_format")
def test_the_formats_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "formats.json"
    for _ in range(2):  # a list of formats is replaced
        assert mivos("formats", "--json", file) == 0
    listed = {each["name"]: each for each in json.loads(file.read_text(encoding="utf-8"))}
    assert list(listed) == ["png-indexed", "png-matte", "areas"]
    assert listed["areas"] == {"name": "areas", "extension": ".txt", "alpha": False, "bits": 32}
    assert "areas" in capsys.readouterr().out


def test_a_list_that_is_none_of_formats_is_not_replaced(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text('[{"name": "mine"}]', encoding="utf-8")
    assert mivos("formats", "--json", file) == 2
    assert file.read_text(encoding="utf-8") == '[{"name": "mine"}]'


def propagate_to(clip: ClipOnDisk, out: Path, names: str) -> int:
    return mivos(
        "propagate", clip.images, f"--mask=0={clip.masks[0]}", "--out", out, "--format", names, *SMALL
    )


@pytest.mark.usefixtures("with_format")
def test_one_format_is_written_into_the_folder_itself(small_clip: ClipOnDisk, tmp_path: Path) -> None:
    assert propagate_to(small_clip, tmp_path / "out", "areas") == 0
    lines = (tmp_path / "out" / "areas.txt").read_text(encoding="utf-8").split()
    assert len(lines) == FRAMES
    assert int(lines[0]) == (np.asarray(Image.open(small_clip.masks[0])) == 1).sum()


@pytest.mark.usefixtures("with_format")
def test_several_formats_are_written_into_a_folder_each(small_clip: ClipOnDisk, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert propagate_to(small_clip, out, "areas,png-indexed,png-matte,areas") == 0
    assert sorted(path.name for path in out.iterdir() if path.is_dir()) == [
        "areas",
        "png-indexed",
        "png-matte",
    ]
    assert len(list((out / "png-indexed").glob("*.png"))) == FRAMES
    assert len(list((out / "png-matte" / "Object_1").glob("*.png"))) == FRAMES


def test_an_unknown_format_is_refused_before_the_work(
    small_clip: ClipOnDisk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert propagate_to(small_clip, tmp_path / "out", "png-indexed,papyrus") == 2
    assert "choose one of png-indexed, png-matte" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


# -- commands -----------------------------------------------------------------------------------------------


def test_a_command_runs_and_is_in_the_help(
    small_clip: ClipOnDisk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(COMMANDS, "count", "tests.toys.toy_command")
    assert mivos("count", small_clip.images) == 0
    assert capsys.readouterr().out == f"{FRAMES}\n"
    with pytest.raises(SystemExit, match="0"):
        mivos("--help")
    assert "count frames" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("heading", "registry"), [("command", COMMANDS), ("format", FORMATS), ("family", FAMILIES)]
)
def test_the_guide_has_every_entry(heading: str, registry: dict[str, object]) -> None:
    assert [names_in(row[0]) for row in rows_of(heading)] == [[name] for name in registry]


# -- script steps -------------------------------------------------------------------------------------------


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A script with a step of a kind that has an entry."""
    for verb in toy_step.Fill.verbs:
        monkeypatch.setitem(STEP_KINDS, verb, toy_step.Fill)
    file = tmp_path / "script.json"
    fill = [{"do": "fill", "frame": 2, "object": 1}]
    file.write_text(json.dumps({"version": 1, "objects": [{"id": 1}], "steps": fill}), encoding="utf-8")
    return file


def test_a_step_is_read_checked_played_and_written(script: Path, tmp_path: Path) -> None:
    read = read_script(script)
    with pytest.raises(UserError, match=r"Step 1 \(fill\): the clip has no frame 2"):
        check_script(read, 2)
    session = fake_session(square_clip(4))
    assert list(play(session, read, lambda file, frame_index: square_ids(0), lambda change: None)) == [1]
    assert session.ids(2).min() == 1
    write_script(read, tmp_path / "again.json")
    assert read_script(tmp_path / "again.json").steps == read.steps


def test_a_step_is_titled_recorded_and_counted(script: Path) -> None:
    (step,) = read_script(script).steps
    assert EditCommand(step).title == "Fill"
    recorder = ScriptRecorder()
    recorder.start(undo_count=0)
    for _ in range(2):
        recorder.add(step)
    assert recorder.describe_work() == ("2 fills",)


def test_a_verb_without_an_entry_is_refused_with_those_there_are(script: Path) -> None:
    script.write_text('{"version": 1, "steps": [{"do": "dance"}]}', encoding="utf-8")
    with pytest.raises(UserError, match=r'Step 1: "do" must be one of scribble, .*, fill, not "dance"\.'):
        read_script(script)


def test_the_guide_has_every_step_with_its_keys() -> None:
    verbs: list[str] = []
    for first, required, optional in rows_of("step"):
        verbs += names_in(first)
        kinds = {STEP_KINDS[verb] for verb in names_in(first)}
        for kind in kinds - {Draw, SetLock}:  # whose keys are not their fields
            keys = {field.encode_name: field.required for field in fields(kind)}
            assert set(names_in(required)) == {key for key, needed in keys.items() if needed}
            assert set(names_in(optional)) == {key for key, needed in keys.items() if not needed}
    assert sorted(verbs) == sorted(STEP_KINDS)


# -- the examples of the page on extending ------------------------------------------------------------------


def example(section: str, names: ModuleType, **more: object) -> dict[str, Any]:
    """Run a section's example, with the names of a module that imports the same; return what it defines."""
    text = (PROJECT / "docs" / "extending.md").read_text(encoding="utf-8")
    code = text.split(f"\n## {section}\n")[1].split("```python\n")[1].split("```")[0]
    assert len(code.splitlines()) <= 20
    scope = vars(names) | more
    exec(compile(code, section, "exec", annotations.compiler_flag), scope)
    return {name: value for name, value in scope.items() if vars(names).get(name) is not value}


def test_the_example_of_a_family_runs() -> None:
    defined = example("A family of networks", family_module)
    large = defined["LARGE"]
    assert isinstance(large, Family)
    assert large.load is defined["load"]


def test_the_example_of_a_format_runs(tmp_path: Path, small_clip: ClipOnDisk) -> None:
    areas = example("An export format", png_matte)["AREAS"]
    job = ExportJob(open_clip(small_clip.images), lambda frame_index: np.ones((2, 3), np.uint8), {1: "one"})
    assert len(list(areas.write(job, tmp_path / "out"))) == FRAMES
    assert (tmp_path / "out" / "areas.txt").read_text(encoding="utf-8") == "6\n" * FRAMES


def test_the_example_of_a_step_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STEP_KINDS, "set_order", example("A script step", steps)["SetOrder"])
    file = tmp_path / "script.json"
    order = '{"do": "set_order", "object": 2, "order": 5}'
    file.write_text(f'{{"version": 1, "objects": [{{"id": 2}}], "steps": [{order}]}}', encoding="utf-8")
    session, recorder = fake_session(square_clip(4)), ScriptRecorder()
    script, masks = read_script(file), square_ids(0)
    assert list(play(session, script, lambda file, frame_index: masks, lambda _: None, recorder)) == [1]
    assert [each.settings.order for each in session.objects] == [5]
    assert session.undo_count == len(recorder.take_new()) == 2


def test_the_example_of_a_command_runs(
    small_clip: ClipOnDisk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = ModuleType("count")
    vars(module).update(example("A command", formats_command, Path=Path))
    monkeypatch.setitem(sys.modules, "count", module)
    monkeypatch.setitem(COMMANDS, "count", "count")
    assert mivos("count", small_clip.images) == 0
    assert capsys.readouterr().out == f"{FRAMES}\n"
