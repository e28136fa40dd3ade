"""The session that another one was forked from."""

from collections.abc import Sequence
from pathlib import Path

from tttui.artifacts.discover import find_sessions
from tttui.artifacts.layout import files_of
from tttui.artifacts.meta import read_meta
from tttui.model.errors import TttuiError
from tttui.model.session import Place, SessionData


def find_parent(data: SessionData, places: Sequence[Place]) -> Place | None:
    """Where the parent of a session lies: where its meta says, else the one of that id.

    It is looked for among `places`, then beside the session. None where it has no parent, or
    where none or several have the id.
    """
    wanted = data.meta.parent_session_id
    if wanted is None:
        return None
    recorded = data.meta.raw.get("parent_path")
    if isinstance(recorded, str) and Path(recorded).is_dir():
        found = find_sessions([Path(recorded)])
        if len(found) == 1:
            return found[0]
    for near in (places, find_sessions([data.place.path.parent])):
        same = [p for p in near if p.path != data.place.path and _id(p) == wanted]
        if same:
            return same[0] if len(same) == 1 else None
    return None


def _id(place: Place) -> str | None:
    try:
        return read_meta(files_of(place).meta)[0].session_id
    except (TttuiError, OSError):
        return None
