"""The full-screen app: one screen over one store, in a theme, on a terminal that may be slow."""

import gc
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from textual.app import SystemCommand
from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import MountError
from textual.widgets import Input

from tttui.defect import report
from tttui.draw.glyphs import GLYPHS
from tttui.draw.look import Look
from tttui.keys import COMMANDS as ALL
from tttui.keys import rebound
from tttui.keys.command import Command
from tttui.model.errors import RefusedInput
from tttui.model.start import StartView
from tttui.panes import refuse_unknown
from tttui.preferences import config_path, read_preferences
from tttui.saved_views import Remembered, views_path
from tttui.screens.main import MainScreen
from tttui.store import Store
from tttui.terminal.driver import Terminal, end_on_signals
from tttui.terminal.filters import AsciiFilter, VisibleFilter, locale_is_ascii
from tttui.terminal.frame_diff import FrameDiff
from tttui.themes import DEFAULT_THEME, THEMES, palette_of
from tttui.toolkit import CompositorUpdate
from tttui.typeahead import KeysInOrder

if TYPE_CHECKING:
    from tttui.lab.commandplan import ShellCommands
    from tttui.screens.lab.screen import LabScreen
    from tttui.screens.palette import GroupedCommands

WHOLE = StartView()

MADE_UNTIL_COLLECTION = 5_000
"""Objects made and not freed until the newest ones are looked at for garbage; a key makes some
hundreds that are freed by themselves, and a collection is a pause."""


def grouped_commands() -> "type[GroupedCommands]":
    """The commands of the palette, imported when it is first opened."""
    from tttui.screens.palette import GroupedCommands

    return GroupedCommands


class TttuiApp(KeysInOrder):
    """tttui on a terminal."""

    TITLE = "tttui"
    ENABLE_COMMAND_PALETTE = True
    COMMANDS = {grouped_commands}
    CSS = """
    Screen { background: $background; color: $foreground; }
    """

    def __init__(
        self,
        store: Store,
        start: StartView,
        *,
        theme: str | None = None,
        ascii: bool = False,
        clock: Callable[[], float] = time.time,
        commands: Sequence[Command] = ALL,
        remembered: Remembered | None = None,
        shell: "Callable[[], ShellCommands] | None" = None,
    ) -> None:
        """`shell` makes the commands that the lab has forms for."""
        super().__init__(Terminal)
        self.store = store
        self._frame = FrameDiff(colours=not os.environ.get("NO_COLOR"))
        for known in THEMES.values():
            self.register_theme(known)
        self.theme = theme or DEFAULT_THEME
        self.add_filter(VisibleFilter())
        if ascii:
            self.add_filter(AsciiFilter())
        self._look = Look(palette_of(self.theme), GLYPHS["ascii" if ascii else "unicode"])
        self._start, self._clock, self._commands = start, clock, commands
        in_tabs = StartView() if start.lab else start
        self.main = MainScreen(store, in_tabs, self._look, clock, commands, remembered)
        self._shell = shell
        self.lab: LabScreen | None = None
        """The lab, once it was opened."""

    def get_default_screen(self) -> Screen[None]:
        return self.main

    @property
    def _keyed(self) -> "MainScreen | LabScreen | None":
        """The screen that is shown, unless that is a dialog."""
        shown = self.screen
        return self.main if shown is self.main else self.lab if shown is self.lab else None

    def takes(self, key: str) -> bool:
        return self._keyed is None or self._keyed.keys.takes(key)

    def measures(self, key: str) -> bool:
        return self._keyed is not None and self._keyed.keys.measures(key)

    def acts_at_once(self, key: str) -> bool:
        return self._keyed is not None and self._keyed.keys.acts_at_once(key)

    def key_target(self) -> DOMNode:
        if self.focused is None and self._keyed is not None:
            return self._keyed.key_target
        return super().key_target()

    def open_lab(self) -> None:
        """Show the lab in place of the tabs."""
        if self.lab is None:
            from tttui.store.lab.core import LabStore, root_of_paths

            start = self._start if self._start.lab else StartView()
            lab_store = LabStore(root_of_paths(self.store.paths))
            lab_store.start()  # it reads while the rest is imported
            from tttui.screens.lab.screen import LabScreen

            self.lab = LabScreen(
                lab_store,
                start,
                self._look,
                self._clock,
                self._commands,
                self.leave_lab,
                self.store.open_path,
                self._shell and self._shell(),
            )
            self.install_screen(self.lab, "lab")
        if self.screen is not self.lab:
            self.push_screen(self.lab)

    def leave_lab(self) -> None:
        """Show the tabs again."""
        self.main.begin()
        self.pop_screen()

    async def on_lab_screen_settled(self) -> None:
        await self.next_key()

    async def on_main_screen_settled(self) -> None:
        await self.next_key()

    def on_mount(self) -> None:
        self.theme_changed_signal.subscribe(self, lambda _: self._repaint())
        if not self.is_headless:
            end_on_signals(self)
        if self._start.lab:
            self.open_lab()
        else:
            self.main.begin()

    def on_command_palette_opened(self) -> None:
        self.screen.query_one(Input).cursor_blink = False  # nothing is sent while nothing happens

    def on_ready(self) -> None:
        gc.freeze()  # what was made to start with stays: no collection has to look at it again
        gc.set_threshold(MADE_UNTIL_COLLECTION)
        gc.enable()

    def on_unmount(self) -> None:
        self.main.views.keep()
        self.store.stop()
        if self.lab is not None:
            self.lab.store.stop()

    def redraw(self) -> None:
        """Send the whole screen again, whatever the terminal shows."""
        self._frame.forget()
        self.refresh(repaint=True, layout=True)

    def copy_to_clipboard(self, text: str) -> None:
        """Copy any text: what is no Unicode, as in names of files, is copied as escapes."""
        super().copy_to_clipboard(text.encode(errors="backslashreplace").decode())

    def _repaint(self) -> None:
        palette = palette_of(self.theme)
        self._look = self._look._replace(palette=palette)
        self.main.set_palette(palette)
        if self.lab is not None:
            self.lab.set_look(self._look)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        in_lab = self.lab is not None and self.lab in self.screen_stack
        yield from (self.lab if in_lab and self.lab else self.main).system_commands()
        yield from (
            command
            for command in super().get_system_commands(screen)
            if command.title in ("Theme", "Screenshot")
        )

    def sent(self, update: CompositorUpdate) -> CompositorUpdate:
        return self._frame.wrap(update)

    def passes_over(self, error: Exception) -> bool:
        # leaving takes widgets away from what was still being made
        return self.leaving and isinstance(error, (NoMatches, MountError))

    def last_words(self, error: Exception) -> str:
        """A defect of ours: one line, with the details in a file."""
        return f"error: {report(error)}"


def open_app(
    store: Store,
    *,
    start: StartView = WHOLE,
    ascii: bool | None = None,
    theme: str | None = None,
    mouse: bool | None = None,
    shell: "Callable[[], ShellCommands] | None" = None,
) -> int:
    """Run the app on what a started store reads until the user leaves; returns the exit code.

    What is None is taken from the configuration file, or from what the terminal can. Raises
    RefusedInput for a view that there is not.
    """
    refuse_unknown(start)
    preferred = read_preferences(config_path())
    try:
        commands = rebound(preferred.keys)
    except RefusedInput as error:
        raise RefusedInput(f"{config_path()}: {error}") from error
    where = "--theme" if theme else f"{config_path()}: theme"
    theme = theme or preferred.theme
    if theme is not None and theme not in THEMES:
        raise RefusedInput(f"{where}: {theme!r} is unknown; choose from {', '.join(THEMES)}")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise RefusedInput(
            "the app needs a terminal; `tttui ls` and `tttui show RUN` print without one"
        )
    if os.environ.get("NO_COLOR"):
        theme = "ansi"  # made to be told apart by glyphs and weight
    views = views_path()
    plain = next((value for value in (ascii, preferred.ascii) if value is not None), None)
    app = TttuiApp(
        store,
        start,
        theme=theme,
        ascii=locale_is_ascii() if plain is None else plain,
        commands=commands,
        remembered=None if views is None else Remembered(views),
        shell=shell,
    )
    code = app.run(mouse=preferred.mouse if mouse is None else mouse)
    return app.return_code or code or 0
