"""A process whose working directory is gone, and a user without a home or a name."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.tasks.pointmass.runs.sessions import run_through, settings
from tttui.cli.main import main


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_through(tmp_path_factory.mktemp("runs") / "a", settings(steps=40))


@pytest.fixture
def deleted_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working directory is deleted."""
    directory = tmp_path / "gone"
    directory.mkdir()
    monkeypatch.chdir(directory)
    directory.rmdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


ABSOLUTE = [
    (["ls", "{root}"], 0),
    (["ls", "--root", "{root}", "--json"], 0),
    (["show", "a", "--root", "{root}"], 0),
    (["show", "{run}", "--json"], 0),
    (["compare", "{run}", "{run}"], 0),
    (["watch", "{run}"], 0),
    (["verify", "{run}", "--quiet"], 0),
    (["stop", "{run}"], 2),
    (["export", "{run}", "--what", "reasons", "--format", "csv"], 0),
    (["fork", "{run}", "--steps", "3", "--root", "{new}"], 0),
    (["run", "--steps", "3", "--root", "{new}"], 0),
    (["doctor", "--root", "{root}"], 0),
]

RELATIVE = [
    "ls",
    "show a",
    "show ./a",
    "compare a b",
    "run --steps 3",
    "fork a",
    "runs",
    "resume a",
]


@pytest.mark.usefixtures("deleted_directory")
@pytest.mark.parametrize(("command", "code"), ABSOLUTE, ids=lambda value: str(value))
def test_absolute_paths_work_where_the_working_directory_is_gone(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str], code: int
) -> None:
    places = {"run": run, "root": run.parent, "new": tmp_path / "new"}
    assert main([word.format_map(places) for word in command]) == code
    assert "unexpected" not in capsys.readouterr().err


@pytest.mark.usefixtures("deleted_directory")
@pytest.mark.parametrize("line", RELATIVE)
def test_where_the_working_directory_is_gone_relative_paths_say_so(
    capsys: pytest.CaptureFixture[str], line: str
) -> None:
    assert main(line.split()) == (0 if line == "ls" else 2)
    said = capsys.readouterr().err
    assert "the working directory no longer exists" in said
    assert said.count("\n") == 1


@pytest.mark.usefixtures("deleted_directory")
def test_whatever_else_needs_a_working_directory_says_so(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tttui.artifacts.summary.read_summary", lambda _: os.getcwd())
    assert main(["ls", str(run)]) == 2
    assert capsys.readouterr().err == (
        "error: the working directory no longer exists, change to one that does\n"
    )


NOBODY = """
import contextlib, io, json, os, sys
from tttui.cli.main import main
first, commands = json.loads(sys.argv[1])
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    [main(words) for words in first]  # imports what that user may not read
os.setgid(54321)
os.setuid(54321)
codes = [main(words) for words in commands]
print(codes, file=sys.stderr)
"""


@pytest.fixture
def open_root() -> Iterator[Path]:
    """A run root that every user may write."""
    with TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o777)
        yield root


def as_nobody(root: Path, *commands: str) -> "subprocess.CompletedProcess[str]":
    """Run command lines as a user that no list knows, without a home; prints their exit codes."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    with TemporaryDirectory() as other:
        words = [[c.format(root=place).split() for c in commands] for place in (other, root)]
        return _as_nobody(words, root)


def _as_nobody(words: object, root: Path) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": os.environ["PATH"], "TMPDIR": str(root), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-c", NOBODY, json.dumps(words)],
        cwd="/",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_user_without_a_name_or_a_home_can_work(open_root: Path) -> None:
    done = as_nobody(
        open_root,
        "run --name b --steps 3 --root {root}",
        "ls {root}",
        "show b --root {root}",
        "export {root}/b --what mse --out {root}/mse.png",
        "resume b --steps 3 --root {root}",
        "verify b --root {root} --quiet",
    )
    assert done.stderr == "[0, 0, 0, 0, 0, 0]\n"
    assert (open_root / "mse.png").is_file()


def test_there_must_be_somewhere_to_export_to(open_root: Path) -> None:
    done = as_nobody(
        open_root,
        "run --name b --steps 3 --root {root}",
        "export {root}/b --what mse --format csv",
    )
    *said, codes = done.stderr.splitlines()
    assert codes == "[0, 1]"
    assert len(said) == 1
    assert "exports" in said[0]


def test_a_directory_that_may_not_be_entered_is_named(open_root: Path, run: Path) -> None:
    (open_root / "ok").mkdir()
    shutil.copytree(run, open_root / "ok" / "a")
    closed = open_root / "closed"
    shutil.copytree(run, closed / "a")
    closed.chmod(0)
    commands = (
        "ls {root}",
        "show {root}/closed/a",
        "ls {root}/closed/a",
        "run --root {root}/closed",
    )
    done = as_nobody(open_root, *commands, "run --steps 3 --root {root}/closed/a/b")
    *said, codes = done.stderr.splitlines()
    assert codes == "[0, 2, 2, 2, 2]"
    assert len(said) == 5
    assert all(re.search("closed.*(Permission denied|not readable)", line) for line in said)
    assert "ok/a" in done.stdout
