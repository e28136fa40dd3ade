"""All uses of private interfaces of Textual and Rich.

`tests/test_toolkit.py` reports which of them a new version has removed or changed.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, Generic, TypeVar, cast

from rich.color import ColorSystem
from rich.console import Console, RenderableType
from rich.segment import Segment
from textual._compositor import ChopsUpdate, Compositor, CompositorUpdate, LayoutUpdate
from textual.app import App
from textual.binding import Binding, BindingsMap
from textual.cache import FIFOCache
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import LineFilter
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

__all__ = ["ChopsUpdate", "CompositorUpdate", "LayoutUpdate"]

R = TypeVar("R")


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
        driver = self._driver
        with driver.together() if isinstance(driver, TerminalDriver) else nullcontext():
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


class Line(Strip):
    """A strip of a known width that is mostly shown as it is.

    Textual makes seven caches for each: more than everything else that a line takes.
    """

    def __init__(self, segments: list[Segment], width: int) -> None:
        self._segments = segments
        self._cell_length = width
        self._render_cache = self._link_ids = self._cell_count = None

    def __getattr__(self, name: str) -> FIFOCache[Any, Any]:
        if not name.endswith("_cache"):
            raise AttributeError(name)
        cache = FIFOCache[Any, Any](4)
        setattr(self, name, cache)
        return cache

    def divide(self, cuts: Iterable[int]) -> Sequence[Strip]:
        cuts = [*cuts]
        return [self] if cuts == [self._cell_length] else super().divide(cuts)


class LazyLine(Line):
    """A line whose segments are made when somebody asks for them."""

    def __init__(self, width: int) -> None:
        super().__init__([], width)
        del self._segments

    def segments(self) -> list[Segment]:
        raise NotImplementedError

    def __getattr__(self, name: str) -> Any:
        if name == "_segments":
            self._segments = self.segments()
            return self._segments
        return super().__getattr__(name)


class DirtyScreen(Screen[R], Generic[R]):
    """A screen that renders only the widget lines that are sent."""

    def __init__(self) -> None:
        super().__init__()
        self._compositor = _DirtyCompositor()
        self.taken = set[Widget]()
        """The widgets that are out of date since a moment ago."""

    def take(self, widget: Widget) -> None:
        """Draw what is out of date of a widget at the next frame."""
        if not self.taken:  # not at once: others may tell meanwhile that they need a layout
            asyncio.get_running_loop().call_soon(self.take_all)
        self.taken.add(widget)

    def take_all(self) -> None:
        """Draw what the taken widgets show, unless it comes with the first layout anyhow."""
        if self in self._compositor:
            self._dirty_widgets.update(self.taken)
            self.check_idle()
        self.taken.clear()


class DirectWidget(Widget):
    """A widget that tells its screen at once when it is to be painted again.

    Textual has each widget get a message, wait until it is idle, and send one to the screen.
    """

    def check_idle(self) -> None:
        other = self._layout_required or self._scroll_required or self._refresh_styles_required
        if other or not (self._repaint_required and self._is_mounted and self.is_attached):
            super().check_idle()
            return
        screen = self.screen
        if isinstance(screen, DirtyScreen):
            self._repaint_required = False
            if self.display:
                screen.take(self)
        else:
            super().check_idle()


HELD_S = 0.2
"""The longest time that a screen stays empty before it says what it waits for, in seconds."""


class HeldScreen(DirtyScreen[None]):
    """A screen that draws nothing until `release`, so that its first picture is complete."""

    held = True

    def on_mount(self) -> None:
        self.set_timer(HELD_S, self.release)

    def release(self) -> None:
        """Draw from now on."""
        if self.held:
            self.held = False
            self.refresh(repaint=False, layout=True)

    def _compositor_refresh(self) -> None:
        if not self.held:
            super()._compositor_refresh()


Chops = list[dict[int, Strip | None]]
"""For each line of the screen, the strips by the columns at which they begin."""


class _DirtyCompositor(Compositor):
    """Textual's has each widget near what is drawn make all its lines, behind others too."""

    def render_partial_update(self) -> ChopsUpdate | None:
        regions = self._dirty_regions.copy()
        self._dirty_regions.clear()
        spans = list(self._regions_to_spans(regions))
        if not spans:
            return None
        cuts = self.cuts
        missing: dict[int, set[int]] = {}
        for y, x1, x2 in spans:
            ends = zip(cuts[y], cuts[y][1:], strict=False)
            missing.setdefault(y, set()).update(a for a, b in ends if a < x2 and b > x1)
        return ChopsUpdate(self.drawn(missing), spans, [line[1:] for line in cuts])

    def _render_chops(
        self, crop: Region, is_rendered_line: Callable[[int], bool]
    ) -> Sequence[Mapping[int, Strip]]:
        lines = filter(is_rendered_line, crop.line_range)
        chops = self.drawn({y: set(self.cuts[y][:-1]) for y in lines})
        return cast("Sequence[Mapping[int, Strip]]", chops)

    def drawn(self, missing: dict[int, set[int]]) -> Chops:
        """Have the widgets, those in front first, draw the strips that begin at these columns of
        each line; `missing` is empty when all are found."""
        cuts = self.cuts
        chops: Chops = [{} for _ in cuts]
        for y in missing:
            chops[y] = dict.fromkeys(cuts[y][:-1])
        for widget, (region, clip) in self.visible_widgets.items():
            if not missing:
                break
            shown = region.intersection(clip)
            left, right = shown.column_span
            lines = [
                y for y in shown.line_range if any(left <= x < right for x in missing.get(y, ()))
            ]
            if not lines:
                continue
            first, x = lines[0], shown.x - region.x
            strips = widget.render_lines(
                Region(x, first - region.y, shown.width, lines[-1] + 1 - first)
            )
            for y in lines:
                inner = [cut for cut in cuts[y] if left <= cut <= right]
                parts = strips[y - first].divide([cut - left for cut in inner[1:]])
                for cut, part in zip(inner, parts, strict=False):
                    if cut in missing[y]:
                        missing[y].remove(cut)
                        chops[y][cut] = part
                if not missing[y]:
                    del missing[y]
        return chops


class TerminalDriver(LinuxDriver):
    """Textual's driver for a terminal, over a stream of ours."""

    gathered: list[str] | None = None
    """What is to be written at once."""

    def write(self, data: str) -> None:
        if self.gathered is None:
            super().write(data)
        else:
            self.gathered.append(data)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write at once what is written meanwhile: the thread that writes is woken up once."""
        self.gathered = []
        try:
            yield
        finally:
            held, self.gathered = "".join(self.gathered), None
            if held:
                super().write(held)

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
    """The bindings of a widget for a key."""
    return list(widget._bindings.key_to_bindings.get(key, ()))


def colours_of(console: Console) -> ColorSystem:
    """How many colours the console writes."""
    return console._color_system or ColorSystem.TRUECOLOR
