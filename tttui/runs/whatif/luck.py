"""Is it luck? Recorded and changed settings on other seeds, or on parts of a document."""

import math
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import field, replace

import numpy as np

from tttui.engine.many import Block, worlds
from tttui.model import improvement
from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, TttuiError
from tttui.runs.branch import Branch, branch
from tttui.runs.whatif.live import Live
from tttui.runs.whatif.memory import BUDGET
from tttui.runs.whatif.past import PastStates
from tttui.runs.whatif.pointmass import PointMass
from tttui.runs.whatif.result import Request, State

SEEDS = 32
"""Other seeds, where nothing else is said."""

AT_ONCE = 16
"""Sessions that go side by side: a stretch of them takes some 15 ms."""

A_STEP = 160
"""Bytes that a step of each of them takes."""

PART = 20
"""Steps of a part of a document at least."""

FEWEST = 6
"""Comparisons from which on there is a 95 % interval of their median."""


@dataclass(frozen=True, slots=True, eq=False)
class SeedsResult:
    """What became of both settings, pair by pair, as far as it is computed."""

    request: Request
    state: State
    total: int
    """Pairs that there will be."""
    pairs: str = "other seeds"
    """What the pairs are, in words."""
    recorded: Floats = field(default_factory=lambda: np.empty(0))
    """Mean loss of the recorded settings over the last steps, of each pair so far."""
    changed: Floats = field(default_factory=lambda: np.empty(0))
    """The same of the changed settings, on the same stream."""
    error: str = ""
    """Why it `failed`, one line for a person."""
    seconds: float = 0.0

    @property
    def done(self) -> int:
        """Pairs that are computed."""
        return len(self.recorded)

    @property
    def finished(self) -> bool:
        return self.state in ("done", "failed")

    @property
    def percent(self) -> Floats:
        """How much better the changed settings are, of each pair, in percent of the recorded."""
        sign = 1.0 if self.request.data.meta.loss.lower_is_better else -1.0
        with np.errstate(all="ignore"):
            return np.asarray(sign * 100.0 * (self.recorded - self.changed) / np.abs(self.recorded))

    @property
    def won(self) -> int:
        """Pairs in which the changed settings are better."""
        return int((self.percent > 0).sum())

    @property
    def median(self) -> float | None:
        """The median of `percent`; None where no pair is computed."""
        return float(np.median(self.percent)) if self.done else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The exact 95 % interval of the median of `percent`: two order statistics, whatever
        their distribution. None of fewer than six pairs, or where one is not finite."""
        found = np.sort(self.percent)
        k = _rank(len(found))
        if k is None or not np.isfinite(found).all():
            return None
        return float(found[k]), float(found[-1 - k])

    @property
    def sentence(self) -> str:
        """`over 32 other seeds: 12 % better (95 % interval 8 to 15 % better), better in 29 of 32:
        that is not luck`"""
        if self.state == "failed":
            return f"luck: {self.error}"
        if not self.done:
            return f"luck: no pair of {self.total} computed yet"
        compared = f"{self.done} {self.pairs}"
        if self.state != "done":
            compared = f"{self.done} of {self.total} {self.pairs} so far"
        lower = self.request.data.meta.loss.lower_is_better
        median = improvement.difference(self.median, lower=lower)[0]
        said = f"over {compared}: {median} in the median"
        won = f"better in {self.won} of {self.done}"
        ends = self.interval
        if ends is None:
            return f"{said}, {won}: too few to tell it from luck"
        between = improvement.interval_texts(*ends, lower=lower)[0]
        luck = "that is not luck" if ends[0] > 0 or ends[1] < 0 else "no more than luck"
        return f"{said} (95 % interval {between}), {won}: {luck}"


class Seeds:
    """A job for a worker: compares recorded and changed settings on other seeds.

    The world is the same (its friction too); actions and noise are others. Of a document, which
    no seed changes, parts are read instead, each from the base on. Its `result` is a SeedsResult.
    """

    def __init__(self, request: Request, seeds: int = SEEDS) -> None:
        """Nothing is read or computed before `work`."""
        self.request, self._total = request, seeds
        self._pairs = "other seeds"
        self._scores: tuple[list[float], list[float]] = ([], [])
        self._state: State = "computing"
        self._error = ""
        self._began = time.monotonic()
        self._steps: Iterator[None] | None = None

    def work(self) -> bool:
        """Compute some milliseconds; whether there is more to do."""
        if self._state != "computing":
            return False
        try:
            if self._steps is None:
                self._steps = self._plan()
            next(self._steps)
        except StopIteration:
            self._state = "done"
        except (TttuiError, OSError) as error:
            self.fail(error)
        return self._state == "computing"

    def fail(self, error: BaseException) -> None:
        """End with an error, which `result` tells."""
        known = isinstance(error, (TttuiError, OSError))
        self._error = str(error) if known else f"{type(error).__name__}: {error}"
        self._state = "failed"

    def result(self) -> SeedsResult:
        """The pairs so far."""
        n = min(map(len, self._scores))
        return SeedsResult(
            self.request,
            self._state,
            self._total,
            self._pairs,
            np.array(self._scores[0][:n]),
            np.array(self._scores[1][:n]),
            error=self._error,
            seconds=time.monotonic() - self._began,
        )

    def _plan(self) -> Iterator[None]:
        request = self.request
        if "seed" in request.changes:
            raise RefusedInput("seed: other seeds are compared anyway; turn it back")
        if not request.data.meta.is_point_mass:
            return self._parts()
        directory, at = request.data.place.path, request.at
        both = [branch(directory, at=at, changes=c) for c in ({}, request.changes)]
        steps = request.end(both[1].settings.steps)
        both = [replace(b, settings=replace(b.settings, steps=steps)) for b in both]
        alone = any(b.interventions for b in both) or both[0].begun is not None
        if alone or both[0].settings.device != "cpu" or AT_ONCE * steps * A_STEP > BUDGET:
            return self._one_by_one(both, steps)
        return self._together(both)

    def _together(self, both: Sequence[Branch]) -> Iterator[None]:
        """Many sessions of the point mass at once."""
        first = both[0].settings.seed + 1
        for i in range(first, first + self._total, AT_ONCE):
            seeds = range(i, min(i + AT_ONCE, first + self._total))
            for one, scores in zip(both, self._scores, strict=True):
                z, a, _ = worlds(one.settings, seeds)
                block = Block(one.settings, one.base.weights, z, a)
                yield
                while block.advance():
                    yield
                scores += block.adaptive[:, -improvement.WINDOW :].mean(axis=1).tolist()

    def _one_by_one(self, both: Sequence[Branch], steps: int) -> Iterator[None]:
        first = both[0].settings.seed + 1
        for seed in range(first, first + self._total):
            for one, scores in zip(both, self._scores, strict=True):
                another = replace(one, settings=replace(one.settings, seed=seed))
                live = PointMass(another, PastStates(), None)
                yield from self._run(live, steps, scores, improvement.WINDOW)

    def _parts(self) -> Iterator[None]:
        """Parts of one document, of which the changed settings may read more in a step."""
        from tttui.runs.taskbranch import task_branch
        from tttui.runs.whatif.anytask import AnyTask

        request, done = self.request, self.request.data.steps_done
        if request.at:
            raise RefusedInput("parts of a document are read from the base on; branch from 0")
        self._pairs, self._total = "parts of the document", min(self._total, done // PART)
        if self._total < FEWEST:
            raise RefusedInput(
                f"no seed changes what a document says, and its {done} steps are too few to be "
                f"compared in parts: that takes {FEWEST * PART}"
            )
        both = [task_branch(request.data.place.path, changes=c) for c in ({}, request.changes)]
        old, new = both[1].sizes or (1, 1)
        length = done // self._total
        for i in range(self._total):
            for one, (times, per), scores in zip(
                both, ((1, 1), (old, new)), self._scores, strict=True
            ):
                begin, steps = i * length * times // per, max(1, length * times // per)
                task = one.task.forked(one.settings.own, one.settings.conduct.seed, begin)
                live = AnyTask(replace(one, task=task, interventions=()), PastStates(), None)
                yield from self._run(live, steps, scores, steps)

    def _run(self, live: Live, steps: int, scores: list[float], most: int) -> Iterator[None]:
        """Compute a session to its end; the mean of its last steps is its score."""
        last: deque[float] = deque(maxlen=most)
        while (piece := live.advance(steps)) is not None:
            if piece.t >= self.request.at:
                last.extend(piece.adaptive.tolist())
            yield
        scores.append(sum(last) / len(last))


def _rank(n: int) -> int | None:
    """k such that the (k+1)-th smallest and largest of n values hold the median between them with
    at least 95 %; None where there is none."""
    tail, k = 0.0, -1
    while (tail := tail + math.comb(n, k + 1) * 0.5**n) <= 0.025:
        k += 1
    return k if k >= 0 else None
