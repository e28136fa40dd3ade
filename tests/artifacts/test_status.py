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


def said(state: str, silent: float = 0.0, **fields: Any) -> dict[str, Any]:
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
def gone() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize("state", ["queued", "running", "paused"])
def test_a_live_process_is_what_it_says(state: str) -> None:
    found = derive_status(said(state), NOW)
    assert (found.state, found.detail, found.live) == (state, "", True)


@pytest.mark.parametrize("state", ["running", "paused"])
def test_a_run_whose_process_is_gone_has_crashed(state: str, gone: int) -> None:
    found = derive_status(said(state, silent=180, pid=gone), NOW)
    assert found.state == "crashed"
    assert found.detail == f"crashed 3 min ago: process {gone} is gone"
    assert not found.live


@pytest.mark.parametrize("step", [-86400, -40, 40, 86400])
def test_a_clock_that_was_set_changes_neither_the_state_nor_how_long_ago(
    step: float, gone: int
) -> None:
    alive = said("running", process_started_at=time.time() + step)
    assert derive_status(alive, NOW + step).state == "running"
    crashed = derive_status(said("running", silent=180, pid=gone), NOW + step)
    assert crashed.detail == f"crashed 3 min ago: process {gone} is gone"


def test_an_older_file_tells_how_long_ago_by_the_time_of_day_but_nothing_below_zero(
    gone: int,
) -> None:
    raw = {"state": "running", "pid": gone, "process_started_at": 1.0, "heartbeat_at": NOW - 180}
    assert derive_status(raw, NOW).detail.startswith("crashed 3 min ago")
    assert derive_status(raw, NOW - 500).detail.startswith("crashed 0 s ago")


def test_an_older_file_names_its_process_by_the_time_at_which_it_started() -> None:
    old = {k: own_process()[k] for k in ("pid", "host", "process_started_at")}
    raw = {**old, "state": "running", "heartbeat_at": NOW}
    assert derive_status(raw, NOW).state == "running"
    assert derive_status({**raw, "process_started_at": 5.0}, NOW).state == "crashed"


def test_a_queued_run_waits_without_a_process(gone: int) -> None:
    found = derive_status(said("queued", silent=9e6, pid=gone), NOW)
    assert (found.state, found.detail) == ("queued", "")


def test_another_process_with_the_same_id_is_not_the_run() -> None:
    assert derive_status(said("running", process_start_ticks=5), NOW).state == "crashed"


@pytest.mark.parametrize("state", ["completed", "failed", "interrupted"])
def test_a_run_that_ended_stays_what_it_was(state: str, gone: int) -> None:
    assert derive_status(said(state, silent=9e6, pid=gone), NOW).state == state


def test_a_failure_carries_its_reason() -> None:
    assert derive_status(said("failed", error="disk full"), NOW).detail == "failed: disk full"


def test_a_process_that_stopped_reporting_is_stalled() -> None:
    found = derive_status(said("running", silent=40), NOW)
    assert found.state == "stalled"
    assert found.detail.startswith("stalled 40 s ago")


def test_a_paused_process_may_be_silent() -> None:
    assert derive_status(said("paused", silent=4000), NOW).state == "paused"


@pytest.mark.parametrize("behind", [-1e6, -40, 0, 40, 1e6])
def test_a_run_elsewhere_lives_while_its_heartbeat_moves_however_its_clock_goes(
    behind: float, clock: list[float]
) -> None:
    watch = HeartbeatWatch()
    for beat in range(3):
        raw = said("running", **ELSEWHERE, beat=beat, heartbeat_at=NOW + clock[0] - behind)
        assert derive_status(raw, NOW + clock[0], watch).state == "running"
        clock[0] += STALE_S - 1


def test_a_run_elsewhere_is_stalled_once_its_heartbeat_was_not_seen_to_move_for_long(
    clock: list[float],
) -> None:
    raw, watch = said("running", **ELSEWHERE, beat=8), HeartbeatWatch()
    first = derive_status(raw, NOW, watch)
    assert first.state == "running"
    assert first.detail == "running on elsewhere, no heartbeat seen yet"
    clock[0] += STALE_S + 5
    found = derive_status(raw, NOW, watch)
    assert found.state == "stalled"
    assert found.detail == "stalled: no heartbeat from elsewhere in 20 s"


def test_a_heartbeat_that_was_seen_to_move_leaves_no_doubt() -> None:
    watch = HeartbeatWatch()
    derive_status(said("running", **ELSEWHERE, beat=1), NOW, watch)
    found = derive_status(said("running", **ELSEWHERE, beat=2), NOW, watch)
    assert found.detail == "running on elsewhere"


def test_a_run_in_another_container_is_judged_by_its_heartbeat_not_by_its_process_id() -> None:
    other = {"pid": 7, "pid_namespace": 1}
    assert derive_status(said("running", **other), NOW).state == "running"
    found = derive_status(said("running", silent=40, **other), NOW)
    assert (found.state, found.runs_here) == ("stalled", False)
    assert "another container" in found.detail


def test_a_machine_that_restarted_or_has_a_namesake_is_not_taken_for_this_one() -> None:
    found = derive_status(said("running", boot_id="another"), NOW)
    assert (found.state, found.runs_here) == ("running", False)
    assert "before it restarted, or another machine of that name" in found.detail


@pytest.mark.parametrize("pid", [-1, 0, 1, 2**40, 2**80])
@pytest.mark.parametrize("namespace", [None, INITIAL_PID_NAMESPACE])
def test_an_id_that_is_no_run_s_is_no_process_of_ours(pid: int, namespace: int | None) -> None:
    raw = {"state": "running", "pid": pid, "heartbeat_at": NOW, "pid_namespace": namespace}
    assert not derive_status(raw, NOW).runs_here


@pytest.mark.parametrize("raw", [{}, {"state": 5}, {"state": "dancing"}])
def test_an_unknown_state_is_unknown(raw: dict[str, Any]) -> None:
    assert derive_status(raw, NOW).state == "unknown"


def test_a_heartbeat_from_the_future_is_no_alarm() -> None:
    assert derive_status(said("running", silent=-500), NOW).state == "running"


def test_own_process_is_this_one() -> None:
    assert own_process()["pid"] == os.getpid()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3, "3 s ago"), (180, "3 min ago"), (7200, "2 h ago"), (864000, "10 days ago")],
)
def test_ages_are_plain_words(seconds: float, text: str) -> None:
    assert ago(seconds) == text
