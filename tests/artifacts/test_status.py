"""What a run is really doing, whatever its status.json still says."""

import os
import subprocess
import sys
import time
from typing import Any

import pytest

from tttui.artifacts.processes import INITIAL_PID_NAMESPACE, boottime, own_process
from tttui.artifacts.status import STALE_S, HeartbeatWatch, ago, derive_status

NOW = 1_000_000.0

ELSEWHERE: dict[str, Any] = {"host": "elsewhere", "boot_id": "another", "pid": 7}


def status_keys(state: str, silent: float = 0.0, **fields: Any) -> dict[str, Any]:
    """What this process would write, had it been silent for some seconds."""
    beat = {"heartbeat_at": NOW - silent, "heartbeat_boottime": boottime() - silent}
    return {**own_process(), "state": state, **beat, **fields}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock, to be set forward by adding to its only element."""
    now = [time.monotonic()]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


@pytest.fixture(scope="module")
def ended_pid() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize("state", ["queued", "running", "paused"])
def test_a_live_process_is_what_it_says(state: str) -> None:
    result = derive_status(status_keys(state), NOW)
    assert (result.state, result.detail, result.live) == (state, "", True)


@pytest.mark.parametrize("state", ["running", "paused"])
def test_a_run_whose_process_is_gone_has_crashed(state: str, ended_pid: int) -> None:
    result = derive_status(status_keys(state, silent=180, pid=ended_pid), NOW)
    assert result.state == "crashed"
    assert result.detail == f"crashed 3 min ago: process {ended_pid} is gone"
    assert not result.live


@pytest.mark.parametrize("step", [-86400, -40, 40, 86400])
def test_a_clock_that_was_set_changes_neither_the_state_nor_how_long_ago(
    step: float, ended_pid: int
) -> None:
    alive = status_keys("running", process_started_at=time.time() + step)
    assert derive_status(alive, NOW + step).state == "running"
    crashed = derive_status(status_keys("running", silent=180, pid=ended_pid), NOW + step)
    assert crashed.detail == f"crashed 3 min ago: process {ended_pid} is gone"


def test_an_older_file_tells_how_long_ago_by_the_time_of_day_but_nothing_below_zero(
    ended_pid: int,
) -> None:
    raw = {
        "state": "running",
        "pid": ended_pid,
        "process_started_at": 1.0,
        "heartbeat_at": NOW - 180,
    }
    assert derive_status(raw, NOW).detail.startswith("crashed 3 min ago")
    assert derive_status(raw, NOW - 500).detail.startswith("crashed 0 s ago")


def test_an_older_file_names_its_process_by_the_time_at_which_it_started() -> None:
    old = {k: own_process()[k] for k in ("pid", "host", "process_started_at")}
    raw = {**old, "state": "running", "heartbeat_at": NOW}
    assert derive_status(raw, NOW).state == "running"
    assert derive_status({**raw, "process_started_at": 5.0}, NOW).state == "crashed"


def test_a_queued_run_waits_without_a_process(ended_pid: int) -> None:
    result = derive_status(status_keys("queued", silent=9e6, pid=ended_pid), NOW)
    assert (result.state, result.detail) == ("queued", "")


def test_another_process_with_the_same_id_is_not_the_run() -> None:
    assert derive_status(status_keys("running", process_start_ticks=5), NOW).state == "crashed"


@pytest.mark.parametrize("state", ["completed", "failed", "interrupted"])
def test_a_run_that_ended_stays_what_it_was(state: str, ended_pid: int) -> None:
    assert derive_status(status_keys(state, silent=9e6, pid=ended_pid), NOW).state == state


def test_a_failure_carries_its_reason() -> None:
    assert (
        derive_status(status_keys("failed", error="disk full"), NOW).detail == "failed: disk full"
    )


def test_a_process_that_stopped_reporting_is_stalled() -> None:
    result = derive_status(status_keys("running", silent=40), NOW)
    assert result.state == "stalled"
    assert result.detail.startswith("stalled 40 s ago")


def test_a_paused_process_may_be_silent() -> None:
    assert derive_status(status_keys("paused", silent=4000), NOW).state == "paused"


@pytest.mark.parametrize("behind", [-1e6, -40, 0, 40, 1e6])
def test_a_run_elsewhere_lives_while_its_heartbeat_moves_however_its_clock_goes(
    behind: float, clock: list[float]
) -> None:
    watch = HeartbeatWatch()
    for beat in range(3):
        raw = status_keys("running", **ELSEWHERE, beat=beat, heartbeat_at=NOW + clock[0] - behind)
        assert derive_status(raw, NOW + clock[0], watch).state == "running"
        clock[0] += STALE_S - 1


def test_a_run_elsewhere_is_stalled_once_its_heartbeat_was_not_seen_to_move_for_long(
    clock: list[float],
) -> None:
    raw, watch = status_keys("running", **ELSEWHERE, beat=8), HeartbeatWatch()
    first = derive_status(raw, NOW, watch)
    assert first.state == "running"
    assert first.detail == "running on elsewhere, no heartbeat seen yet"
    clock[0] += STALE_S + 5
    result = derive_status(raw, NOW, watch)
    assert result.state == "stalled"
    assert result.detail == "stalled: no heartbeat from elsewhere in 20 s"


def test_a_heartbeat_that_was_seen_to_move_leaves_no_doubt() -> None:
    watch = HeartbeatWatch()
    derive_status(status_keys("running", **ELSEWHERE, beat=1), NOW, watch)
    result = derive_status(status_keys("running", **ELSEWHERE, beat=2), NOW, watch)
    assert result.detail == "running on elsewhere"


def test_a_run_in_another_container_is_judged_by_its_heartbeat_not_by_its_process_id() -> None:
    other = {"pid": 7, "pid_namespace": 1}
    assert derive_status(status_keys("running", **other), NOW).state == "running"
    result = derive_status(status_keys("running", silent=40, **other), NOW)
    assert (result.state, result.runs_here) == ("stalled", False)
    assert "another container" in result.detail


def test_a_machine_that_restarted_or_has_a_namesake_is_not_taken_for_this_one() -> None:
    result = derive_status(status_keys("running", boot_id="another"), NOW)
    assert (result.state, result.runs_here) == ("running", False)
    assert "before it restarted, or another machine of that name" in result.detail


@pytest.mark.parametrize("pid", [-1, 0, 1, 2**40, 2**80])
@pytest.mark.parametrize("namespace", [None, INITIAL_PID_NAMESPACE])
def test_an_id_that_is_no_run_s_is_no_process_of_ours(pid: int, namespace: int | None) -> None:
    raw = {"state": "running", "pid": pid, "heartbeat_at": NOW, "pid_namespace": namespace}
    assert not derive_status(raw, NOW).runs_here


@pytest.mark.parametrize("raw", [{}, {"state": 5}, {"state": "dancing"}])
def test_an_unknown_state_is_unknown(raw: dict[str, Any]) -> None:
    assert derive_status(raw, NOW).state == "unknown"


def test_a_heartbeat_from_the_future_is_no_alarm() -> None:
    assert derive_status(status_keys("running", silent=-500), NOW).state == "running"


def test_own_process_is_this_one() -> None:
    assert own_process()["pid"] == os.getpid()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3, "3 s ago"), (180, "3 min ago"), (7200, "2 h ago"), (864000, "10 days ago")],
)
def test_ages_are_plain_words(seconds: float, text: str) -> None:
    assert ago(seconds) == text
