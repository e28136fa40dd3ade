"""Moving through the document of the Text tab: keys, clicks, search, links, a followed run."""

from pathlib import Path

import pytest

from tests.app.conftest import OpenApp
from tests.app.test_text_view import (
    AT_START,
    CHUNK,
    CONTENT,
    LAST,
    mark_of,
    page_of,
    pane_of,
    quick_models,
    shown_text,
)
from tests.rundirs import write_status
from tests.textruns import drawn_losses, make_text_run, write_scores
from tttui.draw.textpaint import margin_of
from tttui.model.start import StartView
from tttui.panes.text.pane import TextPane

__all__ = ["quick_models"]

pytestmark = pytest.mark.usefixtures("quick_models")


async def test_the_keys_of_time_move_the_cursor_by_windows(
    open_app: OpenApp, tmp_path: Path
) -> None:
    make_text_run(tmp_path / "run")
    async with open_app(tmp_path / "run", start=AT_START) as driver:
        await driver.press("right")
        assert mark_of(driver).window == (CHUNK, 2 * CHUNK)
        assert mark_of(driver).at == CHUNK
        await driver.press("right", "left", "left")
        assert mark_of(driver).window == (0, CHUNK)
        await driver.press("end")
        assert mark_of(driver).window == (LAST * CHUNK, len(CONTENT))
        await driver.press("home")
        assert mark_of(driver).at == 0


async def test_bytes_are_walked_through_and_on_into_the_next_window(
    open_app: OpenApp, tmp_path: Path
) -> None:
    make_text_run(tmp_path / "run")
    start = StartView(tab="physics", byte=CHUNK - 3)
    async with open_app(tmp_path / "run", start=start) as driver:
        await driver.press("l")
        assert (mark_of(driver).at, driver.timeline.cursor) == (CHUNK - 2, 0)
        await driver.press("h", "l", "l", "l")
        assert (mark_of(driver).at, driver.timeline.cursor) == (CHUNK, 1)
        await driver.press("h")
        assert (mark_of(driver).at, driver.timeline.cursor) == (CHUNK - 1, 0)


async def test_rows_and_pages_move_the_cursor(open_app: OpenApp, tmp_path: Path) -> None:
    make_text_run(tmp_path / "run")
    async with open_app(tmp_path / "run", start=AT_START) as driver:
        second = CONTENT.index(b"\n") + 1
        await driver.press("down")
        assert mark_of(driver).at == second
        await driver.press("l", "l", "down", "up")
        assert mark_of(driver).at == second + 2
        await driver.press("up")
        assert mark_of(driver).at == 2
        await driver.press("pagedown")
        rows = page_of(driver).content_size.height
        assert CONTENT[: mark_of(driver).at].count(b"\n") >= rows - 2
        await driver.press("pageup", "pageup")
        assert mark_of(driver).at < CONTENT.index(b"\n")


async def test_a_click_takes_the_cursor_to_a_character(open_app: OpenApp, tmp_path: Path) -> None:
    make_text_run(tmp_path / "run")
    async with open_app(tmp_path / "run", start=AT_START) as driver:
        await driver.settled()
        page = page_of(driver)
        margin = margin_of(page.content_size.width, len(CONTENT))
        await driver.pilot.click(page, offset=(margin + 4, 4))
        await driver.settled()
        fifth = [i for i, byte in enumerate(CONTENT) if byte == 10][3] + 1
        assert mark_of(driver).at == fifth + 4
        assert driver.timeline.cursor == (fifth + 4) // CHUNK


async def test_the_wheel_moves_the_page_and_not_the_cursor(
    open_app: OpenApp, tmp_path: Path
) -> None:
    make_text_run(tmp_path / "run")
    async with open_app(tmp_path / "run", start=AT_START) as driver:
        await driver.settled()
        top = shown_text(driver).splitlines()[0]
        page_of(driver)._wheel(3)
        await driver.settled()
        assert shown_text(driver).splitlines()[0] != top
        assert mark_of(driver).at == 0
        await driver.press("l")
        assert shown_text(driver).splitlines()[0] == top


async def test_a_search_goes_to_matches_and_marks_them(open_app: OpenApp, tmp_path: Path) -> None:
    make_text_run(tmp_path / "run")
    async with open_app(tmp_path / "run", start=AT_START) as driver:
        places = [i for i in range(len(CONTENT)) if CONTENT.startswith(b"harbour_log", i)]
        await driver.press("slash", *"HARBOUR".lower(), "underscore", *"log", "enter")
        await driver.settled()
        assert mark_of(driver).at == places[0]
        assert mark_of(driver).matches[:2] == tuple((i, i + 11) for i in places[:2])
        assert f"1 of {len(places)}" in driver.text()
        await driver.press("n")
        await driver.settled()
        assert mark_of(driver).at == places[1]
        await driver.press("N")
        await driver.settled()
        await driver.press("N")
        await driver.settled()
        assert mark_of(driver).at == places[-1]
        await driver.press("escape")
        assert mark_of(driver).matches == ()


async def test_what_is_not_there_is_said(open_app: OpenApp, tmp_path: Path) -> None:
    make_text_run(tmp_path / "run")
    async with open_app(tmp_path / "run", start=AT_START) as driver:
        await driver.press("slash", *"zebra", "enter")
        await driver.settled()
        assert "zebra: not in the document" in driver.text()
        assert mark_of(driver).at == 0


async def test_keys_of_the_search_belong_to_the_field_while_somebody_types(
    open_app: OpenApp, tmp_path: Path
) -> None:
    make_text_run(tmp_path / "run")
    async with open_app(tmp_path / "run", start=AT_START) as driver:
        await driver.press("slash", "h", "l", "n")
        assert driver.timeline.cursor == 0
        assert driver.text().count("hln") >= 1


async def test_a_live_run_is_followed(open_app: OpenApp, tmp_path: Path) -> None:
    place = make_text_run(tmp_path / "run", scored=4 * CHUNK, status="running")
    async with open_app(tmp_path / "run", start=StartView(tab="physics", follow=True)) as driver:
        await driver.settled()
        assert mark_of(driver).at == 3 * CHUNK
        assert f"256 of {len(CONTENT):,} bytes".replace(",", " ") in driver.text()
        write_scores(place.path, drawn_losses(CONTENT), range(4, 9), CHUNK)
        write_status(place.path, "running", 9, LAST + 1)
        await driver.until(lambda: mark_of(driver).at == 8 * CHUNK, "the cursor")
        await driver.settled()
        assert pane_of(driver).document is not None
        assert pane_of(driver).document.scored == 9 * CHUNK  # type: ignore[union-attr]


async def test_a_page_that_is_followed_stays_for_a_while(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(TextPane, "clock", staticmethod(lambda: now))
    place = make_text_run(tmp_path / "run", scored=2 * CHUNK, status="running")
    start = StartView(tab="physics", follow=True)
    async with open_app(tmp_path / "run", start=start, size=(80, 24)) as driver:
        await driver.settled()

        async def read(first: int, last: int) -> str:
            write_scores(place.path, drawn_losses(CONTENT), range(first, last), CHUNK)
            write_status(place.path, "running", last, LAST + 1)
            await driver.until(lambda: mark_of(driver).at == (last - 1) * CHUNK, "the cursor")
            await driver.settled()
            return shown_text(driver)

        turned = await read(2, 12)
        assert page_of(driver).has_cursor
        assert await read(12, 18) == turned
        assert not page_of(driver).has_cursor
        now += 60
        assert await read(18, 19) != turned
        assert page_of(driver).has_cursor


async def test_a_link_leads_to_the_byte(open_app: OpenApp, tmp_path: Path) -> None:
    make_text_run(tmp_path / "run")
    async with open_app(tmp_path / "run", start=AT_START) as driver:
        await driver.press("right", "l", "l", "l")
        link = driver.main.views.now()
        assert (link.t, link.byte) == (1, CHUNK + 3)
        assert "--byte 67" in " ".join(link.options())
    for start in (link, StartView(tab="physics", byte=CHUNK + 3)):
        async with open_app(tmp_path / "run", start=start) as driver:
            await driver.settled()
            assert (mark_of(driver).at, driver.timeline.cursor) == (CHUNK + 3, 1)


async def test_the_keys_of_the_log_are_its_own_while_it_is_shown(
    open_app: OpenApp, tmp_path: Path
) -> None:
    make_text_run(tmp_path / "run")
    (tmp_path / "run" / "run.log").write_text("INFO a line\n" * 100)
    async with open_app(tmp_path / "run", start=AT_START) as driver:
        await driver.press("g", "pagedown", "pagedown")
        assert mark_of(driver).at == 0
        await driver.press("g", "pagedown")
        assert mark_of(driver).at > 0
