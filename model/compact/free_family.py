"""The family `compact-free`: the compact networks with weights from free data. No torch until loaded."""

from __future__ import annotations

from functools import partial

from model.compact.family import FILES, MEMORY, TRAINING, load_compact
from model.family import Calibration, Family

CALIBRATION = Calibration(bias=1.352, precision=0.721, recall=0.231)
"""By `mivos evaluate --fit-confidence` on real and made clips: docs/research/confidence.md."""

COMPACT_FREE = Family(
    name="compact-free",
    summary="the same networks, trained on free data alone",
    folder="compact-free",
    files=FILES,
    terms="Trained by this project on made-up clips and on sources with a permissive licence alone. The model"
    " card, README.md beside them, names the sources.",
    memory=MEMORY,
    calibration=CALIBRATION,
    # The free weights are most confident of masks that are far too large: with several starts, five clicks
    # on Berkeley give an IoU of 0.54 instead of 0.69.
    load=partial(load_compact, compares_starts=False),
    training=TRAINING,
    ships=True,
)
