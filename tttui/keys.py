"""Every command of the app with its keys, its help and where it works.

The bindings, the footer, the help screen and the command palette are all made from this list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tttui.model.errors import RefusedInput

TABS = ("overview", "weights", "transactions", "physics", "architecture", "sessions")

OTHER_PANES = {
    "parameters": "weights",
    "series": "physics",
    "text": "physics",
    "modules": "architecture",
}
"""What sessions of other tasks than the point mass show, and in which tab."""


def tab_of(pane: str) -> str:
    """The tab that shows this."""
    return OTHER_PANES.get(pane, pane)


PANES = (*TABS, *OTHER_PANES)
"""Everything that a tab shows; keys differ by it."""


@dataclass(frozen=True, slots=True)
class Command:
    """Something a person can do. `action` is a method `action_<action>` of the main screen."""

    action: str
    keys: str
    """Textual key names, comma-separated; the first is shown."""
    label: str
    """One or two words for the footer."""
    help: str
    group: str
    tabs: tuple[str, ...] = PANES
    """What is shown where it works, of PANES."""
    footer: bool = False

    @property
    def name(self) -> str:
        """What the command is called in the configuration: `step-forward`, `zoom-whole`, `view`."""
        action, _, argument = self.action.partition("(")
        argument = argument.rstrip(")").strip("'")
        if action == "pane":
            return argument.replace("_", "-")
        word = {"": "", "1": "-forward", "-1": "-back", "0": "-whole"}.get(argument)
        return (action + (f"-{argument}" if word is None else word)).replace("_", "-")

    @property
    def own(self) -> bool:
        """It is a key of the shown tab: the footer and the help have it before the others."""
        return self.action.startswith("pane(") or self.spread == 1

    @property
    def spread(self) -> int:
        """In how many tabs it works, as the point mass has them."""
        return max(1, sum(pane in TABS for pane in self.tabs))

    def purpose(self, tab: str) -> str:
        """What the command is for, where a tab has headings for that."""
        return tab.capitalize() if self.own else self.group

    @property
    def needs_session(self) -> bool:
        """It acts on the open session; the others work while none is there."""
        return self.group != "App" and self.action != "new"

    @property
    def shown_key(self) -> str:
        return key_text(self.keys.split(",")[0])

    @property
    def shown_keys(self) -> str:
        return " ".join(key_text(key) for key in self.keys.split(","))


_NAMES = {
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "comma": ",",
    "full_stop": ".",
    "question_mark": "?",
    "slash": "/",
    "escape": "esc",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "underscore": "_",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "less_than_sign": "<",
    "greater_than_sign": ">",
}


def key_text(key: str) -> str:
    """How a Textual key name is written for people: `shift+left` -> `shift+←`, `comma` -> `,`."""
    *modifiers, name = key.split("+") if key != "+" else ["+"]
    return "+".join([*modifiers, _NAMES.get(name, name)])


COMMANDS: tuple[Command, ...] = (
    Command("pause_run", "p", "pause run", "Pause the run, or let it go on", "Run", footer=True),
    Command(
        "run_step", "a", "one step", "Let the run take one step, then pause it", "Run", footer=True
    ),
    Command("run_chunk", "A", "one chunk", "Let it run to the end of its chunk", "Run"),
    Command(
        "run_transaction",
        "T",
        "to update",
        "Let it run to its next transaction, then pause it",
        "Run",
    ),
    Command(
        "drive",
        "d",
        "drive",
        "Steer the run: speed, friction, options, faults, rollback, stop, resume",
        "Run",
        footer=True,
    ),
    Command(
        "new",
        "n",
        "new",
        "Start a new session; a form with every setting",
        "Sessions",
        tabs=tuple(pane for pane in PANES if pane != "text"),
    ),
    Command("fork", "F", "fork", "Fork the session at the cursor", "Sessions"),
    Command("resume", "R", "resume", "Resume the session, for more steps if wanted", "Sessions"),
    Command("step(-1)", "left", "step", "One step back", "Time"),
    Command("step(1)", "right", "step", "One step forward", "Time", footer=True),
    Command("chunk(-1)", "shift+left", "chunk", "One chunk back", "Time"),
    Command("chunk(1)", "shift+right", "chunk", "One chunk forward", "Time"),
    Command("transaction(-1)", "left_square_bracket", "previous", "Previous transaction", "Time"),
    Command(
        "transaction(1)",
        "right_square_bracket",
        "transaction",
        "Next transaction",
        "Time",
        footer=True,
    ),
    Command("first", "home", "start", "Go to the first step", "Time"),
    Command("last", "end", "end", "Go to the last step", "Time"),
    Command(
        "play",
        "space",
        "play",
        "Play or pause the replay",
        "Time",
        tabs=(*TABS[:-1], *OTHER_PANES),
        footer=True,
    ),
    Command(
        "pane('mark')",
        "space",
        "mark",
        "Mark the session for comparison, or unmark it",
        "Sessions",
        tabs=("sessions",),
        footer=True,
    ),
    Command(
        "pane('enter')",
        "enter,o",
        "open",
        "Open the session under the cursor",
        "Sessions",
        tabs=("sessions",),
        footer=True,
    ),
    Command(
        "pane('transfer')",
        "t",
        "transfer",
        "Test the weights of each marked session in the world of each",
        "Sessions",
        tabs=("sessions",),
        footer=True,
    ),
    Command(
        "pane('delete')",
        "D",
        "delete",
        "Move the session to the trash; asks first",
        "Sessions",
        tabs=("sessions",),
    ),
    Command("speed(-1)", "comma", "slower", "Play slower", "Time"),
    Command("speed(1)", "full_stop", "faster", "Play faster", "Time"),
    Command("follow", "f", "follow", "Follow the live end", "Time", footer=True),
    Command(
        "zoom(1)", "plus,equals_sign", "zoom", "Zoom in around the cursor", "Time", footer=True
    ),
    Command("zoom(-1)", "minus,underscore", "zoom out", "Zoom out", "Time"),
    Command("zoom(0)", "0", "whole", "Show the whole run", "Time"),
    Command(
        "whatif",
        "W",
        "what if",
        "Ask what would have become of the session with other settings; again: turn or look around",
        "What if",
        footer=True,
    ),
    Command("knob(-1)", "up", "knob", "The knob before", "What if"),
    Command("knob(1)", "down", "knob", "The next knob", "What if", footer=True),
    Command("turn(-1)", "left", "less", "Turn the knob down a little", "What if"),
    Command("turn(1)", "right", "turn", "Turn the knob up a little", "What if", footer=True),
    Command("turn_far(-1)", "shift+left", "much less", "Turn the knob down far", "What if"),
    Command("turn_far(1)", "shift+right", "far", "Turn the knob up far", "What if", footer=True),
    Command("knob_value", "enter", "type", "Type a value for the knob", "What if", footer=True),
    Command(
        "knob_reset",
        "backspace",
        "as recorded",
        "The knob as it is recorded; all of them where it is",
        "What if",
        footer=True,
    ),
    Command(
        "whatif_luck",
        "M",
        "luck?",
        "Compare on 32 other seeds (parts of a document), to tell it from luck",
        "What if",
        footer=True,
    ),
    Command(
        "whatif_sensitivity",
        "V",
        "what matters?",
        "Turn every knob a step down and up, and sort them by what that changes",
        "What if",
        footer=True,
    ),
    Command(
        "whatif_keep",
        "K",
        "keep",
        "Keep the what-if: a real session, forked from this one",
        "What if",
        footer=True,
    ),
    Command(
        "whatif_branch",
        "B",
        "branch",
        "Branch from the cursor, or from the start again",
        "What if",
        footer=True,
    ),
    Command(
        "log",
        "l",
        "log",
        "Logarithmic or linear axes",
        "View",
        tabs=("overview", "weights", "parameters", "transactions", "physics", "sessions"),
        footer=True,
    ),
    Command(
        "smooth",
        "s",
        "smooth",
        "Exponential averages over the raw curves, or the curves alone",
        "View",
        tabs=("overview", "physics", "sessions"),
        footer=True,
    ),
    Command(
        "yardsticks",
        "r",
        "yardsticks",
        "Show what exact physics and recursive least squares reach on the same trajectory",
        "View",
        tabs=("overview",),
        footer=True,
    ),
    Command(
        "inspect",
        "enter",
        "inspect",
        "Open the selected transaction",
        "View",
        tabs=(*TABS[:-1], *OTHER_PANES),
        footer=True,
    ),
    Command(
        "filter",
        "x",
        "filter",
        "Show only transactions of one status, then of the next, then all",
        "View",
        tabs=("overview", "transactions"),
        footer=True,
    ),
    Command(
        "pane('view')",
        "v",
        "view",
        "Next way to show the data",
        "View",
        tabs=("weights", "parameters", "physics"),
        footer=True,
    ),
    Command(
        "compare",
        "c",
        "compare",
        "Choose another session to compare the weights with",
        "View",
        tabs=("weights", "parameters"),
        footer=True,
    ),
    Command(
        "pane('cell_left')",
        "H",
        "cell left",
        "One column left in the matrix",
        "Matrix",
        tabs=("weights", "parameters"),
    ),
    Command(
        "pane('cell_right')",
        "L",
        "cell right",
        "One column right in the matrix",
        "Matrix",
        tabs=("weights", "parameters"),
    ),
    Command(
        "pane('enlarge')",
        "z",
        "enlarge",
        "Enlarge the matrix around the marked cell",
        "Matrix",
        tabs=("weights", "parameters"),
    ),
    Command(
        "pane('shrink')",
        "Z",
        "shrink",
        "Show more of the matrix again",
        "Matrix",
        tabs=("weights", "parameters"),
    ),
    Command(
        "pane('unfold')",
        "z",
        "unfold",
        "Show what is in every module",
        "Matrix",
        tabs=("modules",),
        footer=True,
    ),
    Command(
        "pane('fold')",
        "Z",
        "fold",
        "Show the outermost modules alone; enter folds and unfolds one",
        "Matrix",
        tabs=("modules",),
        footer=True,
    ),
    Command(
        "pane('signs')",
        "m",
        "signs",
        "Tell signs by characters as well, or by hue alone",
        "Matrix",
        tabs=("weights", "parameters"),
    ),
    Command(
        "pane('region')",
        "w",
        "region",
        "Next region of this tab",
        "View",
        tabs=(*TABS[1:], "parameters", "modules"),
        footer=True,
    ),
    Command(
        "pane('up')",
        "up,k",
        "up",
        "One row up",
        "Lists",
        tabs=("weights", "transactions", "architecture", "sessions", *OTHER_PANES),
    ),
    Command(
        "pane('down')",
        "down,j",
        "down",
        "One row down",
        "Lists",
        tabs=("weights", "transactions", "architecture", "sessions", *OTHER_PANES),
    ),
    Command(
        "pane('query')",
        "slash",
        "query",
        "Show only rows that pass a query",
        "Lists",
        tabs=("transactions", "sessions"),
        footer=True,
    ),
    Command(
        "pane('search')",
        "slash",
        "search",
        "Find a text in the document; capitals only where you type some",
        "Text",
        tabs=("text",),
        footer=True,
    ),
    Command("pane('match_next')", "n", "next", "Next match", "Text", tabs=("text",), footer=True),
    Command("pane('match_previous')", "N", "previous", "Match before", "Text", tabs=("text",)),
    Command(
        "pane('byte_left')",
        "h",
        "byte back",
        "One byte back",
        "Text",
        tabs=("text",),
        footer=True,
    ),
    Command(
        "pane('byte_right')",
        "l",
        "byte on",
        "One byte on: what both models expect there",
        "Text",
        tabs=("text",),
        footer=True,
    ),
    Command("pane('page_up')", "pageup", "page up", "One page up", "Lists", tabs=("text",)),
    Command("pane('page_down')", "pagedown", "page down", "One page down", "Lists", tabs=("text",)),
    Command(
        "pane('sort_next')",
        "greater_than_sign",
        "sort",
        "Sort by the next column",
        "Lists",
        tabs=("transactions", "sessions", "parameters"),
        footer=True,
    ),
    Command(
        "pane('sort_previous')",
        "less_than_sign",
        "sort",
        "Sort by the column before",
        "Lists",
        tabs=("transactions", "sessions", "parameters"),
    ),
    Command(
        "pane('sort_named')",
        "b",
        "sort by",
        "Sort by a column whose name you type; tab completes it",
        "Lists",
        tabs=("transactions", "sessions"),
    ),
    Command(
        "pane('sort_turn')",
        "S",
        "turn",
        "Turn the order of the rows around",
        "Lists",
        tabs=("transactions", "sessions", "parameters"),
    ),
    Command(
        "pane('ghost_lower')",
        "left_curly_bracket",
        "ghost",
        "The same actions in a world with less friction",
        "View",
        tabs=("physics",),
    ),
    Command(
        "pane('ghost_higher')",
        "right_curly_bracket",
        "ghost",
        "The same actions in a world with more friction",
        "View",
        tabs=("physics",),
        footer=True,
    ),
    Command("back", "escape", "close", "Close the panel, or clear the selection", "View"),
    Command(
        "copy",
        "y",
        "copy",
        "Copy the value, hash, row or command under the cursor; again for the next one",
        "View",
    ),
    Command("export", "e", "export", "Write this figure, table or the screen to a file", "View"),
    Command("copy_link", "Y", "copy link", "Copy the command that opens this very view", "View"),
    Command(
        "pane('identity')",
        "i",
        "identity",
        "Show or hide who this session is: ids, hashes, settings",
        "View",
        tabs=("overview",),
    ),
    Command(
        "open",
        "o",
        "open",
        "Open another session or run",
        "Sessions",
        tabs=(*TABS[:-1], *OTHER_PANES),
        footer=True,
    ),
    Command("log_panel", "g", "run log", "Show or hide the log of the run", "Log"),
    Command("log_search", "slash", "search", "Only lines of the log with these words", "Log"),
    Command("log_level", "G", "level", "All lines of the log, warnings, or errors", "Log"),
    Command("log_scroll(-1)", "pageup", "back", "Earlier lines of the log", "Log"),
    Command("log_scroll(1)", "pagedown", "on", "Later lines of the log", "Log"),
    Command("tab(1)", "tab", "next tab", "Next tab", "App"),
    Command("tab(-1)", "shift+tab", "previous tab", "Previous tab", "App"),
    *(
        Command(f"show_tab('{tab}')", str(i), tab, f"Show {tab.capitalize()}", "App")
        for i, tab in enumerate(TABS, 1)
    ),
    Command("redraw", "ctrl+l", "redraw", "Draw the whole screen again", "App"),
    Command("help", "question_mark", "help", "Keys and meaning of this tab", "App", footer=True),
    Command("quit", "q", "quit", "Leave tttui", "App", footer=True),
)


MODAL = ("Log", "What if")
"""Groups of commands whose keys are theirs only while a panel is open."""


def key_for(commands: Sequence[Command], action: str) -> str:
    """The key of a command as people write it; '' where it has none."""
    return next((command.shown_key for command in commands if command.action == action), "")


def rebound(keys: Mapping[str, str]) -> tuple[Command, ...]:
    """COMMANDS with other keys: command name -> comma-separated keys (`h`, `ctrl+b`, `[`).

    Raises RefusedInput for an unknown command or a key that two commands of a tab would share.
    """
    known = {command.name for command in COMMANDS}
    for name in keys:
        if name not in known:
            raise RefusedInput(
                f"keys.{name}: unknown command; known are {', '.join(sorted(known))}"
            )
    changed = tuple(
        replace(command, keys=",".join(map(key_name, keys[command.name].split(","))))
        if command.name in keys
        else command
        for command in COMMANDS
    )
    for tab in PANES:
        taken: dict[str, str] = {}
        for command in changed:
            for key in command.keys.split(",") if tab in command.tabs else ():
                if command.group in MODAL:
                    continue
                other = taken.setdefault(key, command.name)
                if other != command.name and {other, command.name} & set(keys):
                    raise RefusedInput(
                        f"keys.{command.name}: {key_text(key)!r} is already {other} in {tab}"
                    )
    return changed


def key_name(key: str) -> str:
    """Textual's name of a key as people write it: `[` -> `left_square_bracket`."""
    key = key.strip()
    plain = {text: name for name, text in _NAMES.items()}
    return plain.get(key, key)
