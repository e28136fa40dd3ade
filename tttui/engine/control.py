"""Asking the owner of a run to pause, continue or stop, through a file in its directory.

Whoever may write there may ask, from any terminal and over a shared filesystem; no process
has to listen but the run itself. The file is the request; the owner takes it away and acts.
"""

import contextlib
from pathlib import Path
from typing import Literal, cast, get_args

from tttui.artifacts.writer import write_whole

Action = Literal["stop", "pause", "continue"]
ACTIONS: tuple[str, ...] = get_args(Action)

FILE = "control"


def ask(directory: Path, action: Action) -> None:
    """Leave a request; a newer one replaces an older. Raises TttuiError where it cannot."""
    write_whole(directory / FILE, f"{action}\n".encode())


def withdraw(directory: Path) -> None:
    """Take back a request that nobody answered."""
    with contextlib.suppress(OSError):
        (directory / FILE).unlink()


def taken(directory: Path) -> Action | None:
    """The owner's side: the request that is there, which is gone afterwards."""
    path = directory / FILE
    try:
        word = path.read_text(errors="replace").strip()
    except OSError:
        return None
    withdraw(directory)
    return cast(Action, word) if word in ACTIONS else None
