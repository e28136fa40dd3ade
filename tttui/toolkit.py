"""What tttui uses of Textual and Rich beside their public interfaces, all in one place.

`tests/test_toolkit.py` says which of it is gone or of another kind when there is a new version.
"""

from collections.abc import Iterable
from typing import Any

from rich.color import ColorSystem
from rich.console import Console, RenderableType
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App
from textual.binding import Binding, BindingsMap
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import LineFilter
from textual.screen import Screen
from textual.widget import Widget

__all__ = ["ChopsUpdate", "CompositorUpdate", "LayoutUpdate"]


class OpenedApp(App[int]):
    """An app that may change what is sent to its terminal, and what becomes of its defects."""

    def sent(self, update: CompositorUpdate) -> CompositorUpdate:
        """What is sent to the terminal in place of this update."""
        return update

    def passes_over(self, error: Exception) -> bool:
        """Whether an exception that nobody caught is no defect."""
        return False

    def last_words(self, error: Exception) -> str:
        """What is printed of such an exception once the terminal is restored."""
        return str(error)

    @property
    def leaving(self) -> bool:
        """The app has been told to end."""
        return self._exit

    def add_filter(self, line_filter: LineFilter) -> None:
        """Have every line pass this filter before it is drawn."""
        self._filters.append(line_filter)

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        if isinstance(renderable, CompositorUpdate) and not self.is_headless:
            renderable = self.sent(renderable)
        super()._display(screen, renderable)

    def _handle_exception(self, error: Exception) -> None:
        if self.is_headless:  # where a test waits for it
            super()._handle_exception(error)
            return
        if self.passes_over(error):
            return
        self._return_code = 1
        if self._exception is None:  # what follows from the first one is not worth a word
            self._exception = error
            self._exception_event.set()
            self._exit_renderables.append(self.last_words(error))
        self._close_messages_no_wait()

    def _print_error_renderables(self) -> None:
        for line in self._exit_renderables:
            self.error_console.print(line, soft_wrap=True)
        self._exit_renderables.clear()


class HeldScreen(Screen[None]):
    """A screen of which nothing is drawn until `release`: what it shows first is complete."""

    held = True

    def release(self) -> None:
        """Draw from now on."""
        if self.held:
            self.held = False
            self.refresh(repaint=False, layout=True)

    def _compositor_refresh(self) -> None:
        if not self.held:
            super()._compositor_refresh()


class TerminalDriver(LinuxDriver):
    """Textual's driver for a terminal, over a stream of ours."""

    def write_to(self, stream: Any) -> None:
        """Write to this in place of the stream that the driver was made with."""
        self._file = stream

    @property
    def written_to(self) -> Any:
        """The stream that everything is written to."""
        return self._file

    def end_app(self, code: int) -> None:
        """Have the app leave with this exit code; for any thread.

        Raises RuntimeError where the app has ended meanwhile.
        """
        self._loop.call_soon_threadsafe(self._app.exit, code)

    def _sigcont_application(self, *_: object) -> None:
        """Start again only what was suspended: a hangup brings a SIGCONT along."""
        if self._must_signal_resume:
            super()._sigcont_application()


def bind(widget: Widget, bindings: Iterable[Binding]) -> None:
    """Give one widget more bindings than its class has."""
    widget._bindings = BindingsMap.merge([widget._bindings, BindingsMap(bindings)])


def bound_to(widget: Widget, key: str) -> list[Binding]:
    """The bindings of the widget for this key."""
    return list(widget._bindings.key_to_bindings.get(key, ()))


def colours_of(console: Console) -> ColorSystem:
    """How many colours the console writes."""
    return console._color_system or ColorSystem.TRUECOLOR
