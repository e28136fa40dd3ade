"""The command of each key in the shown view of the lab, and whether it can act yet."""

from collections.abc import Callable, Mapping, Sequence

from tttui.keys.command import Command
from tttui.keys.lab import lab_commands
from tttui.panes.lab.base import VIEWS, LabView

REGION = "pane('region')"


class LabKeys:
    """The commands of every view: its own come before the lab's.

    `made` gives the view that is shown, which may be in the making; `typing` says that a text field
    has the focus, to which all keys belong then.
    """

    def __init__(
        self,
        commands: Sequence[Command],
        made: Callable[[], LabView | None],
        typing: Callable[[], bool],
    ) -> None:
        self._app = {command.action: command for command in commands}
        self._lab = lab_commands(commands, [view.name for view in VIEWS])
        self._made, self._typing = made, typing
        self._of: dict[type[LabView] | None, Mapping[str, Command]] = {}

    def command(self, key: str) -> Command | None:
        """The command of a key."""
        return self._by_key(self._made()).get(key)

    def here(self) -> list[Command]:
        """All commands that work, those of the view first."""
        return list(
            {id(command): command for command in self._by_key(self._made()).values()}.values()
        )

    def bound(self, view: LabView) -> Sequence[str]:
        """All keys that do something in a view."""
        return list(self._by_key(view))

    def footer(self) -> list[tuple[Command, str]]:
        """The commands of the footer with their labels."""
        view = self._made()
        shown = [command for command in self.here() if command.footer]
        if view is None:
            return [(command, command.label) for command in shown]
        labelled = [(c, view.label(c)) for c in shown if not view.idle(c)]
        if view.takes_turns:  # what is off the screen is named early
            region = [(c, view.hidden_next or label) for c, label in labelled if c.action == REGION]
            others = [(c, label) for c, label in labelled if c.action != REGION]
            labelled = [*others[:1], *region, *others[1:]]
        return [(command, label) for command, label in labelled if label]

    def takes(self, key: str) -> bool:
        """Whether the target of this key is loaded."""
        view = self._made()
        return view is not None and view.is_mounted and bool(view.size.area)

    def measures(self, key: str) -> bool:
        """How far this key goes depends on how much fits on the screen."""
        command = None if self._typing() else self.command(key)
        return command is not None and command.group == "Lists"

    def acts_at_once(self, key: str) -> bool:
        """This key has had all of its effect when its command returns."""
        return False

    def _by_key(self, view: LabView | None) -> Mapping[str, Command]:
        kind = None if view is None else type(view)
        known = self._of.get(kind)
        if known is None:
            own = () if kind is None else (*kind.keys, *(self._app[name] for name in kind.shares))
            made: dict[str, Command] = {}
            for command in (*own, *self._lab):
                for key in command.keys.split(","):
                    made.setdefault(key, command)
            known = self._of[kind] = made
        return known
