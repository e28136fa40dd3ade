"""The terminal driver: the connection may be cut, stopped and continued at any moment.

Textual's thread that writes ends at the first error, and whoever writes then waits for ever
once its queue is full: an app whose connection was cut stayed behind as a process that nothing
but SIGKILL could end. And on every SIGCONT, which a hangup brings along, it starts to read and
to write a second time, beside the first.
"""

import asyncio
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from textual.events import Key
from textual.message import Message

from tttui.terminal.safe_stream import Outlet
from tttui.toolkit import TerminalDriver

if TYPE_CHECKING:
    from textual.app import App

PATIENCE_S = 5
"""Seconds that an app which was told to end has for it, in the order that it likes."""

GONE = 128 + signal.SIGHUP
"""The exit code of an app whose terminal is gone."""


class Terminal(TerminalDriver):
    """Textual's driver for a terminal that may disconnect: then the app ends."""

    def __init__(
        self,
        app: "App[Any]",
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        assert self.written_to is not None  # the app asks for a terminal before
        self.write_to(Outlet(self.written_to, self._leave))

    def process_message(self, message: Message) -> None:
        """Treat line feeds as enter: keys typed before the app owned the terminal have them."""
        if isinstance(message, Key) and message.key == "ctrl+j":
            message = Key("enter", "\r")
        super().process_message(message)

    def _leave(self) -> None:
        with suppress(RuntimeError):  # the app has ended meanwhile
            self.end_app(GONE)


def end_on_signals(app: "App[Any]") -> None:
    """Let SIGTERM and SIGHUP end the app, even while its terminal accepts no output.

    A connection that is frozen freezes the event loop, too: it waits for what it draws to be
    taken. The handler runs nevertheless, and the alarm ends the process where the loop does not.
    Runs are processes of their own and lose nothing.
    """
    loop = asyncio.get_running_loop()

    def end(number: int, _: object) -> None:
        signal.alarm(PATIENCE_S)
        with suppress(RuntimeError):  # the app has ended meanwhile
            loop.call_soon_threadsafe(app.exit, 128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
