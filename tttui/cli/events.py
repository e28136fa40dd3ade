"""`tttui events`: what changed below the root."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tttui.cli.options import json_option, root_option

if TYPE_CHECKING:
    from tttui.artifacts.eventlog import Event


@click.command("events")
@root_option
@click.option("--follow", "-f", is_flag=True, help="print new events until ctrl+c")
@click.option(
    "--filter",
    "pattern",
    default="*",
    help="only events of this pattern, such as 'data:training_jobs:*'",
)
@click.option(
    "--since",
    type=click.IntRange(min=0),
    default=0,
    metavar="SEQ",
    help="only events with a greater number  [default 0: all]",
)
@json_option
def command(root: Path, follow: bool, pattern: str, since: int, as_json: bool) -> None:
    """Print events: what jobs, sessions and models of the root did, numbered without gaps.

    Whoever remembers the number of the last one and passes it to --since gets each exactly once.
    """
    from tttui.cli.output import json_document, result, say
    from tttui.lab.events import read, subscribe

    printed = 0
    events = (subscribe if follow else read)(root, pattern=pattern, since=since)
    for event in events:
        printed += 1
        if as_json:
            head = {"seq": event.seq, "time": event.time, "event": event.name}
            json_document({**event.fields, **head}, indent=None)
        else:
            result(_line(event))
    if not printed and not as_json:
        say(f"no events below {root}" + (" that match" if pattern != "*" or since else ""))


def _line(event: "Event") -> str:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event.time))
    fields = "  ".join(f"{key}={value}" for key, value in event.fields.items())
    return f"{event.seq:>6}  {when}  {event.name}  {fields}".rstrip()
