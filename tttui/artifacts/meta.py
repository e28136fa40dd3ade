"""meta.json and base_meta.json -> Meta; metrics.json of both namings."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tttui.artifacts.jsonfile import number, read_object, whole
from tttui.model.session import Meta, Problem


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _mapping(value: Any) -> Mapping[str, Any] | None:
    return value if isinstance(value, dict) else None


FIELDS: dict[str, tuple[str, Callable[[Any], Any], str]] = {
    "session_id": ("session_id", _text, "a text"),
    "schema_version": ("schema_version", whole, "a whole number"),
    "created_at": ("created_at_unix", number, "a number"),
    "mu": ("mu", number, "a number"),
    "env_mode": ("env_mode", _text, "a text"),
    "model_signature": ("model_signature", _text, "a text"),
    "base_ckpt_hash": ("base_ckpt_hash", _text, "a text"),
    "model_cfg": ("model_cfg", _mapping, "an object of keys"),
    "plasticity_cfg": ("plasticity_cfg", _mapping, "an object of keys"),
    "env_cfg": ("env_cfg", _mapping, "an object of keys"),
    "parent_session_id": ("parent_session_id", _text, "a text"),
    "root_session_id": ("root_session_id", _text, "a text"),
    "forked_at_t": ("forked_at_t", whole, "a whole number"),
    "seed": ("seed", whole, "a whole number"),
    "device": ("device", _text, "a text"),
    "torch_version": ("torch_version", _text, "a text"),
    "tttui_version": ("tttui_version", _text, "a text"),
}
"""Field of Meta -> its key, its conversion (None for a wrong type), what it must be."""


def read_meta(path: Path) -> tuple[Meta, list[Problem]]:
    """meta.json; a key of a wrong type is None and named. Raises TttuiError for damage."""
    raw = read_object(path)
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for name, (key, convert, expected) in FIELDS.items():
        if raw.get(key) is None:
            continue
        value = convert(raw[key])
        if value is None:
            wrong.append(f"{key} is {str(raw[key])[:30]!r}, not {expected}")
        else:
            values[name] = value
    problems = [Problem("meta", path, "; ".join(wrong))] if wrong else []
    return Meta(raw=raw, **values), problems


METRIC_NAMES = {
    "base_mse_mean": "baseline_mse_mean",
    "base_mse_last100_mean": "baseline_mse_last100_mean",
    "adaptive_last100_mean": "adaptive_mse_last100_mean",
    "session_no_update_mse_mean": "no_update_mse_mean",
    "session_no_update_last100_mean": "no_update_mse_last100_mean",
}
"""The store's names -> ours."""

METRIC_NUMBERS = (
    "baseline_mse_mean",
    "adaptive_mse_mean",
    "baseline_mse_last100_mean",
    "adaptive_mse_last100_mean",
    "updates_attempted",
    "updates_committed",
    "updates_rolled_back",
)
"""Keys of metrics.json that every session that ran has."""


def read_metrics(path: Path) -> tuple[Mapping[str, Any], list[Problem]]:
    """metrics.json with all its keys, the store's also under our names."""
    raw = dict(read_object(path))
    for theirs, ours in METRIC_NAMES.items():
        if theirs in raw:
            raw.setdefault(ours, raw[theirs])
    wrong = [
        f"{key} is {str(raw[key])[:30]!r}, not a number"
        for key in METRIC_NUMBERS
        if raw.get(key) is not None and number(raw[key]) is None
    ]
    for key in METRIC_NUMBERS:
        if raw.get(key) is not None and number(raw[key]) is None:
            del raw[key]
    problems = [Problem("metrics", path, "; ".join(wrong))] if wrong else []
    return raw, problems
