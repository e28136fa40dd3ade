"""The models that a person has named on this machine, by fingerprint.

A session says which model it reads with, by its fingerprint. A session does not say where it lies:
else one that somebody sends could choose files of this machine. So a session goes on with a model
that the person named once with --model, here, in `$XDG_STATE_HOME/tttui/models.json`.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tttui.artifacts.atomic import write_whole
from tttui.artifacts.jsonfile import read_object, whole
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.here import user_directory
from tttui.tasks.hf.source import ModelSource, find_source, fingerprint

MOST = 200
"""Models that are remembered; the oldest are forgotten."""

_named: dict[str, str] = {}
"""Those that were named in this process: for users without a home."""


def models_path() -> Path | None:
    """The file that lists them; None for a user without a home."""
    home = user_directory("XDG_STATE_HOME", ".local/state", os.environ)
    return None if home is None else home / "tttui" / "models.json"


def name_model(called: str) -> tuple[ModelSource, str]:
    """Let sessions go on with a model that the person names; returns it and its fingerprint.

    Raises RefusedInput.
    """
    source = find_source(called)
    known = fingerprint(source)
    models = _read()
    models.pop(known, None)
    models[known] = _named[known] = str(source.path)
    path = models_path()
    if path is not None:
        newest = dict(list(models.items())[-MOST:])
        with suppress(TttuiError):  # then it is known as long as this process lives
            write_whole(path, json.dumps(newest, indent=1).encode(), parents=True)
    return source, known


def name_model_of(directory: Path, called: str) -> None:
    """Let a session go on with the model that the person names for it.

    Raises RefusedInput where that is another than it was begun with.
    """
    recorded = recorded_model(directory)
    source, known = name_model(called)
    if known != recorded["fingerprint"]:
        raise RefusedInput(
            f"--model {source.path}: is not the model that {directory} was begun with, which was "
            f"in {recorded['path']} (their files differ)"
        )


def recorded_model(directory: Path) -> Mapping[str, Any]:
    """The recorded model in meta.json of a session. Raises RefusedInput."""
    path = directory / "session" / "meta.json"
    try:
        recorded = read_object(path).get("base_model")
    except (OSError, TttuiError) as error:
        raise RefusedInput(f"{path}: cannot be read: {error}") from None
    if not isinstance(recorded, Mapping):
        raise RefusedInput(f"{path}: names no model that the session reads with")
    for key in ("path", "fingerprint"):
        if not isinstance(recorded.get(key), str):
            raise RefusedInput(f"{path}: base_model: {key} is missing")
    start = whole(recorded.get("start_token"))
    if start is None or start < 0:
        raise RefusedInput(f"{path}: base_model: start_token is no token")
    return {"start_always": False, **recorded, "start_token": start}


def model_of(known: str, path: str) -> ModelSource:
    """The model of a fingerprint that the person has named; `path` is the recorded one, for
    messages.

    Raises RefusedInput if it was not named here, is missing or has changed.
    """
    called = {**_read(), **_named}.get(known)
    if called is None:
        raise RefusedInput(
            f"the session reads with a model that was in {path}; sessions do not choose files to "
            "load: if that is the one you mean, name it with --model"
        )
    try:
        source = find_source(called)
        same = fingerprint(source) == known
    except RefusedInput as error:
        raise RefusedInput(f"{error}; name the model of this session with --model") from None
    if not same:
        raise RefusedInput(
            f"--model {called}: was changed since the session began, so it cannot go on exactly; "
            "name the model as it was with --model"
        )
    return source


def _read() -> dict[str, str]:
    path = models_path()
    if path is None:
        return {}
    try:
        content = read_object(path)
    except (OSError, TttuiError):
        return {}
    return {key: value for key, value in content.items() if isinstance(value, str)}
