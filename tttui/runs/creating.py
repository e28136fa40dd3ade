"""Making the directory of a session of any task: filled under a hidden name, then renamed.

A directory with its real name can be resumed, however early a crash came.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tttui.artifacts.atomic import write_error
from tttui.artifacts.making import hidden_directory, remove_abandoned
from tttui.artifacts.session_events import tell_of_session
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput
from tttui.runs.naming import NameTaken
from tttui.runs.start import STARTED_FROM

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a session comes from that is a fork, or starts from a version; for its meta.json."""

    parent_session_id: str | None = None
    root_session_id: str | None = None
    forked_at_t: int | None = None
    parent_path: str = ""
    shares_past: bool = False
    """Its own steps before `forked_at_t` are those of its parent."""
    started_from: Mapping[str, str] | None = None
    """The version that it, or its parent, started from (`start.STARTED_FROM`)."""


def new_session(
    directory: Path, fill: Callable[[Path], None], origin: Origin | None = None
) -> None:
    """Make a directory that `fill` fills under a hidden name; a failure leaves nothing behind.

    Publishes a fork of an `origin` as an event. Of several processes that make the same directory,
    one succeeds. Raises NameTaken where the directory exists, RefusedInput where it may not be
    made.
    """
    if os.path.lexists(directory):
        raise NameTaken(directory)
    remove_abandoned(directory.parent)
    with ExitStack() as stack:
        try:
            building = stack.enter_context(hidden_directory(directory))
        except OSError as error:
            raise RefusedInput(
                f"{directory.parent}: cannot be written: {error.strerror}; choose another --root"
            ) from error
        fill(building)
        try:
            building.rename(directory)
        except OSError as error:
            if os.path.lexists(directory):
                raise NameTaken(directory) from None
            raise write_error(directory, error) from error
    if origin is not None:
        parent = {"parent": origin.parent_session_id, "at": origin.forked_at_t}
        tell_of_session(directory, "forked", **parent)


def parent_keys(origin: Origin | None) -> dict[str, Any]:
    """The keys of meta.json that only sessions with an origin have."""
    keys: dict[str, Any] = {}
    if origin is not None and origin.parent_path:
        keys["parent_path"] = origin.parent_path
    if origin is not None and origin.shares_past:
        keys["shares_past"] = True
    if origin is not None and origin.started_from:
        keys[STARTED_FROM] = dict(origin.started_from)
    return keys
