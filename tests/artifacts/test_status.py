"""What a run is really doing, whatever its status.json still says."""

import os
import socket
import subprocess
import sys
from typing import Any

import pytest

from tttui.artifacts.status import ago, derive_status, own_process

NOW = 1_000_000.0


def status_of(state: str, silent: float = 0.0, **fields: Any) -> dict[str, Any]:
    return {**own_process(), "state": state, "heartbeat_at": NOW - silent, **fields}


@pytest.fixture(scope="module")
def gone() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize("state", ["queued", "running", "paused"])
def test_a_live_process_is_what_it_says(state: str) -> None:
    found = derive_status(status_of(state), NOW)
    assert (found.state, found.detail, found.live) == (state, "", True)


@pytest.mark.parametrize("state", ["running", "paused"])
def test_a_run_whose_process_is_gone_has_crashed(state: str, gone: int) -> None:
    found = derive_status(status_of(state, silent=180, pid=gone), NOW)
    assert found.state == "crashed"
    assert found.detail == f"crashed 3 min ago: process {gone} is gone"
    assert not found.live


def test_a_queued_run_waits_without_a_process(gone: int) -> None:
    found = derive_status(status_of("queued", silent=9e6, pid=gone), NOW)
    assert (found.state, found.detail) == ("queued", "")


def test_another_process_with_the_same_id_is_not_the_run() -> None:
    assert derive_status(status_of("running", process_started_at=5.0), NOW).state == "crashed"


@pytest.mark.parametrize("state", ["completed", "failed", "interrupted"])
def test_a_run_that_ended_stays_what_it_was(state: str, gone: int) -> None:
    assert derive_status(status_of(state, silent=9e6, pid=gone), NOW).state == state


def test_a_failure_carries_its_reason() -> None:
    assert derive_status(status_of("failed", error="disk full"), NOW).detail == "failed: disk full"


def test_a_process_that_stopped_reporting_is_stalled() -> None:
    found = derive_status(status_of("running", silent=40), NOW)
    assert found.state == "stalled"
    assert found.detail.startswith("stalled 40 s ago")


def test_a_paused_process_may_be_silent() -> None:
    assert derive_status(status_of("paused", silent=4000), NOW).state == "paused"


@pytest.mark.parametrize(("silent", "state"), [(5, "running"), (60, "stalled")])
def test_on_another_host_the_heartbeat_decides(silent: float, state: str) -> None:
    raw = status_of("running", silent=silent, host=f"not-{socket.gethostname()}", pid=1)
    found = derive_status(raw, NOW)
    assert found.state == state
    assert f"not-{socket.gethostname()}" in found.detail


@pytest.mark.parametrize("raw", [{}, {"state": 5}, {"state": "dancing"}])
def test_an_unknown_state_is_unknown(raw: dict[str, Any]) -> None:
    assert derive_status(raw, NOW).state == "unknown"


def test_a_heartbeat_from_the_future_is_no_alarm() -> None:
    assert derive_status(status_of("running", silent=-500), NOW).state == "running"


def test_own_process_is_this_one() -> None:
    assert own_process()["pid"] == os.getpid()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3, "3 s ago"), (180, "3 min ago"), (7200, "2 h ago"), (864000, "10 days ago")],
)
def test_ages_are_plain_words(seconds: float, text: str) -> None:
    assert ago(seconds) == text
