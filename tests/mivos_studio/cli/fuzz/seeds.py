"""Valid input of every kind, made on the spot: small images, masks, videos, a project, weights, scripts."""

from __future__ import annotations

import io
import json
import shutil
from contextlib import redirect_stdout
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from inference_core.types import UInt8Array
from mivos_studio.cli.main import main
from mivos_studio.media.palette import PALETTE
from model.weights.store import saves_folder
from tests.mivos_studio.media import videos
from tests.mivos_studio.media.videos import Recipe, write_video

HEIGHT, WIDTH, FRAMES = 32, 48, 2
VIDEO_FRAMES = 6
NETWORKS = ("--working-size", "64", "--device", "cpu", "--dtype", "float32", "--quiet")
"""Options that make a run short."""

_RECIPES = (
    Recipe(".mp4", "libx264", options={"bf": "2"}),
    Recipe(".mp4", "mpeg4", rotation_deg=90),
    Recipe(".mp4", "libx265", options={"x265-params": "log-level=none"}),
    Recipe(".mkv", "libx264", options={"x264-params": "open-gop=1"}),
    Recipe(".mkv", "ffv1", "yuv444p"),
    Recipe(".mkv", "mpeg2video"),
    Recipe(".webm", "libvpx"),
    Recipe(".webm", "libvpx-vp9"),
    Recipe(".webm", "libaom-av1", options={"cpu-used": "8"}),
    Recipe(".avi", "mjpeg", "yuvj420p"),
    Recipe(".avi", "mpeg4"),
    Recipe(".mov", "prores_ks", "yuv422p10le"),
    Recipe(".mov", "qtrle", "rgb24"),
    Recipe(".mov", "png", "rgb24"),
    Recipe(".mp4", "libx264", options={"movflags": "frag_keyframe+empty_moov"}, group=3),
    Recipe(".ts", "mpeg2video"),
    Recipe(".ts", "libx264"),
    Recipe(".flv", "flv"),
    Recipe(".mkv", "libx264", pts=(0, 1, 5, 6, 90, 91), time_base=Fraction(1, 1000)),
    Recipe(".y4m", "wrapped_avframe"),
    Recipe(".gif", "gif", "rgb8"),
    Recipe(".wmv", "wmv2"),
    Recipe(".mpg", "mpeg1video"),
)


@dataclass(frozen=True)
class Seeds:
    """Folders of valid input, each file of its own kind."""

    folder: Path
    images: tuple[Path, ...]
    masks: tuple[Path, ...]
    videos: tuple[Path, ...]
    scripts: tuple[Path, ...]
    pickles: tuple[Path, ...]

    @property
    def clip(self) -> Path:
        """A folder of FRAMES images."""
        return self.folder / "clip"

    @property
    def project(self) -> Path:
        """A project beside the clip that it is about."""
        return self.folder / "work.mivos"

    @property
    def weights(self) -> Path:
        """The shipped networks, without the recorded SHA-256, which would speak up first."""
        return self.folder / "weights"

    @property
    def davis(self) -> Path:
        """One clip in the layout of DAVIS, with a list and scribbles."""
        return self.folder / "davis"


def make_seeds(folder: Path) -> Seeds:
    """Make all of it. Takes seconds."""
    for name in ("clip", "images", "masks", "videos", "scripts", "weights", "pickles"):
        (folder / name).mkdir(parents=True)
    for frame_index in range(FRAMES):
        Image.fromarray(_image(frame_index)).save(folder / "clip" / f"{frame_index:05}.png")
    made = Seeds(
        folder,
        _save_images(folder / "images"),
        _save_masks(folder / "masks"),
        _save_videos(folder / "videos"),
        _save_scripts(folder / "scripts", folder / "masks" / "indexed.png"),
        _save_pickles(folder / "pickles"),
    )
    shutil.copytree(
        saves_folder() / "compact",
        made.weights / "compact",
        ignore=shutil.ignore_patterns("*.sha256", "*.md"),
    )
    _save_davis(made.davis)
    _save_project(made)
    return made


def _image(number: int) -> UInt8Array:
    image = np.random.default_rng(number).integers(0, 90, (HEIGHT, WIDTH, 3), np.uint8)
    image[8:24, 8 + number : 24 + number] = 230
    return image


def _ids() -> UInt8Array:
    ids = np.zeros((HEIGHT, WIDTH), np.uint8)
    ids[8:24, 8:24] = 1
    ids[10:20, 30:40] = 2
    return ids


def _save_images(folder: Path) -> tuple[Path, ...]:
    image = Image.fromarray(_image(0))
    grey16 = Image.fromarray(_image(0)[..., 0].astype(np.uint16) * 257)
    exif = Image.Exif()
    exif[0x0112] = 6
    clear = image.convert("RGBA")
    clear.putalpha(128)
    kinds: dict[str, tuple[Image.Image, dict[str, Any]]] = {
        "rgb.png": (image, {}),
        "rgba.png": (clear, {}),
        "grey16.png": (grey16, {}),
        "indexed.png": (image.quantize(16), {"transparency": 3}),
        "bits.png": (image.convert("1"), {}),
        "exif.png": (image, {"exif": exif, "dpi": (72, 72), "icc_profile": b"x" * 128}),
        "moving.png": (image, {"save_all": True, "append_images": [clear.convert("RGB")]}),
        "plain.jpg": (image, {}),
        "progressive.jpg": (image, {"progressive": True, "exif": exif}),
        "cmyk.jpg": (image.convert("CMYK"), {}),
        "grey.jpg": (image.convert("L"), {"restart_marker_blocks": 2}),
        "plain.tif": (image, {}),
        "lzw.tif": (image, {"compression": "tiff_lzw"}),
        "deflate.tif": (clear, {"compression": "tiff_adobe_deflate"}),
        "grey16.tif": (grey16, {}),
        "fax.tif": (image.convert("1"), {"compression": "group4"}),
        "jpeg.tif": (image, {"compression": "jpeg"}),
        "lossy.webp": (image, {}),
        "lossless.webp": (clear, {"lossless": True, "exif": exif}),
        "moving.webp": (image, {"save_all": True, "append_images": [clear.convert("RGB")]}),
        "rgb.bmp": (image, {}),
        "indexed.bmp": (image.quantize(16), {}),
        "bits.bmp": (image.convert("1"), {}),
    }
    for name, (made, options) in kinds.items():
        made.save(folder / name, **options)
    return tuple(sorted(folder.iterdir()))


def _save_masks(folder: Path) -> tuple[Path, ...]:
    indexed = Image.fromarray(_ids())
    indexed.putpalette(PALETTE.tobytes())
    grey = Image.fromarray(_ids())
    kinds: dict[str, tuple[Image.Image, dict[str, Any]]] = {
        "indexed.png": (indexed, {}),
        "hidden.png": (indexed, {"transparency": bytes([0, 255, 128])}),
        "grey.png": (grey, {}),
        "grey16.png": (Image.fromarray(_ids().astype(np.uint16)), {}),
        "bits.png": (grey.point(lambda level: 255 * (level > 0)).convert("1"), {}),
        "colours.png": (indexed.convert("RGB"), {}),
        "clear.png": (indexed.convert("RGBA"), {}),
        "grey_alpha.png": (grey.convert("LA"), {}),
        "grey.tif": (grey, {"compression": "tiff_lzw"}),
        "grey.bmp": (grey, {}),
        "lossless.webp": (indexed.convert("RGB"), {"lossless": True}),
        "grey.gif": (grey, {}),
    }
    for name, (made, options) in kinds.items():
        made.save(folder / name, **options)
    return tuple(sorted(folder.iterdir()))


def _save_videos(folder: Path) -> tuple[Path, ...]:
    """Write a video for each recipe, and beside the folder a mask of their size."""
    ids = np.zeros((videos.HEIGHT, videos.WIDTH), np.uint8)
    ids[10:40, 20:60] = 1
    Image.fromarray(ids).save(folder.with_name("videos.png"))
    for number, recipe in enumerate(_RECIPES):
        if recipe.codec in av.codecs_available:  # those that this build of FFmpeg encodes
            write_video(folder / f"{number}{recipe.ending}", recipe, VIDEO_FRAMES)
    return tuple(sorted(folder.iterdir()))


def _save_scripts(folder: Path, mask: Path) -> tuple[Path, ...]:
    shutil.copyfile(mask, folder / "mask.png")
    objects = [{"id": 1, "name": "one"}, {"id": 2, "name": "two"}]
    here = {"frame": 0, "object": 1}
    steps: dict[str, list[dict[str, Any]]] = {
        "drawn": [
            {"do": "brush", **here, "points": [[10, 10], [20, 20]], "radius_px": 4},
            {"do": "eraser", **here, "points": [[12, 12]], "radius_px": 2, "region": [0, 0, 30, 30]},
            {"do": "lasso", **here, "object": 2, "points": [[30, 10], [40, 10], [40, 20]], "positive": True},
            {"do": "undo"},
            {"do": "redo"},
            {"do": "lock", "object": 1},
            {"do": "unlock", "object": 1},
            {"do": "set_colour", "object": 1, "colour": [1, 2, 3]},
            {"do": "rename_object", "object": 1, "name": "other"},
        ],
        "predicted": [
            {"do": "scribble", **here, "points": [[10, 10], [20, 20]]},
            {"do": "click", **here, "points": [[12, 12]]},
            {"do": "box", "frame": 1, "object": 2, "points": [[8, 8], [24, 24]]},
        ],
        "propagated": [
            {"do": "set_ids", "frame": 0, "file": "mask.png"},
            {
                "do": "propagate", "frame": 0, "direction": "both", "range": [0, 1], "stop_after": 1,
                "meanwhile": [{"after": 1, "do": "brush", **here, "points": [[1, 1]]}],
            },
            {"do": "add_object", "object": 3, "name": "three"},
            {"do": "reset", "frame": 1},
            {"do": "remove_object", "object": 3},
        ],
    }  # fmt: skip
    for name, each in steps.items():
        document = {"version": 1, "objects": objects, "steps": each}
        (folder / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    return tuple(sorted(folder.glob("*.json")))


def _save_pickles(folder: Path) -> tuple[Path, ...]:
    import torch

    tensors = {"conv.weight": torch.ones(4, 3, 3, 3), "conv.bias": torch.zeros(4), "n": torch.tensor(7)}
    contents: dict[str, tuple[object, bool]] = {
        "plain": (tensors, True),
        "older": (tensors, False),
        "nested": ({"network": {f"module.{name}": each for name, each in tensors.items()}}, True),
        "state": (
            {"network": tensors, "average": tensors, "optimizer": {}, "step": 3, "trained_s": 1.5},
            True,
        ),
        "halves": ({name: each.half() for name, each in tensors.items()}, True),
    }
    for name, (content, is_zip) in contents.items():
        torch.save(content, folder / f"{name}.pth", _use_new_zipfile_serialization=is_zip)
    return tuple(sorted(folder.iterdir()))


def _save_davis(folder: Path) -> None:
    images, masks = folder / "JPEGImages/480p/clip", folder / "Annotations/480p/clip"
    for each in (images, masks, folder / "ImageSets/2017", folder / "Scribbles/clip", folder / "stills"):
        each.mkdir(parents=True)
    indexed = Image.fromarray(_ids())
    indexed.putpalette(PALETTE.tobytes())
    for frame_index in range(3):
        Image.fromarray(_image(frame_index)).save(images / f"{frame_index:05}.jpg")
        indexed.save(masks / f"{frame_index:05}.png")
    (folder / "ImageSets/2017/val.txt").write_text("clip\n", encoding="utf-8")
    path = [[0.2, 0.3], [0.4, 0.6]]
    lines = [{"path": path, "object_id": 1, "start_time": 0, "end_time": 9}]
    scribbles = {"sequence": "clip", "annotated_frame": 0, "scribbles": [lines, [], []]}
    (folder / "Scribbles/clip/001.json").write_text(json.dumps(scribbles), encoding="utf-8")
    Image.fromarray(_image(0)).save(folder / "stills/a.jpg")
    Image.fromarray((_ids() == 1).astype(np.uint8)).save(folder / "stills/a.png")


def _save_project(seeds: Seeds) -> None:
    """Make the project as a user does: by playing a script in it."""
    steps = [
        {"do": "brush", "frame": 0, "object": 1, "points": [[10, 10], [20, 20]], "radius_px": 5},
        {"do": "propagate", "frame": 0},
        {"do": "set_ids", "frame": 1, "file": str(seeds.folder / "masks" / "indexed.png")},
        {"do": "propagate", "frame": 1, "stop_after": 1},
        {"do": "click", "frame": 0, "object": 2, "points": [[35, 15]]},
        {"do": "undo"},
    ]
    document = {"version": 1, "objects": [{"id": 1, "name": "one"}, {"id": 2}], "steps": steps}
    script = seeds.folder / "project.json"
    script.write_text(json.dumps(document), encoding="utf-8")
    words = ["replay", str(seeds.clip), "--script", str(script), "--project", str(seeds.project), *NETWORKS]
    with redirect_stdout(io.StringIO()):
        assert main(words) == 0
