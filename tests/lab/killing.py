"""kill -9 at random moments: `python -m tests.lab.killing [KILLS] [SEED]`, by hand for many.

A job of each kind is killed again and again while it is executed, and resumed. In the end its
curves and results are compared, byte for byte, with those of one that nobody killed.
"""

import csv
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from unittest import mock

from tests.lab.conftest import small
from tttui.artifacts.eventlog import EventLog
from tttui.lab import worker
from tttui.lab.evaluation import held_out
from tttui.lab.evaluation.contest import Contest, ContestEntry
from tttui.lab.genome.composing import compose, weighted
from tttui.lab.genome.methods import Recipe
from tttui.lab.job import METRICS, PARTS, Job, read_job
from tttui.lab.jobs import list_jobs, results
from tttui.lab.kinds import kind_names, provider_test
from tttui.lab.kinds.pretrain import settings_of
from tttui.lab.reader import JobReader
from tttui.lab.registry import BaseRef, Version, register
from tttui.lab.starting import start
from tttui.lab.steering import look_again, resume
from tttui.lab.sweeps.plan import SweepPlan
from tttui.lab.sweeps.planning import members_of
from tttui.model.arrays import PLASTIC
from tttui.model.pointmass.settings import Settings
from tttui.runs.runner import named_runner
from tttui.tasks.pointmass.runs.base import find_base
from tttui.tasks.pointmass.runs.training import PointMassTraining

LONGEST_S = 0.6
"""Seconds after which a process is killed at the latest: one needs 0.1 to begin, 2 in all."""

OF_THE_MOMENT = (
    "base",
    "speeds",
    "estimate",
    "actual",
    "median_s",
    "p95_s",
    "throughput",
    "time",
    "load",
    "seconds",
)
"""Keys of results that another execution has otherwise."""


def skill_of_the_point_mass(steps: int, **training: Any) -> Mapping[str, Any]:
    """The settings of a job that trains a skill on worlds of one friction."""
    chosen = PointMassTraining.defaults.updated({"steps": steps, "batch": 2, **training})
    return {
        "task": "pointmass",
        "skill": "walker",
        "values": {},
        "training": asdict(chosen),
        "data": "0.35",
        "seed": chosen.seed,
    }


CASES: Mapping[str, Callable[[], Mapping[str, Any]]] = {
    "pretrain": lambda: settings_of(small(400), force=False),
    "train": lambda: skill_of_the_point_mass(400),
    "provider_test": lambda: provider_test.settings_of(
        [f"numpy/{name}" for name in ("predict", "adapt", "resume", "pretrain")], 20.0, 5
    ),
    "benchmark": lambda: contest("stable", "plain").settings(),
    "abtest": lambda: {
        **contest("walker@v1", "walker@v2", of_skills=True).settings(),
        "words": ["tttui", "model", "test"],
    },
    "sweep": lambda: swept().settings(),
    "genome_test": lambda: {
        **contest("G@v1", "walker@v1", "walker@v2", of_skills=True).settings(),
        "words": ["tttui", "genome", "test"],
    },
    "genome_run": lambda: {
        **replace(contest("walker@v1", "walker@v2", "G@v1", of_skills=True), streams=1).settings(),
        "shared": {"steps": 3200},
        "turn": 64,
        "budget": 200_000,
    },
}
"""Settings of each kind, of a job that outlasts some kills."""

PREPARED: Mapping[str, Callable[[Path], object]] = {
    kind: lambda root: walkers(root) for kind in ("abtest", "genome_test", "genome_run")
}
"""What a kind needs in its root."""


def contest(*names: str, of_skills: bool = False) -> Contest:
    """Two contenders on a few short streams."""
    entries = [
        ContestEntry(name, version=name) if of_skills else ContestEntry(name, {"preset": name})
        for name in names
    ]
    return Contest("pointmass", tuple(entries), {"steps": 96}, streams=48)


def swept() -> SweepPlan:
    """Nine members on sixteen short streams, in batches of their own."""
    tried = [{"chunk": chunk, "lr": lr} for chunk in (16, 24, 48) for lr in (0.005, 0.01, 0.02)]
    runner = named_runner("pointmass")
    streams = held_out(runner.task, {"steps": 96}, 16)
    members = members_of(runner, {}, tried)
    return SweepPlan("pointmass", members, tuple(streams), ("chunk", "lr"), steps=96)


def walker(root: Path, scale: float) -> Version:
    """A version whose weights are those of the base by a factor."""
    base = find_base(root, Settings())
    assert base is not None
    return register(
        root,
        "walker",
        {name: scale * base.weights[name] for name in PLASTIC},
        task="pointmass",
        task_settings={},
        settings={},
        base=BaseRef(base.sha256, content=base.content),
        origin={"kind": "session", "id": "night", "step": 64},
        command=("tttui", "model", "register"),
    )


def walkers(root: Path) -> None:
    """Two versions, and their composition."""
    for scale in (1.0, 1.02):
        walker(root, scale)
    parts = weighted(root, "walker@v1,walker@v2")
    compose(root, parts, Recipe("mean"), "G", command=("tttui", "genome", "compose"))


def killed(root: Path, kind: str, kills: int, seed: int) -> tuple[int, Job]:
    """A job that was killed so many times and then left alone; and how often it hit."""
    moments, hits = random.Random(seed), 0
    if kind in PREPARED:
        PREPARED[kind](root)
    with mock.patch("tttui.lab.starting.dispatch_locked", return_value=[]):
        job = start(root, kind, CASES[kind](), command=("tttui", kind))
    parts = b""
    for _ in range(kills):
        hits += _execute(job, moments.uniform(0.0, LONGEST_S))
        job = look_again(job)
        before, parts = parts, finished(job)
        assert parts.startswith(before), "a finished part is lost, or was computed again"
        assert [problems.handle for problems in list_jobs(root)] == [job.handle]
        problems = JobReader(job.path).refresh().problems
        assert not problems, problems
        if job.state == "completed":
            break
        if job.has_ended:
            assert job.state == "crashed", job.detail
            with mock.patch("tttui.lab.steering.dispatch_locked", return_value=[]):
                job = resume(job)
        assert job.state == "queued", job.detail
    if job.state != "completed":
        _execute(job, None)
    return hits, read_job(job.path)


def finished(job: Job) -> bytes:
    """The whole lines of parts.jsonl, each of which is there once."""
    path = job.path / PARTS
    lines = path.read_bytes().rpartition(b"\n")[0] if path.exists() else b""
    names = [json.loads(line)["part"] for line in lines.splitlines()]
    assert len(set(names)) == len(names)
    return lines


def left_alone(root: Path, kind: str) -> Job:
    """The same job, which nobody kills."""
    return killed(root, kind, 0, 0)[1]


def difference(job: Job, whole: Job) -> str:
    """What a job has otherwise than one that nobody killed; '' where nothing."""
    if job.state != "completed":
        return job.detail
    if curves(job) != curves(whole):
        return f"{METRICS} differs"
    if untimed(results(job)) != untimed(results(whole)):
        return "results.json differs"
    numbers = [event.seq for event in EventLog(job.path.parent.parent).read()]
    return "" if numbers == list(range(1, len(numbers) + 1)) else "events have gaps"


def curves(job: Job) -> list[dict[str, str]]:
    """The rows of metrics.csv, but for the speed; none of a kind without curves."""
    if not (job.path / METRICS).exists():
        return []
    with (job.path / METRICS).open() as file:
        return [{k: v for k, v in row.items() if k != "per_second"} for row in csv.DictReader(file)]


def untimed(found: Any) -> Any:
    """Results without what depends on where and when the job was executed."""
    if isinstance(found, Mapping):
        return {key: untimed(value) for key, value in found.items() if key not in OF_THE_MOMENT}
    return [untimed(one) for one in found] if isinstance(found, list) else found


def _execute(job: Job, killed_after: float | None) -> bool:
    """Execute a job in a process of its own; whether it was killed before it ended."""
    pid = os.fork()
    if pid == 0:
        try:
            worker.execute(job.path, lambda: None)
        finally:
            os._exit(0)
    if killed_after is not None:
        time.sleep(killed_after)  # the moment is the point of the test, not a wait for something
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def main() -> int:
    """Kill jobs of every kind; 1 where one of them differs from those that nobody killed."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    wrong = 0
    for kind in kind_names():
        if kind not in CASES:
            print(f"{kind}: has no case")
            wrong += 1
            continue
        hits = job_count = 0
        with tempfile.TemporaryDirectory() as folder:
            os.environ["XDG_STATE_HOME"] = folder
            whole = left_alone(Path(folder) / "whole", kind)
            while hits < kills:
                job_count += 1
                root = Path(folder) / str(job_count)
                more, job = killed(root, kind, kills - hits, seed + job_count)
                hits += more
                if said := difference(job, whole):
                    print(f"{kind}, seed {seed + job_count}: {said}")
                    wrong += 1
        print(f"{kind}: {hits} kills of {job_count} jobs, seed {seed}, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
