"""Choose another session, or another run of a session that has several."""

from collections.abc import Sequence

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


class Chooser(ModalScreen[Choice | None]):
    BINDINGS = [
        ("escape", "dismiss(None)", "close"),
        ("down", "move(1)", "down"),
        ("up", "move(-1)", "up"),
    ]
    DEFAULT_CSS = """
    Chooser { align: center middle; }
    Chooser Vertical {
        width: 90%; max-width: 90; height: auto; max-height: 80%;
        background: $surface; border: round $primary;
    }
    Chooser Input { border: none; height: 1; padding: 0 1; }
    Chooser OptionList { height: auto; max-height: 24; border: none; background: $surface; }
    """

    def __init__(
        self, places: Sequence[Place], current: Choice | None, title: str = "Open a session"
    ) -> None:
        super().__init__()
        self._title = title
        self._choices: list[Choice] = []
        for place in places:
            runs: Sequence[str | None] = place.runs[::-1] or (None,)
            self._choices.extend((place, run) for run in runs)
        self._current = current
        self._shown: list[Choice] = []

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Text(self._title)
            box.border_subtitle = "type to filter, enter chooses, esc closes"
            yield TextField(placeholder="filter by name")
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
        wanted = words.lower().split()
        self._shown = [c for c in self._choices if all(w in _name(c).lower() for w in wanted)]
        options.clear_options()
        options.add_options([Option(self._row(choice)) for choice in self._shown])
        if not self._shown:
            options.add_option(Option("no session has this in its name", disabled=True))
        elif self._current in self._shown:
            options.highlighted = self._shown.index(self._current)
        else:
            options.highlighted = 0

    def _row(self, choice: Choice) -> Text:
        place, run = choice
        row = Text(("● " if choice == self._current else "  ") + place.name, style="bold")
        if run:
            row.append(f"  {run}", style="")
        return row.append(f"  {place.layout}  {place.path.parent}", style="dim")


def _name(choice: Choice) -> str:
    place, run = choice
    return f"{place.name} {run or ''} {place.path.parent}"
