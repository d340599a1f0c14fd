"""A kind of script step as somebody would add one: it fills a frame of 96x64 pixels with an object."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from inference_core.types import FrameMask
from mivos_studio.project.json_fields import ObjectId, WholeNumber
from mivos_studio.project.playable import Playable, ReadIds
from mivos_studio.project.steps import Step


class Fill(Step, frozen=True):
    """Fill a frame with one object."""

    verbs = ("fill",)
    noun = "fill"
    frame_index: WholeNumber
    object_id: ObjectId

    def perform(self, session: Playable, read_ids: ReadIds) -> Iterable[FrameMask]:
        return session.set_ids(self.frame_index, np.full((64, 96), self.object_id, np.uint8))
