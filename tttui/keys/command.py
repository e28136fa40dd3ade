"""What a command is: its keys, its help and where it works."""

from tttui.model.dataclass import dataclass

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


def key_name(key: str) -> str:
    """Textual's name of a key as people write it: `[` -> `left_square_bracket`."""
    key = key.strip()
    plain = {text: name for name, text in _NAMES.items()}
    return plain.get(key, key)
