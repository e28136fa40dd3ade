"""The Architecture tab: the model with this session's numbers."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.app.conftest import Driver, OpenApp
from tests.rundirs import make_run
from tttui.artifacts.ptfile import read_pt, write_pt
from tttui.export.request import ExportRequest
from tttui.export.tables import table_of
from tttui.model.start import StartView
from tttui.widgets.columns import BarColumns

ARCHITECTURE = StartView(tab="architecture")
WIDE = (200, 50)


SETTINGS = {
    "lr": 0.02,
    "momentum": 0.95,
    "nesterov": True,
    "momentum_reset": True,
    "ns_steps": 5,
    "weight_decay": 0.0,
    "inner_steps": 8,
    "whiten": True,
    "whiten_eps": 1e-5,
    "line_search": True,
}


def example(tmp_path: Path) -> Path:
    """A run whose settings do not follow the defaults of the day."""
    path = make_run(tmp_path / "example", steps=600, seed=3).path
    meta = path / "session" / "meta.json"
    content = {**json.loads(meta.read_text()), "plasticity_cfg": SETTINGS}
    meta.write_text(json.dumps(content))
    return path


def flat(driver: Driver) -> str:
    """The screen as one line of words."""
    return " ".join(driver.text().split())


async def with_trajectory(driver: Driver) -> None:
    await driver.until(lambda: driver.state.snapshot.trajectory is not None, "the trajectory")
    await driver.until(lambda: "being read" not in driver.text(), "the panels")


def set_a_raw(path: Path, unit: int, value: float) -> None:
    file = path / "base_checkpoint.pt"
    content = read_pt(file)
    a_raw = content["model_state"]["a_raw"].copy()
    a_raw[unit] = value
    content["model_state"]["a_raw"] = a_raw
    file.write_bytes(write_pt(content))


@pytest.mark.parametrize(
    ("size", "sign"),
    [
        ((200, 50), "║ W_u 16 x 6 ║"),
        ((100, 32), "║W_u 16x6║"),
        ((60, 24), "║ W_u 16 x 6 ║ plastic"),
    ],
)
async def test_the_diagram_has_the_shapes_of_the_files_at_three_widths(
    tmp_path: Path, open_app: OpenApp, size: tuple[int, int], sign: str
) -> None:
    async with open_app(example(tmp_path), start=ARCHITECTURE, size=size) as driver:
        assert sign in driver.text()


async def test_other_shapes_are_shown_as_they_are(tmp_path: Path, open_app: OpenApp) -> None:
    path = make_run(tmp_path / "big", shape=(24, 48)).path
    async with open_app(path, start=ARCHITECTURE, size=WIDE) as driver:
        assert "W_u 24 x 6" in driver.text()
        assert "1 488 plastic, 48 frozen" in driver.text()


async def test_parameters_are_counted(tmp_path: Path, open_app: OpenApp) -> None:
    async with open_app(example(tmp_path), start=ARCHITECTURE, size=WIDE) as driver:
        shown = flat(driver)
        for part in ("16 x 6 = 96", "32 x 16 = 512", "4 x 32 = 128", "736 plastic, 32 frozen"):
            assert part in shown


async def test_a_sound_model_is_explained_to_be_stable(tmp_path: Path, open_app: OpenApp) -> None:
    async with open_app(example(tmp_path), start=ARCHITECTURE, size=WIDE) as driver:
        assert "32 units, all inside (0, 1)" in driver.text()
        assert "every decay lies inside (0, 1)" in flat(driver)


@pytest.mark.parametrize("value", [np.nan, -800.0])
async def test_a_decay_that_does_not_fade_is_said_loudly(
    tmp_path: Path, open_app: OpenApp, value: float
) -> None:
    path = example(tmp_path)
    set_a_raw(path, 7, value)
    async with open_app(path, start=ARCHITECTURE, size=WIDE) as driver:
        shown = flat(driver)
        assert "NOT STABLE" in shown
        assert "unit 7: decay" in shown
        assert "1 of 32 units are not inside" in shown
        assert "all inside" not in shown


async def test_muon_is_explained_with_the_settings_of_the_session(
    tmp_path: Path, open_app: OpenApp
) -> None:
    path = example(tmp_path)
    meta = path / "session" / "meta.json"
    content = json.loads(meta.read_text())
    content["plasticity_cfg"] |= {"lr": 0.0123, "ns_steps": 7, "line_search": False}
    meta.write_text(json.dumps(content))
    async with open_app(path, start=ARCHITECTURE, size=WIDE) as driver:
        shown = flat(driver)
        assert "lr 0.0123" in shown
        assert "Newton-Schulz, 7 iterations" in shown
        assert "line search" not in shown
        assert "Whitening" in shown


async def test_settings_that_are_not_recorded_are_not_invented(
    tmp_path: Path, open_app: OpenApp
) -> None:
    path = example(tmp_path)
    meta = path / "session" / "meta.json"
    content = json.loads(meta.read_text())
    del content["plasticity_cfg"]
    meta.write_text(json.dumps(content))
    async with open_app(path, start=ARCHITECTURE, size=WIDE) as driver:
        assert "records no plasticity settings" in flat(driver)


async def test_the_hidden_state_follows_the_cursor(tmp_path: Path, open_app: OpenApp) -> None:
    async with open_app(example(tmp_path), start=ARCHITECTURE, size=WIDE) as driver:
        await with_trajectory(driver)
        assert "t 599 |h|" in flat(driver)
        await driver.press("left")
        assert "t 598 |h|" in flat(driver)
        await driver.press("home")
        assert "t 0 |h| 0 " in flat(driver)


async def test_without_a_trajectory_the_hidden_state_says_why_not(
    tmp_path: Path, open_app: OpenApp
) -> None:
    path = make_run(tmp_path / "a", trajectory=False).path
    async with open_app(path, start=ARCHITECTURE, size=WIDE) as driver:
        assert driver.pane.query_one("#live", BarColumns)
        assert "Not recorded, and cannot be computed again: the file is not there" in flat(driver)


async def test_a_foreign_run_shows_all_but_the_hidden_state(
    tmp_path: Path, open_app: OpenApp
) -> None:
    path = make_run(tmp_path / "flat", layout="flat").path
    async with open_app(path, start=ARCHITECTURE, size=WIDE) as driver:
        shown = flat(driver)
        assert "Not recorded, and cannot be computed again: this session" in shown
        assert "736 plastic" in shown
        assert "all inside (0, 1)" in shown


async def test_without_a_base_the_decays_say_why_not(tmp_path: Path, open_app: OpenApp) -> None:
    path = example(tmp_path)
    (path / "base_checkpoint.pt").unlink()
    async with open_app(path, start=ARCHITECTURE, size=WIDE) as driver:
        assert "The decays are not known: the file is not there" in flat(driver)


async def test_effective_and_true_dynamics_stand_side_by_side(
    tmp_path: Path, open_app: OpenApp
) -> None:
    async with open_app(example(tmp_path), start=ARCHITECTURE, size=WIDE) as driver:
        await with_trajectory(driver)
        shown = flat(driver)
        assert "as the model predicts true" in shown
        assert "0.8766" in shown  # 1 - mu
        assert "friction 0.1234 (linear)" in shown
        assert "Largest difference" in shown


async def test_every_region_is_reached_on_a_small_screen(tmp_path: Path, open_app: OpenApp) -> None:
    async with open_app(example(tmp_path), start=ARCHITECTURE, size=(80, 24)) as driver:
        assert "▶ Stability" in driver.text()
        for sign in ("▶ Parameters", "▶ Optimizer", "▶ Effective dynamics", "▶ Stability"):
            await driver.press("w")
            assert sign in driver.text()


async def test_long_texts_scroll(tmp_path: Path, open_app: OpenApp) -> None:
    async with open_app(example(tmp_path), start=ARCHITECTURE, size=(80, 24)) as driver:
        await driver.press("w", "w")
        assert "AdamW divides" not in flat(driver)
        assert "more ▼" in driver.text()
        await driver.press(*["j"] * 40)
        assert "more ▼" not in driver.text()
        await driver.press(*["k"] * 40)
        assert "more ▼" in driver.text()


async def test_any_size_is_drawn(tmp_path: Path, open_app: OpenApp) -> None:
    async with open_app(example(tmp_path), start=ARCHITECTURE, size=(80, 24)) as driver:
        for size in ((40, 12), (20, 6), (300, 80)):
            await driver.pilot.resize_terminal(*size)
            await driver.press("w", "j", "w", "w", "j")
            assert driver.pane.is_mounted


async def test_the_decays_and_the_parameters_are_exported(
    tmp_path: Path, open_app: OpenApp
) -> None:
    async with open_app(make_run(tmp_path / "a", steps=64).path, start=ARCHITECTURE) as driver:
        request = ExportRequest(driver.pane.exportable(), driver.data).checked()
        assert list(table_of(request)) == ["unit", "a_raw", "decay", "half_life"]
