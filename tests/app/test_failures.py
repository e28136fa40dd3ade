"""What cannot be worked out is named on the screen, and the rest of the app goes on."""

import errno
import os
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.app.conftest import Driver, OpenApp
from tests.rundirs import make_run
from tttui.artifacts.reader import SessionReader
from tttui.model.here import LOST
from tttui.model.start import StartView
from tttui.panes import PANES, pane_class
from tttui.store.core import FEEDS
from tttui.store.recorded import YardsticksFeed


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
    async with open_app(run, start=StartView(tab=tab), size=(320, 40)) as driver:
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


async def test_a_root_that_is_deleted_is_named(tmp_path: Path, open_app: OpenApp) -> None:
    root = tmp_path / "runs"
    make_run(root / "a", steps=100)
    async with open_app(root, size=(160, 40), poll=0.05) as driver:
        shutil.rmtree(root)
        said = f"{root}: there is no such file or directory"
        await driver.until(lambda: said in driver.text(), said)
        make_run(root / "b", steps=100)
        await driver.until(lambda: driver.state.snapshot.data is not None, "another session")


async def test_a_working_directory_that_is_deleted_is_named(
    tmp_path: Path, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "cwd"
    make_run(directory / "runs" / "a", steps=100)
    monkeypatch.chdir(directory)
    async with open_app(Path("runs"), size=(200, 40), poll=0.05) as driver:
        shutil.rmtree(directory)
        await driver.until(lambda: LOST in driver.text(), LOST)


@pytest.mark.parametrize("opened", [False, True])
async def test_a_root_that_cannot_be_searched_is_named(
    tmp_path: Path, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch, opened: bool
) -> None:
    run, root = make_run(tmp_path / "a", steps=100).path, tmp_path / "runs"
    root.mkdir()
    search = os.scandir

    def refuse(path: Path) -> Any:
        if Path(path) == root:
            raise PermissionError(errno.EACCES, "Permission denied")
        return search(path)

    monkeypatch.setattr("tttui.artifacts.discover.os.scandir", refuse)
    paths = (run, root) if opened else (root,)
    async with open_app(*paths, start=StartView(tab="sessions"), size=(160, 40)) as driver:
        said = f"{root}: cannot be searched: Permission denied"
        await driver.until(lambda: said in driver.text(), said)
