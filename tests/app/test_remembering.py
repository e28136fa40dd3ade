"""Views are remembered between two looks, beside the sessions, and keys can be others."""

import json
from pathlib import Path

import pytest

from tests.app.conftest import OpenApp
from tests.rundirs import make_run, steps_path
from tttui.keys import rebound
from tttui.model.session import Place
from tttui.model.start import StartView
from tttui.saved_views import Remembered


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "runs" / "a", steps=600).path


async def test_a_session_opens_where_it_was_left(
    tmp_path: Path, run: Path, open_app: OpenApp
) -> None:
    remembered = Remembered(tmp_path / "views.json")
    async with open_app(run, remembered=remembered) as driver:
        await driver.press("s", "2", "home", "right", "plus")
    async with open_app(run, remembered=remembered) as driver:
        line = driver.timeline
        assert driver.state.tab == "weights"
        assert (line.cursor, line.t0, line.t1, line.smooth) == (1, 0, 300, True)


async def test_a_session_that_was_left_at_its_end_opens_at_its_end(
    tmp_path: Path, run: Path, open_app: OpenApp
) -> None:
    remembered = Remembered(tmp_path / "views.json")
    async with open_app(run, remembered=remembered) as driver:
        await driver.press("3")
    with steps_path(Place(run, "native")).open("a") as file:
        file.write("600,0.5,0.25,0,0\n")
    async with open_app(run, remembered=remembered) as driver:
        assert (driver.state.tab, driver.timeline.cursor) == ("transactions", 600)


async def test_the_command_line_goes_before_what_is_remembered(
    tmp_path: Path, run: Path, open_app: OpenApp
) -> None:
    remembered = Remembered(tmp_path / "views.json")
    async with open_app(run, remembered=remembered) as driver:
        await driver.press("2", "home")
    async with open_app(run, remembered=remembered, start=StartView(t=320)) as driver:
        assert (driver.state.tab, driver.timeline.cursor) == ("overview", 320)


async def test_looking_writes_nothing_into_a_session(
    tmp_path: Path, run: Path, open_app: OpenApp
) -> None:
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*")}
    async with open_app(run, remembered=Remembered(tmp_path / "views.json")) as driver:
        await driver.press("2", "3", "4", "5", "6", "1", "home")
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*")} == before


@pytest.mark.parametrize("text", ["", "[]", '{"x": 5}', "\x00"])
def test_a_damaged_memory_is_an_empty_one(tmp_path: Path, text: str) -> None:
    path = tmp_path / "views.json"
    path.write_text(text)
    remembered = Remembered(path)
    assert remembered.recall(tmp_path) is None
    remembered.keep(tmp_path, StartView("weights", 3, None, True, False))
    assert remembered.recall(tmp_path) == StartView("weights", 3, None, True, False)


@pytest.mark.parametrize(
    "changed",
    [
        {"tab": "weight"},
        {"tab": "weights", "view": "starts"},
        {"tab": "physics", "region": "gates"},
        {"tab": "physics", "ghost": float("nan")},
        {"tab": "overview", "transaction": 0},
        {"tab": "transactions", "query": "grud>1"},
        {"tab": "transactions", "sort": "size"},
        {"tab": "transactions", "statuses": "commit"},
        {"tab": "overview", "t": "5"},
    ],
    ids=str,
)
def test_what_is_no_view_is_not_recalled(tmp_path: Path, changed: dict[str, object]) -> None:
    path = tmp_path / "views.json"
    remembered = Remembered(path)
    remembered.keep(tmp_path, StartView("overview", 3))
    views: dict[str, dict[str, object]] = json.loads(path.read_text())
    path.write_text(json.dumps({key: {**kept, **changed} for key, kept in views.items()}))
    assert remembered.recall(tmp_path) is None


def test_a_view_of_an_earlier_version_is_recalled(tmp_path: Path) -> None:
    path = tmp_path / "views.json"
    kept: dict[str, object] = {
        "tab": "physics",
        "t": None,
        "window": [],
        "log": True,
        "smooth": False,
    }
    path.write_text(json.dumps({str(tmp_path.resolve()): kept}))
    assert Remembered(path).recall(tmp_path) == StartView("physics", log=True)


async def test_other_keys_do_what_the_configuration_says(run: Path, open_app: OpenApp) -> None:
    async with open_app(run, commands=rebound({"first": "u", "last": "U"})) as driver:
        await driver.press("u")
        assert driver.timeline.cursor == 0
        await driver.press("U")
        assert driver.timeline.cursor == 599
        await driver.press("home")
        assert driver.timeline.cursor == 599
