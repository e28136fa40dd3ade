"""What the queries of the tables mean, and what they say when they are wrong."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tttui.model.query import (
    TRANSACTION_WORDS,
    QueryError,
    check_statuses,
    matching,
    parse,
)
from tttui.model.transactions import STATUSES, UNDONE, Transactions, of_statuses


def events(statuses: tuple[str, ...] = STATUSES) -> Transactions:
    """Six transactions at t = 32, 64 .. 192, one of each status; half lack a post_loss."""
    n = 6
    nan = np.nan
    return Transactions(
        t=np.arange(1, n + 1) * 32,
        status=np.arange(n),
        pre_loss=np.array([0.1, 0.2, 0.3, 0.4, nan, 0.6]),
        post_loss=np.array([0.05, 0.4, nan, nan, nan, 0.3]),
        grad_norm=np.array([1.0, 2.0, 25.0, 4.0, np.inf, 6.0]),
        pre_max_h=np.array([1.0, 1.0, 1.0, 1e7, 1.0, 1.0]),
        post_max_h=np.array([2.0, 0.5, nan, nan, nan, 1.0]),
        lr=np.full(n, 0.01),
        implied_mu=np.full(n, 0.12),
        statuses=statuses,
        records=[{} for _ in range(n)],
        to_t=np.array([nan, nan, nan, nan, nan, 160.0]),
    )


def rows(text: str) -> list[int]:
    shown = matching(events(), parse(text, TRANSACTION_WORDS))
    return list(range(6)) if shown is None else np.flatnonzero(shown).tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [0, 1, 2, 3, 4, 5]),
        ("grad>10", [2, 4]),
        ("grad > 10", [2, 4]),
        ("grad_norm<=2", [0, 1]),
        ("t:64-128", [1, 2, 3]),
        ("t:128-", [3, 4, 5]),
        ("t:-64", [0, 1]),
        ("t:64", [1]),
        ("loss:0.2..0.4", [1, 2, 3, 5]),
        ("status:rollback", [1, 2, 3, 4, 5]),
        ("status:grad,loss", [1, 2]),
        ("commit", [0]),
        ("-commit", [1, 2, 3, 4, 5]),
        ("!t:64-128", [0, 4, 5]),
        ("delta>0", [1]),
        ("change<-40", [0, 5]),
        ("h>1e6", [3]),
        ("lr=0.01 mu>0.1 grad>10 status:rollback t:90-100", [2]),
        ("grad=inf", [4]),
        ("grad!=1", [1, 2, 3, 4, 5]),
    ],
)
def test_a_query_shows_the_rows_it_says(text: str, expected: list[int]) -> None:
    assert rows(text) == expected


def test_a_comparison_does_not_hold_for_a_number_that_is_absent() -> None:
    assert rows("post<1") == [0, 1, 5]
    assert rows("post!=7") == [0, 1, 5]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("foo>1", "there is no 'foo'; known are t, pre"),
        ("grad>", "needs a number after grad>"),
        ("grad>x", "'x' is not a number"),
        ("t:9-1", "ends at 1, before its start at 9"),
        ("t:a", "needs a range such as t:200-400"),
        ("status>1", "status is a text; write status:word"),
        ("status:", "needs a word after status:"),
        ("((", "is no term"),
    ],
)
def test_a_term_that_cannot_be_understood_is_named_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(QueryError, match="^" + text.replace("(", r"\(") + ":") as caught:
        parse(f"grad>1 {text}", TRANSACTION_WORDS)
    assert said in str(caught.value)


def test_a_word_that_is_in_no_status_is_refused_with_the_known_ones() -> None:
    with pytest.raises(QueryError, match="known are commit, loss_regression"):
        check_statuses(parse("status:wrong", TRANSACTION_WORDS), events())


def test_a_status_that_tttui_does_not_know_can_be_asked_for() -> None:
    foreign = events((*STATUSES[:5], "rollback_moon_phase"))
    query = parse("moon", TRANSACTION_WORDS)
    check_statuses(query, foreign)
    shown = matching(foreign, query)
    assert shown is not None
    assert np.flatnonzero(shown).tolist() == [5]


def test_undone_commits_are_an_outcome_of_their_own() -> None:
    undone = replace(events(), to_t=np.array([np.nan] * 5 + [0.0]))
    assert of_statuses(undone, frozenset({"commit"})).tolist() == [False] * 6
    assert np.flatnonzero(of_statuses(undone, frozenset({UNDONE}))).tolist() == [0]
    for word in ("status:undone", "status:commit"):
        shown = matching(undone, parse(word, TRANSACTION_WORDS))
        assert shown is not None
        assert np.flatnonzero(shown).tolist() == [0]


def test_the_status_filter_and_the_query_must_both_hold() -> None:
    query = parse("t:1-100", TRANSACTION_WORDS)
    shown = matching(events(), query, frozenset({"commit", "rollback_non_finite"}))
    assert shown is not None
    assert np.flatnonzero(shown).tolist() == [0]


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="grad>=<:-!.,0123456789 e(status)\\", max_size=24))
def test_any_text_is_a_query_or_is_refused_for_a_reason(text: str) -> None:
    try:
        query = parse(text, TRANSACTION_WORDS)
    except QueryError:
        return
    shown = matching(events(), query)
    assert shown is None or len(shown) == 6


def test_a_column_to_sort_by_is_no_filter() -> None:
    query = parse("grad>10 sort: loss:desc status:commit", TRANSACTION_WORDS)
    assert query.sort == "loss:desc"
    assert query.filter_text == "grad>10 status:commit"
    assert len(query.terms) == 2
    assert not parse("sort:t", TRANSACTION_WORDS)
    assert parse("grad>10", TRANSACTION_WORDS).sort is None
