"""Finding rows of a screen that only moved up or down, which the terminal can scroll itself."""

from typing import NamedTuple

import numpy as np

from tttui.model.arrays import Bools, Ints

ROWS = 8
"""Changed rows from which on it is looked for."""

GROUP = 8
"""Cells beside each other that are looked for as one."""

BLANK = ord(" ") << 32
"""A cell without a character, as it is after a reset: its codepoint, and a pen with number 0."""

WORTH = 150
"""Cells that need not be sent again, from which on moving rows is worth it."""


class Moved(NamedTuple):
    """The rows [top, bottom] have moved up by `by` (down, where it is negative)."""

    top: int
    bottom: int
    by: int

    @property
    def sequence(self) -> str:
        """The sequence for this move, which leaves the new rows blank.

        It deletes and inserts lines within margins (VT102), which every terminal and multiplexer
        supports, unlike CSI S and T.
        """
        margins = f"\x1b[{self.top + 1};{self.bottom + 1}r\x1b[{self.top + 1};1H"
        lines = f"{abs(self.by) if abs(self.by) > 1 else ''}{'M' if self.by > 0 else 'L'}"
        return f"{margins}\x1b[{lines}\x1b[r"


def find_moved(old: Ints, new: Ints) -> Moved | None:
    """The move of rows that saves the most cells between the old and the new rows.

    Both are cells [rows, columns], each a number. None where no move is worth it.
    """
    stay = (old != new).sum(axis=1)
    best: Moved | None = None
    most = WORTH
    if int(stay.sum()) <= most:
        return None
    for by in _candidates(old, new):
        a, b = (old[by:], new[:-by]) if by > 0 else (old[:by], new[-by:])
        here = stay[:-by] if by > 0 else stay[-by:]
        saved = here - (a != b).sum(axis=1)
        if int(saved.clip(0).sum()) <= most:
            continue
        first, last, gain = _best_run(saved)
        gain -= int(_ink(new, by, first, last).sum())
        if gain > most:
            most = gain
            # of the rows that have moved there, and those from which they came
            best = Moved(first, last + abs(by), by)
    return best


def _candidates(old: Ints, new: Ints) -> list[int]:
    """Candidate moves, small ones first: shifts that several groups of drawn cells share. There are
    few, and none for a repainted chart."""
    groups = old.shape[1] // GROUP
    a, b = (cells[:, : groups * GROUP].reshape(-1, groups, GROUP) for cells in (old, new))
    weights = np.arange(1, 2 * GROUP, 2) * 0x9E3779B9  # sums that are not equal by chance
    before, now = a @ weights, b @ weights
    drawn = (before != now) & (now != b[:, :, 0] * weights.sum())
    same = np.flatnonzero((before[:, None] == now) & drawn) // groups
    source, row = np.divmod(same, len(old))
    moved = np.bincount(source - row + len(old), minlength=2 * len(old))
    most = len(old) - ROWS // 2
    shifts = np.flatnonzero(moved * GROUP > WORTH // 4) - len(old)
    return sorted(
        (by for by in shifts.tolist() if 0 < abs(by) < most), key=lambda by: (abs(by), -by)
    )


def _ink(new: Ints, by: int, first: int, last: int) -> Bools:
    """The number of cells to draw in the new rows."""
    rows = new[last + 1 : last + 1 + by] if by > 0 else new[first : first - by]
    return np.asarray(rows != BLANK)


def _best_run(gains: Ints) -> tuple[int, int, int]:
    """The contiguous stretch [first, last] of the largest sum, and that sum (Kadane)."""
    best, at = (0, 0, -(1 << 30)), 0
    total = 0
    for i, gain in enumerate(gains.tolist()):
        if total <= 0:
            total, at = 0, i
        total += gain
        if total > best[2]:
            best = (at, i, total)
    return best
