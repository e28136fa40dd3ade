"""The journal of a recorder: steps, transactions with statistics of the change, snapshots."""

from collections.abc import Callable, Mapping
from typing import Any

from tttui.artifacts.log_writer import log_event
from tttui.artifacts.recording import BASE, Reopened, SessionWriter
from tttui.artifacts.series_writer import check_series_name
from tttui.artifacts.tensorwriter import Stored, write_tensors
from tttui.recorder.files import SessionFiles
from tttui.recorder.sources import for_history
from tttui.recorder.watched import Watched

Choose = Callable[[Mapping[str, Stored]], list[str]]
"""The names of the weights that the history holds."""


class Journal:
    """Writes steps and events in the order in which readers need them."""

    def __init__(self, files: SessionFiles, choose: Choose) -> None:
        self.files = files
        self.t = -1
        """The step that was scored last."""
        self.kept: list[str] = []
        self._choose = choose
        self._updates: list[tuple[int, bool]] = []
        """Of the events since the last row: the first step they count for, are they commits."""
        self._event_t = 0
        """The step of the newest event: they only go up."""
        self._first: Watched | None = None
        """The weights at the start, until something is written after them."""

    def begin(self, weights: Watched) -> None:
        """Choose the weights of the history; the first snapshot is made when something follows."""
        self.kept = self._choose(weights.stored())
        self._first = weights if self.kept else None

    def add_weights(self, weights: Watched, meta: Mapping[str, Any]) -> None:
        """Begin again with more weights, before the first step."""
        self.begin(weights)

        def write(writer: SessionWriter) -> None:
            write_tensors(writer.directory / BASE, weights.stored())
            writer.update_meta({**meta, "kept": self.kept})

        self.files.write(write)

    def go_on(self, reopened: Reopened, kept: list[str]) -> None:
        """Continue a session after its last step."""
        self.t = self.files.t = reopened.t
        if reopened.tried:
            self._updates = [(reopened.t + 1, reopened.committed)]
        self._event_t = reopened.event_t
        self.kept = kept

    def event_t(self, wanted: int | None = None) -> int:
        """The first step that new weights can score."""
        return max(self.t + 1, self._event_t, wanted or 0)

    def step(
        self,
        t: int,
        loss: float,
        frozen: float | None,
        series: Mapping[str, float],
        version: str | None,
    ) -> None:
        """Write all values of a step. Raises RefusedInput for an invalid series name."""
        for name in series:
            check_series_name(name)
        self._write_first()
        due = [committed for first, committed in self._updates if first <= t]
        self._updates = [update for update in self._updates if update[0] > t]
        self.t = t

        def write(writer: SessionWriter) -> None:
            if series:
                writer.series(t, series)
            if version is not None:
                writer.score(t, version)
            writer.step(t, loss, frozen, tried=bool(due), committed=any(due))

        self.files.write(write)
        self.files.t = t

    def control(self, name: str) -> None:
        """Name a control curve in meta.json."""

        def write(writer: SessionWriter) -> None:
            known = writer.meta.get("controls", [])
            if name not in known:
                writer.update_meta({"controls": [*known, name]})

        self.files.write(write)

    def event(
        self, t: int, event: Mapping[str, Any], weights: Watched | None, names: list[str]
    ) -> None:
        """Write an event, and a snapshot if the weights of these names changed."""
        self._write_first()
        self._event_t = t = max(t, self._event_t)
        self._updates.append((t, event["status"] == "commit"))
        snapshot = weights is not None and any(name in self.kept for name in names)

        def write(writer: SessionWriter) -> None:
            writer.event({"t": t, **event})
            if event["status"] != "commit":
                log_event(self.files.log, {"t": t, **event})
            if snapshot and weights is not None:
                writer.snapshot(t, self._kept_weights(weights))

        self.files.write(write)
        if names and weights is not None:
            self.files.save_when_due(weights.stored)

    def _write_first(self) -> None:
        if self._first is not None:
            weights, self._first = self._first, None
            self.files.write(lambda writer: writer.snapshot(0, self._kept_weights(weights)))

    def _kept_weights(self, weights: Watched) -> Callable[[], dict[str, Any]]:
        """A function that gives the kept weights as they are now, called when they are written."""
        copies = weights.begin_copies(self.kept)
        return lambda: {name: for_history(copy()) for name, copy in copies.items()}
