"""Everything that changes below a run root, as events for people and programs.

    from tttui.lab.events import subscribe

    for event in subscribe(Path("runs"), pattern="data:training_jobs:*", since=last_seen):
        print(event.seq, event.name, event.fields.get("id"))

Collections: sessions, transactions, test_executions, training_jobs, benchmarks, sweeps, models,
personas, genomes, system.
"""

import time
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tttui.artifacts import eventlog
from tttui.artifacts.eventlog import LAB, Event, EventLog, events_below
from tttui.model.errors import RefusedInput

COLLECTIONS = (
    "sessions",
    "transactions",
    "test_executions",
    "training_jobs",
    "benchmarks",
    "sweeps",
    "models",
    "personas",
    "genomes",
    "system",
)

LOOK_S = 0.1
"""Seconds between two looks whether there is something new."""


def publish(root: Path, collection: str, action: str, **fields: Any) -> int:
    """Add the event `data:<collection>:<action>` of a run root; returns its number.

    Raises RefusedInput for an unknown collection, TttuiError where the disk takes none.
    """
    _check(collection)
    return events_below(root).append(f"data:{collection}:{action}", **fields)


def tell(root: Path, collection: str, action: str, **fields: Any) -> int | None:
    """Publish an event without ever raising: None if it cannot be written."""
    _check(collection)
    return eventlog.tell(root, [(f"data:{collection}:{action}", fields)])


def subscribe(
    root: Path,
    *,
    pattern: str = "*",
    since: int | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """The events of a run root as they come, until `should_stop`; it may have none yet.

    `pattern` is as for files (`data:models:*`, `*:failed`). With `since` all that have a greater
    number come first: who remembers the number of the last event it has dealt with gets each
    exactly once. None begins with the next event.
    """
    check_pattern(pattern)
    log = EventLog(root / LAB)
    begin = log.last() if since is None else since
    for event in log.follow(begin, should_stop, lambda: time.sleep(LOOK_S)):
        if fnmatchcase(event.name, pattern):
            yield event


def read(root: Path, *, pattern: str = "*", since: int = 0) -> Iterator[Event]:
    """The existing events with numbers greater than `since`."""
    check_pattern(pattern)
    for event in EventLog(root / LAB).read(since):
        if fnmatchcase(event.name, pattern):
            yield event


def check_pattern(pattern: str) -> None:
    """Raise RefusedInput if a pattern names an unknown collection."""
    head, colon, rest = pattern.partition(":")
    collection = rest.partition(":")[0]
    if head == "data" and colon and collection and not set("*?[") & set(collection):
        _check(collection)


def _check(collection: str) -> None:
    if collection not in COLLECTIONS:
        raise RefusedInput(
            f"{collection[:40]!r} is no collection of events; known are {', '.join(COLLECTIONS)}"
        )
