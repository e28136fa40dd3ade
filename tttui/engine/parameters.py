"""Which parameters of a module are plastic, and what a set of weights is known by."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase

import torch
from torch import Tensor, nn

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
    """The first 16 hexadecimal digits of the SHA-256 of names, shapes, types and bytes."""
    total = hashlib.sha256()
    for name, tensor in weights.items():
        held = tensor.detach().cpu().contiguous()
        total.update(f"{name} {list(held.shape)} {held.dtype}\n".encode())
        total.update(held.reshape(-1).view(torch.uint8).numpy().data)
    return total.hexdigest()[:16]
