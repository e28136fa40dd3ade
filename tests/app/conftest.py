"""The app, headless, on run directories made for the test."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.app.grid import Grids
from tests.toolkit import screen_strips
from tests.waiting import all_done, no_guessing, waited_for
from tttui.app import TttuiApp
from tttui.cli.open import shell_commands
from tttui.keys import COMMANDS
from tttui.keys.command import Command
from tttui.model.session import SessionData
from tttui.model.start import StartView
from tttui.model.timeline import Timeline
from tttui.panes.view import Pane
from tttui.saved_views import Remembered
from tttui.screens.main import MainScreen
from tttui.screens.state import ScreenState
from tttui.store import Store

__all__ = ["no_guessing"]

NOW = 1_800_000_000.0
"""What the clock says in every test of the screen (Unix seconds)."""

PATIENCE_S = 20.0
"""How long a condition may take before the test fails."""


@dataclass
class Driver:
    """A running app and what tests do with it."""

    app: TttuiApp
    pilot: Pilot[int]

    @property
    def main(self) -> MainScreen:
        return self.app.main

    @property
    def state(self) -> ScreenState:
        return self.main.state

    @property
    def timeline(self) -> Timeline:
        return self.state.timeline

    @property
    def data(self) -> SessionData:
        data = self.main.state.snapshot.data
        assert data is not None, "nothing is open"
        return data

    @property
    def pane(self) -> Pane:
        pane = self.main.tabs.shown
        assert pane is not None, "the tab is not there yet"
        return pane

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await all_done()

    async def query(self, text: str) -> None:
        """Type a query into the field of the shown table."""
        await self.press("slash")
        await self.until(lambda: isinstance(self.app.focused, Input), "the query field")
        self.app.screen.query_one(Input).value = text
        await self.pilot.pause()

    async def until(self, condition: Callable[[], object], what: str = "the condition") -> None:
        """Let the app run until the condition holds."""
        waited = 0.0
        while not condition():
            assert waited < PATIENCE_S, f"waited {PATIENCE_S:g} s for {what}:\n{self.text()}"
            await asyncio.sleep(0.01)
            waited += 0.01
        await all_done()

    async def settled(self) -> None:
        """Wait until all that the shown tab needs is there and drawn."""
        await all_done()
        if self.main.state.snapshot.data is not None:
            await self.until(lambda: getattr(self.pane, "settled", True), "the tab")

    async def loaded(self) -> None:
        """Wait until the newest snapshot is complete and on the screen, unless that is the lab."""
        if self.app.screen is self.app.lab:
            await all_done()
            return

        def shown() -> bool:
            newest = self.main.store.snapshot
            complete = newest.data is not None and not newest.data.loading
            nothing = newest.scanned and not newest.places
            if complete:
                return self.main.shown is newest
            return (nothing or bool(newest.error)) and self.main.state.snapshot is newest

        await self.until(shown, "the session to be loaded")

    def text(self) -> str:
        """What the screen shows."""
        lines = screen_strips(self.app)
        return "\n".join("".join(segment.text for segment in line).rstrip() for line in lines)


@pytest.fixture(autouse=True)
def universal_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Dates on the screen do not depend on where the test runs."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(autouse=True)
def look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes of files are seen at once."""
    monkeypatch.setattr("tttui.store.core.REFRESH_S", 0.02)


@pytest.fixture(autouse=True)
def notes_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """A note is on the screen until the next one, however slow the machine is."""
    monkeypatch.setattr("tttui.screens.notes.NOTE_S", 3600)


@pytest.fixture(autouse=True)
def many_apps_in_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The app keeps for ever what it was started with; here that would be every app before it."""
    monkeypatch.setattr("gc.freeze", lambda: None)


@pytest.fixture
def grids(request: pytest.FixtureRequest) -> Iterator[Grids]:
    """Compares screens; all differences are told together when the test ends."""
    grids = Grids(update=bool(request.config.getoption("--update-grids")))
    yield grids
    grids.tell()


OpenApp = Callable[..., AbstractAsyncContextManager[Driver]]


@pytest.fixture
def open_app() -> OpenApp:
    """`async with open_app(path, ...) as driver`: the app on these paths, loaded."""

    @asynccontextmanager
    async def opened(
        *paths: Path,
        size: tuple[int, int] = (120, 40),
        start: StartView | None = None,
        theme: str | None = None,
        ascii: bool = False,
        poll: float | None = None,
        commands: Sequence[Command] = COMMANDS,
        remembered: Remembered | None = None,
        before: Sequence[str] = (),
    ) -> AsyncIterator[Driver]:
        """`before` are keys that are pressed before there is anything to show."""
        store = Store(paths, poll=poll)
        app = TttuiApp(
            store,
            start or StartView(),
            theme=theme,
            ascii=ascii,
            clock=lambda: NOW,
            commands=commands,
            remembered=remembered,
            shell=shell_commands,
        )
        if not before:
            store.start()
        with waited_for(store):
            async with app.run_test(size=size) as pilot:
                driver = Driver(app, pilot)
                if before:
                    await driver.press(*before)
                    store.start()
                await driver.loaded()
                yield driver

    return opened


SIZES: Sequence[tuple[int, int]] = ((80, 24), (120, 40), (200, 50))
"""The terminals that every screen is compared at."""
