"""The settings with which a session of the point mass was begun, for who computes it again."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from tttui.artifacts.schema import parse_schema
from tttui.model.errors import RefusedInput, SettingError
from tttui.model.pointmass.configuration import configuration_of, settings_in
from tttui.model.pointmass.settings import Settings, refuse_too_large

FOREIGN = ("mu", "env_mode", "model_cfg", "plasticity_cfg")
"""Keys without which a session of another program cannot be forked."""

NATIVE = (*FOREIGN, "seed")
"""Keys without which a session cannot be computed again; all others have defaults."""


def settings_of(meta: Mapping[str, Any], path: Path, needed: Collection[str] = NATIVE) -> Settings:
    """The settings that the session in `path` was begun with.

    Raises RefusedInput naming the session and every key that holds no setting, those of `needed`
    that are not there, and settings that need too much memory.
    """
    schema, _ = parse_schema(meta)
    if schema.recorder is not None:
        raise RefusedInput(f"{path}: a recorder wrote it; only its own program goes on with it")
    configuration = configuration_of(meta)
    settings = settings_in(configuration)
    wrong = [*configuration.wrong]
    missing = [key for key in needed if meta.get(key) is None]
    if missing:
        wrong.append(f"it lacks {', '.join(missing)}")
    if wrong:
        raise RefusedInput(f"{path}: meta.json: {'; '.join(wrong)}")
    try:
        refuse_too_large(settings)
    except SettingError as error:
        raise RefusedInput(f"{path}: meta.json: {error}") from error
    return settings
