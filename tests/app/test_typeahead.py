"""Keys that are typed faster than the screen follows: all act, in their order, each once."""

from pathlib import Path

import pytest
from textual import events
from textual.drivers.headless_driver import HeadlessDriver

from tests.app.conftest import Driver, OpenApp
from tests.rundirs import make_run
from tests.toolkit import key_of, tell_actions
from tests.waiting import all_done
from tttui.app import TttuiApp
from tttui.keys import COMMANDS, MODAL
from tttui.keys.command import TABS
from tttui.model.start import StartView
from tttui.screens.key_commands import KeyCommands
from tttui.screens.main import MainScreen

BURSTS = (
    "6>Sj jj ",
    "4v}}w",
    "5wj",
    "2HHj",
    "2vww",
    "3[[jx",
    "3/grad>1\rS",
    "gG/warn\rG",
    "ob\r2",
    "?\x1b4w",
    "2461\t35",
)
"""What somebody types without looking."""


ON_THE_TAB = {"inspect", "back", "copy", "export", "fork", "compare", "filter", "log_panel"}
"""Commands of several tabs that do something with what the shown one shows."""

DIALOGS = {"drive", "new", "fork", "resume", "open", "compare", "export", "pane('sort_named')"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("a", "b", "c"):
        make_run(tmp_path / "runs" / name, steps=600)
    return tmp_path / "runs"


def keys_of(text: str) -> list[events.Key]:
    """The keys of characters."""
    named = {"\r": "enter", "\x1b": "escape", "\t": "tab"}
    return [events.Key(named.get(c) or key_of(c), c) for c in text]


async def type_at_once(driver: Driver, text: str) -> None:
    """Have all these keys arrive before any of them is looked at."""
    for key in keys_of(text):
        driver.app.post_message(key)
    await all_done()


async def type_slowly(driver: Driver, text: str) -> None:
    """Let each key have its effect before the next."""
    for key in keys_of(text):
        driver.app.post_message(key)
        await all_done()
        if driver.app.screen is driver.main:
            await driver.settled()


@pytest.fixture
def typed_at_the_start(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What stands in this list arrives before the first screen is made."""
    text: list[str] = []
    start = HeadlessDriver.start_application_mode

    def started(driver: HeadlessDriver) -> None:
        for key in keys_of("".join(text)):
            driver.send_message(key)
        start(driver)

    monkeypatch.setattr(HeadlessDriver, "start_application_mode", started)
    return text


async def seen(driver: Driver) -> list[object]:
    """What all that was typed has led to."""
    await driver.settled()
    return [driver.timeline, type(driver.app.screen), *driver.text().splitlines()]


@pytest.mark.parametrize("text", BURSTS)
async def test_keys_do_the_same_however_fast_they_are_typed(
    root: Path, open_app: OpenApp, typed_at_the_start: list[str], text: str
) -> None:
    async with open_app(root) as driver:
        await type_slowly(driver, text)
        slowly = await seen(driver)
    async with open_app(root) as driver:
        await type_at_once(driver, text)
        assert await seen(driver) == slowly
    typed_at_the_start.append(text)
    async with open_app(root) as driver:
        await all_done()
        assert await seen(driver) == slowly


OF_PANELS = [c for c in COMMANDS if c.group in MODAL and c.action not in ("log_panel", "whatif")]
"""Commands whose keys are theirs only while a panel is open."""


def done_by(key: str, tab: str) -> str:
    """The action of a key in a tab."""
    here = (c for c in COMMANDS if tab in c.tabs and c not in OF_PANELS)
    return next(c.action for c in here if key in c.keys.split(","))


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The actions of the main screen, as they are carried out."""
    results: list[str] = []

    def note_action(node: object, name: str, given: tuple[object, ...]) -> None:
        if isinstance(node, MainScreen):
            words = ", ".join(map(repr, given))
            results.append(f"{name}({words})" if words else name)

    tell_actions(TttuiApp, monkeypatch, note_action)
    return results


@pytest.mark.parametrize("tab", TABS)
async def test_every_key_of_a_tab_acts_right_after_the_change_to_it(
    root: Path, open_app: OpenApp, done: list[str], tab: str
) -> None:
    number = str(TABS.index(tab) + 1)
    other = "1" if number != "1" else "2"
    async with open_app(root, size=(80, 24)) as driver:
        for command in COMMANDS:
            key = command.keys.split(",")[0]
            if command in OF_PANELS or tab not in command.tabs:
                continue
            if not (command.own or command.action in ON_THE_TAB):
                continue
            pane = driver.main.tabs._panes.pop(tab, None)
            if pane is not None:  # the tab is made anew, as it is on the first visit
                await pane.remove()
            done.clear()
            for event in (*keys_of(other + number), events.Key(key, None)):
                driver.app.post_message(event)
            wanted = [f"show_tab('{tab}')", done_by(key, tab)]
            await driver.until(lambda: done[-2:] == wanted, key)  # noqa: B023
            while driver.app.screen is not driver.main or driver.main.focused is not None:
                await driver.press("escape")


@pytest.mark.parametrize("tab", TABS)
async def test_every_key_acts_right_after_the_start(
    root: Path, open_app: OpenApp, typed_at_the_start: list[str], done: list[str], tab: str
) -> None:
    keys = [
        command.keys.split(",")[0]
        for command in COMMANDS
        if tab in command.tabs
        and command.group != "App"
        and len(command.keys.split(",")[0]) == 1
        and command not in OF_PANELS
        and command.action != "whatif"
    ]
    plain = [key for key in keys if done_by(key, tab) not in DIALOGS]
    typed_at_the_start.append("".join(plain))
    async with open_app(root, start=StartView(tab=tab)) as driver:
        await driver.settled()
        assert done == [done_by(key, tab) for key in plain]


async def test_keys_wait_until_it_is_known_that_there_is_nothing(
    tmp_path: Path, open_app: OpenApp, typed_at_the_start: list[str]
) -> None:
    (tmp_path / "empty").mkdir()
    typed_at_the_start.append("l?")
    async with open_app(tmp_path / "empty") as driver:
        await all_done()
        assert "Help: Overview" in driver.text()


async def test_keys_do_not_wait_for_ever(
    root: Path, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tttui.typeahead.PATIENCE_S", 0.01)
    async with open_app(root) as driver:
        monkeypatch.setattr(KeyCommands, "takes", lambda *_: False)
        driver.app.post_message(events.Key("q", "q"))
        await driver.until(lambda: not driver.app.is_running, "the app to end")


async def test_a_session_that_was_chosen_is_the_one_that_later_keys_act_on(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root) as driver:
        assert driver.data.place.name != "b"
        await type_at_once(driver, "ob\r[[")
        assert driver.data.place.name == "b"
        assert driver.timeline.selected == len(driver.data.transactions) - 2


async def test_keys_that_wait_when_the_app_leaves_are_not_carried_out(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root) as driver:
        tab = driver.state.tab
        driver.app.exit()
        await driver.app.on_event(events.Key("2", "2"))
        assert driver.state.tab == tab


async def test_a_key_that_comes_while_the_app_ends_is_dropped(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root) as driver:
        pass
    await driver.app.on_event(events.Key("D", "D"))
    await driver.app.next_key()
