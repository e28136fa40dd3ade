"""A form: fields that are checked as they are typed, and the command that does the same."""

from collections.abc import Mapping
from typing import Generic, Protocol, Self, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from tttui.draw.text import Text
from tttui.model.errors import TttuiError
from tttui.widgets.fields import Fields, FormRow

AROUND = 10
"""Rows of the form that are no fields: its frame, the help, the command, the line below it."""


class FormPlan(Protocol):
    """The plan of a form: checked texts by field, and their command line."""

    @property
    def typed(self) -> Mapping[str, str]: ...
    @property
    def names(self) -> tuple[str, ...]: ...

    def group(self, name: str) -> str: ...
    def choices(self, name: str) -> tuple[str, ...]: ...
    def help(self, name: str) -> str: ...
    def defaults(self) -> dict[str, str]: ...
    def problems(self) -> dict[str, str]: ...
    def with_typed(self, name: str, text: str) -> Self: ...
    def command_line(self) -> str: ...


P = TypeVar("P", bound=FormPlan)


class Form(ModalScreen[P | None], Generic[P]):
    """Returns the plan to carry out, or None."""

    BINDINGS = [
        ("escape", "dismiss(None)", "close"),
        Binding("ctrl+y", "copy", "copy the command", priority=True),
    ]
    DEFAULT_CSS = """
    Form { align: center middle; }
    Form > Vertical {
        width: 96%; max-width: 120; height: auto; max-height: 100%;
        background: $surface; border: round $primary; padding: 0 1;
    }
    Form #help { height: 2; margin-top: 1; }
    Form #command { height: 3; }
    Form #below { height: 2; }
    """

    def __init__(self, plan: P, title: str, first: str = "") -> None:
        """The field `first` has the focus, where the form has it."""
        super().__init__()
        self.plan = plan
        self._title, self._first = title, first
        self._wrong: Mapping[str, str] = {}

    def footnote(self) -> str:
        """The line below the command of a valid form."""
        return ""

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_subtitle = "enter starts, ctrl+y copies the command, esc closes"
            box.border_title = Text(self._title)
            self._wrong = self.plan.problems()
            yield Fields(self._rows(), lambda name: self.plan.choices(name))
            yield Static(id="help")
            yield Static(id="command")
            yield Static(id="below")

    def on_mount(self) -> None:
        self.on_resize()
        if self._first in self.plan.names:
            self.fields.go_to(self._first)
        self._say()

    def on_resize(self) -> None:
        rows = self.query_one(Fields)
        rows.styles.height = min(len(rows.rows), max(3, self.size.height - AROUND))

    @property
    def fields(self) -> Fields:
        return self.query_one(Fields)

    @on(Fields.Changed)
    def _typed(self, message: Fields.Changed) -> None:
        try:
            self.plan = self.plan.with_typed(message.name, message.value)
            self._wrong = self.plan.problems()
        except TttuiError as error:  # a task of another package that cannot be loaded
            self._wrong = {message.name: str(error)}
        self.fields.show(self._rows())
        self.on_resize()
        self._say()

    @on(Fields.Moved)
    def _moved(self) -> None:
        self._say()

    @on(Fields.Submitted)
    def _start(self) -> None:
        if not self._wrong:
            self.dismiss(self.plan)
        else:
            self.fields.go_to(next(n for n in self.plan.names if n in self._wrong))

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self.plan.command_line())
        self.query_one("#below", Static).update(Text("The command was copied.", "bold"))

    def _rows(self) -> list[FormRow]:
        plan, defaults, rows, group = self.plan, self.plan.defaults(), list[FormRow](), ""
        for name in plan.names:
            if plan.group(name) != group:
                group = plan.group(name)
                rows.append(FormRow(group))
            rows.append(
                FormRow(
                    name.replace("_", " "),
                    name,
                    plan.typed.get(name, ""),
                    defaults[name],
                    plan.help(name),
                    self._wrong.get(name, ""),
                )
            )
        return rows

    def _say(self) -> None:
        """Show the help of the focused field, the command, and its cost."""
        plan, name = self.plan, self.fields.name_now
        help_text = Text(f"{plan.names.index(name) + 1}/{len(plan.names)} ", "dim")
        help_text.append(f"{name.replace('_', ' ')}: ", "bold").append(plan.help(name))
        if plan.choices(name):
            help_text.append("  (space chooses)", "dim")
        command, below = self.query_one("#command", Static), self.query_one("#below", Static)
        if self._wrong:
            wrong = name if name in self._wrong else next(iter(self._wrong))
            line = Text(f"! {wrong.replace('_', ' ')}: {self._wrong[wrong]}", "bold")
            under = Text()
        else:
            line, under = Text(plan.command_line()), Text(self.footnote(), "dim")
        command.update(line, layout=False)
        below.update(under, layout=False)
        self.query_one("#help", Static).update(help_text, layout=False)
