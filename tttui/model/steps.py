"""The per-step record of a run: one row a step, in columns."""

from collections.abc import Mapping
from dataclasses import field

import numpy as np

from tttui.model.arrays import Bools, Floats, Ints
from tttui.model.dataclass import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """Errors of both models at every step, columns of equal length [n].

    `t` ascends but need not start at 0 or be contiguous (foreign or damaged files).
    `frozen` is the error of the base's frozen weights, `adaptive` of the adaptive model,
    `no_update` (foreign stores only) of the session's weights frozen at the run's start.
    Errors are losses in the unit of the session's task (of the point mass mean squares over the 4
    observed components); NaN and infinity are possible.
    """

    t: Ints
    frozen: Floats
    adaptive: Floats
    did_update: Bools
    update_ok: Bools
    no_update: Floats | None = None
    evaluated: Bools | None = None
    """Where the frozen model was evaluated; its error is NaN elsewhere, which is no recorded NaN.
    None: everywhere."""

    @classmethod
    def empty(cls) -> "Steps":
        none = np.empty(0)
        flags = np.empty(0, dtype=np.bool_)
        return cls(np.empty(0, dtype=np.int64), none, none, flags, flags)

    def __len__(self) -> int:
        return len(self.t)

    @property
    def never_evaluated(self) -> bool:
        """There are steps, and the frozen model was evaluated at none of them."""
        return self.evaluated is not None and len(self) > 0 and not self.evaluated.any()

    def compared(self, most: int | None = None) -> tuple[Ints, Floats, Floats]:
        """Step, frozen and adaptive error where both models were evaluated: the last `most` of
        these rows, all by default."""
        if self.evaluated is None:
            rows = slice(0 if most is None else max(len(self) - most, 0), None)
            return self.t[rows], self.frozen[rows], self.adaptive[rows]
        at = self._last_evaluated(most)
        return self.t[at], self.frozen[at], self.adaptive[at]

    def _last_evaluated(self, most: int | None) -> Ints:
        """The rows at which the frozen model was evaluated, searched from the end."""
        assert self.evaluated is not None
        if most is None:
            return np.flatnonzero(self.evaluated)
        reach = 32 * most
        while True:
            begin = max(len(self) - reach, 0)
            at = np.flatnonzero(self.evaluated[begin:])
            if len(at) >= most or not begin:
                return at[-most:] + begin if most else at[:0]
            reach *= 8


@dataclass(frozen=True, slots=True, eq=False)
class SeriesTable:
    """The curves of a session beside its losses: columns over its own steps [n], by name.

    NaN where a value was not given (`given` tells these from recorded ones).
    """

    t: Ints
    columns: Mapping[str, Floats] = field(default_factory=dict[str, Floats])
    given: Mapping[str, Bools] = field(default_factory=dict[str, Bools])
    """Where each series has a value."""

    def __len__(self) -> int:
        return len(self.t)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.columns)

    def of(self, name: str) -> tuple[Ints, Floats]:
        """The steps at which a series has a value, and its values."""
        flags, y = self.given[name], self.columns[name]
        return (self.t, y) if flags.all() else (self.t[flags], y[flags])


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """Observations, actions and predictions of both models, columns over the steps [n].

    Row i holds what was known when step t[i] was predicted: the observation z [n, 4] =
    (x, y, vx, vy), the action a [n, 2], and the predictions of the next observation by the
    frozen and by the adaptive model [n, 4] (None where a foreign file has none). `mu` [n] is
    the friction in force (None in foreign files).
    """

    t: Ints
    z: Floats
    a: Floats
    frozen: Floats | None = None
    adaptive: Floats | None = None
    mu: Floats | None = None

    def __len__(self) -> int:
        return len(self.t)


@dataclass(frozen=True, slots=True, eq=False)
class Yardstick:
    """One predictor's mean squared error [n] at the steps t [n]."""

    name: str
    t: Ints
    mse: Floats
