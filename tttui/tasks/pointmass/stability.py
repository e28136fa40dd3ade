"""Stability of the frozen part of the model, and the half-lives of its state."""

import numpy as np

from tttui.model.arrays import Floats, Ints
from tttui.model.dataclass import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Stability:
    """The decays [n_state] = exp(A dt), A = -softplus(a_raw), and what is wrong with them."""

    decays: Floats
    A: Floats
    broken: Ints
    """Units whose decay is not inside (0, 1)."""

    @property
    def stable(self) -> bool:
        return not len(self.broken)

    @property
    def half_lives(self) -> Floats:
        """Steps after which half of a unit's state is left, of the sound units, ascending."""
        sound = np.delete(self.decays, self.broken)
        return np.asarray(np.sort(np.log(0.5) / np.log(sound)))


def stability(a_raw: Floats, dt: float) -> Stability:
    """The decays of a_raw [n_state] for steps of length dt."""
    with np.errstate(all="ignore"):
        A = -np.logaddexp(0.0, np.asarray(a_raw, dtype=np.float64))
        decays = np.exp(A * dt)
        sound = (decays > 0) & (decays < 1)
    return Stability(decays, A, np.flatnonzero(~sound))
