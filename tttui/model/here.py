"""The working directory and the user's home, which may be missing.

A working directory can be deleted under a process that runs in it; a user of a container may
have no home and no name.
"""

import os
from collections.abc import Mapping
from pathlib import Path

LOST = "the working directory no longer exists, change to one that does"
"""What a person is told where a relative path cannot mean anything."""


def working_directory() -> Path | None:
    """None where it was deleted."""
    try:
        return Path.cwd()
    except OSError:
        return None


def reachable(path: Path) -> bool:
    """Whether the path can be resolved: it is absolute, or the working directory exists."""
    return path.is_absolute() or working_directory() is not None


def home_directory() -> Path | None:
    """None where neither HOME nor the system's list of users tells one."""
    try:
        return Path.home()
    except RuntimeError:
        return None


def user_directory(variable: str, below_home: str, env: Mapping[str, str]) -> Path | None:
    """The directory that an environment variable names, else one below the home."""
    if env.get(variable):
        return Path(env[variable])
    home = home_directory()
    return None if home is None else home / below_home


def absolute(path: Path) -> Path:
    """The path from the root of the filesystem on; as it is where nothing can tell that."""
    try:
        return path.absolute()
    except OSError:
        return path


def plain(path: Path) -> Path:
    """The same without `.` and `..`, as a person would write it."""
    return Path(os.path.normpath(absolute(path)))


def resolved(path: Path) -> Path:
    """The path that links lead to; as it is where they lead nowhere or in circles."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return absolute(path)
