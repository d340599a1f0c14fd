"""Cases by kind of input: from a seed, damaged input in a folder, and the command line that reads it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.mivos_studio.cli.fuzz.formats import damaged_file, damaged_safetensors
from tests.mivos_studio.cli.fuzz.mutation import Rng, damaged, damaged_json, pick
from tests.mivos_studio.cli.fuzz.projects import damage_project
from tests.mivos_studio.cli.fuzz.runner import Case
from tests.mivos_studio.cli.fuzz.seeds import NETWORKS, Seeds

Maker = Callable[[Rng, Seeds, Path], Case]

_OUT = ("--out", "out")


def _clip(seeds: Seeds, folder: Path) -> None:
    shutil.copytree(seeds.clip, folder / "clip")


def _mask(seeds: Seeds, folder: Path) -> None:
    shutil.copyfile(seeds.folder / "masks" / "indexed.png", folder / "mask.png")


def script(rng: Rng, seeds: Seeds, folder: Path) -> Case:
    """Play a damaged script, sometimes in a project."""
    _clip(seeds, folder)
    _mask(seeds, folder)
    path = pick(rng, seeds.scripts)
    (folder / "script.json").write_bytes(damaged_json(path.read_bytes(), rng, ()))
    return script_case(rng)


def script_case(rng: Rng) -> Case:
    """Play the script that is in the folder."""
    words = ["replay", "clip", "--script", "script.json", *NETWORKS]
    if rng.random() < 0.25:
        return Case((*words, "--project", "new.mivos", "--acknowledge"), ("new.mivos",), ("new.mivos",))
    return Case((*words, *_OUT, "--json", "figures.json"), ("out", "figures.json"))


def project(rng: Rng, seeds: Seeds, folder: Path) -> Case:
    """Check, repair, export a damaged project, or go on with it."""
    _clip(seeds, folder)
    _mask(seeds, folder)
    shutil.copyfile(seeds.project, folder / "work.mivos")
    damage_project(folder / "work.mivos", rng)
    match int(rng.integers(4)):
        case 0:
            return Case(
                ("check", "work.mivos", "--json", "figures.json"), ("figures.json",), ("figures.json",)
            )
        case 1:
            return Case(("check", "work.mivos", "--repair"), ("work",), ("work",))
        case 2:
            export_format = pick(rng, ("png-indexed", "png-matte"))
            return Case(("export", "work.mivos", "--format", export_format, *_OUT, "--quiet"), ("out",))
        case _:
            steps = [
                {"do": "undo"},
                {"do": "redo"},
                {"do": "brush", "frame": 0, "object": 1, "points": [[1, 1]]},
            ]
            document = {"version": 1, "objects": [{"id": 1}], "steps": pick(rng, (steps, steps[2:], []))}
            (folder / "script.json").write_text(json.dumps(document), encoding="utf-8")
            words = ("replay", "clip", "--script", "script.json", "--project", "work.mivos", *_OUT, *NETWORKS)
            return Case(words, ("work", "out"), ("work",))


def mask(rng: Rng, seeds: Seeds, folder: Path) -> Case:
    """Propagate a damaged mask."""
    _clip(seeds, folder)
    path = pick(rng, seeds.masks)
    others = tuple(each for each in seeds.masks if each.suffix == path.suffix)
    name = f"mask{pick(rng, (path.suffix, '.png', ''))}"
    (folder / name).write_bytes(damaged_file(path, rng, others))
    return Case(("propagate", "clip", "--mask", f"{int(rng.integers(2))}={name}", *_OUT, *NETWORKS), ("out",))


def image(rng: Rng, seeds: Seeds, folder: Path) -> Case:
    """Open a folder with damaged images as a clip, or one image, or evaluate on them."""
    path = pick(rng, seeds.images)
    content = damaged_file(path, rng, tuple(each for each in seeds.images if each.suffix == path.suffix))
    if rng.random() < 0.2:
        return _evaluation(content, rng, seeds, folder)
    _mask(seeds, folder)
    (folder / "clip").mkdir()
    suffix = pick(rng, (path.suffix, path.suffix, path.suffix, ".png", ".jpg", ".tif"))
    (folder / "clip" / f"0{suffix}").write_bytes(content)
    if rng.random() < 0.5:
        shutil.copyfile(path, folder / "clip" / f"1{suffix}")
    clip = pick(rng, ("clip", "clip", f"clip/0{suffix}"))
    return Case(("propagate", clip, "--mask", "0=mask.png", *_OUT, *NETWORKS), ("out",))


def _evaluation(content: bytes, rng: Rng, seeds: Seeds, folder: Path) -> Case:
    """Measure on data of which one file is damaged."""
    shutil.copytree(seeds.davis, folder / "davis")
    files = sorted(path for path in (folder / "davis").rglob("*") if path.is_file())
    path = pick(rng, files)
    if path.suffix == ".json":
        path.write_bytes(damaged_json(path.read_bytes(), rng, ()))
    else:
        path.write_bytes(content if rng.random() < 0.3 else damaged_file(path, rng))
    if path.parent.name == "stills":
        return Case(("evaluate", "--stills", "davis/stills", "--clicks", "2", *NETWORKS))
    words: list[str] = ["evaluate", "--data", "davis", *NETWORKS]
    if path.suffix == ".json":
        words += ["--interactive", "scribble", "--rounds", "1"]
    elif path.suffix == ".txt":
        words += ["--set", "2017/val"]
    return Case(tuple(words))


def video(rng: Rng, seeds: Seeds, folder: Path) -> Case:
    """Propagate through a damaged video."""
    path = pick(rng, seeds.videos)
    others = tuple(each for each in seeds.videos if each.suffix == path.suffix)
    name = f"clip{pick(rng, (path.suffix, path.suffix, path.suffix, '.mp4', '.mkv', ''))}"
    (folder / name).write_bytes(damaged_file(path, rng, others))
    if rng.random() < 0.3:
        shutil.copyfile(seeds.folder / "videos.png", folder / "mask.png")
        return Case(("propagate", name, "--mask", "0=mask.png", *_OUT, *NETWORKS), ("out",))
    # Every frame is read, as a click on it reads it; no propagation, which would take longer than that.
    steps = [
        {"do": "click", "frame": frame_index, "object": 1, "points": [[20, 20]]}
        for frame_index in pick(rng, ((0,), (3,), (5, 0)))
    ]
    document = {"version": 1, "objects": [{"id": 1}], "steps": steps}
    (folder / "script.json").write_text(json.dumps(document), encoding="utf-8")
    return Case(("replay", name, "--script", "script.json", *_OUT, *NETWORKS), ("out",))


def weights(rng: Rng, seeds: Seeds, folder: Path) -> Case:
    """Load, list, verify or record damaged weights."""
    home = folder / "weights"
    home.mkdir()
    if rng.random() < 0.5:
        return _pickled(rng, seeds, home)
    shipped = seeds.weights / "compact"
    chosen = pick(rng, ("fusion", "fusion", "interaction", "propagation"))
    for path in shipped.iterdir():
        if path.stem != chosen:
            (home / path.name).symlink_to(path)
    path = shipped / f"{chosen}.safetensors"
    content = path.read_bytes()
    changed = damaged_safetensors(content, rng, ()) if rng.random() < 0.8 else damaged(content, rng)
    (home / path.name).write_bytes(changed)
    _record(home / path.name, rng)
    if rng.random() < 0.8:
        _clip(seeds, folder)
        _mask(seeds, folder)
        words = ("propagate", "clip", "--mask", "0=mask.png", *_OUT, "--weights", "weights", *NETWORKS)
        return Case(words, ("out",))
    return _listed(rng)


def _pickled(rng: Rng, seeds: Seeds, home: Path) -> Case:
    content = damaged_file(pick(rng, seeds.pickles), rng, seeds.pickles)
    for name in ("propagation_model", "fusion", "s2m"):
        (home / f"{name}.pth").write_bytes(content)
    _record(home / "propagation_model.pth", rng)
    if rng.random() < 0.9:
        _clip(seeds, home.parent)
        _mask(seeds, home.parent)
        words = ("propagate", "clip", "--mask", "0=mask.png", *_OUT, "--weights", "weights", *NETWORKS)
        return Case((*words, "--models", "mivos"), ("out",))
    return _listed(rng)


def _record(path: Path, rng: Rng) -> None:
    """Sometimes put a damaged record of its SHA-256 beside a file."""
    if rng.random() < 0.15:
        line = f"{'0123456789abcdef' * 4}  {path.name}\n".encode()
        path.with_name(f"{path.name}.sha256").write_bytes(damaged(line, rng))


def _listed(rng: Rng) -> Case:
    action = pick(rng, ("list", "verify", "record"))
    words = ("weights", action, "--weights", "weights", "--json", "figures.json")
    # What is recorded is written beside the files; it stays where a later one is refused.
    written = ("figures.json", *(("weights",) if action != "list" else ()))
    return Case(words, written, written)


def setting(rng: Rng, seeds: Seeds, folder: Path) -> Case:
    """Read damaged lists, locks and figures of earlier runs."""
    makers = (_manifest, _lock, _older_figures, _compared, _names, _leftover, _remembered, _remembered)
    return pick(rng, makers)(rng, seeds, folder)


def _manifest(rng: Rng, seeds: Seeds, folder: Path) -> Case:
    """Replace a result whose list of files is damaged; a file that is in no list stays."""
    case = _written_over(rng, seeds, folder)
    out = folder / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine", encoding="utf-8")
    (folder / "outside.txt").write_text("mine", encoding="utf-8")
    files = [
        {"name": name, "bytes": 4, "sha256": "0" * 64} for name in ("00000.png", "../outside.txt", "a/b")
    ]
    document = {"written_by": "mivos-studio", "version": 1, "files": files}
    (out / ".mivos-files.json").write_bytes(damaged_json(json.dumps(document).encode(), rng, ()))
    return case


def _written_over(rng: Rng, seeds: Seeds, folder: Path) -> Case:
    _clip(seeds, folder)
    _mask(seeds, folder)
    (folder / "script.json").write_text('{"version": 1, "steps": []}', encoding="utf-8")
    words = ("replay", "clip", "--script", "script.json", *_OUT, *NETWORKS)
    return Case((*words, *pick(rng, (("--force",), ("--force",), ()))), ("out",), sacred=("out/mine.txt",))


def _leftover(rng: Rng, seeds: Seeds, folder: Path) -> Case:
    """Write where an interrupted run seems to have left its folder and its lock."""
    case = _written_over(rng, seeds, folder)
    name = pick(rng, (".out.mivos-abc", ".mivos-out", ".out.abcdef.mivos", ".out.mivos"))
    if rng.random() < 0.5:
        (folder / name).mkdir()
        (folder / name / pick(rng, ("lock", "result", "older", "replaced", "x"))).write_bytes(rng.bytes(50))
    else:
        (folder / f"{name}.lock").write_bytes(rng.bytes(50))
    return Case(case.words, case.outputs, sacred=(name, f"{name}.lock"))


def _lock(rng: Rng, seeds: Seeds, folder: Path) -> Case:
    """Work in a whole project with a damaged lock, or journal, beside it."""
    _clip(seeds, folder)
    shutil.copyfile(seeds.project, folder / "work.mivos")
    said: Any = {"host": "here", "pid": 1, "since": 0.0}
    (folder / ".work.mivos.lock").write_bytes(damaged_json(json.dumps(said).encode(), rng, ()))
    (folder / "script.json").write_text('{"version": 1, "steps": []}', encoding="utf-8")
    words = ("replay", "clip", "--script", "script.json", "--project", "work.mivos", *NETWORKS)
    return pick(
        rng,
        (
            Case(words, ("work",), ("work",)),
            Case(("check", "work.mivos")),
            Case(("check", "work.mivos", "--repair"), ("work",), ("work",)),
        ),
    )


def _older_figures(rng: Rng, seeds: Seeds, folder: Path) -> Case:
    """Write figures where a damaged file of figures is."""
    figures: Any = {"steps": 3, "peak_rss_mb": 1.5, "device": "cpu", "written_by": "mivos-studio"}
    (folder / "figures.json").write_bytes(damaged_json(json.dumps(figures).encode(), rng, ()))
    return Case(("formats", "--json", "figures.json"), ("figures.json",))


def _compared(rng: Rng, seeds: Seeds, folder: Path) -> Case:
    """Compare damaged figures."""
    figures: Any = {"a": 1, "b": {"c": [1.5, 2]}, "name": "x", "written_by": "mivos-studio"}
    (folder / "old.json").write_bytes(damaged_json(json.dumps(figures).encode(), rng, ()))
    (folder / "new.json").write_bytes(damaged_json(json.dumps(figures).encode(), rng, ()))
    return Case(("bench", "compare", "old.json", "new.json", "--json", "pairs.json"), ("pairs.json",))


def _names(rng: Rng, seeds: Seeds, folder: Path) -> Case:
    """Train without what a damaged list names; there is no data, which is told after the list was read."""
    (folder / "names.txt").write_bytes(damaged(b"source/clip # a remark\nsource/other\n", rng))
    (folder / "data").mkdir()
    return Case(("train", "fusion", "--data", "data", "--leave-out", "names.txt", *_OUT, "--quiet"), ("out",))


def training(rng: Rng, seeds: Seeds, folder: Path) -> Case:
    """Go on with a training whose state is damaged, or begin one with damaged data or a damaged backbone."""
    shutil.copytree(seeds.davis, folder / "davis")
    words = ["train", "interaction", "--data", "davis", *_OUT, *_SHORT]
    kind = int(rng.integers(4))
    if kind == 0:
        files = sorted(path for path in (folder / "davis").rglob("*/480p/*/*") if path.is_file())
        path = pick(rng, files)
        path.write_bytes(damaged_file(path, rng))
        return Case(tuple(words), ("out",))
    content = damaged_file(pick(rng, seeds.pickles), rng, seeds.pickles)
    if kind == 1:
        (folder / "backbone.pth").write_bytes(content)
        return Case((*words, "--backbone", "backbone.pth"), ("out",))
    (folder / "out").mkdir()
    (folder / "out" / "interaction.checkpoint.pt").write_bytes(content)
    return Case((*words, "--resume"), ("out",))


_SHORT = (
    *("--steps", "1", "--batch", "1", "--crop", "64"),
    *("--device", "cpu", "--workers", "0", "--threads", "1", "--quiet"),
)
_VIEW: Any = {
    "frame": 1,
    "object": 2,
    "tool": "brush",
    "radii": {"brush": 8, "scribble": 4.5},
    "view_mode": "outline",
    "hidden": [1],
    "zoom": [2.0, 10.0, 12.5],
    "family": "compact",
    "initial_undo_count": 1,
    "running": {"do": "propagate", "frame": 0},
}
"""What a project remembers of the window."""


def _remembered(rng: Rng, seeds: Seeds, folder: Path) -> Case:
    """Open a project in which what the window remembers is damaged, beside damaged lists of the window's."""
    _clip(seeds, folder)
    for name in ("settings", "recovery"):
        (folder / name).mkdir()
    recent = json.dumps(["work.mivos", "./work.mivos", "/nowhere.mivos"]).encode()
    (folder / "settings" / "recent.json").write_bytes(damaged_json(recent, rng, ()))
    for path in (folder / "work.mivos", folder / "recovery" / "2024-01-01 10.00.00.mivos"):
        shutil.copyfile(seeds.project, path)
        with closing(sqlite3.connect(path)) as database, database:
            text = damaged_json(json.dumps(_VIEW).encode(), rng, ()).decode(errors="replace")
            database.execute("INSERT OR REPLACE INTO view VALUES (1, ?)", (text,))
    if rng.random() < 0.3:
        damage_project(folder / "recovery" / "2024-01-01 10.00.00.mivos", rng)
    written = ("settings/recent.json", "work")
    return Case(("window", "."), written, written)


KINDS: dict[str, Maker] = {
    "script": script,
    "project": project,
    "mask": mask,
    "image": image,
    "video": video,
    "weights": weights,
    "setting": setting,
    "training": training,
}
"""Registry of the kinds whose cases come from a seed."""
