"""Many sessions at once: the same learner on blocks that fit the cache, or on a whole GPU.

On a GPU one chunk (predict, then a transaction) is captured as a graph, since launching its
small kernels one by one would take longer than running them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tttui.dynamics.world import WorldStream, advance_together
from tttui.engine.learner import Learner
from tttui.model.arrays import Floats, Ints, Weights
from tttui.model.settings import Settings

CPU_BLOCK = 64
"""Sessions that learn side by side on a CPU: their buffers still fit its cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """What many sessions did: errors [sessions, steps] and how each transaction ended."""

    baseline: Floats
    adaptive: Floats
    z: Floats
    """Observations [sessions, steps + 1, 4]."""
    a: Floats
    """Actions [sessions, steps, 2]."""
    mu: Floats
    """Friction in force [sessions, steps]."""
    status: Ints
    """Index of STATUSES, [sessions, transactions]."""
    status_t: Ints
    """Step of each transaction, [transactions]."""
    weights: Weights
    """Final plastic weights [sessions, rows, cols]."""


def worlds(
    settings: Settings, seeds: Sequence[int], mus: Sequence[float] | None = None
) -> tuple[Floats, Floats, Floats]:
    """Trajectories z [S, steps+1, 4], a [S, steps, 2], mu [S, steps] of many seeds.

    `mus` fixes each session's friction; otherwise it is drawn from its seed.
    """
    streams = []
    for i, seed in enumerate(seeds):
        one = replace(settings, seed=int(seed))
        if mus is not None:
            one = replace(one, world=replace(one.world, mu=float(mus[i])))
        streams.append(WorldStream(one))
    return advance_together(streams, settings.steps)


def run_many(
    settings: Settings,
    base: Weights,
    seeds: Sequence[int],
    mus: Sequence[float] | None = None,
    *,
    block: int = CPU_BLOCK,
) -> Runs:
    """Run one session for every seed, `block` of them side by side, for `settings.steps` steps."""
    return run_on(settings, base, *worlds(settings, seeds, mus), block=block)


def run_on(
    settings: Settings, base: Weights, z: Floats, a: Floats, mu: Floats, *, block: int = CPU_BLOCK
) -> Runs:
    """The same on trajectories that are there already, as `worlds` returns them."""
    parts = [
        _run_block(settings, base, z[i : i + block], a[i : i + block])
        for i in range(0, len(a), block)
    ]
    errors, status, weights = zip(*parts, strict=True)
    baseline, adaptive = (np.concatenate(e) for e in zip(*errors, strict=True))
    return Runs(
        baseline,
        adaptive,
        z,
        a,
        mu,
        np.concatenate([s for s, _ in status]),
        status[0][1],
        {k: np.concatenate([w[k] for w in weights]) for k in weights[0]},
    )


def _run_block(settings: Settings, base: Weights, z: Floats, a: Floats) -> Any:
    learner = Learner(settings, base, sessions=len(a))
    chunk, errors, status, at = settings.plasticity.chunk, [], [], []
    for t in range(0, a.shape[1], chunk):
        if learner.due(t):
            status.append(learner.transact(t)["status"])
            at.append(t)
        end = min(t + chunk, a.shape[1])
        stretch = learner.predict(z[:, t : end + 1], a[:, t:end])
        errors.append((stretch.baseline_mse, stretch.adaptive_mse))
    baseline, adaptive = (np.concatenate(e, axis=1) for e in zip(*errors, strict=True))
    codes = [np.asarray(s.cpu()) for s in status]
    ends = np.stack(codes, axis=1) if codes else np.empty((len(a), 0), dtype=np.int64)
    return (baseline, adaptive), (ends, np.asarray(at, dtype=np.int64)), learner.weights
