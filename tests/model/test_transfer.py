"""The transfer matrix in words."""

import numpy as np

from tttui.model.schema import MU
from tttui.model.transfer import BASE, NOBODY, Transfer, transfer_sentence

NAMES = ("a", "b", "c")


def matrix(
    errors: list[list[float]],
    base: tuple[float, ...] = (9.0, 9.0),
    mus: tuple[float, ...] = (0.05, 0.2),
) -> Transfer:
    n = len(errors)
    made = np.array(errors).reshape(n, n)
    return Transfer(tuple(range(n)), made, np.array(base[:n]), MU, mus[:n], 512)


def test_a_winning_diagonal_is_called_memory() -> None:
    result = matrix([[1.0, 15.0], [14.0, 2.0]])
    assert result.winners == (0, 1)
    assert transfer_sentence(result, NAMES) == (
        "The diagonal wins in all 2 worlds: every session's weights predict their own world "
        "best, so they remember its mu. In worlds of another mu they beat the frozen base in 0 "
        "of 2 cases."
    )


def test_weights_that_are_better_than_the_base_everywhere_learned_something_general() -> None:
    sentence = transfer_sentence(matrix([[1.0, 5.0], [4.0, 2.0]]), NAMES)
    assert sentence.endswith("in 2 of 2 cases, so part of what was learned is general.")


def test_a_lost_world_is_named() -> None:
    sentence = transfer_sentence(matrix([[1.0, 1.5], [4.0, 2.0]]), NAMES)
    assert "1 of 2 worlds: a does better in the world of b." in sentence


def test_a_diagonal_that_loses_to_the_frozen_base_has_not_won() -> None:
    result = matrix([[1.0, 5.0], [4.0, 2.0]], base=(3.0, 1.5))
    assert result.winners == (0, BASE)
    sentence = transfer_sentence(result, NAMES)
    assert "1 of 2 worlds: the frozen base does better in the world of b." in sentence


def test_weights_of_the_same_friction_remember_it_as_well() -> None:
    errors = [[2.0, 1.0, 8.0], [1.0, 2.0, 8.0], [8.0, 8.0, 1.0]]
    result = matrix(errors, (9.0, 9.0, 9.0), (0.05, 0.0501, 0.3))
    assert transfer_sentence(result, NAMES).startswith("The diagonal wins in all 3 worlds")


def test_equal_frictions_say_nothing_about_memory() -> None:
    result = matrix([[1.0, 1.5], [4.0, 2.0]], mus=(0.1, 0.1))
    assert "says nothing" in transfer_sentence(result, NAMES)


def test_one_session_concludes_nothing() -> None:
    assert transfer_sentence(matrix([[1.0]]), NAMES).startswith("Nothing to conclude")


def test_errors_that_are_not_finite_win_nowhere() -> None:
    result = matrix([[np.nan, np.inf], [np.nan, 2.0]], base=(np.inf, 9.0))
    assert result.winners == (NOBODY, 1)


def test_errors_are_told_as_multiples_of_the_base_in_the_same_world() -> None:
    result = matrix([[1.0, 5.0], [4.0, 2.0]], base=(2.0, 10.0))
    assert result.ratios.tolist() == [[0.5, 0.5], [2.0, 0.2]]
