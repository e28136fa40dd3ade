"""One session's learner: what it predicts, how it learns, how it continues."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from tests.tasks.pointmass.bases import drive, noisy, shipped
from tttui.dynamics import ssm
from tttui.model.arrays import PLASTIC
from tttui.model.errors import TttuiError
from tttui.model.pointmass.settings import Settings
from tttui.tasks.pointmass.engine.learner import Learner
from tttui.tasks.pointmass.world import WorldStream


def test_the_adaptive_model_ends_far_below_the_frozen_one() -> None:
    settings = noisy(seed=3)
    baseline, adaptive, _ = drive(Learner(settings, shipped()), WorldStream(settings), 320)
    assert adaptive[-100:].mean() < 0.3 * baseline[-100:].mean()


def test_until_the_first_transaction_both_models_predict_the_same() -> None:
    settings = noisy()
    baseline, adaptive, _ = drive(Learner(settings, shipped()), WorldStream(settings), 32)
    np.testing.assert_allclose(adaptive, baseline, rtol=1e-6)


def test_predictions_are_those_of_the_recurrence() -> None:
    settings, base = noisy(), shipped()
    z, a, _ = WorldStream(settings).advance(100)
    decays = ssm.decay(base["a_raw"], 1.0)
    h, expected = np.zeros(32), []
    for x in np.concatenate([z[:-1], a], axis=1).astype(np.float64):
        h = decays * h + base["B"] @ (base["W_u"] @ x)
        expected.append(base["W_o"] @ h)
    stretch = Learner(settings, base).predict(z, a)
    np.testing.assert_allclose(stretch.baseline_pred, expected, atol=2e-4)


def test_the_error_is_the_mean_square_over_the_observed_components() -> None:
    settings = noisy()
    z, a, _ = WorldStream(settings).advance(20)
    stretch = Learner(settings, shipped()).predict(z, a)
    expected = np.mean((stretch.adaptive_pred - z[1:]) ** 2, axis=1)
    np.testing.assert_allclose(stretch.adaptive_mse, expected, rtol=1e-6)


@pytest.mark.parametrize("preset", ["stable", "plain"])
@pytest.mark.parametrize("cut", [32, 75, 160])
def test_a_saved_learner_continues_bit_for_bit(preset: str, cut: int) -> None:
    settings = noisy(preset)
    z, a, _ = WorldStream(settings).advance(256)
    ends = sorted({*range(32, 257, 32), cut})
    whole, resumed = Learner(settings, shipped()), Learner(settings, shipped())

    def stretch(learner: Learner, end: int) -> bytes:
        t = int(learner.state()["steps"])
        if learner.due(t):
            learner.update(t)
        return learner.predict(z[t : end + 1], a[t:end]).adaptive_pred.tobytes()

    for end in ends:
        expected = stretch(whole, end)
        if end > cut:
            assert stretch(resumed, end) == expected
        elif end == cut:
            resumed.load({k: v.copy() for k, v in whole.state().items()})
    for k in PLASTIC:
        assert whole.weights[k].tobytes() == resumed.weights[k].tobytes()


def test_a_state_of_other_settings_is_refused_by_name() -> None:
    state = Learner(noisy(), shipped()).state()
    with pytest.raises(TttuiError, match="buffer_Z has shape"):
        Learner(noisy(buffer_len=64), shipped()).load(state)


def test_a_state_without_a_part_is_refused_by_name() -> None:
    state = Learner(noisy(), shipped()).state()
    del state["F"]
    with pytest.raises(TttuiError, match="F is missing"):
        Learner(noisy(), shipped()).load(state)


def test_no_update_is_due_at_step_0_nor_off_the_chunks_nor_before_the_buffer_is_long_enough() -> (
    None
):
    settings = noisy(min_buffer=64)
    learner = Learner(settings, shipped())
    z, a, _ = WorldStream(settings).advance(64)
    assert not learner.due(0)
    learner.predict(z[:33], a[:32])
    assert not learner.due(32)
    learner.predict(z[32:], a[32:])
    assert not learner.due(63)
    assert learner.due(64)


def test_an_event_carries_all_that_the_files_promise() -> None:
    settings = noisy()
    *_, events = drive(Learner(settings, shipped()), WorldStream(settings), 64)
    event = events[0]
    numbers = {"pre_loss", "post_loss", "grad_norm", "pre_max_h", "post_max_h", "lr"}
    assert {"t", "status", "inner_steps", "duration_ms", "implied_mu", *numbers} < set(event)
    for k in PLASTIC:
        assert set(event[k]) == {"fro", "max_abs", "mean", "std", "delta_fro", "top_sv"}


def test_a_fork_starts_from_the_weights_it_was_given() -> None:
    settings, base = noisy(), shipped()
    start = {k: base[k] * np.float32(0.5) for k in PLASTIC}
    learner = Learner(settings, base, start=start)
    for k in PLASTIC:
        np.testing.assert_array_equal(learner.weights[k], start[k])
        np.testing.assert_array_equal(learner.base[k], base[k])


def test_weights_are_copies() -> None:
    learner = Learner(noisy(), shipped())
    learner.weights["B"][:] = 0.0
    assert learner.weights["B"].any()


def test_the_same_session_in_a_block_of_many_agrees_with_itself_alone() -> None:
    settings = noisy()
    stream = WorldStream(settings)
    z, a, _ = stream.advance(320)
    alone = Learner(settings, shipped())
    many = Learner(settings, shipped(), sessions=3)
    for t in range(0, 320, 32):
        if alone.due(t):
            one, block = alone.update(t), many.update(t)
            assert [e["status"] for e in block] == [one["status"]] * 3
            assert block[1]["post_loss"] == pytest.approx(one["post_loss"], rel=0.05)
        rows, acts = z[t : t + 33], a[t : t + 32]
        ours = alone.predict(rows, acts)
        theirs = many.predict(np.stack([rows] * 3), np.stack([acts] * 3))
    np.testing.assert_allclose(theirs.adaptive_mse[2], ours.adaptive_mse, rtol=0.2, atol=1e-5)
    assert theirs.adaptive_pred.shape == (3, 32, 4)


def test_a_long_run_on_the_cpu_imports_no_torch() -> None:
    program = (
        "import sys; from tests.tasks.pointmass.bases import *\n"
        "s = noisy(); drive(Learner(s, shipped()), WorldStream(s), 64)\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_device_that_is_not_there_is_named_with_the_remedy() -> None:
    with pytest.raises(TttuiError, match=r"device cuda:99.*--device cpu"):
        Learner(replace(Settings(), device="cuda:99"), shipped())


def test_weights_that_are_put_back_are_in_force_and_trusted() -> None:
    settings = noisy()
    learner, stream = Learner(settings, shipped()), WorldStream(settings)
    drive(learner, stream, 96)
    kept = learner.weights
    drive(learner, stream, 64)
    learner.restore(kept, 64)
    for k in PLASTIC:
        np.testing.assert_array_equal(learner.weights[k], kept[k])
        assert not learner.optimizer[k].any()
    assert int(learner.state()["since"]) == 64


def test_a_changed_world_empties_the_buffer_and_is_learned_within_ten_chunks() -> None:
    settings = replace(noisy(mu=0.05), mu_schedule=((320, 0.3),))
    learner, stream = Learner(settings, shipped()), WorldStream(settings)
    drive(learner, stream, 320)
    drive(learner, stream, 32)
    learner.update(stream.t)
    assert learner.state()["buffer_w"].sum() == 32
    _, adaptive, _ = drive(learner, stream, 320)
    assert adaptive[-32:].mean() < 5e-4
