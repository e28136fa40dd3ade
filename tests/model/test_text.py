"""What is shown of text that others wrote: nothing that acts, hides or is no text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tttui.model.text import visible, visible_lines

HOSTILE = st.text(
    st.one_of(
        st.characters(codec=None),
        st.characters(categories=["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs", "Mn"]),
        st.sampled_from("\x1b\x9b\x9d\x07\x00\x7f\r\n\t\u202e\u2066\u200f\u061c\udcff\ud800"),
    )
)
"""Any text at all, mostly of what must not reach a terminal."""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]52;c;aGk=\x07", r"\x1b]52;c;aGk=\x07"),
        ("a\x9b31mb\x9d\x85", r"a\u009b31mb\u009d\u0085"),
        ("one\ntwo\r\tthree\0\x7f", r"one\ntwo\r\tthree\x00\x7f"),
        ("\u202egnp.\u202c \u2066x\u2069 \u200e\u200f\u061c", None),
        ("soft\u00adhyphen, zero\u200bwidth, \ufeffmark, tag \U000e0041", None),
        ("filler \u3164 \u115f \uffa0, joiner \u034f, selector \ufe0f", None),
        ("\udcff\udc80", r"\xff\x80"),
        ("half \ud83d of a pair", r"half \ud83d of a pair"),
        ("lines\u2028and\u2029paragraphs", r"lines\u2028and\u2029paragraphs"),
    ],
)
def test_what_acts_or_hides_is_written_out(text: str, shown: str | None) -> None:
    result = visible(text)
    assert result.isprintable()
    assert result.isascii() or shown is not None
    if shown is not None:
        assert result == shown


@pytest.mark.parametrize(
    "text",
    ["", "run-1", "[red]$x$[/red] \\n", "名前 ラン", "e\u0301té", "μ Δ → ⣿ ▁ █", "a\u00a0b\u3000c"],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


@given(HOSTILE)
def test_nothing_that_a_terminal_obeys_is_ever_left(text: str) -> None:
    shown = visible(text)
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    shown.encode()  # it can be written
    assert visible(shown) == shown


@given(HOSTILE)
def test_lines_that_are_meant_stay_lines_and_are_otherwise_the_same(text: str) -> None:
    assert visible_lines(text).split("\n") == [visible(line) for line in text.split("\n")]
