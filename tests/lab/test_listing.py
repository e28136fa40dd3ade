"""The list of jobs: read once where nothing changes, and fitted into the terminal."""

import os
from pathlib import Path

import pytest

from tests.lab.conftest import pretraining
from tttui.artifacts.regular import read_below
from tttui.cli.joblist import listed
from tttui.cli.output import cells
from tttui.lab import worker
from tttui.lab.job import Job
from tttui.lab.jobs import JobList, list_jobs
from tttui.lab.steering import cancel, resume

NOWHERE = Path("nowhere")


@pytest.fixture(autouse=True)
def _nobody_starts_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("starting", "steering"):
        monkeypatch.setattr(f"tttui.lab.{module}.dispatch_locked", lambda _root: [])


def test_only_jobs_that_changed_are_read_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done, other = pretraining(root), pretraining(root, seed=1)
    cancel(other)  # first: whoever ends starts it
    assert worker.execute(done.path, lambda: None) == 0
    read: list[str] = []

    def noted(folder: int, path: str, known: os.stat_result) -> bytes:
        read.append(path.partition("/")[0])
        return read_below(folder, path, known)

    monkeypatch.setattr("tttui.lab.jobs.read_below", noted)
    jobs = JobList(root)
    assert {job.state for job in jobs.refresh()} == {"completed", "cancelled"}
    assert sorted(read) == sorted([done.handle, other.handle])
    read.clear()
    assert jobs.refresh() == list_jobs(root)
    assert sorted(read) == sorted([done.handle, other.handle])  # by the second, which knows none
    read.clear()
    resume(other)
    assert [job.state for job in jobs.refresh(state="queued")] == ["queued"]
    assert read == [other.handle]


def test_what_stands_in_the_place_of_a_status_is_told_and_not_followed(root: Path) -> None:
    job = pretraining(root)
    (job.path / "status.json").rename(root / "elsewhere")
    (job.path / "status.json").symlink_to(root / "elsewhere")
    (jobs,) = list_jobs(root)
    assert jobs.state == "unknown"
    assert "link" in jobs.problems[0]
    (job.path / "status.json").unlink()
    os.mkfifo(job.path / "status.json")
    (jobs,) = list_jobs(root)
    (job.path / "status.json").unlink()
    assert "named pipe" in jobs.problems[0]


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_the_table_of_jobs_fits_the_terminal(width: int) -> None:
    jobs = [
        Job("7a9ac1f2-", "provider_test", NOWHERE, "running", doing="step 3 of 9, loss 0.02 " * 9),
        Job(
            "a session's long name \u5e83\u3044 " * 5, "session", NOWHERE, command="tttui run " * 9
        ),
    ]
    lines = listed(jobs, width)
    assert max(map(cells, lines)) <= max(width, 54)  # which takes what tells them apart
    assert "step 3 of 9" in lines[1] or width < 80
    assert ("command" in lines[0]) == (width >= 120)
    assert listed(jobs, None)[2].endswith("tttui run tttui run tttui run tttui r...")
