"""`tttui watch RUN`: follow a run without the app."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tttui.cli.options import json_option, root_option

if TYPE_CHECKING:
    from tttui.model.session import SessionData
    from tttui.model.transactions import Transaction

LOOK_S = 1.0
"""Longest time between two looks, for a run that dies without a word."""


@click.command("watch")
@click.argument("run")
@root_option
@click.option("--poll", is_flag=True, help="poll files instead of watching (network filesystems)")
@json_option
def command(run: str, root: Path, poll: bool, as_json: bool) -> int:
    """Print the transactions of RUN, those there are and then each as it happens.

    Ends when the run ends: with 0 where it completed or was stopped, with 1 where it failed.
    """
    from tttui.artifacts.reader import SessionReader
    from tttui.artifacts.watch import Watcher
    from tttui.cli.output import json_document, result, say
    from tttui.cli.places import find_run
    from tttui.model.verdict import verdict

    place = find_run(root, run)
    reader = SessionReader(place)
    changed = threading.Event()
    watcher = Watcher([place.path], changed.set, poll=0.5 if poll else None)
    watcher.start()
    printed = 0
    try:
        while True:
            changed.clear()
            data = reader.refresh()
            events = data.transactions
            printed = min(printed, len(events))  # a resume starts from the last checkpoint
            for i in range(printed, len(events)):
                if as_json:
                    json_document(events.records[i], indent=None)
                else:
                    result(_line(events[i], data))
            printed = len(events)
            if data.status is None or not data.status.live:
                break
            changed.wait(LOOK_S)
    finally:
        watcher.stop()
    status = data.status
    state = "not a native run, so it is not followed" if status is None else status.state
    say(f"{place.path}: {status.detail if status and status.detail else state}")
    say(verdict(data).sentence)
    return 1 if status is not None and status.state in ("failed", "crashed", "stalled") else 0


def _line(event: "Transaction", data: "SessionData") -> str:
    from tttui.model.explain import explain

    return f"t {event.t:>6}  {explain(event, data.plasticity_at(event.t))}"
