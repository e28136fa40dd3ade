"""Jobs that wait are started when there is room, by whoever comes by, each exactly once."""

import multiprocessing
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.lab.conftest import ENDLESS, pretraining
from tests.lab.test_jobs import ended, under_way
from tttui.artifacts.eventlog import EventLog
from tttui.artifacts.processes import own_process
from tttui.lab import kinds
from tttui.lab.environment import environment_of, gpus_in
from tttui.lab.job import Job, read_job, read_request
from tttui.lab.jobs import list_jobs
from tttui.lab.kinds.base import Needs
from tttui.lab.kinds.pretrain import Pretrain
from tttui.lab.launchers import local
from tttui.lab.queue import ACTIVE, dispatch
from tttui.lab.steering import cancel
from tttui.model.errors import RefusedInput


def starts(job: Job) -> int:
    """How often a process began to execute the job."""
    names = [event.name for event in EventLog(job.path).read()]
    return names.count("data:training_jobs:started")


def dispatch_often(root: Path) -> None:
    for _ in range(20):
        dispatch(root)


def test_jobs_that_wait_are_started_by_those_that_end(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTTUI_JOBS", "1")
    first = under_way(pretraining(root, ENDLESS))
    waiting = [pretraining(root, seed=seed) for seed in (1, 2, 3)]
    assert [job.state for job in waiting] == ["queued"] * 3
    cancel(first)
    done = [ended(job) for job in waiting]  # nobody but the jobs themselves starts the next
    assert [job.state for job in done] == ["completed"] * 3
    begun = [job.started_at or 0.0 for job in done]
    assert begun == sorted(begun)
    assert [starts(job) for job in done] == [1, 1, 1]
    dispatch(root)
    assert list((root / ACTIVE).iterdir()) == []


def test_many_who_look_at_once_start_each_job_once_and_no_more_than_fit(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTTUI_JOBS", "1")
    first = under_way(pretraining(root, ENDLESS))
    jobs = [pretraining(root, ENDLESS, seed) for seed in range(1, 5)]
    cancel(first)
    monkeypatch.setenv("TTTUI_JOBS", "2")
    context = multiprocessing.get_context("fork")
    lookers = [context.Process(target=dispatch_often, args=(root,)) for _ in range(4)]
    for looker in lookers:
        looker.start()
    for looker in lookers:
        looker.join()
    states = [read_job(job.path).state for job in jobs]
    assert sorted(states) == ["queued", "queued", "running", "running"]
    running = [job for job in jobs if read_job(job.path).state == "running"]
    for job in running:
        under_way(job)
    for job in jobs:
        if job not in running:
            cancel(job)
    for job in running:
        cancel(job)
    assert sorted(starts(job) for job in jobs) == [0, 0, 1, 1]


def test_a_job_whose_starter_died_at_the_worst_moment_is_started_by_the_next_who_looks(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(local.Room, "start", killed)
    with pytest.raises(KeyboardInterrupt):
        pretraining(root)
    monkeypatch.undo()
    monkeypatch.setenv("XDG_STATE_HOME", str(root.parent / "state"))
    (job,) = list_jobs(root)
    assert job.state == "queued"
    assert dispatch(root) == [job.handle]
    assert ended(job).state == "completed"


def test_who_waits_for_a_job_starts_it_where_the_one_before_was_killed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTTUI_JOBS", "1")
    first, second = under_way(pretraining(root, ENDLESS)), pretraining(root)
    assert second.state == "queued"
    os.kill(first.raw["pid"], signal.SIGKILL)
    assert ended(second).state == "completed"


def test_a_limit_that_is_no_number_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTTUI_JOBS", "many")
    with pytest.raises(RefusedInput, match="TTTUI_JOBS='many' is no whole number above 0"):
        pretraining(root)
    assert list_jobs(root) == []


def test_each_job_sees_gpus_of_its_own(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tttui.engine.machine.gpu_count", lambda: 4)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,2,3")
    monkeypatch.setenv("TTTUI_JOBS", "9")
    asked = {"needs": {"cores": 1, "gpus": 2}}
    running = Job("a", "train", root, "running", raw={**own_process(), "gpus": [1, 2], "cores": 1})
    room = local.Room([running])
    assert gpus_in(os.environ) == [1, 2, 3]
    assert not room.takes(asked)
    assert local.Room([]).takes(asked)
    assert room.takes({"needs": asked["needs"], "environment": {}})  # who asked sees all four
    job_env = environment_of(os.environ, {}, 1, [3])
    assert job_env["CUDA_VISIBLE_DEVICES"] == "3"
    assert gpus_in(job_env) == [1, 2, 3]
    assert environment_of(job_env, {}, 1, [])["CUDA_VISIBLE_DEVICES"] == "1,2,3"


def test_a_job_has_what_its_asker_had_set_but_a_secret_is_in_no_file(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Asking(Pretrain):
        def needs(self, settings: Mapping[str, Any]) -> Needs:
            return Needs(env=("LAB_API_KEY",))

    monkeypatch.setattr(kinds.pretrain, "KIND", Asking())
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("HF_HOME", "/models")
    monkeypatch.setenv("HF_TOKEN", "secret-1")
    monkeypatch.setenv("HF_ENDPOINT", "https://me:secret-1@mirror")
    job = pretraining(root)  # nobody here has the key
    assert job.detail == "queued for whoever has LAB_API_KEY set"
    assert not any(b"secret-1" in path.read_bytes() for path in job.path.iterdir())
    monkeypatch.setenv("HF_HOME", "/elsewhere")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    env = environment_of(os.environ, read_request(job.path), 1, [])
    assert (env["HF_HOME"], env["HF_TOKEN"]) == ("/models", "secret-1")
    assert "HF_HUB_OFFLINE" not in env
    monkeypatch.setenv("LAB_API_KEY", "secret-2")
    assert dispatch(root) == [job.handle]
    assert ended(job).state == "completed"
