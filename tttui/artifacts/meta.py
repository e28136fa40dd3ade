"""meta.json and base_meta.json -> Meta; metrics.json of both namings."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tttui.artifacts.checksum import Carried, json_checksum
from tttui.artifacts.jsonfile import number, parse_object, read_object, whole
from tttui.artifacts.regular import read_bytes
from tttui.artifacts.schema import parse_schema
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.pointmass.configuration import GROUPS, PLASTICITY, configuration_of
from tttui.model.schema import CHUNK, MU, UNKNOWN_MODEL, Configuration
from tttui.model.session import Meta, Place, Problem
from tttui.model.setting import (
    Known,
    Setting,
    Values,
    checked_values,
    is_step,
    misspelt,
    shown,
)

LAST_DATE = 253_370_764_800
"""Unix seconds of the year 9999, in which dates end."""


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _date(value: Any) -> float | None:
    seconds = number(value)
    return seconds if seconds is not None and 0 <= seconds < LAST_DATE else None


def _step(value: Any) -> int | None:
    step = whole(value)
    return step if is_step(step) else None


DATE = "a date in seconds since 1970"

IDENTITY: dict[str, tuple[str, Callable[[Any], Any], str]] = {
    "session_id": ("session_id", _text, "a text"),
    "schema_version": ("schema_version", whole, "a whole number"),
    "created_at": ("created_at_unix", _date, DATE),
    "model_signature": ("model_signature", _text, "a text"),
    "base_ckpt_hash": ("base_ckpt_hash", _text, "a text"),
    "parent_session_id": ("parent_session_id", _text, "a text"),
    "root_session_id": ("root_session_id", _text, "a text"),
    "forked_at_t": ("forked_at_t", _step, "a step"),
    "torch_version": ("torch_version", _text, "a text"),
    "tttui_version": ("tttui_version", _text, "a text"),
}
"""Field of Meta that is no setting -> its key, its conversion (None: wrong), what it must be."""


def read_meta(path: Path) -> tuple[Meta, list[Problem]]:
    """meta.json; a key with a wrong value is None and named. Raises TttuiError for damage."""
    meta, wrong = parse_meta(read_object(path))
    return meta, [Problem("meta", path, "; ".join(wrong))] if wrong else []


def parse_meta(raw: Mapping[str, Any]) -> tuple[Meta, list[str]]:
    """The keys of a meta.json, and what is wrong with their values."""
    schema, wrong = parse_schema(raw)
    configuration = configuration_of(raw) if schema.is_point_mass else _configuration(raw)
    wrong += misspelt(raw, (key for key, _, _ in IDENTITY.values()), "")
    values: dict[str, Any] = {}
    for name, (key, convert, expected) in IDENTITY.items():
        if raw.get(key) is None:
            continue
        value = convert(raw[key])
        if value is None:
            wrong.append(f"{key} is {shown(raw[key])}, not {expected}")
        else:
            values[name] = value
    own = configuration.recorded[""]
    values |= {"seed": own.get("seed"), "device": own.get("device")}
    for name in ("model_cfg", "plasticity_cfg", "env_cfg"):
        values[name] = configuration.recorded[name]
    if schema.is_point_mass:
        # An unknown kind of world is shown by the name that it has.
        values |= {"truth": number(own.get(MU.name)), "env_mode": _text(raw.get("env_mode"))}
    return Meta(raw=raw, configuration=configuration, schema=schema, **values), [
        *wrong,
        *configuration.wrong,
    ]


OF_EVERY_TASK: Known = {
    "seed": Setting("seed", "count", 0, "", minimum=0),
    "device": Setting("device", "text", "cpu", ""),
}
"""Keys of meta.json that hold settings, whatever the task."""


def _configuration(raw: Values) -> Configuration:
    """What a session of another task than the point mass records: its keys are its own."""
    wrong: list[str] = []
    recorded: dict[str, Values] = {"": checked_values(raw, OF_EVERY_TASK, "", wrong, unknown=False)}
    for name in GROUPS:
        value = raw.get(name)
        if value is not None and not isinstance(value, Mapping):
            wrong.append(f"{name} is {shown(value)}, not an object of keys")
        recorded[name] = dict(value) if isinstance(value, Mapping) else {}
    chunk = recorded["plasticity_cfg"].get("chunk")
    if not isinstance(chunk, int) or PLASTICITY["chunk"].why_not(chunk):
        chunk = CHUNK
    return Configuration(None, chunk, recorded, wrong=tuple(wrong))


OTHER_MODELS = (
    "base_plastic.pt",
    "base_plastic.safetensors",
    "session/plastic_state.safetensors",
    "series.csv",
    "scores.csv",
)
"""Files that sessions of the point mass never have."""

OF_POINT_MASS = ("base_checkpoint.pt", "trajectory.csv", "session/engine_state.pt")
"""One of these is in every native session of the point mass."""


def assumed_meta(place: Place) -> Meta:
    """The assumed meta of a session without a readable meta.json, from its other files."""
    other = any((place.path / name).exists() for name in OTHER_MODELS)
    own = any((place.path / name).exists() for name in OF_POINT_MASS)
    if place.layout != "native" or (own and not other):
        return POINT_MASS_META
    return UNKNOWN_META if other or (place.path / "status.json").exists() else POINT_MASS_META


POINT_MASS_META = Meta()
UNKNOWN_META, _ = parse_meta({"task": {"name": UNKNOWN_MODEL}, "loss": {"name": "loss"}})
"""Always the same objects, so that unchanged data is noticed by identity."""

METRIC_NAMES = {
    "base_mse_mean": "baseline_mse_mean",
    "base_mse_last100_mean": "baseline_mse_last100_mean",
    "adaptive_last100_mean": "adaptive_mse_last100_mean",
    "session_no_update_mse_mean": "no_update_mse_mean",
    "session_no_update_last100_mean": "no_update_mse_last100_mean",
}
"""The store's names -> ours."""

METRICS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "baseline_mse_mean": (number, "a number"),
    "adaptive_mse_mean": (number, "a number"),
    "baseline_mse_last100_mean": (number, "a number"),
    "adaptive_mse_last100_mean": (number, "a number"),
    "updates_attempted": (_step, "a count"),
    "updates_committed": (_step, "a count"),
    "updates_rolled_back": (_step, "a count"),
}
"""Keys of metrics.json that every session that ran has, and what their values are."""


def read_metrics(path: Path) -> tuple[Mapping[str, Any], list[Problem]]:
    """metrics.json with all its keys, the store's also under our names.

    Numbers that no float can hold are infinite.
    """
    raw = {key: _finite_digits(value) for key, value in read_object(path).items()}
    for theirs, ours in METRIC_NAMES.items():
        if theirs in raw:
            raw.setdefault(ours, raw[theirs])
    wrong: list[str] = []
    for key, (convert, expected) in METRICS.items():
        if raw.get(key) is not None and convert(raw[key]) is None:
            wrong.append(f"{key} is {shown(raw.pop(key))}, not {expected}")
    problems = [Problem("metrics", path, "; ".join(wrong))] if wrong else []
    return raw, problems


def _finite_digits(value: Any) -> Any:
    """A whole number of more digits than 64 bits hold as float; all else as it is."""
    too_large = isinstance(value, int) and not -(1 << 63) <= value < 1 << 63
    return number(value) if too_large else value


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
