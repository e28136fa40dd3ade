"""What holds on every tab: keys never break it, one cursor moves all, damage is survived."""

import shutil
from pathlib import Path

import pytest

from tests.app.conftest import Driver, OpenApp
from tests.rundirs import DAMAGE, make_run, steps_path
from tttui.keys import COMMANDS, TABS
from tttui.screens.opening import StartView

LEAVES = ("quit", "open", "compare", "export", "new", "fork", "resume", "drive", "log-panel")
"""Commands that open something of their own, which is tested where it belongs."""


def keys_of(tab: str) -> list[str]:
    return [
        key.strip()
        for command in COMMANDS
        if tab in command.tabs and command.name not in LEAVES and command.group != "Run"
        for key in command.keys.split(",")
    ]


@pytest.mark.parametrize("tab", TABS)
async def test_every_key_of_a_tab_can_be_pressed(
    tmp_path: Path, open_app: OpenApp, tab: str
) -> None:
    make_run(tmp_path / "a", steps=200)
    make_run(tmp_path / "b", steps=200, parent="a")
    async with open_app(tmp_path, start=StartView(tab=tab)) as driver:
        for key in keys_of(tab):
            await driver.press(key)
            if driver.app.screen is not driver.main or driver.main.focused is not None:
                await driver.press("escape")
            if driver.main.tab != tab:
                await driver.press(str(TABS.index(tab) + 1))
            line = driver.timeline
            assert line.first <= line.t0 <= line.cursor <= line.t1 <= line.end
        assert driver.app.is_running


async def test_one_selection_is_the_selection_of_every_tab(
    tmp_path: Path, open_app: OpenApp
) -> None:
    make_run(tmp_path / "a", steps=600, seed=3)
    async with open_app(tmp_path, size=(200, 50)) as driver:
        await driver.press("home", "right_square_bracket", "right_square_bracket")
        assert "t 64" in driver.text()
        assert "attempt 2 of 18" in driver.text()
        for number in "23456":
            await driver.press(number)
            await still(driver)
            assert driver.timeline.cursor == 64
            assert "64 / 599" in driver.text()
        await driver.press("3")
        await still(driver)
        assert "attempt 2 of 18" in driver.text()
        await driver.press("down")
        await driver.press("1")
        await still(driver)
        assert driver.timeline.cursor == 96
        assert "attempt 3 of 18" in driver.text()


@pytest.mark.parametrize("damage", sorted(DAMAGE))
async def test_every_damage_is_survived_by_every_tab(
    tmp_path: Path, open_app: OpenApp, damage: str
) -> None:
    place = make_run(tmp_path / "a", steps=150, damage=(damage,))
    async with open_app(place.path, size=(160, 45)) as driver:
        for number in "234561":
            await driver.press(number, "left_square_bracket", "home", "end")
        assert driver.app.is_running


async def test_a_session_deleted_while_it_is_open_is_survived_by_every_tab(
    tmp_path: Path, open_app: OpenApp
) -> None:
    place = make_run(tmp_path / "a", steps=150)
    async with open_app(place.path, poll=0.05) as driver:
        for number in "234561":
            await driver.press(number)
        shutil.rmtree(place.path)
        await driver.until(lambda: driver.data.problem("steps"), "the loss to be noticed")
        for number in "234561":
            await driver.press(number, "home", "end")
        assert driver.app.is_running


async def test_a_run_that_was_cut_short_while_open_is_shown_as_it_is_now(
    tmp_path: Path, open_app: OpenApp
) -> None:
    place = make_run(tmp_path / "a", steps=150)
    async with open_app(place.path, poll=0.05) as driver:
        path = steps_path(place)
        path.write_text("\n".join(path.read_text().splitlines()[:51]) + "\n")
        await driver.until(lambda: driver.timeline.last == 49, "the shorter run")
        assert driver.timeline.cursor == 49


@pytest.mark.parametrize("theme", ["light", "ansi", "colour-blind"])
@pytest.mark.parametrize("ascii", [False, True])
async def test_every_theme_shows_every_tab(
    tmp_path: Path, open_app: OpenApp, theme: str, ascii: bool
) -> None:
    place = make_run(tmp_path / "a", steps=150)
    async with open_app(place.path, theme=theme, ascii=ascii) as driver:
        for number in "234561":
            await driver.press(number)
            await still(driver)
            if ascii:
                assert driver.text().isascii()
        assert driver.app.is_running


async def still(driver: Driver) -> None:
    """Wait until the screen has stopped changing."""
    before = ""
    while before != (before := driver.text()):
        await driver.pilot.pause(0.05)
