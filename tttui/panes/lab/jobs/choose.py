"""Choosing one of a few names: from which checkpoint a job goes on."""

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tttui.draw.text import Text


class ChooseDialog(ModalScreen[str]):
    """Returns one of `names`, or None."""

    BINDINGS = [
        ("escape,q", "dismiss(None)", "close"),
        ("down,j", "move(1)", "down"),
        ("up,k", "move(-1)", "up"),
    ]
    DEFAULT_CSS = """
    ChooseDialog { align: center middle; }
    ChooseDialog Vertical {
        width: 90%; max-width: 84; height: auto; max-height: 90%;
        background: $surface; border: round $primary; padding: 0 1;
    }
    ChooseDialog Static { height: auto; }
    ChooseDialog OptionList {
        height: auto; max-height: 20; border: none; background: $surface;
    }
    ChooseDialog OptionList:focus { border: none; }
    """

    def __init__(self, title: str, text: str, names: Sequence[str]) -> None:
        super().__init__()
        self._title, self._text, self._names = title, text, tuple(names)

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Text(self._title)
            box.border_subtitle = "enter chooses, esc closes"
            yield Static(Text(self._text, "dim"))
            yield OptionList(*(Option(Text(name)) for name in self._names))

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.highlighted = 0
        options.focus()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._names[event.option_index])

    def action_move(self, by: int) -> None:
        options = self.query_one(OptionList)
        options.highlighted = ((options.highlighted or 0) + by) % len(self._names)
