"""Rows of a document are the same wherever one begins to look, and each byte is in one of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.textruns import InMemory
from tttui.draw.textrows import LONGEST, TextRow, TextRows

ONE_LINE = b"x" * (3 * LONGEST)
MIXED = b"short\n" + b"y" * (LONGEST + 7) + b"\n\n" + "äé日".encode() * LONGEST + b"\r\nend"


def rows_of(content: bytes, width: int) -> TextRows:
    return TextRows(InMemory(content), len(content), width)


def all_rows(rows: TextRows) -> list[TextRow]:
    """From the first byte on, one after the other."""
    result = rows.page(0, 1)
    while result[-1].end < rows.size:
        result += rows.page(result[-1].end, 1)
    return result


documents = st.lists(
    st.sampled_from(
        [b"a", b" ", b"word ", b"\n", b"\r\n", b"\t", "日".encode(), "é".encode(), b"\xff\x1b"]
    ),
    min_size=1,
    max_size=60,
).map(b"".join)


@given(documents, st.integers(8, 40))
def test_each_byte_is_in_one_row(content: bytes, width: int) -> None:
    at = 0
    for row in all_rows(rows_of(content, width)):
        assert (row.begin, row.cells.first[0], row.cells.last[-1]) == (at, at, row.end)
        at = row.end
    assert at == len(content)


@pytest.mark.parametrize("content", [ONE_LINE, MIXED, MIXED * 3])
@pytest.mark.parametrize("width", [20, 133])
def test_rows_are_the_same_wherever_one_begins_to_look(content: bytes, width: int) -> None:
    begins = [row.begin for row in all_rows(rows_of(content, width))]
    for k in range(0, len(begins), 29):
        fresh = rows_of(content, width)
        end = begins[k + 1] if k + 1 < len(begins) else len(content)
        assert fresh.begin_of(begins[k]) == begins[k]
        assert fresh.begin_of(end - 1) == begins[k]
        assert rows_of(content, width).moved(begins[k], -3) == begins[max(k - 3, 0)]
        assert rows_of(content, width).moved(begins[k], 3) == begins[min(k + 3, len(begins) - 1)]


@pytest.mark.parametrize("width", [8, 20, 133])
def test_no_row_is_wider_than_the_page_but_for_the_end_of_its_line(width: int) -> None:
    for row in all_rows(rows_of(MIXED, width)):
        assert len(row.cells) - row.cells.line_end <= width


def test_lines_are_broken_after_blanks() -> None:
    rows = rows_of(b"the harbour master wrote\nships", 12)
    assert [row.begin for row in all_rows(rows)] == [0, 12, 25]


def test_the_end_of_a_line_hangs_over_rather_than_to_stand_alone() -> None:
    assert len(all_rows(rows_of(b"twelve cells\n", 12))) == 1


def test_a_line_without_an_end_costs_no_more_than_its_part() -> None:
    source = InMemory(b"x" * 5_000_000)
    rows = TextRows(source, 5_000_000, 100)
    rows.page(4_000_000, 50)
    rows.moved(4_000_000, -50)
    assert source.bytes_read < 400_000


def test_a_file_that_became_shorter_shows_blanks() -> None:
    rows = TextRows(InMemory(b"abc"), 10, 20)
    assert rows.page(0, 1)[0].end == 10


def test_a_cell_and_a_byte_find_each_other() -> None:
    rows = rows_of("日本 text\n".encode(), 20)
    assert [rows.under(0, x) for x in (0, 1, 2, 4, 5, 99)] == [0, 0, 3, 6, 7, 11]
    assert [rows.column(at) for at in (0, 3, 7)] == [0, 2, 5]
