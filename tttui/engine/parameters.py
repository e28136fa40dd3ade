"""Which parameters of a module are plastic, and what a set of weights is known by."""

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase

import torch
from torch import Tensor, nn

from tttui.artifacts.contenthash import tensor_digest, version_of
from tttui.model.errors import RefusedInput

Plastic = str | Sequence[str] | Callable[[str, nn.Parameter], bool]

SHOWN = 6
"""Names in a message."""


def chosen(module: nn.Module, plastic: Plastic) -> dict[str, nn.Parameter]:
    """The plastic parameters by name, in the module's order. Raises RefusedInput."""
    known = dict(module.named_parameters())
    if callable(plastic):
        found = {name: p for name, p in known.items() if plastic(name, p)}
        if not found:
            raise RefusedInput("plastic: the function chooses none of the module's parameters")
    else:
        patterns = [plastic] if isinstance(plastic, str) else list(plastic)
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name in known):
                some = ", ".join(list(known)[:SHOWN]) + (", ..." if len(known) > SHOWN else "")
                raise RefusedInput(f"plastic: no parameter is called {pattern}; there are {some}")
        found = {n: p for n, p in known.items() if any(fnmatchcase(n, one) for one in patterns)}
    for name, p in found.items():
        if not p.is_floating_point():
            raise RefusedInput(f"plastic: {name} holds {p.dtype}, which no optimizer can change")
    if not found:
        raise RefusedInput("plastic: names no parameter")
    return found


def content_hash(weights: Mapping[str, Tensor]) -> str:
    """The version of these weights: see `artifacts.contenthash`."""
    return version_of(_part(name, tensor.detach()) for name, tensor in weights.items())


def _part(name: str, tensor: Tensor) -> tuple[str, str, tuple[int, ...], bytes]:
    dtype = str(tensor.dtype).removeprefix("torch.")
    held = tensor.cpu().contiguous()
    array = (held.view(torch.int16) if dtype == "bfloat16" else held).numpy()
    return name, dtype, tuple(tensor.shape), tensor_digest(array)
