"""Events: everything that changed below the run root, by its number."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tttui.artifacts.eventlog import Event
from tttui.draw.colours import Colour
from tttui.draw.look import Look
from tttui.draw.palette import Palette
from tttui.draw.prose import Prose
from tttui.lab.events import COLLECTIONS
from tttui.lab.jobs import UUID
from tttui.model.query import Vocabulary
from tttui.model.shell import command_line
from tttui.panes.lab.base import Desk, LabState
from tttui.panes.lab.streams.tail import EntryKind, TailView, keys
from tttui.store.lab.tails import ALL_EVENTS
from tttui.widgets.table_columns import NUMBERS, TEXTS, TIMES, Cell, TableColumn

ROOM = 12
"""Columns of the names of fields."""

BAD = ("failed", "crashed", "rolled_back", "deleted")

OF_SESSIONS = ("sessions", "transactions")

VIEWS = {"models": "models", "personas": "models", "genomes": "genome", "benchmarks": "benchmarks"}
"""The view of what the events of a collection are about."""

NAMES = ("id", "name", "version", "persona", "skill")
"""Fields that say what an event is about, the first that it has."""


class EventKind(EntryKind[Event]):
    """What is shown of an event."""

    columns = (
        TableColumn("seq", "seq", 6, orders=NUMBERS, drop=1),
        TableColumn("at", "time", 8, left=True, orders=TIMES),
        TableColumn("collection", "collection", 15, left=True, orders=TEXTS),
        TableColumn("action", "action", 13, left=True, orders=TEXTS),
        TableColumn("of", "of", 10, left=True, orders=TEXTS, most=14),
        TableColumn("fields", "more", 12, left=True, grows=True, orders=TEXTS),
    )
    recorded = ("seq", "time", "event", "fields")

    def text(self, entry: Event, name: str) -> str:
        collection, action = _parts(entry)
        if name == "text":
            return f"{entry.name} {json.dumps(dict(entry.fields), default=str)}"
        return {"collection": collection, "action": action, "of": _about(entry)}[name]

    def number(self, entry: Event, name: str) -> float:
        return float(entry.seq)

    def order(self, entry: Event, key: str) -> Any:
        if key in ("seq", "at"):
            return float(entry.seq) if key == "seq" else entry.time
        return _other_fields(entry) if key == "fields" else self.text(entry, key)

    def cell(self, entry: Event, key: str, look: Look) -> Cell:
        palette, (collection, action) = look.palette, _parts(entry)
        match key:
            case "seq":
                return str(entry.seq), palette.muted, False
            case "at":
                return time.strftime("%H:%M:%S", time.localtime(entry.time)), palette.muted, False
            case "collection":
                return collection, palette.muted, False
            case "action":
                return action, _ink(action, palette), action in BAD
            case "of":
                about = _about(entry)
                return about[:8] if UUID.fullmatch(about) else about, palette.text, False
            case "fields":
                return _other_fields(entry), palette.muted, False
        raise KeyError(key)

    def write(self, entry: Event, prose: Prose) -> None:
        palette, (_, action) = prose.palette, _parts(entry)
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry.time))
        prose.line(
            (f"{entry.seq}  {when}  ", palette.muted),
            (entry.name, _ink(action, palette), True),
        )
        for name, value in entry.fields.items():
            text = value if isinstance(value, str) else json.dumps(value, default=str)
            prose.field(name, text, ROOM)

    def record(self, entry: Event) -> Sequence[object]:
        return entry.seq, entry.time, entry.name, json.dumps(dict(entry.fields), default=str)

    def open(self, entry: Event, desk: Desk, state: LabState) -> str | None:
        (collection, _), about = _parts(entry), _about(entry)
        if UUID.fullmatch(about):
            desk.go_to("jobs", about)
        elif collection in OF_SESSIONS and about:
            path = state.root / Path(about).name
            if not path.is_dir():
                return f"The session {about} is not there any more."
            desk.open_session(path)
        elif collection in VIEWS:
            desk.go_to(VIEWS[collection], about)
        else:
            return "There is nothing to go to from here."
        return None

    def copies(self, entry: Event, state: LabState) -> Sequence[tuple[str, str]]:
        root = ("--root", state.root)
        since = command_line("tttui", "events", "--since", str(entry.seq - 1), "--follow", *root)
        line = json.dumps({"seq": entry.seq, "event": entry.name, **entry.fields}, default=str)
        return ("Event", line), ("Command from here on", since)

    def filters(self, entries: Sequence[Event]) -> Sequence[str]:
        there = {_parts(event)[0] for event in entries}
        return ["", *(f"collection:{name}" for name in COLLECTIONS if name in there)]


class EventsView(TailView[Event]):
    """A row is an event; enter goes to the job, session or model that it is about."""

    part = ALL_EVENTS
    needs = frozenset({ALL_EVENTS.name})
    kind = EventKind()
    thing, things = "event", "events"
    hint = "text  collection:sessions  action:failed  seq>100"
    empty_text = (
        "No events yet. Jobs, sessions, models and personas of this root tell here what changes."
    )
    words = Vocabulary(
        numbers={"seq": "seq"},
        texts={"collection": "collection", "action": "action", "of": "of", "text": "text"},
        bare="text",
    )
    sorts = ("time", "seq", "at", "collection", "action", "of", "fields")
    keys = keys("event", "Events")
    meaning = (
        "Everything that changed below this run root: sessions, transactions, tests, trainings, "
        "benchmarks, sweeps, models, personas, genomes, the machine. Events are numbered without "
        "gaps; a reader that remembers its number gets each once (`tttui events --since SEQ`). "
        "The newest is at the end, where the cursor stays while it follows (f). A query narrows "
        "the table: collection:models, action:failed, seq>100, any text; x goes through the "
        "collections. Below are all fields of the event under the cursor; enter goes to what it "
        "is about."
    )


def _parts(entry: Event) -> tuple[str, str]:
    """Collection and action."""
    collection, _, action = entry.name.removeprefix("data:").partition(":")
    return collection, action


def _about(entry: Event) -> str:
    subject = next((entry.fields[name] for name in NAMES if entry.fields.get(name)), "")
    return subject if isinstance(subject, str) else str(subject)


def _other_fields(entry: Event) -> str:
    """The other fields."""
    about = next((name for name in NAMES if entry.fields.get(name)), "")
    return "  ".join(f"{k}={v}" for k, v in entry.fields.items() if k != about)


def _ink(action: str, palette: Palette) -> Colour:
    if action in BAD:
        return palette.bad
    return palette.good if action in ("completed", "committed") else palette.text
