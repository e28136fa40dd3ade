"""The commands of each key in the shown tab, and whether they can act yet."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from textual.app import SystemCommand
from textual.binding import Binding

from tttui.keys.command import Command
from tttui.screens.session_choice import SessionChoice
from tttui.screens.state import ScreenState
from tttui.screens.tabs import Tabs

LOG_COMMANDS = ("log_search", "log_level", "log_scroll(-1)", "log_scroll(1)")
"""Commands that work while the log is shown."""

WHAT_IF = "What if"
"""The group of commands whose keys turn knobs while a what-if is open."""

GIVEN_UP = tuple(f"pane('{name}')" for name in ("query", "search", "page_up", "page_down"))
"""Commands whose keys are those of the log meanwhile."""


class KeyCommands:
    """The commands with their keys, as a person may have bound them.

    `typing` says that a text field has the focus, to which all keys belong then, and `log_shown`
    that the log of the run is on the screen.
    """

    def __init__(
        self,
        commands: Sequence[Command],
        state: ScreenState,
        tabs: Tabs,
        sessions: SessionChoice,
        typing: Callable[[], bool],
        log_shown: Callable[[], bool],
    ) -> None:
        self.commands = commands
        self._state, self._tabs, self._sessions = state, tabs, sessions
        self._typing, self._log_shown = typing, log_shown
        self._tabs_of: dict[str, set[str]] = {}
        self._of_key: dict[str, list[Command]] = {}
        knobs = [c for c in commands if c.group == WHAT_IF and c.action != "whatif"]
        keys = {key for c in knobs for key in c.keys.split(",")}
        self._knobs = frozenset(c.action for c in knobs)
        """Commands that work while the knobs of a what-if are turned."""
        self._others = frozenset(
            c.action for c in commands if c not in knobs and keys & set(c.keys.split(","))
        )
        """Commands whose keys turn knobs meanwhile."""
        for command in commands:
            self._tabs_of.setdefault(command.action, set()).update(command.tabs)
            for key in command.keys.split(","):
                self._of_key.setdefault(key, []).append(command)

    @property
    def silent(self) -> frozenset[str]:
        """Actions whose keys are taken by the knobs now."""
        return self._others if self._state.turning else self._knobs

    def bindings(self) -> list[Binding]:
        """The commands as the toolkit binds them."""
        return [Binding(c.keys, c.action, c.label, priority=True) for c in self.commands]

    def takes(self, key: str) -> bool:
        """Whether the targets of this key's commands are loaded, or known to be missing."""
        return not any(c.needs_session and self._awaits(c.action) for c in self._here(key))

    def acts_at_once(self, key: str) -> bool:
        """The commands of this key change the Timeline alone, and draw it before they return."""
        here = self._here(key)
        return bool(here) and all(c.group == "Time" for c in here)

    def measures(self, key: str) -> bool:
        """How far the commands of this key go depends on how much fits on the screen."""
        return any(c.group in ("Lists", "Matrix", "Log") for c in self._here(key))

    def allows(self, action: str, parameters: tuple[object, ...]) -> bool:
        """Whether an action is available now: keys belong to a text field while one has the focus,
        else to the shown tab."""
        if self._typing():
            return False
        written = f"{action}({', '.join(map(repr, parameters))})" if parameters else action
        if written in LOG_COMMANDS:
            return self._log_shown()
        if written in GIVEN_UP and self._log_shown():
            return False
        if written in self.silent:
            return False
        tabs = self._tabs_of.get(written)
        return tabs is None or self._state.pane in tabs

    def listed(self, run: Callable[[str], Coroutine[Any, Any, object]]) -> list[SystemCommand]:
        """Every command that works in this tab, for the command palette: those of the tab
        first, and all by what they are for. `run` carries out an action."""
        pane = self._state.pane
        here = [command for command in self.commands if pane in command.tabs]
        groups = list(dict.fromkeys(command.group for command in here))
        here.sort(key=lambda command: (not command.own, groups.index(command.group)))

        def runner(action: str) -> Callable[[], Coroutine[Any, Any, object]]:
            return lambda: run(action)

        return [
            SystemCommand(
                f"{command.purpose(pane)}: {command.label}: {command.help}",
                f"{command.shown_keys}   {command.name}",
                runner(command.action),
            )
            for command in here
        ]

    def _here(self, key: str) -> list[Command]:
        """The commands of a key in the shown tab."""
        if self._typing():
            return []
        pane = self._state.pane
        silent = self.silent
        return [c for c in self._of_key.get(key, ()) if pane in c.tabs and c.action not in silent]

    def _awaits(self, action: str) -> bool:
        """Whether the target of a command is still loading."""
        snapshot = self._state.snapshot
        if self._sessions.coming:
            return True
        if snapshot.data is None:
            return not snapshot.error and (bool(snapshot.places) or not snapshot.scanned)
        return self._tabs.awaits(action)
