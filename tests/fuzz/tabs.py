"""Every tab of the app on one session, with the keys that ask for its costly views."""

import asyncio
from pathlib import Path
from unittest import mock

from textual.pilot import Pilot

from tests.waiting import all_done, waited_for
from tttui.app import TttuiApp
from tttui.artifacts.discover import find_sessions
from tttui.keys.command import TABS
from tttui.model.start import StartView
from tttui.saved_views import Remembered
from tttui.store import Store
from tttui.tasks.hf.modelprocess import ModelProcess

KEYS = (
    *("end", "left", "left_square_bracket", "enter", "v", "v", "l", "r", "plus", "home", "escape"),
    *("down", "pagedown"),
)
"""Pressed on every tab: the cursor, transactions, kinds of views, scales, zoom, rows, pages."""

TEXT_KEYS = ("h", "n")
"""Pressed on a text: a byte back, the next match. Elsewhere `n` asks for a new session."""


def every_tab(root: Path, session: Path) -> None:
    """Open the app on the root, show the session, press the keys on every tab, leave."""
    with (
        mock.patch("textual.pilot.wait_for_idle", all_done),
        mock.patch("textual.app.wait_for_idle", all_done),
        mock.patch("gc.freeze"),
        mock.patch.object(ModelProcess, "_ask", return_value={"why_not": "nobody named it"}),
    ):
        asyncio.run(_every_tab(root, session))


async def _every_tab(root: Path, session: Path) -> None:
    store = Store([root])
    remembered = Remembered(root.parent / "views.json")
    app = TttuiApp(store, StartView(), remembered=remembered)
    store.start()
    with waited_for(store):
        async with app.run_test(size=(120, 40)) as pilot:
            place = next((p for p in find_sessions([root]) if p.path == session), None)
            if place is not None:
                store.open(place)
            await all_done()
            for number, tab in enumerate(TABS, 1):
                await _press(pilot, str(number), *KEYS)
                if app.main.state.pane == "text":
                    await _press(pilot, *TEXT_KEYS)
                assert app.main.state.tab == tab, f"a key led from {tab} to {app.main.state.tab}"
            assert store._thread.is_alive(), "the store's thread ended"
            assert "defect" not in store.snapshot.note, store.snapshot.note


async def _press(pilot: Pilot[int], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await all_done()
