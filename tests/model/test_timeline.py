"""The shared timeline keeps its invariants whatever is asked of it."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tttui.model.timeline import SPEEDS, Timeline

STEP = st.integers(-2000, 2000)
MOVES: dict[str, st.SearchStrategy[Callable[[Timeline], Timeline]]] = {
    "jump": STEP.map(lambda n: lambda line: line.jump(n)),
    "step": STEP.map(lambda n: lambda line: line.step(n)),
    "zoom": st.tuples(st.floats(0.01, 100), st.none() | STEP).map(
        lambda a: lambda line: line.zoom(*a)
    ),
    "show": st.tuples(STEP, STEP).map(lambda a: lambda line: line.show(*a)),
    "extended": st.integers(-5, 1500).map(lambda n: lambda line: line.extended(n)),
    "grown": st.tuples(st.integers(-5, 900), st.integers(-1, 1500)).map(
        lambda ends: lambda line: line.extended(*ends)
    ),
    "played": st.floats(0, 50).map(lambda s: lambda line: line.played(s)),
    "other": st.sampled_from(
        [
            Timeline.zoom_in,
            Timeline.zoom_out,
            Timeline.reset,
            Timeline.toggle_play,
            Timeline.toggle_follow,
            Timeline.faster,
            Timeline.slower,
            Timeline.to_start,
            Timeline.to_end,
        ]
    ),
}


def check(line: Timeline) -> None:
    if line.empty:
        assert line.t0 == line.cursor == line.t1 == line.first == line.last + 1
    else:
        assert line.first <= line.t0 <= line.cursor <= line.t1 <= line.end
        assert line.cursor <= line.last
    assert line.speed in SPEEDS
    assert 0 <= line.phase < 1
    assert not (line.follow and not line.empty and line.cursor != line.last)


@settings(max_examples=150, deadline=None)
@given(
    first=st.integers(-3, 50),
    length=st.integers(0, 300),
    moves=st.lists(st.one_of(*MOVES.values()), max_size=12),
)
def test_invariants_hold_after_any_moves(
    first: int, length: int, moves: list[Callable[[Timeline], Timeline]]
) -> None:
    line = Timeline.over(first, first + length - 1)
    check(line)
    for move in moves:
        line = move(line)
        check(line)


@pytest.mark.parametrize("length", [0, 1])
def test_nothing_moves_in_a_run_too_short_to_move_in(length: int) -> None:
    line = Timeline.over(5, 4 + length)
    for moved in (line.step(3), line.zoom_in(), line.zoom_out(), line.show(0, 9)):
        assert moved == line


def test_zooming_keeps_the_cursor_at_its_place_in_the_window() -> None:
    line = Timeline.over(0, 1000).jump(250).zoom_in()
    assert (line.t0, line.t1, line.cursor) == (125, 625, 250)


def test_zooming_out_ends_at_the_whole_run() -> None:
    line = Timeline.over(0, 1000).jump(250).zoom(0.01)
    for _ in range(12):
        line = line.zoom_out()
    assert line.whole


def test_stepping_out_of_the_window_slides_it() -> None:
    line = Timeline.over(0, 100).show(0, 10).jump(10).step(1)
    assert (line.t0, line.t1, line.cursor) == (1, 11, 11)


def test_a_window_over_the_whole_run_grows_with_it() -> None:
    assert Timeline.over(0, 10).jump(3).extended(20) == Timeline.over(0, 20).jump(3)


def test_following_takes_cursor_and_window_to_the_new_end() -> None:
    line = Timeline.over(0, 100).show(50, 100).toggle_follow().extended(130)
    assert (line.t0, line.t1, line.cursor) == (80, 130, 130)


def test_a_view_of_the_past_stays_where_it_is_while_the_run_grows() -> None:
    line = Timeline.over(0, 100).show(10, 20).jump(15)
    grown = line.extended(500)
    assert (grown.t0, grown.t1, grown.cursor) == (10, 20, 15)


def test_the_first_step_of_an_empty_run_is_shown() -> None:
    line = Timeline.over(0, -1).extended(0)
    assert (line.empty, line.cursor, line.whole) == (False, 0, True)


def test_moving_away_from_the_end_stops_following() -> None:
    line = Timeline.over(0, 100).toggle_follow()
    assert line.follow
    assert not line.step(-1).follow


def test_playback_adds_up_fractions_of_steps() -> None:
    line = Timeline.over(0, 100).to_start().toggle_play()
    for _ in range(4):
        line = line.played(0.05)
    assert line.cursor == 2


def test_playback_stops_at_the_end() -> None:
    line = Timeline.over(0, 5).to_start().toggle_play().played(60)
    assert (line.cursor, line.playing) == (5, False)


def test_playing_from_the_end_starts_over() -> None:
    line = Timeline.over(0, 5).toggle_play()
    assert (line.cursor, line.playing) == (0, True)


def test_selecting_a_transaction_brings_its_step_into_view() -> None:
    line = Timeline.over(0, 100).show(0, 10).select(4, 60)
    assert (line.selected, line.cursor) == (4, 60)
    assert line.t0 <= 60 <= line.t1


def test_speed_stays_between_its_ends() -> None:
    line = Timeline()
    for _ in range(20):
        line = line.faster()
    assert line.speed == SPEEDS[-1]
    for _ in range(20):
        line = line.slower()
    assert line.speed == SPEEDS[0]


def test_a_growing_run_leaves_room_so_that_its_axis_stands_still() -> None:
    line = Timeline.over(0, 10).toggle_follow().extended(20, horizon=599)
    assert (line.cursor, line.t0, line.t1) == (20, 0, 599)
    grown = line.extended(300, horizon=599)
    assert (grown.cursor, grown.t0, grown.t1) == (300, 0, 599)


def test_a_followed_window_moves_seldom() -> None:
    line = Timeline.over(0, 400).extended(400, horizon=599).show(300, 400).toggle_follow()
    moved = line.extended(401, horizon=599)
    assert (moved.t0, moved.t1) == (326, 426)
    assert moved.extended(426, horizon=599).t1 == 426


def test_room_for_growth_goes_when_the_run_ends() -> None:
    line = Timeline.over(0, 10).extended(20, horizon=599).extended(30)
    assert (line.t1, line.end) == (30, 30)


def test_the_cursor_does_not_enter_the_room_for_growth() -> None:
    line = Timeline.over(0, 10).extended(20, horizon=599)
    assert line.jump(500).cursor == 20
