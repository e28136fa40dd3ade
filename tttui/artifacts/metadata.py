"""What meta.json says of a new session (`model.configuration` reads it)."""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import tttui
from tttui.model.settings import Settings

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
