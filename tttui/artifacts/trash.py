"""Deleting a session moves it to the trash of its root, from where it can be moved back."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from tttui.artifacts.layout import files_of
from tttui.artifacts.status import derive_status, read_status
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.session import Place

FOLDER = ".trash"
"""Hidden, so that the search for sessions does not enter it."""


def trash_of(place: Place, roots: Sequence[Path]) -> Path:
    """The trash for a session: of the innermost given root that holds it, else beside it."""
    path = Path(os.path.abspath(place.path))
    holders = [Path(os.path.abspath(root)) for root in roots]
    above = [root for root in holders if root in path.parents and root.is_dir()]
    return max(above, key=lambda root: len(root.parts), default=path.parent) / FOLDER


def move_to_trash(place: Place, roots: Sequence[Path]) -> Path:
    """Move a session's directory to the trash; returns where it lies now.

    Raises RefusedInput for sessions of other programs and for one that is running, TttuiError
    where it cannot be moved.
    """
    if place.layout != "native":
        raise RefusedInput(
            f"{place.path} was written by another program; tttui changes nothing there"
        )
    status = files_of(place).status
    if status is not None and status.exists():
        raw, _ = read_status(status)
        known = derive_status(raw, time.time())
        if known.live or known.state == "stalled":
            raise RefusedInput(
                f"{place.path} is {known.state}; stop it first: tttui stop {place.path}"
            )
    folder = trash_of(place, roots)
    target = folder / place.path.name
    n = 1
    while target.exists():
        n += 1
        target = folder / f"{place.path.name}-{n}"
    try:
        folder.mkdir(exist_ok=True)
        place.path.rename(target)
    except OSError as error:
        raise TttuiError(f"{place.path} cannot be moved to {target}: {error.strerror}") from None
    return target
