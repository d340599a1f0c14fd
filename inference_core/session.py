"""A session on one clip: its objects, drafts, anchors, masks and history. All changes go through it.

Commands are for one thread at a time (the worker's); what is read (`SessionReader`) may be from any thread.
`interact` and `propagate` return a `Command`, which runs when it is iterated, a `FrameMask` for each frame
as it is done, or by `.run()`; what it does is one undo step, also where it is closed early. The other
commands act at the call and return what changed. Given between two frames of a propagation, they are steps
behind it, and it goes on. Bad input raises a `UserError` at the call.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from functools import partial
from inspect import GEN_CREATED, getgeneratorstate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference_core.command import Changes, Command
from inference_core.errors import InvalidInteractionError, UserError
from inference_core.interaction import edit, label_of, stroke_group
from inference_core.propagation.confidence import with_agreements_of
from inference_core.propagation.memory import MemoryBank, options_for
from inference_core.propagation.planner import PropagationPlan
from inference_core.runtime.device import choose_compute
from inference_core.runtime.feature_cache import FeatureCache
from inference_core.runtime.network_runner import NetworkRunner
from inference_core.runtime.out_of_memory import Notices, OutOfMemoryHandler
from inference_core.runtime.session_context import SessionContext
from inference_core.session_reader import SessionReader
from inference_core.state.frame_record import ObjectKey
from inference_core.state.history import StateStore, Transaction
from inference_core.state.mask_store import MaskStore
from inference_core.state.object_registry import ObjectRegistry, check_name
from inference_core.state.session_state import SessionState
from inference_core.state.snapshot import SessionSnapshot, UndoStep
from inference_core.tools.registry import changed_objects, check_interaction
from inference_core.tools.set_ids import beside_locked, checked_ids
from inference_core.types import (
    Direction,
    EdgeSettings,
    FrameMask,
    Frames,
    Interaction,
    MemoryBudget,
    MemoryOptions,
    ObjectSettings,
    Progress,
    ScratchStore,
    SessionSettings,
)
from model.interfaces import MemoryEntry, Networks


class Session(SessionReader):
    """Cut objects out of one clip. What can be read of it is in `SessionReader`.

    frames        the clip.
    networks      what `model.checkpoint.load_networks` gives.
    device        "auto", "cpu", "cuda" or "mps"; dtype "auto", "float32", "bfloat16" or "float16".
    working_size  short side that the networks see, pixels; a smaller source is enlarged, twofold at most.
    prob_dtype    "uint8" or "float32": how probabilities are kept.
    refine_edges  snap masks to the source image's edges where the source is larger than the working size.
    scratch       stores what does not fit in memory; without one everything stays in memory, compressed.
    memory        what propagation memorizes; None: as suits the networks.
    budget        how much of the computer's memory may be filled; None: as much as the networks'
                  features are worth.
    """

    def __init__(
        self,
        frames: Frames,
        networks: Networks,
        *,
        device: str = "auto",
        dtype: str = "auto",
        working_size: int = 480,
        prob_dtype: str = "uint8",
        refine_edges: bool = True,
        scratch: ScratchStore | None = None,
        memory: MemoryOptions | None = None,
        budget: MemoryBudget | None = None,
    ) -> None:
        if len(frames) == 0:
            raise UserError("The clip has no frames.")
        if working_size < 1:
            raise UserError(f"The working size must be at least 1 pixel, not {working_size}.")
        if prob_dtype not in ("uint8", "float32"):
            raise UserError(f"Unknown prob_dtype {prob_dtype!r}: choose uint8 or float32.")
        options = memory or options_for(networks)
        self._settings = SessionSettings(working_size, prob_dtype, EdgeSettings(refine_edges), options)
        budget = budget or MemoryBudget(features=networks.memory.feature_bytes)
        features = FeatureCache(budget_bytes=budget.features)
        runner = NetworkRunner(frames, networks, choose_compute(device, dtype), working_size, features)
        mask_store = MaskStore(frames.size, runner.geometry.padded, prob_dtype, budget, scratch)
        self._bank = MemoryBank(runner, mask_store, options, cache_bytes=budget.bank)
        self._notices = Notices()
        out_of_memory = OutOfMemoryHandler(runner, self._notices, self._bank.clear)
        context = SessionContext(runner, mask_store, refine_edges, out_of_memory)
        super().__init__(frames, context, StateStore(mask_store), networks.calibration)
        self._interaction: Generator[FrameMask, None, None] | None = None
        self._propagation: Generator[FrameMask, None, None] | None = None
        self._propagation_step: Transaction | None = None
        self._registry = ObjectRegistry()

    @classmethod
    def restore(
        cls,
        state: SessionSnapshot,
        storage: ScratchStore,
        frames: Frames,
        networks: Networks,
        *,
        device: str = "auto",
        dtype: str = "auto",
        budget: MemoryBudget | None = None,
    ) -> Session:
        """Open a session again as it was: masks, history and unfinished propagations, bit for bit.

        state    `Session.state` of the earlier one.
        storage  holds all bytes that it names (`Session.flush`), and is the new session's scratch store.
        frames   the same clip; networks of the same family, or later masks will differ.
        Raises a UserError where the clip has another size or number of frames.
        """
        settings = state.settings
        size, found = (f"{width}x{height}" for height, width in (state.size, frames.size))
        if len(frames) != len(state.frames) or size != found:
            raise UserError(
                f"This clip has {len(frames)} frames of {found}, the work was done on {len(state.frames)} of"
                f" {size}: open the clip that it was done on."
            )
        session = cls(
            frames,
            networks,
            device=device,
            dtype=dtype,
            working_size=settings.working_size,
            prob_dtype=settings.prob_dtype,
            refine_edges=settings.edges.refine,
            scratch=storage,
            memory=settings.memory,
            budget=budget,
        )
        session._context.mask_store.blobs.adopt(state.blobs(), next_blob=state.next_blob)
        session._store.load(state.state, state.records, state.done, state.undone)
        session._registry.last_id = state.last_object_id
        session._registry.last_serial = state.last_serial
        return session

    # -- state -----------------------------------------------------------------------------------------------

    @property
    def state(self) -> SessionSnapshot:
        """All of the session as plain values, which name the bytes of masks; see `restore`.

        Between two frames of a propagation it holds what has been done, and what is left as unfinished.
        """
        done, undone = self._store.steps()
        state, records = self._store.snapshot_all()
        return SessionSnapshot(
            self._settings,
            self.size,
            self._frame_infos,
            state,
            records,
            done,
            undone,
            self._registry.last_id,
            self._registry.last_serial,
            self._context.mask_store.blobs.next_blob,
        )

    def flush(self) -> None:
        """Write all bytes that `state` names to the scratch store, those too that are still in memory."""
        self._context.mask_store.blobs.flush()

    @property
    def bank(self) -> tuple[tuple[int, MemoryEntry], ...]:
        """The memory bank: (frame_index, entry) of every anchor, in the order of commitment."""
        state = self._store.state
        anchors = state.anchor_frames if state.active_keys else ()
        entries = self._bank.entries(anchors, state.active_keys)
        return tuple((entry.frame_index, entry.entry) for entry in entries)

    def on_notice(self, listener: Callable[[str], None]) -> None:
        """Call a listener with notices: a sentence on what the session has to do differently, as it happens.

        It is called on the thread that runs the command.
        """
        self._notices.on_notice(listener)

    # -- commands that run when iterated ---------------------------------------------------------------------

    def interact(self, interaction: Interaction) -> Command:
        """Change one frame with one stroke; it becomes a draft. A better prediction may follow the first."""
        self._end_interaction()
        self._check_frame(interaction.frame_index)
        check_interaction(interaction, self._store.state, self.size)
        # Not the command: one that the caller drops must be able to warn.
        self._interaction = self._interact(interaction)
        return Command("interact", self._interaction, self._frame_mask)

    def propagate(
        self,
        frame_index: int | None = None,
        direction: Direction | str = Direction.BOTH,
        frame_range: tuple[int, int] | None = None,
    ) -> Command:
        """Commit drafts and propagate their objects through the clip, each up to its next anchor.

        A stroke commits its object and those whose pixels it changed, `set_ids` every object. Anchors of
        other objects do not stop it: those stay to the pixel, the propagated ones come in behind them.

        frame_index  that draft alone, or an anchor to propagate from again or to resume; None takes every
                     draft in the order of drawing, then what cancelled propagations left.
        direction    "forward", "backward" or "both".
        frame_range  (first, last) frame that may change, both included.
        """
        self.finish()
        plan = PropagationPlan.plan(
            self._context,
            self._bank,
            self._store,
            frame_index,
            direction,
            frame_range,
            on_resumed=self._end_begun_interaction,
        )
        self._propagation, self._propagation_step = plan.run(), plan.transaction
        return Command("propagate", self._propagation, self._frame_mask)

    # -- commands that act at once ---------------------------------------------------------------------------

    def set_ids(self, frame_index: int, ids: NDArray[Any]) -> Sequence[FrameMask]:
        """Set a frame's masks, (H, W) of ids; it becomes a draft. Unknown ids become objects."""
        self._end_interaction()
        self._check_frame(frame_index)
        wanted = checked_ids(ids, self.size)
        transaction = Transaction(self._store, f"set masks of frame {frame_index}")
        drawn = np.unique(wanted).tolist()
        state = self._registry.add_missing(self._store.state, drawn).introduce(drawn)
        record = self._store.snapshot(frame_index)[1]
        locked = [key.object_id for key in state.locked_keys]
        new = beside_locked(wanted, self._context.mask_store.read_ids(record, state.keys), locked)
        # A locked object that was never drawn or propagated here stays unknown on the frame.
        known = state.unlocked_keys.union(record.prob.known if record else ())
        keys = [key for key in state.active_keys if key in known]
        after = self._context.record_from_ids(new, keys)
        transaction.write({frame_index: after}, partial(_become, state.corrected(frame_index, record, keys)))
        return self._close(transaction)

    def reset(self, frame_index: int) -> Sequence[FrameMask]:
        """Clear a frame: its masks, its draft, its anchor; all of locked objects stays."""
        self._end_interaction()
        self._check_frame(frame_index)
        transaction = Transaction(self._store, f"reset frame {frame_index}")
        state, record = self._store.snapshot(frame_index)
        only = partial(self._context.mask_store.only, keys=state.locked_keys)
        cleared = state.without_frame(frame_index, state.locked_keys, only)
        left = only(record) if record and state.locked_keys.intersection(record.prob.known) else None
        if left is not record or cleared != state:
            transaction.write({frame_index: left}, partial(_become, cleared))
        return self._close(transaction)

    def add_object(self, name: str = "", object_id: int | None = None) -> int:
        """Add an object; return its id, 1..255: the one given, or one never used while there is any."""
        self._end_interaction()
        chosen = self._registry.free_id(self._store.states()) if object_id is None else object_id
        state = self._registry.add(self._store.state, chosen, name)
        self._put_state(f"add object {state.find(chosen).name}", state)
        return chosen

    def remove_object(self, object_id: int) -> Sequence[FrameMask]:
        """Remove an object that is not locked; its pixels become background everywhere."""
        self._end_interaction()
        state = self._store.state
        removed = state.find(object_id)
        if removed.is_locked:
            raise InvalidInteractionError(f"{removed.name} is locked: unlock it to remove it.")
        self._put_state(f"remove object {removed.name}", state.without_object(object_id))
        return Changes(self._frames_showing(removed.key), self._frame_mask)

    def rename_object(self, object_id: int, name: str) -> None:
        """Give an object another name."""
        self._end_interaction()
        state = self._store.state
        check_name(name)
        renamed = state.find(object_id)
        self._put_state(f"rename {renamed.name} to {name}", state.with_object(replace(renamed, name=name)))

    def configure_object(self, object_id: int, settings: ObjectSettings) -> None:
        """Change how an object is shown: its colour, and which object covers which."""
        self._end_interaction()
        state = self._store.state
        before = state.find(object_id)
        changed = replace(before, settings=settings)
        what = "colour" if settings.colour != before.settings.colour else "order"
        self._put_state(f"change the {what} of {changed.name}", state.with_object(changed))

    def lock(self, object_id: int, is_locked: bool = True) -> None:
        """Protect an object: no propagation, and no interaction with another object, changes its pixels."""
        self._end_interaction()
        state = self._store.state
        locked = replace(state.find(object_id), is_locked=is_locked)
        verb = "lock" if is_locked else "unlock"
        self._put_state(f"{verb} {locked.name}", state.with_object(locked))

    def undo(self) -> Changes:
        """Undo the newest step; nothing happens where there is none.

        A propagation under way is ended where it is the newest step; otherwise it goes on, and the frames
        that it has finished stay.
        """
        self._end_interaction()
        step = self._propagation_step
        if step is not None and (step.step is None or self._store.is_newest(step.step)):
            self.finish()
        return self._changed_by(self._store.undo())

    def redo(self) -> Changes:
        """Redo the step that was undone last; nothing happens where there is none."""
        self._end_interaction()
        return self._changed_by(self._store.redo())

    def finish(self) -> None:
        """Close a command that is still running; what it has done is kept as one step."""
        self._end_interaction()
        if self._propagation is not None:
            self._propagation.close()
        self._propagation = self._propagation_step = None

    # -- inside ----------------------------------------------------------------------------------------------

    def _interact(self, interaction: Interaction) -> Generator[FrameMask, None, None]:
        started = time.perf_counter()
        frame_index = interaction.frame_index
        state, record = self._store.snapshot(frame_index)
        name = state.find(interaction.object_id).name
        pixels = self._frames[frame_index]
        if not self.frame_info(frame_index).is_valid:
            raise InvalidInteractionError(
                f"Frame {frame_index} is damaged, and another one is shown in its place: draw on a frame that"
                " is not."
            )
        transaction = Transaction(self._store, label_of(interaction, name, self.size))
        state = state.introduce([interaction.object_id])
        group = stroke_group(interaction, state, record)
        edits = edit(self._context, interaction, group, state, pixels, record)
        # Objects that were never drawn or propagated here stay unknown on the frame.
        known = {*(record.prob.known if record else ()), state.find(interaction.object_id).key}
        keys = [key for key in state.active_keys if key in known]
        before = self.ids(frame_index)
        try:
            for edited in edits:
                changed = self._context.record_from_ids(edited.ids, keys, record, edited.reach)
                touched = {interaction.object_id, *changed_objects(before, edited.ids)}
                corrected = [key for key in keys if key.object_id in touched]
                changed = with_agreements_of(changed, record, corrected)
                drafted = state.corrected(frame_index, record, corrected, group)
                transaction.write({frame_index: changed}, partial(_become, drafted))
                yield FrameMask(frame_index, edited.ids, Progress(1, 1, time.perf_counter() - started))
        finally:
            transaction.close()

    def _end_interaction(self) -> None:
        """Close an interaction that may still be improved; what there is is kept."""
        if self._interaction is not None:
            self._interaction.close()
            self._interaction = None

    def _end_begun_interaction(self) -> None:
        """Close an interaction that has begun before a propagation goes on: it would write an older state."""
        if self._interaction is not None and getgeneratorstate(self._interaction) != GEN_CREATED:
            self._end_interaction()

    def _close(self, transaction: Transaction) -> Sequence[FrameMask]:
        return Changes(transaction.close(), self._frame_mask)

    def _changed_by(self, step: UndoStep | None) -> Changes:
        if step is None:
            return Changes((), self._frame_mask)
        frames = set(step.records_after)
        for key in set(step.before.keys) ^ set(step.after.keys):
            frames.update(self._frames_showing(key))
        return Changes(sorted(frames), self._frame_mask)

    def _frame_mask(self, frame_index: int) -> FrameMask:
        return FrameMask(frame_index, self.ids(frame_index))

    def _frames_showing(self, key: ObjectKey) -> list[int]:
        return [frame_index for frame_index, record in self._store.touched() if key in record.present]

    def _put_state(self, label: str, state: SessionState) -> None:
        """Make one step of a change that touches no frame."""
        transaction = Transaction(self._store, label)
        if state != transaction.state:
            transaction.write({}, partial(_become, state))
            transaction.close()


def _become(after: SessionState, before: SessionState) -> SessionState:
    """The change of a command that is the newest step: nothing is behind it."""
    del before
    return after
