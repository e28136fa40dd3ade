"""The Overview of runs that got worse, diverged or have no number: it says so, at every size."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.app.conftest import OpenApp
from tests.rundirs import make_run, steps_path
from tttui.model.session import Place


@pytest.mark.parametrize(
    "run", ["flat/linear", "store/sessions/mu_high", "store/sessions/mu_high_fork"]
)
async def test_foreign_runs_that_got_worse_are_said_to_be_worse(
    foreign_data: Path, open_app: OpenApp, run: str
) -> None:
    async with open_app(foreign_data / run) as driver:
        shown = " ".join(driver.text().split())
        assert "Test-time training makes things worse here." in shown
        assert "Most transactions were rolled back" in shown


SIZES = [(40, 12), (40, 24), (60, 16), (80, 24), (120, 40), (160, 45), (200, 50)]


async def test_a_failure_is_said_whole_at_every_size(tmp_path: Path, open_app: OpenApp) -> None:
    async with open_app(failing(tmp_path / "a").path) as driver:
        for size in SIZES:
            await driver.pilot.resize_terminal(*size)
            await driver.settled()
            shown = " ".join(driver.text().split())
            assert "makes things worse here. Adaptive is 2 00" in shown, size
            assert "times worse than frozen" in shown, size
            whole = "The newest weights imply mu 0.1334; the truth is 0.1234." in shown
            assert whole or "… (i: all)" in shown, size


def failing(path: Path) -> Place:
    """A run whose adaptive error is 2000 times the frozen one."""
    place = make_run(path, seed=3)
    spoil(place, lambda t, baseline: repr(float(baseline) * (2000 + t % 7)) if t > 90 else "")
    return place


def spoil(place: Place, adaptive: Callable[[int, str], str]) -> None:
    """Replace adaptive errors; those of which nothing is said stay."""
    path = steps_path(place)
    head, *lines = path.read_text().splitlines()
    rows = [line.split(",") for line in lines]
    for row in rows:
        row[2] = adaptive(int(row[0]), row[1]) or row[2]
    path.write_text("\n".join([head, *(",".join(row) for row in rows), ""]))


async def test_the_key_that_the_mark_names_shows_the_whole_verdict(
    tmp_path: Path, open_app: OpenApp
) -> None:
    async with open_app(failing(tmp_path / "a").path, size=(80, 24)) as driver:
        assert "the truth is" not in driver.text()
        await driver.press("i")
        shown = " ".join(driver.text().split())
        assert "imply mu 0.1334; the truth is 0.1234." in shown
        assert "(i: all)" not in shown


async def test_cards_say_why_they_have_no_number(tmp_path: Path, open_app: OpenApp) -> None:
    place = make_run(tmp_path / "a", seed=3)
    spoil(place, lambda t, _: "nan" if t == 560 else "")
    async with open_app(place.path) as driver:
        shown = driver.text()
        assert "1 of 100 NaN" in shown
        assert "No mean to compare (adaptive: 1 of 100 steps is NaN)." in shown
        await driver.pilot.resize_terminal(80, 24)
        assert "1 of 100 NaN" in driver.text()


async def test_divergence_is_said_in_words(tmp_path: Path, open_app: OpenApp) -> None:
    place = make_run(tmp_path / "a", seed=3)
    spoil(place, lambda t, _: "inf" if t > 550 else "")
    async with open_app(place.path) as driver:
        cards, _ = driver.text().split("MSE log", 1)
        assert cards.count("diverged") == 3
        assert "49 infinite" in cards
        assert not re.search(r"\b(inf|nan)\b", cards)


async def test_a_short_run_says_that_it_has_no_interval(tmp_path: Path, open_app: OpenApp) -> None:
    async with open_app(make_run(tmp_path / "a", steps=5).path) as driver:
        assert "no CI: 5 steps," in driver.text()
        for size in SIZES:
            await driver.pilot.resize_terminal(*size)
            await driver.settled()
            assert not re.search(r"\b(inf|nan)\b", driver.text()), size
