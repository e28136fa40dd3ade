"""The genome: which layers skills change and by how much, what a merge would do, composing it."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.app.conftest import NOW, Driver, OpenApp
from tests.app.test_lab import lab
from tests.jobdirs import make_job
from tests.lab.genome.test_composing import drawn, skill
from tests.rundirs import make_run
from tttui.lab.registry import resolve
from tttui.panes.lab.genome.view import GenomeView
from tttui.store.lab.genome import GENOME

SIZES = [(80, 24), (120, 40), (200, 50)]


@pytest.fixture(autouse=True)
def _own_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two skills over a base of three layers, of which one changes only W_o; and a process."""
    path = tmp_path / "runs"
    make_run(path / "example", steps=40)
    skill(path, "grass", 1)
    skill(path, "sand", 2, W_o=drawn(2)["W_o"])
    skill(path, "walk", 3)
    held = {
        "budget": 4096,
        "used": 3000,
        "resident": [{"skill": "grass@v1", "bytes": 3000}],
        "in_force": "",
        "steps": 600,
        "skills": [{"skill": n, "t": 32, "bytes": 3000} for n in ("grass@v1", "sand@v1")],
        **{"activations": 9, "hits": 4, "loads": 5, "evictions": 3, "thrashes": 2},
    }
    job = make_job(path, 7, kind="genome_run", state="running", created=NOW - 60)
    (job / "residency.json").write_text(json.dumps(held))
    return path


def genome(driver: Driver) -> GenomeView:
    view = lab(driver).shown
    assert isinstance(view, GenomeView)
    return view


async def settled(driver: Driver) -> None:
    """All that the view asked for is worked out and shown."""

    def known() -> bool:
        view, value = lab(driver).shown, lab(driver).snapshot.of(GENOME)
        if not isinstance(view, GenomeView) or not value.known or value.todo:
            return False
        return value.selection == view._selection() and view._genome is value

    await driver.until(known, "the genome")


async def open_genome(driver: Driver) -> None:
    await driver.press("b")
    while lab(driver).name_shown != "genome":
        await driver.press("tab")
    await settled(driver)


def row(driver: Driver, layer: str) -> str:
    """The line of the picture that has the numbers of a layer."""
    return next(
        line for line in driver.text().splitlines() if f" {layer}  " in line and "%" in line
    )


def moved(seed: int, layer: str) -> str:
    """How far a skill is from the base in a layer, as the picture says it."""
    base = drawn(0)[layer].astype(float)
    return f"{100 * np.linalg.norm(drawn(seed)[layer] - base) / np.linalg.norm(base):.3g} %"


@pytest.mark.parametrize("size", SIZES)
async def test_the_picture_tells_which_layers_a_skill_changes_and_by_how_much(
    root: Path, open_app: OpenApp, size: tuple[int, int]
) -> None:
    async with open_app(root, size=size) as driver:
        await open_genome(driver)
        assert moved(1, "B") in row(driver, "B")
        assert moved(3, "B") in row(driver, "B")
        assert row(driver, "B").count("%") == 2, "sand leaves B alone"
        assert row(driver, "W_o").count("%") == 3
        assert moved(2, "W_o") in row(driver, "W_o")
        head = driver.text().splitlines()[2:6]
        assert any("grass@v1" in line and "sand@v1" in line for line in head)
        assert "resident" in driver.text(), "grass"
        assert "paged out" in driver.text(), "sand"
        assert "on disk" in driver.text(), "walk"
        assert "holds 3 kB of 4.1 kB: 4 hits, 5 loads, 3 evictions, 2 thrashes" in " ".join(
            driver.text().split()
        )


async def test_a_merge_of_chosen_skills_is_seen_before_it_is_composed(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root, size=(140, 40)) as driver:
        await open_genome(driver)
        assert "merge" not in driver.text().splitlines()[2]
        await driver.press("space", "right", "right", "space", *["minus"] * 5)
        await settled(driver)
        assert "1 grass@v1 + 0.5 walk@v1 by linear" in driver.text()
        base, first, second = (drawn(seed)["B"].astype(float) for seed in (0, 1, 3))
        tau = (first - base) + 0.5 * (second - base)
        share = f"{100 * np.linalg.norm(tau) / np.linalg.norm(base):.3g} %"
        assert row(driver, "B").rstrip().endswith(share)
        signs = np.mean(np.sign(first - base) != np.sign(second - base))
        await driver.press("down")
        assert f"opposite signs {100 * signs:.0f} %" in driver.text()
        await driver.press("m", "m")
        await settled(driver)
        assert "by ties 0.2" in driver.text()
        assert not row(driver, "B").rstrip().endswith(share)
        await driver.press("d")
        assert "--density 0.5" in driver.text()
        await driver.press("escape")
        await settled(driver)
        assert "No skill is chosen" in driver.text()
        assert lab(driver).is_current, "escape first clears the merge"


async def test_composing_asks_with_the_command_and_registers_a_version(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root, size=(140, 40)) as driver:
        await open_genome(driver)
        await driver.press("c")
        assert "No skill is chosen" in driver.text()
        await driver.press("space", "right", "space")
        await settled(driver)
        await driver.press("c")
        words = "--skills grass@v1:1,sand@v1:1 --method linear --name genome"
        command = f"tttui genome compose {words} --root {root}"
        assert command[:60] in driver.text()
        await driver.press("N")
        await driver.press("c", "y")
        await driver.until(lambda: "genome@v1 is registered" in driver.text(), "the note")
        await settled(driver)
        assert resolve(root, "genome").parents == ("grass@v1", "sand@v1")
        assert "genome@v1" in driver.text().splitlines()[2]
        await driver.press("left", "left", "y")
        assert driver.app.clipboard == command


async def test_without_skills_it_says_how_to_get_some(tmp_path: Path, open_app: OpenApp) -> None:
    make_run(tmp_path / "runs" / "example", steps=40)
    async with open_app(tmp_path / "runs") as driver:
        await driver.press("b")
        while lab(driver).name_shown != "genome":
            await driver.press("tab")
        await driver.until(lambda: "No skills here yet" in driver.text(), "the hint")
        await driver.press("space", "right", "m", "c", "T", "N", "plus", "down")
        assert "No skills here yet" in driver.text()


async def test_in_ascii_nodes_and_bars_have_characters_of_their_own(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root, size=(120, 40), ascii=True) as driver:
        await open_genome(driver)
        await driver.press("space")
        await settled(driver)
        assert driver.text().isascii()
        assert "# resident  o paged out  . on disk" in driver.text()
        assert row(driver, "W_o").count("#") >= 1


async def test_weights_that_were_changed_are_named_and_the_rest_is_shown(
    root: Path, open_app: OpenApp
) -> None:
    path = resolve(root, "walk").weights_path
    path.chmod(0o644)
    path.write_bytes(b"\0" * 64)
    async with open_app(root, size=(200, 50)) as driver:
        await driver.press("b")
        while lab(driver).name_shown != "genome":
            await driver.press("tab")
        await driver.until(lambda: "was changed since walk@v1" in " ".join(driver.text().split()))
        await settled(driver)
        assert moved(1, "B") in row(driver, "B")
        await driver.press("right", "right", "space")
        await settled(driver)
        assert "the weights of walk@v1 cannot be read" in driver.text()
