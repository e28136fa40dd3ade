"""The directory of a new session: the given name, or one made from its settings."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import TypeVar

from tttui.artifacts.names import run_directory, usable_name
from tttui.model.errors import RefusedInput
from tttui.model.shell import command_line

Made = TypeVar("Made")


class NameTaken(RefusedInput):
    """Another session has the name."""

    def __init__(self, directory: Path) -> None:
        super().__init__(
            f"{directory} exists already; choose another --name, or continue it with "
            f"`{command_line('tttui', 'resume', directory)}`"
        )


def make_in(name: str | None, directory: Callable[[], Path], make: Callable[[Path], Made]) -> Made:
    """Call `make` for the `directory` of a name; without a given name, retry with the next free one
    if another process was faster."""
    while True:
        try:
            return make(directory())
        except NameTaken:
            if name is not None:
                raise


def named_directory(root: Path, name: str) -> Path:
    """The directory of that name, which does not exist yet.

    Raises RefusedInput for a name that is taken or not allowed, or a root that is a file.
    """
    _refuse_file(root)
    directory = run_directory(root, name)
    if directory.exists():
        raise NameTaken(directory)
    return directory


def free_directory(root: Path, name: str, ending: str = "") -> Path:
    """A directory below the root of that name and ending, as near to it as is allowed.

    The first free one, with -2, -3 ... behind it.
    Raises RefusedInput for a root that is a file.
    """
    _refuse_file(root)
    for i in count(1):
        directory = run_directory(root, usable_name(name, ending if i == 1 else f"{ending}-{i}"))
        if not directory.exists():
            return directory
    raise AssertionError("count() does not end")


def _refuse_file(root: Path) -> None:
    if root.exists() and not root.is_dir():
        raise RefusedInput(f"--root {root} is a file, not a directory")
