"""Bars and stacks of how transactions ended."""

import numpy as np

from tttui.draw.axis import TimeAxis
from tttui.draw.glyphs import ASCII
from tttui.draw.look import Look
from tttui.draw.marks import Marks
from tttui.draw.outcome_bars import binned, over_time, reasons, stacked
from tttui.model.transactions import STATUSES


def marks(n: int = 40, shown: slice | None = None) -> Marks:
    status = np.arange(n) % 4
    passed = None
    if shown is not None:
        passed = np.zeros(n, dtype=np.bool_)
        passed[shown] = True
    return Marks(np.arange(n) * 10, status, STATUSES, passed)


def test_every_reason_has_its_count_and_share() -> None:
    lines = reasons(marks(), (60, 8), Look(), "").text()
    assert lines[0].startswith("40 transactions")
    assert lines[1].startswith("● commit")
    assert sum("10   25 %" in line for line in lines) == 4


def test_no_attempts_say_why() -> None:
    empty = Marks()
    assert reasons(empty, (60, 3), Look(), "none yet").text()[1].startswith("none yet")


def test_what_does_not_fit_is_counted() -> None:
    assert "+2 more" in reasons(marks(), (60, 3), Look(), "").text()[0]


def test_no_attempt_is_lost_or_counted_twice_by_the_bins() -> None:
    result = binned(marks(), TimeAxis(0, 399, 37))
    assert int(result.counts.sum()) == 40
    assert result.counts.sum(axis=0)[:4].tolist() == [10, 10, 10, 10]


def test_only_attempts_of_the_window_that_pass_the_filter_are_binned() -> None:
    result = binned(marks(shown=slice(0, 20)), TimeAxis(100, 299, 40))
    assert int(result.counts.sum()) == 10


def test_a_rare_status_keeps_a_row_in_a_full_bin() -> None:
    assert stacked(np.array([970, 1, 29]), 100, 10) == [8, 1, 1]
    assert sum(stacked(np.array([970, 1, 29]), 100, 10)) <= 10


def test_every_attempt_is_one_glyph_in_the_stack_of_its_bin() -> None:
    axis = TimeAxis(0, 399, 32)
    lines = over_time(marks(), axis, 8, (40, 9), Look(glyphs=ASCII)).text()
    assert lines[0].strip() == "transactions over time"
    most = binned(marks(), axis).most
    stacks = lines[1 : 1 + most]
    assert stacks[0].startswith(f"      {most}|")
    assert stacks[-1].startswith("      1|")
    assert sum(len(line[8:].replace(" ", "")) for line in stacks) == len(marks().t)
    assert lines[1 + most].split()[:3] == ["step", "0", "100"]


def test_a_row_of_a_low_stack_stands_for_several_attempts() -> None:
    lines = over_time(marks(), TimeAxis(0, 399, 32), 8, (56, 3), Look(glyphs=ASCII)).text()
    assert "a row is" in lines[0]
    assert lines[1][8:].strip(), "the stacks use the rows there are"
