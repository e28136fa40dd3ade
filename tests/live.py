"""Sessions that run in processes of their own, for tests of what watches and steers them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.tasks.pointmass.runs.sessions import create, settings
from tttui.artifacts.processes import Process

PATIENCE_S = 60.0


def wait_until(condition: Callable[[], object]) -> None:
    """Look until the condition holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def status(directory: Path) -> dict[str, Any]:
    """status.json as it stands; empty before there is one."""
    try:
        document: dict[str, Any] = json.loads((directory / "status.json").read_text())
    except (OSError, ValueError):
        return {}
    return document


def state(directory: Path) -> str:
    return str(status(directory).get("state"))


def alive(pid: int) -> bool:
    return Process(pid).runs()


TTTUI = (sys.executable, "-m", "tttui")


@contextmanager
def in_background(
    directory: Path, *more: str, program: Sequence[str] = TTTUI, **values: Any
) -> Iterator[Path]:
    """A session that a process of its own runs, begun paused; ended at the end.

    `program` is what runs tttui, where that is not this machine as it is.
    """
    create(directory, settings(**values)).close("queued")
    process = subprocess.Popen(
        [*program, "resume", str(directory), "--quiet", "--paused", *more],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    try:
        wait_until(lambda: state(directory) == "paused")
        yield directory
    finally:
        end(directory)
        process.kill()
        process.wait()


def end(directory: Path) -> None:
    """Kill whatever process holds the session, wherever it came from."""
    process = Process.of(status(directory))
    if process.pid is not None and process.is_here and not process.is_this and process.runs():
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        wait_until(lambda: not process.runs())
