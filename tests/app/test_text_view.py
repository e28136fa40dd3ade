"""The Text tab: the document that a session reads, driven by keys."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.app.conftest import SIZES, Driver, OpenApp
from tests.app.grid import Grids
from tests.recorded import make_recorded
from tests.textruns import PROSE, drawn_losses, make_text_run
from tests.toolkit import screen_strips
from tttui.draw.canvas import REVERSED, UNDERLINED
from tttui.draw.palette import DARK
from tttui.draw.textpaint import Mark, margin_of, tints
from tttui.model.start import StartView
from tttui.panes.physics.series import SeriesPane
from tttui.panes.text.pane import TextPane
from tttui.tasks.hf.modelprocess import ModelProcess
from tttui.tasks.text.continuations import ContinuationRequest, Continued, Expected, Likely, Reader
from tttui.widgets.page import Page
from tttui.widgets.textpage import TextPage

TEXT = StartView(tab="physics")
AT_START = StartView(tab="physics", t=0)

CHUNK = 64
CONTENT = PROSE.encode()
LAST = (len(CONTENT) - 1) // CHUNK

HOSTILE = (
    b"\x1b[31mred\x1b]52;c;aGk=\x07\xff\xfe\r\n"
    + "日本 e\u0301 \u202eabc\n".encode()
    + b"\x00\t|\n"
)


def pane_of(driver: Driver) -> TextPane:
    assert isinstance(driver.pane, TextPane)
    return driver.pane


def page_of(driver: Driver) -> TextPage:
    return driver.pane.query_one(TextPage)


def mark_of(driver: Driver) -> Mark:
    return page_of(driver)._mark


def shown_text(driver: Driver) -> str:
    """What the page shows, without its margin."""
    page = page_of(driver)
    margin = margin_of(page.content_size.width, len(CONTENT))
    return "\n".join(row[margin:].rstrip() for row in page.canvas().text())


def models_say(driver: Driver) -> tuple[str, str]:
    """The panels of the frozen and the adaptive model."""
    return tuple(  # type: ignore[return-value]
        "\n".join(driver.pane.query_one(f"#{name}", Page).canvas().text())
        for name in ("frozen", "adaptive")
    )


@pytest.fixture
def quick_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """The models answer at once, where a test is not about what they say."""

    def continued(_: Reader, asked: ContinuationRequest) -> Continued:
        came = asked.document.source.read(asked.offset, asked.offset + 1)
        said = Expected("base", (Likely(HOSTILE, 1, 0.5),), 0.25, 2)
        return Continued(asked, came, said, said)

    monkeypatch.setattr(Reader, "continued", continued)


async def test_tab_four_of_a_text_session_is_its_document(
    open_app: OpenApp, tmp_path: Path
) -> None:
    make_text_run(tmp_path / "run")
    async with open_app(tmp_path / "run") as driver:
        await driver.press("4")
        await driver.settled()
        assert isinstance(driver.pane, TextPane)
        assert "4 Text" in driver.text()
        assert "came at night were never told of." in shown_text(driver)


async def test_a_recorded_session_that_is_called_text_shows_its_series(
    open_app: OpenApp, tmp_path: Path
) -> None:
    make_recorded(tmp_path / "run", task="text", series=("entropy",))
    async with open_app(tmp_path / "run", start=TEXT) as driver:
        await driver.settled()
        assert isinstance(driver.pane, SeriesPane)


@pytest.mark.usefixtures("quick_models")
async def test_a_session_that_has_read_nothing_yet_shows_its_document(
    open_app: OpenApp, tmp_path: Path
) -> None:
    make_text_run(tmp_path / "run", scored=0, status="running")
    async with open_app(tmp_path / "run", start=TEXT) as driver:
        await driver.settled()
        assert "The harbour master wrote" in shown_text(driver)
        assert "not scored" in driver.text()
        await driver.press("down", "right", "l", "pagedown", "slash", "h", "enter", "n")
        assert mark_of(driver).at == 0


@pytest.mark.usefixtures("quick_models")
async def test_a_character_of_a_frozen_model_that_was_not_asked_is_plain(
    open_app: OpenApp, tmp_path: Path
) -> None:
    make_text_run(tmp_path / "run")
    losses = drawn_losses(CONTENT)
    losses[:, 0] = np.nan
    (tmp_path / "run" / "tokens.f16").write_bytes(losses.tobytes())
    async with open_app(tmp_path / "run", start=TEXT) as driver:
        await driver.settled()
        papers = set(page_of(driver).canvas().paper.flatten().tolist())
        assert not papers & set(tints(DARK).paper.tolist()[1:])


@pytest.mark.usefixtures("quick_models")
async def test_names_that_came_before_are_tinted_as_better(
    open_app: OpenApp, tmp_path: Path
) -> None:
    make_text_run(tmp_path / "run")
    async with open_app(tmp_path / "run", start=TEXT) as driver:
        await driver.settled()
        canvas, page = page_of(driver).canvas(), page_of(driver)
        margin = margin_of(page.content_size.width, len(CONTENT))
        row = next(y for y, line in enumerate(canvas.text()) if "wrote harbour_log" in line)
        at = canvas.text()[row].index("harbour_log")
        assert at > margin
        papers = tints(DARK).paper.tolist()
        better = [papers.index(p) in range(1, 5) for p in canvas.paper[row, at : at + 11].tolist()]
        assert sum(better) >= 9


async def test_both_models_tell_what_they_expect_and_what_came(
    open_app: OpenApp, tmp_path: Path
) -> None:
    make_text_run(tmp_path / "run")
    async with open_app(tmp_path / "run", start=StartView(tab="physics", t=5)) as driver:
        await driver.settled()
        frozen, adaptive = models_say(driver)
        assert "Frozen (base)" in frozen
        assert "Adaptive (t 4, 1 update older)" in adaptive
        came = chr(CONTENT[5 * CHUNK])
        for said in (frozen, adaptive):
            assert said.count("%") == 6
            assert f"came {came.replace(' ', '␣')}" in said
        before = models_say(driver)
        await driver.press("l")
        await driver.settled()
        assert models_say(driver) != before


@pytest.mark.usefixtures("quick_models")
async def test_what_lies_beyond_the_cursor_is_paler(open_app: OpenApp, tmp_path: Path) -> None:
    make_text_run(tmp_path / "run")
    async with open_app(tmp_path / "run", start=AT_START) as driver:
        await driver.settled()
        assert mark_of(driver).until == CHUNK
        papers = set(page_of(driver).canvas().paper.flatten().tolist())
        assert papers & set(tints(DARK).pale.tolist()[1:])
        await driver.press("end")
        assert mark_of(driver).until == len(CONTENT)


TOKENS = [m.start() for m in re.finditer(rb"\w+|\W", CONTENT)]


def _answer(_: ModelProcess, __: ContinuationRequest, number: int) -> dict[str, object]:
    """What the process that holds the model says: by its number it knew the token."""
    likely = [[b"fox".hex(), 0.5, False], ["", 0.25, True]]
    told = {"likely": likely, "came": 0.25, "rank": 2}
    return {"frozen": {"source": "base", **told}, "adaptive": {"why_not": f"of token {number}"}}


async def test_a_document_of_tokens_is_walked_through_and_tinted_by_tokens(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ModelProcess, "_ask", _answer)
    make_text_run(tmp_path / "run", tokens=TOKENS)
    async with open_app(tmp_path / "run", start=AT_START) as driver:
        await driver.settled()
        assert "nats/token" in driver.text()
        assert "Nats saved at each token" in driver.text()
        await driver.press("l", "l")
        await driver.settled()
        assert mark_of(driver).at == TOKENS[2]
        assert f"Token 2 (byte {TOKENS[2]}): 3 of {CHUNK} in window 0" in driver.text()
        frozen, adaptive = models_say(driver)
        assert "of token 2" in adaptive
        assert "▶ harbour" in frozen
        assert "came harbour  25 %, 1.39 nats" in frozen
        await driver.press("h", "right")
        assert mark_of(driver).at == TOKENS[CHUNK]
        await driver.press("end")
        canvas = page_of(driver).canvas()
        row = next(y for y, line in enumerate(canvas.text()) if "wrote harbour_log" in line)
        at = canvas.text()[row].index("harbour_log")
        assert len(set(canvas.paper[row, at : at + 11].tolist())) == 1


@pytest.mark.usefixtures("quick_models")
async def test_any_bytes_are_shown_and_none_acts(open_app: OpenApp, tmp_path: Path) -> None:
    make_text_run(tmp_path / "run", HOSTILE * 20)
    async with open_app(tmp_path / "run", start=AT_START, size=(80, 24)) as driver:
        for size in ((80, 24), (200, 50), (40, 12)):
            await driver.pilot.resize_terminal(*size)
            await driver.settled()
            text = driver.text()
            assert r"\x1b[31mred" in text
            assert all(char.isprintable() for char in text.replace("\n", ""))
            for strip in screen_strips(driver.app):
                assert strip.cell_length == size[0]
        for _ in range(len(HOSTILE)):
            await driver.press("l")
        await driver.settled()
        assert mark_of(driver).at == len(HOSTILE)


def _gone(path: Path) -> None:
    path.unlink()


def _led_out(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


def _waiting(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.usefixtures("quick_models")
@pytest.mark.parametrize(
    ("spoil", "said"),
    [(_gone, "is missing"), (_led_out, "is a link that leads out"), (_waiting, "is a named pipe")],
)
@pytest.mark.parametrize("name", ["document.bin", "tokens.f16"])
async def test_a_file_that_cannot_be_read_is_named_in_its_place(
    open_app: OpenApp, tmp_path: Path, name: str, spoil: Callable[[Path], None], said: str
) -> None:
    make_text_run(tmp_path / "run")
    spoil(tmp_path / "run" / name)
    async with open_app(tmp_path / "run", start=TEXT) as driver:
        await driver.settled()
        assert f"{name}: {said}" in driver.text().replace("\n", " ")
        assert "root:" not in driver.text()
        await driver.press("l", "down", "slash", *"harbour", "enter", "n", "pagedown", "escape")
        assert driver.app.is_running


async def test_a_snapshot_of_other_sizes_is_named(open_app: OpenApp, tmp_path: Path) -> None:
    make_text_run(tmp_path / "run")
    np.save(
        tmp_path / "run" / "weights_history.npy",
        np.zeros(1, np.dtype([("t", "<i8"), ("head.weight", "<f4", (3, 3))])),
    )
    async with open_app(tmp_path / "run", start=TEXT) as driver:
        await driver.settled()
        assert "weights_history.npy" in models_say(driver)[1]
        assert "%" in models_say(driver)[0]


async def test_what_cannot_be_worked_out_is_told_and_asked_once(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def fail(_: Reader, question: ContinuationRequest) -> Continued:
        asked.append(question.offset)
        raise RuntimeError("no such luck")

    monkeypatch.setattr(Reader, "continued", fail)
    make_text_run(tmp_path / "run")
    async with open_app(tmp_path / "run", start=AT_START) as driver:
        await driver.settled()
        assert "RuntimeError: no such luck" in models_say(driver)[0]
        await driver.press("l")
        await driver.settled()
        assert asked[-1] == 1
        assert asked.count(1) == 1


async def test_the_window_can_be_copied(open_app: OpenApp, tmp_path: Path) -> None:
    make_text_run(tmp_path / "run")
    async with open_app(tmp_path / "run", start=AT_START) as driver:
        await driver.settled()
        copied = dict(pane_of(driver).copyable())
        assert copied[f"Bytes 0 to {CHUNK - 1}"].startswith("The harbour master wrote harbour_log")
        assert pane_of(driver).exportable() == "text"


@pytest.mark.usefixtures("quick_models")
@pytest.mark.parametrize(("theme", "sign"), [("dark", UNDERLINED), ("ansi", REVERSED)])
async def test_the_window_is_marked_by_more_than_colour(
    open_app: OpenApp, tmp_path: Path, theme: str, sign: int
) -> None:
    make_text_run(tmp_path / "run")
    async with open_app(tmp_path / "run", start=AT_START, theme=theme) as driver:
        await driver.settled()
        marks = page_of(driver).canvas().marks
        assert (marks & sign).astype(bool).sum() >= CHUNK - 1


@pytest.mark.parametrize("size", SIZES)
async def test_the_text_tab_looks_as_it_was_looked_at(
    open_app: OpenApp, tmp_path: Path, grids: Grids, size: tuple[int, int]
) -> None:
    make_text_run(tmp_path / "run")
    async with open_app(tmp_path / "run", start=StartView(tab="physics", t=9), size=size) as driver:
        await driver.settled()
        grids.check(driver.app, f"text_{size[0]}x{size[1]}", driver.pane)


async def test_the_text_tab_of_few_colours_looks_as_it_was_looked_at(
    open_app: OpenApp, tmp_path: Path, grids: Grids
) -> None:
    make_text_run(tmp_path / "run")
    start = StartView(tab="physics", t=9)
    async with open_app(
        tmp_path / "run", start=start, size=(80, 24), theme="ansi", ascii=True
    ) as driver:
        await driver.settled()
        grids.check(driver.app, "text_80x24_ascii", driver.pane)
