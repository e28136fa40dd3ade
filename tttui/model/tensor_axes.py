"""Names of the rows and columns of the plastic matrices, and which of them moved most."""

from collections.abc import Iterator

import numpy as np

from tttui.model.arrays import Floats, Weights
from tttui.model.dataclass import dataclass

OBSERVED = ("x", "y", "vx", "vy")
ACTIONS = ("ax", "ay")
INPUTS = (*OBSERVED, *ACTIONS)

ROLES = {
    "W_u": ("u", "input"),
    "B": ("state", "u"),
    "W_o": ("predicted", "state"),
}
"""What the rows and the columns of each matrix are."""


def axis_kinds(matrix: str, *, roles: bool = True) -> tuple[str, str]:
    """What the rows and the columns of a matrix are; without `roles` no more than that."""
    return (ROLES.get(matrix) if roles else None) or ("row", "column")


def part_name(
    matrix: str, axis: int, i: int, n: int, *, short: bool = False, roles: bool = True
) -> str:
    """The name of row (axis 0) or column (axis 1) i of n: `vx`, `u 3`, `state 12`.

    `short` leaves out the kind where the axis says it: `3`, `12`. Without `roles` it is that of a
    matrix of another model than the point mass: `row 3`.
    """
    return _part_name(axis_kinds(matrix, roles=roles)[axis], i, n, short=short)


def _part_name(kind: str, i: int, n: int, *, short: bool) -> str:
    if kind == "input" and n == len(INPUTS):
        return INPUTS[i]
    if kind == "predicted" and n == len(OBSERVED):
        return OBSERVED[i] if short else f"predicted {OBSERVED[i]}"
    return str(i) if short else f"{kind} {i}"


@dataclass(frozen=True, slots=True)
class AxisChange:
    """How much one row or column of a matrix changed."""

    matrix: str
    axis: int
    """0 is a row, 1 a column."""
    index: int
    name: str
    change: float
    """Euclidean norm of the change."""
    share: float
    """Part of the matrix's squared change, 0..1."""

    @property
    def phrase(self) -> str:
        """`from vx` for a column, `to state 12` for a row, `to predicted vy`."""
        return f"{'to' if self.axis == 0 else 'from'} {self.name}"

    @property
    def percent(self) -> str:
        """The share: `31 %`, and of a row among thousands `0.02 %`."""
        share = 100 * self.share
        return f"{share:.{0 if share >= 1 or share == 0 else 1}{'f' if share >= 1 else 'g'}} %"


def moved(
    name: str, change: Floats, axis: int, most: int | None = None, *, roles: bool = True
) -> list[AxisChange]:
    """The rows or columns of a matrix [rows, cols] by how much they changed, largest first.

    At most `most` of them.

    Entries that are not finite count as unchanged.
    """
    along = _squares(change, axis)
    total = float(along.sum())
    order = np.argsort(-along, kind="stable")[:most]
    n = change.shape[axis]
    return [
        AxisChange(
            name,
            axis,
            int(i),
            part_name(name, axis, int(i), n, roles=roles),
            float(np.sqrt(along[i])),
            float(along[i]) / total if total else 0.0,
        )
        for i in order.tolist()
    ]


def sentences(
    changes: Weights, total: Weights | None = None, *, roles: bool = True
) -> Iterator[tuple[str, str]]:
    """For each matrix its name and one sentence on what moved most.

    `total` are the weights before, for the change relative to their norm.
    """
    for name, change in changes.items():
        bad = 0 if _finite(change) else int((~np.isfinite(change)).sum())
        norm = float(np.sqrt(_squares(change, 0).sum()))
        if norm == 0:
            yield name, "did not change" if not bad else f"{bad} entries are not finite"
            continue
        rows, columns = (moved(name, change, axis, 2, roles=roles) for axis in (0, 1))
        text = f"moved by {norm:.3g}"
        if total is not None and name in total:
            before = float(np.sqrt(_squares(total[name], 0).sum()))
            share = 100 * norm / before if before else 0.0
            text += f" ({share:.2g} % of its norm)" if 0 < share < 100 else ""
            text += f" ({share / 100:.3g} x its norm)" if share >= 100 else ""
        first = ", then ".join(f"{m.phrase} ({m.percent})" for m in columns)
        second = ", then ".join(f"{m.phrase} ({m.percent})" for m in rows)
        text += f", most {first}; and {second}"
        yield name, text + (f"; {bad} entries are not finite" if bad else "")


def _finite(W: Floats) -> bool:
    """Whether every entry is; without a second matrix as large."""
    with np.errstate(over="ignore", invalid="ignore"):
        return not W.size or bool(np.isfinite(W.max() - W.min()))


def _squares(W: Floats, axis: int) -> Floats:
    """Sums of the finite entries' squares, of every row (axis 0) or column (1)."""
    if not _finite(W):
        W = np.where(np.isfinite(W), W, 0.0)
    return np.asarray(np.einsum("ij,ij->i" if axis == 0 else "ij,ij->j", W, W, dtype=np.float64))
