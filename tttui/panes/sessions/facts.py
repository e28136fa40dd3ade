"""Facts about the sessions of the table and about the one under the cursor."""

from collections.abc import Collection, Sequence

from tttui.draw.numbers import count
from tttui.model.compare import compatible
from tttui.model.here import plain
from tttui.model.query import Query
from tttui.model.session import Place, SessionSummary
from tttui.panes.sessions.compared import Marked
from tttui.panes.sessions.rows import SessionRows
from tttui.panes.view import View
from tttui.widgets.session_panel import PanelFacts, commands_of

HINT = "mu>0.1 state:completed demo sort:improvement"
"""An example of a query."""


def facts_of(view: View, summary: SessionSummary, taken: Collection[str]) -> PanelFacts:
    """The facts about one of the view's summaries; ages count in whole seconds.

    `taken` are the names of all sessions."""
    opened = summary.place.path == view.data.place.path
    at = view.timeline.cursor if opened and not view.timeline.at_end else None
    commands = commands_of(summary, at, taken)
    places = [one.place for one in view.summaries]
    here = summary.place in places  # else it is gone since the table was drawn
    same, based = compatible(view.summaries, places.index(summary.place)) if here else ([], [])
    names = tuple(view.summaries[i].place.name for i in same)
    files = view.files.entries if view.files.of == summary.place else ()
    return PanelFacts(summary, commands, names, len(based), files, float(int(view.now)))


def copyable(facts: PanelFacts) -> Sequence[tuple[str, str]]:
    """What `y` copies, first things first, as (what it is, the text)."""
    meta = facts.summary.meta
    things = [
        ("Resume command", facts.commands.resume),
        ("Fork command", facts.commands.fork),
        ("Path", str(plain(facts.summary.place.path))),
        ("Model signature", meta.model_signature),
        ("Base hash", meta.base_ckpt_hash),
    ]
    return [(what, text) for what, text in things if text]


def table_summary(
    rows: SessionRows,
    shown: int,
    query: Query,
    marked: Marked,
    hidden: Sequence[str],
    *,
    transfer: bool,
) -> list[str]:
    """The line above the table: the number and kinds of sessions, `hidden` regions, and whether a
    transfer matrix is possible."""
    total = len(rows)
    many = "session" if total == 1 else "sessions"
    parts = [f"{count(total)} {many}" if shown == total else f"{shown} of {total} {many}"]
    if query:
        parts.append(f"query {query.filter_text}")
    if marked:
        parts.append(f"{len(marked)} marked")
    if rows.running:
        parts.append(f"{rows.running} running")
    if hidden:
        parts.append(f"w: {', '.join(hidden)}")
    if transfer:
        parts.append("t: transfer matrix")
    return parts


def run_after(place: Place, run: str | None) -> str | None:
    """The run of a session that comes after this one, in a circle; None where it has no other."""
    runs = place.runs
    if len(runs) < 2:
        return None
    return runs[(runs.index(run) + 1) % len(runs)] if run in runs else runs[0]
