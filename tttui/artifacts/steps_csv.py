"""per_step.csv of all layouts -> Steps."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from tttui.artifacts.csvfile import GIVEN, LARGEST_T, CsvFile
from tttui.artifacts.csvtable import Column
from tttui.artifacts.jsonfile import decode, number, whole
from tttui.artifacts.jsonlist import JsonList
from tttui.artifacts.restarts import Restarts, merge
from tttui.model.arrays import Bools
from tttui.model.session import LossCurve, Problem
from tttui.model.steps import Steps, Trajectory

COLUMNS = (
    Column("baseline_mse", ("base_mse",), sparse=True),
    Column("session_no_update_mse", optional=True),
    Column("adaptive_mse"),
    Column("did_update", flag=True),
    Column("update_ok", flag=True),
)


class StepsFile:
    """The growing per_step.csv of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._csv = CsvFile(path, "steps", COLUMNS)
        self.steps = Steps.empty()
        self._sparse = False
        """A field of the frozen model was empty."""
        self._looked = 0
        """Rows that were looked at for that."""

    @property
    def exists(self) -> bool:
        return self._csv.exists

    @property
    def share(self) -> float:
        """The part of the file that has been read, 1 where no more of it will be."""
        return self._csv.share

    @property
    def settled(self) -> bool:
        """Nobody has written for a while."""
        return self._csv.settled

    def refresh(self, budget_rows: int | None = None) -> None:
        """Read what was appended into a new `steps`. Raises OSError."""
        self._csv.refresh(budget_rows)
        columns = self._csv.columns
        shown = columns.get("t")
        if shown is None:
            self.steps, self._sparse, self._looked = Steps.empty(), False, 0
        elif shown is not self.steps.t:
            self.steps = Steps(
                t=shown,
                frozen=self._column("baseline_mse", np.nan),
                adaptive=self._column("adaptive_mse", np.nan),
                did_update=self._column("did_update", False),
                update_ok=self._column("update_ok", False),
                no_update=columns.get("session_no_update_mse"),
                evaluated=self._evaluated(),
            )

    def problems(self) -> list[Problem]:
        return self._csv.problems()

    def _evaluated(self) -> Bools | None:
        """Where the frozen model was evaluated; None: everywhere."""
        flags = self._csv.columns.get(GIVEN + "baseline_mse")
        if flags is None:
            return None
        if not self._sparse:
            begin = self._looked if self._looked <= len(flags) else 0
            self._sparse = not flags[begin:].all()
            self._looked = len(flags)
        return flags if self._sparse else None

    def _column(self, name: str, absent: Any) -> Any:
        """A column, or as many `absent` values (its absence is a Problem already)."""
        if name in self._csv.columns:
            return self._csv.columns[name]
        return np.full(len(self._csv), absent)


LOSSES = "pretraining.csv"


class LossFile:
    """The growing pretraining.csv of a session; it stays there as the loss curve of its base."""

    def __init__(self, directory: Path) -> None:
        self._csv = CsvFile(directory / LOSSES, "base", (Column("loss"),))
        self.curve: LossCurve | None = None
        self.problems: tuple[Problem, ...] = ()

    def refresh(self) -> None:
        """Read what was appended; the same `curve` as before where nothing was."""
        try:
            self._csv.refresh()
        except OSError as error:
            self.curve = None
            reason = f"cannot be read: {error.strerror or error}"
            self.problems = (Problem("base", self._csv.path, reason),)
            return
        self.problems = tuple(self._csv.problems())
        step, loss = self._csv.columns.get("t"), self._csv.columns.get("loss")
        if step is None or loss is None or not len(step):
            self.curve = None
        elif self.curve is None or self.curve.step is not step:
            self.curve = LossCurve(step, loss)


STATE = ("x", "y", "vx", "vy")
ACTION = ("ax", "ay")
BASELINE = ("base_x", "base_y", "base_vx", "base_vy")
ADAPTIVE = ("adapt_x", "adapt_y", "adapt_vx", "adapt_vy")
HEADER = ("t", *STATE, *ACTION, *BASELINE, *ADAPTIVE, "mu")
"""Columns of trajectory.csv: row t holds z_t, a_t, both predictions of z_{t+1}, mu in force."""
TRAJECTORY_HEADER = (",".join(HEADER) + "\n").encode()


class TrajectoryCsv:
    """The growing trajectory.csv of a native run."""

    def __init__(self, path: Path) -> None:
        columns = (
            Column("z", members=STATE),
            Column("a", members=ACTION),
            Column("frozen", members=BASELINE, optional=True),
            Column("adaptive", members=ADAPTIVE, optional=True),
            Column("mu", optional=True),
        )
        self.path = path
        self._csv = CsvFile(path, "trajectory", columns)
        self._shown: Trajectory | None = None

    @property
    def exists(self) -> bool:
        return self._csv.exists

    def refresh(self) -> Trajectory | None:
        """Read what was appended; the same object where nothing changed, None where nothing can
        be shown. Raises OSError."""
        self._csv.refresh()
        columns = self._csv.columns
        if not {"t", "z", "a"} <= columns.keys():
            self._shown = None
        elif self._shown is None or self._shown.t is not columns["t"]:
            self._shown = Trajectory(**columns)
        return self._shown

    def problems(self) -> list[Problem]:
        return self._csv.problems()


class Point(msgspec.Struct, gc=False):
    """One element of a foreign trajectory.json."""

    t: int
    x: float
    y: float
    vx: float
    vy: float
    ax: float
    ay: float


_point = msgspec.json.Decoder(Point)

Row = tuple[float, ...]
"""t, x, y, vx, vy, ax, ay."""


def parse_trajectory_json(data: bytes, path: Path) -> tuple[Trajectory | None, list[Problem]]:
    """The trajectory in a list of {t, x, y, vx, vy, ax, ay}, and what is wrong with it."""
    points = JsonList(data, _plain_row, _row_or_reason, "points")
    tables = [np.array(batch.items).reshape(-1, 7) for batch in points.batches()]
    rows = np.concatenate(tables) if tables else np.empty((0, 7))
    merged = merge(np.empty(0, dtype=np.int64), rows[:, 0], every_step=True, last=True)
    rows = rows[merged.indices()]
    reasons = [points.problem] if points.problem else []
    if points.wrong.count:
        reasons.append(points.wrong.sentence())
    reasons += [f"a point {reason}; the rest is shown" for _, reason in merged.outliers[:1]]
    if merged.restarts:
        restarts = Restarts()
        restarts.add(merged.restarts)
        reasons.append(restarts.sentence(int(rows[-1, 0])))
    partial = points.problem is not None
    problems = [Problem("trajectory", path, "; ".join(reasons), loading=partial)] if reasons else []
    if not len(rows) and problems:
        return None, problems
    return Trajectory(t=rows[:, 0].astype(np.int64), z=rows[:, 1:5], a=rows[:, 5:7]), problems


def _plain_row(raw: bytes | msgspec.Raw) -> Row:
    p = _point.decode(raw)
    if not 0 <= p.t < LARGEST_T:
        raise ValueError
    return (p.t, p.x, p.y, p.vx, p.vy, p.ax, p.ay)


def _row_or_reason(raw: bytes) -> Row | str:
    try:
        row = _row(decode(raw))
    except ValueError as error:
        return str(error)
    if row is None:
        return "is no point with numbers for t, x, y, vx, vy, ax, ay"
    if not 0 <= row[0] < LARGEST_T:
        return f"has {row[0]:g} for t, which is no step"
    return row


def _row(point: Any) -> Row | None:
    if not isinstance(point, dict):
        return None
    t = whole(point.get("t"))
    values = [number(point.get(name)) for name in (*STATE, *ACTION)]
    if t is None or None in values:
        return None
    return (t, *(v for v in values if v is not None))
