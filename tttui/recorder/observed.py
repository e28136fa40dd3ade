"""The weights of a recorder: detecting, classifying and undoing changes."""

import sys
from collections.abc import Mapping
from typing import Any

from tttui.artifacts.tensorwriter import Tensors
from tttui.model.errors import RecorderError
from tttui.recorder.changes import StepsSeen, kind_of_change
from tttui.recorder.journal import Journal
from tttui.recorder.modules import Module
from tttui.recorder.sources import Getter, Sources, weights_meta
from tttui.recorder.tensors import Tensor, write_host
from tttui.recorder.values import WarnsOnce
from tttui.recorder.watched import LARGE, Watched

MOST_NAMES = 20
"""Buffers that an event names."""

MOVED_EVERY = 4
"""Of so many changes of LARGE weights one tells how far they are from the start: reading those as
well makes an update a twentieth slower."""

MOST_FIGURES = 2000
"""Tensors of which one event holds figures; of more, those that are the largest."""


class Observed:
    """Plastic weights, buffers, optimizers, and the base that the session began with."""

    def __init__(
        self,
        journal: Journal,
        sources: Sources,
        weights: Watched | None,
        buffers: Watched | None,
        base: Mapping[str, Tensor],
        optimizer: Any,
    ) -> None:
        self.weights = weights
        self.base = dict(base)
        self.warn = WarnsOnce()
        self._journal, self._sources, self._buffers = journal, sources, buffers
        self._base_buffers = {} if buffers is None else buffers.copies()
        self.optimizer = optimizer
        self._base_optimizer: Any = None
        self._steps: Any = None
        self._sure_t = journal.t
        """The last step before which the contents of all weights were compared."""
        self._buffers_noted = False
        self._commits = 0

    @property
    def version(self) -> str | None:
        return None if self.weights is None else self.weights.version()

    def stored(self) -> Tensors:
        """The plastic weights as they were last seen."""
        return {} if self.weights is None else self.weights.stored()

    def watch_optimizers(self, model: Module | None) -> None:
        """Count the steps of all torch optimizers, if torch is imported."""
        if "torch" not in sys.modules or self.weights is None:
            return
        from tttui.recorder.optimizers import OptimizerSteps, kept_state

        own = {} if model is None else dict(model.named_parameters())
        others = {name: p for name, p in own.items() if name not in self.weights.now}
        self._steps = OptimizerSteps(self._sources, others, self.warn)
        if self.optimizer is not None:
            self._base_optimizer = kept_state(self.optimizer)

    def steps_taken(self) -> StepsSeen:
        """The optimizer steps since the last call."""
        return StepsSeen() if self._steps is None else self._steps.taken()

    def add(self, getter: Getter) -> None:
        """Watch further tensors that are no parameters."""
        self._sources.add(getter)
        if self.weights is None:
            self.weights = Watched(self._sources)
        else:
            self.weights.add(self._sources)
        self.base |= {name: x for name, x in self.weights.copies().items() if name not in self.base}
        self._journal.add_weights(self.weights, weights_meta(self.weights))

    def close(self) -> None:
        if self._steps is not None:
            self._steps.close()

    # -- changes --------------------------------------------------------------------------------

    def differences(self) -> tuple[list[str], list[str]]:
        """Names of the weights and of the buffers that changed since the last look."""
        weights = [] if self.weights is None else self.weights.changed(full=True)
        return weights, [] if self._buffers is None else self._buffers.changed(full=True)

    def notice(
        self, t: int, *, full: bool = False, quick: bool = False, eager: bool = False
    ) -> bool:
        """Record a change of weights or buffers outside an update as an event of step t. Returns
        whether weights changed. The options are those of `Watched.changed`."""
        weights = self.weights
        if weights is None:
            return False
        names = weights.changed(full=full, quick=quick, eager=eager)
        buffers: list[str] = []
        if self._buffers is not None and not quick:
            buffers = self._buffers.changed_if_cheap()
        if not names:
            if weights.compared and not quick:
                self._sure_t = self._journal.t
            if buffers:
                self._notice_buffers(t, buffers)
            return False
        event: dict[str, Any] = {"status": "commit", "outside": True}
        if weights.late:
            event["after"] = self._sure_t
        self._sure_t = self._journal.t
        self.commit(t, event, names, buffers, self.steps_taken(), announced=False)
        return True

    def commit(
        self,
        t: int,
        event: dict[str, Any],
        names: list[str],
        buffers: list[str],
        steps: StepsSeen,
        *,
        announced: bool,
    ) -> None:
        """Accept the changes, and write the event with kind, versions and statistics."""
        weights = self.weights
        if steps.lr is not None:
            event.setdefault("lr", steps.lr)
        figures: dict[str, dict[str, float]] = {}
        if weights is not None:
            event["version_before"] = weights.version()
            if names:
                event["why"] = kind_of_change(names, weights, self.base, steps, announced=announced)
                due = weights.size_of(names) <= LARGE or self._commits % MOVED_EVERY == 0
                measured = weights.largest(names, MOST_FIGURES)
                figures = weights.take(names, measured, self.base if due else None)
                self._commits += 1
            event["version"] = weights.version()
        if buffers and self._buffers is not None:
            event.setdefault("why", "buffers")
            event["buffers"] = buffers[:MOST_NAMES]
            self._buffers.take(buffers)
        if figures:
            event["weights"] = figures
        self._journal.event(t, event, weights, names)

    def undo(self, t: int, event: dict[str, Any], names: list[str], buffers: list[str]) -> None:
        """Undo the changes, and write the event."""
        weights = self.weights
        refused: list[str] = []
        if weights is not None:
            event["version_before"] = weights.version()
            refused = weights.put_back(None, names)
            weights.take(refused)
            event["version"], event["restored"] = weights.version(), not refused
        if self._buffers is not None:
            self._buffers.put_back(None, buffers)
        if refused:
            message = f"{refused[0]} cannot be put back: it cannot be written in place"
            self.warn("refused", lambda: f"tttui.Recorder: {message}")
        self._journal.event(t, event, weights, refused)

    def back_to_base(self, event: dict[str, Any]) -> None:
        """Restore the weights, buffers and optimizer of the session's start."""
        weights = self.weights
        if weights is None:
            raise RecorderError("there are no weights to put back: give the recorder plastic=...")
        t = self._journal.event_t()
        self.notice(t, full=True)
        event["version_before"] = weights.version()
        refused = weights.put_back(self.base, weights.names)
        if self._buffers is not None:
            self._buffers.changed()
            self._buffers.put_back(self._base_buffers, self._buffers.names)
        if self._base_optimizer is not None:
            self.optimizer.load_state_dict(self._base_optimizer)
        self.steps_taken()
        event["version"], event["restored"] = weights.version(), not refused
        self._journal.event(t, event, weights, weights.names)

    def back_to(self, to: str | int, event: dict[str, Any]) -> None:
        """Restore the weights of an earlier step bit for bit, and nothing else.

        Raises RecorderError, before any change, if the history lacks them.
        """
        from tttui.recorder.earlier import target_of, weights_of

        weights, files = self.weights, self._journal.files
        if weights is None:
            raise RecorderError("there are no weights to put back: give the recorder plastic=...")
        if files.broken is not None:
            raise RecorderError(f"rollback(to={to!r}): nothing is held any more: {files.broken}")
        self.notice(self._journal.event_t(), full=True)
        files.write(lambda writer: writer.flush())
        target = target_of(files.writer, to)
        before = weights.version()
        refused: list[str] = []
        if target[0] < 0:
            refused = weights.put_back(self.base, weights.names)
        elif target[1] != before:
            earlier = weights_of(files.writer, target, weights.stored(), to)
            refused = [name for name in earlier if not write_host(weights.now[name], earlier[name])]
            weights.take(weights.names)
        self.steps_taken()
        event |= {"to_t": target[0], "version_before": before, "version": weights.version()}
        event["restored"] = not refused
        self._journal.event(self._journal.event_t(), event, weights, weights.names)

    def compare_with(self, version: str | None, where: str) -> None:
        """Record and warn if the weights differ from those at the end of a resumed session."""
        weights = self.weights
        if weights is None or version in (None, weights.version()):
            return
        now = weights.version()
        message = (
            f"the weights are not those that {where} ended with (version {version}, now {now})"
        )
        self.warn("resumed", lambda: f"tttui.Recorder: {message}; that is recorded")
        event = {
            "status": "commit",
            "outside": True,
            "why": "resumed with other weights",
            "version_before": version,
            "version": now,
        }
        self._journal.event(self._journal.event_t(), event, weights, weights.names)

    def _notice_buffers(self, t: int, buffers: list[str]) -> None:
        assert self._buffers is not None
        self._buffers.take(buffers)
        if not self._buffers_noted:  # statistics move with every batch: the first time is told
            self._buffers_noted = True
            event = {"status": "commit", "outside": True, "why": "buffers"}
            self._journal.event(t, {**event, "buffers": buffers[:MOST_NAMES]}, None, [])
