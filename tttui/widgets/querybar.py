"""The line above a table: a summary of its rows, and the field of the query."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from tttui.draw.colours import style
from tttui.draw.palette import DARK, Palette
from tttui.draw.text import Text
from tttui.model.dataclass import dataclass
from tttui.widgets.textfield import TextField


class QueryField(TextField):
    """Escape leaves the field and clears it, enter leaves it."""

    BINDINGS = [
        ("escape", "give_up", "clear"),
        ("down,up", "submit", "to the rows"),
        ("tab", "complete", "complete"),
    ]

    class Completed(Message):
        """What is being typed should be completed."""

    def action_complete(self) -> None:
        self.post_message(self.Completed())

    def action_give_up(self) -> None:
        self.value = ""
        self.post_message(self.Submitted(self, ""))


class QueryBar(Horizontal):
    """One line: a summary, and while typing the query and what is wrong with it."""

    DEFAULT_CSS = """
    QueryBar { height: 1; }
    QueryBar Static { width: 1fr; height: 1; }
    QueryBar #slash { width: 3; display: none; }
    QueryBar QueryField { border: none; height: 1; padding: 0; width: 34; display: none; }
    QueryBar QueryField:focus { border: none; }
    QueryBar.typing QueryField, QueryBar.typing #slash { display: block; }
    """

    @dataclass
    class Changed(Message):
        """The query is now `text` (posted on every key, and when the field is left)."""

        bar: "QueryBar"
        text: str
        left: bool = False
        """Whether the field was left."""

    def __init__(self, hint: str) -> None:
        super().__init__()
        self._hint = hint
        self._said: tuple[str, bool, Palette] = ("", False, DARK)

    def compose(self) -> ComposeResult:
        yield Static(" / ", id="slash")
        yield QueryField(placeholder=self._hint, select_on_focus=False)
        yield Static(id="said")

    @property
    def text(self) -> str:
        return self.query_one(QueryField).value.strip()

    def say(self, text: str, wrong: bool, palette: Palette) -> None:
        """Beside the field: what the query selects, or what is wrong with it."""
        if (text, wrong, palette) != self._said:
            self._said = (text, wrong, palette)
            ink = palette.bad if wrong else palette.muted
            lead = " ! " if wrong else " "
            line = Text(lead, style(ink, bold=wrong), no_wrap=True, overflow="ellipsis")
            self.query_one("#said", Static).update(
                line.append(text, style(ink, bold=wrong)), layout=False
            )

    @property
    def typing(self) -> bool:
        """Whether a query is being typed."""
        return self.has_class("typing")

    def type(self, more: str = "") -> None:
        """Let the person type a query, which goes on with `more`."""
        self.add_class("typing")
        field = self.query_one(QueryField)
        field.focus()
        if more:
            self.put(f"{field.value.strip()} {more}".strip())

    def put(self, text: str) -> None:
        """Have this query in the field, as if it had been typed."""
        field = self.query_one(QueryField)
        field.value = text
        field.cursor_position = len(text)

    def clear(self) -> None:
        self.query_one(QueryField).value = ""

    @on(Input.Changed)
    def _on_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(self, event.value.strip()))

    @on(Input.Submitted)
    def _on_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.screen.set_focus(None)
        self.remove_class("typing")
        self.post_message(self.Changed(self, event.value.strip(), left=True))
