"""meta.json as the engine needs it: whole, and with settings that are settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tttui.artifacts.checksum import Carried, json_checksum
from tttui.artifacts.jsonfile import parse_object
from tttui.artifacts.metadata import settings_from_meta
from tttui.artifacts.regular import read_bytes
from tttui.model.errors import RefusedInput, SettingError, TttuiError
from tttui.model.settings import Settings

LARGEST = 1 << 24
"""Bytes of a meta.json that is read."""


def read_meta_of(directory: Path, *, whole: bool = False) -> dict[str, Any]:
    """The keys of a native session's meta.json. Raises RefusedInput naming the file.

    `whole`: also where it does not have the checksum that it carries.
    """
    path = directory / "session" / "meta.json"
    try:
        content = read_bytes(path, LARGEST)
        if whole and json_checksum(content) is Carried.WRONG:
            raise RefusedInput(
                f"{path}: is damaged or was changed by hand, it does not have the checksum that "
                f"it carries; `tttui fsck --repair {directory}` restores it where that is "
                'possible, and a change that is meant counts without the line "checksum"'
            )
        return dict(parse_object(content, path))
    except OSError as error:
        raise RefusedInput(
            f"{path}: {error.strerror}; without its settings a session cannot be continued"
        ) from error
    except TttuiError as error:
        raise RefusedInput(str(error)) from error


def settings_of(meta: Mapping[str, Any], path: Path) -> Settings:
    """The settings that the session in `path` was begun with.

    Raises RefusedInput naming the session and the key that holds no setting.
    """
    try:
        return settings_from_meta(meta)
    except SettingError as error:
        raise RefusedInput(f"{path}: meta.json: {error}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise RefusedInput(f"{path}: meta.json holds no valid settings ({error})") from error


def settings_changes(meta: Mapping[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    """Steps and settings of the overrides, in order; what is damaged is left out."""
    changes = meta.get("settings_changes")
    out: list[tuple[int, dict[str, Any]]] = []
    for change in changes if isinstance(changes, list) else []:
        if isinstance(change, Mapping) and isinstance(change.get("t"), int):
            out.append((change["t"], {k: v for k, v in change.items() if k != "t"}))
    return out


def mu_changes(meta: Mapping[str, Any]) -> list[tuple[int, float]]:
    """Steps and frictions of the changes of mu, in order; what is damaged is left out."""
    changes = meta.get("mu_schedule")
    out: list[tuple[int, float]] = []
    for change in changes if isinstance(changes, list) else []:
        match change:
            case [int(t), float(mu) | int(mu)]:
                out.append((t, float(mu)))
            case _:
                pass
    return out
