"""What tttui starts imports tttui's own modules, whatever lies where it is started."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import end, state, wait_until
from tests.tasks.pointmass.runs.sessions import create, settings
from tttui.runs.child import environment
from tttui.runs.launch import launch

IMPORTED = ("click", "torch", "numpy", "psutil", "msgspec", "runpy", "sitecustomize", "tttui")
"""Modules that a run imports, or Python itself."""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A run root with a session that can go on, and files named as modules beside and in it."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    path = tmp_path / "runs"
    create(path / "a", settings(steps=40)).close("interrupted")
    mark = tmp_path / "mark"
    for folder in (path, path / "a", path / "a" / "session"):
        for name in IMPORTED:
            code = f"open({str(mark)!r}, 'a').write(__file__ + '\\n')\nraise SystemExit(99)\n"
            (folder / f"{name}.py").write_text(code)
    yield path
    end(path / "a")


def executed(root: Path) -> str:
    """The files of the run root that were executed as modules."""
    mark = root.parent / "mark"
    return mark.read_text() if mark.exists() else ""


@pytest.mark.parametrize("pythonpath", [None, f"{os.pathsep}."])
def test_a_run_in_the_background_executes_no_file_beside_or_in_its_session(
    root: Path, monkeypatch: pytest.MonkeyPatch, pythonpath: str | None
) -> None:
    if pythonpath is not None:
        monkeypatch.setenv("PYTHONPATH", pythonpath)
    typed = [sys.executable, "-m", "tttui", "resume", str(root / "a"), "--detach"]
    subprocess.run(typed, cwd=root.parent, check=True, stdout=subprocess.DEVNULL)
    wait_until(lambda: state(root / "a") == "completed")
    assert executed(root) == ""


@pytest.mark.parametrize("inside", ["", "a", "a/session"])
def test_what_the_app_starts_executes_no_file_of_its_working_directory(
    root: Path, monkeypatch: pytest.MonkeyPatch, inside: str
) -> None:
    monkeypatch.chdir(root / inside)
    path = launch(["resume", str(root / "a")], lambda _: None)
    wait_until(lambda: state(path) == "completed")
    assert executed(root) == ""


def test_a_command_typed_beside_sessions_executes_no_file_there(root: Path) -> None:
    (root / "tttui.py").unlink()  # what `python -m tttui` itself means there is for Python to say
    (root / "runpy.py").unlink()
    typed = [sys.executable, "-m", "tttui", "ls", str(root), "--json"]
    done = subprocess.run(typed, cwd=root, capture_output=True, text=True, check=False)
    assert executed(root) == ""
    assert [row["name"] for row in json.loads(done.stdout)] == ["a"]


def test_only_absolute_entries_of_pythonpath_are_handed_on() -> None:
    entries = os.pathsep.join(["", "/opt/modules", ".", "src", "/opt/more"])
    result = environment({"PYTHONPATH": entries, "LANG": "C"})
    assert result["PYTHONPATH"] == f"/opt/modules{os.pathsep}/opt/more"
    assert result["LANG"] == "C"
