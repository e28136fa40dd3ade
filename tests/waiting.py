"""Waiting for an app of a test until nothing is left to do, which is known rather than guessed.

Textual's own pilot sleeps after every key until the process looks idle, 40 ms and more; that was
most of the time of the tests of the app.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from weakref import WeakSet

import pytest

from tests.toolkit import draw_now, paint_at_rest, parse_styles_once, ready
from tttui.store.core import MOVER
from tttui.store.lab.core import ACTOR, LabStore

PREPARING = ("tttui-prepare", "tttui-implied-mu", MOVER, ACTOR)
"""Threads that do something for the screen."""

LONGEST_S = 10.0
"""How long something that never comes to rest is waited for."""


class Worker(Protocol):
    """A store: it works in a thread, which waits for commands and changes."""

    _wake: threading.Condition
    _thread: threading.Thread
    _commands: deque[Any]


_stores: WeakSet[Worker] = WeakSet()
"""The stores of the apps that run now."""


@contextmanager
def waited_for(store: Worker) -> Iterator[None]:
    """While this lasts, nothing counts as done before this store has done what it was asked."""
    _stores.add(store)
    try:
        yield
    finally:
        _stores.discard(store)


async def all_done(_: float = 0) -> None:
    """Run the app until every message is handled, the screen is drawn and its stores wait.

    Takes the least time to sleep, as Textual's `wait_for_idle` does, in whose place it is used.
    """
    deadline, pause = time.monotonic() + LONGEST_S, 0.0005
    while time.monotonic() < deadline:
        await _handled(deadline)
        if draw_now():
            continue
        if _prepares() or not all(map(_rests, list(_stores))):
            pause = min(2 * pause, 0.01)
            await asyncio.sleep(pause)
        elif not await _handled(deadline):  # what a store said last came before it rested
            return


async def _handled(deadline: float) -> bool:
    """Let everything run that can run now; whether there was anything."""
    todo = ready()
    await asyncio.sleep(0)
    some = bool(todo)
    while todo and time.monotonic() < deadline:
        await asyncio.sleep(0)
    return some


def _prepares() -> bool:
    return any(thread.name in PREPARING for thread in threading.enumerate())


def _rests(store: Worker) -> bool:
    """The store's thread has nothing to do but to wait for changes of files."""
    with store._wake:
        waits = bool(store._wake._waiters)  # type: ignore[attr-defined]
        return not store._thread.is_alive() or (waits and not store._commands)


@pytest.fixture(autouse=True)
def no_guessing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pilots wait for what there is to do, also in the store of the lab, then paint."""
    paint_at_rest(monkeypatch)
    parse_styles_once(monkeypatch)
    started = LabStore.start

    def start(store: LabStore) -> None:
        _stores.add(store)
        started(store)

    monkeypatch.setattr(LabStore, "start", start)
    monkeypatch.setattr("textual.pilot.wait_for_idle", all_done)
    monkeypatch.setattr("textual.app.wait_for_idle", all_done)
