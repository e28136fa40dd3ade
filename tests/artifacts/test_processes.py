"""Whether a process that described itself still runs."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import wait_until
from tttui.artifacts import processes
from tttui.artifacts.processes import (
    INITIAL_PID_NAMESPACE,
    Process,
    boottime,
    own_process,
    this_process,
)


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process that lives until it is killed."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


@pytest.fixture(params=["with /proc", "without /proc"])
def _proc(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The system as it is, and one that has no /proc."""
    if request.param == "without /proc":
        monkeypatch.setattr(processes, "PROC", Path("/nowhere"))
    processes._this_process.cache_clear()
    yield
    processes._this_process.cache_clear()


@pytest.mark.usefixtures("_proc")
def test_this_process_runs_here() -> None:
    me = Process.of(own_process())
    assert (me.pid, me.host) == (os.getpid(), socket.gethostname())
    assert me.is_here
    assert me.is_this
    assert me.runs()


@pytest.mark.usefixtures("_proc")
def test_one_that_started_at_another_time_is_another() -> None:
    said = own_process()
    other = {**said, "process_start_ticks": 1, "process_started_at": 1.0}
    if "process_start_ticks" not in said:
        del other["process_start_ticks"]
    assert not Process.of(other).runs()
    assert not Process.of(other).is_this


@pytest.mark.usefixtures("_proc")
def test_a_zombie_does_not_run(child: subprocess.Popen[bytes]) -> None:
    assert Process(child.pid).runs()
    child.kill()
    wait_until(lambda: not Process(child.pid).runs())  # it is not waited for yet


@pytest.mark.usefixtures("_proc")
@pytest.mark.parametrize("pid", [-1, 0, 1, 2**22 + 1, 2**31, 2**70])
def test_no_run_has_such_an_id(pid: int) -> None:
    assert not Process.of({**own_process(), "pid": pid}).runs()


@pytest.mark.skipif(sys.platform != "linux", reason="Linux has the namespace")
def test_the_number_of_the_machine_s_own_namespace_is_the_kernel_s() -> None:
    kernel = Path("/proc/2/comm")
    if not kernel.exists() or kernel.read_text() != "kthreadd\n":
        pytest.skip("this is a container")
    assert this_process().pid_namespace == INITIAL_PID_NAMESPACE


def test_an_older_description_names_a_process_by_host_and_start() -> None:
    old = {k: own_process()[k] for k in ("pid", "host", "process_started_at")}
    assert Process.of(old).is_this
    assert Process.of(old).runs()
    assert not Process.of({**old, "process_started_at": 5.0}).runs()
    assert not Process.of({**old, "host": "elsewhere"}).is_here


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the ticks")
def test_a_clock_that_is_set_makes_it_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    said, now = own_process(), time.time
    monkeypatch.setattr(time, "time", lambda: now() + 3600)
    assert Process.of({**said, "process_started_at": said["process_started_at"] - 3600}).runs()


@pytest.mark.parametrize("field", ["host", "boot_id", "pid_namespace"])
def test_an_id_counts_only_where_everything_else_agrees(field: str) -> None:
    said = {**own_process(), field: 1 if field == "pid_namespace" else "another"}
    assert not Process.of(said).is_here
    assert not Process.of(said).is_this


@pytest.mark.parametrize("words", [["--pid", "--fork"], ["--pid", "--fork", "--mount-proc"]])
def test_a_process_in_a_namespace_of_its_own_knows_itself_and_is_not_from_here(
    words: list[str],
) -> None:
    """Also where /proc is still that of the machine, and counts processes otherwise."""
    code = (
        "from tttui.artifacts.processes import Process, own_process\n"
        "me = Process.of(own_process())\n"
        "print(me.pid, me.is_here, me.is_this, me.runs(), me.pid_namespace)\n"
    )
    command = ["unshare", *words, "--kill-child", sys.executable, "-c", code]
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        pytest.skip("there is no unshare here")
    if result.returncode != 0:
        pytest.skip(f"no namespaces here: {result.stderr}")
    pid, here, this, runs, namespace = result.stdout.split()
    assert (pid, here, this, runs) == ("1", "True", "True", "True")
    assert int(namespace) not in (this_process().pid_namespace, INITIAL_PID_NAMESPACE)


def test_the_clock_since_the_boot_goes_on() -> None:
    before = boottime()
    wait_until(lambda: boottime() > before)
