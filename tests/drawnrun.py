"""The numbers of a run, drawn rather than computed by a model, but like the real ones.

Errors are log-normal, the adaptive one falls with every commit and spikes now and then, weights
drift towards a target. Equal arguments give equal numbers.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tttui.model.arrays import Bools, Floats, Weights

REASONS = (
    "rollback_loss_regression",
    "rollback_grad_norm",
    "rollback_state_norm",
    "rollback_live_regression",
)


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """What a generated run recorded: columns over the steps [n], events, snapshots."""

    frozen: Floats
    adaptive: Floats
    did_update: Bools
    update_ok: Bools
    z: Floats
    a: Floats
    events: list[dict[str, Any]]
    base: Weights
    target: Weights

    @property
    def commits(self) -> list[int]:
        return [e["t"] for e in self.events if e["status"] == "commit"]

    def weights(self, k: int) -> Weights:
        """The plastic matrices after k commits: on the way from the base to the target."""
        part = np.float32(1 - np.exp(-k / 10))
        return {
            name: self.base[name] + part * (self.target[name] - self.base[name])
            for name in ("W_u", "B", "W_o")
        }


def content(
    steps: int = 600, chunk: int = 32, seed: int = 0, shape: tuple[int, int] = (16, 32)
) -> Content:
    """The numbers of a run; `shape` is (u_dim, n_state). `chunk` 0: no update at all."""
    rng = np.random.default_rng(seed)
    t = np.arange(steps)
    did = (t > 0) & (t % chunk == 0) if chunk else np.zeros(steps, dtype=np.bool_)
    ok = did & (rng.random(steps) < 0.8)
    committed = np.cumsum(ok)
    frozen = rng.lognormal(np.log(2e-3), 0.8, steps)
    floor = 0.05 + 0.95 * np.exp(-committed / 3)
    adaptive = np.where(committed == 0, frozen, frozen * floor)
    adaptive *= np.where((rng.random(steps) < 0.002) & (committed > 0), 50.0, 1.0)
    a = rng.normal(0, 0.5, (steps, 2))
    v = np.zeros((steps, 2))
    for axis in (0, 1):  # a leaky sum, with friction 0.1, as a convolution
        kernel = 0.9 ** np.arange(64)
        v[1:, axis] = np.convolve(a[:-1, axis], kernel)[: steps - 1] if steps > 1 else 0
    z = np.hstack((np.cumsum(v, axis=0), v)).astype(np.float32)
    base = _matrices(rng, *shape)
    return Content(
        frozen.astype(np.float32),
        adaptive.astype(np.float32),
        did,
        ok,
        z,
        a.astype(np.float32),
        _events(rng, t[did], ok[did]),
        base,
        _matrices(rng, *shape),
    )


def metrics_of(data: Content) -> dict[str, Any]:
    """metrics.json of a run."""
    return {
        "baseline_mse_mean": _mean(data.frozen),
        "adaptive_mse_mean": _mean(data.adaptive),
        "baseline_mse_last100_mean": _mean(data.frozen[-100:]),
        "adaptive_mse_last100_mean": _mean(data.adaptive[-100:]),
        "updates_attempted": len(data.events),
        "updates_committed": len(data.commits),
        "updates_rolled_back": len(data.events) - len(data.commits),
    }


def _mean(values: Floats) -> float | None:
    return float(np.mean(values, dtype=np.float64)) if len(values) else None


def _matrices(rng: np.random.Generator, u_dim: int, n_state: int) -> Weights:
    shapes = {"W_u": (u_dim, 6), "B": (n_state, u_dim), "W_o": (4, n_state)}
    scale = np.float32(0.3)
    drawn = {k: rng.standard_normal(s, dtype=np.float32) * scale for k, s in shapes.items()}
    return {**drawn, "a_raw": np.linspace(-4, 0, n_state, dtype=np.float32)}


def _events(rng: np.random.Generator, at: Any, ok: Any) -> list[dict[str, Any]]:
    """One event a transaction, with what each status leaves out."""
    n = len(at)
    pre = rng.lognormal(-6, 0.5, n)
    norm = rng.lognormal(0.5, 0.6, n)
    reasons = rng.integers(0, len(REASONS), n)
    events = []
    for i in range(n):
        status = "commit" if ok[i] else REASONS[reasons[i]]
        event: dict[str, Any] = {
            "t": int(at[i]),
            "status": status,
            "pre_loss": float(pre[i]),
            "post_loss": float(pre[i]) * (0.6 if ok[i] else 2.0),
            "grad_norm": float(norm[i]),
            "pre_max_h": 1.5,
            "post_max_h": 1.6,
        }
        if status == "rollback_grad_norm":
            event |= {"post_loss": None, "grad_norm": float(norm[i]) + 20}
            del event["post_max_h"]
        elif status == "rollback_live_regression":
            event["to_t"] = int(at[i - 1]) if i else 0
        events.append(event)
    return events
