"""The form that starts a session: new, forked or resumed."""

from collections.abc import Mapping
from dataclasses import replace

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tttui.engine.plan import Plan

TITLES: Mapping[str, str] = {"run": "New session", "fork": "Fork", "resume": "Resume"}


class Field(Horizontal):
    """One line: the option, what is typed, and its help or what is wrong with it."""

    DEFAULT_CSS = """
    Field { height: 1; }
    Field .label { width: 17; }
    Field Input { width: 22; height: 1; border: none; padding: 0; background: $panel; }
    Field Input:focus { border: none; }
    Field .said {
        width: 1fr; height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis;
    }
    """

    def __init__(self, name: str, value: str) -> None:
        super().__init__()
        self.option = name
        self._value = value

    def compose(self) -> ComposeResult:
        yield Static(self.option.replace("_", " "), classes="label")
        yield Input(self._value, select_on_focus=False)
        yield Static(classes="said")

    def say(self, default: str, help: str, wrong: str) -> None:
        """Show the default in the field, and beside it the help or what is wrong."""
        self.query_one(Input).placeholder = default
        text = Text(f"! {wrong}", "bold") if wrong else Text(help, "dim")
        self.query_one(".said", Static).update(text, layout=False)


class LaunchForm(ModalScreen[Plan | None]):
    """Returns the plan to carry out, or None."""

    BINDINGS = [
        ("escape", "dismiss(None)", "close"),
        Binding("down", "app.focus_next", "next", priority=True),
        Binding("up", "app.focus_previous", "previous", priority=True),
        ("ctrl+y", "copy", "copy the command"),
    ]
    DEFAULT_CSS = """
    LaunchForm { align: center middle; }
    LaunchForm > Vertical {
        width: 96%; max-width: 110; height: auto; max-height: 100%;
        background: $surface; border: round $primary; padding: 0 1;
    }
    LaunchForm VerticalScroll { height: auto; max-height: 20; }
    LaunchForm #command { height: auto; max-height: 4; margin-top: 1; }
    LaunchForm #estimate { height: auto; }
    """

    def __init__(self, plan: Plan, speed: float | None, bytes_a_step: float | None) -> None:
        super().__init__()
        self.plan = plan
        self._measured = (speed, bytes_a_step)
        self._said: dict[str, tuple[str, str, str]] = {}

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            source = self.plan.source
            box.border_title = TITLES[self.plan.kind] + (f" {source.name}" if source else "")
            box.border_subtitle = "enter starts, ctrl+y copies the command, esc closes"
            with VerticalScroll(can_focus=False):
                for name in self.plan.names:
                    yield Field(name, self.plan.text(name))
            yield Static(id="command")
            yield Static(id="estimate")

    def on_mount(self) -> None:
        self._check()
        self.query(Input).first().focus()

    @on(Input.Changed)
    def _typed(self) -> None:
        typed = {f.option: f.query_one(Input).value for f in self.query(Field)}
        self.plan = replace(self.plan, typed=typed)
        self._check()

    @on(Input.Submitted)
    def _start(self) -> None:
        wrong = self.plan.problems()
        if not wrong:
            self.dismiss(self.plan)
            return
        for field in self.query(Field):
            if field.option in wrong:
                field.query_one(Input).focus()
                return

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self.plan.command())
        self.query_one("#estimate", Static).update(Text("The command was copied.", "bold"))

    def _check(self) -> None:
        plan, wrong = self.plan, self.plan.problems()
        for field in self.query(Field):
            name = field.option
            said = (plan.default(name), plan.help(name), wrong.get(name, ""))
            if self._said.get(name) != said:
                self._said[name] = said
                field.say(*said)
        command, estimate = self.query_one("#command", Static), self.query_one("#estimate", Static)
        if wrong:
            name, reason = next(iter(wrong.items()))
            command.update(Text(f"! {name.replace('_', ' ')}: {reason}", "bold"))
            estimate.update("")
        else:
            command.update(Text(plan.command()))
            estimate.update(Text(plan.estimate(*self._measured), "dim"))
