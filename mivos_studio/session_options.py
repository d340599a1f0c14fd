"""Which networks a session runs, and how: options that commands, window and benchmarks share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inference_core.session import Session
    from inference_core.state.snapshot import SessionSnapshot
    from inference_core.types import Frames, ScratchStore
    from model.interfaces import Networks


@dataclass(frozen=True, kw_only=True)
class SessionOptions:
    """Options; names and defaults are those of the command line.

    models        family of networks, or "auto".
    weights       saves folder; None: the program's own.
    device, dtype, working_size  as of `Session`.
    """

    models: str = "auto"
    weights: Path | None = None
    device: str = "auto"
    dtype: str = "auto"
    working_size: int = 480

    def load(self) -> Networks:
        """Load the networks. Raises CheckpointError."""
        from model.checkpoint import load_networks  # imports torch, which takes seconds

        return load_networks(self.models, self.weights)

    def open(self, clip: Frames, networks: Networks, scratch: ScratchStore | None = None) -> Session:
        """Start a session on a clip. Raises a UserError where the machine lacks the device or the dtype."""
        from inference_core.session import Session

        return Session(
            clip,
            networks,
            device=self.device,
            dtype=self.dtype,
            working_size=self.working_size,
            scratch=scratch,
        )

    def restore(
        self, state: SessionSnapshot, storage: ScratchStore, clip: Frames, networks: Networks
    ) -> Session:
        """Open a session again on its clip, see `Session.restore`; the working size is the one it had."""
        from inference_core.session import Session

        return Session.restore(state, storage, clip, networks, device=self.device, dtype=self.dtype)
