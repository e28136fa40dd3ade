"""What the tests use of Textual and asyncio beside their public interfaces, all in one place.

`tests/test_toolkit.py` says which of it is gone when there is a new version.
"""

import asyncio
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

import pytest
from textual._compositor import CompositorUpdate
from textual._context import active_app
from textual.app import App
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.drivers._writer_thread import MAX_QUEUED_WRITES, WriterThread
from textual.keys import _character_to_key as key_of
from textual.message import Message
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

__all__ = ["MAX_QUEUED_WRITES", "WriterThread", "key_of"]


def screen_strips(app: App[Any]) -> list[Strip]:
    """The rows of the shown screen, as they are composed of its widgets."""
    return app.screen._compositor.render_strips()


def partial_update(widget: Widget) -> CompositorUpdate | None:
    """What is to be sent of a widget that was refreshed."""
    compositor = widget.screen._compositor
    compositor.update_widgets({widget})
    return compositor.render_partial_update()


def notes(app: App[Any]) -> list[str]:
    """The notes that the app shows over everything else."""
    return [note.message for note in app._notifications]


def fail(app: App[Any], error: Exception) -> list[object]:
    """Let the app meet an exception that nobody caught; what it will print after its end."""
    app._handle_exception(error)
    return list(app._exit_renderables)


def stay_open(app: App[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an app that does not run be told to close."""
    monkeypatch.setattr(app, "_close_messages_no_wait", lambda: None)


def tell_actions(
    kind: type[App[Any]],
    monkeypatch: pytest.MonkeyPatch,
    told: Callable[[object, str, tuple[object, ...]], None],
) -> None:
    """Call `told` with node, name and arguments of every action that apps of a kind carry out."""
    run = kind._dispatch_action

    async def dispatch(app: App[Any], node: Any, name: str, given: tuple[object, ...]) -> bool:
        acted = await run(app, node, name, given)
        if acted:
            told(node, name, given)
        return acted

    monkeypatch.setattr(kind, "_dispatch_action", dispatch)


def tell_layouts(monkeypatch: pytest.MonkeyPatch, told: Callable[[], None]) -> None:
    """Call `told` whenever a screen is laid out."""
    lay_out = Screen._refresh_layout

    def telling_layout(self: Screen[object], *args: Any, **options: Any) -> None:
        told()
        lay_out(self, *args, **options)

    monkeypatch.setattr(Screen, "_refresh_layout", telling_layout)


def tell_drawings(monkeypatch: pytest.MonkeyPatch, told: Callable[[], None]) -> None:
    """Call `told` whenever a screen was drawn."""
    draw = Screen._compositor_refresh

    def drawn(self: Screen[object]) -> None:
        draw(self)
        told()

    monkeypatch.setattr(Screen, "_compositor_refresh", drawn)


class ListeningApp(App[None]):
    """Tells `heard` of every message that reaches the app."""

    def heard(self, message: Message) -> None:
        raise NotImplementedError

    async def _on_message(self, message: Message) -> None:
        self.heard(message)
        await super()._on_message(message)


def ready() -> Any:
    """What the running event loop will do next."""
    return asyncio.get_running_loop()._ready  # type: ignore[attr-defined]


def draw_now() -> bool:
    """Resize and draw now what is due at the next frame; whether there was anything."""
    app = active_app.get(None)
    if app is None or not app.is_running or not app.screen_stack:
        return False
    if app._resize_timer is not None:
        app._check_resize()
        return True
    screen = app.screen
    due = screen._layout_required or screen._scroll_required or screen._repaint_required
    if due or screen._dirty_widgets or screen._callbacks:
        screen._on_timer_update()
        return True
    if screen in _unpainted:
        _unpainted.discard(screen)
        _paint(screen)
        return True
    return False


_unpainted: WeakSet[Screen[Any]] = WeakSet()
_paint = Screen._compositor_refresh
_parse = Stylesheet._parse_rules
_parsed: dict[tuple[object, ...], list[RuleSet]] = {}


def paint_at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paint the shown screen in `draw_now`, and not after each of the layouts before it."""

    def later(screen: Screen[Any]) -> None:
        if screen is screen.app.screen:
            screen._dirty_widgets.clear()  # the compositor has them
            _unpainted.add(screen)
        else:
            _paint(screen)

    monkeypatch.setattr(Screen, "_compositor_refresh", later)


def parse_styles_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give an app the style sheets that another one has parsed with the same variables."""

    def parse(sheet: Stylesheet, *args: Any, **options: Any) -> list[RuleSet]:
        key = (*args, *options.items(), *sheet._variables.items())
        if key not in _parsed:
            _parsed[key] = _parse(sheet, *args, **options)
        return _parsed[key]

    monkeypatch.setattr(Stylesheet, "_parse_rules", parse)
