"""Keeping a what-if: a real session with its files, exactly what was shown."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tttui.model.here import absolute
from tttui.model.shell import command_line
from tttui.runs.launch import launch
from tttui.runs.runner import session_runner
from tttui.runs.whatif.result import WhatIfResult

if TYPE_CHECKING:
    from tttui.runs.owned import OwnedRun


def keep_words(result: WhatIfResult, root: Path, name: str | None = None) -> list[str]:
    """The words behind `tttui` that make the session of a what-if, as a person could type them.

    It is forked from the recorded one with its past up to the step of the branch, and runs as far
    as the what-if. Without a name it gets one from its parent's.
    """
    request = result.request
    words = ["fork", str(absolute(request.data.place.path)), "--root", str(absolute(root))]
    words += ["--at", str(request.at), "--with-past", "--steps", str(result.until)]
    if name is not None:
        words += ["--name", name]
    for key, value in request.changes.items():
        if key == "preset":
            words += ["--preset", value] if value else []
        elif key != "steps":
            words += ["--set", f"{key}={_text(value)}"]
    return words


def keep_command(result: WhatIfResult, root: Path, name: str | None = None) -> str:
    """The same as a line to show or to copy."""
    return command_line("tttui", *keep_words(result, root, name), "--detach")


def keep(
    result: WhatIfResult,
    root: Path,
    on_notice: Callable[[str], object] = lambda _: None,
    name: str | None = None,
) -> Path:
    """Make that session in a process of its own; returns its directory, where it runs.

    Call it in a thread. `on_notice` gets lines of progress. Raises TttuiError with what is wrong.
    """
    return launch(keep_words(result, root, name), on_notice)


def hold_session(result: WhatIfResult, root: Path, name: str | None = None) -> "OwnedRun":
    """Make that session and hold it here, at step 0. Raises RefusedInput, TttuiError."""
    request = result.request
    place, changes = request.data.place, {**request.changes, "steps": result.until}
    return session_runner(place).fork(
        place, root, at=request.at, name=name, changes=changes, with_past=True
    )


def _text(value: Any) -> str:
    """A value so that reading it again gives the same one, bit for bit."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)
