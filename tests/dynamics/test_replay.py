"""Learning from a buffer: gradients against autograd, the line search, the memories."""

from typing import Any

import numpy as np
import pytest
import torch

from tttui.dynamics import muon, replay, ssm
from tttui.model.arrays import PLASTIC, Floats
from tttui.model.pointmass.settings import PRESETS, Plasticity

RNG = np.random.default_rng(0)
DECAYS = np.linspace(0.01, 0.6, 12)
ROWS = 40


def weights(rng: np.random.Generator) -> dict[str, Floats]:
    return {
        "W_u": rng.normal(0.0, 0.4, (8, 6)),
        "B": rng.normal(0.0, 0.4, (12, 8)),
        "W_o": rng.normal(0.0, 0.4, (4, 12)),
    }


def buffer(weight: Floats | None = None) -> tuple[replay.Replay, Floats, Floats]:
    """A replay of random inputs from rest, and its x [40, 6] and y [40, 4]."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(ROWS, 6)), rng.normal(size=(ROWS, 4))
    memory = ssm.Memory(DECAYS, 64)
    Z, _ = memory.filter(x.T, np.zeros((6, len(DECAYS))))
    w = np.ones(ROWS) if weight is None else weight
    return replay.Replay.of(x.T, Z, y.T, w, memory.U), x, y


def by_autograd(W: dict[str, Floats], x: Floats, y: Floats) -> tuple[float, dict[str, Floats]]:
    """Loss and gradients of the plain recurrence, step by step in float64."""
    p = {k: torch.tensor(v, dtype=torch.float64, requires_grad=True) for k, v in W.items()}
    h, losses = torch.zeros(len(DECAYS), dtype=torch.float64), []
    for row, target in zip(torch.tensor(x), torch.tensor(y), strict=True):
        h = torch.tensor(DECAYS) * h + p["B"] @ (p["W_u"] @ row)
        losses.append(torch.mean((p["W_o"] @ h - target) ** 2))
    loss = torch.stack(losses).mean()
    result = torch.autograd.grad(loss, [p[k] for k in PLASTIC])
    return float(loss.detach()), {k: g.numpy() for k, g in zip(PLASTIC, result, strict=True)}


def test_loss_and_gradients_are_those_of_autograd_through_the_recurrence() -> None:
    r, x, y = buffer()
    W = weights(RNG)
    E = W["W_o"] @ r.states(W) - r.y
    loss, expected = by_autograd(W, x, y)
    assert replay.squares(E) == pytest.approx(loss, rel=1e-5)
    result = replay.gradients(W, r.U, 2.0 * E @ r.Z.mT)
    for k in PLASTIC:
        np.testing.assert_allclose(result[k], expected[k], atol=1e-6 * np.abs(expected[k]).max())


def test_rows_without_weight_change_nothing() -> None:
    used = np.arange(ROWS) % 3 > 0
    r, _, _ = buffer(used.astype(np.float64))
    W = weights(np.random.default_rng(2))
    full, _, _ = buffer()
    errors = np.sum((W["W_o"] @ full.states(W) - full.y) ** 2, axis=0) * ROWS
    assert replay.squares(W["W_o"] @ r.states(W) - r.y) == pytest.approx(errors[used].mean())


def test_the_path_is_how_the_readout_moves() -> None:
    rng = np.random.default_rng(3)
    W, step, s = weights(rng), weights(rng), 0.3
    U = ssm.memory_basis(DECAYS)

    def readout(w: dict[str, Floats]) -> Any:
        return ssm.readout(U, w["W_o"], w["B"] @ w["W_u"])

    moved = readout({k: W[k] - s * step[k] for k in PLASTIC}) - readout(W)
    terms = replay.path(W, step, U).reshape(3, *moved.shape)
    np.testing.assert_allclose(s * terms[0] + s**2 * terms[1] + s**3 * terms[2], moved, atol=1e-12)


def test_the_line_search_finds_the_best_step_of_a_fine_grid() -> None:
    r, _, _ = buffer()
    W = weights(np.random.default_rng(4))
    E = W["W_o"] @ r.states(W) - r.y
    G = replay.gradients(W, r.U, 2.0 * E @ r.Z.mT)
    gram = r.Z @ r.Z.mT
    for scale in (1e-3, 0.1, 1.0, 30.0):
        step = {k: scale * g for k, g in G.items()}
        moves = replay.path(W, step, r.U)
        bent = (moves.reshape(12, -1) @ gram).reshape(moves.shape)
        s = float(replay.line_search(moves, bent, (E @ r.Z.mT).reshape(-1)))

        def loss(at: float, step: dict[str, Floats] = step) -> float:
            w = {k: W[k] - at * step[k] for k in PLASTIC}
            return float(replay.squares(w["W_o"] @ r.states(w) - r.y))

        best = min(loss(at) for at in np.linspace(0.0, 1.0, 2001))
        assert loss(s) <= best + 1e-4 * (loss(0.0) - best)


def test_learning_lowers_the_loss_and_reports_it() -> None:
    r, _, _ = buffer()
    W = {k: v.astype(np.float32) for k, v in weights(np.random.default_rng(5)).items()}
    start = {k: np.zeros_like(v) for k, v in W.items()}
    out = replay.learn(W, start, r, Plasticity(lr=0.1))
    exact = {k: v.astype(np.float64) for k, v in out.weights.items()}
    assert out.post_loss < 0.9 * out.pre_loss
    assert out.post_loss == pytest.approx(replay.squares(exact["W_o"] @ r.states(exact) - r.y))


@pytest.mark.parametrize("preset", ["stable", "plain"])
def test_numpy_and_torch_learn_the_same(preset: str) -> None:
    r, _, _ = buffer()
    W = {k: v.astype(np.float32) for k, v in weights(np.random.default_rng(6)).items()}
    zero = {k: np.zeros_like(v) for k, v in W.items()}
    ours = replay.learn(W, zero, r, PRESETS[preset])

    def tensors(values: dict[str, Floats]) -> dict[str, Any]:
        return {k: torch.tensor(np.stack([v, v])) for k, v in values.items()}

    both = {f: np.stack([getattr(r, f)] * 2) for f in ("x", "Z", "y", "scale", "count")}
    rows = replay.Replay(**{k: torch.tensor(v) for k, v in both.items()}, U=torch.tensor(r.U))
    theirs = replay.learn(tensors(W), tensors(zero), rows, PRESETS[preset])
    assert float(theirs.post_loss[1]) == pytest.approx(float(ours.post_loss), rel=1e-3)
    for k in PLASTIC:
        np.testing.assert_allclose(theirs.weights[k][0].numpy(), ours.weights[k], atol=1e-4)


def test_a_buffer_that_is_not_finite_leaves_nan_for_the_gates_and_raises_nothing() -> None:
    r, _, _ = buffer()
    W = {k: v.astype(np.float32) for k, v in weights(np.random.default_rng(7)).items()}
    r.Z[0, 0] = np.nan
    with np.errstate(all="ignore"):
        out = replay.learn(W, {k: np.zeros_like(v) for k, v in W.items()}, r, Plasticity())
    assert not np.isfinite(out.pre_loss)


def test_newton_schulz_drives_singular_values_towards_one() -> None:
    X = np.random.default_rng(8).normal(size=(16, 6)).astype(np.float32)
    singular = np.linalg.svd(muon.newton_schulz(X, 5), compute_uv=False)
    assert singular.min() > 0.6
    assert singular.max() < 1.3


def test_the_whitener_makes_the_covariance_the_identity() -> None:
    X = np.random.default_rng(9).normal(size=(5, 50)) * np.array([[1e3], [1], [1], [10], [0.1]])
    C = X @ X.T
    R = muon.whitener(C, 1e-15)
    np.testing.assert_allclose(R.T @ C @ R, np.eye(5), atol=1e-4)


@pytest.mark.parametrize("C", [np.zeros((3, 3)), np.full((3, 3), np.nan)])
def test_a_covariance_that_cannot_be_whitened_is_left_alone(C: Floats) -> None:
    np.testing.assert_array_equal(muon.whitener(C, 1e-6), np.eye(3))
