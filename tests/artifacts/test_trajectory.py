"""Trajectories: native rows as they grow, foreign lists whole."""

import json
from pathlib import Path

import numpy as np

from tests.rundirs import make_run
from tttui.artifacts.steps_csv import TrajectoryCsv, parse_trajectory_json

POINT = {"t": 0, "x": 1.0, "y": 2.0, "vx": 3.0, "vy": 4.0, "ax": 5.0, "ay": 6.0}


def parse(value: object) -> tuple[object, list[str]]:
    result, problems = parse_trajectory_json(json.dumps(value).encode(), Path("trajectory.json"))
    return result and result.z.tolist(), [p.reason for p in problems]


def test_rows_that_are_appended_are_read(tmp_path: Path) -> None:
    place = make_run(tmp_path / "a", steps=50)
    file = TrajectoryCsv(place.path / "trajectory.csv")
    before = file.refresh()
    row = (place.path / "trajectory.csv").read_text().splitlines()[-1]
    with (place.path / "trajectory.csv").open("a") as out:
        out.write("50" + row[row.index(",") :] + "\n")
    after = file.refresh()
    assert before is not None
    assert after is not None
    assert (len(before), len(after)) == (50, 51)
    assert np.array_equal(after.z[50], after.z[49])


def test_a_trajectory_without_predictions_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "trajectory.csv"
    path.write_text("t,x,y,vx,vy,ax,ay\n0,1,2,3,4,5,6\n")
    result = TrajectoryCsv(path).refresh()
    assert result is not None
    assert result.z.tolist() == [[1, 2, 3, 4]]
    assert result.frozen is None
    assert result.mu is None


def test_a_trajectory_without_positions_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "trajectory.csv"
    path.write_text("t,x,y,ax,ay\n0,1,2,5,6\n")
    file = TrajectoryCsv(path)
    assert file.refresh() is None
    assert [p.reason for p in file.problems()] == ["has no column x, y, vx, vy"]


def test_a_list_of_points_is_read() -> None:
    assert parse([POINT, {**POINT, "t": 1}]) == ([[1, 2, 3, 4]] * 2, [])


def test_nan_is_shown_as_such() -> None:
    result, reasons = parse([{**POINT, "x": float("nan")}])
    assert np.isnan(np.array(result)[0, 0])
    assert reasons == []


def test_wrong_points_are_named_and_left_out() -> None:
    result, reasons = parse([POINT, {"t": 1}, "x", {**POINT, "t": 3}])
    assert result == [[1, 2, 3, 4]] * 2
    assert reasons == [
        "line 1 is no point with numbers for t, x, y, vx, vy, ax, ay; "
        "1 more line is wrong (1); the rest is shown"
    ]


def test_what_is_no_list_is_named() -> None:
    assert parse({"a": 1}) == (None, ["is not a list of points"])
