"""The program's sample clip: a koi pond, with exact masks.

`python -m mivos_studio.synthetic.sample FOLDER` writes it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from inference_core.errors import UserError
from mivos_studio.synthetic.files import whole_folder, write_indexed_png, write_jpeg
from mivos_studio.synthetic.pond import make_pond
from mivos_studio.synthetic.render import render

SAMPLE_SIZE = (480, 854)
SAMPLE_FRAMES = 72
SAMPLE_OBJECTS = {1: "red koi", 2: "gold koi"}

_SEED = 7


def write_sample(
    folder: Path | str, *, frames: int = SAMPLE_FRAMES, before_frame: Callable[[int], None] = lambda _: None
) -> Path:
    """Write the first frames of the clip, FOLDER/00000.jpg and on, and masks, FOLDER/masks/00000.png and on.

    The masks are indexed PNG, the pixel's value is the object's id. The folder is written completely or not
    at all; one that is not empty is refused with a UserError. before_frame is called with the index of each
    frame before it is rendered; an exception from it stops the writing, and no file is left. Returns the
    folder, which opens as a clip.
    """
    folder = Path(folder)
    with whole_folder(folder) as unfinished:
        scene = make_pond(_SEED, SAMPLE_SIZE, SAMPLE_FRAMES)
        masks = unfinished / "masks"
        masks.mkdir()
        for frame_index in range(frames):
            before_frame(frame_index)
            image, ids = render(scene, frame_index)
            write_jpeg(unfinished / f"{frame_index:05d}.jpg", image)
            write_indexed_png(masks / f"{frame_index:05d}.png", ids)
    return folder


def main(arguments: list[str]) -> int:
    """Write the sample to the one folder named."""
    if len(arguments) != 1:
        print("Name one folder to write the sample clip to.", file=sys.stderr)
        return 2
    try:
        write_sample(Path(arguments[0]))
    except (UserError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
