"""Singular values, condition numbers and effective rank of snapshots, kept while a run grows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tttui.model.session import History
from tttui.model.spectrum import Statistics, condition_number, effective_rank, spectrum, too_large


def history(k: int, seed: int = 0) -> History:
    rng = np.random.default_rng(seed)
    shapes = {"W_u": (6, 6), "B": (8, 6), "W_o": (4, 8)}
    return History(np.arange(k) * 32, {n: rng.normal(size=(k, *s)) for n, s in shapes.items()})


def first(known: History, k: int) -> History:
    return History(known.t[:k], {n: w[:k] for n, w in known.weights.items()})


def complete(known: History) -> Statistics:
    found = Statistics()
    found.follow(known)
    assert found.advance(60.0)
    return found


def test_a_diagonal_matrix_has_its_entries_as_singular_values() -> None:
    found = spectrum(np.diag([4.0, 2.0, 1.0]))
    assert found is not None
    assert found.values == pytest.approx([4.0, 2.0, 1.0])
    assert found.condition == pytest.approx(4.0)


def test_equal_singular_values_have_full_effective_rank() -> None:
    assert float(effective_rank(np.ones(7))) == pytest.approx(7.0)


def test_a_matrix_of_one_direction_has_effective_rank_one() -> None:
    found = spectrum(np.outer(np.arange(1.0, 6.0), np.ones(4)))
    assert found is not None
    assert found.effective_rank == pytest.approx(1.0)


def test_a_singular_matrix_has_an_infinite_condition_number() -> None:
    assert float(condition_number(np.array([2.0, 0.0]))) == np.inf


def test_a_matrix_that_is_not_finite_has_no_spectrum_but_breaks_nothing() -> None:
    found = spectrum(np.array([[1.0, np.nan], [0.0, np.inf]]))
    assert found is not None
    assert np.isnan(found.values).all()
    assert np.isnan(found.condition)


def test_a_matrix_of_16_million_entries_is_not_decomposed() -> None:
    assert too_large(4096, 4096)
    assert not too_large(4096, 6)
    assert spectrum(np.broadcast_to(np.float32(1), (4096, 4096))) is None


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 999), rows=st.integers(1, 9), columns=st.integers(1, 9))
def test_the_effective_rank_lies_between_one_and_the_smaller_side(
    seed: int, rows: int, columns: int
) -> None:
    found = spectrum(np.random.default_rng(seed).normal(size=(rows, columns)))
    assert found is not None
    assert 1 - 1e-9 <= found.effective_rank <= min(rows, columns) + 1e-9


def test_statistics_are_those_of_each_snapshot() -> None:
    known = history(70)
    found = complete(known)
    B = known.weights["B"]
    assert found.column("B", "fro") == pytest.approx(np.linalg.norm(B, axis=(1, 2)))
    assert found.column("B", "max_abs") == pytest.approx(np.abs(B).max(axis=(1, 2)))
    assert found.column("B", "mean") == pytest.approx(B.mean(axis=(1, 2)))
    assert found.column("B", "std") == pytest.approx(B.std(axis=(1, 2)))
    assert found.column("B", "condition") == pytest.approx(np.linalg.cond(B))
    assert found.column("B", "max_change") == pytest.approx(np.abs(B - B[0]).max(axis=(1, 2)))


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, 80), max_size=5))
def test_a_history_read_while_it_grows_gives_the_same_statistics(cuts: list[int]) -> None:
    known, growing = history(80), Statistics()
    for k in sorted(cuts):
        growing.follow(first(known, k))
        growing.advance(0.0)
    growing.follow(known)
    growing.advance(60.0)
    whole = complete(known)
    for measure in ("fro", "condition", "effective_rank"):
        assert np.array_equal(growing.column("W_o", measure), whole.column("W_o", measure))


def test_snapshots_that_are_known_are_not_computed_again() -> None:
    known, found = history(64), Statistics()
    found.follow(first(known, 40))
    found.advance(60.0)
    found.follow(known)
    assert found.done == 40


def test_another_history_starts_from_nothing() -> None:
    found = complete(history(10))
    found.follow(History(np.arange(5) * 7, history(5, seed=1).weights))
    assert found.done == 0


def test_a_snapshot_that_is_not_finite_spoils_only_itself() -> None:
    known = history(5)
    known.weights["B"][2, 1, 1] = np.nan
    found = complete(known)
    assert np.isnan(found.column("B", "condition")).tolist() == [False, False, True, False, False]
