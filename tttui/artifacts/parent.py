"""The session that another one was forked from."""

import os
from collections.abc import Sequence
from pathlib import Path

from tttui.artifacts.discover import find_sessions
from tttui.artifacts.layout import files_of
from tttui.artifacts.meta import read_meta
from tttui.model.errors import TttuiError
from tttui.model.session import Place, SessionData


def find_parent(data: SessionData, places: Sequence[Place]) -> Place | None:
    """The place of a session's parent: the recorded path, else the session with the parent's id
    among `places` and beside the session.

    None without a parent, or if no or several sessions have the id.
    """
    parent_id = data.meta.parent_session_id
    if parent_id is None:
        return None
    recorded = recorded_parent(data.place.path, data.meta.raw.get("parent_path"), places)
    if recorded is not None:
        return recorded
    for near in (places, find_sessions([data.place.path.parent])):
        same = [p for p in near if p.path != data.place.path and _id(p) == parent_id]
        if same:
            return same[0] if len(same) == 1 else None
    return None


def recorded_parent(session: Path, recorded: object, places: Sequence[Place] = ()) -> Place | None:
    """The session at the path that a meta.json names as the parent's.

    Whoever sends a session may have written any path there: it is looked at only where it is
    one of `places`, which the person named, or lies beside the session.
    """
    if not isinstance(recorded, str) or recorded != os.path.normpath(recorded):
        return None
    path = Path(recorded)
    for place in places:
        if place.path.absolute() == path:
            return place
    if path.parent != session.absolute().parent or not path.is_dir():
        return None
    sessions = find_sessions([path])
    return sessions[0] if len(sessions) == 1 else None


def _id(place: Place) -> str | None:
    try:
        return read_meta(files_of(place).meta)[0].session_id
    except (TttuiError, OSError):
        return None
