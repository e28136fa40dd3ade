"""Sessions that are made while others make them too, and by processes that are killed."""

import itertools
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tasks.pointmass.runs.sessions import base_of, create, settings
from tttui.artifacts import making
from tttui.artifacts.making import abandoned, hidden_directory, remove_abandoned
from tttui.model.errors import RefusedInput
from tttui.runs.naming import free_directory, make_in
from tttui.tasks.pointmass.runs.build import build_session
from tttui.tasks.pointmass.runs.session import SessionRun

CHOSEN = settings(steps=40)

CALLS = ("open", "mkdir", "rename", "replace", "pwrite", "unlink", "close")
"""What changes a disk, or the locks."""


def build(directory: Path) -> None:
    build_session(directory, CHOSEN, base_of(CHOSEN))


def hidden(root: Path) -> list[str]:
    return [path.name for path in root.iterdir() if path.name.startswith(".")]


def killed_at(nth: int, work: Callable[[], object]) -> bool:
    """Do the work in a process that is killed before its nth call; whether it came so far."""
    pid = os.fork()
    if pid == 0:
        done = 0

        def counted(original: Callable[..., Any]) -> Callable[..., Any]:
            def call(*args: Any, **options: Any) -> Any:
                nonlocal done
                if done == nth:
                    os.kill(os.getpid(), signal.SIGKILL)
                done += 1
                return original(*args, **options)

            return call

        try:
            for name in CALLS:
                setattr(os, name, counted(getattr(os, name)))
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def half_made(root: Path) -> Path:
    """What a process leaves in `root` that is killed while it makes the session `a`."""
    for nth in itertools.count():
        assert killed_at(nth, lambda: build(root / "a")), "nothing was ever left"
        if left := hidden(root):
            return root / left[0]
    raise AssertionError


def test_a_process_that_is_killed_while_it_makes_a_session_leaves_nothing_for_long(
    tmp_path: Path,
) -> None:
    nth, left = 0, 0
    while killed_at(nth, lambda: build(tmp_path / "a")) and not (tmp_path / "a").exists():
        left += bool(hidden(tmp_path))
        build(tmp_path / f"b{nth}")
        assert hidden(tmp_path) == [], f"killed before call {nth}"
        nth += 11
    assert left > 3
    SessionRun.open(tmp_path / "a").close("interrupted")
    assert [path.name for path in (tmp_path / "a").rglob(".*")] == []


def test_without_a_name_the_next_free_one_is_taken_where_another_was_faster(
    tmp_path: Path,
) -> None:
    def make(directory: Path) -> Path:
        if not (tmp_path / "a-2").exists():
            build(tmp_path / "a")
            (tmp_path / "a-2").mkdir()
        build(directory)
        return directory

    assert make_in(None, lambda: free_directory(tmp_path, "a"), make) == tmp_path / "a-3"
    with pytest.raises(RefusedInput, match="exists already"):
        make_in("a", lambda: tmp_path / "a", make)


def test_of_several_that_make_one_session_at_a_time_one_succeeds(tmp_path: Path) -> None:
    begin, go = os.pipe()
    told, tell = os.pipe()
    children = []
    for _ in range(6):
        pid = os.fork()
        if pid == 0:
            try:
                os.close(go)
                os.read(begin, 1)  # until the other end is closed
                build(tmp_path / "a")
                os.write(tell, b"made\n")
            except RefusedInput as error:
                os.write(tell, f"{error}\n".encode())
            finally:
                os._exit(0)
        children.append(pid)
    os.close(go)
    for pid in children:
        os.waitpid(pid, 0)
    said = os.read(told, 1 << 16).decode().splitlines()
    for handle in (begin, told, tell):
        os.close(handle)
    refused = [line for line in said if line != "made"]
    assert len(said) == 6
    assert len(refused) == 5
    assert all(line.startswith(f"{tmp_path / 'a'} exists already; choose") for line in refused)
    assert hidden(tmp_path) == []
    SessionRun.open(tmp_path / "a").close("interrupted")


def test_what_is_being_made_is_left_alone(tmp_path: Path) -> None:
    with hidden_directory(tmp_path / "a") as building:
        (building / "file").touch()
        assert remove_abandoned(tmp_path) == []
        assert (building / "file").exists()
    assert hidden(tmp_path) == []


def test_what_another_host_makes_is_left_alone_until_it_is_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = socket.gethostname()
    monkeypatch.setattr(socket, "gethostname", lambda: "elsewhere")
    left = half_made(tmp_path)
    monkeypatch.setattr(socket, "gethostname", lambda: name)
    assert abandoned(tmp_path) == []
    os.utime(left, (1.0, 1.0))
    assert remove_abandoned(tmp_path) == [left]
    assert hidden(tmp_path) == []


def test_where_there_are_no_locks_only_age_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "_lock", lambda _handle: None)
    with hidden_directory(tmp_path / "a") as building:
        assert remove_abandoned(tmp_path) == []
        os.utime(building, (1.0, 1.0))
        assert remove_abandoned(tmp_path) == [building]


@pytest.mark.parametrize(
    "name", [".a.new-1", ".notes.new-draft", ".a.new-0123456789abcdeg", "a.new-0123456789abcdef"]
)
def test_what_only_looks_like_it_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "mine").touch()
    os.utime(tmp_path / name, (1.0, 1.0))
    assert remove_abandoned(tmp_path) == []
    assert (tmp_path / name / "mine").exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    left = half_made(tmp_path)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "file").touch()
    left.rename(tmp_path / "aside")
    left.symlink_to(mine)
    assert remove_abandoned(tmp_path) == []
    assert (mine / "file").exists()


def test_what_an_older_version_left_goes_when_it_is_old(tmp_path: Path) -> None:
    left = tmp_path / ".a.new-4242"
    (left / "session").mkdir(parents=True)
    assert remove_abandoned(tmp_path) == []
    os.utime(left, (1.0, 1.0))
    create(tmp_path / "b", CHOSEN).close("interrupted")
    assert not left.exists()
