"""What a kind of job is given: parts that are never repeated, and what ends a job."""

import errno
import json
import logging
from pathlib import Path

import pytest

from tests.cli.test_commands import Shell
from tests.lab.conftest import pretraining
from tests.runs.test_full_disk import fill, small_disk
from tttui.lab import worker
from tttui.lab.context import Context, Ended
from tttui.lab.job import Job, read_job
from tttui.lab.kinds import kind_of
from tttui.lab.kinds.base import JobKind
from tttui.model.errors import RefusedInput, TttuiError

__all__ = ["small_disk"]


def context(directory: Path) -> Context:
    directory.mkdir(parents=True, exist_ok=True)
    log = logging.Logger("test")
    return Context(directory, {"settings": {"n": 3}}, "sweeps", log)


def test_parts_that_are_finished_are_not_repeated(tmp_path: Path) -> None:
    directory = tmp_path / ".lab" / "jobs" / "a"
    first = context(directory)
    first.restore(None)
    for name in first.remaining(["a", "b", "c"]):
        first.finish_part(name, {"loss": 0.5})
        if name == "b":
            first.end()
            break
    with pytest.raises(Ended):
        list(first.remaining(["a", "b", "c"]))
    first.close()
    with (directory / "parts.jsonl").open("ab") as file:
        file.write(b'{"part": "c", "res')  # half a line, as a crash leaves it
    again = context(directory)
    again.restore(None)
    assert list(again.remaining(["a", "b", "c"])) == ["c"]
    again.finish_part("c", 1)
    again.close()
    lines = [json.loads(line) for line in (directory / "parts.jsonl").read_text().splitlines()]
    assert [line["part"] for line in lines] == ["a", "b", "c"]


def test_the_time_left_follows_from_the_progress_of_the_last_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("tttui.lab.context.time.monotonic", lambda: now)
    job = context(tmp_path / "a")
    assert job.seconds_left() is None
    job.progress(10, 100)
    now = 110.0
    job.progress(20, 100, "step 20")
    assert job.seconds_left() == pytest.approx(80.0)
    assert job.reported == {"progress": 0.2, "doing": "step 20"}


LONG = 200_000
"""Steps that no job has taken before its process looks whether it was told to end."""


class Broken(JobKind):
    """A kind that fails as it is told to."""

    name, collection, command = "pretrain", "training_jobs", ("pretrain",)
    error: BaseException

    def run(self, context: Context) -> None:
        context.progress(1, 2)
        raise self.error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TttuiError("the endpoint does not answer; start it"), "the endpoint does not answer"),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (MemoryError(), "MemoryError"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
    ],
)
def test_whatever_a_kind_raises_is_told_in_a_line(
    waiting: Job, monkeypatch: pytest.MonkeyPatch, error: BaseException, said: str
) -> None:
    kind = Broken()
    kind.error = error
    monkeypatch.setattr(worker, "kind_of", lambda _name: kind)
    assert worker.execute(waiting.path, lambda: None) == 1
    job = read_job(waiting.path)
    assert (job.state, job.progress) == ("failed", 0.5)
    assert said in job.detail
    assert "\n" not in job.detail


@pytest.fixture
def waiting(root: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A long job that nobody has started yet."""
    with monkeypatch.context() as patch:
        patch.setattr("tttui.lab.starting.dispatch_locked", lambda _root: [])
        return pretraining(root, LONG)


def test_a_signal_that_ends_its_process_cancels_a_job_which_then_goes_on(waiting: Job) -> None:
    assert worker.execute(waiting.path, lambda: worker.Stop("its process was told to end")) == 130
    job = read_job(waiting.path)
    assert job.state == "cancelled"
    assert "told to end" in job.detail


def test_a_kind_that_this_version_does_not_have_is_refused() -> None:
    with pytest.raises(RefusedInput, match="'bake' is no kind of job in this version"):
        kind_of("bake")


def test_a_disk_that_fills_up_under_a_job_is_named_and_the_job_goes_on_when_there_is_room(
    small_disk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = small_disk / "runs"
    with monkeypatch.context() as patch:
        patch.setattr("tttui.lab.starting.dispatch_locked", lambda _root: [])
        job = pretraining(root, 300)
    fill(small_disk / "full")
    with pytest.raises(TttuiError, match="the disk is full"):
        worker.execute(job.path, lambda: None)
    failed = read_job(job.path)
    assert failed.state == "failed"
    assert "the disk is full" in failed.detail
    shell = Shell(root, capsys)
    shell("pretrain", "--pretrain-steps", "3", "--pretrain-seq", "8", "--force")
    assert "the disk is full" in shell.err
    assert shell("job", "list") == 0
    assert shell.out.count("pretrain ") == 1  # the other is not there
    (small_disk / "full").unlink()
    assert shell("job", "resume", job.short, "--wait") == 0
    assert read_job(job.path).state == "completed"
