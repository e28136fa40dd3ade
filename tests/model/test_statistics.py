"""Figures of snapshots: exact, coarse first, kept while a run grows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tttui.model import statistics
from tttui.model.session import History
from tttui.model.statistics import Summariser, summarised


def history(k: int, seed: int = 0) -> History:
    rng = np.random.default_rng(seed)
    shapes = {"W_u": (6, 6), "B": (8, 6), "W_o": (4, 8)}
    return History(np.arange(k) * 32, {n: rng.normal(size=(k, *s)) for n, s in shapes.items()})


def first(known: History, k: int) -> History:
    return History(known.t[:k], {n: w[:k] for n, w in known.weights.items()})


def test_statistics_are_those_of_each_snapshot() -> None:
    known = history(70)
    result = summarised(known)
    B = known.weights["B"][:]
    assert result.column("B", "fro") == pytest.approx(np.linalg.norm(B, axis=(1, 2)))
    assert result.column("B", "max_abs") == pytest.approx(np.abs(B).max(axis=(1, 2)))
    assert result.column("B", "mean") == pytest.approx(B.mean(axis=(1, 2)))
    assert result.column("B", "std") == pytest.approx(B.std(axis=(1, 2)))
    assert result.column("B", "condition") == pytest.approx(np.linalg.cond(B))
    assert result.column("B", "max_change") == pytest.approx(np.abs(B - B[0]).max(axis=(1, 2)))


def test_large_matrices_are_taken_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = summarised(history(5))
    monkeypatch.setattr(statistics, "BATCH_ENTRIES", 20)
    parts = summarised(history(5))
    for measure in statistics.MEASURES:
        assert parts.column("B", measure) == pytest.approx(whole.column("B", measure))


def test_evenly_spread_snapshots_come_first() -> None:
    working = Summariser()
    working.follow(history(3000))
    assert not working.advance(0.0)
    while not len(working.statistics.t):
        working.advance(0.0)
    coarse = working.statistics
    assert not coarse.complete
    assert len(coarse.t) < 3000 / 4 + 1
    assert len(set(np.diff(coarse.t))) == 1
    assert coarse.t[0] == 0
    assert coarse.column("B", "fro") == pytest.approx(
        np.linalg.norm(history(3000).weights["B"][coarse.t // 32], axis=(1, 2))
    )


def test_progress_is_told_between_two_rounds() -> None:
    working = Summariser()
    working.follow(history(3000))
    told = [working.statistics.progress]
    while not working.advance(0.0):
        told.append(working.statistics.progress)
    assert told[0] == 0
    assert told == sorted(told)
    assert working.statistics.progress == 1


def test_what_was_handed_out_never_changes() -> None:
    known, working = history(3000), Summariser()
    working.follow(first(known, 2900))
    handed = []
    while not working.advance(0.0):
        handed.append((working.statistics, working.statistics.columns["B"]["fro"].copy()))
    handed.append((working.statistics, working.statistics.columns["B"]["fro"].copy()))
    working.follow(known)
    working.advance(60.0)
    for result, then in handed:
        assert np.array_equal(result.columns["B"]["fro"], then)


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, 80), max_size=5))
def test_a_history_read_while_it_grows_gives_the_same_statistics(cuts: list[int]) -> None:
    known, growing = history(80), Summariser()
    for k in sorted(cuts):
        growing.follow(first(known, k))
        growing.advance(0.0)
    growing.follow(known)
    growing.advance(60.0)
    whole = summarised(known)
    assert np.array_equal(growing.statistics.t, known.t)
    for measure in ("fro", "condition", "effective_rank"):
        result = growing.statistics.column("W_o", measure)
        assert result == pytest.approx(whole.column("W_o", measure), rel=1e-12)


def test_snapshots_that_are_known_are_not_computed_again() -> None:
    known, working = history(64), Summariser()
    working.follow(first(known, 40))
    working.advance(60.0)
    working.follow(known)
    assert len(working.statistics.t) == 40
    assert working.statistics.progress == 40 / 64


def test_another_history_starts_from_nothing() -> None:
    working = Summariser()
    working.follow(history(10))
    working.advance(60.0)
    working.follow(History(np.arange(5) * 7, history(5, seed=1).weights))
    assert len(working.statistics.t) == 0


def test_a_snapshot_that_is_not_finite_spoils_only_itself() -> None:
    known = history(5)
    known.weights["B"][2][1, 1] = np.nan
    result = summarised(known)
    assert np.isnan(result.column("B", "condition")).tolist() == [False, False, True, False, False]


def test_the_largest_value_is_known_once_every_snapshot_is() -> None:
    known, working = history(3000), Summariser()
    working.follow(known)
    working.advance(0.0)
    assert working.statistics.largest("B", "max_abs") is None
    working.advance(60.0)
    assert working.statistics.largest("B", "max_abs") == np.abs(known.weights["B"][:]).max()
