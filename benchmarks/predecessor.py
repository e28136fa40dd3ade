"""The obvious loop that speed is compared with: torch operations step by step, autograd replay."""

import numpy as np
import torch
from torch import Tensor

from tttui.model.arrays import PLASTIC, Weights
from tttui.model.settings import Settings

COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def orthogonal(G: Tensor, steps: int = 5) -> Tensor:
    """Newton-Schulz as Muon's reference does it."""
    a, b, c = COEFFICIENTS
    X = G / (G.norm() + 1e-7)
    tall = X.shape[0] > X.shape[1]
    X = X.T if tall else X
    for _ in range(steps):
        A = X @ X.T
        X = a * X + (b * A + c * A @ A) @ X
    return X.T if tall else X


class Loop:
    """Simulate, predict frozen, predict adaptive, and one update a chunk, each step by itself."""

    def __init__(self, settings: Settings, base: Weights, mu: float) -> None:
        self.settings, self.mu = settings, mu
        self.frozen = {k: torch.from_numpy(np.array(base[k])) for k in PLASTIC}
        self.plastic = {k: w.clone().requires_grad_() for k, w in self.frozen.items()}
        self.momentum = {k: torch.zeros_like(w) for k, w in self.frozen.items()}
        a_raw = torch.from_numpy(np.array(base["a_raw"]))
        self.decay = torch.exp(-torch.nn.functional.softplus(a_raw))

    def step(self, weights: dict[str, Tensor], h: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """The next hidden state and the prediction."""
        h = self.decay * h + weights["B"] @ (weights["W_u"] @ x)
        return h, weights["W_o"] @ h

    def run(self, steps: int) -> tuple[list[float], list[float]]:
        """The errors of both models over so many steps."""
        p, generator = self.settings.plasticity, torch.Generator().manual_seed(0)
        position, velocity = torch.zeros(2), torch.zeros(2)
        frozen_h = adaptive_h = torch.zeros(len(self.decay))
        buffer: list[tuple[Tensor, Tensor]] = []
        errors: tuple[list[float], list[float]] = ([], [])
        for t in range(steps):
            if t and t % p.chunk == 0:
                self.update(buffer[-p.buffer_len :])
            a = torch.randn(2, generator=generator) * self.settings.world.action_std
            x = torch.cat([position, velocity, a])
            velocity = (1.0 - self.mu) * velocity + a
            position = position + velocity * self.settings.world.dt
            z = torch.cat([position, velocity])
            with torch.no_grad():
                frozen_h, frozen = self.step(self.frozen, frozen_h, x)
                adaptive_h, adaptive = self.step(self.plastic, adaptive_h, x)
                errors[0].append(float(torch.mean((frozen - z) ** 2)))
                errors[1].append(float(torch.mean((adaptive - z) ** 2)))
            buffer.append((x, z))
        return errors

    def replay(self, buffer: list[tuple[Tensor, Tensor]]) -> Tensor:
        """The loss over the buffer from h = 0."""
        h, loss = torch.zeros(len(self.decay)), torch.zeros(())
        for x, z in buffer:
            h, predicted = self.step(self.plastic, h, x)
            loss = loss + torch.mean((predicted - z) ** 2)
        return loss / len(buffer)

    def update(self, buffer: list[tuple[Tensor, Tensor]]) -> None:
        """Snapshot, gradient by autograd, one step of Muon, measure again, keep or roll back."""
        p = self.settings.plasticity
        kept = {k: w.detach().clone() for k, w in self.plastic.items()}
        before = self.replay(buffer)
        gradients = torch.autograd.grad(before, list(self.plastic.values()))
        with torch.no_grad():
            for (k, w), g in zip(self.plastic.items(), gradients, strict=True):
                self.momentum[k].lerp_(g, 1.0 - p.momentum)
                step = orthogonal(g.lerp(self.momentum[k], p.momentum), p.ns_steps)
                w -= p.lr * step * max(1.0, w.shape[0] / w.shape[1]) ** 0.5
            after = self.replay(buffer)
            norm = torch.sqrt(sum((g * g).sum() for g in gradients))
            if not (after <= (1.0 + p.rollback_tol) * before and norm <= p.grad_norm_max):
                for k, w in self.plastic.items():
                    w.copy_(kept[k])
