"""The transfer matrix of sessions: frozen weights of each in the world of each, in words too."""

from collections.abc import Sequence

import numpy as np

from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass
from tttui.model.schema import Hidden
from tttui.model.session import Meta
from tttui.model.text import visible

SAME = 1e-3
"""Values of the hidden quantity closer than this are of the same world."""

BASE = -1
"""Number of the row of the frozen base."""

NOBODY = -2
"""In place of a row: no error of that world is finite."""


@dataclass(frozen=True, slots=True, eq=False)
class Transfer:
    """Errors [i, j] of the weights of session i, frozen, in the world of session j.

    Only sessions that learned something of their own are rows and columns.
    """

    sessions: tuple[int, ...]
    """Numbers of the compared sessions that were tested, in the order of rows and columns."""
    errors: Floats
    base: Floats
    """Errors [j] of the frozen base of session j in its own world."""
    hidden: Hidden
    """What differs between worlds."""
    truths: tuple[float, ...]
    """Its value in each of these worlds."""
    steps: int
    missing: tuple[str, ...] = ()
    """Which other sessions are left out, and why."""

    @property
    def ratios(self) -> Floats:
        """The errors [i, j] as multiples of what the frozen base has in the same world."""
        with np.errstate(all="ignore"):
            return np.asarray(self.errors / self.base)

    @property
    def worlds(self) -> tuple[str, ...]:
        """These values in words: `mu 0.3`."""
        return tuple(f"{self.hidden.name} {value:.4g}" for value in self.truths)

    @property
    def winners(self) -> tuple[int, ...]:
        """For every world the row with the smallest error: a session's, BASE, or NOBODY."""
        out = []
        for base, column in zip(self.base, self.errors.T, strict=True):
            known = np.append(column, base)
            known = np.where(np.isfinite(known), known, np.inf)
            best = int(np.argmin(known))
            out.append(NOBODY if np.isinf(known[best]) else BASE if best == len(column) else best)
        return tuple(out)

    def same_world(self, i: int, j: int) -> bool:
        """Whether rows i and j are of sessions in the same world."""
        return abs(self.truths[i] - self.truths[j]) < SAME


def transfer_refused(metas: Sequence[Meta], names: Sequence[str]) -> str:
    """Why no transfer matrix of these sessions can be computed; '' where it can."""
    if sum(meta.is_point_mass for meta in metas) > 1:
        return ""
    others = [(m, name) for m, name in zip(metas, names, strict=True) if not m.is_point_mass]
    parts = [f"{visible(name)} is of the task {visible(m.schema.task.name)}" for m, name in others]
    more = f" and {len(parts) - 2} more are of other tasks" if len(parts) > 2 else ""
    return (
        f"Transfer takes two sessions of the point mass, which have worlds to be tested in; "
        f"{', '.join(parts[:2])}{more}."
    )


def transfer_sentence(tested: Transfer, names: Sequence[str]) -> str:
    """What the matrix says: memory of each world's hidden quantity, or a general improvement.

    `names` are those of all compared sessions.
    """
    n, hidden = len(tested.sessions), tested.hidden.name
    if n < 2:
        needed = f"two sessions with a commit in force and a known {hidden}"
        return f"Nothing to conclude: that takes {needed}."
    if max(tested.truths) - min(tested.truths) < SAME:
        return f"All these worlds have the same {hidden}, so the matrix says nothing about memory."
    name = [names[i] for i in tested.sessions]
    # weights of another session in the same world remember it just as well
    forgotten = [
        f"{'the frozen base' if w == BASE else name[w]} does better in the world of {name[j]}"
        for j, w in enumerate(tested.winners)
        if w != NOBODY and not (w >= 0 and tested.same_world(w, j))
    ]
    wins = sum(w >= 0 and tested.same_world(w, j) for j, w in enumerate(tested.winners))
    if wins == n:
        first = (
            f"The diagonal wins in all {n} worlds: every session's weights predict their own "
            f"world best, so they remember its {hidden}."
        )
    else:
        first = f"The diagonal wins in {wins} of {n} worlds"
        first += f": {'; '.join(forgotten[:2])}." if forgotten else "."
    return f"{first} {_elsewhere(tested)}"


def _elsewhere(tested: Transfer) -> str:
    """How the weights do in other worlds, against the base."""
    ratios, n = tested.ratios, len(tested.sessions)
    away = [float(ratios[i, j]) for i in range(n) for j in range(n) if not tested.same_world(i, j)]
    better = sum(ratio < 1 for ratio in away)
    text = f"In worlds of another {tested.hidden.name} they beat the frozen base in "
    text += f"{better} of {len(away)} cases"
    if 2 * better > len(away):
        return f"{text}, so part of what was learned is general."
    return f"{text}."
