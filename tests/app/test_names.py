"""Sessions of any name in the table of sessions and in the chooser."""

from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.app.conftest import Driver, OpenApp
from tests.hostile import acting, drawn
from tests.rundirs import make_run

NAMES = ("run1", "run2", "run10", "[b]x", "$HOME", "名前ランニング", "e\u0301te\u0301", "a\nb")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("root")
    for name in NAMES:
        make_run(root / name, steps=40)
    return root


def rows_with(driver: Driver, text: str) -> list[str]:
    rows = drawn(driver.app)
    assert acting(rows) == []
    return [row for row in rows[2:] if text in row]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_the_columns_of_the_table_stand_below_each_other(
    root: Path, open_app: OpenApp, size: tuple[int, int]
) -> None:
    async with open_app(root, size=size) as driver:
        await driver.press("6")
        await driver.until(lambda: len(rows_with(driver, "✓ completed")) >= len(NAMES), "all rows")
        rows = [row for row in rows_with(driver, "✓ completed") if not row.startswith("─")]
        assert len({cell_len(row[: row.index("✓ completed")]) for row in rows}) == 1
        for name in ("[b]x", "$HOME", "名前ラン", r"a\nb"):
            assert any(name in row for row in rows)


async def test_sessions_are_sorted_as_people_count(root: Path, open_app: OpenApp) -> None:
    async with open_app(root) as driver:
        await driver.press("6")
        await driver.until(lambda: len(rows_with(driver, "✓ completed")) >= len(NAMES), "all rows")
        for key in ("", ">"):  # as they were found, and sorted by their names
            if key:
                await driver.press(key)
            names = [n for row in rows_with(driver, "✓ completed") for n in row.split()]
            assert [n for n in names if n.startswith("run")][-3:] == ["run1", "run2", "run10"]


async def test_a_name_of_markup_is_shown_and_opened(root: Path, open_app: OpenApp) -> None:
    async with open_app(root) as driver:
        await driver.press("o")
        await driver.press(*"[b]")
        await driver.until(lambda: rows_with(driver, "[b]x"))
        await driver.press("enter")
        await driver.until(lambda: driver.state.snapshot.data is not None)
        await driver.until(lambda: driver.data.place.name == "[b]x", "the session")
        assert "[b]x" in drawn(driver.app)[0]
