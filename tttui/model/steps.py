"""The per-step record of a run: one row a step, in columns."""

from dataclasses import dataclass

import numpy as np

from tttui.model.arrays import Bools, Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """Errors of both models at every step, columns of equal length [n].

    `t` ascends but need not start at 0 or be contiguous (foreign or damaged files).
    `baseline` is the error of the base's frozen weights, `adaptive` of the adaptive model,
    `no_update` (foreign stores only) of the session's weights frozen at the run's start.
    Errors are mean squares over the 4 observed components; NaN and infinity are possible.
    """

    t: Ints
    baseline: Floats
    adaptive: Floats
    did_update: Bools
    update_ok: Bools
    no_update: Floats | None = None

    @classmethod
    def empty(cls) -> "Steps":
        none = np.empty(0)
        flags = np.empty(0, dtype=np.bool_)
        return cls(np.empty(0, dtype=np.int64), none, none, flags, flags)

    def __len__(self) -> int:
        return len(self.t)


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """What the world did and what both models predicted, columns over the steps [n].

    Row i holds what was known when step t[i] was predicted: the observation z [n, 4] =
    (x, y, vx, vy), the action a [n, 2], and the predictions of the next observation by the
    frozen and by the adaptive model [n, 4] (None where a foreign file has none). `mu` [n] is
    the friction in force (None in foreign files).
    """

    t: Ints
    z: Floats
    a: Floats
    baseline: Floats | None = None
    adaptive: Floats | None = None
    mu: Floats | None = None

    def __len__(self) -> int:
        return len(self.t)
