"""System, Logs and Events of the lab: what the machine does, what was said, what changed."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.conftest import Driver, OpenApp
from tests.app.test_lab import lab, typed
from tests.jobdirs import handle_of, make_job
from tests.nvml import FakeNvml
from tests.tasks.pointmass.runs.sessions import create
from tttui.lab.events import publish
from tttui.panes.lab.base import VIEWS
from tttui.panes.lab.streams.tail import TailView
from tttui.tasks.pointmass.runs.session import SessionRun


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with a job that has a log, and a session that has failed."""
    path = tmp_path / "runs"
    make_job(path, 1, log=["the job begins"])
    (path / "a").mkdir(parents=True)
    (path / "a" / "status.json").write_text('{"state": "failed"}')
    lines = [f"2026-11-28 07:00:{n:02},000 INFO    step {n}" for n in range(40)]
    lines.append("2026-11-28 07:01:00,000 ERROR   the disk is full\nTraceback of it")
    (path / "a" / "run.log").write_text("\n".join(lines) + "\n")
    for n in range(30):
        publish(path, "sessions", "started", id="a", t=n)
    publish(path, "training_jobs", "completed", id=handle_of(1))
    return path


async def show(driver: Driver, name: str) -> None:
    await driver.press("b", str((1 + [view.name for view in VIEWS].index(name)) % 10))


def stream(driver: Driver) -> TailView[object]:
    view = lab(driver).shown
    assert isinstance(view, TailView)
    return view


async def test_logs_are_one_table_that_follows_its_end(root: Path, open_app: OpenApp) -> None:
    async with open_app(root) as driver:
        await show(driver, "logs")
        await driver.until(lambda: "43 lines" in driver.text(), "the lines")
        assert "Traceback of it" in driver.text()
        with (root / "a" / "run.log").open("a") as file:
            file.write("2026-11-28 07:02:00,000 WARNING it is hot\n")
        await driver.until(lambda: "44 lines" in driver.text(), "the new line")
        assert "session a" in driver.text().split("Line")[1]
        assert "it is hot" in driver.text().split("Line")[1]
        await driver.press("x", "x")
        await driver.until(lambda: "2 of 44 lines" in driver.text(), "only errors")
        assert "it is hot" not in driver.text().split("Line")[0]
        await driver.press("escape", "slash", *typed("step"), "enter")
        await driver.until(lambda: "40 of 44 lines" in driver.text(), "the query")
        await driver.press("home")
        assert "follows" not in driver.text(), "the cursor has left the end"
        await driver.press("enter")
        assert driver.app.screen is driver.app.main, "the session is opened"


async def test_events_come_while_they_are_followed_and_lead_to_what_they_are_about(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root, size=(80, 24)) as driver:
        await show(driver, "events")
        await driver.until(lambda: "31 events" in driver.text(), "the events")
        await driver.press("up")
        publish(root, "models", "registered", name="A@v2", note="x" * 60)
        await driver.until(lambda: "32 events" in driver.text(), "the new one")
        assert "data:sessions:started" in driver.text(), "the cursor stays at its event"
        await driver.press("f")
        await driver.until(lambda: "data:models:registered" in driver.text(), "the newest")
        await driver.press("y", "y")
        assert driver.app.clipboard.startswith("tttui events --since 31 --follow --root")
        await driver.press("x", "x")
        await driver.until(lambda: "1 of 32 events" in driver.text(), "only trainings")
        await driver.press("enter")
        assert lab(driver).name_shown == "jobs"
        link = lab(driver)
        await driver.until(
            lambda: link.shown is not None and handle_of(1)[:8] in driver.text(), "its job"
        )


@pytest.fixture
def running(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SessionRun]:
    """A session that this process runs, on a machine with two GPUs."""
    fake = FakeNvml(2)
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    run = create(root / "busy")
    run.tell()
    columns = "t,cpu,memory,machine_cpu,machine_memory,gpu0,gpu0_memory\n"
    rows = [f"{2 * n},{n}.0,1e9,50.0,2e9,{n % 100}.0,3e9\n" for n in range(90)]
    (run.path / "system.csv").write_text(columns + "".join(rows))
    yield run
    run.close("interrupted")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_the_machine_its_gpus_and_who_holds_it(
    running: SessionRun, open_app: OpenApp, size: tuple[int, int]
) -> None:
    async with open_app(running.path.parent, size=size, ascii=size[0] == 80) as driver:
        await show(driver, "system")
        await driver.until(lambda: "busy" in driver.text(), "the session")
        text = driver.text()
        for words in (
            "CPU",
            "GPU 1",
            "1.5 of 80 GB",
            "40 C",
            "310 W of 700 W",
            "0 jobs, 1 session",
        ):
            assert words in text or size == (80, 24), words
        if size == (80, 24):
            await driver.press("w", "w")
        await driver.until(lambda: "CPU of session busy" in driver.text(), "its curves")
        await driver.press("v")
        assert "memory of session busy" in driver.text()
        await driver.press("v")
        assert "GPU use of session busy" in driver.text()
        await driver.press("enter")
        assert driver.app.screen is driver.app.main
