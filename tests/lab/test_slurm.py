"""Jobs executed by a real Slurm on this machine: queued, run, cancelled, warned, in arrays."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.test_commands import Shell
from tests.lab import slurmcluster
from tests.lab.conftest import ENDLESS, small
from tests.lab.test_jobs import ended, under_way
from tests.live import wait_until
from tttui.lab.job import Job, jobs_folder
from tttui.lab.jobs import find_job, list_jobs, results
from tttui.lab.kinds.pretrain import settings_of
from tttui.lab.launchers import slurmstate
from tttui.lab.launchers.slurmstate import judged
from tttui.lab.starting import Launcher, start, start_all
from tttui.lab.steering import cancel, look_again, resume
from tttui.lab.sweeps.group import find_sweep

SLURM = Launcher("slurm", {"partition": "main"})

MEMBERS = 20

LIMIT = b"slurmstepd-vm: error: *** JOB 1 ON vm CANCELLED AT 2026-11-28T10:35 DUE TO TIME LIMIT ***"
"""What Slurm wrote into the output of a job whose time was over."""


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
    if "drain" in slurmcluster.output_of("sinfo", "--noheader", "--format=%T"):
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
    wait_until(lambda: f"({node}: maintenance)" in look_again(job).detail)
    assert look_again(job).state == "queued"
    second = submitted(root, 3, seed=1)
    assert cancel(second).state == "cancelled"
    slurm_id = second.raw["slurm_id"]
    wait_until(
        lambda: slurm_id not in slurmcluster.output_of("squeue", "--noheader", "--format=%i")
    )
    undrain(node)
    done = ended(job)
    assert done.state == "completed", done.detail
    assert "sha256" in results(done)
    assert shell("job", "logs", done.short) == 0
    assert "pretrain begins" in shell.out


def test_a_job_that_is_warned_of_its_time_limit_is_saved_says_so_and_goes_on(root: Path) -> None:
    job = under_way(submitted(root, ENDLESS))
    first = job.raw["slurm_id"]
    subprocess.run(["scancel", "--signal=USR2", first], check=True)
    warned = ended(job)
    assert warned.state == "failed"
    assert "its time limit of Slurm" in warned.detail
    again = under_way(resume(warned))
    assert again.raw["slurm_id"] != first
    assert "goes on from checkpoint" in (job.path / "run.log").read_text()
    assert cancel(again).state == "cancelled"


def test_jobs_that_are_started_together_are_one_array_of_which_one_or_all_are_cancelled(
    root: Path, node: str, capsys: pytest.CaptureFixture[str]
) -> None:
    drain(node)
    settings = [settings_of(small(ENDLESS, seed), force=False) for seed in range(MEMBERS)]
    jobs = start_all(root, "pretrain", settings, command=("tttui", "pretrain"), launcher=SLURM)
    ids = [str(job.raw["slurm_id"]).partition("_") for job in jobs]
    assert len({array for array, _, _ in ids}) == 1
    assert sorted(int(member) for _, _, member in ids) == list(range(MEMBERS))
    shell = Shell(root, capsys)
    assert shell("job", "cancel", jobs[0].short) == 0
    assert [job.state for job in list_jobs(root)].count("queued") == MEMBERS - 1
    undrain(node)
    under_way(jobs[1])
    assert shell("job", "cancel", jobs[5].short, "--all") == 0
    assert shell.out.count("is cancelled") == MEMBERS - 1
    assert f"{jobs[0].short} was cancelled already" in shell.out
    assert {job.state for job in list_jobs(root)} == {"cancelled"}
    wait_until(lambda: not slurmcluster.output_of("squeue", "--noheader"))


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


def test_how_a_job_ended_is_known_after_slurm_has_forgotten_it(
    root: Path, node: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drain(node)
    job = submitted(root, 3)
    subprocess.run(["scancel", job.raw["slurm_id"]], check=True)
    slurmstate._answers.clear()
    assert look_again(job).state == "cancelled"
    monkeypatch.setattr(slurmstate, "ask", lambda _words: pytest.fail("it is known"))
    assert look_again(job).detail == f"cancelled: Slurm's job {job.raw['slurm_id']} was cancelled"


@pytest.mark.parametrize(
    ("words", "state", "said"),
    [
        (b"", "failed", "is no longer known to it, and never began"),
        (LIMIT, "failed", "Slurm ended it at its time limit"),
        (LIMIT.replace(b"TIME LIMIT", b"NODE FAILURE"), "failed", "its node failed"),
        (LIMIT.replace(b" DUE TO TIME LIMIT", b""), "cancelled", "was cancelled"),
    ],
)
def test_what_nobody_asked_in_time_is_told_by_the_output_that_slurm_wrote(
    root: Path, words: bytes, state: str, said: str
) -> None:
    output = root / slurmstate.FOLDER / "a" / "99999_0_log.out"
    output.parent.mkdir(parents=True)
    output.write_bytes(b"step 3\n" + words)
    lost = Job("a", "pretrain", jobs_folder(root) / "a", "queued", launcher="slurm")
    result = judged(replace(lost, raw={"slurm_id": "99999"}))
    assert result.state == state
    assert said in result.detail


def test_a_sweep_is_an_array_of_parts(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shell = Shell(root, capsys)
    words = ("--set", "lr=0.01,0.04", "--seeds", "6", "--steps", "64", "--parts", "3")
    slurm = ("--launcher", "slurm", "--partition", "main", "--wait", "--json")
    assert shell("sweep", "start", *words, *slurm) == 0
    document = json.loads(shell.out)
    assert document["computed"] == 3 * 6
    jobs = find_sweep(root, document["sweep"]).jobs
    assert len({str(job.raw["slurm_id"]).partition("_")[0] for job in jobs}) == 1
    assert len(jobs) == 3
