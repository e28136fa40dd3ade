"""Commands whose stdin, stdout or stderr is closed, full or no longer read."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rundirs import make_run

TTTUI = f"{sys.executable} -m tttui"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("root")
    make_run(root / "runs" / "a", steps=40)
    return root


def shell(root: Path, line: str) -> "subprocess.CompletedProcess[str]":
    """Run a line in bash in which TTTUI stands for the command."""
    if shutil.which("bash") is None:
        pytest.skip("bash is not installed")
    line = line.replace("TTTUI", TTTUI)
    return subprocess.run(
        ["bash", "-c", line], cwd=root, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(("command", "code"), [("show a", 0), ("show b", 2)])
def test_a_closed_stream_takes_nothing_and_stops_nothing(
    root: Path, closed: str, command: str, code: int
) -> None:
    done = shell(root, f"TTTUI {command} {closed}")
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") <= 1


def test_what_is_printed_into_a_closed_stream_lands_in_no_file(root: Path) -> None:
    done = shell(root, "TTTUI run --name r --steps 40 --seed 5 <&- >&- 2>&-")
    assert done.returncode == 0
    head, *rows = (root / "runs" / "r" / "per_step.csv").read_text().splitlines()
    assert head.startswith("t,")
    assert [row.split(",")[0] for row in rows] == [str(t) for t in range(40)]
    assert b"updates committed" not in (root / "runs" / "r" / "run.lock").read_bytes()


@pytest.mark.parametrize("command", ["", "demo"])
def test_the_app_without_a_keyboard_says_what_it_needs(root: Path, command: str) -> None:
    done = shell(root, f"TTTUI {command} <&-")
    assert done.returncode == 2
    assert "terminal" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [["show", "a"], ["--help"]])
def test_a_reader_that_has_seen_enough_is_no_error(root: Path, words: list[str]) -> None:
    command = [sys.executable, "-m", "tttui", *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=root, stdout=pipe, stderr=pipe) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("command", ["ls", "--help"])
def test_a_full_disk_under_the_output_is_one_line(root: Path, command: str) -> None:
    done = shell(root, f"TTTUI {command} > /dev/full")
    assert done.returncode == 1
    assert done.stderr == "error: the output cannot be written: No space left on device\n"
