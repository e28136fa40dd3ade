"""The Physics tab, driven by keys."""

import csv
from pathlib import Path

import numpy as np
import pytest

from tests.app.conftest import Driver, OpenApp
from tests.rundirs import make_run
from tttui.model.pointmass.settings import World
from tttui.model.start import StartView
from tttui.panes.physics.implied import Oracle
from tttui.panes.physics.layout import REGIONS
from tttui.panes.physics.pane import PhysicsPane
from tttui.tasks.pointmass import hidden
from tttui.widgets.path import PathView
from tttui.widgets.stack import StackView

PHYSICS = StartView(tab="physics", t=320)
MU = 0.1234


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A native session of 600 steps."""
    return make_run(tmp_path / "demo", mu=MU).path


async def settled(driver: Driver) -> None:
    """Wait until the trajectory is drawn and the weights have been asked."""
    pane = driver.pane
    assert isinstance(pane, PhysicsPane)
    await driver.until(lambda: pane.settled, "the trajectory and the implied friction")


async def test_smoothing_lays_averages_over_the_errors(run: Path, open_app: OpenApp) -> None:
    async with open_app(run, size=(200, 50), start=PHYSICS) as driver:
        await settled(driver)
        await driver.press("s")
        assert "average, span 32" in driver.text()


async def test_a_step_moves_the_position_the_reading_and_the_equation(
    run: Path, open_app: OpenApp
) -> None:
    async with open_app(run, size=(200, 50), start=PHYSICS) as driver:
        await settled(driver)
        before = driver.text()
        await driver.press("right")
        after = driver.text()
    assert "t 320" in before
    assert "t 321" in after
    equations = [next(line for line in text.splitlines() if "v' = (1 - 0." in line)
                 for text in (before, after)]  # fmt: skip
    assert equations[0] != equations[1]


async def test_the_true_and_the_implied_friction_are_shown(run: Path, open_app: OpenApp) -> None:
    async with open_app(run, size=(120, 40), start=PHYSICS) as driver:
        await settled(driver)
        text = driver.text()
    assert "the weights imply" in text
    assert "weights since t" in text
    assert "v' = (1 - mu) v + a" in text


async def test_the_weights_are_asked_once_for_each_snapshot(
    run: Path, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int | None] = []
    real = hidden.implied

    def counted(held: object, law: World) -> object:
        asked.append(held.t)  # type: ignore[attr-defined]
        return real(held, law)  # type: ignore[arg-type]

    monkeypatch.setattr("tttui.panes.physics.implied.implied", counted)
    async with open_app(run, size=(120, 40), start=PHYSICS) as driver:
        await settled(driver)
        await driver.press("right", "right", "left", "left", "right")
        await settled(driver)
    assert len(asked) == 1


async def test_v_cycles_path_predictions_and_ghost(run: Path, open_app: OpenApp) -> None:
    titles = []
    async with open_app(run, size=(120, 40), start=PHYSICS) as driver:
        await settled(driver)
        for _ in range(4):
            titles.append(driver.text().splitlines()[2].split("  ")[0])
            await driver.press("v")
    assert titles == ["▸ Path", "▸ Predictions", "▸ Ghost", "▸ Path"]


async def test_predictions_show_both_models_and_how_much_errors_are_magnified(
    run: Path, open_app: OpenApp
) -> None:
    async with open_app(run, size=(200, 50), start=PHYSICS) as driver:
        await settled(driver)
        await driver.press("v")
        title = driver.text().splitlines()[2]
    assert "frozen" in title
    assert "adaptive" in title
    assert "errors x" in title


async def test_braces_choose_the_friction_of_the_ghost(run: Path, open_app: OpenApp) -> None:
    async with open_app(run, size=(200, 50), start=PHYSICS) as driver:
        await settled(driver)
        await driver.press("right_curly_bracket")
        higher = driver.text()
        await driver.press("left_curly_bracket", "left_curly_bracket")
        lower = driver.text()
    assert "ghost mu 0.260" in higher
    assert "apart at t 599" in higher
    assert "ghost mu 0.240" in lower
    assert "Distance to the ghost" in lower


async def test_w_shows_every_region_of_a_small_terminal(run: Path, open_app: OpenApp) -> None:
    seen = []
    async with open_app(run, size=(80, 24), start=PHYSICS) as driver:
        await settled(driver)
        for _ in REGIONS:
            seen.append(driver.text().splitlines()[2])
            await driver.press("w")
        await settled(driver)
    words = ("Path", "x", "Hidden friction", "One-step error", "Implied mu")
    for k, (line, word) in enumerate(zip(seen, words, strict=True), 1):
        assert line.startswith(f"▸ {k}/5 {word}")


async def test_a_run_without_a_trajectory_says_why_and_shows_the_rest(
    tmp_path: Path, open_app: OpenApp
) -> None:
    run = make_run(tmp_path / "flat", layout="flat").path
    async with open_app(run, size=(120, 40), start=StartView(tab="physics")) as driver:
        await settled(driver)
        text = driver.text()
    assert "this layout has no trajectory file" in text
    assert "the weights imply" in text
    assert "One-step error" in text


async def test_a_store_shows_its_path_without_predictions(
    tmp_path: Path, open_app: OpenApp
) -> None:
    run = make_run(tmp_path / "root/sessions/s", layout="store").path
    async with open_app(run, size=(120, 40), start=StartView(tab="physics")) as driver:
        await settled(driver)
        await driver.press("v")
        text = driver.text()
    assert "this run recorded no predictions" in text


@pytest.mark.parametrize("name", ["linear", "mu_high", "mu_high_fork"])
async def test_real_foreign_runs_open(foreign_data: Path, open_app: OpenApp, name: str) -> None:
    path = next(p for p in (foreign_data / "flat", foreign_data / "store/sessions")
                if (p / name).is_dir())  # fmt: skip
    async with open_app(path / name, size=(120, 40), start=StartView(tab="physics")) as driver:
        await settled(driver)
        await driver.press("v", "v", "w", "w", "w", "home", "plus")
        assert "Hidden friction" in driver.text()


async def test_values_that_are_not_finite_leave_gaps(run: Path, open_app: OpenApp) -> None:
    path = run / "trajectory.csv"
    rows = list(csv.reader(path.read_text().splitlines()))
    for k, value in ((10, "nan"), (200, "inf"), (321, "-inf"), (322, "nan")):
        rows[k][1] = rows[k][4] = rows[k][5] = value
    path.write_text("\n".join(",".join(row) for row in rows) + "\n")
    async with open_app(run, size=(200, 50), start=PHYSICS) as driver:
        await settled(driver)
        await driver.press("v", "v", "v", "right", "right", "plus", "plus")
        assert "Path" in driver.text()


@pytest.mark.parametrize(("size", "ascii"), [((40, 12), True), ((20, 6), False), ((300, 90), True)])
async def test_no_size_breaks_the_tab(
    run: Path, open_app: OpenApp, size: tuple[int, int], ascii: bool
) -> None:
    async with open_app(run, size=size, start=PHYSICS, ascii=ascii) as driver:
        await settled(driver)
        await driver.press("w", "v", "w", "v", "w", "w")
        if ascii:
            assert driver.text().isascii()


async def test_a_click_on_the_path_moves_the_cursor_there(run: Path, open_app: OpenApp) -> None:
    async with open_app(run, size=(120, 40), start=PHYSICS) as driver:
        await settled(driver)
        view = driver.pane.query_one(PathView)
        drawn = view._backdrop
        assert drawn is not None
        assert drawn.frame is not None
        truth = drawn.tracks[0]
        cell = drawn.frame.cell(float(truth.x[40]), float(truth.y[40]))
        assert cell is not None
        row, column = cell[0] + drawn.layout.top, cell[1] + drawn.layout.gutter
        await driver.pilot.click(PathView, offset=(column, row))
        await driver.pilot.pause()
        reached = driver.timeline.cursor
    near = np.hypot(truth.x[reached] - truth.x[40], truth.y[reached] - truth.y[40])
    assert near < 3 * drawn.frame.per_cell


async def test_the_hovered_step_is_marked_in_every_view(run: Path, open_app: OpenApp) -> None:
    async with open_app(run, size=(200, 50), start=PHYSICS) as driver:
        await settled(driver)
        stack = driver.pane.query_one(StackView)
        await driver.pilot.hover(StackView, offset=(stack.left + 20, 3))
        await driver.until(lambda: stack.hovered is not None, "the hover")
        path = driver.pane.query_one(PathView)
        await driver.until(lambda: path.hovered == stack.hovered, "the path's mark")


async def test_y_copies_the_numbers_of_the_step(run: Path, open_app: OpenApp) -> None:
    async with open_app(run, size=(120, 40), start=PHYSICS) as driver:
        await settled(driver)
        whats = [what for what, _ in driver.pane.copyable()]
    assert whats == ["mu at t 320", "implied mu at t 320", "x,y,vx,vy,ax,ay at t 320"]


async def test_a_nonlinear_world_says_which_friction_acts(
    tmp_path: Path, open_app: OpenApp
) -> None:
    run = make_run(tmp_path / "demo").path
    meta = run / "session" / "meta.json"
    meta.write_text(meta.read_text().replace('"linear"', '"nonlinear"'))
    async with open_app(run, size=(120, 40), start=PHYSICS) as driver:
        await settled(driver)
        text = driver.text()
    assert "mu_eff = " in text
    assert "static 0.247 below" in text


def test_the_oracle_answers_about_the_session_that_is_open() -> None:
    told: list[None] = []
    oracle = Oracle(lambda: told.append(None))
    shapes = {"W_u": (16, 6), "B": (32, 16), "W_o": (4, 32), "a_raw": (32,)}
    weights = {name: np.zeros(shape, dtype=np.float32) for name, shape in shapes.items()}
    held = hidden.CompleteWeights(0, weights, 1.0)
    oracle._known[(-1, 0)] = "stale"  # type: ignore[assignment]
    oracle.forget()
    assert oracle.known(held) is None


async def test_e_exports_the_ghost_that_is_shown(
    run: Path, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run.parent)
    async with open_app(run, size=(120, 40), start=PHYSICS) as driver:
        await settled(driver)
        await driver.press("right_curly_bracket", "e", "c")
        await driver.until(lambda: "xported" in driver.text().splitlines()[0], "the export")
    (path,) = run.parent.glob("exports/*.csv")
    assert path.name == "demo-ghost-mu0.26.csv"
    assert path.read_text().startswith("t,x,y,ghost_x,ghost_y,distance")


async def test_predictions_are_shown_up_to_the_cursor_and_the_legend_says_so(
    run: Path, open_app: OpenApp
) -> None:
    async with open_app(run, size=(200, 50), start=PHYSICS) as driver:
        await settled(driver)
        await driver.press("v")
        part = driver.text().splitlines()[2]
        await driver.press("end")
        whole = driver.text().splitlines()[2]
    assert "up to t 320" in part
    assert "up to" not in whole


async def test_without_a_trajectory_the_next_region_is_never_the_state(
    tmp_path: Path, open_app: OpenApp
) -> None:
    place = make_run(tmp_path / "a", layout="flat", steps=200)
    async with open_app(place.path, start=StartView(tab="physics"), size=(120, 40)) as driver:
        await driver.until(lambda: driver.pane.query("#friction"), "the tab")
        said = []
        for _ in range(4):
            await driver.press("w")
            said.append(driver.text().splitlines()[0])
        assert not [line for line in said if "state over time" in line]
        assert any("hidden friction" in line for line in said)
