"""Singular values, condition numbers and effective rank."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tttui.model.spectrum import condition_number, effective_rank, spectrum, too_large


def test_a_diagonal_matrix_has_its_entries_as_singular_values() -> None:
    result = spectrum(np.diag([4.0, 2.0, 1.0]))
    assert result is not None
    assert result.values == pytest.approx([4.0, 2.0, 1.0])
    assert result.condition == pytest.approx(4.0)


def test_equal_singular_values_have_full_effective_rank() -> None:
    assert float(effective_rank(np.ones(7))) == pytest.approx(7.0)


def test_a_matrix_of_one_direction_has_effective_rank_one() -> None:
    result = spectrum(np.outer(np.arange(1.0, 6.0), np.ones(4)))
    assert result is not None
    assert result.effective_rank == pytest.approx(1.0)


def test_a_singular_matrix_has_an_infinite_condition_number() -> None:
    assert float(condition_number(np.array([2.0, 0.0]))) == np.inf


def test_a_matrix_that_is_not_finite_has_no_spectrum_but_breaks_nothing() -> None:
    result = spectrum(np.array([[1.0, np.nan], [0.0, np.inf]]))
    assert result is not None
    assert np.isnan(result.values).all()
    assert np.isnan(result.condition)


def test_a_matrix_of_16_million_entries_is_not_decomposed() -> None:
    assert too_large(4096, 4096)
    assert not too_large(4096, 6)
    assert spectrum(np.broadcast_to(np.float32(1), (4096, 4096))) is None


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 999), rows=st.integers(1, 9), columns=st.integers(1, 9))
def test_the_effective_rank_lies_between_one_and_the_smaller_side(
    seed: int, rows: int, columns: int
) -> None:
    result = spectrum(np.random.default_rng(seed).normal(size=(rows, columns)))
    assert result is not None
    assert 1 - 1e-9 <= result.effective_rank <= min(rows, columns) + 1e-9
