"""The lab's matrix of providers, driven by keys."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tests.app.conftest import NOW, Driver, OpenApp
from tests.app.test_lab import lab
from tests.lab.test_providers import measured
from tttui.draw.look import Look
from tttui.draw.prose import Prose
from tttui.lab.jobs import list_jobs
from tttui.lab.launchers import local
from tttui.lab.providers import find_providers
from tttui.lab.providers.configuration import Definition, add_definition
from tttui.lab.providers.results import Results
from tttui.panes.lab.matrix.facts import trend
from tttui.panes.lab.matrix.view import MatrixView


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A root with results of two engines and of an endpoint."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    config = tmp_path / "config" / "tttui" / "providers.toml"
    add_definition(config, Definition("ollama", "openai", "http://localhost:9/v1", "m"))
    path = tmp_path / "runs"
    kept, of = Results(path), find_providers().providers
    kinds: dict[str, Any] = {"provider": "torch-cpu", "identity": of["torch-cpu"].identity}
    with mock.patch("tttui.artifacts.eventlog.time.time", return_value=NOW - 7200):
        for median_s in (0.010, 0.011, 0.0042):
            kept.add(measured(median_s=median_s))
        for median_s in (0.010, 0.021):
            kept.add(measured("adapt", median_s=median_s, **kinds))
        odd: dict[str, Any] = {"provider": "ollama", "identity": of["ollama"].identity}
        said = "500 an error\x1b[2J"
        kept.add(measured("streaming", status="fails", reason=said, **odd))
    yield path
    for child in local.children:
        child.wait()


async def open_matrix(driver: Driver) -> MatrixView:
    await driver.press("b")
    while lab(driver).name_shown != "matrix":
        await driver.press("tab")
    view = lab(driver).shown
    assert isinstance(view, MatrixView)
    await driver.until(lambda: view.cell is not None, "the matrix")
    return view


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_cells_tell_what_came_of_them_and_how_old_that_is(
    root: Path, open_app: OpenApp, size: tuple[int, int]
) -> None:
    async with open_app(root, size=size) as driver:
        await open_matrix(driver)
        lines = [line.split() for line in driver.text().splitlines() if line.strip()]
        rows = {words[0]: words[1:] for words in reversed(lines)}
        assert rows["numpy"][:4] == ["▶✓", "4.2", "ms", "?"]
        assert rows["torch-cpu"][:6] == ["?", "✓", "21", "ms", "!", "?"]
        assert rows["ollama"].count("✗") == 1
        assert "2 h" in driver.text()
        assert "▶✓ 4.2 ms" in driver.text()
        await driver.press("down", "right")
        assert "! 2.1 times slower; before: 10 ms" in driver.text()
        if size == (80, 24):
            await driver.press("w", "w")
        assert "21 ms" in driver.text().partition("Trend")[2]


async def test_a_text_of_an_endpoint_is_shown_and_does_nothing(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root, ascii=True) as driver:
        await open_matrix(driver)
        await driver.press("down", "down", "down", "right", "right")
        assert "500 an error\\x1b[2J" in driver.text()
        assert driver.text().isascii()


async def test_a_cell_is_tested_from_here_after_a_question_with_the_command(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root) as driver:
        view = await open_matrix(driver)
        await driver.press("right", "c")
        assert "Test whether numpy can adapt?" in driver.text()
        assert "provider test numpy --capability adapt" in driver.text()
        await driver.press("n")
        assert list_jobs(root) == []
        await driver.press("t")
        assert "Test all that numpy can do?" in driver.text()
        await driver.press("y")
        await driver.until(lambda: list_jobs(root), "the job")
        (job,) = list_jobs(root)
        assert job.command == f"tttui provider test numpy --root {root}"
        await driver.until(lambda: view.cell is not None and view.cell.newest, "its result")


async def test_a_file_with_a_typo_is_told_and_the_engines_are_shown(
    root: Path, open_app: OpenApp, tmp_path: Path
) -> None:
    (tmp_path / "config" / "tttui" / "providers.toml").write_text('[a]\nkind = "opnai"\n')
    async with open_app(root) as driver:
        await open_matrix(driver)
        assert "'opnai'" in driver.text()
        assert "torch-cpu" in driver.text()


def test_the_providers_of_a_capability_stand_beside_each_other(root: Path) -> None:
    engines, results = find_providers().providers, Results(root)
    other: dict[str, Any] = {"provider": "torch-cpu", "identity": engines["torch-cpu"].identity}
    results.add(measured(median_s=0.001, **other))
    results.refresh()
    matrix = results.matrix(engines)
    prose = Prose(60, Look())
    trend(matrix, matrix.cells["numpy", "predict"], NOW)(prose)
    texts = ["".join(part[0] for part in line) for line in prose.lines]
    at = texts.index("predict by provider")
    assert [line.split()[0] for line in texts[at + 1 : at + 3]] == ["torch-cpu", "numpy"]
    assert "adapt by provider" not in texts, "one provider alone is compared with nothing"
