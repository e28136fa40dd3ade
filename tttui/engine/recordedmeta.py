"""meta.json as the engine needs it: whole, and with settings that are settings."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from tttui.artifacts.jsonfile import read_object
from tttui.model.configuration import configuration_of
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.settings import Settings

NEEDED = ("mu", "env_mode", "seed", "model_cfg", "plasticity_cfg")
"""Keys without which a session cannot be computed again; all others have defaults."""


def read_meta_of(directory: Path) -> dict[str, Any]:
    """The keys of a native session's meta.json. Raises RefusedInput naming the file."""
    path = directory / "session" / "meta.json"
    try:
        return dict(read_object(path))
    except OSError as error:
        raise RefusedInput(
            f"{path}: {error.strerror}; without its settings a session cannot be continued"
        ) from error
    except TttuiError as error:
        raise RefusedInput(str(error)) from error


def settings_of(meta: Mapping[str, Any], path: Path, needed: Collection[str] = NEEDED) -> Settings:
    """The settings that the session in `path` was begun with.

    Raises RefusedInput naming the session and every key that holds no setting, and those of
    `needed` that are not there.
    """
    found = configuration_of(meta)
    wrong = [*found.wrong]
    missing = [key for key in needed if meta.get(key) is None]
    if missing:
        wrong.append(f"it lacks {', '.join(missing)}")
    if wrong:
        raise RefusedInput(f"{path}: meta.json: {'; '.join(wrong)}")
    return found.settings


def settings_changes(meta: Mapping[str, Any]) -> tuple[tuple[int, Mapping[str, Any]], ...]:
    """Steps and settings of the overrides, in order."""
    return configuration_of(meta).settings_changes


def mu_changes(meta: Mapping[str, Any]) -> tuple[tuple[int, float], ...]:
    """Steps and frictions of the changes of mu, in order."""
    return configuration_of(meta).mu_changes
