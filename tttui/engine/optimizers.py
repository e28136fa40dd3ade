"""The optimizers of the engine for any module: SGD, AdamW, and Muon in float32.

`torch.optim.Muon` iterates in bfloat16, which a CPU computes some fifty times slower, and whose
rounding is half of a step's norm.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any, Literal, get_args, overload

import torch
from torch import Tensor
from torch.optim import SGD, AdamW, Optimizer

from tttui.dynamics.muon import newton_schulz

OptimizerName = Literal["sgd", "adamw", "muon"]

OPTIMIZERS: tuple[str, ...] = get_args(OptimizerName)

ADAM_SHARE = 0.15
"""Muon: the learning rate of what is no matrix, as a share of that of the matrices."""


class Muon(Optimizer):
    """Matrices by their orthogonalised momentum (Jordan et al. 2024), everything else by AdamW.

    Matrices of one shape are orthogonalised together. A tensor of more than two axes counts as
    a matrix with its first axis as rows.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 0.02,
        *,
        momentum: float = 0.95,
        nesterov: bool = True,
        weight_decay: float = 0.0,
        ns_steps: int = 5,
        betas: tuple[float, float] = (0.9, 0.95),
        eps: float = 1e-8,
    ) -> None:
        listed = list(params)
        matrices = [p for p in listed if p.ndim >= 2]
        rest = [p for p in listed if p.ndim < 2]
        groups = [
            {"params": matrices, "lr": lr, "matrices": True},
            {"params": rest, "lr": lr * ADAM_SHARE, "matrices": False},
        ]
        shared: dict[str, Any] = {
            "momentum": momentum,
            "nesterov": nesterov,
            "weight_decay": weight_decay,
        }
        shared |= {"ns_steps": ns_steps, "betas": betas, "eps": eps}
        super().__init__([g for g in groups if g["params"]], shared)

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """One step with the current gradients."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if group["matrices"]:
                self._orthogonal(params, group)
            else:
                self._adam(params, group)
        return loss

    def _orthogonal(self, params: list[Tensor], group: dict[str, Any]) -> None:
        def shape(p: Tensor) -> tuple[int, int]:
            return p.shape[0], p.numel() // p.shape[0]

        for (rows, cols), alike in groupby(sorted(params, key=shape), key=shape):
            same = list(alike)
            gradients = [p.grad.float() for p in same if p.grad is not None]
            buffers = []
            for p, gradient in zip(same, gradients, strict=True):
                state = self.state[p]
                if "momentum_buffer" not in state:
                    state["momentum_buffer"] = torch.zeros_like(gradient)
                buffers.append(state["momentum_buffer"])
            torch._foreach_lerp_(buffers, gradients, 1.0 - group["momentum"])
            ahead = buffers
            if group["nesterov"]:
                ahead = list(torch._foreach_lerp(gradients, buffers, group["momentum"]))
            stacked = torch.stack([a.reshape(rows, cols) for a in ahead])
            moves = newton_schulz(stacked, group["ns_steps"])
            scale = group["lr"] * max(1.0, rows / cols) ** 0.5
            for p, move in zip(same, moves, strict=True):
                p.mul_(1.0 - group["lr"] * group["weight_decay"])
                p.sub_((scale * move).reshape(p.shape).to(p.dtype))

    def _adam(self, params: list[Tensor], group: dict[str, Any]) -> None:
        first, second = group["betas"]
        for p in params:
            assert p.grad is not None
            gradient, state = p.grad.float(), self.state[p]
            if "step" not in state:
                state["step"] = 0
                state["exp_avg"] = torch.zeros_like(gradient)
                state["exp_avg_sq"] = torch.zeros_like(gradient)
            state["step"] += 1
            state["exp_avg"].lerp_(gradient, 1.0 - first)
            state["exp_avg_sq"].lerp_(gradient.square(), 1.0 - second)
            mean = state["exp_avg"] / (1.0 - first ** state["step"])
            spread = (state["exp_avg_sq"] / (1.0 - second ** state["step"])).sqrt()
            p.mul_(1.0 - group["lr"] * group["weight_decay"])
            p.sub_((group["lr"] * mean / (spread + group["eps"])).to(p.dtype))


def new_optimizer(
    name: OptimizerName,
    params: Iterable[Tensor],
    lr: float,
    *,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
) -> Optimizer:
    """An optimizer over `params`, by its name."""
    if name == "sgd":
        return SGD(params, lr=lr, momentum=momentum, weight_decay=weight_decay, foreach=True)
    if name == "adamw":
        return AdamW(params, lr=lr, betas=(0.9, 0.95), weight_decay=weight_decay, foreach=True)
    return Muon(params, lr, momentum=momentum, weight_decay=weight_decay)


def gradients(
    losses: Tensor, parameters: Sequence[Tensor], clip: float, scales: Sequence[Tensor] | None
) -> float:
    """Put the gradients of the mean loss into the parameters; returns their norm.

    They are clipped to the norm `clip` (0: not at all), and then multiplied by `scales`, one
    for each parameter.
    """
    torch.autograd.backward(losses.float().mean())
    grads = [p.grad for p in parameters if p.grad is not None]
    norms = torch._foreach_norm([g.float() for g in grads])
    norm = float(torch.stack(norms).norm())
    if clip and norm > clip and math.isfinite(norm):
        torch._foreach_mul_(grads, clip / norm)
    if scales is not None:
        factors = zip(parameters, scales, strict=True)
        torch._foreach_mul_(grads, [scale for p, scale in factors if p.grad is not None])
    return norm
