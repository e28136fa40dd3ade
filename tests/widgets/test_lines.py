"""The verdict, the identity and the frame of the screen as text, in much and in little room."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.style import Style
from textual.widget import Widget

from tests.widgets.stage import Stage
from tttui.draw.cells import wrapped
from tttui.draw.palette import DARK
from tttui.model.session import Meta, Place, SessionData
from tttui.model.verdict import Clause, Verdict
from tttui.widgets.bars import TabBar, TopBar
from tttui.widgets.identity import IdentityCard, flowed, identity_rows, in_short
from tttui.widgets.verdict import VerdictLine

SIGNATURE = "460c9cf900b17207767b4006f0047a821387c9a1569a68469339b14126ee5196"

SESSION = SessionData(
    Place(Path("runs/demo"), "native"),
    meta=Meta(
        session_id="demo",
        truth=0.05,
        env_mode="linear",
        seed=3,
        device="cpu",
        model_signature=SIGNATURE,
        base_ckpt_hash=SIGNATURE[::-1],
        plasticity_cfg={"lr": 0.02, "chunk": 32, "grad_norm_max": 20.0},
    ),
)


async def shown(widget: Widget, width: int) -> list[str]:
    """What a widget shows in a screen of this width."""
    app = Stage(widget)
    async with app.run_test(size=(width, 20)):
        return [widget.render_line(y).text.rstrip() for y in range(widget.size.height)]


def verdict_line(rows: int) -> VerdictLine:
    view = VerdictLine()
    clauses = (
        Clause("Adaptive is 2 512 times worse than frozen"),
        Clause(" over the last 100 steps", 1),
        Clause(", with 15 of 18 transactions committed", 2),
        Clause("."),
    )
    view.set_rows(rows)
    view.show(Verdict(clauses, "worse"), DARK, "… (i: all)")
    return view


@pytest.mark.parametrize(
    ("width", "rows", "expected"),
    [
        (
            60,
            3,
            [
                " !  Adaptive is 2 512 times worse than frozen over the",
                "last 100 steps, with 15 of 18 transactions committed.",
            ],
        ),
        (
            48,
            2,
            [
                " !  Adaptive is 2 512 times worse than frozen",
                "over the last 100 steps. … (i: all)",
            ],
        ),
        (31, 2, [" !  Adaptive is 2 512 times", "worse than frozen. … (i: all)"]),
        (30, 1, [" !  Adaptive is … (i: all)"]),
    ],
)
async def test_a_verdict_takes_the_rows_that_it_needs_and_marks_what_it_leaves_out(
    width: int, rows: int, expected: list[str]
) -> None:
    assert await shown(verdict_line(rows), width) == expected


@settings(max_examples=200, deadline=None)
@given(
    words=st.lists(st.sampled_from(["2 512", "t 320", "94 %", "mu 0.3", "is", "worse", "-0.0149"])),
    width=st.integers(8, 60),
)
def test_lines_end_between_words_and_never_in_a_number(words: list[str], width: int) -> None:
    lines = wrapped(" ".join(words), width)
    assert all(len(line) <= width for line in lines)
    assert " ".join(lines) == " ".join(words)
    for line in lines:
        assert not line.startswith(("512", "320", "%", "0.3", "0.0149"))


def test_a_word_that_is_longer_than_a_line_goes_on_in_the_next() -> None:
    assert wrapped("a very/long/path/of/a/file b", 8) == [
        "a",
        "very/lon",
        "g/path/o",
        "f/a/file",
        "b",
    ]


async def test_the_identity_flows_without_labels_that_tell_nothing() -> None:
    view = IdentityCard()
    view.set_rows(6)
    view.show(SESSION, DARK, "…")
    lines = await shown(view, 60)
    assert lines[0] == "session demo   world linear  mu 0.05   seed 3   created -"
    assert len(lines) == 3
    assert lines[-1].endswith("lr 0.02  chunk 32  |g|<=20")


async def test_the_identity_in_full_has_a_row_for_each_thing() -> None:
    view = IdentityCard()
    view.set_rows(20, full=True)
    view.show(SESSION, DARK, "…")
    assert len(await shown(view, 60)) == len(identity_rows(SESSION)) == 10


@pytest.mark.parametrize("width", [30, 44, 60, 118])
async def test_an_identity_that_is_not_whole_says_so(width: int) -> None:
    view = IdentityCard()
    view.set_rows(1)
    view.show(SESSION, DARK, "… (i: all)")
    (line,) = await shown(view, width)
    assert line.endswith("… (i: all)")


@settings(max_examples=100, deadline=None)
@given(width=st.integers(1, 200), most=st.integers(1, 8), name=st.text("ab ", max_size=60))
def test_flowing_items_stay_within_their_room(width: int, most: int, name: str) -> None:
    data = replace(SESSION, meta=replace(SESSION.meta, session_id=name or None))
    lines, _ = flowed(in_short(identity_rows(data)), width, most)
    assert len(lines) <= most
    for line in lines:
        assert sum(len(k) + len(v) for k, v in line) <= width


STATES = (
    "● running  300 of 2 000 steps  5 000 steps/s",
    "● running  300 of 2 000 steps",
    "● running",
)


@pytest.mark.parametrize(
    ("width", "end"), [(120, STATES[0]), (60, STATES[1]), (50, STATES[2]), (30, STATES[2])]
)
async def test_the_state_in_the_header_is_shortened_by_whole_figures(width: int, end: str) -> None:
    bar = TopBar()
    bar.show(("a-session-of-some-length", "linear"), STATES, Style())
    (line,) = await shown(bar, width)
    assert line.endswith(f" {end}")


async def test_a_name_that_is_cut_in_the_header_carries_a_mark() -> None:
    bar = TopBar()
    bar.show(("a-session-of-some-length",), ("read-only",), Style())
    (line,) = await shown(bar, 30)
    assert line.split() == ["tttui", "a-sessio..", "read-only"]


@pytest.mark.parametrize("width", range(12, 120, 3))
async def test_titles_of_tabs_are_words_or_numbers(width: int) -> None:
    (line,) = await shown(TabBar("overview"), width)
    known = {"Overview", "Weights", "Transactions", "Physics", "Architecture", "Sessions"}
    words = set(line.split()) - set("123456")
    assert words <= known | {"Trans.", "Arch."}
