"""All that is told about the session under the cursor, and what of it can be copied."""

from collections.abc import Collection, Sequence

from tttui.model.compare import compatible
from tttui.model.here import plain
from tttui.model.session import SessionSummary
from tttui.panes.view import View
from tttui.widgets.session_panel import Facts, commands_of


def facts_of(view: View, summary: SessionSummary, taken: Collection[str]) -> Facts:
    """The facts about one of the view's summaries; ages count in whole seconds.

    `taken` are the names of all sessions."""
    opened = summary.place.path == view.data.place.path
    at = view.timeline.cursor if opened and not view.timeline.at_end else None
    commands = commands_of(summary, at, taken)
    number = next(i for i, s in enumerate(view.summaries) if s is summary)
    same, based = compatible(view.summaries, number)
    names = tuple(view.summaries[i].place.name for i in same)
    files = view.files.entries if view.files.of == summary.place else ()
    return Facts(summary, commands, names, len(based), files, float(int(view.now)))


def copyable(facts: Facts) -> Sequence[tuple[str, str]]:
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
