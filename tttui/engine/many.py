"""Many sessions at once: the same learner on blocks that fit the cache, or on a whole GPU.

On a GPU one chunk (predict, then a transaction) is captured as a graph, since launching its
small kernels one by one would take longer than running them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tttui.dynamics.backend import Array
from tttui.engine.learner import Learner
from tttui.model.arrays import Floats, Ints, Weights
from tttui.model.settings import Settings
from tttui.tasks.pointmass.world import WorldStream, advance_together

CPU_BLOCK = 64
"""Sessions that learn side by side on a CPU: their buffers still fit its cache."""


WARM_UP = 3
"""Transactions before a chunk is recorded: libraries prepare themselves at their first calls."""


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
    chunk, steps = settings.plasticity.chunk, a.shape[1]
    seen, done = learner.on_device(z), learner.on_device(a)
    graph: ChunkGraph | None = None
    errors, status = [], []
    at: list[int] = []
    for t in range(0, steps, chunk):
        end = min(t + chunk, steps)
        rows, actions = seen[:, t : end + 1], done[:, t:end]
        due = learner.due(t)
        if graph is None and due and seen.is_cuda and len(at) == WARM_UP and end - t == chunk:
            graph = ChunkGraph(learner, t, rows, actions)
        if graph is not None and end - t == chunk:
            code, *error = graph.run(t, rows, actions)
        else:
            code = learner.transact(t)["status"] if due else None
            error = list(learner.forecast(rows, actions)[:2])
        errors.append(error)
        if due:
            status.append(code)
            at.append(t)
    baseline, adaptive = (
        np.concatenate([x.cpu() for x in e], 1) for e in zip(*errors, strict=True)
    )
    codes = [np.asarray(s.cpu()) for s in status]
    ends = np.stack(codes, axis=1) if codes else np.empty((len(a), 0), dtype=np.int64)
    return (baseline, adaptive), (ends, np.asarray(at, dtype=np.int64)), learner.weights


class ChunkGraph:
    """One chunk, a transaction and the predictions after it, recorded once and then replayed.

    The learner's state stays in the tensors that it lay in when the chunk was recorded. On the
    CPU, which has no graphs, the same work runs step by step.
    """

    def __init__(self, learner: Learner, t: int, z: Array, a: Array) -> None:
        """Record with the learner as it is before step t; nothing is learned by recording."""
        import torch

        self._learner = learner
        self._z, self._a = z.clone(), a.clone()
        self._t = torch.full((), t, dtype=torch.int64, device=z.device)
        self._state = learner.tensors()
        self._graph: Any = None
        if z.is_cuda:
            torch.cuda.synchronize(z.device)
            self._graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self._graph):
                self._out = self._work()

    def _work(self) -> tuple[Array, Array, Array]:
        learner = self._learner
        status = learner.transact(self._t)["status"]
        baseline, adaptive, *_ = learner.forecast(self._z, self._a)
        learner.settle(self._state)
        return status, baseline, adaptive

    def run(self, t: int, z: Array, a: Array) -> list[Array]:
        """Status [S] and both errors [S, chunk] of the chunk from step t on."""
        self._t.fill_(t)
        self._z.copy_(z)
        self._a.copy_(a)
        if self._graph is None:
            self._out = self._work()
        else:
            self._graph.replay()
        self._learner.count(t + a.shape[1])
        return [out.clone() for out in self._out]
