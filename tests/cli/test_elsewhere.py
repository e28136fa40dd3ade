"""Runs in other containers and on other machines, clocks that are set, and locks that are deleted.

Containers and clocks are real namespaces of the kernel. Another machine, on a filesystem that
takes its locks to nobody else, is a process that says another host and boot and has no locks.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.live import TTTUI, in_background, state, status, wait_until
from tests.tasks.pointmass.runs.sessions import create, run_through, same, settings
from tttui.artifacts import lock
from tttui.artifacts.lock import LOCK_FILE
from tttui.artifacts.processes import own_process
from tttui.artifacts.status import status_of
from tttui.cli.main import main

CONTAINER = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
OTHER_CLOCK = ("unshare", "--time", "--boottime", "100000", "--monotonic", "100000", "--fork")

MACHINE = """
import errno, fcntl, socket, sys, time
from tttui.artifacts import processes

def flock(*_):
    raise OSError(errno.ENOLCK, "No locks available")

now, read, behind = time.time, processes._read, float(sys.argv[1])
fcntl.flock = flock
socket.gethostname = lambda: "elsewhere"
time.time = lambda: now() - behind
processes._read = lambda path: "another" if path.name == "boot_id" else read(path)
from tttui.cli.main import main
sys.exit(main(sys.argv[2:]))
"""

LONG = 10_000_000
"""Steps of a run that does not end by itself."""


def namespaces(words: Sequence[str]) -> Sequence[str]:
    """A program that runs tttui in new namespaces; skips where this user may make none."""
    try:
        made = subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        made = False
    if not made:
        pytest.skip(f"`{' '.join(words)}` is not possible here")
    return (*words, *TTTUI)


def machine(behind: float) -> Sequence[str]:
    """A program that runs tttui on another machine, whose clock is so many seconds behind."""
    return (sys.executable, "-c", MACHINE, str(behind))


@pytest.fixture
def short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer than a heartbeat takes, however busy the machine, but not by much."""
    monkeypatch.setattr(lock, "STALE_S", 8.0)


@pytest.fixture
def contained(tmp_path: Path) -> Iterator[Path]:
    with in_background(tmp_path / "a", program=namespaces(CONTAINER), steps=LONG) as run:
        yield run


def test_a_run_in_another_container_is_seen_and_steered_as_any_other(
    contained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = status_of(contained)
    assert result is not None
    assert (result.state, result.runs_here) == ("paused", False)
    assert "(another container)" in result.detail
    assert main(["continue", str(contained)]) == 0
    assert main(["resume", str(contained)]) == 2
    assert "being written by process 1 on" in capsys.readouterr().err
    assert main(["stop", str(contained)]) == 0
    assert state(contained) == "interrupted"
    assert "stop: " not in capsys.readouterr().err


def test_without_its_lock_file_a_run_in_another_container_is_not_taken_over(
    contained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (contained / LOCK_FILE).unlink()
    assert main(["resume", str(contained)]) == 2
    assert f"`tttui continue {contained}` lets it go on" in capsys.readouterr().err


def test_an_owner_elsewhere_that_does_not_answer_is_not_to_be_killed_by_a_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    create(tmp_path / "a").close("interrupted")
    theirs = {"state": "running", "host": "elsewhere", "boot_id": "another", "pid": 4242}
    said = {**status(tmp_path / "a"), **theirs}
    (tmp_path / "a" / "status.json").write_text(json.dumps(said))
    assert main(["stop", str(tmp_path / "a"), "--wait", "0.1"]) == 1
    complaint = capsys.readouterr().err
    assert "process 4242 on elsewhere did not answer within 0.1 s" in complaint
    assert "nor did its heartbeat move" in complaint
    assert "kill" not in complaint


def test_a_container_steers_a_run_outside_of_it(tmp_path: Path) -> None:
    inside = namespaces(CONTAINER)
    with in_background(tmp_path / "a", steps=LONG) as run:
        refused = subprocess.run(
            [*inside, "resume", str(run)], capture_output=True, text=True, check=False
        )
        assert refused.returncode == 2
        assert "is paused, process" in refused.stderr
        subprocess.run([*inside, "stop", str(run)], check=True, capture_output=True)
        assert state(run) == "interrupted"


def test_a_run_is_steered_from_where_the_kernel_s_clock_is_another(tmp_path: Path) -> None:
    inside = namespaces(OTHER_CLOCK)
    with in_background(tmp_path / "a", steps=LONG) as run:
        subprocess.run([*inside, "continue", str(run)], check=True, capture_output=True)
        subprocess.run([*inside, "stop", str(run)], check=True, capture_output=True)
        assert state(run) == "interrupted"


@pytest.mark.parametrize("step", [-3600.0, 40.0, 3600.0])
def test_a_run_is_steered_after_the_clock_was_set(
    tmp_path: Path, step: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time
    with in_background(tmp_path / "a", steps=LONG) as run:
        monkeypatch.setattr(time, "time", lambda: now() + step)
        for verb, wanted in (("continue", "running"), ("pause", "paused"), ("stop", "interrupted")):
            assert main([verb, str(run)]) == 0
            assert state(run) == wanted


@pytest.mark.usefixtures("short_wait")
@pytest.mark.parametrize("behind", [40.0, -1e6])
def test_a_run_on_another_machine_is_not_resumed_while_its_heart_beats(
    tmp_path: Path, behind: float, capsys: pytest.CaptureFixture[str]
) -> None:
    with in_background(tmp_path / "a", program=machine(behind), steps=LONG) as run:
        assert main(["continue", str(run)]) == 0
        assert main(["ls", str(run)]) == 0
        assert "running" in capsys.readouterr().out
        pid, before = status(run)["pid"], (run / "run.log").read_text()
        assert main(["resume", str(run)]) == 2
        complaint = capsys.readouterr().err
        assert "waiting up to 8 s to see whether" in complaint
        assert f"is being written by process {pid} on elsewhere" in complaint
        assert (run / "run.log").read_text().count("started at") == before.count("started at")
        assert main(["stop", str(run)]) == 0


def test_a_run_whose_machine_died_is_resumed_after_a_look_at_its_heartbeat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lock, "STALE_S", 0.3)
    whole = run_through(tmp_path / "whole")
    create(tmp_path / "a").close("queued")
    words = [*machine(-1e6), "resume", str(tmp_path / "a"), "--quiet", "--speed-limit", "20"]
    process = subprocess.Popen(words, env=os.environ | {"OMP_NUM_THREADS": "1"})
    wait_until(lambda: state(tmp_path / "a") == "running")
    process.kill()
    process.wait()
    assert main(["resume", str(tmp_path / "a"), "--quiet"]) == 0
    assert "waiting up to" in capsys.readouterr().err
    assert same(whole, tmp_path / "a") == []


def test_a_lock_file_that_is_deleted_under_a_run_lets_nobody_in_and_comes_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with in_background(tmp_path / "a", steps=LONG) as run:
        assert main(["continue", str(run)]) == 0
        (run / LOCK_FILE).unlink()
        assert main(["resume", str(run)]) == 2
        pid = status(run)["pid"]
        assert f"is being written by process {pid}" in capsys.readouterr().err
        wait_until(lambda: f'"pid": {pid}' in (run / LOCK_FILE).read_text())
        assert main(["resume", str(run)]) == 2


def test_a_run_that_another_machine_took_over_ends_and_writes_nothing_more(tmp_path: Path) -> None:
    create(tmp_path / "a", settings(steps=LONG)).close("queued")
    words = [*TTTUI, "resume", str(tmp_path / "a"), "--quiet", "--speed-limit", "50"]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    try:
        wait_until(lambda: state(tmp_path / "a") == "running")
        process.send_signal(signal.SIGSTOP)
        taken = {**own_process(), "host": "elsewhere", "boot_id": "another", "pid": 7}
        (tmp_path / "a" / LOCK_FILE).write_text(json.dumps(taken))
        theirs = json.dumps({**taken, "state": "running", "beat": 1})
        (tmp_path / "a" / "status.json").write_text(theirs)
        process.send_signal(signal.SIGCONT)
        _, complaint = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 1
    assert complaint.count("\n") == 1
    assert "process 7 on elsewhere has taken the session over" in complaint
    assert (tmp_path / "a" / "status.json").read_text() == theirs
    assert json.loads((tmp_path / "a" / LOCK_FILE).read_text())["pid"] == 7


def test_a_status_that_names_the_first_process_is_no_reason_to_kill_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = create(tmp_path / "a")
    run.close("interrupted")
    for pid in (0, 1):
        said = {**status(run.path), "state": "running", "pid": pid, "process_start_ticks": 1}
        (run.path / "status.json").write_text(json.dumps(said))
        assert main(["stop", str(run.path), "--wait", "0.1"]) == 2
        complaint = capsys.readouterr().err
        assert "kill" not in complaint
        assert "has crashed" in complaint
