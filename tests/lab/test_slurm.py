"""Jobs executed by a real Slurm on this machine: queued, run, cancelled, warned, in arrays."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_commands import Shell
from tests.lab import slurmcluster
from tests.lab.conftest import ENDLESS, small
from tests.lab.test_jobs import ended, under_way
from tests.live import wait_until
from tttui.lab.job import Job, read_job
from tttui.lab.jobs import find_job, results
from tttui.lab.kinds.pretrain import settings_of
from tttui.lab.launchers.slurm import judged
from tttui.lab.starting import Launcher, start, start_all
from tttui.lab.steering import cancel, look_again, resume

SLURM = Launcher("slurm", {"partition": "main"})

MEMBERS = 20


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of the only node of a cluster."""
    if why := slurmcluster.why_not():
        pytest.skip(why)
    with slurmcluster.cluster(tmp_path_factory.mktemp("slurm")) as name:
        yield name


@pytest.fixture(autouse=True)
def _undrained(node: str) -> Iterator[None]:
    yield
    subprocess.run(["scancel", "--user=root"], check=False)
    if "drain" in slurmcluster.said("sinfo", "--noheader", "--format=%T"):
        undrain(node)


def submitted(root: Path, steps: int, seed: int = 0) -> Job:
    """A job given to Slurm that trains a base of so many steps."""
    settings = settings_of(small(steps, seed), force=False)
    return start(root, "pretrain", settings, command=("tttui", "pretrain"), launcher=SLURM)


def drain(node: str) -> None:
    words = ["scontrol", "update", f"nodename={node}", "state=drain", "reason=maintenance"]
    subprocess.run(words, check=True)


def undrain(node: str) -> None:
    subprocess.run(["scontrol", "update", f"nodename={node}", "state=resume"], check=True)


def test_a_job_waits_for_a_drained_node_says_so_and_then_runs(
    root: Path, node: str, capsys: pytest.CaptureFixture[str]
) -> None:
    drain(node)
    shell = Shell(root, capsys)
    small_base = ("--pretrain-steps", "3", "--pretrain-seq", "8", "--pretrain-batch", "2")
    assert shell("pretrain", *small_base, "--launcher", "slurm", "--partition", "main") == 0
    job = find_job(root, shell.out.strip())
    assert (job.state, job.launcher) == ("queued", "slurm")
    wait_until(lambda: "DRAINED" in look_again(job).detail.upper())
    second = submitted(root, 3, seed=1)
    assert cancel(second).state == "cancelled"
    slurm_id = second.raw["slurm_id"]
    wait_until(lambda: slurm_id not in slurmcluster.said("squeue", "--noheader", "--format=%i"))
    undrain(node)
    done = ended(job)
    assert done.state == "completed", done.detail
    assert "sha256" in results(done)
    assert shell("job", "logs", done.short) == 0
    assert "pretrain begins" in shell.out


def test_a_running_job_is_cancelled_at_a_safe_point_and_resumed_by_slurm(root: Path) -> None:
    job = cancel(under_way(submitted(root, ENDLESS)))
    assert job.state == "cancelled"
    first = job.raw["slurm_id"]
    again = under_way(resume(job))
    assert again.raw["slurm_id"] != first
    assert "goes on from checkpoint" in (job.path / "run.log").read_text()
    assert cancel(again).state == "cancelled"


def test_a_job_that_slurm_warns_of_its_time_limit_is_saved_and_says_so(root: Path) -> None:
    job = under_way(submitted(root, ENDLESS))
    subprocess.run(["scancel", "--signal=USR2", job.raw["slurm_id"]], check=True)
    warned = ended(job)
    assert warned.state == "failed"
    assert "its time limit of Slurm" in warned.detail
    again = under_way(resume(warned))
    assert "goes on from checkpoint" in (job.path / "run.log").read_text()
    cancel(again)


def test_jobs_that_are_started_together_are_one_array(root: Path) -> None:
    settings = [settings_of(small(3, seed), force=False) for seed in range(MEMBERS)]
    words = ("tttui", "pretrain")
    jobs = start_all(root, "pretrain", settings, command=words, launcher=SLURM)
    ids = [str(job.raw["slurm_id"]).partition("_") for job in jobs]
    assert len({array for array, _, _ in ids}) == 1
    assert sorted(int(member) for _, _, member in ids) == list(range(MEMBERS))
    assert [ended(job).state for job in jobs] == ["completed"] * MEMBERS
    assert len({results(read_job(job.path))["sha256"] for job in jobs}) == MEMBERS
    assert len({job.raw["group"] for job in jobs}) == 1


def test_what_slurm_does_not_take_is_told_in_one_line(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shell = Shell(root, capsys)
    assert (
        shell("pretrain", "--pretrain-steps", "3", "--launcher", "slurm", "--partition", "x") == 1
    )
    assert shell.err.count("\n") == 1
    assert "invalid partition" in shell.err.lower()
    assert shell("job", "list", "--status", "failed") == 0
    assert "Slurm did not" in shell.out


def test_a_job_that_slurm_has_forgotten_is_not_queued_for_ever(root: Path) -> None:
    lost = Job("a", "pretrain", root, "queued", launcher="slurm", raw={"slurm_id": "99999"})
    assert judged(lost).state == "failed"
    assert "no longer known" in judged(lost).detail
