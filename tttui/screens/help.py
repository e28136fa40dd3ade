"""The help screen: what a tab shows, and every key that works in it."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from tttui.keys import Command

MEANING = {
    "overview": (
        "Is test-time training working here? The frozen model keeps the weights of the base; the "
        "adaptive model starts from the same weights and updates them while it runs. Both predict "
        "every step before anything is learned from it. The area between the curves is tinted by "
        "who is better. Below them lie the update transactions: commits on the line, rolled-back "
        "attempts as stubs. Improvement is (frozen - adaptive) / frozen over the last 100 steps, "
        "its interval a block bootstrap over steps. `r` adds what is possible on the same "
        "trajectory: exact physics with the true friction (the oracle) and with an estimate of "
        "it, and recursive least squares (RLS)."
    ),
    "physics": (
        "The world whose friction mu the model never sees. The path has equal scale on both axes "
        "and runs from blue to red in time; small arrows point along the velocity, the long one "
        "is the action at the cursor. `v` goes on to the predictions of both models (their errors "
        "magnified as the title says) and to the ghost: the same actions and disturbances under "
        "another friction, chosen with { and }. The implied mu is the friction of the noise-free "
        "test world that the weights in force at the cursor predict best."
    ),
}


class HelpScreen(ModalScreen[None]):
    BINDINGS = [("escape,question_mark,q,enter", "dismiss", "close")]
    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen VerticalScroll {
        width: 90%; max-width: 96; height: auto; max-height: 92%;
        background: $surface; border: round $primary; padding: 0 2;
    }
    HelpScreen Static { height: auto; }
    """

    def __init__(self, tab: str, commands: Sequence[Command]) -> None:
        super().__init__()
        self._tab, self._commands = tab, commands

    def compose(self) -> ComposeResult:
        with VerticalScroll() as box:
            box.border_title = f"Help: {self._tab.capitalize()}"
            box.border_subtitle = "esc closes"
            if self._tab in MEANING:
                yield Static(Text(MEANING[self._tab] + "\n"))
            yield Static(self._keys())

    def _keys(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(style="bold", no_wrap=True)
        table.add_column()
        group = ""
        for command in self._commands:
            if self._tab not in command.tabs:
                continue
            if command.group != group:
                group = command.group
                table.add_row(Text(group, style="dim underline"), "")
            table.add_row(command.shown_keys, command.help)
        table.add_row("ctrl+p", "Every command, with the name that the configuration file uses")
        return table
