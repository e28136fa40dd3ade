"""`e` in the app: a dialog, a file, a sentence that says where."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.app.conftest import Driver, OpenApp
from tests.rundirs import make_run
from tttui.draw.palette import DARK
from tttui.model.start import StartView
from tttui.screens.export import ExportDialog
from tttui.widgets.bars import TopBar


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A session under runs/, and its parent as the working directory."""
    monkeypatch.chdir(tmp_path)
    return make_run(tmp_path / "runs" / "demo", steps=200).path


async def exported(driver: Driver, *keys: str) -> str:
    """What the note says after an export by these keys."""
    await driver.press("e")
    await driver.until(lambda: isinstance(driver.app.screen, ExportDialog), "the dialog")
    await driver.press(*keys)
    await driver.until(lambda: "xported" in note(driver), "the export")
    return note(driver)


def note(driver: Driver) -> str:
    return driver.app.screen.query_one(TopBar).noted


async def test_the_numbers_of_the_focused_chart_are_written(run: Path, open_app: OpenApp) -> None:
    start = StartView(t=50, window=(40, 60))
    async with open_app(run, start=start) as driver:
        said = await exported(driver, "c")
    path = Path(said.removeprefix("Exported to "))
    assert path == Path("exports/demo-mse-40-60.csv")
    assert len(path.read_text().splitlines()) == 22


async def test_a_figure_is_drawn_in_the_background(run: Path, open_app: OpenApp) -> None:
    async with open_app(run, start=StartView(tab="physics")) as driver:
        await driver.until(lambda: driver.state.snapshot.trajectory is not None, "the trajectory")
        said = await exported(driver, "p")
    path = Path(said.removeprefix("Exported to "))
    assert path.name == "demo-trajectory.png"
    assert path.read_bytes().startswith(b"\x89PNG")


async def test_t_chooses_the_colours_of_a_figure(run: Path, open_app: OpenApp) -> None:
    async with open_app(run) as driver:
        await driver.press("e", "t")
        assert "dark  colours of a figure" in driver.text()
        await driver.press("s")
        await driver.until(lambda: list(Path("exports").glob("*.svg")), "the file")
    (path,) = Path("exports").glob("*.svg")
    assert f"#{DARK.ground:06x}" in path.read_text()


async def test_the_whole_screen_is_written_as_svg(run: Path, open_app: OpenApp) -> None:
    async with open_app(run) as driver:
        said = await exported(driver, "w")
    path = Path(said.removeprefix("Exported to "))
    text = "".join(ET.fromstring(path.read_text()).itertext())
    assert "Overview" in text
    assert "Export" not in text.replace("export", "")


async def test_enter_takes_the_marked_format(run: Path, open_app: OpenApp) -> None:
    async with open_app(run) as driver:
        said = await exported(driver, "down", "down", "down", "enter")
    assert said.endswith(".csv")


async def test_what_cannot_be_written_is_said_in_one_note(run: Path, open_app: OpenApp) -> None:
    Path("exports").write_text("in the way")
    async with open_app(run, size=(400, 50)) as driver:
        said = await exported(driver, "c")
    assert said.startswith("Not exported: ")
    assert "is no directory" in said


async def test_what_a_run_does_not_have_is_said(tmp_path: Path, open_app: OpenApp) -> None:
    run = make_run(tmp_path / "flat", layout="flat", steps=100).path
    async with open_app(run, start=StartView(tab="physics"), size=(200, 50)) as driver:
        said = await exported(driver, "c")
    assert "no trajectory to export: this layout has no trajectory file" in said


async def test_escape_leaves_without_a_file(run: Path, open_app: OpenApp) -> None:
    async with open_app(run) as driver:
        await driver.press("e", "escape")
        assert not isinstance(driver.app.screen, ExportDialog)
    assert not Path("exports").exists()


async def test_nothing_goes_into_the_session_that_is_looked_at(
    run: Path, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(run)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    before = sorted(run.iterdir())
    async with open_app(run, size=(200, 50)) as driver:
        said = await exported(driver, "c")
    assert said == f"Exported to {tmp_path}/home/tttui-exports/demo-mse.csv"
    assert sorted(run.iterdir()) == before


@pytest.mark.parametrize("size", [(40, 12), (20, 8)])
async def test_the_dialog_fits_small_terminals(
    run: Path, open_app: OpenApp, size: tuple[int, int]
) -> None:
    async with open_app(run, size=size) as driver:
        await driver.press("e", "down", "up")
        assert isinstance(driver.app.screen, ExportDialog)


@pytest.mark.parametrize(
    ("keys", "format", "name"),
    [
        (["v"], "s", "demo-weights-start-t199.svg"),
        (["w", "w"], "c", "demo-weight-statistics.csv"),
        (["w", "w", "w"], "p", "demo-spectrum-t199.png"),
        (["w", "w", "w", "w"], "c", "demo-moved-t199.csv"),
    ],
)
async def test_every_region_of_weights_exports_itself(
    run: Path, open_app: OpenApp, keys: list[str], format: str, name: str
) -> None:
    async with open_app(run, start=StartView(tab="weights")) as driver:
        await driver.settled()
        await driver.press(*keys)
        said = await exported(driver, format)
    path = Path(said.removeprefix("Exported to "))
    assert path.name == name
    data = path.read_bytes()
    match path.suffix:
        case ".png":
            assert data.startswith(b"\x89PNG")
        case ".svg":
            assert ET.fromstring(data.decode()).tag.endswith("svg")
        case _:
            assert len(data.splitlines()) > 5
