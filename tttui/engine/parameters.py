"""The plastic parameters of a module: selection, version and statistics."""

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase

import torch
from torch import Tensor, nn

from tttui.artifacts.contenthash import tensor_digest, version_of
from tttui.model.errors import RefusedInput

Plastic = str | Sequence[str] | Callable[[str, nn.Parameter], bool]

SHOWN = 6
"""Names in a message."""

ITERATIONS = 20
"""Of the power iteration for the largest singular value."""

DIGITS = 7
"""Of the figures in a record."""


def chosen(module: nn.Module, plastic: Plastic) -> dict[str, nn.Parameter]:
    """The plastic parameters by name, in the module's order. Raises RefusedInput."""
    known = dict(module.named_parameters())
    if callable(plastic):
        matches = {name: p for name, p in known.items() if plastic(name, p)}
        if not matches:
            raise RefusedInput("plastic: the function chooses none of the module's parameters")
    else:
        patterns = [plastic] if isinstance(plastic, str) else list(plastic)
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name in known):
                some = ", ".join(list(known)[:SHOWN]) + (", ..." if len(known) > SHOWN else "")
                raise RefusedInput(f"plastic: no parameter is called {pattern}; there are {some}")
        matches = {n: p for n, p in known.items() if any(fnmatchcase(n, one) for one in patterns)}
    for name, p in matches.items():
        if not p.is_floating_point():
            raise RefusedInput(f"plastic: {name} holds {p.dtype}, which no optimizer can change")
    if not matches:
        raise RefusedInput("plastic: names no parameter")
    return matches


def content_hash(weights: Mapping[str, Tensor]) -> str:
    """The version of these weights: see `artifacts.contenthash`."""
    return version_of(_part(name, tensor.detach()) for name, tensor in weights.items())


def _part(name: str, tensor: Tensor) -> tuple[str, str, tuple[int, ...], bytes]:
    dtype = str(tensor.dtype).removeprefix("torch.")
    host = tensor.cpu().contiguous()
    array = (host.view(torch.int16) if dtype == "bfloat16" else host).numpy()
    return name, dtype, tuple(tensor.shape), tensor_digest(array)


@torch.no_grad()
def figures(
    weights: Mapping[str, Tensor],
    before: Mapping[str, Tensor],
    base: Mapping[str, Tensor] | None = None,
) -> dict[str, object]:
    """Statistics by parameter name; `before` are the weights at the start of the transaction,
    `base` those from which `moved_fro` is measured."""
    return {
        name: _of(w.detach().float(), before[name].float(), None if base is None else base[name])
        for name, w in weights.items()
    }


def _of(now: Tensor, before: Tensor, base: Tensor | None) -> dict[str, float]:
    values = {
        "fro": now.norm(),
        "max_abs": now.abs().max(),
        "mean": now.mean(),
        "std": now.std(correction=0),
        "delta_fro": (now - before).norm(),
    }
    if base is not None:
        values["moved_fro"] = (now - base.float()).norm()
    if now.ndim >= 2:
        values["top_sv"] = top_singular_value(now.reshape(now.shape[0], -1))
    return {name: float(f"{float(value):.{DIGITS}g}") for name, value in values.items()}


def top_singular_value(matrix: Tensor) -> Tensor:
    """The largest singular value of a matrix [rows, cols], by power iteration from a fixed start.

    Never above the true one; a percent or so below where several are nearly as large.
    """
    v = matrix.T @ (matrix @ torch.cos(torch.arange(matrix.shape[1], device=matrix.device) + 1.0))
    for _ in range(ITERATIONS):
        v = v / v.norm().clamp_min(1e-30)
        v = matrix.T @ (matrix @ v)
    value: Tensor = v.norm().sqrt()
    return value
