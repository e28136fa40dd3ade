"""The one-line frames of the screen: header, tabs and the keys that work now."""

from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from rich.style import Style
from textual import events
from textual.message import Message

from tttui.draw.cells import fit
from tttui.draw.text import Text
from tttui.keys.command import TABS, Command
from tttui.model.numbers import Forms
from tttui.model.text import visible
from tttui.toolkit import DirectWidget

TITLE = " tttui "


class TopBar(DirectWidget):
    """The name and state of the open session; the state stands at the right edge.

    A note stands between the name and the state for a while.
    """

    DEFAULT_CSS = "TopBar { height: 1; background: $panel; color: $foreground; }"

    def __init__(self) -> None:
        super().__init__()
        self._parts: tuple[Sequence[str], Forms, Style] = ((), (), Style())
        self._note = ""

    def note(self, text: str) -> None:
        """Show a message beside the name, the state and what else has room; '' ends that."""
        if text != self._note:
            self._note = text
            self.refresh()

    @property
    def noted(self) -> str:
        return self._note

    def cuts(self, text: str) -> bool:
        """Whether a note would be cut."""
        parts, states, _ = self._parts
        state = self._least(states, self.size.width)
        name = cell_len(visible(parts[0])) + 2 if parts else 0
        return cell_len(text) + name + cell_len(visible(state)) + len(TITLE) + 5 > self.size.width

    def show(self, parts: Sequence[str], states: Forms, state_style: Style) -> None:
        """`parts` from most to least important: what does not fit is left out from the end.
        `states` are texts of the state, from the fullest to the shortest."""
        if self._parts != (parts, states, state_style):
            self._parts = (parts, states, state_style)
            self.refresh()

    def render(self) -> Text:
        parts, states, state_style = self._parts
        width = self.size.width
        line = Text(no_wrap=True).append(TITLE, style="bold reverse")
        first = cell_len(visible(parts[0])) if parts else 0
        widest = max(width // 2, width - len(line) - first - 6)
        shortest = fit(states[-1], widest, "..") if states else ""
        state = next((text for text in states if cell_len(visible(text)) <= widest), shortest)
        if self._note:
            state = self._least(states, width)
        room = width - len(line) - cell_len(visible(state)) - 2
        noted = cell_len(self._note) + 3 if self._note else 0
        for i, part in enumerate(parts):
            shown = visible(part) if i else fit(part, max(0, room - 2), "..")
            if cell_len(shown) + 2 > (room - noted if i else room):
                break
            line.append(f"  {shown}", style="bold" if i == 0 else "")
            room -= cell_len(shown) + 2
        if self._note and room > 4:
            line.append(" ").append(f" {fit(self._note, room - 3, '..')} ", style="bold reverse")
        line.append(" " * max(1, width - line.cell_len - cell_len(visible(state)) - 1))
        line.append(state, style=state_style)
        return line

    def _least(self, states: Forms, width: int) -> str:
        """The state beside a note: as short as it can be told, and none where it has no room."""
        state = states[-1] if states else ""
        return state if 3 * cell_len(visible(state)) <= width else ""


SHORT = {"transactions": "trans.", "architecture": "arch."}
"""How the longest titles of tabs are abbreviated."""

NUMBERS = "1234567890"
"""The keys of the tabs, in their order."""


class TabBar(DirectWidget):
    """Tabs with their numbers; the shown one is marked by more than colour."""

    DEFAULT_CSS = "TabBar { height: 1; background: $surface; color: $foreground; }"

    class Selected(Message):
        def __init__(self, tab: str) -> None:
            super().__init__()
            self.tab = tab

    def __init__(
        self, tab: str, tabs: Sequence[str] = TABS, short: Mapping[str, str] = SHORT
    ) -> None:
        super().__init__()
        self._tab, self._tabs, self._short = tab, tuple(tabs), short
        self._titles: tuple[str, ...] = self._tabs

    def entitle(self, fourth: str) -> None:
        """Name the fourth tab after what it shows of the open session."""
        titles = (*TABS[:3], fourth, *TABS[4:])
        if titles != self._titles:
            self._titles = titles
            self.refresh()

    def show(self, tab: str) -> None:
        if tab != self._tab:
            self._tab = tab
            self.refresh()

    def _labels(self) -> list[str]:
        room, titles = self.size.width, self._titles
        short = [self._short.get(title, title) for title in titles]
        alone = [
            name if tab == self._tab else "" for tab, name in zip(self._tabs, short, strict=True)
        ]
        labels: list[str] = []
        for names, lead in (
            (titles, " "),
            (short, " "),
            (short, ""),
            (alone, " "),
            ([""] * len(titles), " "),
        ):
            shown = zip(NUMBERS, names, strict=False)
            labels = [f"{lead}{n} {name.capitalize()}".rstrip() + " " for n, name in shown]
            if sum(map(len, labels)) <= room:
                break
        return labels

    def render(self) -> Text:
        line = Text(no_wrap=True)
        for tab, label in zip(self._tabs, self._labels(), strict=True):
            line.append(label, style="bold reverse" if tab == self._tab else "dim")
        return line

    def on_click(self, event: events.Click) -> None:
        x = event.x
        for tab, label in zip(self._tabs, self._labels(), strict=True):
            x -= len(label)
            if x < 0:
                self.post_message(self.Selected(tab))
                return


class KeyBar(DirectWidget):
    """The available keys, as many as fit."""

    DEFAULT_CSS = "KeyBar { height: 1; background: $panel; color: $foreground; }"

    def __init__(self) -> None:
        super().__init__()
        self._commands: Sequence[tuple[Command, str]] = ()

    def show(self, commands: Sequence[tuple[Command, str]]) -> None:
        """Pairs of a command and the label that fits its state (`play`, `pause`)."""
        if list(self._commands) != list(commands):
            self._commands = commands
            self.refresh()

    def render(self) -> Text:
        line = Text(" ", no_wrap=True, overflow="ellipsis")
        items = [(command.shown_key, label) for command, label in self._commands]
        # help and quit stay in sight on the narrowest terminal
        tail, head = items[-2:], items[:-2]
        room = self.size.width - 1 - sum(len(k) + len(label) + 3 for k, label in tail)
        for key, label in head:
            needed = len(key) + len(label) + 3
            if needed > room:
                break
            room -= needed
            line.append(key, style="bold").append(f" {label}  ", style="dim")
        for key, label in tail:
            line.append(key, style="bold").append(f" {label}  ", style="dim")
        return line
