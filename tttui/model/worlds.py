"""The world that a session's meta.json describes."""

from tttui.model.session import SessionData
from tttui.model.settings import World


def world_of(data: SessionData) -> World:
    """The session's world; defaults where its meta says nothing."""
    env = {k: v for k, v in data.meta.env_cfg.items() if k in World.__slots__}
    mode = "nonlinear" if data.meta.env_mode == "nonlinear" else "linear"
    return World(**{**env, "env_mode": mode, "mu": data.meta.mu})
