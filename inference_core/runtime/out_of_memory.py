"""When a device's memory runs out: drop the caches and do the work again, then leave the device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from inference_core.errors import UserError
from inference_core.runtime.device import release_cached
from inference_core.runtime.network_runner import NetworkRunner


class Notices:
    """Reports what the session had to do differently, as it happens."""

    def __init__(self) -> None:
        self._listener: Callable[[str], None] | None = None

    def on_notice(self, listener: Callable[[str], None]) -> None:
        """Call this listener from now on."""
        self._listener = listener

    def report(self, sentence: str) -> None:
        if self._listener is not None:
            self._listener(sentence)


@dataclass(frozen=True, eq=False)
class OutOfMemoryHandler:
    """Frees memory of the device that the networks run on; one for a session.

    clear  drops everything else that is kept on the device and can be computed again.
    """

    runner: NetworkRunner
    notices: Notices
    clear: Callable[[], None]

    def free_memory(self, failures: int) -> None:
        """Memory ran out so many times in a row: drop what is kept, then leave the device.

        Raises a UserError where there is nothing left to try.
        """
        runner = self.runner
        device = runner.compute.device.type
        if failures > 1 and runner.compute.is_last_resort:
            raise UserError("The computer's memory ran out: use a smaller working size or fewer objects.")
        runner.features.shrink()
        self.clear()
        if failures > 1:
            runner.fall_back()
            self.notices.report(
                f"The memory of the {device} device ran out: the processor goes on, more slowly, and nothing"
                " is lost. A smaller working size or fewer objects would fit."
            )
        release_cached()
