"""Commands of the lab that work in all of its views; those of one view stand beside it."""

from collections.abc import Sequence

from tttui.keys.command import Command

SHARED = ("back", "copy", "export", "copy_link", "redraw", "help", "quit")
"""Commands of the tabs that do the same in the lab, with the keys that the person gave them."""


def lab_commands(commands: Sequence[Command], views: Sequence[str]) -> tuple[Command, ...]:
    """The commands of the lab, from those of the tabs and the names of its views."""
    numbers = "1234567890"
    by_action = {command.action: command for command in commands}
    close = by_action["lab"].keys
    return (
        Command("leave", close, "tabs", "Back to the tabs", "Lab", footer=True),
        Command("start", "n", "start", "Start any command, by a form", "Lab", footer=True),
        Command("next_view(1)", "tab,right", "next view", "Next view", "Lab"),
        Command("next_view(-1)", "shift+tab,left", "previous view", "Previous view", "Lab"),
        *(
            Command(f"show_view('{name}')", key, name, f"Show {name.capitalize()}", "Lab")
            for key, name in zip(numbers, views, strict=False)
        ),
        *(by_action[action] for action in SHARED),
    )


def paging(first: str = "first", last: str = "last") -> tuple[Command, ...]:
    """The keys that go far in a table, whose ends are called so."""
    return (
        Command("pane('page_up')", "pageup", "page up", "One page up", "Lists"),
        Command("pane('page_down')", "pagedown", "page down", "One page down", "Lists"),
        Command("pane('top')", "home", first, f"The {first} row", "Lists"),
        Command("pane('bottom')", "end", last, f"The {last} row", "Lists"),
    )


def job_keys(group: str) -> tuple[Command, ...]:
    """The keys that end a job and let one go on."""
    return (
        Command(
            "pane('cancel')",
            "c",
            "cancel",
            "End the job at its next safe point; asks first",
            group,
            footer=True,
        ),
        Command(
            "pane('resume')",
            "R",
            "resume",
            "Let it go on, from its last checkpoint or one that you choose",
            group,
            footer=True,
        ),
    )
