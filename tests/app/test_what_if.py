"""What if: knobs that are turned in the app, computed in memory, driven by keys."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.app.conftest import Driver, OpenApp
from tests.recorded import make_recorded
from tests.rundirs import make_run
from tests.tasks.pointmass.runs.sessions import run_through
from tttui.model.start import StartView
from tttui.widgets.bars import TopBar


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 steps that the engine computed."""
    return run_through(tmp_path_factory.mktemp("runs") / "seen")


def noted(driver: Driver) -> str:
    return driver.app.screen.query_one(TopBar).noted


async def computed(driver: Driver) -> None:
    """Wait for what the knobs were turned to last."""
    control = driver.main.what_if.counterfactual

    def done() -> bool:
        return control.complete

    await driver.until(done, "the what-if")


async def opened(driver: Driver, *keys: str) -> None:
    await driver.press("W", *keys)
    await computed(driver)


@contextmanager
def untouched(root: Path) -> Iterator[None]:
    """No file below `root` is written, made or removed meanwhile."""

    def state() -> dict[Path, tuple[int, int]]:
        return {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in root.rglob("*")}

    before = state()
    yield
    assert state() == before


async def test_turning_a_knob_puts_the_counterfactual_beside_what_is_recorded(
    open_app: OpenApp, session: Path
) -> None:
    with untouched(session.parent):
        async with open_app(session) as driver:
            await opened(driver)
            assert "What if" in driver.text()
            assert "lr 0.02" in driver.text()
            await driver.press("shift+left")
            await computed(driver)
            shown = driver.text()
            assert "lr 0.02 -> 0.01" in shown
            assert "instead of" in shown
            assert "what-if" in next(line for line in shown.splitlines() if line.startswith("MSE"))
            result = driver.main.what_if.counterfactual.result
            assert result is not None
            assert result.request.changes == {"lr": 0.01}
            assert len(result.steps) == 200


async def test_an_unturned_what_if_is_the_recorded_session(
    open_app: OpenApp, session: Path
) -> None:
    async with open_app(session) as driver:
        await opened(driver)
        result = driver.main.what_if.counterfactual.result
        assert result is not None
        recorded = driver.data.steps.adaptive
        assert (result.steps.adaptive.astype("f4") == recorded.astype("f4")).all()


async def test_escape_leaves_nothing_behind(open_app: OpenApp, session: Path) -> None:
    async with open_app(session) as driver:
        await driver.press("W", "right", "right")
        await computed(driver)
        await driver.press("escape")
        assert "What if" not in driver.text()
        assert "what-if" not in driver.text()
        assert driver.main.what_if.counterfactual.result is None
        await driver.press("left")  # a step again
        assert driver.timeline.cursor == 198


async def test_keys_turn_knobs_or_move_in_time_never_both(open_app: OpenApp, session: Path) -> None:
    async with open_app(session) as driver:
        await opened(driver, "left")
        assert driver.timeline.cursor == 199
        await driver.press("W", "left", "left")
        assert driver.timeline.cursor == 197
        assert driver.main.what_if.counterfactual.result is not None, (
            "still beside what is recorded"
        )
        await driver.press("W", "right")
        assert driver.timeline.cursor == 197
        await driver.press("2", "3", "1")  # tabs are there meanwhile
        assert "What if" in driver.text()


async def test_the_branch_follows_the_cursor(open_app: OpenApp, session: Path) -> None:
    start = StartView(t=120)
    async with open_app(session, start=start) as driver:
        await opened(driver, "B", "shift+right")
        assert "from step 120" in driver.text()
        result = driver.main.what_if.counterfactual.result
        assert result is not None
        assert int(result.steps.t[0]) == 120
        await driver.press("B")
        await computed(driver)
        assert "from the start" in driver.text()


async def test_a_knob_that_belongs_to_the_start_says_so_at_a_later_step(
    open_app: OpenApp, session: Path
) -> None:
    async with open_app(session, start=StartView(t=64)) as driver:
        await opened(driver, "B")
        names = [knob.name for knob in driver.main.what_if.counterfactual.state.knobs]
        way = names.index("env_mode") - names.index("lr")
        await driver.press(*["down"] * way, "right")
        assert "cannot change at step 64" in driver.text()
        assert not driver.main.what_if.counterfactual.state.turned


async def test_a_value_is_typed_and_checked(open_app: OpenApp, session: Path) -> None:
    async with open_app(session) as driver:
        await opened(driver, "enter", "ctrl+u", *"-1", "enter")
        assert "lr" in noted(driver)
        assert not driver.main.what_if.counterfactual.state.turned
        await driver.press("enter", "ctrl+u", *"0.004", "enter")
        await computed(driver)
        assert "lr 0.02 -> 0.004" in driver.text()
        await driver.press("backspace")
        await computed(driver)
        assert not driver.main.what_if.counterfactual.state.turned
        await driver.press("enter", "ctrl+u", "9", "escape")
        assert not driver.main.what_if.counterfactual.state.turned
        assert "What if" in driver.text(), "escape left the field alone"


@pytest.mark.parametrize("tab", ["2", "3", "4", "5", "6"])
async def test_the_strip_stands_on_every_tab(open_app: OpenApp, session: Path, tab: str) -> None:
    async with open_app(session, size=(80, 24)) as driver:
        await opened(driver, "shift+left")
        await driver.press(tab)
        await driver.settled()
        assert " What if " in driver.text()
        assert "0.02 -> 0.01" in driver.text()


async def test_transactions_have_the_outcomes_of_the_what_if_beside_them(
    open_app: OpenApp, session: Path
) -> None:
    async with open_app(session, start=StartView(tab="transactions")) as driver:
        assert "what-if" not in driver.text()
        await opened(driver, "shift+right")
        assert "what-if" in driver.text()


async def test_other_seeds_tell_luck_from_effect(open_app: OpenApp, session: Path) -> None:
    async with open_app(session) as driver:
        await opened(driver)
        await driver.press("M")
        assert "Turn a knob first" in noted(driver)
        await driver.press("shift+left")
        await computed(driver)
        await driver.press("M")
        await computed(driver)
        assert "over 32 other seeds" in driver.text()
        assert "of 32" in driver.text()
        await driver.press("right")
        assert "other seeds" not in driver.text(), "what was said of other values is gone"


async def test_the_knobs_are_ranked_by_what_they_change(open_app: OpenApp, session: Path) -> None:
    async with open_app(session) as driver:
        await opened(driver)
        await driver.press("V")
        await computed(driver)
        assert "matters most" in driver.text()
        effects = driver.main.what_if.counterfactual.state.table
        assert len(effects) > 10


async def test_what_is_kept_is_what_was_shown(
    open_app: OpenApp, session: Path, tmp_path: Path
) -> None:
    here = tmp_path / "runs" / "seen"
    shutil.copytree(session, here)
    async with open_app(here) as driver:
        await opened(driver, "shift+left")
        shown = driver.main.what_if.counterfactual.result
        assert shown is not None
        await driver.press("K")
        await driver.until(
            lambda: (data := driver.main.state.data) is not None and data.place.path != here,
            "the new session",
        )

        def ended() -> bool:
            data = driver.main.state.data
            return data is not None and len(data.steps) == 200 and not data.loading

        await driver.until(ended, "its end")
        assert " What if " not in driver.text()
        kept = driver.data.steps
        assert (kept.adaptive.astype("f4") == shown.steps.adaptive.astype("f4")).all()
        assert driver.data.plasticity_at(0)["lr"] == 0.01


async def test_the_command_that_computes_the_same_is_copied(
    open_app: OpenApp, session: Path
) -> None:
    async with open_app(session) as driver:
        await opened(driver, "shift+left", "y")
        assert "tttui whatif" in noted(driver)
        assert "--set lr=0.01" in driver.app.clipboard
        await driver.press("y")
        assert "tttui fork" in driver.app.clipboard


async def test_a_session_that_cannot_be_computed_again_says_why(
    open_app: OpenApp, tmp_path: Path
) -> None:
    recorded = make_recorded(tmp_path / "recorded").path
    async with open_app(recorded) as driver:
        await driver.press("W")
        assert "No what-if" in noted(driver)
        assert "tttui only recorded" in noted(driver)
    foreign = make_run(tmp_path / "foreign", layout="flat").path
    async with open_app(foreign) as driver:
        await driver.press("W")
        assert noted(driver)


async def test_another_session_ends_the_what_if(
    open_app: OpenApp, session: Path, tmp_path: Path
) -> None:
    other = run_through(tmp_path / "other")
    async with open_app(session, other) as driver:
        await opened(driver, "right")
        driver.main.store.open_path(other)
        await driver.until(
            lambda: (data := driver.main.state.data) is not None and data.place.path == other,
            "the other session",
        )
        await driver.settled()
        assert " What if " not in driver.text()


async def test_its_thread_ends_with_the_app(open_app: OpenApp, session: Path) -> None:
    async with open_app(session) as driver:
        await driver.press("W", *["right"] * 5)
    assert not [t for t in threading.enumerate() if t.name == "tttui-whatif"]
