"""Driving a session: requests from outside through the control file."""

from pathlib import Path

from tests.engine.sessions import create
from tttui.engine import control
from tttui.engine.drive import drive


def test_a_request_to_stop_ends_the_drive(tmp_path: Path) -> None:
    run = create(tmp_path / "a")
    control.ask(tmp_path / "a", "stop")
    assert not drive(run, 200, max_rate=100.0)
    assert run.t < 200
    run.close("interrupted")


def test_a_paused_run_waits_until_it_may_continue(tmp_path: Path) -> None:
    run = create(tmp_path / "a")
    control.ask(tmp_path / "a", "pause")
    states: list[str] = []

    def note_and_continue() -> bool:
        state = run.frame().state
        if state == "paused" and "paused" not in states:
            control.ask(tmp_path / "a", "continue")
        states.append(state)
        return False

    assert drive(run, 200, max_rate=400.0, should_stop=note_and_continue)
    assert "paused" in states
    assert states[-1] == "running"
    run.close("completed")


def test_a_request_that_is_no_action_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "control").write_text("explode\n")
    assert control.taken(tmp_path) is None
    assert not (tmp_path / "control").exists()


def test_a_request_from_before_the_run_began_does_not_count(tmp_path: Path) -> None:
    run = create(tmp_path / "a")
    run.close("interrupted")
    control.ask(tmp_path / "a", "stop")
    from tttui.engine.session import SessionRun

    again = SessionRun.open(tmp_path / "a")
    assert drive(again, 50, max_rate=500.0)
    again.close("interrupted")
