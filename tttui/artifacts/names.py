"""Valid names of sessions, which become directories below the run root."""

from pathlib import Path

from tttui.model.errors import RefusedInput
from tttui.model.here import LOST, reachable
from tttui.model.text import shortened, visible

LONGEST_NAME = 100
"""Bytes of a name in UTF-8; filesystems allow 255, and files of the app add their endings."""

RESERVED = ("base", "bases", "sessions", "session")
"""Folders of a run root that mean something else."""


def validate_name(name: str) -> str:
    """Return the name. Raises RefusedInput that says why it is invalid."""
    shown = ascii(name[:60])
    if not name:
        raise RefusedInput("a session needs a name of at least one character")
    if name in (".", "..") or "/" in name or "\\" in name:
        raise RefusedInput(f"{shown} is a path, not a name; sessions lie directly below --root")
    if name.startswith((".", "-")):
        raise RefusedInput(f"{shown} begins with {name[0]!r}; such names are hidden or options")
    if not name.isprintable() or name != name.strip() or visible(name) != name:
        raise RefusedInput(f"{shown} has control characters or blanks at an end")
    if name in RESERVED:
        raise RefusedInput(f"{shown} has a meaning of its own below a run root; choose another")
    if len(name.encode()) > LONGEST_NAME:
        raise RefusedInput(f"{shown}... is longer than {LONGEST_NAME} bytes")
    return name


def usable_name(name: str, ending: str = "") -> str:
    """The closest valid name to `name`, followed by `ending`."""
    plain = "".join(c if c.isprintable() and visible(c) == c else "_" for c in name)
    plain = plain.replace("/", "_").replace("\\", "_").lstrip(".- ")
    plain = shortened(plain, LONGEST_NAME - len(ending.encode())).strip()
    return f"unnamed{ending}" if not plain or plain + ending in RESERVED else plain + ending


def run_directory(root: Path, name: str) -> Path:
    """The directory of the session `name` below `root`, whether or not it exists.

    Raises RefusedInput for a name that is not allowed, and for a link that leads out of the root.
    """
    path = root / validate_name(name)
    try:
        inside = path.resolve().parent == root.resolve()
    except (OSError, RuntimeError) as error:
        why = f"cannot be followed ({error})" if reachable(root) else LOST
        raise RefusedInput(f"{path}: {why}") from None
    if not inside:
        raise RefusedInput(f"{path} is a link that leads out of {root}")
    return path
