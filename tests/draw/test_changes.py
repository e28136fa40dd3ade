"""Where somebody changed the run: columns, flags and words of it on a time axis."""

import numpy as np

from tttui.draw.axis import TimeAxis
from tttui.draw.canvas import Canvas
from tttui.draw.changes import NO_CHANGES, RunChanges, flag, lay
from tttui.draw.glyphs import ASCII
from tttui.draw.look import Look
from tttui.draw.palette import DARK

AXIS = TimeAxis(0, 99, 50)
TOLD = RunChanges.of([(10, "mu 0.05 -> 0.3"), (60, "update forced"), (60, "lr 1 -> 2")])


def test_every_change_of_the_window_has_a_column() -> None:
    assert TOLD.columns(AXIS).tolist() == [5, 30]
    assert TOLD.columns(TimeAxis(20, 99, 50)).tolist() == [25]
    assert NO_CHANGES.columns(AXIS).tolist() == []


def test_the_changes_of_a_step_are_told_in_words() -> None:
    assert TOLD.at(60, AXIS) == "update forced; lr 1 -> 2"
    assert TOLD.at(59, AXIS) == ""


def test_a_column_that_stands_for_several_steps_tells_the_nearest_change_and_its_step() -> None:
    assert TOLD.at(11, AXIS) == "mu 0.05 -> 0.3 at 10"
    assert NO_CHANGES.at(11, AXIS) == ""


def test_lines_leave_what_is_drawn_alone() -> None:
    canvas = Canvas(2, 60)
    canvas.write(0, 10, "x", DARK.text)
    lay(canvas, TOLD, AXIS, 5, range(2), Look())
    assert canvas.text()[0].split() == ["x", "┊"]
    assert canvas.text()[1].split() == ["┊", "┊"]


def test_so_many_changes_that_lines_would_hide_the_drawing_are_only_flagged() -> None:
    many = RunChanges.of([(t, "update forced") for t in range(0, 100, 4)])
    canvas = Canvas(2, 60)
    canvas.write(1, 0, "-" * 60, DARK.text)
    lay(canvas, many, AXIS, 5, [0], Look(glyphs=ASCII))
    flag(canvas, many, AXIS, 5, 1, Look(glyphs=ASCII), "-")
    assert canvas.text()[0].strip() == ""
    assert np.count_nonzero(canvas.char[1] == ord("!")) == 25
