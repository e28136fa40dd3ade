"""Many sessions at once."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from tests.tasks.pointmass.bases import drive, noisy, shipped
from tttui.tasks.pointmass.engine import many
from tttui.tasks.pointmass.engine.learner import Learner
from tttui.tasks.pointmass.engine.many import EACH, ChunkGraph, SessionBlock, run_many, worlds
from tttui.tasks.pointmass.world import WorldStream


def test_a_session_among_many_does_what_it_does_alone() -> None:
    settings = replace(noisy(), steps=192)
    runs = run_many(settings, shipped(), [0, 1, 2], [0.1, 0.2, 0.22], block=2)
    alone = replace(settings, seed=2)
    _, adaptive, events = drive(Learner(alone, shipped()), WorldStream(alone), 192)
    np.testing.assert_allclose(runs.adaptive[2], adaptive, rtol=0.2, atol=2e-5)
    assert runs.status.shape == (3, len(events))
    assert list(runs.status_t) == [e["t"] for e in events]


def test_blocks_change_nothing_but_speed() -> None:
    settings = replace(noisy(), steps=96)
    whole = run_many(settings, shipped(), range(4), block=4)
    parts = run_many(settings, shipped(), range(4), block=3)
    np.testing.assert_allclose(parts.adaptive, whole.adaptive, rtol=0.1, atol=1e-5)
    assert whole.weights["B"].shape == (4, 32, 16)


def test_a_run_shorter_than_a_chunk_has_no_transactions() -> None:
    runs = run_many(replace(noisy(), steps=20), shipped(), range(2))
    assert runs.status.shape == (2, 0)
    assert runs.adaptive.shape == (2, 20)


def test_a_recorded_chunk_does_what_its_steps_do() -> None:
    settings = noisy()
    z, a, _ = worlds(replace(settings, steps=160), [0, 1])
    plain, recorded = (Learner(settings, shipped(), sessions=2, torch=True) for _ in range(2))
    rows, actions = recorded.on_device(z), recorded.on_device(a)
    for learner in (plain, recorded):
        for t in (0, 32):
            if learner.due(t):
                learner.transact(t)
            learner.predict(z[:, t : t + 33], a[:, t : t + 32])
    chunk = ChunkGraph(recorded, 64, rows[:, 64:97], actions[:, 64:96])
    for t in (64, 96, 128):
        expected = plain.transact(t)["status"]
        stretch = plain.predict(z[:, t : t + 33], a[:, t : t + 32])
        status, _, adaptive = chunk.run(t, rows[:, t : t + 33], actions[:, t : t + 32])
        np.testing.assert_array_equal(status, expected)
        np.testing.assert_array_equal(adaptive, stretch.adaptive_mse)
    ours, theirs = recorded.state(), plain.state()
    for k, value in theirs.items():
        np.testing.assert_array_equal(ours[k], value)


@pytest.mark.parametrize("device", ["cpu", "torch"])
def test_sessions_side_by_side_may_each_have_their_own_step_size_and_gates(
    device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if device == "torch":
        monkeypatch.setattr(many, "Learner", partial(Learner, torch=True))
    settings = replace(noisy(), steps=160)
    z, a, _ = worlds(settings, [3])
    factors = np.array([0.3, 1.0, 2.0])
    own = replace(settings.plasticity, weight_decay=0.001, grad_norm_max=0.5)
    each = {name: factors * getattr(own, name) for name in EACH}
    each["momentum"] = np.minimum(each["momentum"], 0.95)
    together = SessionBlock(
        settings, shipped(), z.repeat(3, axis=0), a.repeat(3, axis=0), each=each
    )
    while together.advance():
        pass
    for i in range(3):
        mine = settings.updated({name: float(values[i]) for name, values in each.items()})
        alone = SessionBlock(mine, shipped(), z, a)
        while alone.advance():
            pass
        np.testing.assert_array_equal(together.status[i], alone.status[0])
        np.testing.assert_allclose(together.adaptive[i], alone.adaptive[0], rtol=0.05, atol=1e-6)
    assert len({tuple(status) for status in together.status.tolist()}) > 1
