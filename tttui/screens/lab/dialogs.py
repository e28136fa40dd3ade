"""Dialogs of the lab: a question; choosing a command, its form, and what it printed."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tttui.draw.text import Text, lines
from tttui.lab.commandplan import CommandOutcome, CommandPlan, CommandWords
from tttui.panes.lab.base import Question
from tttui.screens.chooser import Picker
from tttui.screens.form import Form


class CommandForm(Form[CommandPlan]):
    """Tells what the command does; what it returns is to be carried out."""

    def __init__(self, plan: CommandPlan) -> None:
        empty = next((name for name in plan.names if not plan.text(name)), "")
        super().__init__(plan, f"tttui {plan.title}", empty)

    def footnote(self) -> str:
        return self.plan.about


class CommandPicker(Picker[tuple[CommandWords, str]]):
    """Which command is to be started."""

    DEFAULT_CSS = """
    CommandPicker OptionList { text-wrap: nowrap; text-overflow: ellipsis; }
    """
    HINT = "filter by its words"
    NOTHING = "no command has this in its words"

    def row(self, choice: tuple[CommandWords, str]) -> Text:
        words, about = choice
        return Text().append(f"{' '.join(words):<26} ", "bold").append(about, "dim")

    def far(self, choice: tuple[CommandWords, str], typed: str) -> bool:
        return not any(word.startswith(typed) for word in choice[0])

    def name_of(self, choice: tuple[CommandWords, str]) -> str:
        return f"{' '.join(choice[0])} {choice[1]}"


class OutputDialog(ModalScreen[None]):
    """What a command printed."""

    BINDINGS = [
        ("escape,q,enter", "dismiss(None)", "close"),
        ("ctrl+y,y", "copy", "copy"),
        ("up,k", "scroll(-1)", "up"),
        ("down,j", "scroll(1)", "down"),
        ("pageup", "scroll(-10)", "page up"),
        ("pagedown,space", "scroll(10)", "page down"),
    ]
    DEFAULT_CSS = """
    OutputDialog { align: center middle; }
    OutputDialog > Vertical {
        width: 96%; max-width: 140; height: auto; max-height: 96%;
        background: $surface; border: round $primary; padding: 0 1;
    }
    OutputDialog VerticalScroll { height: auto; }
    OutputDialog Static { width: auto; text-wrap: nowrap; }
    """

    def __init__(self, command: str, outcome: CommandOutcome) -> None:
        super().__init__()
        self._command, self._outcome = command, outcome

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Text(self._command)
            box.border_subtitle = "y copies, esc closes"
            with VerticalScroll():
                yield Static(lines(self._outcome.output))

    def action_scroll(self, by: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)

    def action_copy(self) -> None:
        self.app.copy_to_clipboard("\n".join(self._outcome.output))
        self.query_one(Vertical).border_subtitle = "copied"


class QuestionDialog(ModalScreen[bool]):
    """Asks before something is done, with the command that does the same; returns yes or no."""

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
