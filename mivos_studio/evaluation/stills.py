"""Evaluation on single images: IoU of one object's mask after each click or round of scribbles."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from inference_core.types import BoolArray, Stroke, Tool
from mivos_studio.evaluation.baselines import GrabCutPrior, grabcut
from mivos_studio.evaluation.folders import Still
from mivos_studio.evaluation.metrics import jaccard
from mivos_studio.evaluation.robots.click import RobotClick, next_click
from mivos_studio.evaluation.robots.strokes import StrokeMasks, apply, click_stroke, scribbled_strokes
from mivos_studio.evaluation.settings import Settings

REPORTED_CLICKS = (1, 3, 5)
REPORTED_SCRIBBLES = (1, 2, 3)
HIGHEST_TARGET = 0.90
"""IoU of the click benchmarks' stricter figure, clicks to 0.90."""

# Each kind of stroke has the prior that makes GrabCut stronger. Its mean IoU on every third Berkeley image:
# after one click 0.48 with "object", 0.10 with "background"; after one round of scribbles 0.70 with
# "background", 0.52 with "object".
PRIOR_FOR_CLICKS = GrabCutPrior.OBJECT
PRIOR_FOR_SCRIBBLES = GrabCutPrior.BACKGROUND


@dataclass(frozen=True)
class StillScore:
    """One image, one kind of stroke.

    ious     ours after each click or round; it ends where nothing was left to correct.
    grabcut  IoU of GrabCut with the same strokes, by the number of clicks or rounds.
    seconds  time of our mask after each stroke.
    """

    ious: tuple[float, ...]
    grabcut: dict[int, float]
    seconds: tuple[float, ...]

    def after(self, count: int) -> float:
        """Return the IoU after so many clicks or rounds."""
        return self.ious[min(count, len(self.ious)) - 1]

    def needed(self, target: float, most: int) -> int:
        """Return the clicks until the IoU was reached; `most` where it was not."""
        return next((count for count, iou in enumerate(self.ious, 1) if iou >= target), most)


def score_clicks(still: Still, settings: Settings, most: int) -> StillScore:
    """Click until the highest target is reached and all reported counts are done, or up to `most` clicks."""
    trial = _Trial(still, settings, Tool.CLICK)
    clicks: list[RobotClick] = []
    for count in range(1, most + 1):
        click = next_click(still.truth, trial.prediction, clicks)
        if click is None:
            break
        clicks.append(click)
        trial.draw([click_stroke(click, 0, trial.object_id)])
        if count in REPORTED_CLICKS:
            trial.compare(count, PRIOR_FOR_CLICKS)
        if count >= REPORTED_CLICKS[-1] and max(trial.ious) >= HIGHEST_TARGET:
            break
    for count in REPORTED_CLICKS:
        if len(clicks) < count <= most:  # nothing was left to click on
            trial.compare(count, PRIOR_FOR_CLICKS)
    return trial.score()


def score_scribbles(still: Still, settings: Settings) -> StillScore:
    """Let the scribble robot correct the image in as many rounds as are reported."""
    trial = _Trial(still, settings, Tool.SCRIBBLE)
    truth = still.truth.astype(np.uint8) * np.uint8(trial.object_id)
    for count in REPORTED_SCRIBBLES:
        trial.draw(scribbled_strokes(truth, trial.session.ids(0), (trial.object_id,), 0))
        trial.compare(count, PRIOR_FOR_SCRIBBLES)
    return trial.score()


class _Trial:
    """One image in a session of its own, corrected step by step, and compared with GrabCut."""

    def __init__(self, still: Still, settings: Settings, tool: Tool) -> None:
        self.session = settings.open(still.frames)
        self.object_id = self.session.add_object()
        self.prediction: BoolArray = np.zeros(still.truth.shape, dtype=bool)
        self.ious: list[float] = []
        self._still, self._tool = still, tool
        self._strokes = StrokeMasks.blank(still.frames.size)
        self._compared: dict[int, tuple[StrokeMasks, GrabCutPrior]] = {}
        self._seconds: list[float] = []

    def draw(self, strokes: Sequence[Stroke]) -> None:
        """Give the session some strokes and measure the mask after the last one."""
        for stroke in strokes:
            self._strokes = self._strokes.with_stroke(stroke)
            started_s = time.perf_counter()
            apply(self.session, self._tool, stroke)
            self._seconds.append(time.perf_counter() - started_s)
        self.prediction = self.session.ids(0) == self.object_id
        self.ious.append(jaccard(self._still.truth, self.prediction))

    def compare(self, count: int, prior: GrabCutPrior) -> None:
        """Keep all strokes so far as GrabCut's input after so many clicks or rounds."""
        self._compared[count] = (self._strokes, prior)

    def score(self) -> StillScore:
        """Return the scores. GrabCut runs last, on all cores, so that it does not slow the timed strokes."""
        with ThreadPoolExecutor() as pool:
            ious = pool.map(self._grabcut_iou, self._compared.values())
            grabcut_ious = dict(zip(self._compared, ious, strict=True))
        return StillScore(tuple(self.ious), grabcut_ious, tuple(self._seconds))

    def _grabcut_iou(self, given: tuple[StrokeMasks, GrabCutPrior]) -> float:
        strokes, prior = given
        mask = grabcut(self._still.frames[0], strokes.positive, strokes.negative, prior)
        return jaccard(self._still.truth, mask)
