"""Runs of other processes in the table of all sessions."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.conftest import Driver, OpenApp
from tests.live import in_background, state
from tests.tasks.pointmass.runs.sessions import run_through, settings
from tttui.engine.machine import Load, LoadMeter
from tttui.model.start import StartView
from tttui.runs.control import ask


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A completed session, and a live one that is paused."""
    run_through(tmp_path / "done", settings(steps=40))
    with in_background(tmp_path / "live", steps=400):
        yield tmp_path


async def go_to(driver: Driver, name: str) -> None:
    """Move the cursor of the table to a session."""

    def there() -> bool:
        place = driver.pane.under_cursor()
        return place is not None and place.name == name

    await driver.until(lambda: len(driver.state.snapshot.summaries) == 2, "the rows")
    if not there():
        await driver.press("down")
    if not there():
        await driver.press("up")
    assert there()


async def test_rows_follow_runs_that_are_not_open(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, start=StartView(tab="sessions")) as driver:
        await go_to(driver, "done")
        await driver.press("enter")
        await driver.loaded()
        await driver.until(lambda: "paused ─────   0 %" in driver.text(), "the live run")
        ask(root / "live", "step", 50)
        await driver.until(lambda: "paused ━────  12 %" in driver.text(), "its steps")


async def test_the_run_under_the_cursor_is_steered(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, start=StartView(tab="sessions")) as driver:
        await go_to(driver, "live")
        await driver.until(lambda: "continue run" in driver.text(), "what can be asked of it")
        await go_to(driver, "done")
        assert "continue run" not in driver.text()
        await go_to(driver, "live")
        await driver.press("p")
        await driver.until(lambda: state(root / "live") == "completed", "the run")


async def test_the_machine_is_shown_while_runs_share_it(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, size=(160, 40), start=StartView(tab="sessions")) as driver:
        await driver.until(lambda: "CPU" in driver.text(), "the load")
        assert "memory" in driver.text()


def test_a_machine_without_gpus_says_so() -> None:
    assert str(Load(35, 2.1, 8.0)) == "CPU 35 %   memory 2.1 of 8 GB   no GPU"
    load = LoadMeter().load()
    assert 0 <= load.cpu <= 100
    assert 0 < load.memory < load.memory_total
