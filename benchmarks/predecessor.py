"""The obvious loop that speed is compared with: modules step by step, autograd through a replay."""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from tttui.model.arrays import PLASTIC, Weights
from tttui.model.pointmass.settings import Settings


class StateSpace(nn.Module):
    """The model, one step at a time."""

    W_u: Tensor
    B: Tensor
    W_o: Tensor
    a_raw: Tensor

    def __init__(self, weights: Weights, dt: float) -> None:
        super().__init__()
        for name in PLASTIC:
            setattr(self, name, nn.Parameter(torch.tensor(weights[name])))
        self.register_buffer("a_raw", torch.tensor(weights["a_raw"]))
        self.dt = dt

    def forward(self, z: Tensor, a: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        """The prediction and the next hidden state; everything [1, size]."""
        u = functional.linear(torch.cat([z, a], dim=-1), self.W_u)
        h = torch.exp(-functional.softplus(self.a_raw) * self.dt) * h + functional.linear(u, self.B)
        return functional.linear(h, self.W_o), h


class PointMass:
    """The world, one step at a time."""

    def __init__(self, mu: float, dt: float) -> None:
        self.mu, self.dt = mu, dt
        self.position, self.velocity = torch.zeros(1, 2), torch.zeros(1, 2)

    def observe(self) -> Tensor:
        """z [1, 4]."""
        return torch.cat([self.position, self.velocity], dim=-1)

    def step(self, a: Tensor) -> Tensor:
        """The observation after action a [1, 2]."""
        self.velocity = (1.0 - self.mu) * self.velocity + a
        self.position = self.position + self.velocity * self.dt
        return self.observe()


class Loop:
    """Simulate, predict frozen, predict adaptive, and one update a chunk."""

    def __init__(self, settings: Settings, base: Weights, mu: float) -> None:
        self.settings, self.mu = settings, mu
        self.frozen = StateSpace(base, settings.model.dt).requires_grad_(False)
        self.plastic = StateSpace(base, settings.model.dt)
        p = settings.plasticity
        self.optimizer = torch.optim.Muon(
            self.plastic.parameters(), lr=p.lr, weight_decay=0.0, momentum=p.momentum
        )

    def run(self, steps: int) -> tuple[list[float], list[float]]:
        """The errors of both models over so many steps."""
        p, world = self.settings.plasticity, PointMass(self.mu, self.settings.world.dt)
        z = world.observe()
        frozen_h = adaptive_h = torch.zeros(1, self.settings.model.n_state)
        buffer: list[tuple[Tensor, Tensor, Tensor]] = []
        errors: tuple[list[float], list[float]] = ([], [])
        for t in range(steps):
            if t and t % p.chunk == 0:
                self.update(buffer[-p.buffer_len :])
            a = torch.randn(1, 2) * self.settings.world.action_std
            following = world.step(a)
            with torch.no_grad():
                frozen, frozen_h = self.frozen(z, a, frozen_h)
                adaptive, adaptive_h = self.plastic(z, a, adaptive_h)
                errors[0].append(functional.mse_loss(frozen, following).item())
                errors[1].append(functional.mse_loss(adaptive, following).item())
            buffer.append((z, a, following))
            z = following
        return errors

    def replay(self, buffer: list[tuple[Tensor, Tensor, Tensor]]) -> Tensor:
        """The loss over the buffer from h = 0."""
        h, losses = torch.zeros(1, self.settings.model.n_state), []
        for z, a, following in buffer:
            predicted, h = self.plastic(z, a, h)
            losses.append(functional.mse_loss(predicted, following))
        return torch.stack(losses).mean()

    def update(self, buffer: list[tuple[Tensor, Tensor, Tensor]]) -> None:
        """Snapshot, gradient by autograd, one step of Muon, measure again, keep or roll back."""
        p = self.settings.plasticity
        kept = copy.deepcopy((self.plastic.state_dict(), self.optimizer.state_dict()))
        self.optimizer.zero_grad()
        before = self.replay(buffer)
        before.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.plastic.parameters(), float("inf"))
        self.optimizer.step()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            after = self.replay(buffer)
        good = after <= (1.0 + p.rollback_tol) * before and norm <= p.grad_norm_max
        if not good:
            self.plastic.load_state_dict(kept[0])
            self.optimizer.load_state_dict(kept[1])
