"""Many sessions at once: the same learner on blocks that fit the cache, or on a whole GPU.

On a GPU one chunk (predict, then a transaction) is captured as a graph, since launching its
small kernels one by one would take longer than running them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tttui.dynamics.backend import Array, on_host
from tttui.model.arrays import Floats, Ints, Weights
from tttui.model.dataclass import dataclass
from tttui.model.pointmass.settings import Settings
from tttui.tasks.pointmass.engine.learner import Learner
from tttui.tasks.pointmass.world import WorldStream, advance_together

CPU_BLOCK = 64
"""Sessions that learn side by side on a CPU: their buffers still fit its cache."""


WARM_UP = 3
"""Transactions before a chunk is recorded: libraries prepare themselves at their first calls."""

EACH = dict.fromkeys(
    (
        *("lr", "momentum", "weight_decay", "whiten_eps", "anchor", "forget"),
        *("rollback_tol", "grad_norm_max", "state_norm_max"),
    ),
    np.float64,
) | {"probation": np.float32}
"""Settings of which sessions side by side may each have their own, where they are not 0, with
the type of number in which they are computed with. All others decide what is done, or on which
shapes."""


@dataclass(frozen=True, slots=True, eq=False)
class ManyRuns:
    """The results of many sessions: errors [sessions, steps] and the status of each transaction."""

    frozen: Floats
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
) -> ManyRuns:
    """Run one session for every seed, `block` of them side by side, for `settings.steps` steps."""
    return run_on(settings, base, *worlds(settings, seeds, mus), block=block)


def run_on(
    settings: Settings, base: Weights, z: Floats, a: Floats, mu: Floats, *, block: int = CPU_BLOCK
) -> ManyRuns:
    """`run_many` on given trajectories, as `worlds` returns them."""
    blocks = [
        SessionBlock(settings, base, z[i : i + block], a[i : i + block])
        for i in range(0, len(a), block)
    ]
    for one in blocks:
        while one.advance():
            pass
    return ManyRuns(
        np.concatenate([one.frozen for one in blocks]),
        np.concatenate([one.adaptive for one in blocks]),
        z,
        a,
        mu,
        np.concatenate([one.status for one in blocks]),
        np.asarray(blocks[0].status_t, dtype=np.int64),
        {k: np.concatenate([one.weights[k] for one in blocks]) for k in blocks[0].weights},
    )


class SessionBlock:
    """Sessions computed side by side, a chunk at a time."""

    def __init__(
        self,
        settings: Settings,
        base: Weights,
        z: Floats,
        a: Floats,
        start: Weights | None = None,
        each: Mapping[str, Floats] | None = None,
        *,
        torch: bool = False,
    ) -> None:
        """On the trajectories z [S, steps+1, 4], a [S, steps, 2]; `start` are plastic weights
        that all begin with, where these are not the base's; `each` the settings of EACH that
        the sessions [S] have of their own, none of them 0. `torch`: on tensors, on the CPU as
        well."""
        own = {name: values.astype(EACH[name]) for name, values in (each or {}).items()}
        self._learner = Learner(settings, base, start=start, sessions=len(a), each=own, torch=torch)
        self._chunk, self._steps = settings.plasticity.chunk, int(a.shape[1])
        self._z, self._a = self._learner.on_device(z), self._learner.on_device(a)
        self._captures = settings.device != "cpu"
        self._graph: ChunkGraph | None = None
        self._errors: list[Sequence[Array]] = []
        self._status: list[Array] = []
        self.t = 0
        """The step that is predicted next."""
        self.status_t: list[int] = []
        """Step of each transaction so far."""

    def advance(self) -> bool:
        """One transaction, where it is due, and the predictions up to the next; whether there
        is more to do."""
        t, end = self.t, min(self.t + self._chunk, self._steps)
        rows, actions = self._z[:, t : end + 1], self._a[:, t:end]
        learner, whole = self._learner, end - t == self._chunk
        due = learner.due(t)
        if self._captures and due and whole and len(self.status_t) == WARM_UP:
            self._graph = ChunkGraph(learner, t, rows, actions)
        if self._graph is not None and whole:
            code, *errors = self._graph.run(t, rows, actions)
        else:
            code = learner.transact(t)["status"] if due else None
            errors = list(learner.forecast(rows, actions)[:2])
        self._errors.append(errors)
        if due:
            self._status.append(code)
            self.status_t.append(t)
        self.t = end
        return end < self._steps

    @property
    def frozen(self) -> Floats:
        """Errors of the frozen model so far [S, t]."""
        return self._joined(0)

    @property
    def adaptive(self) -> Floats:
        """Errors of the adaptive model so far [S, t]."""
        return self._joined(1)

    @property
    def status(self) -> Ints:
        """Index of STATUSES, [S, transactions so far]."""
        if not self._status:
            return np.empty((len(self._a), 0), dtype=np.int64)
        return np.stack([on_host(code) for code in self._status], axis=1)

    @property
    def weights(self) -> Weights:
        """Plastic weights in force [S, rows, cols]."""
        return self._learner.weights

    def _joined(self, which: int) -> Floats:
        return np.concatenate([on_host(errors[which]) for errors in self._errors], axis=1)


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
        frozen, adaptive, *_ = learner.forecast(self._z, self._a)
        learner.settle(self._state)
        return status, frozen, adaptive

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
