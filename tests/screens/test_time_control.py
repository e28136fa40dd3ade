"""The commands that move the Timeline, without a screen."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.rundirs import make_run
from tttui.artifacts.reader import SessionReader
from tttui.model.session import Place, SessionData
from tttui.model.start import StartView
from tttui.model.timeline import Timeline
from tttui.panes.view import Choices
from tttui.screens.state import ScreenState
from tttui.screens.time_control import TimeControl
from tttui.store import Snapshot


class Clock:
    """What calls the replay at intervals, by hand."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []

    def every(self, seconds: float, call: Callable[[], None]) -> "Clock":
        assert 0 < seconds < 0.2
        self.calls.append(call)
        return self

    def stop(self) -> None:
        self.calls.clear()


class Parts:
    """A TimeControl over a state, with what it said and how often something was to be drawn."""

    def __init__(self, path: Path) -> None:
        data = SessionReader(make_run(path, steps=640)).refresh()
        last = int(data.steps.t[-1])
        self.state = ScreenState("overview", Snapshot(data=data), Timeline.over(0, last))
        self.said: list[str] = []
        self.drawn, self.clock = 0, Clock()
        self.control = TimeControl(self.state, self.draw, self.said.append, self.clock.every)  # type: ignore[arg-type]

    def draw(self) -> None:
        self.drawn += 1


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return Parts(tmp_path / "a")


def test_only_a_timeline_that_is_another_one_is_drawn(parts: Parts) -> None:
    parts.control.move(replace(parts.state.timeline))
    assert parts.drawn == 0
    parts.control.action_step(-3)
    assert (parts.drawn, parts.state.timeline.cursor) == (1, 636)


def test_whoever_moves_gives_up_the_view_that_has_yet_to_come(parts: Parts) -> None:
    parts.state.pending = StartView(t=100_000)
    parts.control.action_first()
    assert parts.state.pending is None


def test_transactions_are_stepped_through_as_they_are_filtered(parts: Parts) -> None:
    data = parts.state.data
    assert data is not None
    events = data.transactions
    rolled = frozenset({"rollback_loss_regression"})
    parts.state.choices = Choices(statuses=rolled)
    parts.control.action_first()
    visited = []
    while not parts.said:
        parts.control.action_transaction(1)
        visited.append(parts.state.timeline.selected)
    assert parts.said == ["No later transaction."]
    wanted = [i for i in range(len(events)) if events[i].status in rolled]
    assert visited[:-1] == wanted != []
    assert int(events.t[wanted[-1]]) == parts.state.timeline.cursor


def test_a_run_without_transactions_says_so(parts: Parts) -> None:
    parts.state.snapshot = Snapshot(data=SessionData(Place(Path("none"), "native")))
    parts.control.action_transaction(1)
    assert parts.said == ["This run has no transactions."]


def test_a_replay_moves_the_cursor_until_it_is_paused_or_at_its_end(parts: Parts) -> None:
    parts.control.action_first()
    parts.control.action_play()
    assert parts.control.playing
    assert len(parts.clock.calls) == 1
    parts.control.action_play()
    assert not parts.control.playing
    assert parts.clock.calls == []
    parts.control.action_play()
    for _ in range(12):
        parts.control.action_speed(1)
    while parts.control.playing:
        parts.control._played_at -= 10.0  # the clock goes on
        parts.clock.calls[0]()
    assert parts.state.timeline.at_end
    assert not parts.state.timeline.playing


def test_a_chosen_scale_is_remembered_as_chosen(parts: Parts) -> None:
    assert not parts.state.choices.log_chosen
    before = parts.state.timeline.log
    parts.control.action_log()
    assert parts.state.choices.log_chosen
    assert parts.state.timeline.log is not before
