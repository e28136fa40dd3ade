"""Steering a run that a process of its own executes, from the app, by keys."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

import tttui.store.run
from tests.app.conftest import Driver, OpenApp
from tests.live import alive, end, in_background, state, status
from tests.tasks.pointmass.runs.sessions import create, settings
from tests.textruns import make_text_run
from tttui.artifacts.discover import find_sessions
from tttui.artifacts.interventions import recorded
from tttui.model.errors import RefusedInput
from tttui.runs.control import ask
from tttui.screens.run_menu import value_of
from tttui.tasks.pointmass.runs.verify import verify


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture
def paused(tmp_path: Path) -> Iterator[Path]:
    """A live session that is paused at step 0."""
    with in_background(tmp_path / "a", steps=400) as directory:
        yield directory


async def choose(driver: Driver, key: str, text: str = "") -> None:
    """A command of the dialog, with the value that it asks for."""
    await driver.press("d", key)
    if text:
        await driver.press(*("space" if c == " " else "full_stop" if c == "." else c for c in text))
        await driver.press("enter")


async def test_keys_step_pause_and_continue_a_run(paused: Path, open_app: OpenApp) -> None:
    async with open_app(paused) as driver:
        assert "continue run" in driver.text()
        await driver.press("a")
        await driver.until(lambda: len(driver.data.steps) == 1, "one step")
        await driver.until(lambda: "Done: step 1" in driver.text(), "the answer")
        await driver.press("A")
        await driver.until(lambda: len(driver.data.steps) == 32, "the end of the chunk")
        await driver.press("T")
        await driver.until(lambda: len(driver.data.transactions) == 1, "a transaction")
        await driver.until(lambda: len(driver.data.steps) == 33, "the step after it")
        await driver.until(
            lambda: driver.main.run.status and driver.main.run.status.state == "paused"
        )
        ask(paused, "speed", 50)
        await driver.press("p")
        await driver.until(lambda: "● running" in driver.text(), "the run to go on")
        await driver.press("p")
        await driver.until(lambda: state(paused) == "paused", "the run to pause")


async def test_a_key_counts_from_what_the_run_was_asked_for_before(
    paused: Path, open_app: OpenApp
) -> None:
    ask(paused, "speed", 50)
    async with open_app(paused) as driver:
        driver.main.run.action_pause_run()
        driver.main.run.action_pause_run()  # before the run has answered
        driver.main.run.action_run_step()
        driver.main.run.action_pause_run()
        await driver.until(lambda: len(status(paused).get("answers", [])) == 5, "the answers")
        log = (paused / "run.log").read_text()
        told = [log.index(f": {verb}") for verb in ("continue", "pause", "step 1")]
        assert told == sorted(told)
        await driver.until(lambda: "● running" in driver.text(), "the run to go on")


async def test_changes_of_the_dialog_are_recorded_and_the_run_stays_replayable(
    paused: Path, open_app: OpenApp
) -> None:
    ask(paused, "step", 70)
    async with open_app(paused) as driver:
        await driver.until(lambda: len(driver.data.steps) == 70, "70 steps")
        await choose(driver, "m", "0.3")
        await choose(driver, "s", "lr 0.01")
        await choose(driver, "f", "chunk")
        await choose(driver, "u")
        await driver.press("home")
        await choose(driver, "b")
        await driver.until(lambda: len(recorded(paused)) == 5, "five changes")
        await choose(driver, "p")
        await driver.until(lambda: state(paused) == "completed", "the end")
    made = [(i.t, i.kind, i.value) for i in recorded(paused)]
    assert made == [
        (70, "mu", 0.3),
        (70, "settings", {"lr": 0.01}),
        (70, "fault", "chunk"),
        (70, "update", None),
        (70, "rollback", 0),
    ]
    checks = verify(find_sessions([paused])[0])
    assert [check for check in checks if check.agrees is False] == []


async def test_a_value_is_checked_while_it_is_typed(paused: Path, open_app: OpenApp) -> None:
    async with open_app(paused) as driver:
        await driver.press("d", "m", "3")
        assert "mu: 3 is not a friction between 0 and 1" in driver.text()
        await driver.press("enter")
        assert "Drive a" in driver.text()
        await driver.press("escape", "s", *"chnk", "space", "3")
        assert "'chnk' is no option" in driver.text()
        await driver.press("escape", "s", *"lr", "space")
        assert "now lr 0.02: step size" in driver.text()
        await driver.press("enter")
        assert "lr: '' is not a number" in driver.text()
        await driver.press("escape", "escape")
        assert "Drive a" not in driver.text()
    assert recorded(paused) == []


@pytest.mark.parametrize(
    ("verb", "typed", "wrong"),
    [
        ("mu", "-0.1", "is not a friction between 0 and 1"),
        ("mu", "nan", "is not a friction between 0 and 1"),
        ("step", "1.5", "is not a whole number of steps"),
        ("speed", "0", "is not a number of steps a second above 0"),
        ("set", "lr -1", "lr: -1.0 is not above 0"),
        ("set", "lr nan", "lr: nan is not finite"),
        ("set", "lr", "lr: '' is not a number"),
        ("set", "grad_norm_max 0", "grad_norm_max: 0.0 is not above 0"),
        ("set", "chunk 8", "'chunk' is no option that can change while a session runs"),
        ("set", "LR 0.1", "did you mean lr?"),
        ("set", "", "type an option and its value"),
        ("fault", "warm", "'warm' is not one of nan"),
    ],
)
def test_what_nobody_could_do_is_refused_as_it_is_typed(verb: str, typed: str, wrong: str) -> None:
    with pytest.raises(RefusedInput) as caught:
        value_of(verb, typed)
    assert wrong in str(caught.value)


async def test_what_the_run_refuses_is_noted(paused: Path, open_app: OpenApp) -> None:
    async with open_app(paused) as driver:
        await choose(driver, "u")
        await driver.until(lambda: "Refused: there is nothing to learn" in driver.text())


async def test_a_stopped_run_is_resumed_where_it_was(paused: Path, open_app: OpenApp) -> None:
    async with open_app(paused) as driver:
        await driver.press("a")
        await driver.until(lambda: len(driver.data.steps) == 1, "one step")
        await choose(driver, "x")
        await driver.until(lambda: state(paused) == "interrupted", "the run to stop")
        await driver.until(lambda: driver.main.run.resumable, "the offer to resume")
        await choose(driver, "r")
        await driver.until(lambda: state(paused) == "completed", "the run to end")
        await driver.until(lambda: paused in driver.main.run.started, "the command to end")
    assert len((paused / "per_step.csv").read_text().splitlines()) == 401


async def test_a_run_that_does_not_answer_is_named_and_left_alone(
    paused: Path, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tttui.store.run, "PATIENCE_S", 0.2)
    pid = status(paused)["pid"]
    async with open_app(paused) as driver:
        os.kill(pid, signal.SIGSTOP)
        await driver.press("p")
        await driver.until(lambda: f"process {pid} on" in driver.text(), "the complaint")
        assert "did not answer within 0.2 s" in driver.text()
    assert alive(pid)
    assert list((paused / "control").iterdir()) == []


async def test_two_apps_see_and_steer_the_same_run(paused: Path, open_app: OpenApp) -> None:
    async with open_app(paused) as one, open_app(paused) as other:
        await one.press("a")
        await other.until(lambda: len(other.data.steps) == 1, "the step of the other app")
        await other.press("a")
        await one.until(lambda: len(one.data.steps) == 2, "the second step")


async def test_a_run_that_was_killed_is_shown_as_crashed_and_can_be_resumed(
    paused: Path, open_app: OpenApp
) -> None:
    async with open_app(paused) as driver:
        await driver.press("A")
        await driver.until(lambda: len(driver.data.steps) == 32, "a chunk")
        end(paused)
        await driver.until(lambda: "crashed" in driver.text(), "the crash to be noticed")
        await choose(driver, "r")
        await driver.until(lambda: state(paused) == "completed", "the resumed run")


async def test_a_session_that_has_ended_offers_no_steering(
    tmp_path: Path, open_app: OpenApp
) -> None:
    run = create(tmp_path / "a", settings(steps=40))
    run.advance(40)
    run.close("completed")
    async with open_app(tmp_path / "a") as driver:
        assert "drive" not in driver.text()
        await driver.press("d")
        assert "Nobody runs a, it is completed" in driver.text()


async def test_the_menu_of_another_task_offers_what_its_runs_carry_out(
    tmp_path: Path, open_app: OpenApp
) -> None:
    place = make_text_run(tmp_path / "a", scored=640, status="running")
    async with open_app(place.path) as driver:
        await driver.press("d")
        assert "other options" in driver.text()
        assert not any(word in driver.text() for word in ("friction", "fault", "try an update"))
        await driver.press("s", *"whiten", "space")
        assert "'whiten' is no option that can change" in driver.text()
