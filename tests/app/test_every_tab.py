"""What holds on every tab: keys do their work, one cursor moves all, nothing breaks it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.command import CommandPalette
from textual.widgets import Input

from tests.app.conftest import SIZES, Driver, OpenApp
from tests.rundirs import make_run, steps_path
from tttui.keys import COMMANDS
from tttui.keys.command import TABS
from tttui.model.start import StartView
from tttui.model.timeline import Timeline
from tttui.screens.chooser import Chooser
from tttui.screens.export import ExportDialog
from tttui.screens.help import HelpScreen

SMALL = SIZES[0]

LEAVES = ("quit", "open", "compare", "export", "new", "fork", "resume", "drive", "log-panel")
"""Commands that open something of their own, which is tested where it belongs."""

Works = Callable[[Driver, Timeline], object]
"""Whether a key did its work, from the app now and the timeline before."""

KEYS: tuple[tuple[str, Works], ...] = (
    ("home", lambda d, _: d.timeline.cursor == 0),
    ("right", lambda d, _: d.timeline.cursor == 1),
    ("shift+right", lambda d, _: d.timeline.cursor == 33),
    ("right_square_bracket", lambda d, _: d.timeline.cursor == 64 and d.timeline.selected == 1),
    ("left_square_bracket", lambda d, _: d.timeline.cursor == 32 and d.timeline.selected == 0),
    ("end", lambda d, _: d.timeline.at_end),
    ("left", lambda d, old: d.timeline.cursor == old.cursor - 1),
    ("shift+left", lambda d, old: d.timeline.cursor == old.cursor - 32),
    ("plus", lambda d, old: d.timeline.span < old.span),
    ("minus", lambda d, old: d.timeline.span > old.span),
    ("equals_sign", lambda d, old: d.timeline.span < old.span),
    ("0", lambda d, _: d.timeline.whole),
    ("l", lambda d, old: (d.timeline.log != old.log) == offers(d, "log")),
    ("s", lambda d, old: (d.timeline.smooth != old.smooth) == offers(d, "smooth")),
    ("comma", lambda d, old: d.timeline.speed < old.speed),
    ("full_stop", lambda d, old: d.timeline.speed > old.speed),
    ("f", lambda d, old: d.timeline.follow != old.follow),
    ("f", lambda d, old: d.timeline.follow != old.follow),
    ("y", lambda d, _: d.app.clipboard and "copied" in d.text()),
    ("Y", lambda d, _: d.app.clipboard.startswith("tttui ")),
    ("space", lambda d, _: "marked" in d.text() if at(d, "sessions") else d.timeline.playing),
    ("space", lambda d, _: not d.timeline.playing),
    (
        "enter",
        lambda d, _: "open" in d.text() if at(d, "sessions") else d.state.choices.inspecting,
    ),
    ("escape", lambda d, _: not d.state.choices.inspecting),
    ("x", lambda d, _: bool(d.state.choices.statuses) == at(d, "overview", "transactions")),
    ("slash", lambda d, _: typing(d) == at(d, "transactions", "sessions")),
    ("escape", lambda d, _: not typing(d)),
    ("question_mark", lambda d, _: isinstance(d.app.screen, HelpScreen)),
    ("escape", lambda d, _: d.app.screen is d.main),
    ("e", lambda d, _: isinstance(d.app.screen, ExportDialog)),
    ("escape", lambda d, _: d.app.screen is d.main),
    ("o", lambda d, _: isinstance(d.app.screen, Chooser) != at(d, "sessions")),
    ("escape", lambda d, _: d.app.screen is d.main),
    ("ctrl+p", lambda d, _: isinstance(d.app.screen, CommandPalette)),
    ("escape", lambda d, _: d.app.screen is d.main),
    ("q", lambda d, _: not d.app.is_running or d.app.leaving),
)


def at(driver: Driver, *tabs: str) -> bool:
    return driver.state.tab in tabs


def offers(driver: Driver, action: str) -> bool:
    """The shown tab has something that the command is about."""
    return any(c.action == action and driver.state.tab in c.tabs for c in COMMANDS)


def typing(driver: Driver) -> bool:
    return isinstance(driver.main.focused, Input)


@pytest.mark.parametrize("tab", TABS)
async def test_every_key_works_on_every_tab(tmp_path: Path, open_app: OpenApp, tab: str) -> None:
    make_run(tmp_path / "a", steps=200)
    async with open_app(tmp_path, start=StartView(tab=tab), size=SMALL) as driver:
        failed = []
        for n, (key, works) in enumerate(KEYS):
            before = driver.timeline
            await driver.press(key)
            if not works(driver, before):
                failed.append((n, key))
        assert not failed


async def test_keys_go_from_tab_to_tab(tmp_path: Path, open_app: OpenApp) -> None:
    async with open_app(make_run(tmp_path / "a", steps=64).path, size=SMALL) as driver:
        seen = []
        for key in ("tab",) * 6 + ("shift+tab",) * 6 + tuple("654321"):
            await driver.press(key)
            seen.append(driver.state.tab)
        assert tuple(seen) == (*TABS[1:], TABS[0], *TABS[::-1], *TABS[::-1])


@pytest.mark.parametrize("tab", TABS)
async def test_any_command_of_a_tab_may_come_after_any_other(
    tmp_path: Path, open_app: OpenApp, tab: str
) -> None:
    make_run(tmp_path / "a", steps=200)
    make_run(tmp_path / "b", steps=200, parent="a")
    known = {key for key, _ in KEYS} | set("123456") | {"tab", "shift+tab"}
    async with open_app(tmp_path, start=StartView(tab=tab), size=SMALL) as driver:
        for command in COMMANDS:
            if tab not in command.tabs or command.name in LEAVES or command.group == "Run":
                continue
            for key in sorted(set(map(str.strip, command.keys.split(","))) - known):
                await driver.press(key)
                if driver.app.screen is not driver.main or driver.main.focused is not None:
                    await driver.press("escape")
                line = driver.timeline
                assert line.first <= line.t0 <= line.cursor <= line.t1 <= line.end, key
        assert driver.app.is_running


async def test_one_selection_is_the_selection_of_every_tab(
    tmp_path: Path, open_app: OpenApp
) -> None:
    make_run(tmp_path / "a", steps=600, seed=3)
    async with open_app(tmp_path, size=(200, 50)) as driver:
        await driver.press("home", "right_square_bracket", "right_square_bracket")
        assert "t 64" in driver.text()
        assert "transaction 2 of 18" in driver.text()
        for number in "2456":
            await driver.press(number)
            assert driver.timeline.cursor == 64
            assert "t 64 " in driver.text()
        await driver.press("3")
        assert "transaction 2 of 18" in driver.text()
        await driver.press("down", "1")
        assert driver.timeline.cursor == 96
        assert "transaction 3 of 18" in driver.text()


IN_PART = (
    "half_events",
    "half_line",
    "half_record",
    "nan_line",
    "nan_metrics",
    "no_events",
    "pickled_weights",
    "short_line",
    "wrong_line",
    "wrong_meta",
)
"""Damage that leaves something of the file."""


@pytest.mark.parametrize("damage", IN_PART)
async def test_every_damage_is_survived_by_every_tab(
    tmp_path: Path, open_app: OpenApp, damage: str
) -> None:
    place = make_run(tmp_path / "a", steps=150, damage=(damage,))
    async with open_app(place.path, size=SMALL) as driver:
        for number in "234561":
            await driver.press(number)
        assert driver.app.is_running


LOSSES: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: path.unlink(),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:9] + b"\n"),
}

FEEDS = {
    "base_checkpoint.pt": ("architecture",),
    "per_step.csv": ("overview",),
    "session/meta.json": (),
    "session/metrics.json": (),
    "session/plastic_state.pt": (),
    "status.json": (),
    "trajectory.csv": ("physics",),
    "weights_history.npy": (),
}
"""The files of a session, with the tabs whose views have no other source."""

OWN = ("MSE", "W_u", "grad_norm", "Path", "Model", "session")
"""What stands on each tab whatever is lost elsewhere."""


@pytest.mark.parametrize("file", FEEDS)
async def test_a_file_that_is_lost_is_named_with_the_reason_and_the_rest_goes_on(
    tmp_path: Path, open_app: OpenApp, file: str
) -> None:
    places = {how: make_run(tmp_path / how.replace(" ", "-"), steps=150) for how in LOSSES}
    for how, place in places.items():
        LOSSES[how](place.path / file)
    async with open_app(tmp_path, size=SMALL) as driver:
        for how, place in places.items():
            driver.main.store.open(place)
            await driver.until(lambda: shown(driver, place.path), f"the session: {how}")  # noqa: B023
            await driver.press("4")  # trajectories are read where they are shown
            await driver.settled()
            await driver.until(lambda: driver.data.damage, "what is damaged")
            (reason,) = (p.reason for p in driver.data.damage)
            for tab, own in zip(TABS, OWN, strict=True):
                await driver.press(str(TABS.index(tab) + 1))
                await driver.settled()
                words = " ".join(driver.text().replace("│", " ").split())
                assert f"! {Path(file).name}" in words, (how, tab)
                if tab == "overview" or tab in FEEDS[file]:
                    assert reason[:20] in words, (how, tab)
                assert own in words, (how, tab)


def shown(driver: Driver, path: Path) -> bool:
    """A session is on the screen."""
    data = driver.state.snapshot.data
    return data is not None and data.place.path == path and not data.loading


async def test_a_session_deleted_while_it_is_open_is_survived_by_every_tab(
    tmp_path: Path, open_app: OpenApp
) -> None:
    place = make_run(tmp_path / "a", steps=150)
    async with open_app(place.path, poll=0.05, size=SMALL) as driver:
        await driver.press(*"234561")
        shutil.rmtree(place.path)
        await driver.until(lambda: driver.state.snapshot.data is None, "the loss to be noticed")
        assert "a is gone: its directory was moved or deleted." in driver.text()
        for number in "234561":
            await driver.press(number, "home", "end")
        assert driver.app.is_running


async def test_a_session_replaced_while_it_is_open_is_shown_anew_on_every_tab(
    tmp_path: Path, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tttui.screens.notes.NOTE_S", 0.05)  # that it was gone for a moment
    place = make_run(tmp_path / "a", steps=150)
    async with open_app(place.path, poll=0.05, size=SMALL) as driver:
        await driver.press(*"234561")
        shutil.rmtree(place.path)
        make_run(place.path, steps=90, seed=2, mu=0.07, shape=(8, 12))
        await driver.until(
            lambda: driver.timeline.last == 89 and driver.data.truth_now == 0.07, "the new session"
        )
        for number in "234561":
            await driver.press(number)
            await driver.settled()
            await driver.until(lambda: "mu 0.07" in driver.text(), "its friction")
            assert "t 89 " in driver.text()


async def test_a_run_that_was_cut_short_while_open_is_shown_as_it_is_now(
    tmp_path: Path, open_app: OpenApp
) -> None:
    place = make_run(tmp_path / "a", steps=150)
    async with open_app(place.path, poll=0.05) as driver:
        path = steps_path(place)
        path.write_text("\n".join(path.read_text().splitlines()[:51]) + "\n")
        await driver.until(lambda: driver.timeline.last == 49, "the shorter run")
        assert driver.timeline.cursor == 49


IN_THE_MIDDLE = ("enter", "space", "question_mark", "e", "o", "ctrl+p", "g", "n", "slash", "v")
"""Keys that begin something: a panel, a replay, a dialog, a form, a query, another view."""


@pytest.mark.parametrize("tab", ["overview", "sessions"])
async def test_the_terminal_may_change_in_the_middle_of_everything(
    tmp_path: Path, open_app: OpenApp, tab: str
) -> None:
    make_run(tmp_path / "a", steps=150)
    async with open_app(tmp_path, start=StartView(tab=tab), size=SMALL) as driver:
        for key in IN_THE_MIDDLE:
            await driver.press(key)
            for size in ((20, 5), (100, 30)):
                await driver.pilot.resize_terminal(*size)
            while driver.app.screen is not driver.main or typing(driver):
                await driver.press("escape")
        assert "Overview" in driver.text()


async def test_a_replay_that_goes_on_while_the_screen_is_taken_away_is_survived(
    tmp_path: Path, open_app: OpenApp
) -> None:
    make_run(tmp_path / "a", steps=150)
    async with open_app(tmp_path, size=SMALL) as driver:
        await driver.press("home", "space")
        assert driver.timeline.playing
        await driver.main.remove()
        driver.main.time.move(driver.timeline.played(1.0))


async def test_any_size_of_terminal_is_survived(tmp_path: Path, open_app: OpenApp) -> None:
    place = make_run(tmp_path / "a")
    async with open_app(place.path, size=(1, 1)) as driver:
        for size in ((1, 1), (20, 5), (40, 12), (250, 70)):
            await driver.pilot.resize_terminal(*size)
            await driver.press(*"123456")
        await driver.pilot.resize_terminal(120, 40)
        await driver.press("1")
        assert "frozen MSE" in driver.text()


@pytest.mark.parametrize("ascii", [False, True])
async def test_every_theme_shows_every_tab(tmp_path: Path, open_app: OpenApp, ascii: bool) -> None:
    place = make_run(tmp_path / "a", steps=150)
    async with open_app(place.path, ascii=ascii, size=SMALL) as driver:
        for theme in ("light", "ansi", "colour-blind"):
            driver.app.theme = theme
            for number in "234561":
                await driver.press(number)
                await driver.settled()
                assert not ascii or driver.text().isascii()
        assert driver.app.is_running
