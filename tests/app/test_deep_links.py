"""The link of a view opens that very view, whatever is remembered, and so does remembering it."""

import re
import shlex
from pathlib import Path

import pytest

from tests.app.conftest import Driver, OpenApp
from tests.rundirs import make_run
from tttui.cli.main import main
from tttui.model.start import StartView
from tttui.saved_views import Remembered
from tttui.store.core import Store

VIEWS: dict[str, tuple[str, ...]] = {
    "a window of the errors": ("plus", "plus", "left", "l", "s"),
    "an inspected transaction": ("left_square_bracket", "left_square_bracket", "enter"),
    "yardsticks and a filter": ("r", "x", "x"),
    "the identity": ("i",),
    "a change of the weights": ("2", "v", "w", "w", "home", "right_square_bracket"),
    "a sorted part of the transactions": (
        *("3", "greater_than_sign", "greater_than_sign", "S", "slash"),
        *("g", "r", "a", "d", "greater_than_sign", "1", "enter", "x"),
    ),
    "the gates": ("3", "w", "w", "w"),
    "a ghost": ("4", "right_curly_bracket", "right_curly_bracket", "w"),
    "the optimizer": ("5", "w", "w"),
    "some sessions": ("6", "less_than_sign", "slash", "a", "enter", "w"),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("b", "a"):
        make_run(tmp_path / "runs" / name, steps=600)
    return tmp_path / "runs"


def opened_by(link: str, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Path], StartView]:
    """The paths and the view that a command line opens."""
    calls: list[tuple[list[Path], StartView]] = []

    def note(store: Store, *, start: StartView, **_: object) -> int:
        store.stop()
        calls.append((list(store.paths), start))
        return 0

    monkeypatch.setattr("tttui.app.open_app", note)
    program, *words = shlex.split(link)
    assert (program, main(words)) == ("tttui", 0)
    return calls[0]


def picture(driver: Driver) -> list[str]:
    """The screen without its first line, which may hold a note."""
    return driver.text().splitlines()[1:]


@pytest.mark.parametrize("keys", VIEWS.values(), ids=VIEWS)
async def test_the_link_of_a_view_opens_that_view(
    root: Path, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch, keys: tuple[str, ...]
) -> None:
    async with open_app(root) as driver:
        await driver.press(*keys)
        await driver.settled()
        copied = picture(driver)
        await driver.press("Y")
        paths, start = opened_by(driver.app.clipboard, monkeypatch)
    async with open_app(*paths, start=start) as driver:
        await driver.settled()
        assert picture(driver) == copied


@pytest.mark.parametrize("keys", VIEWS.values(), ids=VIEWS)
async def test_a_session_opens_as_it_was_left(
    tmp_path: Path, root: Path, open_app: OpenApp, keys: tuple[str, ...]
) -> None:
    remembered = Remembered(tmp_path / "views.json")
    async with open_app(root, remembered=remembered) as driver:
        await driver.press(*keys)
        await driver.settled()
        left = picture(driver)
    async with open_app(root, remembered=remembered) as driver:
        await driver.settled()
        assert picture(driver) == left


@pytest.mark.parametrize("start", [StartView(tab="overview"), StartView(t=599)])
async def test_what_the_command_line_names_goes_before_what_is_remembered(
    tmp_path: Path, root: Path, open_app: OpenApp, start: StartView
) -> None:
    remembered = Remembered(tmp_path / "views.json")
    async with open_app(root, remembered=remembered) as driver:
        await driver.press("2", "home", "plus")
    async with open_app(root, remembered=remembered, start=start) as driver:
        line = driver.timeline
        assert (driver.state.tab, line.cursor, line.whole) == ("overview", 599, True)


async def test_a_tab_that_somebody_goes_to_while_it_starts_stays(
    tmp_path: Path, root: Path, open_app: OpenApp
) -> None:
    remembered = Remembered(tmp_path / "views.json")
    async with open_app(root, remembered=remembered) as driver:
        await driver.press("2", "home")
    async with open_app(root, remembered=remembered, before=("5",)) as driver:
        assert (driver.state.tab, driver.timeline.cursor) == ("architecture", 0)


REFUSED = {
    ("--tab", "weights", "--view", "starts"): "--view: 'starts' is unknown in weights",
    ("--view", "start"): "--view: 'start' is unknown in overview",
    ("--tab", "physics", "--region", "gates"): "--region: 'gates' is unknown in physics",
    ("--tab", "transactions", "--sort", "grad:up"): "--sort: 'grad:up' is unknown",
    ("--tab", "transactions", "--query", "grud>1"): "there is no 'grud'",
    ("--tab", "weights", "--query", "t>1"): "--query: weights has no table",
    ("--status", "los"): "'los' is unknown; choose from commit, loss_regression",
}


@pytest.mark.parametrize("options", REFUSED, ids=" ".join)
def test_a_view_that_there_is_not_is_refused_with_what_there_is(
    root: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    assert main([str(root), *options]) == 2
    assert re.search(re.escape(REFUSED[options]), capsys.readouterr().err)
