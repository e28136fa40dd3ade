"""Pickers of one of many by typing: a session, a run, a command."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from tttui.draw.text import Text
from tttui.model.session import Place
from tttui.widgets.textfield import TextField

Choice = tuple[Place, str | None]
"""A session, and the name of one of its runs (stores only)."""


T = TypeVar("T")


class Picker(ModalScreen[T | None], Generic[T]):
    """Returns what was chosen, or None."""

    BINDINGS = [
        ("escape", "dismiss(None)", "close"),
        ("down", "move(1)", "down"),
        ("up", "move(-1)", "up"),
    ]
    DEFAULT_CSS = """
    Picker { align: center middle; }
    Picker Vertical {
        width: 90%; max-width: 90; height: auto; max-height: 80%;
        background: $surface; border: round $primary;
    }
    Picker Input { border: none; height: 1; padding: 0 1; }
    Picker Input:focus { border: none; }
    Picker OptionList { height: auto; max-height: 24; border: none; background: $surface; }
    """

    HINT = "filter by name"
    NOTHING = "nothing has this in its name"

    def __init__(self, choices: Sequence[T], current: T | None, title: str) -> None:
        super().__init__()
        self._title, self._choices, self._current = title, choices, current
        self._shown: list[T] = []

    def row(self, choice: T) -> Text:
        """How a choice is listed."""
        raise NotImplementedError

    def far(self, choice: T, typed: str) -> bool:
        """Of those that have the typed word in their name, this one is hardly meant."""
        return False

    def name_of(self, choice: T) -> str:
        """The text in which typed words are searched."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Text(self._title)
            box.border_subtitle = "type to filter, enter chooses, esc closes"
            yield TextField(placeholder=self.HINT)
            yield OptionList()

    def on_mount(self) -> None:
        self._fill("")

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        self._fill(event.value)

    @on(Input.Submitted)
    def _open_highlighted(self) -> None:
        index = self.query_one(OptionList).highlighted
        self.dismiss(self._shown[index] if index is not None else None)

    @on(OptionList.OptionSelected)
    def _open_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._shown[event.option_index])

    def action_move(self, by: int) -> None:
        options = self.query_one(OptionList)
        if self._shown:
            options.highlighted = ((options.highlighted or 0) + by) % len(self._shown)

    def _fill(self, words: str) -> None:
        options = self.query_one(OptionList)
        terms = words.lower().split()
        named = [(choice, self.name_of(choice).lower()) for choice in self._choices]
        self._shown = [choice for choice, name in named if all(word in name for word in terms)]
        if terms:
            self._shown.sort(key=lambda choice: self.far(choice, terms[0]))
        options.clear_options()
        options.add_options([Option(self.row(choice)) for choice in self._shown])
        if not self._shown:
            options.add_option(Option(self.NOTHING, disabled=True))
        elif self._current in self._shown:
            options.highlighted = self._shown.index(self._current)
        else:
            options.highlighted = 0


class Chooser(Picker[Choice]):
    """A session, and one of its runs where it has several."""

    NOTHING = "no session has this in its name"

    def __init__(
        self, places: Sequence[Place], current: Choice | None, title: str = "Open a session"
    ) -> None:
        choices: list[Choice] = []
        for place in places:
            runs: Sequence[str | None] = place.runs[::-1] or (None,)
            choices.extend((place, run) for run in runs)
        super().__init__(choices, current, title)

    def row(self, choice: Choice) -> Text:
        place, run = choice
        row = Text(("● " if choice == self._current else "  ") + place.name, style="bold")
        if run:
            row.append(f"  {run}", style="")
        return row.append(f"  {place.layout}  {place.path.parent}", style="dim")

    def name_of(self, choice: Choice) -> str:
        place, run = choice
        return f"{place.name} {run or ''} {place.path.parent}"
