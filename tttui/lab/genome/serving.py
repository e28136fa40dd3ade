"""Sessions of several skills on one base in one process, in turns, under a budget of memory.

Each skill reads the same stream and learns from it. While it is not its turn its state waits in
memory (resident), or in a file of the job (paged out); `residency.json` in the job's directory says
which, as long as the process lives. So the base is in memory once, however many skills there are.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tttui.artifacts.atomic import write_whole
from tttui.artifacts.checksum import Carried, json_bytes, pt_bytes, pt_checksum
from tttui.artifacts.ptfile import read_pt, write_pt
from tttui.artifacts.regular import folder_to_write, open_to_read, remove
from tttui.lab.genome.residency import Resident
from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, TttuiError
from tttui.runs.control import Inbox, NoRequest
from tttui.runs.saved import restored, saved
from tttui.runs.turns import Host, size_of

if TYPE_CHECKING:
    from tttui.lab.context import Context

RESIDENCY = "residency.json"

PAGES, REQUESTS = "pages", "residency"
"""Folders of the job: states that are paged out; what was asked of its residency."""

PUBLISH_S = 0.25
"""Seconds between two writes of residency.json."""

KEEP_S = 10.0
"""Seconds after which the state of a skill is in its file as well: what a killed process loses."""

MOST_ANSWERS = 50


WeightsReader = Callable[[], Mapping[str, Any] | None]
"""Reads what a skill begins with; None stands for the weights of the base."""


@dataclass(slots=True)
class Seat:
    """One skill with its session."""

    name: str
    weights: WeightsReader
    t: int = 0
    adaptive: Floats = field(default_factory=lambda: np.empty(0))
    frozen: Floats = field(default_factory=lambda: np.empty(0))
    kept_at: float = 0.0
    """When its file was written (monotonic seconds)."""


class Serving:
    """Lets skills take turns until each has read its stream; resumes from its files."""

    def __init__(
        self,
        context: "Context",
        host: Host,
        skills: Mapping[str, WeightsReader],
        *,
        budget: int,
        turn: int,
    ) -> None:
        self._context, self._host = context, host
        self._turn = max(host.unit, turn - turn % host.unit)
        self._seats = {name: Seat(name, weights) for name, weights in skills.items()}
        self._pages = folder_to_write(context.directory / PAGES)
        self._inbox = Inbox(folder_to_write(context.directory / REQUESTS))
        self._answers: dict[str, str] = {}
        self._first: list[str] = []
        """Skills that were asked for, whose turn is next."""
        self._newest = ""
        """The skill whose state the learner has."""
        self._rows = 0
        self._publish_at = 0.0
        self._fresh_size = size_of(host.begin(None))
        self._sizes: dict[str, int] = {}
        for number, seat in enumerate(self._seats.values()):
            self._restore(number, seat)
        self._resident = Resident[Mapping[str, Any]](
            budget,
            size_of=lambda name: self._sizes.get(name, self._fresh_size),
            load=self._load,
            page_out=self._page_out,
        )

    def run(self) -> None:
        """All turns; ends at a safe point between two of them, with every state in its file."""
        try:
            while (seat := self._next()) is not None:
                self._take_turn(seat)
                self._tell()
                self._obey()
                if self._context.asked_to_end:
                    self._resident.flush()
                self._context.safe_point()
        finally:
            self._resident.flush()
            self._publish()

    def results(self) -> Mapping[str, Any]:
        """The results, independent of interruptions."""
        return {
            "steps": self._host.steps,
            "skills": [
                {
                    "name": seat.name,
                    "loss": _mean(seat.adaptive),
                    "frozen_loss": _mean(seat.frozen),
                    "last": _mean(seat.adaptive[-100:]),
                    "frozen_last": _mean(seat.frozen[-100:]),
                }
                for seat in self._seats.values()
            ],
            "bytes_of_a_state": self._fresh_size,
        }

    def clear(self) -> None:
        """Remove the state files once all sessions are complete."""
        for number in range(len(self._seats)):
            remove(self._page(number))

    def _next(self) -> Seat | None:
        """The next skill: the requested one, else the one with the fewest steps."""
        while self._first:
            seat = self._seats[self._first.pop(0)]
            if seat.t < self._host.steps:
                return seat
        waiting = [seat for seat in self._seats.values() if seat.t < self._host.steps]
        return min(waiting, key=lambda seat: seat.t, default=None)

    def _take_turn(self, seat: Seat) -> None:
        host, self._newest = self._host, seat.name
        host.put(self._resident.activate(seat.name))
        adaptive, frozen = host.advance(seat.t, self._turn)
        seat.adaptive = np.concatenate([seat.adaptive, adaptive])
        seat.frozen = np.concatenate([seat.frozen, frozen])
        seat.t += len(adaptive)
        state = host.take()
        self._sizes[seat.name] = size_of(state)
        if time.monotonic() - seat.kept_at >= KEEP_S:
            self._page_out(seat.name, state)
        try:
            self._resident.leave(state, self._sizes[seat.name])
        except RefusedInput:
            self._page_out(seat.name, state)
            raise

    def _load(self, name: str) -> Mapping[str, Any]:
        seat = self._seats[name]
        if seat.t == 0:
            seat.kept_at = time.monotonic()
            return self._host.begin(seat.weights())
        page = self._read(self._number(name))
        if page is None:
            raise TttuiError(f"{self._page(self._number(name))}: is gone; start the job anew")
        state: Mapping[str, Any] = page["state"]
        return state

    def _page_out(self, name: str, state: Mapping[str, Any]) -> None:
        seat = self._seats[name]
        if seat.t == 0:
            return  # it begins again from its weights
        page = {
            "t": seat.t,
            "adaptive": seat.adaptive,
            "frozen": seat.frozen,
            "state": dict(state),
        }
        write_whole(self._page(self._number(name)), pt_bytes(write_pt(saved(page))))
        seat.kept_at = time.monotonic()

    def _restore(self, number: int, seat: Seat) -> None:
        """Restore the session of an earlier execution."""
        page = self._read(number)
        if page is None:
            return
        seat.t, seat.adaptive, seat.frozen = int(page["t"]), page["adaptive"], page["frozen"]
        self._sizes[seat.name] = size_of(page["state"])

    def _read(self, number: int) -> Mapping[str, Any] | None:
        path = self._page(number)
        try:
            with open_to_read(path) as file:
                sound = pt_checksum(file) is Carried.RIGHT
            if not sound:
                self._context.log.warning("%s: is damaged; its session begins anew", path)
                return None
            return restored(read_pt(path))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise TttuiError(f"{path}: cannot be read: {error.strerror}") from error

    def _page(self, number: int) -> Path:
        return self._pages / f"{number}.pt"

    def _number(self, name: str) -> int:
        return list(self._seats).index(name)

    # -- what is told and asked -----------------------------------------------------------------

    def _tell(self) -> None:
        seats, steps = list(self._seats.values()), self._host.steps
        done = sum(seat.t for seat in seats)
        counters = self._resident.counters
        self._context.progress(
            done,
            steps * len(seats),
            f"step {min(seat.t for seat in seats)} of {steps}, {len(self._resident.sizes)} of "
            f"{len(seats)} skills resident, {counters.thrashes} thrashes",
        )
        while (end := min((self._rows + 1) * self._turn, steps)) <= min(seat.t for seat in seats):
            begin = self._rows * self._turn
            if begin >= end:
                break
            means = {seat.name: _mean(seat.adaptive[begin:end]) for seat in seats}
            self._context.metrics(end, **{n: m for n, m in means.items() if m is not None})
            self._rows += 1
        if time.monotonic() >= self._publish_at:
            self._publish()

    def _publish(self) -> None:
        self._publish_at = time.monotonic() + PUBLISH_S
        write_whole(self._context.directory / RESIDENCY, json_bytes(self._document()))

    def _document(self) -> Mapping[str, Any]:
        return {
            **self._resident.document(),
            "in_force": self._newest if self._newest in self._resident.sizes else "",
            "steps": self._host.steps,
            "skills": [
                {
                    "skill": seat.name,
                    "t": seat.t,
                    "bytes": self._sizes.get(seat.name, self._fresh_size),
                    "loss": _mean(seat.adaptive) if seat.t else None,
                    "frozen_loss": _mean(seat.frozen) if seat.t else None,
                }
                for seat in self._seats.values()
            ],
            "answers": self._answers,
        }

    def _obey(self) -> None:
        """Carry out requests on residency, and answer in residency.json."""
        requests = self._inbox.take()
        for request in requests:
            if isinstance(request, NoRequest):
                self._answers[request.id] = request.reason
                continue
            try:
                changes = request.value if request.verb == "set" else {}
                self._do(changes)
                self._answers[request.id] = ""
            except RefusedInput as error:
                self._answers[request.id] = str(error)
        if requests:
            self._answers = dict(list(self._answers.items())[-MOST_ANSWERS:])
            self._publish()

    def _do(self, changes: Mapping[str, Any]) -> None:
        budget, activated, evicted = (changes.get(key) for key in ("budget", "activate", "evict"))
        for name in (activated, evicted):
            if name is not None and name not in self._seats:
                raise RefusedInput(f"{name}: is none of {', '.join(self._seats)}")
        if budget is not None:
            if not isinstance(budget, int) or budget < 1:
                raise RefusedInput(f"--budget: {budget} is no number of bytes")
            self._resident.set_budget(budget)
        if activated is not None:
            self._resident.bring_in(activated)
            self._first.append(activated)
        if evicted is not None:
            self._resident.evict(evicted)


def _mean(losses: Sequence[float] | Floats) -> float | None:
    known = np.asarray(losses, np.float64)
    known = known[~np.isnan(known)]
    return float(known.mean()) if len(known) else None
