"""Bits per byte of a document up to a step, and where a text stands in it."""

import numpy as np
import pytest

from tests.textruns import InMemory
from tttui.model.document import Document, Totals
from tttui.model.search import BLOCK, TextQuery, matches, search
from tttui.model.steps import Steps


def document_of(content: bytes, chunk: int = 4) -> Document:
    return Document(len(content), len(content), chunk, 8, InMemory(content))


def steps_of(frozen: list[float], adaptive: list[float]) -> Steps:
    flags = np.zeros(len(frozen), dtype=np.bool_)
    t = np.arange(len(frozen))
    return Steps(t, np.array(frozen), np.array(adaptive), flags, flags)


def test_windows_end_with_the_document() -> None:
    document = document_of(b"x" * 10)
    assert [document.window(t) for t in (0, 2, 3)] == [(0, 4), (8, 10), (10, 10)]
    assert [document.step_of(at) for at in (0, 3, 4, 9)] == [0, 0, 1, 2]


def test_a_short_last_window_counts_by_its_bytes() -> None:
    totals = Totals(steps_of([4.0, 4.0, 1.0], [2.0, 2.0, 1.0]), document_of(b"x" * 10))
    result = totals.until(2)
    assert result is not None
    assert result.frozen == pytest.approx(3.4)
    assert result.adaptive == pytest.approx(1.8)
    assert result.saved == pytest.approx(1.6)


def test_windows_that_the_frozen_model_did_not_score_are_left_out() -> None:
    totals = Totals(steps_of([4.0, np.nan, 2.0], [2.0, 9.0, 1.0]), document_of(b"x" * 12))
    result = totals.until(2)
    assert result is not None
    assert (result.frozen, result.adaptive) == (3.0, 1.5)
    assert totals.at(1) is None


def test_nothing_is_known_before_the_first_step() -> None:
    totals = Totals(steps_of([], []), document_of(b"x"))
    assert totals.until(0) is None
    assert totals.at(0) is None


def test_small_letters_find_capital_ones_and_not_the_other_way() -> None:
    document = document_of(b"Name name NAME")
    assert matches(document, TextQuery.of("name"), 0, 14) == ((0, 4), (5, 9), (10, 14))
    assert matches(document, TextQuery.of("NAME"), 0, 14) == ((10, 14),)


def test_a_search_goes_on_and_back_and_around() -> None:
    document = document_of(b"ab..ab..ab")
    query = TextQuery.of("ab")

    def at(start: int, by: int) -> tuple[int, int, int]:
        result = search(document, query, start, by)
        assert result is not None
        return result.offset, result.number, result.total

    assert at(0, 1) == (0, 1, 3)
    assert at(0, 2) == (4, 2, 3)
    assert at(4, -1) == (0, 1, 3)
    assert at(8, 2) == (0, 1, 3)
    assert at(0, -1) == (8, 3, 3)
    assert search(document, TextQuery.of("nowhere"), 0, 1) is None


def test_a_match_across_the_edge_of_a_block_is_found_once() -> None:
    content = b"." * (BLOCK - 2) + b"name" + b"." * BLOCK + b"name"
    result = search(document_of(content), TextQuery.of("name"), 0, 1)
    assert result is not None
    assert (result.offset, result.total) == (BLOCK - 2, 2)


def test_matches_that_begin_before_the_page_are_marked_on_it() -> None:
    assert matches(document_of(b"....name...."), TextQuery.of("name"), 6, 9) == ((4, 8),)


def test_a_text_of_no_letters_is_no_query() -> None:
    assert not TextQuery.of("")
    assert search(document_of(b"abc"), TextQuery.of(""), 0, 1) is None
