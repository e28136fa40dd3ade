"""The footer: the keys that work now, each with what it would do."""

from collections.abc import Sequence

from tttui.keys.command import Command
from tttui.panes.view import Pane
from tttui.screens.run_control import RunControl
from tttui.screens.state import ScreenState

KNOBS_FIRST = {"What if": 0, "App": 2}
"""The order of groups while knobs are turned; all others stand between."""


def in_order(commands: Sequence[Command]) -> list[Command]:
    """The commands with those first that a narrow terminal still shows: the tab's own keys, then
    those of few tabs."""
    return sorted(commands, key=lambda command: (not command.own, command.spread > 2))


def shown_keys(
    commands: Sequence[Command],
    silent: frozenset[str],
    state: ScreenState,
    run: RunControl,
    pane: Pane | None,
) -> list[tuple[Command, str]]:
    """The available commands of the footer, in the order of `in_order`, with their labels.

    `pane` is that of the shown tab, once it shows the open session; `silent` are actions that no
    key stands for now.
    """
    here, nothing = state.pane, state.data is None
    shown = [
        (command, _label(command, state, run, pane))
        for command in commands
        if (command.footer or (nothing and command.action == "new"))
        and here in command.tabs
        and command.action not in silent
        and _works(command, state, run)
    ]
    if state.turning:
        shown.sort(key=lambda pair: KNOBS_FIRST.get(pair[0].group, 1))
    return shown


def _works(command: Command, state: ScreenState, run: RunControl) -> bool:
    if state.data is None:
        return command.action == "new" or command.group == "App"
    if command.group == "Run":
        if run.status is not None and run.status.state == "pretraining":
            return command.action in ("pause_run", "drive")
        return run.steerable or (command.action == "drive" and run.resumable)
    if command.action == "yardsticks" and state.own_task:
        return bool(state.snapshot.series)
    if command.action == "inspect":
        return state.timeline.selected is not None or len(state.data.transactions) > 0
    return True


def _label(command: Command, state: ScreenState, run: RunControl, pane: Pane | None) -> str:
    timeline = state.timeline
    match command.action:
        case "pause_run" if run.status is not None and run.status.state == "paused":
            return "continue run"
        case "drive" if run.resumable:
            return "resume"
        case "play" if timeline.playing:
            return f"pause x{timeline.speed:g}"
        case "follow" if timeline.follow:
            return "unfollow"
        case "log" if timeline.log:
            return "linear"
        case "yardsticks" if state.own_task:
            return "series"
        case "smooth" if timeline.smooth:
            return "raw"
        case "inspect" if state.pane == "modules":
            return "fold"
        case "inspect" if state.choices.inspecting:
            return "close"
        case "pane('region')" if pane is not None:
            return pane.hidden_next or command.label
        case _:
            return command.label
