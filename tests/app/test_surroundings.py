"""The app while the directory that it was started in goes away."""

import shutil
from pathlib import Path

import pytest

from tests.app.conftest import OpenApp
from tests.hostile import drawn
from tests.rundirs import make_run
from tttui.keys.command import TABS

KEYS = (
    "y",
    "Y",
    "e",
    "c",
    "n",
    "escape",
    "F",
    "escape",
    "R",
    "escape",
    "d",
    "escape",
    "o",
    "escape",
)


def work_in(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a directory and work there."""
    directory.mkdir()
    monkeypatch.chdir(directory)


@pytest.mark.parametrize("given", ["runs", "."])
async def test_the_app_goes_on_when_its_working_directory_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_app: OpenApp, given: str
) -> None:
    directory = tmp_path / "cwd"
    make_run(directory / "runs" / "a", steps=40)
    monkeypatch.chdir(directory)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    async with open_app(Path(given), poll=0.05) as driver:
        shutil.rmtree(directory)
        for number in range(1, len(TABS) + 1):
            for key in (str(number), *KEYS):
                await driver.press(key)
        await driver.until(lambda: drawn(driver.app))


async def test_an_export_goes_to_the_home_where_the_working_directory_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_app: OpenApp
) -> None:
    run, directory = make_run(tmp_path / "runs" / "a", steps=40).path, tmp_path / "cwd"
    work_in(directory, monkeypatch)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    async with open_app(run) as driver:
        directory.rmdir()
        await driver.press("e", "c")
        await driver.until(lambda: list((tmp_path / "home" / "tttui-exports").glob("*.csv")))


async def test_where_there_is_nowhere_to_export_to_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_app: OpenApp
) -> None:
    run, directory = make_run(tmp_path / "runs" / "a", steps=40).path, tmp_path / "cwd"
    work_in(directory, monkeypatch)
    monkeypatch.setattr("tttui.screens.clipboard_export.home_directory", lambda: None)
    async with open_app(run) as driver:
        directory.rmdir()
        await driver.press("e")
        assert "There is no directory to export to" in driver.text()
