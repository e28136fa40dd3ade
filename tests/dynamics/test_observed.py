"""What is used of observations that are not all finite."""

import numpy as np
import pytest
import torch

from tttui.dynamics.replay import transitions

Z = np.arange(20, dtype=np.float32).reshape(5, 4)
A = np.ones((4, 2), dtype=np.float32)
HELD = np.full(4, -1, dtype=np.float32)


def test_finite_observations_pass_unchanged_and_all_count() -> None:
    x, y, valid, held = transitions(Z, A, HELD)
    np.testing.assert_array_equal(x, np.concatenate([Z[:-1], A], axis=1).T)
    np.testing.assert_array_equal(y, Z[1:].T)
    np.testing.assert_array_equal(held, Z[-1])
    assert valid.all()


def test_a_lost_observation_is_the_last_finite_one_and_spoils_both_its_transitions() -> None:
    z = Z.copy()
    z[2, 1] = np.nan
    x, y, valid, _ = transitions(z, A, HELD)
    np.testing.assert_array_equal(x[:4, 2], Z[1])
    np.testing.assert_array_equal(y[:, 1], Z[1])
    np.testing.assert_array_equal(valid, [True, False, False, True])


def test_before_the_first_finite_observation_the_held_one_counts() -> None:
    z = Z.copy()
    z[:2] = np.inf
    x, *_ = transitions(z, A, HELD)
    np.testing.assert_array_equal(x[:4, :2].T, [HELD, HELD])


def test_a_lost_action_is_none_and_its_transition_does_not_count() -> None:
    a = A.copy()
    a[1, 0] = np.nan
    x, _, valid, _ = transitions(Z, a, HELD)
    np.testing.assert_array_equal(x[4:, 1], [0.0, 0.0])
    np.testing.assert_array_equal(valid, [True, False, True, True])


@pytest.mark.parametrize("lost", [(), (0,), (1, 2), (4,)])
def test_tensors_of_many_sessions_are_treated_the_same(lost: tuple[int, ...]) -> None:
    z = Z.copy()
    z[list(lost)] = np.nan
    ours = transitions(z, A, HELD)
    theirs = transitions(*(torch.tensor(np.stack([v, v])) for v in (z, A, HELD)))
    for one, two in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(two[1].numpy(), one)
