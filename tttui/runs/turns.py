"""Several sessions on one base in one process: one learner in memory, the sessions take turns.

A host holds the base once: the module and its frozen twin, or a few matrices. A session is a
state (weights, optimizer, all that its learner needs to go on exactly), which is put in force for a
turn and taken back after it: so it computes bit for bit what it would alone.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from tttui.model.arrays import Floats
from tttui.model.errors import RefusedInput

State = Mapping[str, Any]
"""Plain data and numpy arrays: what a `.pt` file may hold."""


class Host(ABC):
    """One base and one learner; `State`s of sessions come and go."""

    steps: int
    """Of every session."""
    unit: int = 1
    """Steps that are always computed together, since the last bits can depend on that."""

    @abstractmethod
    def begin(self, weights: Mapping[str, Any] | None) -> State:
        """The state of a session at step 0 that starts with these plastic weights, or the base's.

        Raises RefusedInput where they do not fit the base.
        """

    @abstractmethod
    def put(self, state: State) -> None:
        """Load a state into the learner."""

    @abstractmethod
    def take(self) -> State:
        """The state in force, as a copy."""

    @abstractmethod
    def advance(self, t: int, steps: int) -> tuple[Floats, Floats]:
        """Score and learn from steps t .. t + steps - 1 of the stream, at most to its end.

        Returns the losses of the adaptive and the frozen model [steps], NaN where the frozen one
        was not scored. Results are exact if every turn ends at a multiple of `unit`.
        """


def host_of(task: str, values: Mapping[str, Any], base: Mapping[str, Any] | None) -> Host:
    """A host of sessions with these settings, by the name of their task.

    `base` are the weights of a base that the settings do not name, by parameter.
    """
    from tttui.runs.runner import named_runner

    runner = named_runner(task)
    return runner.host(runner.choose(values), base)


class TaskHost(Host):
    """A task of the engine for any module: all sessions read the settings' stream."""

    def __init__(self, settings: Any) -> None:
        from tttui.runs.taskbuild import steps_of
        from tttui.runs.taskstepper import new_learner

        self._task, self._learner = new_learner(settings, None)
        self._task.take_in(wait=True)
        self.steps = steps_of(self._task, settings) or 0
        self._fresh = self._learner.state_dict()

    def begin(self, weights: Mapping[str, Any] | None) -> State:
        from tttui.engine.tensorstate import as_arrays, as_tensors

        if weights is None:
            return as_arrays(self._fresh)
        plastic = self._learner.plastic
        refuse_other_shapes(weights, {name: tuple(p.shape) for name, p in plastic.items()})
        own = as_tensors({name: weights[name] for name in plastic})
        return as_arrays(
            {**self._fresh, "weights": {name: own[name].to(p) for name, p in plastic.items()}}
        )

    def put(self, state: State) -> None:
        from tttui.engine.tensorstate import as_tensors

        self._learner.load_state_dict(as_tensors(state))

    def take(self) -> State:
        from tttui.engine.tensorstate import as_arrays

        return as_arrays(self._learner.state_dict())

    def advance(self, t: int, steps: int) -> tuple[Floats, Floats]:
        adaptive, frozen = [], []
        for at in range(t, min(t + steps, self.steps)):
            seen = self._learner.observe(self._task.batch(at))
            adaptive.append(seen.adaptive)
            frozen.append(np.nan if seen.frozen is None else seen.frozen)
        return np.array(adaptive), np.array(frozen)


def size_of(state: Any) -> int:
    """Bytes of all arrays of a state."""
    if isinstance(state, np.ndarray):
        return int(state.nbytes)
    if isinstance(state, Mapping):
        return sum(map(size_of, state.values()))
    return sum(map(size_of, state)) if isinstance(state, (list, tuple)) else 0


def refuse_other_shapes(weights: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raise RefusedInput where a parameter is missing, or has not the shape that is wanted."""
    for name, shape in shapes.items():
        value = weights.get(name)
        if value is None or tuple(value.shape) != shape:
            has = "is missing" if value is None else f"has shape {list(value.shape)}"
            raise RefusedInput(f"{name} {has}, the model needs {list(shape)}")
