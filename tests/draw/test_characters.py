"""Any bytes are cells that show them, stand for all of them, and do nothing to a terminal."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tttui.draw.cells import TAIL
from tttui.draw.characters import Cells, cells_of, text_of
from tttui.model.text import visible

HOSTILE = (
    b"\x1b[31mred\x1b]52;c;aGk=\x07",
    b"\x00\x7f\x9b\xff\xc3\x28\xed\xa0\x80",
    "rtl \u202eabc\u202c zero\u200bwidth\ufe0f".encode(),
    "\u0301alone".encode(),
    b"\t\t\r\rx\r\n",
)


def shown(cells: Cells) -> str:
    """The text of cells."""
    return "".join(map(chr, cells.code.tolist())).replace(TAIL, "")


@given(
    st.binary(max_size=200) | st.text(max_size=80).map(lambda text: text.encode("utf-8", "replace"))
)
def test_every_byte_belongs_to_one_character(data: bytes) -> None:
    cells = cells_of(data, 1000)
    owners = dict.fromkeys(zip(cells.first.tolist(), cells.last.tolist(), strict=True))
    covered = [at for begin, end in owners for at in range(begin, end)]
    assert covered == list(range(1000, 1000 + len(data)))


@given(st.binary(max_size=200))
def test_what_is_shown_takes_as_many_cells_as_it_says_and_does_nothing(data: bytes) -> None:
    cells = cells_of(data, 0)
    assert cell_len(shown(cells)) == len(cells)
    assert visible(shown(cells)) == shown(cells)


@pytest.mark.parametrize("data", HOSTILE)
def test_what_would_act_on_a_terminal_is_written_out(data: bytes) -> None:
    text = shown(cells_of(data, 0))
    assert text.isprintable()
    assert not set(text) & set("\x1b\x07\x9b\u202e\u200b\r\n\t")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"a\x1b[1m", r"a\x1b[1m"),
        (b"\xff", r"\xff"),
        ("\u202e".encode(), r"\u202e"),
        ("\u0301a".encode(), r"\u0301a"),
        ("\U0001f1e9\U0001f1ea".encode(), r"\U0001f1e9\U0001f1ea"),
        (b"a\rb", r"a\rb"),
        (b"ab\r\n", "ab "),
        (b"ab\n", "ab "),
        (b"ab\tc", "ab  c"),
        ("日本".encode(), "日本"),
    ],
)
def test_bytes_are_shown_as(data: bytes, text: str) -> None:
    assert shown(cells_of(data, 0)) == text


def test_an_accent_of_its_own_joins_its_letter() -> None:
    cells = cells_of("e\u0301x".encode(), 0)
    assert shown(cells) == "éx"
    assert list(zip(cells.first.tolist(), cells.last.tolist(), strict=True)) == [(0, 3), (3, 4)]


def test_both_cells_of_a_wide_character_stand_for_its_bytes() -> None:
    cells = cells_of("日".encode(), 5)
    assert (cells.first.tolist(), cells.last.tolist()) == ([5, 5], [8, 8])
    np.testing.assert_array_equal(cells.starts, [True, False])


def test_only_a_newline_ends_a_line() -> None:
    assert cells_of(b"a\n", 0).line_end
    assert cells_of(b"a\r\n", 0).line_end
    assert not cells_of(b"a", 0).line_end
    assert not cells_of(b"a\t", 0).line_end


def test_a_few_bytes_are_one_line() -> None:
    assert text_of(b"a b\n\xff", "_") == r"a_b\n\xff"
