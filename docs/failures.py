"""Draw the made-up clips on which the shipped networks score worst, with the true masks below.

Usage: python docs/failures.py FOLDER. The clips are synthesised from a seed, so that the images can be
reproduced; none of them was trained on.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from inference_core.types import UInt8Array  # noqa: E402 the path comes first
from mivos_studio.evaluation.folders import Selection, TrueClip, object_masks, read_clips  # noqa: E402
from mivos_studio.evaluation.metrics import jaccard, score_table  # noqa: E402
from mivos_studio.evaluation.settings import Settings  # noqa: E402
from mivos_studio.evaluation.strips import GAP, make_strip  # noqa: E402
from mivos_studio.synthetic.dataset import SynthesisSpec, synthesize  # noqa: E402
from model.checkpoint import load_networks  # noqa: E402

CLIPS, SHOWN = 8, 2
SPEC = SynthesisSpec(clips=CLIPS, frames=32, size=(360, 640), seed=404)


def main(folder: Path) -> None:
    """Write failure-1.png and so on, the worst first, and print the J of every clip."""
    settings = Settings(load_networks("compact"))
    with tempfile.TemporaryDirectory() as made:
        for _ in synthesize(SPEC, Path(made) / "clips"):
            pass
        results = [_propagated(settings, clip) for clip in read_clips(Path(made) / "clips", Selection())]
        results.sort(key=lambda result: result[0])
        for place, (mean_j, name, image) in enumerate(results, start=1):
            print(f"{name}: J {mean_j:.3f}")
            if place <= SHOWN:
                cv2.imwrite(str(folder / f"failure-{place}.png"), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))


def _propagated(settings: Settings, clip: TrueClip) -> tuple[float, str, UInt8Array]:
    """Propagate the true first mask: mean J of the other frames, name, and masks above true masks."""
    session = settings.open(clip.frames)
    session.set_ids(0, clip.ids(0))
    session.propagate().run()
    frames = range(1, len(clip.frames))
    masks = (object_masks(session.ids(index), clip.object_ids) for index in frames)
    scores = score_table(jaccard, map(clip.masks, frames), masks)
    strips = [make_strip(clip.frames, ids).image for ids in (session.ids, clip.ids)]
    gap = np.full((GAP, strips[0].shape[1], 3), 255, np.uint8)
    return float(scores.mean()), clip.name, np.concatenate([strips[0], gap, strips[1]])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
