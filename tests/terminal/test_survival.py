"""A run that was started in the app outlives its terminal, the connection and the app."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from tests.live import alive, end, state, status, wait_until
from tests.tasks.pointmass.runs.sessions import create, run_through, same, settings
from tests.terminal.harness import PtyProgram
from tests.terminal.loopback import environment, serving
from tttui.artifacts.discover import find_sessions
from tttui.artifacts.status import status_of
from tttui.runs.control import ask

COMMAND = [sys.executable, "-m", "tttui"]

CHOSEN = settings(seed=0, steps=300, noise_std=0.0, checkpoint_s=2.0)
"""What the form starts where only the name, the steps and the speed are typed."""


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "runs"
    path.mkdir()
    yield path
    for place in find_sessions([path]):
        end(place.path)


class Way(NamedTuple):
    """How a run loses the app that it was started with."""

    command: list[str]
    """Runs the app."""
    cut: Callable[[PtyProgram, psutil.Process], None]
    """Gets the program in the pty and the process of the app."""


def app_command(root: Path) -> list[str]:
    """The app on a root of its own."""
    root.mkdir()
    return [*COMMAND, str(root)]


def start_all(programs: Iterable[PtyProgram]) -> None:
    """Start a session with the form of each app, side by side, so slow that none of them is done
    before all the apps have shown it."""
    for program in programs:
        program.wait_for("No session found")
        program.press("n")
    for program in programs:
        program.wait_for("New session")
        program.press(*"one", *["down"] * 4, *"300", *["down"] * 10, *"2")
        program.wait_for(r"300 steps: about 2 min at 2 steps/s")
    for program in programs:
        program.press("enter")
    for program in programs:
        program.wait_for(r"one.*running")


def app_on(root: Path) -> psutil.Process:
    """The process of the app that looks at this root, wherever it was started from."""
    words = [*COMMAND, str(root)]
    return next(p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == words)


def hang_up(program: PtyProgram, _: psutil.Process) -> None:
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), program.fd)  # closes the terminal's side of the pty


def kill(program: PtyProgram, _: psutil.Process) -> None:
    os.kill(program.pid, signal.SIGKILL)


def fall_silent(program: PtyProgram, _: psutil.Process) -> None:
    os.kill(program.pid, signal.SIGSTOP)


def outlives(tmp_path: Path, root: Path, ways: Mapping[str, Way]) -> None:
    """Start a run with the form of an app for each way, take all the apps away, compare."""
    whole = run_through(tmp_path / "whole", CHOSEN)
    with ExitStack() as stack:
        programs = {
            name: stack.enter_context(PtyProgram(way.command)) for name, way in ways.items()
        }
        start_all(programs.values())
        for name in ways:  # who resumes it in the background clears what was asked before
            wait_until(lambda: " resume " in status(root / name / "one").get("command", ""))  # noqa: B023
        apps = {name: app_on(root / name) for name in ways}
        for name, way in ways.items():
            way.cut(programs[name], apps[name])
            # sshd asks a client whether it is there when it has nothing to send
            ask(root / name / "one", "pause")
        wait_until(lambda: not any(alive(app.pid) for app in apps.values()))
    sessions = {name: root / name / "one" for name in ways}
    wait_until(lambda: all(state(session) == "paused" for session in sessions.values()))
    for session in sessions.values():
        ask(session, "speed")  # without a limit
        ask(session, "continue")
    wait_until(lambda: all(state(session) == "completed" for session in sessions.values()))
    for name, session in sessions.items():
        assert same(whole, session) == [], name


@contextmanager
def resumed(session: Path, *, speed: int) -> Iterator[psutil.Popen]:
    """The session goes on in a process of its own, until the end of the block."""
    words = [*COMMAND, "resume", str(session), "--quiet", "--speed-limit", str(speed)]
    process = psutil.Popen(words, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        wait_until(
            lambda: state_now(session) != "crashed" and status(session)["pid"] == process.pid
        )
        yield process
    finally:
        process.kill()
        process.wait()


def state_now(session: Path) -> str | None:
    """What is true of the run, whatever it wrote last."""
    result = status_of(session)
    return result.state if result is not None else None


def read_until(program: PtyProgram, moment: float) -> None:
    while (left := moment - time.monotonic()) > 0 and program.status is None:
        program.pump(left)


def test_a_run_outlives_its_terminal_and_its_app(tmp_path: Path, root: Path) -> None:
    ways = {"terminal closed": hang_up, "app killed": kill}
    outlives(
        tmp_path, root, {name: Way(app_command(root / name), cut) for name, cut in ways.items()}
    )


def test_a_run_outlives_the_connection_that_the_app_was_used_over(
    tmp_path: Path, root: Path
) -> None:
    here = environment(tmp_path)
    with serving(tmp_path) as server:
        ways = {
            "client killed": kill,
            "server killed": lambda _, app: server.drop(app),
            "client silent": fall_silent,  # nobody says that it is gone: the server has to ask
        }
        outlives(
            tmp_path,
            root,
            {
                name: Way(server.command(app_command(root / name), here), cut)
                for name, cut in ways.items()
            },
        )


def test_a_run_in_the_foreground_of_a_terminal_that_is_closed_goes_on_in_the_background(
    tmp_path: Path, root: Path
) -> None:
    whole = run_through(tmp_path / "whole", CHOSEN)
    words = ["run", "--root", str(root), "--name", "one", "--steps", "300", "--checkpoint-s", "2"]
    with PtyProgram([*COMMAND, *words, "--speed-limit", "50"]) as program:
        program.wait_for(r"committed")
        hang_up(program, program.process())
        wait_until(lambda: not alive(program.pid))
    wait_until(lambda: status(root / "one")["pid"] != program.pid)
    ask(root / "one", "speed")
    wait_until(lambda: state(root / "one") == "completed")
    assert same(whole, root / "one") == []


def test_kills_of_the_run_and_of_the_app_at_random_moments_leave_no_trace(
    tmp_path: Path, root: Path
) -> None:
    chosen = settings(steps=600, checkpoint_s=0.1)
    whole = run_through(tmp_path / "whole", chosen)
    create(root / "one", chosen).close("interrupted")
    moments = random.Random(3)
    with PtyProgram([*COMMAND, str(root)]) as app:
        for killed in (("run",), ("run",), ("run", "app")):
            with resumed(root / "one", speed=50) as run:
                app.wait_for("one .*running")
                read_until(app, time.monotonic() + moments.uniform(0.0, 0.3))
                for which in killed:
                    (run if which == "run" else app.process()).kill()
                wait_until(lambda: state_now(root / "one") == "crashed")
            if "app" not in killed:
                app.wait_for("one .*crashed")
    with resumed(root / "one", speed=5000):
        wait_until(lambda: state(root / "one") == "completed")
    assert same(whole, root / "one") == []


def test_two_apps_steer_one_run_and_one_outlives_the_other(root: Path) -> None:
    create(root / "one", settings(steps=100_000)).close("interrupted")
    command = [*COMMAND, str(root)]
    with (
        resumed(root / "one", speed=50),
        PtyProgram(command) as first,
        PtyProgram(command) as second,
    ):
        for app in (first, second):
            app.wait_for("one .*running")
        first.press("p")
        second.wait_for("one .*paused")
        second.press("p")
        for app in (first, second):
            app.wait_for("one .*running")
        first.press("q")
        assert first.wait_exit() == 0
        second.press("p")
        second.wait_for("one .*paused")
        assert state(root / "one") == "paused"


def test_a_full_disk_is_shown_and_the_run_resumed_from_the_app(tmp_path: Path, root: Path) -> None:
    chosen = settings(steps=600, checkpoint_s=0.1)
    whole = run_through(tmp_path / "whole", chosen)
    create(root / "one", chosen).close("interrupted")
    with resumed(root / "one", speed=50), PtyProgram([*COMMAND, str(root)]) as app:
        app.wait_for("one .*running")
        app.press("d")
        app.wait_for("Drive one")
        app.press("f", *"disk")
        app.press("enter")
        app.wait_for("one .*failed")
        app.wait_for("the disk is full")
        app.press("d")
        app.wait_for("Drive one")
        app.press("r")
        wait_until(lambda: state(root / "one") == "completed")
        app.wait_for("one .*completed")
    assert same(whole, root / "one") == []
