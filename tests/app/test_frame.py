"""The frame of the app: one timeline, its keys, the tabs, what is said when nothing is there."""

import os
import re
from itertools import groupby
from pathlib import Path

import pytest
from textual.css.query import NoMatches

from tests.app.conftest import Driver, OpenApp
from tests.rundirs import make_run
from tests.toolkit import fail, notes, stay_open, tell_drawings
from tests.waiting import all_done, waited_for
from tttui.app import TttuiApp
from tttui.keys import COMMANDS
from tttui.model.session import Layout
from tttui.model.start import StartView
from tttui.store import Store


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "runs" / "a", steps=600).path


async def test_it_opens_at_the_end_of_the_run(run: Path, open_app: OpenApp) -> None:
    async with open_app(run) as driver:
        assert driver.timeline.cursor == 599
        assert driver.timeline.whole


async def test_time_keys_move_the_cursor(run: Path, open_app: OpenApp) -> None:
    moves = {
        ("left",): 599 - 1,
        ("home",): 0,
        ("home", "right", "right"): 2,
        ("home", "shift+right"): 32,
        ("shift+left",): 599 - 32,
        ("home", "end"): 599,
        ("left_square_bracket",): 576,
        ("left_square_bracket", "left_square_bracket"): 544,
        ("home", "right_square_bracket"): 32,
        ("home", "right_square_bracket", "right_square_bracket"): 64,
    }
    went = {}
    async with open_app(run, size=(80, 24)) as driver:
        for keys in moves:
            await driver.press("escape", "end", *keys)
            went[keys] = driver.timeline.cursor
    assert went == moves


async def test_stepping_to_a_transaction_selects_it(run: Path, open_app: OpenApp) -> None:
    async with open_app(run) as driver:
        await driver.press("left_square_bracket")
        assert driver.timeline.selected == len(driver.data.transactions) - 1


async def test_there_is_nothing_after_the_last_transaction(run: Path, open_app: OpenApp) -> None:
    async with open_app(run) as driver:
        await driver.press("right_square_bracket")
        assert "No later transaction" in driver.text()


async def test_zoom_narrows_the_window_and_0_shows_the_whole(run: Path, open_app: OpenApp) -> None:
    async with open_app(run) as driver:
        await driver.press("plus", "plus")
        assert driver.timeline.span == 150
        await driver.press("minus")
        assert driver.timeline.span == 300
        await driver.press("0")
        assert driver.timeline.whole


async def test_log_and_smooth_toggle(run: Path, open_app: OpenApp) -> None:
    async with open_app(run) as driver:
        log, smooth = driver.timeline.log, driver.timeline.smooth
        await driver.press("l", "s")
        assert (driver.timeline.log, driver.timeline.smooth) == (not log, not smooth)
        assert "span 32" in driver.text()


async def test_play_moves_the_cursor_until_it_is_paused(run: Path, open_app: OpenApp) -> None:
    async with open_app(run) as driver:
        await driver.press("home", "space")
        await driver.until(lambda: driver.timeline.cursor > 2, "the replay to move")
        await driver.press("space")
        assert not driver.timeline.playing
        assert not driver.main.time.playing


async def test_speed_keys_change_the_speed(run: Path, open_app: OpenApp) -> None:
    async with open_app(run) as driver:
        await driver.press("full_stop", "full_stop", "comma")
        assert driver.timeline.speed == 2


async def test_enter_opens_the_transaction_and_escape_closes_it(
    run: Path, open_app: OpenApp
) -> None:
    async with open_app(run) as driver:
        await driver.press("left_square_bracket", "enter")
        assert "transaction 18 of 18" in driver.text()
        await driver.press("escape")
        assert "transaction 18 of 18" not in driver.text()


async def test_help_lists_every_key_of_the_tab(run: Path, open_app: OpenApp) -> None:
    async with open_app(run, size=(120, 130)) as driver:
        await driver.press("question_mark")
        shown = driver.text()
        for command in COMMANDS:
            if "overview" in command.tabs:
                assert command.help[:40] in shown, command
        assert "▲ loss" in shown
        assert "◇ run changed" in shown
        await driver.press("escape")
        assert "Help: Overview" not in driver.text()


async def test_a_session_that_appears_later_is_opened(tmp_path: Path, open_app: OpenApp) -> None:
    root = tmp_path / "runs"
    root.mkdir()
    async with open_app(root, poll=0.05) as driver:
        assert "No session found" in driver.text()
        make_run(root / "late", steps=64)
        await driver.until(lambda: driver.state.snapshot.data is not None, "the new session")
        assert "late" in driver.text()


async def test_o_opens_another_session_by_name(tmp_path: Path, open_app: OpenApp) -> None:
    make_run(tmp_path / "first", steps=100)
    make_run(tmp_path / "second", steps=200)
    async with open_app(tmp_path) as driver:
        other = "second" if driver.data.place.name == "first" else "first"
        await driver.press("o", *other[:3], "enter")
        await driver.until(lambda: driver.data.place.name == other, "the other session")


async def test_a_run_of_a_store_can_be_chosen(tmp_path: Path, open_app: OpenApp) -> None:
    place = make_run(tmp_path / "sessions" / "s", layout="store", runs=2)
    async with open_app(place.path) as driver:
        assert driver.data.run == place.runs[-1]
        await driver.press("o", "down", "enter")
        await driver.until(lambda: driver.data.run == place.runs[0], "the other run")


async def test_the_view_of_the_command_line_is_shown(run: Path, open_app: OpenApp) -> None:
    start = StartView(tab="overview", t=320, window=(200, 400), log=True)
    async with open_app(run, start=start) as driver:
        line = driver.timeline
        assert (line.cursor, line.t0, line.t1, line.log) == (320, 200, 400, True)


async def test_the_link_of_a_view_opens_that_view(run: Path, open_app: OpenApp) -> None:
    async with open_app(run) as driver:
        await driver.press("2", "home", "right", "plus", "Y")
        words = driver.app.clipboard.split()
    assert words[:2] == ["tttui", str(run)]
    assert words[words.index("--tab") + 1] == "weights"
    assert words[words.index("--t") + 1] == "1"
    assert words[words.index("--window") + 1] == "0:300"


async def test_y_copies_one_thing_after_another(run: Path, open_app: OpenApp) -> None:
    async with open_app(run) as driver:
        await driver.press("y")
        assert driver.app.clipboard == driver.data.meta.model_signature
        assert "Model signature copied" in driver.text()
        await driver.press("y")
        assert driver.app.clipboard == driver.data.meta.base_ckpt_hash


async def test_every_command_can_be_found_in_the_palette(run: Path, open_app: OpenApp) -> None:
    async with open_app(run) as driver:
        offered = [command.title for command in driver.main.system_commands()]
        here = [c for c in COMMANDS if "overview" in c.tabs]
        assert {f"{c.purpose('overview')}: {c.label}: {c.help}" for c in here} == set(offered)
        purposes = [title.partition(":")[0] for title in offered]
        assert [p for p, _ in groupby(purposes)] == list(dict.fromkeys(purposes)), "grouped"


async def test_a_copy_that_is_longer_than_the_last_line_is_shown_whole(
    run: Path, open_app: OpenApp
) -> None:
    async with open_app(run, size=(60, 16)) as driver:
        await driver.press("y")
        assert notes(driver.app) == [f"Model signature copied: {driver.data.meta.model_signature}"]


async def test_q_leaves(run: Path, open_app: OpenApp) -> None:
    async with open_app(run) as driver:
        await driver.press("q")
        await driver.until(lambda: not driver.app.is_running, "the app to end")


async def test_a_long_run_that_is_still_being_read_ends_with_the_cursor_at_its_end(
    tmp_path: Path, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tttui.store.session.BATCH_ROWS", (1000, 1000))
    place = make_run(tmp_path / "long", steps=20_000, trajectory=False, snapshots=False)
    async with open_app(place.path) as driver:
        assert driver.timeline.cursor == 19_999
        assert driver.timeline.whole


@pytest.mark.parametrize("layout", ["native", "flat", "store"])
async def test_of_a_long_run_that_is_partly_read_nothing_is_claimed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: Layout
) -> None:
    name = tmp_path / ("sessions/long" if layout == "store" else "long")
    place = make_run(name, layout=layout, steps=20_000)
    for path in place.path.rglob("*"):
        os.utime(path, (1, 1))  # what is not there is not being written
    go_on = Store.go_on
    monkeypatch.setattr(Store, "go_on", lambda _: None)
    monkeypatch.setattr("tttui.store.core.LOOK_S", 1000.0)
    monkeypatch.setattr("tttui.store.core.REFRESH_S", 1000.0)
    store = Store([place.path], waits=True)
    store.start()
    app = TttuiApp(store, StartView())
    with waited_for(store):
        async with app.run_test(size=(120, 40)) as pilot:
            driver = Driver(app, pilot)
            await driver.until(lambda: driver.main.shown is not None)
            header = driver.text().splitlines()[0]
            assert re.search(r"reading [1-9]\d? %", header)
            assert "!" not in header
            assert "steps" not in header
            assert re.search(r"No verdict yet: [1-9]\d? % of the session", driver.text())
            assert "last 100" not in driver.text()
            go_on(store)
            await driver.loaded()
            assert "20 000 steps" in driver.text().splitlines()[0]
            assert "No verdict yet" not in driver.text()
            assert "last 100" in driver.text()


async def test_what_is_drawn_first_is_complete(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = list[str]()
    tell_drawings(monkeypatch, lambda: drawn.append(Driver(app, pilot).text()))
    monkeypatch.setattr("tttui.toolkit.HELD_S", 1000.0)
    store = Store([run])
    app = TttuiApp(store, StartView())
    with waited_for(store):
        async with app.run_test() as pilot:
            await all_done()
            assert not drawn
            store.start()
            await Driver(app, pilot).loaded()
    assert "frozen MSE" in drawn[0]
    assert "599" in drawn[0]


@pytest.mark.parametrize(("leaving", "code"), [(True, 143), (False, 1)])
def test_what_is_still_being_made_when_a_signal_ends_the_app_is_no_defect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leaving: bool, code: int
) -> None:
    monkeypatch.setattr(TttuiApp, "is_headless", False)
    monkeypatch.setattr("tttui.app.report", lambda error: f"a defect: {error}")
    app = TttuiApp(Store([tmp_path]), StartView())
    stay_open(app, monkeypatch)
    monkeypatch.setattr(app, "post_message", lambda _: None)
    if leaving:
        app.exit(return_code=143)
    printed = fail(app, NoMatches("No nodes match"))
    assert app.return_code == code
    assert bool(printed) is not leaving
