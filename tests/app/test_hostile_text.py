"""Whatever the names and files of a session hold, the screen shows it and does nothing."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.widgets import Static

from tests.app.conftest import Driver, OpenApp
from tests.hostile import NAME, acting, drawn, hostile_run
from tttui.keys.command import TABS
from tttui.model.text import visible
from tttui.terminal.filters import VisibleFilter

EVERYWHERE = ("enter", "x", "y", "escape")
OPENING = ("o", "d", "F", "R", "n", "e", "question_mark")
DIALOGS = ("Y", *(key for opening in OPENING for key in (opening, "escape")), "g", "g")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("root")
    hostile_run(root, status="failed")
    hostile_run(root, "flat", "flat" + NAME)
    hostile_run(root / "store", "store", "store" + NAME, runs=2)
    return root


@pytest.fixture
def unfiltered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing stands between the widgets and the screen: they must be clean themselves."""
    monkeypatch.setattr(VisibleFilter, "apply", lambda _self, segments, _: segments)


async def press(driver: Driver, key: str) -> None:
    await driver.press(key)
    await driver.settled()
    rows = drawn(driver.app)
    assert acting(rows) == [], key


@pytest.mark.usefixtures("unfiltered")
@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_no_tab_and_no_dialog_shows_what_acts_on_a_terminal(
    root: Path, open_app: OpenApp, size: tuple[int, int]
) -> None:
    async with open_app(root / NAME, root, size=size) as driver:
        for number in range(1, len(TABS) + 1):
            await press(driver, str(number))
            assert r"x\x1b]52;c;aGk=\x07\u009b31m\u202e[b]$H 名\nF" in driver.text()
            for key in EVERYWHERE + DIALOGS * (number == 1):
                await press(driver, key)


@pytest.mark.usefixtures("unfiltered")
async def test_no_comparison_shows_what_acts_on_a_terminal(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, size=(200, 50)) as driver:
        await press(driver, "6")
        await driver.until(lambda: "3 sessions" in driver.text(), "all rows")
        for key in ("home", "space", "space", "t"):
            await press(driver, key)
        await driver.until(lambda: "2 marked" in driver.text(), "the comparison")
        await driver.until(lambda: "frozen MSE" in driver.text(), "its numbers")
        assert acting(drawn(driver.app)) == []


@pytest.mark.usefixtures("unfiltered")
@pytest.mark.parametrize("inside", ["flat" + NAME, "store"], ids=["flat", "store"])
async def test_no_tab_shows_what_acts_in_foreign_sessions(
    root: Path, open_app: OpenApp, inside: str
) -> None:
    async with open_app(root / inside) as driver:
        for number in range(1, len(TABS) + 1):
            await press(driver, str(number))


async def test_what_a_widget_lets_through_is_written_out_in_its_line(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root / NAME) as driver:
        raw = Static("raw \x1b]52;c;aGk= \x9b \u202e \udcff.", markup=False)
        await driver.main.mount(raw, before=0)
        await driver.settled()
        assert r"raw \x1b]52;c;aGk= \u009b \u202e \xff." in driver.text()


@given(st.lists(st.text(st.characters(codec=None), max_size=9), max_size=5))
def test_a_filtered_line_is_visible_and_as_wide_as_before(texts: list[str]) -> None:
    line = [Segment(text) for text in texts]
    shown = VisibleFilter().apply(line, Color(0, 0, 0))
    text = "".join(segment.text for segment in shown)
    assert visible(text) == text
    assert sum(cell_len(s.text) for s in shown) == sum(cell_len(s.text) for s in line)


async def test_the_log_of_a_run_is_shown_line_by_line(root: Path, open_app: OpenApp) -> None:
    async with open_app(root / NAME) as driver:
        await press(driver, "g")
        await driver.until(lambda: "WARNING" in driver.text(), "the log")
        assert r"y\x1b[2J" in driver.text()


async def test_a_copied_command_means_the_session_to_a_shell(root: Path, open_app: OpenApp) -> None:
    async with open_app(root / NAME) as driver:
        await press(driver, "Y")
        copied = driver.app.clipboard
        assert acting([copied]) == []
        assert copied.startswith("tttui $'")
        assert r"\x1b]52;c;aGk=\x07" in copied
