"""Driving a session: requests from outside are carried out, recorded and answered."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tasks.pointmass.runs.sessions import create, events, run_through, same
from tttui.artifacts.discover import find_sessions
from tttui.artifacts.interventions import recorded
from tttui.model.errors import RefusedInput
from tttui.runs.control import DIRECTORY, Inbox, Request, ask, parse, withdraw
from tttui.runs.drive import Course, drive
from tttui.tasks.pointmass.runs.session import SessionRun
from tttui.tasks.pointmass.runs.verify import verify

PATIENCE_S = 20.0


class Asker:
    """Asks for one thing after the other, each once the one before is answered and true."""

    def __init__(self, run: SessionRun, *script: tuple[Any, ...]) -> None:
        """Each of `script` is (verb, value) or a condition to wait for."""
        self.run = run
        self._script = list(script)
        self._deadline = time.monotonic() + PATIENCE_S
        self._waits_for = ""

    def __call__(self) -> bool:
        """For `should_stop`: ends the drive when the script is done."""
        assert time.monotonic() < self._deadline, (self._script, self.run.progress())
        if self._waits_for and self._waits_for not in self.answers():
            return False
        self._waits_for = ""
        if not self._script:
            return True
        step = self._script[0]
        if callable(step[0]):
            if step[0]():
                self._script.pop(0)
            return False
        self._script.pop(0)
        self._waits_for = ask(self.run.path, *step)
        return False

    def answers(self) -> dict[str, str | None]:
        return {a["id"]: a["error"] for a in status(self.run.path).get("answers", [])}

    def paused(self) -> bool:
        return bool(status(self.run.path)["state"] == "paused")


def status(directory: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((directory / "status.json").read_text())
    return document


def at(run: SessionRun, t: int) -> Callable[[], bool]:
    return lambda: run.t == t


def test_a_request_to_stop_ends_the_drive(tmp_path: Path) -> None:
    run = create(tmp_path / "a")
    ask(tmp_path / "a", "stop")
    assert not drive(run, 200, max_rate=100.0)
    assert run.t < 200
    run.close("interrupted")


def test_a_paused_run_waits_until_it_may_continue(tmp_path: Path) -> None:
    run = create(tmp_path / "a")
    asker = Asker(run, ("pause",), ("continue",))
    drive(run, 200, max_rate=400.0, should_stop=asker)
    assert status(run.path)["last_command"].startswith("continue at step")
    assert run.progress().state == "running"
    run.close("completed")


def test_a_paused_run_takes_single_steps(tmp_path: Path) -> None:
    run = create(tmp_path / "a")
    asker = Asker(run)
    asker._script = [("step", 1), (asker.paused,), (at(run, 1),), ("step", 5), (at(run, 6),)]
    drive(run, 200, paused=True, should_stop=asker)
    assert run.t == 6
    run.close("interrupted")


def test_a_run_goes_to_the_end_of_its_chunk_and_to_the_next_transaction(tmp_path: Path) -> None:
    run = create(tmp_path / "a")
    asker = Asker(run)
    asker._script = [
        ("step", 3),
        (asker.paused,),
        ("chunk",),
        (at(run, 32),),
        (asker.paused,),
        ("transaction",),
        (at(run, 33),),
        (asker.paused,),
        ("transaction",),
        (at(run, 65),),
        (asker.paused,),
    ]
    drive(run, 200, paused=True, should_stop=asker)
    run.close("interrupted")
    assert [event["t"] for event in events(run.path)] == [32, 64]


def test_changes_wait_for_the_steps_that_were_asked_for_before(tmp_path: Path) -> None:
    run = create(tmp_path / "a")
    ask(run.path, "step", 40)
    ask(run.path, "mu", 0.3)
    drive(run, 200, paused=True, should_stop=lambda: bool(run.stepper.interventions))
    assert recorded(run.path)[0].t == 40
    run.close("interrupted")


def test_a_pause_does_not_wait_for_steps(tmp_path: Path) -> None:
    run = create(tmp_path / "a")
    asker = Asker(run)
    asker._script = [("step", 100_000), ("pause",), (asker.paused,)]
    drive(run, 200_000, max_rate=500.0, paused=True, should_stop=asker)
    assert run.t < 1000
    run.close("interrupted")


CHANGES: tuple[tuple[Any, ...], ...] = (
    ("mu", 0.3),
    ("set", {"lr": 0.01, "rollback_tol": 1, "noise_std": 0.02}),
    ("update",),
    ("fault", "nan"),
    ("fault", "gradient"),
    ("fault", "mu"),
    ("fault", "chunk"),
    ("rollback", 32),
)


@pytest.mark.parametrize("change", CHANGES, ids=[str(c[:2]) for c in CHANGES])
def test_what_is_changed_live_is_recorded_and_replayed(
    tmp_path: Path, change: tuple[Any, ...]
) -> None:
    run = create(tmp_path / "a")
    run.advance(75)
    asker = Asker(run, change)
    assert not drive(run, 200, paused=True, should_stop=asker)
    assert drive(run, 200)
    run.close("completed")
    assert [(i.t, i.known_at) for i in recorded(run.path)] == [(75, 75)]
    checks = verify(find_sessions([run.path])[0])
    assert [check for check in checks if check.agrees is False] == []


def test_a_run_that_is_killed_after_a_change_goes_on_with_it(tmp_path: Path) -> None:
    whole = create(tmp_path / "whole")
    whole.advance(75)
    whole.intervene("mu", 0.3)
    whole.advance(125)
    whole.close("completed")
    run = create(tmp_path / "a")
    run.advance(75)
    drive(run, 200, paused=True, should_stop=Asker(run, ("mu", 0.3)))
    run.fail(RuntimeError("gone"))
    again = SessionRun.open(run.path)
    again.advance(200 - again.t)
    again.close("completed")
    assert same(whole.path, run.path) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("set", {"chunk": 8}), "chunk: cannot change"),
        (("set", {"lr": -1}), "lr: -1"),
        (("set", {"lr": "fast"}), "lr: 'fast' is not a number"),
        (("set", {"nonsense": 1}), "nonsense: cannot change"),
        (("rollback", 5000), "step 5000 is not in the history"),
        (("update",), "nothing to learn from"),
    ],
)
def test_a_change_that_the_session_refuses_is_answered_and_changes_nothing(
    tmp_path: Path, change: tuple[Any, ...], why: str
) -> None:
    run = create(tmp_path / "a")
    asker = Asker(run, change)
    drive(run, 200, paused=True, should_stop=asker)
    assert why in status(run.path)["last_error"]
    assert recorded(run.path) == []
    run.advance(200)
    run.close("completed")
    assert why in (run.path / "run.log").read_text()
    assert same(run_through(tmp_path / "whole"), run.path) == []


WRONG: tuple[tuple[str, Any, str], ...] = (
    ("set", {"lr": -0.01}, "lr: -0.01 is not above 0"),
    ("set", {"lr": float("nan")}, "lr: nan is no value of an option"),
    ("set", {"lr": 0.01, "rollback_tol": -1}, "rollback_tol: -1"),
    ("set", {"grad_norm_max": 0}, "grad_norm_max: 0"),
    ("set", {"state_norm_max": 1e999}, "state_norm_max: inf is no value"),
    ("set", {"inner_steps": 1.5}, "inner_steps: 1.5 is not a whole number"),
    ("set", {"momentum": 1}, "momentum: 1.0 is above"),
    ("set", {"whiten": 2}, "whiten: 2 is neither true nor false"),
    ("set", {"gate_norm": "round"}, "gate_norm: 'round' is not one of"),
    ("set", {"lr": None}, "lr: None is no value"),
    ("set", {"seed": 3}, "seed: cannot change"),
    ("set", {"typo": 3}, "typo: cannot change"),
    ("set", {}, "is not a table of options"),
    ("mu", -0.1, "mu: -0.1 is not a friction between 0 and 1"),
    ("mu", 1.5, "mu: 1.5 is not a friction"),
    ("mu", True, "mu: True is not a friction"),
    ("mu", None, "mu: None is not a friction"),
    ("rollback", 5000, "step 5000 is not in the history"),
    ("rollback", -1, "-1 is not a step"),
    ("rollback", 32.5, "32.5 is not a step"),
    ("rollback", "best", "'best' is not a step"),
    ("step", 0, "0 is not a whole number of steps above 0"),
    ("speed", -5, "-5 is not a number of steps a second above 0"),
    ("pause", 3, "pause: takes no value, but got 3"),
    ("fault", "warm", "fault: 'warm' is not one of"),
)
"""Verb, value, and what is said of it."""


def test_steps_that_were_lost_while_the_machine_slept_are_not_run_faster_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: now)
    run = create(tmp_path / "a")
    course = Course(run, 100.0, paused=False)
    steps = []
    for passed in (0.055, 0.01, 3600.0, 0.0, 0.021):
        now += passed
        course.advance(200)
        steps.append(run.t)
    run.close("interrupted")
    assert steps == [5, 6, 7, 7, 8]


def test_wrong_values_are_each_named_and_change_nothing(tmp_path: Path) -> None:
    run = create(tmp_path / "a")
    run.advance(75)
    place = run.path / DIRECTORY
    place.mkdir()
    for i, (verb, value, _) in enumerate(WRONG):
        (place / f"{i:02}.json").write_text(json.dumps({"verb": verb, "value": value}))
    # at their place in the session, so that all are carried out before it goes on
    assert drive(run, 200, max_rate=5000.0)
    run.close("completed")
    lines = (run.path / "run.log").read_text().splitlines()
    for verb, value, why in WRONG:
        assert any("WARNING" in line and why in line for line in lines), (verb, value, why)
    assert recorded(run.path) == []
    assert same(run_through(tmp_path / "whole"), run.path) == []


BAD = {
    "0-empty.json": b"",
    "1-text.json": b"explode\n",
    "2-list.json": b"[1, 2]",
    "3-verb.json": b'{"verb": "explode"}',
    "4-value.json": b'{"verb": "mu", "value": "NaN"}',
    "5-nan.json": b'{"verb": "mu", "value": NaN}',
    "6-huge.json": b'{"verb": "step", "value": 1e999}',
    "7-deep.json": b"[" * 60_000,
    "8-long.json": b" " * 200_000,
    "9-bytes.json": bytes(range(128, 256)),
}


def test_bad_files_are_named_and_change_nothing(tmp_path: Path) -> None:
    run = create(tmp_path / "a")
    place = run.path / DIRECTORY
    place.mkdir(exist_ok=True)
    (place / "directory").mkdir()
    (place / "link").symlink_to("/dev/zero")
    for name, content in BAD.items():
        (place / name).write_bytes(content)
    assert drive(run, 200, max_rate=2000.0)
    run.close("completed")
    log = (run.path / "run.log").read_text()
    for name in (*BAD, "directory", "link"):
        assert log.count(f"control/{name}: ") == 1
    assert [path.name for path in place.iterdir()] == ["directory"]
    assert same(run_through(tmp_path / "whole"), run.path) == []


def test_requests_are_taken_in_the_order_in_which_they_were_made(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    asked = [ask(tmp_path, "mu", n / 100) for n in range(20)]
    taken = inbox.take()
    assert [result.id for result in taken] == asked
    assert [result.value for result in taken if isinstance(result, Request)] == [
        n / 100 for n in range(20)
    ]
    assert inbox.take() == []


def test_a_request_from_before_the_run_began_does_not_count(tmp_path: Path) -> None:
    run = create(tmp_path / "a")
    run.close("interrupted")
    ask(tmp_path / "a", "stop")
    again = SessionRun.open(tmp_path / "a")
    assert drive(again, 50, max_rate=500.0)
    again.close("interrupted")


def test_a_request_can_be_withdrawn(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    withdraw(tmp_path, ask(tmp_path, "stop"))
    assert inbox.take() == []


def test_half_a_request_is_not_seen(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    (tmp_path / DIRECTORY).mkdir()
    (tmp_path / DIRECTORY / ".1-2-3.json").write_text('{"verb": "st')
    assert inbox.take() == []


def test_an_asker_is_told_at_once_what_no_run_could_do(tmp_path: Path) -> None:
    with pytest.raises(RefusedInput, match="'warm' is not one of nan"):
        ask(tmp_path, "fault", "warm")
    assert not (tmp_path / DIRECTORY).exists()


def test_what_is_asked_reads_like_a_sentence() -> None:
    assert str(parse(b'{"verb": "set", "value": {"lr": 0.01, "noise_std": 0}}')) == (
        "set lr 0.01, noise_std 0"
    )


def test_nothing_is_written_while_a_run_is_paused(tmp_path: Path) -> None:
    from tests.tasks.pointmass.runs.sessions import settings

    run = create(tmp_path / "a", settings(checkpoint_s=0.01))
    run.advance(10)
    looks: list[bytes] = []

    def seen_often() -> bool:
        looks.append((run.path / "session" / "engine_state.pt").read_bytes())
        return len(looks) > 20

    drive(run, 200, paused=True, should_stop=seen_often)
    run.close("interrupted")
    assert (run.path / "run.log").read_text().count("checkpoint at step 10") <= 2
