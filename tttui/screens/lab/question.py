"""Asking before something is done, with the command that does the same."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tttui.draw.text import Text
from tttui.panes.lab.base import Question


class QuestionDialog(ModalScreen[bool]):
    """Returns whether the person agreed."""

    BINDINGS = [
        ("escape,n,q", "dismiss(False)", "no"),
        ("y", "dismiss(True)", "yes"),
        ("ctrl+y,c", "copy", "copy the command"),
        ("down,j,up,k,tab", "move", "the other answer"),
    ]
    DEFAULT_CSS = """
    QuestionDialog { align: center middle; }
    QuestionDialog Vertical {
        width: 90%; max-width: 84; height: auto; max-height: 100%;
        background: $surface; border: round $primary; padding: 0 1;
    }
    QuestionDialog Static { height: auto; }
    QuestionDialog #command { margin: 1 0; }
    QuestionDialog OptionList { height: auto; border: none; background: $surface; }
    QuestionDialog OptionList:focus { border: none; }
    """

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        question = self._question
        with Vertical() as box:
            box.border_title = Text(question.title)
            box.border_subtitle = (
                "y n, c copies the command" if question.command else "enter chooses"
            )
            yield Static(Text(question.text))
            yield Static(Text(question.command, "dim"), id="command")
            yield OptionList(
                Option(Text().append("n  ", "bold").append("leave it as it is")),
                Option(Text().append("y  ", "bold").append(question.yes)),
            )

    def on_mount(self) -> None:
        self.query_one("#command").display = bool(self._question.command)
        options = self.query_one(OptionList)
        options.highlighted = 0
        options.focus()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_index == 1)

    def action_move(self) -> None:
        options = self.query_one(OptionList)
        options.highlighted = 1 - (options.highlighted or 0)

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self._question.command)
        self.query_one(Vertical).border_subtitle = "the command is copied"
