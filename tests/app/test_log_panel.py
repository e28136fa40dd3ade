"""The log of the open run below the tab."""

from pathlib import Path

import pytest

from tests.app.conftest import OpenApp
from tests.rundirs import make_run

LINE = "2026-01-01 10:00:00,000 {level:<7} {text}\n"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    path = make_run(tmp_path / "a", steps=600).path
    lines = [LINE.format(level="INFO", text=f"step number {n}") for n in range(100)]
    lines[40] = LINE.format(level="WARNING", text="rolled back")
    (path / "run.log").write_text("".join(lines))
    return path


async def test_g_shows_the_end_of_the_log_and_follows_it(run: Path, open_app: OpenApp) -> None:
    async with open_app(run, poll=0.05) as driver:
        await driver.press("g")
        await driver.until(lambda: "step number 99" in driver.text(), "the log")
        with (run / "run.log").open("a") as file:
            file.write(LINE.format(level="ERROR", text="it broke"))
        await driver.until(lambda: "it broke" in driver.text(), "the new line")
        await driver.press("g")
        assert "it broke" not in driver.text()


async def test_lines_are_filtered_by_level_and_words(run: Path, open_app: OpenApp) -> None:
    async with open_app(run) as driver:
        await driver.press("g")
        await driver.until(lambda: "100 lines" in driver.text(), "the log")
        await driver.press("G")
        assert "1 of 100 lines" in driver.text()
        assert "rolled back" in driver.text()
        await driver.press("G", "G", "slash", *"ber", "space", "7", "enter")
        assert "11 of 100 lines" in driver.text()
        await driver.press("left")
        assert driver.timeline.cursor == 598


async def test_escape_shows_all_words_again(run: Path, open_app: OpenApp) -> None:
    async with open_app(run) as driver:
        await driver.press("g")
        await driver.until(lambda: "100 lines" in driver.text(), "the log")
        await driver.press("slash", *"rolled", "enter")
        assert "1 of 100 lines" in driver.text()
        assert "/ words" in driver.text()
        await driver.press("escape")
        assert "100 lines" in driver.text()
        assert "step number 99" in driver.text()


async def test_long_lines_are_cut_so_that_the_newest_is_seen(run: Path, open_app: OpenApp) -> None:
    with (run / "run.log").open("a") as file:
        file.writelines(LINE.format(level="INFO", text=f"{n} {'long ' * 40}") for n in range(9))
    async with open_app(run, size=(80, 24)) as driver:
        await driver.press("g")
        await driver.until(lambda: "INFO    8 long" in driver.text(), "the newest line")
        assert "10:00:00 INFO" in driver.text()


async def test_pages_lead_back_and_to_the_end_again(run: Path, open_app: OpenApp) -> None:
    async with open_app(run) as driver:
        await driver.press("g")
        await driver.until(lambda: "step number 99" in driver.text(), "the log")
        await driver.press("pageup")
        assert "step number 99" not in driver.text()
        assert "up to line" in driver.text()
        await driver.press("pagedown")
        assert "step number 99" in driver.text()
        assert "following" in driver.text()


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (200, 50)])
async def test_the_log_fits_every_terminal(
    run: Path, open_app: OpenApp, size: tuple[int, int]
) -> None:
    async with open_app(run, size=size) as driver:
        await driver.press("g")
        for tab in "123456":
            await driver.press(tab)
        await driver.until(lambda: "run.log" in driver.text(), "the log")


async def test_changes_of_a_run_are_marked_on_the_scrubber(run: Path, open_app: OpenApp) -> None:
    (run / "interventions.jsonl").write_text('{"t": 300, "kind": "mu", "value": 0.3}\n')
    async with open_app(run) as driver:
        scrubber = driver.text().splitlines()[-2]
        assert "◇" in scrubber
