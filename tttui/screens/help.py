"""The help screen: what a tab shows, and every key that works in it."""

from collections.abc import Sequence

from rich.table import Table
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from tttui.draw.colours import style
from tttui.draw.look import Look
from tttui.draw.reading import status_words
from tttui.draw.text import Text
from tttui.keys.command import Command
from tttui.model.transactions import STATUSES, UNDONE

A_ROW = 4
"""Signs of statuses in a row, so that none is torn from its word."""

MEANING = {
    "overview": (
        "Is test-time training working here? The frozen model keeps the weights of the base; the "
        "adaptive model starts from the same weights and updates them while it runs. Both predict "
        "every step before anything is learned from it. The area between the curves is tinted by "
        "who is better. Below them lie the update transactions: commits on the line, rolled-back "
        "transactions as stubs; what was undone lies on a branch that leaves the line at the step "
        "whose weights were restored. Improvement is (frozen - adaptive) / frozen over the last "
        "100 steps, told as a factor where it is 99 % or more either way; its interval is a block "
        "bootstrap over steps. `r` adds what is possible on the same trajectory: exact physics "
        "with the true friction (the oracle) and with an estimate of it, and recursive least "
        "squares (RLS), averaged exactly as the curves beside them."
    ),
    "weights": (
        "The plastic matrices in force at the cursor, blue below zero and red above, on one "
        "symmetric scale for the whole run. `m` has negative elements carry a minus, and half "
        "cells + - ± ∓ (the upper element's sign above the lower one's); × is no number. `v` goes "
        "from the values to five changes of them, `c` chooses a session to compare with. H, L and "
        "the arrows move the marked cell, z and Z the scale: far out, a cell shows the value of "
        "largest magnitude in its block. Curves over time hold a value until the next snapshot; "
        "W_u is solid, B dashed, W_o dotted. The condition number is the largest singular value "
        "over the smallest; ten times its start is a warning. Shares of what moved are of the "
        "squared change."
    ),
    "physics": (
        "The world whose friction mu the model never sees. The path has equal scale on both axes "
        "and runs from blue to red in time; small arrows point along the velocity, the long one "
        "is the action at the cursor. `v` goes on to the predictions of both models (their errors "
        "magnified as the title says, drawn up to the cursor) and to the ghost: the same actions "
        "and disturbances under another friction, chosen with { and }. The implied mu is the "
        "friction of the noise-free test world that the weights in force at the cursor predict "
        "best."
    ),
    "transactions": (
        "Every transaction. Before the step the gradient norm must pass its gate, after it the "
        "loss on the recent steps (at most pre_loss x (1 + rollback_tol)) and the state norm; "
        "what does not pass is rolled back to the snapshot, bit for bit. A live regression takes "
        "back a commit that did worse than the frozen model on the steps that followed, and with "
        "it every commit since the step that it returns to: these are undone. `w` goes "
        "on to the reasons (enter there shows only that kind, in every tab), to the details and "
        "to the gates over time; thresholds are those in force at that step. A query narrows the "
        "table further: grad>10 status:loss t:200-400 -commit; sort:grad (key B) sorts it; e "
        "exports what is left."
    ),
    "architecture": (
        "The model with this session's numbers: z and a go through W_u and B into a hidden state "
        "of which each unit forgets at its own rate, and W_o reads the prediction from it. W_u, "
        "B and W_o are plastic, a_raw is frozen. Since decay = exp(-softplus(a_raw) dt) lies "
        "inside (0, 1) whatever a_raw holds, no update can make the state grow without bound. "
        "The hidden state and the effective dynamics, the 4 x 4 map that the weights amount to "
        "beside the world's, follow the cursor. Muon gives every direction of a matrix an equal "
        "step; `w` chooses the panel that the arrows scroll and y copies."
    ),
    "parameters": (
        "The plastic parameters of the model, in its order, and the chosen one beside them. The "
        "share is of all plastic elements; moved is the norm of the change since the start, last "
        "that of the last commit; `>` sorts by them. Up and down choose a parameter, `w` goes on "
        "to its heatmap and to its figures. A vector is one row; of more than two axes all but "
        "the first are one, which the heading says. Grey names have figures alone: the recorder "
        "kept no snapshots of their values. A very large one is shown by blocks, each by its "
        "value of largest magnitude."
    ),
    "series": (
        "Everything that the session records beside its losses, each on an axis of its own over "
        "the steps. A control is the loss of a model that adapts in another way, or not at all "
        "but for one thing: what it gains by itself is no merit of learning. Up and down go "
        "through the series that find no room."
    ),
    "text": (
        "The document that the session reads, every character on the colour of the bits that "
        "learning saved there: its loss under the frozen model minus its loss under the adaptive "
        "one, both before anything was learned from it. What is better by 1 bit or more is bold "
        "too; where colours are few, what is worse is underlined. A character of several bytes "
        "has the sum of theirs. The margin tells where a row begins and the bits per byte saved "
        "in it. Underlined, or turned around, is the window of the cursor's step; the arrows "
        "move by windows, up and down by rows, h and l by bytes. Below or beside: the five most "
        "probable next bytes of both models, each with what the model would write after it, and "
        "the byte that came. They are worked out again from the weights in the files, those of "
        "the adaptive model from the newest snapshot up to the cursor, which may be some updates "
        "older than the weights that were in force: the losses are exact, as recorded."
    ),
    "modules": (
        "The modules of the model with their parameters: what learns stands out, the rest is "
        "frozen. Enter folds and unfolds the selected module, z unfolds all and Z folds all. "
        "Beside the tree: where what learns is, and how this session learns, as far as it was "
        "recorded; gates are counted over the newest 200 transactions."
    ),
    "sessions": (
        "All sessions below the paths that tttui was given, forks under their parents; of a single "
        "session also those beside it. The preview tells the verdict of the one under the cursor, "
        "its errors and what happened last; ! stands before a session with damaged files. The bars "
        "are the adaptive error, a bar for 32 steps, newest at the right, on a logarithmic scale "
        "of each row's own: they compare a session with itself, the numbers compare sessions. "
        "Improved is against the frozen model over the last 100 steps, with its 95 % interval; mu "
        "error is how far the mu that the weights imply is from the true one. Live runs show how "
        "far they are and their speed; what you steer is the run under the cursor. space marks; "
        "two or more are laid over each other with a table of what differs, and t tests the "
        "weights of each, and the frozen base, in the world of each: if the diagonal wins, they "
        "remember their own mu. Sessions without a commit in force are left out of that. A query "
        "narrows the table: state:running mu>0.1 damaged>0 demo. It sorts as well: "
        "sort:improvement, sort:age:asc, sort:tree; B asks for the name."
    ),
}


TIMED = ("overview", "weights", "parameters", "transactions", "physics", "series")
"""Tabs with time axes."""


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

    def __init__(
        self, tab: str, commands: Sequence[Command], look: Look, meaning: str | None = None
    ) -> None:
        super().__init__()
        self._tab, self._commands = tab, commands
        self._look = look
        self._meaning = MEANING.get(tab, "") if meaning is None else meaning

    def compose(self) -> ComposeResult:
        with VerticalScroll() as box:
            box.border_title = f"Help: {self._tab.capitalize()}"
            box.border_subtitle = "esc closes"
            if self._meaning:
                yield Static(Text(self._meaning).append("\n"))
            if self._tab in TIMED:
                yield Static(self._marks())
            yield Static(self._keys())

    def _marks(self) -> Text:
        """The marks on the time axes, each with its word."""
        (palette, glyphs), text = self._look, Text()
        own = [name for name in glyphs.statuses if name not in (*STATUSES, UNDONE)]
        for i, status in enumerate((*STATUSES, UNDONE, *own)):
            if i and i % A_ROW == 0:
                text.append("\n")
            text.append(glyphs.status(status), style(palette.status(status), bold=True))
            text.append(f" {status_words(status, glyphs)}   ")
        text.append("\n").append(glyphs.change, style(palette.accent, bold=True))
        text.append(" run changed   ")
        text.append(glyphs.axis_cut, style(palette.muted, bold=True))
        return text.append(" axis does not reach to 0").append("\n")

    def _keys(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(style="bold", no_wrap=True)
        table.add_column()
        group = ""
        here = [command for command in self._commands if self._tab in command.tabs]
        for command in sorted(here, key=lambda command: not command.own):
            title = command.purpose(self._tab)
            if title != group:
                group = title
                table.add_row(Text(group, style="dim underline"), "")
            table.add_row(command.shown_keys, command.help)
        table.add_row("ctrl+p", "Every command, with the name that the configuration file uses")
        return table
