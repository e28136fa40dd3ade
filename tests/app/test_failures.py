"""What cannot be worked out is named on the screen, and the rest of the app goes on."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.app.conftest import Driver, OpenApp
from tests.rundirs import make_run
from tttui.artifacts.reader import SessionReader
from tttui.panes import PANES, pane_class
from tttui.screens.opening import StartView
from tttui.store.core import FEEDS
from tttui.store.trajectory import YardsticksFeed


def fail(*_: object, **__: object) -> Any:
    raise ValueError("of the test")


def is_told(driver: Driver, name: str) -> bool:
    return f"{name}: could not be worked out: ValueError: of the test" in driver.text()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "runs" / "a", layout="flat", steps=600).path


@pytest.mark.parametrize("tab", PANES)
async def test_a_tab_names_every_part_of_it_that_fails(
    run: Path, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch, tab: str
) -> None:
    needed = pane_class(tab).needs
    for feed in FEEDS:
        if feed.part.name in needed:
            monkeypatch.setattr(feed, "refresh", fail)
    async with open_app(run, start=StartView(tab=tab), size=(240, 40)) as driver:
        for name in needed:
            await driver.until(partial(is_told, driver, name), name)
        await driver.press("home", "right")
        assert driver.timeline.cursor == 1


async def test_yardsticks_that_fail_are_named_in_their_chart_until_they_are_not_shown(
    run: Path, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(YardsticksFeed, "refresh", fail)
    async with open_app(run, size=(200, 50)) as driver:
        await driver.press("r")
        await driver.until(
            lambda: driver.text().count("yardsticks: could not be worked out") == 2,
            "the reason, in the chart and below",
        )
        assert "computing yardsticks" not in driver.text()
        await driver.press("r")
        await driver.until(lambda: "could not be worked out" not in driver.text(), "its end")


async def test_a_session_that_cannot_be_read_is_named(
    run: Path, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SessionReader, "refresh", fail)
    async with open_app(run) as driver:
        assert "session: could not be read: ValueError: of the test" in driver.text()
        await driver.press("question_mark")
        assert "Help: Overview" in driver.text()
