"""The question about started runs when the person leaves the app."""

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tttui.draw.text import Text

CHOICES = {
    "keep": ("k", "keep running; tttui shows it again"),
    "stop": ("s", "save and stop; it can be resumed"),
    "cancel": ("c", "stay here"),
}


class LeavingDialog(ModalScreen[str]):
    """Returns one of CHOICES."""

    BINDINGS = [
        ("escape", "dismiss('cancel')", "stay"),
        ("q", "dismiss('keep')", "keep it running"),
        ("down,j", "move(1)", "down"),
        ("up", "move(-1)", "up"),
        *((key, f"dismiss('{name}')", name) for name, (key, _) in CHOICES.items()),
    ]
    DEFAULT_CSS = """
    LeavingDialog { align: center middle; }
    LeavingDialog Vertical {
        width: 90%; max-width: 64; height: auto; max-height: 100%;
        background: $surface; border: round $primary; padding: 0 1;
    }
    LeavingDialog Static { height: auto; }
    LeavingDialog OptionList { height: auto; border: none; background: $surface; }
    LeavingDialog OptionList:focus { border: none; }
    """

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self._names = names

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Leave"
            box.border_subtitle = "a key or enter chooses"
            many = len(self._names) > 1
            were, run = ("were", "still run.") if many else ("was", "still runs.")
            sentence = f"{', '.join(self._names)}, which {were} started here, {run}"
            yield Static(Text(sentence, "dim"))
            yield OptionList(
                *(Option(Text().append(f"{k}  ", "bold").append(w)) for k, w in CHOICES.values())
            )

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.highlighted = 0
        options.focus()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(tuple(CHOICES)[event.option_index])

    def action_move(self, by: int) -> None:
        options = self.query_one(OptionList)
        options.highlighted = ((options.highlighted or 0) + by) % len(CHOICES)
