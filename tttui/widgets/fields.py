"""The rows of a form: one widget that draws them all, and one text field that moves along.

A form has some fifty fields. As widgets of their own they would take half a second to appear.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from textual import events, on
from textual.app import ComposeResult
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from tttui.draw.cells import fit, padded
from tttui.draw.text import Text
from tttui.model.dataclass import dataclass
from tttui.widgets.textfield import TextField

LABEL, VALUE = 17, 22
"""Columns of a row's label and of what is typed; the rest says what it means."""


@dataclass(frozen=True, slots=True)
class FormRow:
    """A heading (only `label`), or a field: what is typed, what holds where nothing is."""

    label: str
    name: str = ""
    value: str = ""
    default: str = ""
    note: str = ""
    wrong: str = ""

    @property
    def is_field(self) -> bool:
        return bool(self.name)


MOVES = {
    "down": 1,
    "tab": 1,
    "up": -1,
    "shift+tab": -1,
    "pagedown": 10,
    "pageup": -10,
    "ctrl+home": -1000,
    "ctrl+end": 1000,
}
"""Fields that a key moves on."""


class FormField(TextField):
    """Moves on, and chooses, by itself."""

    async def on_key(self, event: events.Key) -> None:
        form = self.parent
        if not isinstance(form, Fields):
            return
        choice = form.next_choice() if event.key == "space" else None
        if choice is not None:
            self.value = choice
        elif event.key in MOVES:
            form.move(MOVES[event.key])
        else:
            return
        event.stop()
        event.prevent_default()


class Fields(Widget):
    """Fields below each other. Up, down, page and tab move, a click chooses a field, and the
    blank one of the few words that `choices` has for it."""

    DEFAULT_CSS = """
    Fields { width: 1fr; text-wrap: nowrap; }
    Fields Input {
        position: absolute; width: 22; height: 1; border: none; padding: 0; background: $panel;
    }
    Fields Input:focus { border: none; }
    """

    class Changed(Message):
        """`value` was typed into the field `name`."""

        def __init__(self, name: str, value: str) -> None:
            super().__init__()
            self.name, self.value = name, value

    class Moved(Message):
        """Another field is the one that is typed into."""

    class Submitted(Message):
        """The form is to be started; all that was typed before has been told."""

    def __init__(self, rows: Sequence[FormRow], choices: Callable[[str], Sequence[str]]) -> None:
        super().__init__()
        self._choices = choices
        self.rows = tuple(rows)
        self.at = next(i for i, row in enumerate(rows) if row.is_field)
        """The row of the text field."""
        self._top = 0

    def compose(self) -> ComposeResult:
        yield FormField(self.rows[self.at].value, select_on_focus=False)

    def on_mount(self) -> None:
        self._place()
        self.field.focus()

    @property
    def field(self) -> Input:
        """The text field; it belongs to the row `at`."""
        return self.query_one(Input)

    @property
    def name_now(self) -> str:
        """The name of the field that is typed into."""
        return self.rows[self.at].name

    def show(self, rows: Sequence[FormRow]) -> None:
        """Show other texts, or other rows, of which one is of the field that is typed into."""
        if tuple(rows) != self.rows:
            name, self.rows = self.name_now, tuple(rows)
            at = next(i for i, row in enumerate(self.rows) if row.name == name)
            if at != self.at:
                self.at = at
                self._place()
            self.field.placeholder = self.rows[self.at].default
            self.refresh()

    def go_to(self, name: str) -> None:
        """Move the text field to a field by its name."""
        self._choose(next(i for i, row in enumerate(self.rows) if row.name == name))

    def next_choice(self) -> str | None:
        """The word after the present one; None where anything can be typed."""
        choices, shown = self._choices(self.name_now), self.field.value or self.field.placeholder
        if not choices:
            return None
        return (
            choices[(choices.index(shown) + 1) % len(choices)] if shown in choices else choices[0]
        )

    def move(self, by: int) -> None:
        """Move the text field by so many fields; single steps go round."""
        fields = [i for i, row in enumerate(self.rows) if row.is_field]
        at = fields.index(self.at) + by
        if abs(by) == 1:
            at %= len(fields)
        self._choose(fields[min(max(at, 0), len(fields) - 1)])

    def on_resize(self) -> None:
        self._place()

    def on_click(self, event: events.Click) -> None:
        at = self._top + event.y
        if event.widget is self and at < len(self.rows) and self.rows[at].is_field:
            self._choose(at)

    def on_mouse_scroll_down(self) -> None:
        self.move(3)

    def on_mouse_scroll_up(self) -> None:
        self.move(-3)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._take()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._take()
        self.post_message(self.Submitted())  # behind the changes, which go the same way

    def _take(self) -> None:
        """Tell what is in the text field, if that is new."""
        row, value = self.rows[self.at], self.field.value
        if value != row.value:
            changed = replace(row, value=value)
            self.rows = (*self.rows[: self.at], changed, *self.rows[self.at + 1 :])
            self.post_message(self.Changed(row.name, value))

    def _choose(self, at: int) -> None:
        self._take()  # the message of the last key may still be on its way
        self.at = at
        row, field = self.rows[at], self.field
        with field.prevent(Input.Changed):
            field.value = row.value
        field.placeholder = row.default
        field.cursor_position = len(row.value)
        self._place()
        field.focus()
        self.post_message(self.Moved())

    def _place(self) -> None:
        """Scroll so that the row is seen, with its heading, and put the text field there."""
        height = max(1, self.size.height)
        first = self.at - (self.at > 0 and not self.rows[self.at - 1].is_field)
        if first < self._top:
            self._top = first
        elif self.at >= self._top + height:
            self._top = self.at - height + 1
        self._top = min(self._top, max(0, len(self.rows) - height))
        self.field.styles.offset = (LABEL, self.at - self._top)
        self.refresh()

    def render(self) -> Text:
        width, height = self.size
        text = Text(no_wrap=True, overflow="ellipsis")
        for i, row in enumerate(self.rows[self._top : self._top + height], self._top):
            if i > self._top:
                text.append("\n")
            if not row.is_field:
                text.append(row.label, "bold dim")
                continue
            text.append(f"{row.label:<{LABEL}}", "bold" if i == self.at else "")
            shown = padded(fit(row.value or row.default, VALUE, ".."), VALUE)
            text.append(f"{shown} ", "bold" if row.value else "dim")
            line = f"! {row.wrong}" if row.wrong else row.note
            room = max(0, width - LABEL - VALUE - 1)
            text.append(fit(line, room, ".."), "bold" if row.wrong else "dim")
        return text
