"""Changes below a path are noticed, soon and without an end in sight."""

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import watchfiles

from tttui.artifacts.watch import Watcher, folders_below, on_network

PATIENCE_S = 10.0


class Seen:
    """Counts changes; `wait` for the next one."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def __call__(self) -> None:
        self._event.set()

    def provoke(self, path: Path) -> bool:
        """Write to the path again and again until a change is seen."""
        self._event.clear()
        for i in range(200):
            path.write_text(str(i))
            if self._event.wait(PATIENCE_S / 200):
                return True
        return False

    def wait(self) -> bool:
        return self._event.wait(PATIENCE_S)


@pytest.fixture(params=[None, 0.05], ids=["messages", "polling"])
def poll(request: pytest.FixtureRequest) -> float | None:
    value: float | None = request.param
    return value


@pytest.fixture
def seen(tmp_path: Path, poll: float | None) -> Iterator[Seen]:
    seen = Seen()
    watcher = Watcher([tmp_path], seen, poll)
    watcher.start()
    yield seen
    watcher.stop()
    watcher.join(PATIENCE_S)


def test_a_written_file_is_noticed(tmp_path: Path, seen: Seen) -> None:
    assert seen.provoke(tmp_path / "a")


@pytest.mark.parametrize("inside", [True, False], ids=["below", "itself"])
def test_files_whose_names_are_no_text_are_noticed(
    tmp_path: Path, poll: float | None, inside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tttui.artifacts.watch.UNWATCHED_S", 0.05)
    monkeypatch.setattr("tttui.artifacts.watch.LOOK_S", 0.05)
    path = tmp_path / os.fsdecode(b"a\xff")
    path.mkdir()
    seen = Seen()
    watcher = Watcher([tmp_path if inside else path], seen, poll)
    watcher.start()
    assert seen.provoke(path / "per_step.csv")
    assert seen.provoke(path / "per_step.csv")
    watcher.stop()
    watcher.join(PATIENCE_S)


def test_a_file_in_a_new_directory_is_noticed(tmp_path: Path, seen: Seen) -> None:
    assert seen.provoke(tmp_path / "a")
    (tmp_path / "deep" / "down").mkdir(parents=True)
    assert seen.provoke(tmp_path / "deep" / "down" / "b")


def test_links_are_not_followed(tmp_path: Path) -> None:
    for name in ("elsewhere/below", "session/session"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "session" / "out").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "link").symlink_to(tmp_path / "session")
    result = folders_below([tmp_path / "link"])
    assert result == [tmp_path / "link", tmp_path / "link" / "session"]


def test_many_folders_are_watched_up_to_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tttui.artifacts.watch.MOST_FOLDERS", 5)
    for i in range(9):
        (tmp_path / f"{i}" / "below").mkdir(parents=True)
    assert folders_below([tmp_path]) == [tmp_path, *(tmp_path / f"{i}" for i in range(4))]


def test_it_stops_promptly(tmp_path: Path, poll: float | None) -> None:
    watcher = Watcher([tmp_path], lambda: None, poll)
    watcher.start()
    watcher.stop()
    watcher.join(PATIENCE_S)
    assert not watcher._thread.is_alive()


def test_a_path_that_appears_later_is_noticed(tmp_path: Path) -> None:
    seen = Seen()
    watcher = Watcher([tmp_path / "later"], seen)
    watcher.start()
    (tmp_path / "later").mkdir()
    assert seen.wait()
    assert seen.provoke(tmp_path / "later" / "a")
    watcher.stop()
    watcher.join(PATIENCE_S)


def test_a_path_that_is_replaced_is_watched_on(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    seen = Seen()
    watcher = Watcher([tmp_path / "a"], seen)
    watcher.start()
    assert seen.provoke(tmp_path / "a" / "file")
    shutil.rmtree(tmp_path / "a")
    (tmp_path / "a").mkdir()
    assert seen.provoke(tmp_path / "a" / "file")
    watcher.stop()
    watcher.join(PATIENCE_S)


def test_it_polls_where_the_kernel_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = watchfiles.watch

    def refuse(*paths: Path, **options: object) -> object:
        if not options["force_polling"]:
            raise OSError("No space left on device (os error 28)")
        return original(*paths, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(watchfiles, "watch", refuse)
    seen = Seen()
    watcher = Watcher([tmp_path], seen)
    watcher.start()
    assert seen.provoke(tmp_path / "a")
    assert watcher.polling
    watcher.stop()
    watcher.join(PATIENCE_S)


def test_a_local_directory_is_not_on_a_network(tmp_path: Path) -> None:
    assert not on_network(tmp_path)
