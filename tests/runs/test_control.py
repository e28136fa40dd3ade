"""Who may ask a run for something, and what becomes of many requests at once."""

import json
import os
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tasks.pointmass.runs.sessions import create
from tttui.artifacts import intervention_writer
from tttui.artifacts.interventions import recorded
from tttui.artifacts.regular import read_bytes
from tttui.runs import answering, control
from tttui.runs.control import DIRECTORY, Inbox, NoRequest, ask, clear_requests
from tttui.runs.drive import drive
from tttui.tasks.pointmass.runs.session import SessionRun
from tttui.tasks.pointmass.runs.writer import RunWriter

NOBODY = 65534


@pytest.fixture(autouse=True)
def _asks_for_the_first_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process does that asks once; a process that asks often is a case of its own."""
    monkeypatch.setattr(control, "_last", (-1e9, 0))


def answers(directory: Path) -> dict[str, str | None]:
    result = json.loads((directory / "status.json").read_text()).get("answers", [])
    return {answer["id"]: answer["error"] for answer in result}


def answered(run: SessionRun, *ids: str) -> Callable[[], bool]:
    return lambda: set(ids) <= set(answers(run.path))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# Who may ask


@pytest.mark.parametrize(("umask", "wanted"), [(0o000, 0o755), (0o002, 0o755), (0o077, 0o700)])
def test_only_the_owner_may_ask_whatever_the_umask_is(
    tmp_path: Path, umask: int, wanted: int
) -> None:
    before = os.umask(umask)
    try:
        ask(tmp_path, "stop")
    finally:
        os.umask(before)
    assert mode(tmp_path / DIRECTORY) == wanted


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("only root may become another user")
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


def test_another_user_cannot_ask(open_to_all: Path) -> None:
    ask(open_to_all, "pause")
    as_nobody = (
        "import os, sys\n"
        f"os.setgid({NOBODY}), os.setuid({NOBODY})\n"
        "try: open(sys.argv[1], 'w')\n"
        "except OSError as error: print(error.strerror)\n"
    )
    wrong = open_to_all / DIRECTORY / "0.json"
    words = [sys.executable, "-c", as_nobody, str(wrong)]
    out = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert out == "Permission denied\n"


def test_what_others_could_have_written_is_refused_and_then_they_cannot(tmp_path: Path) -> None:
    run = create(tmp_path / "a")
    (run.path / DIRECTORY).mkdir()
    (run.path / DIRECTORY).chmod(0o777)
    refused = ask(run.path, "mu", 0.3)
    drive(run, 200, paused=True, should_stop=answered(run, refused))
    assert "other users could write to control/, and now cannot" in (
        answers(run.path)[refused] or ""
    )
    assert run.stepper.interventions == ()
    assert mode(run.path / DIRECTORY) == 0o755
    done = ask(run.path, "mu", 0.3)
    drive(run, 200, paused=True, should_stop=answered(run, done))
    assert answers(run.path)[done] is None
    run.close("interrupted")


def test_a_directory_of_an_older_version_is_put_right_before_anybody_asks(tmp_path: Path) -> None:
    (tmp_path / DIRECTORY).mkdir()
    (tmp_path / DIRECTORY).chmod(0o775)
    inbox = Inbox(tmp_path)
    ask(tmp_path, "stop")
    assert [result.id for result in inbox.take() if isinstance(result, NoRequest)] == []
    assert mode(tmp_path / DIRECTORY) == 0o755


def test_the_requests_of_another_user_s_directory_are_refused(open_to_all: Path) -> None:
    inbox = Inbox(open_to_all)
    id = ask(open_to_all, "stop")
    os.chown(open_to_all / DIRECTORY, NOBODY, NOBODY)
    assert inbox.take() == [
        NoRequest(id, "control/ belongs to another user; delete it and ask again")
    ]


def test_a_link_in_the_place_of_the_directory_is_refused_and_its_target_left_alone(
    tmp_path: Path,
) -> None:
    session, other = tmp_path / "a", tmp_path / "other"
    session.mkdir()
    other.mkdir()
    (other / "0.json").write_text('{"verb": "stop"}')
    (session / DIRECTORY).symlink_to(other)
    clear_requests(session)
    inbox = Inbox(session)
    (refused,) = inbox.take()
    assert isinstance(refused, NoRequest)
    assert "not a directory of its own" in refused.reason
    assert inbox.take() == []
    assert (other / "0.json").exists()


# Clocks


def test_a_request_stays_behind_those_that_wait_though_the_clock_was_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time_ns
    first = ask(tmp_path, "mu", 0.1)
    monkeypatch.setattr(time, "time_ns", lambda: now() - 3_600_000_000_000)
    second = ask(tmp_path, "mu", 0.2)
    monkeypatch.setattr(control, "_last", (-1e9, 0))  # another process
    third = ask(tmp_path, "mu", 0.3)
    assert [result.id for result in Inbox(tmp_path).take()] == [first, second, third]


@pytest.mark.parametrize("at", [0, 4e9])
def test_what_was_asked_before_the_run_began_does_not_count_whatever_its_time_says(
    tmp_path: Path, at: float
) -> None:
    run = create(tmp_path / "a")
    run.close("interrupted")
    id = ask(run.path, "stop")
    os.utime(run.path / DIRECTORY / id, (at, at))
    again = SessionRun.open(run.path)
    assert "a process that has ended" in (answers(run.path)[id] or "")
    assert drive(again, 50, max_rate=500.0)
    again.close("interrupted")


@pytest.mark.parametrize("at", [0, 4e9])
def test_a_request_during_a_handover_is_carried_out_whatever_its_time_says(
    tmp_path: Path, at: float
) -> None:
    run = create(tmp_path / "a")
    run.close("queued")
    id = ask(run.path, "stop")
    os.utime(run.path / DIRECTORY / id, (at, at))
    again = SessionRun.open(run.path)
    assert not drive(again, 50, max_rate=50.0)
    again.close("interrupted")
    assert answers(run.path)[id] is None


# One owner after another


def test_a_run_that_crashed_left_requests_that_the_next_owner_refuses(tmp_path: Path) -> None:
    run = create(tmp_path / "a")
    changed, stopped = ask(run.path, "mu", 0.3), ask(run.path, "stop")
    run._release()  # as a killed process does: status.json still says that it runs
    again = SessionRun.open(run.path)
    assert "ask again" in (answers(run.path)[changed] or "")
    assert "ask again" in (answers(run.path)[stopped] or "")
    assert "ask again" in (run.path / "run.log").read_text()
    assert drive(again, 50)
    assert again.stepper.interventions == ()
    again.close("interrupted")


@pytest.mark.parametrize("state", ["completed", "interrupted"])
def test_what_a_run_did_not_come_to_before_its_end_is_refused(tmp_path: Path, state: str) -> None:
    run = create(tmp_path / "a")
    asked = [ask(run.path, "step", 9), ask(run.path, "mu", 0.3)]
    # It has taken both, and is still stepping when it ends; the third it never took.
    drive(run, 200, paused=True, max_rate=1.0, should_stop=lambda: run.state == "running")
    asked.append(ask(run.path, "set", {"lr": 0.01}))
    run.close(state)
    said = answers(run.path)
    assert said[asked[0]] is None
    assert [said[id] for id in asked[1:]] == [
        f"the run was {state} at step {run.t} before it came to this, which was not done"
    ] * 2
    assert os.listdir(run.path / DIRECTORY) == []


def test_a_run_that_fails_refuses_what_waits(tmp_path: Path) -> None:
    run = create(tmp_path / "a")
    id = ask(run.path, "mu", 0.3)
    run.fail(RuntimeError("broken"))
    assert (answers(run.path)[id] or "").startswith("the run failed at step 0")


def test_a_handover_refuses_what_was_taken_and_keeps_what_waits(tmp_path: Path) -> None:
    run = create(tmp_path / "a")
    asked = [ask(run.path, "step", 9), ask(run.path, "mu", 0.3)]
    drive(run, 200, paused=True, max_rate=1.0, should_stop=lambda: run.state == "running")
    waits = ask(run.path, "pause")
    run.close("queued")
    assert (answers(run.path)[asked[1]] or "").startswith("the run was handed over")
    again = SessionRun.open(run.path)
    drive(again, 50, max_rate=1.0, should_stop=answered(again, waits))
    assert answers(run.path)[waits] is None
    assert again.state == "paused"
    again.close("interrupted")


def test_the_next_owner_repeats_the_answers_of_the_one_before(tmp_path: Path) -> None:
    run = create(tmp_path / "a")
    id = ask(run.path, "mu", 0.3)
    drive(run, 200, paused=True, should_stop=answered(run, id))
    run.close("queued")
    again = SessionRun.open(run.path)
    assert answers(run.path) == {id: None}
    again.close("interrupted")


def test_what_is_withdrawn_while_it_is_read_is_not_carried_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox, id = Inbox(tmp_path), ask(tmp_path, "stop")

    def read_and_withdraw(path: Path, largest: int) -> bytes:
        content = read_bytes(path, largest)
        assert control.withdraw(tmp_path, id)
        return content

    monkeypatch.setattr("tttui.runs.control.read_bytes", read_and_withdraw)
    assert inbox.take() == []


def test_what_was_taken_can_no_longer_be_withdrawn(tmp_path: Path) -> None:
    pending = control.Pending.leave(tmp_path, [("mu", 0.1), ("mu", 0.2)], 1.0)
    assert len(Inbox(tmp_path).take()) == 2
    assert not pending.withdraw()
    assert pending.withdraw({request.id: "" for request in pending.requests})


# Many at once


def count_writes(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What is written to status.json from here on."""
    written: list[dict[str, Any]] = []
    write = RunWriter.status

    def status(self: RunWriter, **fields: Any) -> None:
        written.append(fields)
        write(self, **fields)

    monkeypatch.setattr(RunWriter, "status", status)
    return written


def test_many_requests_at_once_are_all_answered_in_order_with_few_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "SAY_S", 1e9)
    monkeypatch.setattr("tttui.runs.heartbeat.HEARTBEAT_S", 1e9)
    monkeypatch.setattr("tttui.runs.heartbeat.PAUSED_S", 1e9)
    run = create(tmp_path / "a")
    run.advance(40)
    asked = [ask(run.path, "mu", n / 1000) for n in range(300)]
    syncs: list[Path] = []
    monkeypatch.setattr(intervention_writer, "sync", syncs.append)
    written = count_writes(monkeypatch)
    drive(run, 200, paused=True, should_stop=answered(run, *asked))
    assert [i.value for i in recorded(run.path)] == [n / 1000 for n in range(300)]
    assert list(answers(run.path).values()) == [None] * 300
    # once for the pause, once for the first answer, once for all others
    assert len(written) == 3
    assert len(syncs) == 2
    run.close("interrupted")


def test_many_steps_at_once_are_taken_one_after_the_other(tmp_path: Path) -> None:
    run = create(tmp_path / "a")
    asked = [ask(run.path, "step", 1) for _ in range(100)]
    drive(run, 200, paused=True, should_stop=answered(run, *asked))
    drive(run, 200, paused=True, should_stop=lambda: run.t == 100)
    run.close("interrupted")


def test_a_pause_behind_many_steps_does_not_wait_for_them(tmp_path: Path) -> None:
    run = create(tmp_path / "a")
    ask(run.path, "step", 100)
    id = ask(run.path, "pause")
    drive(run, 200, paused=True, max_rate=1.0, should_stop=answered(run, id))
    assert run.t < 100
    run.close("interrupted")


def test_no_more_than_so_many_are_taken_before_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "MOST", 3)
    inbox = Inbox(tmp_path)
    asked = [ask(tmp_path, "pause") for _ in range(7)]
    taken = [[result.id for result in inbox.take()] for _ in range(4)]
    assert taken == [asked[:3], asked[3:6], asked[6:], []]


def test_answers_are_kept_for_everybody_who_waits_and_then_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create(tmp_path / "a")
    asked = [ask(run.path, "pause") for _ in range(100)]
    drive(run, 200, paused=True, should_stop=answered(run, *asked))
    now = time.monotonic() + answering.KEPT_S + 1.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    run.keep_alive()
    assert list(answers(run.path)) == asked[-answering.ANSWERS :]
    run.close("interrupted")


def test_the_disk_has_a_change_before_it_is_answered_and_before_a_step_shows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create(tmp_path / "a")
    run.advance(40)
    id = ask(run.path, "set", {"lr": 0.01})
    seen: list[tuple[bool, int]] = []
    sync = intervention_writer.sync

    def syncing(directory: Path) -> None:
        seen.append((id in answers(run.path), run.t))
        sync(directory)

    monkeypatch.setattr(intervention_writer, "sync", syncing)
    drive(run, 200, paused=True, should_stop=answered(run, id))
    run.intervene("mu", 0.3)
    run.advance(1)
    run.close("interrupted")
    assert seen == [(False, 40), (True, 40)]
    meta = json.loads((run.path / "session" / "meta.json").read_text())
    assert meta["settings_changes"] == [{"t": 40, "lr": 0.01}]
