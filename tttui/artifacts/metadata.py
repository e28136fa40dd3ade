"""meta.json from settings, and settings from meta.json (foreign ones included)."""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import tttui
from tttui.model.settings import PRESETS, Model, Plasticity, Pretraining, Settings, World, options

SCHEMA_VERSION = 1

MODEL_KEYS = ("obs_dim", "act_dim", "z_dim", "u_dim", "n_state", "dt")
"""Keys of model_cfg; the signature is made of exactly these."""

RUN_KEYS = ("steps", "checkpoint_s", "history_mb", "mu_schedule")


def model_signature(model_cfg: Mapping[str, Any], base_ckpt_hash: str) -> str:
    """sha256 of the sorted JSON of model_cfg followed by the base's hash."""
    text = json.dumps(dict(model_cfg), sort_keys=True) + base_ckpt_hash
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def new_meta(
    settings: Settings,
    *,
    session_id: str,
    base_ckpt_hash: str,
    mu: float,
    created_at: float | None = None,
    parent_session_id: str | None = None,
    root_session_id: str | None = None,
    forked_at_t: int | None = None,
    torch_version: str | None = None,
) -> dict[str, Any]:
    """All that meta.json says of a new session: every setting, and what it started from.

    `mu` is the friction that was drawn or given.
    """
    flat = settings.flat()
    model_cfg = {key: flat[key] for key in MODEL_KEYS}
    world = asdict(settings.world)
    return {
        "schema_version": SCHEMA_VERSION,
        "session_id": session_id,
        "created_at_unix": time.time() if created_at is None else created_at,
        "mu": mu,
        "env_mode": settings.world.env_mode,
        "model_signature": model_signature(model_cfg, base_ckpt_hash),
        "base_ckpt_hash": base_ckpt_hash,
        "model_cfg": model_cfg,
        "plasticity_cfg": asdict(settings.plasticity),
        "env_cfg": {k: v for k, v in world.items() if k not in ("env_mode", "mu")},
        "pretraining_cfg": {
            "decay_init": settings.model.decay_init,
            **asdict(settings.pretraining),
        },
        "run_cfg": {key: flat[key] for key in RUN_KEYS},
        "seed": settings.seed,
        "device": settings.device,
        "parent_session_id": parent_session_id,
        "root_session_id": root_session_id or session_id,
        "forked_at_t": forked_at_t,
        "torch_version": torch_version,
        "tttui_version": tttui.__version__,
    }


def settings_from_meta(meta: Mapping[str, Any]) -> Settings:
    """The settings of a session from the keys of its meta.json (`Meta.raw`).

    Unknown keys are ignored. What a native file lacks (an older version) has its default; what
    a foreign one lacks is what the predecessor did: the preset `plain` and `equal` decays.
    Raises SettingError for a value outside its range.
    """
    plasticity_cfg, model_cfg = _group(meta, "plasticity_cfg"), _group(meta, "model_cfg")
    env_cfg, pretraining_cfg = _group(meta, "env_cfg"), _group(meta, "pretraining_cfg")
    native = "inner_steps" in plasticity_cfg
    plasticity = Plasticity() if native else PRESETS["plain"]
    plasticity = replace(plasticity, **_known(plasticity, plasticity_cfg))
    if not native:
        # The predecessor updates as soon as its buffer is full.
        plasticity = replace(plasticity, min_buffer=plasticity.buffer_len)
    dt = env_cfg.get("dt", model_cfg.get("dt", 1.0))
    world = {**_known(World(), env_cfg), **_known(World(), meta), "dt": dt}
    model = {**_known(Model(), model_cfg), "dt": dt}
    model["decay_init"] = pretraining_cfg.get("decay_init", "spread" if native else "equal")
    run = {**_known(Settings(), _group(meta, "run_cfg")), **_known(Settings(), meta)}
    schedule = _group(meta, "run_cfg").get("mu_schedule") or ()
    return Settings(
        world=World(**world),
        model=Model(**model),
        plasticity=plasticity,
        pretraining=Pretraining(**_known(Pretraining(), pretraining_cfg)),
        mu_schedule=tuple((int(t), float(mu)) for t, mu in schedule),
        **run,
    ).validate()


def _group(meta: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = meta.get(key)
    return value if isinstance(value, Mapping) else {}


def _known(group: object, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that are options of the settings dataclass and not null."""
    names = [spec.name for spec in options(group)]
    return {name: values[name] for name in names if values.get(name) is not None}
