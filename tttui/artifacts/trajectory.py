"""trajectory.csv (native, growing) and trajectory.json (foreign, whole) -> Trajectory."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from tttui.artifacts.csvfile import LARGEST_T, CsvFile
from tttui.artifacts.csvtable import Column
from tttui.artifacts.jsonfile import decode, number, whole
from tttui.artifacts.restarts import Restarts, merge
from tttui.model.session import Problem
from tttui.model.steps import Trajectory

STATE = ("x", "y", "vx", "vy")
ACTION = ("ax", "ay")
BASELINE = ("base_x", "base_y", "base_vx", "base_vy")
ADAPTIVE = ("adapt_x", "adapt_y", "adapt_vx", "adapt_vy")
HEADER = ("t", *STATE, *ACTION, *BASELINE, *ADAPTIVE, "mu")
"""Columns of trajectory.csv: row t holds z_t, a_t, both predictions of z_{t+1}, mu in force."""


class TrajectoryCsv:
    """The growing trajectory.csv of a native run."""

    def __init__(self, path: Path) -> None:
        columns = (
            Column("z", members=STATE),
            Column("a", members=ACTION),
            Column("baseline", members=BASELINE, optional=True),
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


_points = msgspec.json.Decoder(list[Point])


def parse_trajectory_json(data: bytes, path: Path) -> tuple[Trajectory | None, list[Problem]]:
    """The trajectory in a list of {t, x, y, vx, vy, ax, ay}, and what is wrong with it."""
    try:
        points = _points.decode(data)
        rows = [(p.t, p.x, p.y, p.vx, p.vy, p.ax, p.ay) for p in points]
        if all(0 <= p.t < LARGEST_T for p in points):
            return _from_rows(rows, path)
    except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError):
        pass
    try:
        value = decode(data)
    except ValueError as error:
        return None, [Problem("trajectory", path, str(error))]
    if not isinstance(value, list):
        return None, [Problem("trajectory", path, "is not a list of points")]
    good: list[tuple[float, ...]] = []
    wrong: list[int] = []
    for i, point in enumerate(value):
        row = _row(point)
        if row is None:
            wrong.append(i)
        else:
            good.append(row)
    shown, problems = _from_rows(good, path)
    if wrong:
        reason = f"element {wrong[0]} is no point with numbers for t, x, y, vx, vy, ax, ay"
        if len(wrong) > 1:
            reason += f" (and {len(wrong) - 1} more are wrong)"
        problems.append(Problem("trajectory", path, reason + "; the rest is shown"))
    return (shown if good else None), problems


def _row(point: Any) -> tuple[float, ...] | None:
    if not isinstance(point, dict):
        return None
    t = whole(point.get("t"))
    values = [number(point.get(name)) for name in (*STATE, *ACTION)]
    if t is None or not 0 <= t < LARGEST_T or None in values:
        return None
    return (t, *(v for v in values if v is not None))


def _from_rows(rows: Sequence[tuple[float, ...]], path: Path) -> tuple[Trajectory, list[Problem]]:
    """The trajectory of all points, each step once, and what was left out."""
    table = np.array(rows, dtype=np.float64).reshape(-1, 7)
    none = np.empty(0, dtype=np.int64)
    merged = merge(none, table[:, 0], every_step=True, last=True)
    table = table[merged.indices()]
    t = table[:, 0].astype(np.int64)
    reasons = [f"a point {reason}; the rest is shown" for _, reason in merged.outliers[:1]]
    if merged.restarts:
        restarts = Restarts()
        restarts.add(merged.restarts)
        reasons.append(restarts.sentence(int(t[-1])))
    problems = [Problem("trajectory", path, reason) for reason in reasons]
    return Trajectory(t=t, z=table[:, 1:5], a=table[:, 5:7]), problems
