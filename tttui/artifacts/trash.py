"""Deleting a session: a move to the trash of its root."""

import os
from collections.abc import Sequence
from pathlib import Path

from tttui.artifacts.atomic import write_error
from tttui.artifacts.lock import OnWait, SessionLock
from tttui.artifacts.regular import NotRegular, folder_to_write
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.here import plain
from tttui.model.session import Place

FOLDER = ".trash"
"""Hidden, so that the search for sessions does not enter it."""


def trash_of(place: Place, roots: Sequence[Path]) -> Path:
    """The trash for a session: of the innermost given root that holds it, else beside it."""
    path = plain(place.path)
    holders = [plain(root) for root in roots]
    above = [root for root in holders if root in path.parents and root.is_dir()]
    return max(above, key=lambda root: len(root.parts), default=path.parent) / FOLDER


def move_to_trash(place: Place, roots: Sequence[Path], on_wait: OnWait | None = None) -> Path:
    """Move a session's directory to the trash; returns where it lies now.

    `on_wait` is as for `SessionLock`. Raises RefusedInput for sessions of other programs,
    SessionHeld for one that a process writes, TttuiError where it cannot be moved.
    """
    if place.layout != "native":
        raise RefusedInput(
            f"{place.path} was written by another program; tttui changes nothing there"
        )
    folder = trash_of(place, roots)
    target = folder / place.path.name
    n = 1
    while os.path.lexists(target):
        n += 1
        target = folder / f"{place.path.name}-{n}"
    with SessionLock(place.path, on_wait):
        try:
            folder_to_write(folder)
            place.path.rename(target)
        except NotRegular as error:
            raise write_error(folder, error) from None
        except OSError as error:
            why = error.strerror or str(error)
            raise TttuiError(f"{place.path} cannot be moved to {target}: {why}") from None
    return target
