"""The commit graph as text."""

from dataclasses import replace

import numpy as np

from tttui.draw import graph
from tttui.draw.axis import TimeAxis
from tttui.draw.glyphs import ASCII
from tttui.draw.look import Look
from tttui.draw.marks import Marks, lane, one_row
from tttui.draw.palette import DARK
from tttui.model.transactions import STATUSES, UNDONE

MARKS = Marks(np.array([4, 8, 12, 16, 20, 24]), np.array([0, 1, 0, 2, 0, 1]))


def lines(
    marks: Marks = MARKS,
    size: tuple[int, int] = (31, 4),
    selected: int | None = None,
    axis: TimeAxis | None = None,
) -> list[str]:
    axis = axis or TimeAxis(0, 30, 31)
    canvas = graph.paint(marks, axis, 0, size, Look(), selected)
    return [line.rstrip() for line in canvas.text()]


def test_commits_are_joined_and_rollbacks_are_stubs() -> None:
    assert lines() == [
        "────●━━━┯━━━●━━━┯━━━●───┬──────",
        "        ▲       │       ▲",
        "                ◆",
        "●3 ▲2 ◆1",
    ]


def test_a_graph_takes_the_rows_that_its_outcomes_need() -> None:
    commits = Marks(np.array([4, 8]), np.array([0, 0]))
    assert [graph.height(marks, 5) for marks in (Marks(), commits, MARKS)] == [1, 2, 4]
    assert graph.height(MARKS, 3) == 3
    assert lines(commits, size=(31, 2)) == ["────●━━━●──────────────────────", "● 2 commits"]


def test_every_attempt_has_one_glyph() -> None:
    drawn = "".join(lines()[:-1])
    assert [drawn.count(glyph) for glyph in "●▲◆"] == [3, 2, 1]


def test_two_rows_are_enough() -> None:
    assert lines(size=(31, 2)) == [
        "────●━━━┯━━━●━━━┯━━━●───┬──────",
        "        ▲       ◆       ▲",
    ]


def test_totals_are_in_words_where_they_fit() -> None:
    assert lines(size=(60, 4))[-1] == "● 3 commits  ▲ 2 loss  ◆ 1 gradient"


def test_the_selected_attempt_is_bracketed_and_counted() -> None:
    result = lines(selected=3, size=(60, 4))
    assert "[◆]" in result[2]
    assert result[-1].endswith("#4 of 6  t 16")


def test_a_window_inside_a_run_is_crossed_by_the_line_of_commits() -> None:
    assert lines(axis=TimeAxis(13, 15, 31))[0] == "━" * 31


def test_before_the_first_commit_the_line_is_faint() -> None:
    canvas = graph.paint(MARKS, TimeAxis(0, 30, 31), 0, (31, 4), Look())
    assert canvas.ink[0, 0] == DARK.faint
    assert canvas.ink[0, 5] == DARK.status("commit")


def test_a_run_without_attempts_says_so() -> None:
    assert lines(Marks())[0] == "no transactions yet"


def test_a_hundred_thousand_attempts_keep_the_selected_one_visible() -> None:
    n = 100_000
    many = Marks(np.arange(n), np.where(np.arange(n) == 77_777, 3, 0))
    assert "[■]" in "".join(lines(many, (60, 4), 77_777, TimeAxis(0, n - 1, 60)))


def test_crowded_rollbacks_are_bars_of_their_number_beside_their_glyph() -> None:
    status = np.zeros(1000, dtype=int)
    status[500:] = np.where(np.arange(500) % 2, 1, 0)
    status[[0, 20]] = 1
    many = Marks(np.arange(1000), status)
    canvas = graph.paint(many, TimeAxis(0, 999, 20), 9, (29, 4), Look())
    row = canvas.text()[1]
    assert row[7] == "▲"
    assert row[9 + 15] == "█"
    assert row[9] == "▁"


def test_a_crowded_lane_shows_the_share_that_was_rolled_back() -> None:
    status = np.where(np.arange(1000) % 2, 2, 0)
    status[:500] = 0
    result = lane(Marks(np.arange(1000), status), TimeAxis(0, 999, 20))
    columns, chars, _, _ = one_row(result, Look())
    shown = {column: chr(char) for column, char in zip(columns, chars, strict=True)}
    assert (shown[2], shown[17]) == ("●", "▄")


def test_the_gravest_of_several_attempts_in_a_column_is_shown() -> None:
    marks = Marks(np.array([20, 20, 20]), np.array([0, 4, 1]))
    _, chars, _, bold = one_row(lane(marks, TimeAxis(0, 40, 31)), Look())
    assert [chr(char) for char in chars] == ["✕"]
    assert bold.all()


def test_filtered_attempts_are_not_in_the_lane() -> None:
    marks = Marks(np.array([5, 20]), np.array([0, 1]), shown=np.array([False, True]))
    _, chars, _, _ = one_row(lane(marks, TimeAxis(0, 40, 31)), Look())
    assert [chr(char) for char in chars] == ["▲"]


def test_unknown_statuses_have_a_mark() -> None:
    marks = Marks(np.array([5]), np.array([6]), statuses=(*STATUSES, "strange"))
    canvas = graph.paint(marks, TimeAxis(0, 30, 31), 0, (31, 4), Look(glyphs=ASCII))
    assert "?" in "".join(canvas.text())


UNDONE_MARKS = Marks(
    np.array([4, 8, 12, 16, 20, 24]),
    np.array([0, 6, 6, 5, 0, 1]),
    (*STATUSES, UNDONE),
    branches=((4, 16),),
)


def test_undone_commits_lie_on_a_branch_that_leaves_at_the_restored_step() -> None:
    assert lines(UNDONE_MARKS, size=(60, 4), axis=TimeAxis(0, 30, 31)) == [
        "────●━━━━━━━━━━━━━━━●───┬──────",
        "    └───⊘───⊘───▼       │",
        "                        ▲",
        "● 4 commits (2 undone)  ▲ 1 loss  ▼ 1 live loss",
    ]


def test_of_a_branch_that_begins_before_the_window_the_rest_is_shown() -> None:
    assert lines(UNDONE_MARKS, axis=TimeAxis(10, 20, 11), size=(11, 3))[:2] == [
        "━━━━━━━━━━●",
        "──⊘───▼",
    ]


def test_a_filter_that_hides_undone_commits_hides_their_branch() -> None:
    shown = np.array([True, False, False, False, True, True])
    assert lines(replace(UNDONE_MARKS, shown=shown), size=(31, 3))[:2] == [
        "────●━━━━━━━━━━━━━━━●───┬──────",
        "                        ▲",
    ]


def test_the_number_of_undone_commits_is_told_in_few_columns_as_well() -> None:
    assert lines(UNDONE_MARKS, size=(31, 4))[-1] == "●4(2⊘) ▲1 ▼1"
