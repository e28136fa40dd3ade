"""What is done with real jobs in the lab: every action asks, and shows the command for it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.conftest import Driver, OpenApp
from tests.app.test_lab import jobs, lab
from tests.jobdirs import make_job
from tests.lab.conftest import ENDLESS, pretraining
from tests.lab.killing import skill_of_the_point_mass
from tests.live import end, wait_until
from tests.rundirs import make_run
from tttui.lab import worker
from tttui.lab.job import Job, jobs_folder, read_job
from tttui.lab.jobs import handles
from tttui.lab.starting import start
from tttui.runs.background import OUTPUT
from tttui.tasks.pointmass.pretraining import EPOCH


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A run root of one's own; whatever jobs run there are killed at the end."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "runs"
    make_run(path / "example", steps=40)
    yield path
    for handle in handles(path):
        end(jobs_folder(path) / handle)


async def choose(driver: Driver, job: Job) -> None:
    """Put the cursor of the view of jobs on this one."""
    if driver.app.lab is None:
        await driver.press("b", "2")
    await driver.until(lambda: lab(driver).shown is not None, "the view")
    await driver.until(lambda: job.handle in jobs(driver).jobs.by_handle, "the job in the list")
    await driver.press("home")
    await driver.until(lambda: jobs(driver).detail.data is not None, "the job's files")


def checkpoints(driver: Driver) -> tuple[str, ...]:
    """The names of the checkpoints of the job under the cursor."""
    data = jobs(driver).detail.data
    return () if data is None else data.checkpoints


async def test_a_job_is_cancelled_resumed_and_removed_after_asking(
    root: Path, open_app: OpenApp
) -> None:
    job = pretraining(root, steps=ENDLESS)
    wait_until(lambda: "step" in read_job(job.path).doing)
    async with open_app(root, size=(120, 40)) as driver:
        await choose(driver, job)
        await driver.press("c")
        assert f"tttui job cancel {job.short} --root" in driver.text()
        await driver.press("n")
        assert read_job(job.path).state == "running", "it was asked, and the answer was no"
        await driver.press("c", "y")
        await driver.until(lambda: read_job(job.path).state == "cancelled", "the end of the job")
        await driver.until(lambda: "is cancelled" in driver.text(), "the note")
        shutil.copy(job.path / "checkpoint-latest.pt", job.path / "checkpoint-kept.pt")
        await driver.until(lambda: "kept" in checkpoints(driver), "the checkpoint's name")
        await driver.press("R")
        assert "From which checkpoint" in driver.text()
        await driver.press(*["down"] * (1 + checkpoints(driver).index("kept")), "enter")
        assert "go on from checkpoint kept?" in driver.text()
        assert f"tttui job resume {job.short}" in driver.text()
        await driver.press("y")
        await driver.until(lambda: read_job(job.path).state == "running", "the job again")
        await driver.press("D")
        assert "cancel it first" in driver.text()
        await driver.press("c", "y")
        await driver.until(lambda: read_job(job.path).state == "cancelled", "its second end")
        await driver.until(lambda: (one := jobs(driver).job) and one.has_ended, "the list")
        await driver.press("D", "y")
        await driver.until(lambda: not job.path.exists(), "the trash")
        await driver.until(lambda: not jobs(driver).jobs.all, "the list without it")
        assert "No jobs here yet" in driver.text()


async def test_the_command_of_a_question_is_copied(root: Path, open_app: OpenApp) -> None:
    make_job(root, 1, state="failed", error="the disk is full")
    job = read_job(jobs_folder(root) / handles(root)[0])
    async with open_app(root) as driver:
        await choose(driver, job)
        await driver.press("D", "c")
        assert driver.app.clipboard == f"tttui job rm {job.short} --root {root}"
        await driver.press("escape")
        assert job.path.exists()


async def test_a_refusal_is_told_and_nothing_is_changed(root: Path, open_app: OpenApp) -> None:
    make_job(root, 1, state="failed", error="the disk is full")
    job = read_job(jobs_folder(root) / handles(root)[0])
    async with open_app(root) as driver:
        await choose(driver, job)
        await driver.press("R", "y")  # nobody signed it: it is not this user's
        await driver.until(lambda: lab(driver).notes.standing, "the note")
        assert job.short in lab(driver).notes.standing or "sign" in driver.text()
        assert read_job(job.path).state == "failed"


async def test_enter_opens_a_session_that_ran_in_the_background(
    root: Path, open_app: OpenApp
) -> None:
    make_run(root / "other", steps=60, status="completed")
    (root / "other" / OUTPUT).write_text("")
    async with open_app(root / "example", root) as driver:
        await driver.press("b", "2")
        await driver.until(lambda: jobs(driver).job is not None, "the session among the jobs")
        await driver.press("enter")
        await driver.until(lambda: driver.data.place.name == "other", "the session in the tabs")
        assert driver.app.screen is driver.main


async def test_a_complete_training_goes_on_from_an_earlier_checkpoint(
    root: Path, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tttui.lab.starting.dispatch_locked", lambda _root: [])
    monkeypatch.setattr("tttui.lab.steering.dispatch_locked", lambda _root: [])
    settings = skill_of_the_point_mass(EPOCH + 8)
    job = start(root, "train", settings, command=("tttui", "train", "start"))
    worker.execute(job.path, lambda: None)
    async with open_app(root) as driver:
        await choose(driver, job)
        await driver.until(lambda: "R resume" in driver.text(), "what the key does")
        await driver.press("R")
        await driver.until(lambda: "From which checkpoint" in driver.text(), "the question")
        names = [name for name in checkpoints(driver) if name not in ("latest", "previous")]
        await driver.press(*["down"] * names.index("epoch-1"), "enter")
        assert "though it is complete?" in driver.text()
        await driver.press("c", "y")
        command = f"tttui job resume {job.short} --root {root} --checkpoint epoch-1"
        assert driver.app.clipboard == command
        await driver.until(lambda: read_job(job.path).state != "completed", "the job again")
        await driver.until(lambda: "results are kept as" in lab(driver).notes.standing, "the note")
