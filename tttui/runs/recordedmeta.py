"""meta.json as the engine needs it: whole, and with settings that are settings."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from tttui.artifacts.checksum import Carried, json_checksum
from tttui.artifacts.jsonfile import parse_object
from tttui.artifacts.regular import read_bytes
from tttui.artifacts.schema import parse_schema
from tttui.model.configuration import configuration_of
from tttui.model.errors import RefusedInput, SettingError, TttuiError
from tttui.model.memory import refuse_too_large
from tttui.model.settings import Settings

FOREIGN = ("mu", "env_mode", "model_cfg", "plasticity_cfg")
"""Keys without which a session of another program cannot be forked."""

NATIVE = (*FOREIGN, "seed")
"""Keys without which a session cannot be computed again; all others have defaults."""


def read_meta_of(directory: Path, *, whole: bool = False) -> dict[str, Any]:
    """The keys of a native session's meta.json. Raises RefusedInput naming the file.

    `whole`: also where it does not have the checksum that it carries.
    """
    path = directory / "session" / "meta.json"
    try:
        content = read_bytes(path)
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


def settings_of(meta: Mapping[str, Any], path: Path, needed: Collection[str] = NATIVE) -> Settings:
    """The settings that the session in `path` was begun with.

    Raises RefusedInput naming the session and every key that holds no setting, those of `needed`
    that are not there, and settings that need too much memory.
    """
    schema, _ = parse_schema(meta)
    if schema.recorder is not None:
        raise RefusedInput(f"{path}: a recorder wrote it; only its own program goes on with it")
    found = configuration_of(meta)
    wrong = [*found.wrong]
    missing = [key for key in needed if meta.get(key) is None]
    if missing:
        wrong.append(f"it lacks {', '.join(missing)}")
    if wrong:
        raise RefusedInput(f"{path}: meta.json: {'; '.join(wrong)}")
    try:
        refuse_too_large(found.settings)
    except SettingError as error:
        raise RefusedInput(f"{path}: meta.json: {error}") from error
    return found.settings


def settings_changes(meta: Mapping[str, Any]) -> tuple[tuple[int, Mapping[str, Any]], ...]:
    """Steps and settings of the overrides, in order."""
    return configuration_of(meta).settings_changes


def mu_changes(meta: Mapping[str, Any]) -> tuple[tuple[int, float], ...]:
    """Steps and frictions of the changes of mu, in order."""
    return configuration_of(meta).mu_changes


def is_task_session(meta: Mapping[str, Any]) -> bool:
    """Whether the engine for tasks wrote a session, by its meta.json."""
    task = meta.get("task")
    return isinstance(task, Mapping) and "recorder" not in meta and "run_cfg" in meta


def holds_task(directory: Path) -> bool:
    """Whether a directory holds a session that the engine for tasks can continue."""
    try:
        return is_task_session(read_meta_of(directory))
    except RefusedInput:
        return False
