"""A tab whose views are not part of this version: it says what they show."""

from rich.text import Text
from textual.app import ComposeResult
from textual.widgets import Static

from tttui.panes.view import Pane, View

CONTENTS = {
    "weights": "The plastic weights at the cursor as heatmaps, their statistics and spectrum.",
    "transactions": "Every update attempt in a sortable table, with the gates it met.",
    "physics": "The trajectory, its hidden friction and the predictions of both models.",
    "architecture": "The model, its stability and its parameters, with this session's numbers.",
    "sessions": "All sessions side by side: their tree, their curves and what differs.",
}


class LaterPane(Pane):
    DEFAULT_CSS = "LaterPane { align: center middle; } LaterPane Static { width: auto; }"

    def __init__(self, tab: str) -> None:
        super().__init__()
        self._text = CONTENTS[tab]

    def compose(self) -> ComposeResult:
        yield Static(Text(self._text, style="dim"))

    def show(self, view: View) -> None:
        """Nothing here depends on the session."""
