"""The base: how it begins, how it is trained, what is shipped."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.tasks.pointmass.bases import noisy
from tttui.artifacts.layout import SHIPPED_BASES
from tttui.artifacts.ptfile import read_pt
from tttui.dynamics import ssm
from tttui.model.arrays import PLASTIC
from tttui.model.pointmass.settings import Settings
from tttui.tasks.pointmass.pretraining import (
    base_cfg,
    initial_weights,
    loss_and_gradients,
    pretrain,
    training_batch,
)


def short(**values: object) -> Settings:
    return Settings().updated({"pretrain_steps": 60, "pretrain_seq": 32, **values})


def test_equal_decays_are_one_half() -> None:
    assert not initial_weights(short(decay_init="equal"))["a_raw"].any()


def test_spread_decays_lie_evenly_from_001_to_06() -> None:
    decays = ssm.decay(initial_weights(short(decay_init="spread"))["a_raw"], 1.0)
    np.testing.assert_allclose(decays, np.linspace(0.01, 0.6, 32), rtol=1e-5)


def test_gradients_are_those_of_autograd() -> None:
    settings = short(pretrain_seq=12, pretrain_batch=3)
    weights = initial_weights(settings)
    decays = ssm.decay(weights["a_raw"], 1.0).astype(np.float32)
    x, y = training_batch(settings, np.random.default_rng(0))
    loss, result = loss_and_gradients(weights, decays, x, y)
    p = {k: torch.tensor(weights[k], requires_grad=True) for k in PLASTIC}
    h, predictions = torch.zeros(3, 32), []
    for row in torch.tensor(x):
        h = torch.tensor(decays) * h + row @ p["W_u"].T @ p["B"].T
        predictions.append(h @ p["W_o"].T)
    expected = torch.mean((torch.stack(predictions) - torch.tensor(y)) ** 2)
    gradients = torch.autograd.grad(expected, [p[k] for k in PLASTIC])
    assert loss == pytest.approx(float(expected.detach()), rel=1e-4)
    for k, g in zip(PLASTIC, gradients, strict=True):
        np.testing.assert_allclose(
            result[k], g.numpy(), rtol=1e-3, atol=1e-4 * float(g.abs().max())
        )


def test_training_lowers_the_loss_and_reports_every_step() -> None:
    seen: list[tuple[int, float]] = []
    pretrain(short(), lambda step, loss: seen.append((step, loss)))
    assert [step for step, _ in seen] == list(range(1, 61))
    assert seen[-1][1] < 0.5 * seen[0][1]


def test_the_same_settings_give_the_same_base_and_noise_does_not_matter() -> None:
    ours, theirs = pretrain(short()), pretrain(short(noise_std=0.1))
    for k in ours:
        assert ours[k].tobytes() == theirs[k].tobytes()


@pytest.mark.parametrize("mode", ["linear", "nonlinear"])
@pytest.mark.parametrize("decay_init", ["spread", "equal"])
def test_a_base_for_every_default_is_shipped(mode: str, decay_init: str) -> None:
    wanted = base_cfg(Settings().updated({"env_mode": mode, "decay_init": decay_init}))
    shipped = [read_pt(path) for path in SHIPPED_BASES.glob("*.pt")]
    assert sum(dict(base["cfg"]) == wanted for base in shipped) == 1


def test_what_a_session_adds_does_not_change_which_base_it_needs() -> None:
    assert base_cfg(noisy(lr=0.5)) == base_cfg(replace(Settings(), seed=7))
