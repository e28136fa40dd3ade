"""How jobs ended whom Slurm's controller has forgotten, by its accounting: commands on PATH that
answer as those of Slurm do."""

from dataclasses import replace
from pathlib import Path

import pytest

from tttui.lab.job import Job, jobs_folder
from tttui.lab.launchers import slurmstate
from tttui.lab.launchers.slurmstate import judged

FORGOTTEN = """#!/bin/sh
case "$*" in
*--jobs*) echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1;;
esac
"""
"""`squeue` of a controller that knows no job any more."""

ACCOUNTED = """#!/bin/sh
case "$*" in
"--noheader --allocations --parsable2 --format=State --jobs 4711_3") printf '{}\\n';;
*) echo "sacct: error: Unknown arguments: $*" >&2; exit 1;;
esac
"""

NONE_KEPT = """#!/bin/sh
echo "Slurm accounting storage is disabled" >&2
exit 1
"""


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A job that its files say is queued; the commands of Slurm are those of the test."""
    commands, directory = tmp_path / "bin", jobs_folder(tmp_path / "runs") / "a"
    commands.mkdir()
    directory.mkdir(parents=True)
    monkeypatch.setenv("PATH", str(commands), prepend=":")
    monkeypatch.setattr(slurmstate, "_answers", {})
    command(tmp_path, "squeue", FORGOTTEN)
    waits = Job("a", "pretrain", directory, "queued", launcher="slurm")
    return replace(waits, raw={"slurm_id": "4711_3"})


def command(folder: Path, name: str, script: str) -> None:
    path = folder / "bin" / name
    path.write_text(script)
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("accounted", "state", "detail"),
    [
        ("CANCELLED by 1000", "cancelled", "cancelled: Slurm's job 4711_3 was cancelled"),
        ("TIMEOUT", "failed", "failed: Slurm ended it at its time limit"),
        ("OUT_OF_MEMORY", "failed", "since it took more memory than it may"),
        ("NODE_FAIL", "failed", "failed: its node failed"),
        ("COMPLETED", "failed", "Slurm's job 4711_3 ended as COMPLETED, and never began"),
        ("PENDING", "queued", "queued, Slurm's job 4711_3 waits"),
        ("", "failed", "is no longer known to it, and never began"),
    ],
)
def test_the_accounting_tells_how_a_forgotten_job_ended(
    job: Job, tmp_path: Path, accounted: str, state: str, detail: str
) -> None:
    command(tmp_path, "sacct", ACCOUNTED.format(accounted))
    result = judged(job)
    assert result.state == state
    assert detail in result.detail


def test_an_end_that_the_accounting_told_is_kept_with_the_job(job: Job, tmp_path: Path) -> None:
    command(tmp_path, "sacct", ACCOUNTED.format("CANCELLED by 1000"))
    judged(job)
    slurmstate._answers.clear()
    command(tmp_path, "sacct", NONE_KEPT)
    assert judged(job).state == "cancelled"


def test_without_accounting_the_output_of_the_job_tells(job: Job, tmp_path: Path) -> None:
    command(tmp_path, "sacct", NONE_KEPT)
    output = tmp_path / "runs" / slurmstate.FOLDER / "a" / "4711_3_0_log.out"
    output.parent.mkdir(parents=True)
    output.write_text("slurmstepd-vm: error: *** JOB 4711 ON vm CANCELLED AT 2026-11-28T10:35 DUE "
                      "TO TIME LIMIT ***\n")  # fmt: skip
    assert judged(job).detail == "failed: Slurm ended it at its time limit"
