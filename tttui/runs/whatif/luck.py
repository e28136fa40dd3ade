"""Is it luck? Recorded and changed settings on other seeds, or on parts of a document."""

import math
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import field

import numpy as np

from tttui.model import improvement
from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, TttuiError
from tttui.runs.runner import session_runner
from tttui.runs.whatif.live import Live
from tttui.runs.whatif.result import State, WhatIfRequest

SEEDS = 32
"""Other seeds, where nothing else is said."""

FEWEST = 6
"""Comparisons from which on there is a 95 % interval of their median."""


@dataclass(frozen=True, slots=True, eq=False)
class SeedsResult:
    """The losses of both settings so far, pair by pair."""

    request: WhatIfRequest
    state: State
    total: int
    """Number of pairs in all."""
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
        """Number of computed pairs."""
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
        ordered = np.sort(self.percent)
        k = _rank(len(ordered))
        if k is None or not np.isfinite(ordered).all():
            return None
        return float(ordered[k]), float(ordered[-1 - k])

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
        start = f"over {compared}: {median} in the median"
        won = f"better in {self.won} of {self.done}"
        ends = self.interval
        if ends is None:
            return f"{start}, {won}: too few to tell it from luck"
        between = improvement.interval_texts(*ends, lower=lower)[0]
        luck = "that is not luck" if ends[0] > 0 or ends[1] < 0 else "no more than luck"
        return f"{start} (95 % interval {between}), {won}: {luck}"


Scores = tuple[list[float], list[float]]
"""Of the recorded and of the changed settings, pair by pair."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of sessions on which two settings are compared."""

    what: str
    """In words: `other seeds`."""
    total: int
    compute: Callable[[Scores], Iterator[None]]
    """Fills in the scores, some milliseconds at a time."""


class Seeds:
    """A job for a worker: compares recorded and changed settings on other seeds.

    The world is the same; actions and noise are others. Of a document, which
    no seed changes, parts are read instead, each from the base on. Its `result` is a SeedsResult.
    """

    def __init__(self, request: WhatIfRequest, seeds: int = SEEDS) -> None:
        """Nothing is read or computed before `work`."""
        self.request, self._total = request, seeds
        self._pairs = "other seeds"
        self._scores: Scores = ([], [])
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
        pairs = session_runner(request.data.place).pairs(request, self._total)
        self._pairs, self._total = pairs.what, pairs.total
        return pairs.compute(self._scores)


def score(live: Live, begin: int, most: int) -> Generator[None, None, float]:
    """Compute a session to its end; the mean loss of its last steps, from `begin` on."""
    last: deque[float] = deque(maxlen=most)
    while (piece := live.advance(live.until)) is not None:
        if piece.t >= begin:
            last.extend(piece.adaptive.tolist())
        yield
    return sum(last) / len(last)


def _rank(n: int) -> int | None:
    """k such that the (k+1)-th smallest and largest of n values hold the median between them with
    at least 95 %; None where there is none."""
    tail, k = 0.0, -1
    while (tail := tail + math.comb(n, k + 1) * 0.5**n) <= 0.025:
        k += 1
    return k if k >= 0 else None
