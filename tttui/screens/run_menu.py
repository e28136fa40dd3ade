"""The menu of all requests to the open run."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tttui.draw.text import Text, lines
from tttui.model.adaptation import LIVE, Adaptation
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput
from tttui.model.pointmass.settings import FAULTS, LIVE_SETTINGS, Plasticity, World
from tttui.model.setting import Setting, number, options
from tttui.model.status import Status
from tttui.runs.control import checked
from tttui.widgets.textfield import TextField

RESUME = "resume"

AROUND = 7
"""Rows of the dialog that are not its list, at most."""

OF_POINT_MASS: Mapping[str, Setting] = {
    one.name: one
    for group in (Plasticity, World)
    for one in options(group)
    if one.name in LIVE_SETTINGS
}
OF_OTHERS: Mapping[str, Setting] = {
    one.name: one for one in options(Adaptation) if one.name in LIVE
}
"""Options that can change while a session runs, of the point mass and of the other tasks."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One line of the dialog; with a `hint` it asks for a value."""

    verb: str
    key: str
    label: str
    hint: str = ""


def asks(
    status: Status | None, cursor: int | None, *, resumable: bool, point_mass: bool
) -> tuple[Ask, ...]:
    """The requests that a run of the point mass or of another task accepts in this state."""
    if resumable:
        return (Ask(RESUME, "r", "resume: go on in the background, exactly where it stopped"),)
    paused = status is not None and status.state == "paused"
    pause = Ask("continue", "p", "continue") if paused else Ask("pause", "p", "pause")
    if status is not None and status.pretraining is not None:
        return (pause, Ask("stop", "x", "stop: save and end; it can be resumed"))
    example = "lr 0.01, rollback_tol 0.1, grad_norm_max 50 ..."
    of_point_mass = (
        Ask("mu", "m", "another hidden friction", "mu between 0 and 1, such as 0.3"),
        Ask("set", "s", "other options", example),
        Ask("fault", "f", "inject a fault", ", ".join(FAULTS)),
        Ask("update", "u", "try an update now"),
    )
    back = Ask("rollback", "b", f"roll back to the weights in force at step {cursor} (the cursor)")
    return (
        pause,
        Ask("step", "a", "steps, then pause", "number of steps, such as 1"),
        Ask("chunk", "c", "to the end of the chunk, then pause"),
        Ask("transaction", "t", "to the next transaction, then pause"),
        Ask("speed", "v", "speed limit", "steps a second; empty is as fast as it goes"),
        *(of_point_mass if point_mass else (Ask("set", "s", "other options", example),)),
        *(() if cursor is None else (back,)),
        Ask("stop", "x", "stop: save and end; it can be resumed"),
    )


def value_of(verb: str, text: str, changeable: Mapping[str, Setting] = OF_POINT_MASS) -> Any:
    """Parse a typed value; `changeable` are the options that may be set, by name.

    Raises RefusedInput that names its defect.
    """
    text = text.strip()
    value: Any = text
    if verb == "speed" and not text:
        return None
    if verb in ("step", "speed", "mu"):
        value = number(text)
    elif verb == "set":
        value = typed_options(text, changeable)
    checked(verb, value)
    return value


def typed_options(text: str, changeable: Mapping[str, Setting]) -> dict[str, Any]:
    """`lr 0.01, whiten off` as options by name. Raises RefusedInput, SettingError."""
    options: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, typed = part.replace("=", " ").partition(" ")
        if name not in changeable:
            close = get_close_matches(name.lower(), changeable, 2)
            hint = f"; did you mean {' or '.join(close)}?" if close else ""
            raise RefusedInput(f"{name!r} is no option that can change while a session runs{hint}")
        options[name] = changeable[name].parsed(typed)
    if not options:
        raise RefusedInput("type an option and its value, such as lr 0.01")
    return options


class DriveDialog(ModalScreen[tuple[str, Any] | None]):
    """Returns the request (a verb and its value), or None."""

    BINDINGS = [
        ("escape", "leave", "close"),
        ("down", "move(1)", "down"),
        ("up", "move(-1)", "up"),
    ]
    DEFAULT_CSS = """
    DriveDialog { align: center middle; }
    DriveDialog Vertical {
        width: 90%; max-width: 76; height: auto; max-height: 100%;
        background: $surface; border: round $primary; padding: 0 1;
    }
    DriveDialog Static { height: auto; }
    DriveDialog OptionList { height: auto; border: none; background: $surface; }
    DriveDialog OptionList:focus { border: none; }
    DriveDialog Input { border: none; height: 1; padding: 0; display: none; }
    DriveDialog Input:focus { border: none; }
    """

    def __init__(
        self,
        name: str,
        status: Status | None,
        cursor: int | None,
        in_force: Mapping[str, Any],
        *,
        resumable: bool,
        point_mass: bool,
    ) -> None:
        """`cursor` is the step to roll back to, None where none is shown; `in_force` are the
        friction and the options as they are now, by name; runs of other tasks than the
        `point_mass` have neither friction nor faults.
        """
        super().__init__()
        self._in_force = in_force
        self._run, self._status, self._cursor = name, status, cursor
        self._asks = asks(status, cursor, resumable=resumable, point_mass=point_mass)
        self._changeable = OF_POINT_MASS if point_mass else OF_OTHERS
        self._typing: Ask | None = None

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Text(f"Drive {self._run}")
            box.border_subtitle = "a key or enter chooses, esc closes"
            yield Static(lines(status_lines(self._status), style="dim"), id="state")
            yield OptionList(*(Option(self._row(one)) for one in self._asks))
            yield TextField(select_on_focus=False)
            yield Static(id="wrong")

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.highlighted = 0
        options.focus()

    @staticmethod
    def _row(one: Ask) -> Text:
        return Text().append(f"{one.key}  ", "bold").append(one.label + "..." * bool(one.hint))

    def on_key(self, event: Any) -> None:
        if self._typing is not None:
            if event.is_printable:  # typed ahead, before the field had the focus
                event.stop()
                self.query_one(Input).insert_text_at_cursor(event.character)
            return
        for one in self._asks:
            if event.key == one.key:
                event.stop()
                self._choose(one)

    def action_move(self, by: int) -> None:
        options = self.query_one(OptionList)
        options.highlighted = ((options.highlighted or 0) + by) % len(self._asks)

    def action_leave(self) -> None:
        """Back from the value to the list, from the list to the run."""
        if self._typing is None:
            self.dismiss(None)
            return
        self._typing = None
        self.query_one(Input).display = False
        self.query_one("#wrong", Static).update("")
        self.query_one(OptionList).focus()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self._choose(self._asks[event.option_index])

    def _choose(self, one: Ask) -> None:
        if not one.hint:
            self.dismiss((one.verb, self._cursor if one.verb == "rollback" else None))
            return
        self._typing = one
        field = self.query_one(Input)
        field.value, field.placeholder, field.display = "", one.hint, True
        self.query_one(OptionList).highlighted = self._asks.index(one)
        self.set_focus(field)  # now: the next keys are its
        self._say("")

    def on_resize(self) -> None:
        self.query_one(OptionList).styles.max_height = max(3, self.size.height - AROUND)

    @on(Input.Changed)
    def _check(self, event: Input.Changed) -> None:
        self._say(event.value)

    def _say(self, typed: str) -> None:
        """Show the defect of the typed value, else the current value."""
        if self._typing is not None:
            wrong = self._wrong(typed)
            text = Text(wrong, "bold") if wrong else Text(self._now(typed), "dim")
            self.query_one("#wrong", Static).update(text)

    def _now(self, typed: str) -> str:
        """The value in force of what is asked for; of options, of the one that is typed."""
        verb = self._typing.verb if self._typing is not None else ""
        if verb == "mu":
            return f"now {_value_text('mu', self._in_force.get('mu'))}"
        if verb == "speed" and self._status is not None:
            limit = self._status.speed_limit
            return "now without a limit" if limit is None else f"now {limit:g} steps/s"
        if verb != "set":
            return ""
        last = typed.rpartition(",")[2].replace("=", " ").split()
        if last and last[0] in self._changeable:
            help = self._changeable[last[0]].help
            return f"now {_value_text(last[0], self._in_force.get(last[0]))}: {help}"
        names = [name for name in self._changeable if name.startswith("".join(last[:1]))]
        return "now " + ", ".join(_value_text(name, self._in_force.get(name)) for name in names)

    def _wrong(self, text: str) -> str:
        assert self._typing is not None
        words = text.rpartition(",")[2].replace("=", " ").split()
        unfinished = len(words) < 2 and any(n.startswith("".join(words)) for n in self._changeable)
        if not text or (self._typing.verb == "set" and unfinished):
            return ""
        try:
            value_of(self._typing.verb, text, self._changeable)
        except RefusedInput as error:
            return f"! {error}"
        return ""

    @on(Input.Submitted)
    def _send(self, event: Input.Submitted) -> None:
        if self._typing is None:
            return
        try:
            value = value_of(self._typing.verb, event.value, self._changeable)
            self.dismiss((self._typing.verb, value))
        except RefusedInput as error:
            self.query_one("#wrong", Static).update(Text(f"! {error}", "bold"))


def status_lines(status: Status | None) -> list[str]:
    """The state of a run and its last request, line by line."""
    if status is None:
        return []
    parts = [status.detail or status.state]
    if status.pretraining is None and None not in (status.t, status.steps_total):
        parts.append(f"step {status.t} of {status.steps_total}")
    if status.live and status.speed_limit:
        parts.append(f"at most {status.speed_limit:g} steps/s")
    if status.last_error:
        parts.append(f"refused: {status.last_error}")
    elif status.last_command:
        parts.append(f"last: {status.last_command}")
    return [", ".join(parts[:3]), *parts[3:]]


def _value_text(name: str, value: Any) -> str:
    """`lr 0.02`, `whiten on`."""
    if isinstance(value, bool):
        return f"{name} {'on' if value else 'off'}"
    return f"{name} {value:.6g}" if isinstance(value, (int, float)) else f"{name} {value or '?'}"
