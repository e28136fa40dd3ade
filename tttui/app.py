"""The full-screen app: one screen over one store, in a theme, on a terminal that may be slow."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import RenderableType
from textual._compositor import CompositorUpdate
from textual.app import App, SystemCommand
from textual.screen import Screen

from tttui.draw.glyphs import GLYPHS
from tttui.model.errors import RefusedInput
from tttui.output import Frame
from tttui.screens.main import MainScreen, StartView
from tttui.store import Store
from tttui.themes import DEFAULT_THEME, THEMES, palette_of


class TttuiApp(App[int]):
    """tttui on a terminal."""

    TITLE = "tttui"
    ENABLE_COMMAND_PALETTE = True
    CSS = """
    Screen { background: $background; color: $foreground; }
    """

    def __init__(self, store: Store, start: StartView, *, theme: str | None, ascii: bool) -> None:
        super().__init__()
        self.store = store
        self._frame = Frame()
        for name, known in THEMES.items():
            if name not in self.available_themes:
                self.register_theme(known)
        self.theme = theme or DEFAULT_THEME
        self._main = MainScreen(
            store, start, palette_of(self.theme), GLYPHS["ascii" if ascii else "unicode"]
        )

    def get_default_screen(self) -> Screen[None]:
        return self._main

    def on_unmount(self) -> None:
        self.store.stop()

    def redraw(self) -> None:
        """Send the whole screen again, whatever the terminal shows."""
        self._frame.forget()
        self.refresh(repaint=True, layout=True)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield from self._main.system_commands()
        yield from (
            command
            for command in super().get_system_commands(screen)
            if command.title in ("Theme", "Screenshot")
        )

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        if isinstance(renderable, CompositorUpdate) and not self.is_headless:
            renderable = self._frame.wrap(renderable)
        super()._display(screen, renderable)


def open_app(
    paths: Sequence[Path],
    *,
    tab: str | None = None,
    t: int | None = None,
    window: tuple[int, int] | None = None,
    log: bool | None = None,
    poll: bool = False,
    ascii: bool = False,
    theme: str | None = None,
    follow: bool = False,
) -> int:
    """Run the app on the sessions below `paths` until the user leaves; returns the exit code."""
    if theme is not None and theme not in THEMES:
        raise RefusedInput(f"--theme: {theme!r} is unknown; choose from {', '.join(THEMES)}")
    store = Store(paths, poll=1.0 if poll else None)
    store.start()
    start = StartView(tab or "overview", t, window, log, follow)
    app = TttuiApp(store, start, theme=theme, ascii=ascii)
    return app.run() or 0
