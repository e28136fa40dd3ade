"""A document that arrives through a pipe while it is read."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tttui.artifacts.discover import find_sessions
from tttui.artifacts.reader import SessionReader
from tttui.model.errors import RefusedInput
from tttui.runs.drive import drive
from tttui.runs.owned import OPEN_END
from tttui.runs.taskbuild import build_task_session
from tttui.runs.taskresume import resume_task
from tttui.runs.taskrun import TaskRun
from tttui.runs.tasksettings import TaskSettings
from tttui.runs.taskverify import verify_task
from tttui.tasks.text import stream
from tttui.tasks.text.stream import Arriving
from tttui.tasks.text.task import TextTask

TEXT = b"".join(b"line %d of a text that comes in pieces\n" % i for i in range(20))

SAME = ("per_step.csv", "update_events.jsonl", "scores.csv", "tokens.f16", "document.bin")


class Fifo:
    """A named pipe with a writer that is there until it is closed."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self._handle: int | None = os.open(path, os.O_RDWR)

    def write(self, data: bytes) -> None:
        assert self._handle is not None
        os.write(self._handle, data)

    def close(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
        self._handle = None


@pytest.fixture
def fifo(tmp_path: Path) -> Iterator[Fifo]:
    made = Fifo(tmp_path / "fifo")
    yield made
    made.close()


def begun(directory: Path, file: Path, **values: object) -> TaskRun:
    given = {"file": str(file), "threads": 1, "checkpoint_s": 1e6, **values}
    made = build_task_session(directory, TaskSettings.chosen(TextTask, given))
    return TaskRun.open(directory, made=made)


def meta_of(directory: Path) -> dict[str, object]:
    document: dict[str, object] = json.loads((directory / "session" / "meta.json").read_text())
    return document


def test_the_run_begins_at_the_first_window_and_ends_with_the_pipe(
    tmp_path: Path, fifo: Fifo
) -> None:
    fifo.write(TEXT[:100])
    run = begun(tmp_path / "a", fifo.path)
    assert run.goal == OPEN_END
    run.advance_stretch(run.goal)
    assert (run.t, run.waiting) == (1, True)
    fifo.write(TEXT[100:])
    run.keep_alive()
    assert (tmp_path / "a" / "document.bin").read_bytes() == TEXT
    fifo.close()
    assert drive(run, run.goal)
    run.close("completed")
    steps = -(-len(TEXT) // 64)
    assert (run.t, run.steps_total) == (steps, steps)
    (tmp_path / "text").write_bytes(TEXT)
    whole = begun(tmp_path / "b", tmp_path / "text")
    whole.advance(steps)
    whole.close("completed")
    for name in SAME:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
    one, other = meta_of(tmp_path / "a")["document"], meta_of(tmp_path / "b")["document"]
    assert isinstance(one, dict)
    assert isinstance(other, dict)
    assert one | {"name": ""} == other | {"name": ""}
    assert all(check.agrees for check in verify_task(tmp_path / "a"))


def test_a_run_that_waits_says_for_what(tmp_path: Path, fifo: Fifo) -> None:
    fifo.write(TEXT[:70])
    run = begun(tmp_path / "a", fifo.path)
    run.advance_stretch(run.goal)
    run.tell()
    status = SessionReader(find_sessions([tmp_path / "a"])[0]).refresh().status
    assert status is not None
    assert (status.state, status.detail) == ("running", f"waiting for {fifo.path}")
    asked = iter([False, False, True])
    assert not drive(run, run.goal, should_stop=lambda: next(asked))
    run.close("interrupted")


def test_a_run_that_was_killed_goes_on_over_what_was_read(tmp_path: Path, fifo: Fifo) -> None:
    fifo.write(TEXT[:200])
    run = begun(tmp_path / "a", fifo.path)
    run.advance(2)
    run.checkpoint()
    fifo.write(TEXT[200:400])
    run.advance(2)
    run.fail(RuntimeError("killed"))
    again, until = resume_task(tmp_path / "a")
    assert (again.t, until) == (2, 7)
    assert [line for line in again.notices if f"{fifo.path} was not read to its end" in line]
    again.advance(until - again.t)
    again.close("completed")
    assert (tmp_path / "a" / "document.bin").read_bytes() == TEXT[:400]
    assert all(check.agrees for check in verify_task(tmp_path / "a"))
    with pytest.raises(RefusedInput, match="is complete"):
        resume_task(tmp_path / "a")


def test_a_stop_at_a_number_of_steps_needs_no_end_of_the_pipe(tmp_path: Path, fifo: Fifo) -> None:
    fifo.write(TEXT)
    run = begun(tmp_path / "a", fifo.path, steps=3)
    assert drive(run, run.goal)
    run.close("completed")
    assert run.t == 3


def test_a_pipe_without_bytes_is_refused(fifo: Fifo) -> None:
    fifo.write(b"x")
    reader = Arriving(os.open(fifo.path, os.O_RDONLY | os.O_NONBLOCK), "a pipe")
    assert reader.take() == b"x"
    fifo.close()
    with pytest.raises(RefusedInput, match="a pipe: is empty"):
        reader.start()


def test_a_pipe_that_ends_without_a_byte_fails_the_run(
    tmp_path: Path, fifo: Fifo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "FIRST_S", 0.0)
    run = begun(tmp_path / "a", fifo.path)
    fifo.close()
    with pytest.raises(RefusedInput, match="is empty; there is nothing to read"):
        drive(run, run.goal)
    run.close("interrupted")


def test_no_more_is_read_than_a_session_keeps(fifo: Fifo) -> None:
    fifo.write(TEXT)
    reader = Arriving(os.open(fifo.path, os.O_RDONLY | os.O_NONBLOCK), "a pipe", largest=100)
    assert reader.rest() == TEXT[:100]
    assert reader.truncated
