"""Figures of plastic weights for the record: size, spread, change, largest singular value."""

from collections.abc import Mapping

import torch
from torch import Tensor

ITERATIONS = 20
"""Of the power iteration for the largest singular value."""

DIGITS = 7


@torch.no_grad()
def figures(
    weights: Mapping[str, Tensor],
    before: Mapping[str, Tensor],
    base: Mapping[str, Tensor] | None = None,
) -> dict[str, object]:
    """By name; `before` are the weights that the transaction began with, `base` those from which
    `moved_fro` counts."""
    return {
        name: _of(w.detach().float(), before[name].float(), None if base is None else base[name])
        for name, w in weights.items()
    }


def _of(now: Tensor, before: Tensor, base: Tensor | None) -> dict[str, float]:
    found = {
        "fro": now.norm(),
        "max_abs": now.abs().max(),
        "mean": now.mean(),
        "std": now.std(correction=0),
        "delta_fro": (now - before).norm(),
    }
    if base is not None:
        found["moved_fro"] = (now - base.float()).norm()
    if now.ndim >= 2:
        found["top_sv"] = top_singular_value(now.reshape(now.shape[0], -1))
    return {name: float(f"{float(value):.{DIGITS}g}") for name, value in found.items()}


def top_singular_value(matrix: Tensor) -> Tensor:
    """The largest singular value of a matrix [rows, cols], by power iteration from a fixed start.

    Never above the true one; a percent or so below where several are nearly as large.
    """
    v = matrix.T @ (matrix @ torch.cos(torch.arange(matrix.shape[1], device=matrix.device) + 1.0))
    for _ in range(ITERATIONS):
        v = v / v.norm().clamp_min(1e-30)
        v = matrix.T @ (matrix @ v)
    found: Tensor = v.norm().sqrt()
    return found
