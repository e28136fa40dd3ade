"""Sessions of any model in the app: nothing blank, nothing of the point mass, nothing damaged."""

import re
from pathlib import Path

import pytest

from tests.app.conftest import SIZES, Driver, OpenApp
from tests.recorded import make_recorded, module, small_module
from tests.rundirs import make_run
from tests.toolkit import tell_layouts
from tttui.keys.command import TABS
from tttui.model.transactions import Transaction, Transactions
from tttui.panes.architecture.modules import ModulesPane
from tttui.panes.physics.series import SeriesPane
from tttui.panes.weights.parameters import ParametersPane
from tttui.widgets.table import Table
from tttui.widgets.transaction_panel import TransactionPanel

OF_POINT_MASS = re.compile(r"\bmu\b|friction|\bMSE\b|W_u|a_raw|Muon|Physics|damaged")

KINDS = ("plain", "small", "accuracy", "large")


def recorded(path: Path, kind: str) -> Path:
    """A session of one kind."""
    if kind == "plain":
        make_recorded(path, updates=False, frozen_every=None)
    elif kind == "small":
        make_recorded(
            path,
            model=small_module(),
            series=("entropy", "grad norm"),
            controls=("bn-only",),
            frozen_every=4,
        )
    elif kind == "accuracy":
        make_recorded(path, model=module(10), loss="accuracy", series=("entropy",), seed=3)
    else:
        kept = [f"blocks.{i}.mlp.down_proj.weight" for i in range(100)]
        make_recorded(
            path, model=module(100), kept=kept, large=True, series=[f"s{i}" for i in range(23)]
        )
    return path


async def tab(driver: Driver, number: int) -> str:
    """What a tab shows once all of it is there."""
    await driver.press(str(number))
    await driver.settled()
    return driver.text()


@pytest.mark.parametrize("kind", KINDS)
async def test_every_tab_shows_a_session_of_any_model(
    tmp_path: Path, open_app: OpenApp, kind: str
) -> None:
    path = recorded(tmp_path / "demo", kind)
    async with open_app(path, size=SIZES[0]) as driver:
        for size in SIZES:
            await driver.pilot.resize_terminal(*size)
            for number in range(1, len(TABS) + 1):
                text = await tab(driver, number)
                assert not OF_POINT_MASS.search(text), text
                assert not driver.state.snapshot.failures
                assert "Working out" not in text
            assert "4 Series" in driver.text()


async def test_the_verdict_says_on_how_many_scores_it_rests(
    tmp_path: Path, open_app: OpenApp
) -> None:
    async with open_app(recorded(tmp_path / "demo", "small")) as driver:
        text = driver.text()
        assert "over the last 80 steps at which frozen was evaluated" in " ".join(text.split())
        assert "cross-entropy (nats)" in text


async def test_higher_accuracy_is_better(tmp_path: Path, open_app: OpenApp) -> None:
    async with open_app(recorded(tmp_path / "demo", "accuracy")) as driver:
        assert "Adaptive is 93 % better than frozen" in driver.text()


async def test_a_loss_without_a_frozen_one_is_told_by_itself(
    tmp_path: Path, open_app: OpenApp
) -> None:
    async with open_app(recorded(tmp_path / "demo", "plain")) as driver:
        text = " ".join(driver.text().split())
        assert "the frozen model was never evaluated" in text
        assert "went from 2.50 (first 100 steps) to 2.48 nats (last 100)" in text


async def test_series_are_drawn_beside_the_losses_one_after_the_other(
    tmp_path: Path, open_app: OpenApp
) -> None:
    async with open_app(recorded(tmp_path / "demo", "small")) as driver:
        assert "─ bn-only" in driver.text()
        assert "entropy (nats)" in driver.text()
        await driver.press("r")
        assert "grad norm (nats)" in driver.text()
        await driver.press("r")
        assert "grad norm" not in driver.text()
        assert "─ bn-only" not in driver.text()
        await driver.press("r")
        assert "entropy (nats)" in driver.text()


async def test_a_series_is_drawn_on_a_small_screen_once_it_is_asked_for(
    tmp_path: Path, open_app: OpenApp
) -> None:
    async with open_app(recorded(tmp_path / "demo", "small"), size=(80, 24)) as driver:
        assert not re.search(r"^entropy", driver.text(), re.M)
        await driver.press("r")
        assert re.search(r"^entropy", driver.text(), re.M)
        await driver.press("r")
        assert "grad norm (nats)" in driver.text()
        await driver.press("r")
        assert "grad norm (nats)" not in driver.text()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_long_name_leaves_room_for_the_values_of_an_element(
    tmp_path: Path, open_app: OpenApp, size: tuple[int, int]
) -> None:
    make_recorded(tmp_path / "demo", model=module(10))
    async with open_app(tmp_path / "demo", size=size) as driver:
        await tab(driver, 2)
        assert re.search(r"\[0, 0\] value \S+ +since start [+-]\d", driver.text())


async def test_a_persons_own_reasons_have_signs_words_and_counts(
    tmp_path: Path, open_app: OpenApp
) -> None:
    async with open_app(recorded(tmp_path / "demo", "small")) as driver:
        legend = next(line for line in driver.text().splitlines() if "commits  " in line)
        assert re.search(r"● \d+ commits  ★ \d+ Entropy too high  ◣ \d+ recall < 0.8", legend)


async def test_a_rollback_is_explained_in_the_persons_words(
    tmp_path: Path, open_app: OpenApp
) -> None:
    async with open_app(recorded(tmp_path / "demo", "small")) as driver:
        events = driver.data.transactions
        rolled = next(i for i in range(len(events)) if events[i].reason == "Entropy too high")
        driver.main.time.select(rolled)
        await tab(driver, 3)
        lines = driver.pane.query_one(TransactionPanel).lines(60)
        text = " ".join("".join(part[0] for part in line) for line in lines)
        assert "Rolled back: Entropy too high. recall (0.7000) did not pass" in text
        assert "trained on  t " in text


async def test_the_chosen_parameter_is_followed_by_all_of_the_tab(
    tmp_path: Path, open_app: OpenApp
) -> None:
    async with open_app(recorded(tmp_path / "demo", "small")) as driver:
        text = await tab(driver, 2)
        assert isinstance(driver.pane, ParametersPane)
        assert "3 parameters, 420 elements" in text
        assert "norm.weight[0, 0]" in text
        await driver.press("j", "j")
        await driver.settled()
        text = driver.text()
        assert "conv.kernel  4 x 3 x 3 x 3, flattened to 4 x 27" in text
        assert "conv.kernel[0, 0]" in text
        await driver.press("w", "w", "w")
        await driver.settled()
        assert "effective rank" in driver.text()
        assert "conv.kernel  condition" in driver.text()


async def test_a_parameter_without_snapshots_shows_its_recorded_figures(
    tmp_path: Path, open_app: OpenApp
) -> None:
    async with open_app(recorded(tmp_path / "demo", "large"), size=(200, 50)) as driver:
        text = await tab(driver, 2)
        assert "600 parameters" in text
        assert "Value (newest checkpoint)" in text
        pane = driver.pane
        assert isinstance(pane, ParametersPane)
        await driver.until(lambda: len(pane._statistics.t) > 1, "the recorded figures")
        assert pane._statistics.matrices == ("blocks.0.norm1.weight",)


async def test_choosing_a_parameter_reads_its_figures_alone_and_lays_nothing_out(
    tmp_path: Path, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_app(recorded(tmp_path / "demo", "large")) as driver:
        await tab(driver, 2)
        done = list[str]()
        decoded = Transactions.__getitem__

        def decode(self: Transactions, i: int) -> Transaction:
            done.append("decoded a whole transaction")
            return decoded(self, i)

        monkeypatch.setattr(Transactions, "__getitem__", decode)
        tell_layouts(monkeypatch, lambda: done.append("laid the screen out"))
        for _ in range(2):
            await driver.press("down")
            await driver.settled()
        assert not done
        pane = driver.pane
        assert isinstance(pane, ParametersPane)
        assert pane._statistics.matrices == (pane._chosen[0],)
        assert len(pane._statistics.t) > 1


@pytest.mark.parametrize("size", SIZES)
async def test_a_list_that_does_not_know_how_far_weights_moved_says_so(
    tmp_path: Path, open_app: OpenApp, size: tuple[int, int]
) -> None:
    make_recorded(tmp_path / "demo", model=small_module(), kept=[])
    async with open_app(tmp_path / "demo", size=size) as driver:
        assert "How far they moved is not recorded." in await tab(driver, 2)
    async with open_app(recorded(tmp_path / "other", "small"), size=size) as driver:
        assert "How far they moved" not in await tab(driver, 2)


async def test_parameters_are_sorted_by_how_far_they_moved(
    tmp_path: Path, open_app: OpenApp
) -> None:
    async with open_app(recorded(tmp_path / "demo", "small")) as driver:
        await tab(driver, 2)
        await driver.press(*["greater_than_sign"] * 5)
        names = list(small_module().plastic)
        order = driver.pane.query_one(Table).order.tolist()
        assert [names[i] for i in order] == ["down_proj.weight", "conv.kernel", "norm.weight"]


async def test_series_that_find_no_room_are_gone_through(tmp_path: Path, open_app: OpenApp) -> None:
    async with open_app(recorded(tmp_path / "demo", "large"), size=(80, 24)) as driver:
        text = await tab(driver, 4)
        assert isinstance(driver.pane, SeriesPane)
        assert "Series 1 to 3 of 23" in text
        await driver.press(*["j"] * 30)
        assert "Series 21 to 23 of 23" in driver.text()
        assert "s22 (nats)" in driver.text()


async def test_no_series_say_how_to_record_some(tmp_path: Path, open_app: OpenApp) -> None:
    async with open_app(recorded(tmp_path / "demo", "plain")) as driver:
        text = await tab(driver, 4)
        assert "This session records nothing beside its losses." in text


async def test_modules_are_folded_and_unfolded(tmp_path: Path, open_app: OpenApp) -> None:
    async with open_app(recorded(tmp_path / "demo", "small"), size=(80, 24)) as driver:
        await tab(driver, 5)
        pane = driver.pane
        assert isinstance(pane, ModulesPane)
        await driver.press("Z")
        lines = [line.rstrip() for line in driver.text().splitlines()[3:9]]
        assert lines == [
            "  module                 type                shape           elements learns",
            "▶ - model                Decoder                                1 956 21 %",
            "    + conv               Linear                                   108 learns",
            "    + down_proj          Linear                                   288 learns",
            "    + embed              Embedding                              1 536 frozen",
            "    + norm               LayerNorm                                 24 learns",
        ]
        await driver.press("j", "enter")
        assert "4x3x3x3" in driver.text()
        await driver.press("enter")
        assert "4x3x3x3" not in driver.text()
        await driver.press("z")
        assert len(pane.query_one(Table).order) == 9


async def test_how_a_session_learns_is_told_as_far_as_it_is_known(
    tmp_path: Path, open_app: OpenApp
) -> None:
    async with open_app(recorded(tmp_path / "demo", "small")) as driver:
        text = " ".join((await tab(driver, 5)).split())
        assert "420 of 1 956 elements learn (21.5 %)" in text
        assert "knows only what it was told" in text
        assert re.search(r"recall limit 0.800 \d+ passed, \d+ failed", text)


async def test_each_task_has_its_own_fourth_tab(tmp_path: Path, open_app: OpenApp) -> None:
    make_run(tmp_path / "mass", steps=64)
    recorded(tmp_path / "other", "small")
    async with open_app(tmp_path / "mass", tmp_path / "other") as driver:
        assert "friction" in await tab(driver, 4)
        assert "4 Physics" in driver.text()
        place = next(p for p in driver.state.snapshot.places if p.name == "other")
        driver.main.store.open(place)
        await driver.until(lambda: driver.state.pane == "series", "the other session")
        await driver.settled()
        assert "4 Series" in driver.text()
        assert "entropy (nats)" in driver.text()


async def test_the_table_of_sessions_names_tasks_and_losses(
    tmp_path: Path, open_app: OpenApp
) -> None:
    make_run(tmp_path / "mass", steps=64)
    recorded(tmp_path / "other", "accuracy")
    async with open_app(tmp_path, size=(200, 50)) as driver:
        await tab(driver, 6)
        text = driver.text()
        assert re.search(r"mass .* pointmass +MSE", text)
        assert re.search(r"other .* recorded +accuracy", text)


async def test_a_recorded_session_is_not_steered(tmp_path: Path, open_app: OpenApp) -> None:
    path = tmp_path / "demo"
    make_recorded(path, model=small_module(), status="running")
    async with open_app(path) as driver:
        assert not driver.main.run.steerable
        driver.main.run.ask("pause")
        assert "only the program that records drives it" in driver.text()
    assert not (path / "control").exists()


async def test_a_recorded_session_is_followed_while_it_grows(
    tmp_path: Path, open_app: OpenApp
) -> None:
    path = tmp_path / "demo"
    make_recorded(path, series=("entropy",), status="running", steps=64)
    async with open_app(path) as driver:
        await tab(driver, 4)
        assert "entropy (nats)" in driver.text()
        with (path / "per_step.csv").open("a") as out:
            out.write("64,2.5,1.5,0,0\n")
        lines = (path / "series.csv").read_text().splitlines()
        wider = ["t,entropy,norm", *(f"{line}," for line in lines[1:]), "64,0.5,7.25"]
        replaced = path / "series.new"
        replaced.write_text("\n".join(wider) + "\n")
        replaced.rename(path / "series.csv")
        await driver.until(lambda: "norm" in driver.text(), "the new series")
        assert driver.data.steps_done == 65


async def test_a_link_names_what_the_fourth_tab_shows(tmp_path: Path, open_app: OpenApp) -> None:
    async with open_app(recorded(tmp_path / "demo", "small")) as driver:
        await tab(driver, 4)
        await driver.press("Y")
        assert "--tab series" in driver.app.clipboard
