"""The parts of a module: plastic parameters, buffers, its tree. Does not import torch."""

from collections.abc import Container, Iterator, MutableMapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from tttui.model.errors import RecorderError
from tttui.recorder.tensors import Tensor, check_floating, dtype_name

Module = Any
"""A torch.nn.Module."""

Patterns = str | Sequence[str] | None
"""Names of parameters with the wildcards of a shell: `*norm*.weight`."""

NAMES_SHOWN = 6


def is_module(x: Any) -> bool:
    return hasattr(x, "named_parameters") and hasattr(x, "named_modules")


Places = dict[str, tuple[MutableMapping[str, Any], str]]
"""Where parameters or buffers of a module are kept, by name: what is replaced is found there."""


def current(places: Places) -> dict[str, Tensor]:
    """The tensors at these places now, without removed ones."""
    return {n: x for n, (holder, key) in places.items() if (x := holder.get(key)) is not None}


def plastic_places(model: Module, patterns: Patterns) -> Places:
    """The parameters whose names match; without patterns those that take gradients.

    Raises RecorderError if nothing matches, or a match cannot be learned.
    """
    names = [patterns] if isinstance(patterns, str) else patterns
    places: Places = {}
    known = []
    for name, holder, key, tensor in _members(model, "_parameters"):
        known.append(name)
        if names is None:
            chosen = tensor.requires_grad
        else:
            chosen = any(fnmatchcase(name, pattern) for pattern in names)
        if chosen:
            check_floating(name, tensor)
            places[name] = (holder, key)
    if not places:
        some = ", ".join(known[:NAMES_SHOWN]) + (", ..." if len(known) > NAMES_SHOWN else "")
        which = "takes gradients" if names is None else f"matches plastic={patterns!r}"
        raise RecorderError(f"no parameter {which}; the module has {some or 'none at all'}")
    return places


def buffer_places(model: Module) -> Places:
    """The places of all non-empty buffers of a module."""
    return {name: (holder, key) for name, holder, key, _ in _members(model, "_buffers")}


def module_tree(model: Module, plastic: Container[str]) -> list[dict[str, Any]]:
    """Every module with its type and its own parameters, in order, as meta.json has them."""
    return [
        {
            "path": path,
            "type": type(module).__name__,
            "parameters": [
                {
                    "name": key,
                    "shape": list(tensor.shape),
                    "dtype": dtype_name(tensor),
                    "plastic": (f"{path}.{key}" if path else key) in plastic,
                }
                for key, tensor in module._parameters.items()
                if tensor is not None
            ],
        }
        for path, module in model.named_modules()
    ]


def _members(
    model: Module, kind: str
) -> Iterator[tuple[str, MutableMapping[str, Any], str, Tensor]]:
    """Name, holder, key and tensor of every parameter or buffer; shared ones once."""
    seen: set[int] = set()
    for path, module in model.named_modules():
        holder: MutableMapping[str, Any] = getattr(module, kind)
        for key, tensor in holder.items():
            if tensor is not None and id(tensor) not in seen:
                seen.add(id(tensor))
                yield (f"{path}.{key}" if path else key), holder, key, tensor
