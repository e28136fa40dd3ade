"""Every command of the app with its keys, its help and where it works.

The bindings, the footer, the help screen and the command palette are all made from this list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tttui.keys.command import PANES, Command, key_name, key_text
from tttui.keys.looking import LOOKING
from tttui.keys.session import SESSION
from tttui.model.errors import RefusedInput

COMMANDS: tuple[Command, ...] = (*SESSION, *LOOKING)

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
