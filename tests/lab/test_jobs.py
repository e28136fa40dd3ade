"""Jobs as a person meets them: started, listed, followed, cancelled, resumed, removed."""

import csv
import json
import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.cli.test_commands import Shell
from tests.lab.conftest import ENDLESS, pretraining, small
from tests.lab.killing import curves
from tests.live import status, wait_until
from tttui.artifacts.eventlog import EventLog
from tttui.lab import worker
from tttui.lab.job import Job, jobs_folder, read_job
from tttui.lab.jobs import find_job, list_jobs, results
from tttui.lab.reader import JobReader
from tttui.lab.steering import cancel, look_again, resume, wait_for
from tttui.lab.training.loop import POINTS
from tttui.model.errors import RefusedInput
from tttui.tasks.pointmass.pretraining import Training
from tttui.tasks.pointmass.runs.base import find_base
from tttui.tasks.trainer import Took

FIRST, SECOND = "3f2a0000-0000-4000-8000-000000000001", "3f2a0000-0000-4000-8000-000000000002"


@pytest.fixture
def shell(root: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(root, capsys)


def ended(job: Job) -> Job:
    """The job once it has ended."""
    return wait_for(job, lambda _: None, 0.01)


def under_way(job: Job) -> Job:
    """The job once it has a step behind it."""

    def runs() -> bool:
        now = read_job(job.path)
        return now.has_ended or (now.state == "running" and "step" in now.doing)

    wait_until(runs)
    result = read_job(job.path)
    assert not result.has_ended, result.detail
    return result


def steps(job: Job) -> list[int]:
    """The steps with a loss in metrics.csv."""
    with (job.path / "metrics.csv").open() as file:
        return [int(row["t"]) for row in csv.DictReader(file) if row["loss"]]


def test_a_job_prints_its_handle_runs_by_itself_and_keeps_what_came_of_it(
    shell: Shell, root: Path
) -> None:
    words = ("pretrain", "--pretrain-steps", "3", "--pretrain-seq", "8", "--pretrain-batch", "2")
    assert shell(*words) == 0
    (handle,) = shell.out.split()
    assert "job watch" in shell.err
    assert shell("job", "watch", handle[:6]) == 0
    assert "completed 100 %" in shell.out
    job = find_job(root, handle)
    base = find_base(root, small())
    assert base is not None
    assert results(job)["sha256"] == base.sha256
    reader = JobReader(job.path)
    wait_until(lambda: reader.refresh().events[-1].name.endswith(":completed"))  # told at last
    data = reader.refresh()
    assert data.metrics is not None
    assert {"loss", "lr", "grad_norm", "validation_loss"} < set(data.metrics.names)
    assert list(data.metrics.t) == [0, 1, 2, 3]
    assert data.request["command"][:2] == ["tttui", "pretrain"]
    assert data.problems == ()
    events = EventLog(root / ".lab")
    wait_until(lambda: list(events.read())[-1].name == "data:training_jobs:completed")
    assert next(iter(events.read())).name == "data:training_jobs:queued"
    assert shell("job", "list", "--json") == 0
    (listed,) = json.loads(shell.out)
    assert (listed["job"], listed["state"], listed["progress"]) == (handle, "completed", 1.0)


Interrupted = Callable[[Job, int], Job]


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> Interrupted:
    """Executes a job here until it is asked to end at a step; returns it as it ended."""

    def execute(job: Job, step: int) -> Job:
        reached, asked = threading.Event(), threading.Event()
        advance = Training.advance

        def advanced(training: Training) -> Took:
            took = advance(training)
            if training.step == step:
                reached.set()
                assert asked.wait(60)
            return took

        def should_stop() -> worker.Stop | None:
            if reached.is_set():
                asked.set()
                return worker.Stop()
            return None

        with monkeypatch.context() as patch:
            patch.setattr(Training, "advance", advanced)
            assert worker.execute(job.path, should_stop) == 130
        return read_job(job.path)

    return execute


def test_cancelling_ends_at_a_safe_point_and_resuming_goes_on_exactly(
    root: Path, interrupted: Interrupted
) -> None:
    job = interrupted(_waiting(root, 800), 333)
    assert job.state == "cancelled"
    assert 333 <= len(steps(job)) < 800
    assert job.progress == len(steps(job)) / 800
    again = ended(resume(job))
    assert again.state == "completed", again.detail
    assert steps(again) == list(range(1, 801))
    assert "goes on from checkpoint latest" in (job.path / "run.log").read_text()
    other = _waiting(root.with_name("other"), 800)
    worker.execute(other.path, lambda: None)
    assert results(again)["sha256"] == results(other)["sha256"]
    assert curves(again) == curves(other)


def test_a_job_goes_on_from_the_checkpoint_that_is_asked_for(
    root: Path, interrupted: Interrupted
) -> None:
    job = interrupted(_waiting(root, 800), 333)
    with pytest.raises(RefusedInput, match=r"checkpoint step-7: there is none; there are: "):
        resume(job, checkpoint="step-7")
    again = ended(resume(job, checkpoint="epoch-2"))
    assert again.state == "completed"
    assert steps(again) == list(range(1, 801))
    assert "goes on from checkpoint epoch-2 at step 200" in (job.path / "run.log").read_text()


def test_two_who_cancel_at_once_both_see_it_cancelled(root: Path) -> None:
    job = under_way(pretraining(root, ENDLESS))
    results: list[str] = []
    threads = [threading.Thread(target=lambda: results.append(cancel(job).state)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == ["cancelled", "cancelled"]
    assert cancel(job).state == "cancelled"
    told = "data:training_jobs:cancelled"
    wait_until(lambda: told in [event.name for event in EventLog(job.path).read()])
    assert [event.name for event in EventLog(job.path).read()].count(told) == 1


def test_who_cancels_and_who_resumes_at_once_are_each_told_one_thing_that_is_true(
    root: Path,
) -> None:
    job = under_way(pretraining(root, ENDLESS))
    wrong: list[BaseException] = []

    def often(act: Callable[[Job], Job], told: str) -> None:
        for _ in range(4):
            try:
                act(look_again(job))
            except RefusedInput as error:
                if told not in str(error):
                    wrong.append(error)
            except BaseException as error:
                wrong.append(error)

    patient = partial(cancel, wait_s=90)
    acts = [(patient, "nothing"), (resume, "already"), (patient, "nothing"), (resume, "already")]
    threads = [threading.Thread(target=often, args=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert cancel(look_again(job)).state == "cancelled"
    kept, every = steps(job), ENDLESS // POINTS
    assert kept == [every * (i + 1) for i in range(len(kept))]


def test_a_killed_job_is_crashed_until_it_is_resumed(root: Path, shell: Shell) -> None:
    job = under_way(pretraining(root, ENDLESS))
    pid = status(job.path)["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: look_again(job).state == "crashed")
    assert f"process {pid} is gone" in look_again(job).detail
    assert shell("job", "list", "--status", "crashed") == 0
    assert job.short in shell.out
    assert shell("job", "resume", job.short) == 0
    assert under_way(look_again(job)).state == "running"
    assert "is running already" in shell.refused("job", "resume", job.short)
    assert "cancel" in shell.refused("job", "rm", job.short)
    assert shell("job", "cancel", job.short) == 0


def test_a_handle_is_any_unique_beginning_and_else_one_clear_line(root: Path, shell: Shell) -> None:
    for handle in (FIRST, SECOND):
        (jobs_folder(root) / handle).mkdir(parents=True)
    assert find_job(root, FIRST).handle == FIRST
    assert find_job(root, SECOND.upper()).handle == SECOND
    assert "the beginning of 2 jobs" in shell.refused("job", "show", "3f2a")
    assert "there is no job 'beef'" in shell.refused("job", "watch", "beef")
    assert "there is no job ''" in shell.refused("job", "rm", "")
    assert "there is no job '../x'" in shell.refused("job", "logs", "../x")


DAMAGES = (b"", b'{"state', b"\0" * 300, b"[]", b"\xff\xfe")


@pytest.mark.parametrize(
    "name",
    [
        *("job.json", "status.json", "signature", "metrics.csv", "system.csv", "results.json"),
        *("events.jsonl", "parts.jsonl", "run.log", "run.lock"),
    ],
)
def test_a_job_that_is_damaged_is_still_shown_and_says_what_is(
    shell: Shell, made: Callable[[], Job], name: str
) -> None:
    job = made()
    for damage in DAMAGES:
        (job.path / name).write_bytes(damage)
        for words in (("list",), ("show", job.short), ("show", job.short, "--json")):
            assert shell("job", *words) == 0
            assert job.short in shell.out
            assert "Traceback" not in shell.out + shell.err
        data = JobReader(job.path).refresh()
        if name in ("job.json", "status.json", "results.json"):
            assert any(problem.startswith(name) for problem in data.problems)
        if name != "status.json":
            shell.refused("job", "resume", job.short)
    if name == "status.json":  # nobody can tell that it was complete
        assert shell("job", "resume", job.short, "--wait") == 0
        assert read_job(job.path).state == "completed"


@pytest.fixture
def made(root: Path) -> Callable[[], Job]:
    """A job that is complete, made without a process: its directory as one leaves it."""

    def make() -> Job:
        job = _waiting(root)
        assert worker.execute(job.path, lambda: None) == 0
        return read_job(job.path)

    return make


def _waiting(root: Path, steps: int = 3) -> Job:
    """A job that stays queued, as there is room for none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tttui.lab.starting.dispatch_locked", lambda _root: [])
        return pretraining(root, steps)


@pytest.mark.parametrize("checkpoint", ["latest", "previous"])
def test_a_damaged_checkpoint_is_passed_over_for_another(
    root: Path, interrupted: Interrupted, checkpoint: str
) -> None:
    job = interrupted(_waiting(root, 800), 333)
    path = job.path / f"checkpoint-{checkpoint}.pt"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    again = ended(resume(job))
    assert again.state == "completed", again.detail
    assert steps(again) == list(range(1, 801))


def test_a_job_that_somebody_else_put_there_is_shown_and_never_executed(
    root: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "theirs"))
    job = _waiting(root)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "mine"))
    assert shell("job", "list") == 0
    assert "queued" in shell.out
    assert read_job(job.path).state == "queued"
    assert not (job.path / "run.out").exists()
    assert "was not started by you" in shell.refused("job", "execute", str(job.path), root=False)
    cancel(job)
    assert "was not started by you" in shell.refused("job", "resume", job.short)


def test_a_waiting_job_is_cancelled_at_once_and_lies_in_the_trash_when_removed(
    root: Path, shell: Shell
) -> None:
    job = _waiting(root)
    assert cancel(job).state == "cancelled"
    assert shell("job", "rm", job.handle[:4]) == 0
    assert list_jobs(root) == []
    assert (root / ".trash" / job.handle / "job.json").is_file()
