"""The plastic tensors, however they are specified, and those that the history keeps."""

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from tttui.artifacts.history import header, record_dtype
from tttui.artifacts.tensorwriter import Stored
from tttui.model.errors import RecorderError
from tttui.recorder.modules import Module, Places, current, plastic_places
from tttui.recorder.tensors import Tensor, check_floating
from tttui.recorder.watched import Watched

SNAPSHOTS = 64
"""So many snapshots of everything that is kept have room in the history, before it is thinned."""

HEADER_BYTES = 9_000
"""The names and shapes of what is kept must have room in the header of a .npy file."""

Getter = Callable[[], Mapping[str, Tensor]]


class Sources:
    """All plastic tensors: parameters of a module, a mapping, and results of getters."""

    def __init__(self, model: Module | None, plastic: Any) -> None:
        self._places: Places = {}
        self._getters: list[Getter] = []
        if model is not None and not isinstance(plastic, Mapping) and not callable(plastic):
            self._places = plastic_places(model, plastic)
        elif callable(plastic):
            self.add(plastic)
        elif isinstance(plastic, Mapping):
            self.add(lambda: plastic)
        elif plastic is not None:
            raise RecorderError(
                f"plastic={plastic!r} are names of parameters, so the module has to be given as "
                "well: Recorder(path, model, plastic=...)"
            )

    def __call__(self) -> dict[str, Tensor]:
        """The tensors as they are now, in order."""
        tensors = current(self._places)
        for getter in self._getters:
            tensors.update(getter())
        return tensors

    def add(self, getter: Getter) -> None:
        """Add a getter of further tensors. Raises RecorderError if it gives no weights by name."""
        tensors = getter()
        if not isinstance(tensors, Mapping):
            raise RecorderError(f"plastic: {tensors!r:.60} is no mapping of names to tensors")
        known = self()
        for name, x in tensors.items():
            if not isinstance(name, str) or not name or name in known:
                raise RecorderError(f"plastic: {name!r:.60} is no name, or that of two tensors")
            check_floating(name, x)
        if not tensors:
            raise RecorderError("plastic: there is not a single tensor")
        self._getters.append(getter)


def chosen_for_history(
    tensors: Mapping[str, Stored], patterns: str | Sequence[str] | None, budget: int
) -> list[str]:
    """The names of the weights that the history holds: those that match, or else the smallest
    ones, as long as SNAPSHOTS of all of them fit the budget of bytes."""
    names = [patterns] if isinstance(patterns, str) else patterns
    able = [name for name, x in tensors.items() if _storable(name) and x.array.size]
    if names is not None:
        able = [name for name in able if any(fnmatchcase(name, p) for p in names)]
        if not able:
            raise RecorderError(f"keep={patterns!r} matches no plastic tensor")
    chosen: set[str] = set()
    room = budget // (2 if names is not None else SNAPSHOTS)
    for name in sorted(able, key=lambda name: tensors[name].array.size):
        room -= tensors[name].array.size * 4
        shapes = {n: history_shape(tensors[n].shape) for n in able if n in chosen or n == name}
        if room < 0 or len(header(record_dtype(shapes), 0)) > HEADER_BYTES:
            break
        chosen.add(name)
    return [name for name in tensors if name in chosen]


def history_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a tensor in the history, where a single number is a vector of one."""
    return shape or (1,)


def for_history(stored: Stored) -> np.ndarray[Any, Any]:
    """A tensor as the history holds it: float32."""
    with np.errstate(over="ignore"):
        numbers = stored.numbers().astype(np.float32, copy=False)
    return numbers.reshape(history_shape(stored.shape))


def _storable(name: str) -> bool:
    return name != "t" and name.isascii() and name.isprintable()


def weights_meta(weights: Watched) -> dict[str, Any]:
    """The plastic weights for meta.json: each of them in order, and their version."""
    entries = [
        {"name": name, "shape": list(x.shape), "dtype": x.dtype}
        for name, x in weights.stored().items()
    ]
    return {"plastic": entries, "base_version": weights.version()}
