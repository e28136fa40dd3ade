"""Every tab of every kind of run at every size, as it was looked at."""

import os
from pathlib import Path

import pytest

from tests.app.conftest import NOW, SIZES, OpenApp
from tests.app.grid import Grids
from tests.rundirs import CREATED, make_run
from tttui.engine.machine import Load
from tttui.keys.command import TABS
from tttui.model.start import StartView

HOME = "/home/ada"
"""Where the screens say that the sessions are."""

WHOLE = {
    *(f"native-{tab}-120x40" for tab in TABS),
    *(f"{kind}-overview-120x40" for kind in ("foreign", "damaged", "live")),
    "native-overview-80x24",
    "native-overview-200x50",
}
"""The screens that are compared whole; of all others, what the tab shows."""

DAMAGE = ("nan_line", "half_events", "bad_meta", "half_record", "truncated_weights")


class QuietMachine:
    """One that is always equally busy."""

    def load(self) -> Load:
        return Load(cpu=35, memory=2.1, memory_total=8.0)


@pytest.fixture
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A relative path for a session, with nothing around it that differs from day to day."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", HOME)
    monkeypatch.setattr("os.getcwd", lambda: f"{HOME}/runs")
    monkeypatch.setattr("time.time", lambda: NOW)
    monkeypatch.setattr("tttui.engine.machine.LoadMeter", QuietMachine)
    monkeypatch.setattr("tttui.store.table.LOAD_S", 0.0)
    return Path("example")


def make(kind: str, path: Path) -> None:
    match kind:
        case "native":
            make_run(path, seed=3)
        case "foreign":
            make_run(path, seed=3, layout="flat")
        case "empty":
            path.mkdir()
        case "damaged":
            make_run(path, seed=3, damage=(*DAMAGE, "bad_trajectory"))
        case "live":
            make_run(path, seed=3, status="running", planned=2000)
    for file in path.rglob("*"):
        os.utime(file, (CREATED + 600, CREATED + 600))


@pytest.mark.parametrize("kind", ["native", "foreign", "empty", "damaged", "live"])
async def test_every_tab_is_as_it_was_looked_at(
    somewhere: Path, open_app: OpenApp, grids: Grids, kind: str
) -> None:
    make(kind, somewhere)
    start = StartView(t=320) if kind == "native" else StartView()
    async with open_app(somewhere, start=start, size=SIZES[0]) as driver:
        if kind == "native":
            await driver.press("left_square_bracket")
        for width, height in SIZES:
            await driver.pilot.resize_terminal(width, height)
            for number, tab in enumerate(TABS, 1):
                await driver.press(str(number))
                await driver.settled()
                if kind == "live" and tab == "sessions":
                    await driver.until(lambda: driver.state.snapshot.load, "the load")
                name, shown = f"{kind}-{tab}-{width}x{height}", driver.main.tabs.shown
                if shown is None:  # every tab says why there is nothing
                    name = f"nothing-{width}x{height}"
                    grids.check(driver.app, name, driver.main.query_one("#nothing"))
                else:
                    grids.check(driver.app, name, None if name in WHOLE else shown)
