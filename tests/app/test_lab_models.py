"""The view of models: versions, personas, lineage; what is asked before something changes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.app.conftest import Driver, OpenApp
from tests.app.test_lab import lab, typed
from tests.rundirs import make_run
from tttui.lab.registry import (
    BaseRef,
    Version,
    deploy,
    personas,
    record_result,
    register,
    resolve,
    versions,
)
from tttui.panes.lab.models.deploying import prospect
from tttui.panes.lab.models.rows import figures
from tttui.panes.lab.models.view import ModelsView
from tttui.widgets.page import Page

COMMAND = ("tttui", "model")


def register_skill(root: Path, skill: str, value: float, **origin: object) -> Version:
    return register(
        root,
        skill,
        {"W": np.full((3, 4), value, np.float32)},
        task="pointmass",
        task_settings={},
        settings={"lr": 0.01 * value},
        base=BaseRef("b" * 64, "bases/b.pt"),
        origin={"kind": "session", "id": "example", "step": 64, **origin},
        results={"validation_loss": 0.1 / value},
        command=COMMAND,
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two versions of walker, of which @helper had both, and one of runner, trained from it."""
    path = tmp_path / "runs"
    make_run(path / "example", steps=40)
    first, second = register_skill(path, "walker", 1.0), register_skill(path, "walker", 2.0)
    deploy(path, first, "helper", command=COMMAND)
    result = {"baseline": "walker@v1", "verdict": "better", "sentence": "better by 12 %"}
    record_result(path, second, "test", result, command=COMMAND)
    deploy(path, second, "helper", command=COMMAND)
    register_skill(path, "runner", 3.0, parents=["walker@v1"])
    return path


def models(driver: Driver) -> ModelsView:
    view = lab(driver).shown
    assert isinstance(view, ModelsView)
    return view


def shown_lines(view: ModelsView, name: str) -> list[str]:
    """The lines of a page of the view."""
    page = view.query_one(f"#{name}", Page)
    return ["".join(part[0] for part in line) for line in page.lines(40)]


async def open_models(driver: Driver) -> ModelsView:
    await driver.press("b")
    while lab(driver).name_shown != "models":
        await driver.press("tab")
    await driver.until(lambda: models(driver).registry.known, "the registry")
    return models(driver)


async def test_versions_are_listed_with_their_lineage_and_the_personas(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root, size=(120, 40)) as driver:
        await open_models(driver)
        text = driver.text()
        assert "3 versions, 1 persona" in text
        lines = text.splitlines()
        (row,) = (line for line in lines[3:8] if "walker@v2" in line)
        assert "@helper" in row
        assert "better than walker@v1" in row
        await driver.press("end")
        text = driver.text()
        assert "base bbbbbbbbbbbb" in text
        assert "goes back to walker@v1" in text
        tree = [line for line in text.splitlines() if "└" in line]
        assert [name for line in tree for name in ("walker@v1", "runner@v1") if name in line] == [
            "walker@v1",
            "runner@v1",
        ]


async def test_the_results_of_versions_stand_beside_each_other(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root, size=(120, 40)) as driver:
        view = await open_models(driver)
        page = [line.strip() for line in shown_lines(view, "results")]
        assert page[0].startswith("Each in the run that it comes from")
        assert [line.split()[0] for line in page if "@v" in line] == ["▶", "walker@v2", "walker@v1"]
        assert any(line.startswith("lr") for line in shown_lines(view, "settings"))


def test_an_improvement_has_the_words_of_a_verdict(tmp_path: Path) -> None:
    version = register_skill(tmp_path, "walker", 1.0)
    for percent, told in (
        (99.97, "3 333x better than frozen"),
        (-12.0, "12% worse than frozen"),
    ):
        result = replace(version, results={"improvement_percent": percent})
        assert figures(result)[0] == told


async def test_a_persona_is_rolled_back_after_asking(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, size=(120, 40)) as driver:
        view = await open_models(driver)
        await driver.press("R")
        assert "tttui model rollback --persona helper --root" in driver.text()
        await driver.press("n")
        assert personas(root)[0].current.version == "walker@v2"
        await driver.press("R", "y")
        await driver.until(
            lambda: view.registry.personas[0].current.version == "walker@v1", "the move"
        )
        assert resolve(root, "@helper").name == "walker@v1"


async def test_deploying_asks_for_the_persona_and_tells_what_would_become_of_it(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root, size=(80, 24)) as driver:
        view = await open_models(driver)
        assert view.version is not None
        assert view.version.name == "runner@v1"
        await driver.press("d")
        assert "never tested" in driver.text()
        await driver.press("enter")
        assert "Deploy runner@v1" in driver.text(), "it is not forced by accident"
        await driver.press("ctrl+f")
        assert "--persona helper --force" in driver.text()
        await driver.press("ctrl+f", "ctrl+u", *typed("night"), "slash", *typed("x"))
        assert "A new persona" in driver.text()
        assert "--persona night --domain x" in driver.text()
        await driver.press("enter")
        await driver.until(lambda: len(view.registry.personas) == 2, "the new persona")
        assert resolve(root, "@night/x").name == "runner@v1"


async def test_testing_shows_the_form_of_the_command_against_what_is_in_use(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root, size=(120, 40)) as driver:
        await open_models(driver)
        await driver.press("t")
        shown = " ".join(driver.text().split())
        assert "version runner@v1" in shown
        assert "baseline walker@v2" in shown


async def test_two_versions_are_compared(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, size=(120, 40)) as driver:
        view = await open_models(driver)
        await driver.press("x")
        assert "walker@v2" in driver.text()
        await driver.press("enter")
        await driver.until(lambda: view._differences.newest, "the comparison")
        assert "walker@v2 to runner@v1: weights changed by 50 %" in driver.text()
        assert "0.0200 -> 0.0300" in driver.text()


async def test_a_version_that_is_needed_is_not_removed_and_the_reason_is_told(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root, size=(120, 40)) as driver:
        await open_models(driver)
        await driver.press("slash", *typed("persona:helper"), "enter", "home", "D", "y")
        await driver.until(lambda: "is needed by persona @helper" in driver.text(), "the reason")
        assert len(versions(root)) == 3


async def test_an_empty_registry_says_how_to_begin(tmp_path: Path, open_app: OpenApp) -> None:
    make_run(tmp_path / "runs" / "example", steps=40)
    async with open_app(tmp_path / "runs", size=(80, 24)) as driver:
        await open_models(driver)
        assert "tttui model register RUN --skill NAME" in " ".join(driver.text().split())


async def test_what_is_damaged_is_named_and_the_rest_is_shown(
    root: Path, open_app: OpenApp
) -> None:
    path = resolve(root, "walker@v2").path / "version.json"
    path.chmod(0o644)
    path.write_bytes(b"{")
    async with open_app(root, size=(120, 40)) as driver:
        await open_models(driver)
        assert "2 versions, 1 persona" in driver.text()
        assert "points nowhere" in driver.text()


def test_a_prospect_says_what_a_deployment_would_do(root: Path) -> None:
    from tttui.lab.registry.overview import RegistryReader

    registry = RegistryReader(root).refresh()
    second, first = registry.by_name["walker@v2"], registry.by_name["walker@v1"]
    assert prospect(registry, second, "helper").possible is False
    assert prospect(registry, first, "@helper").needs_force
    assert "no name of a persona" in prospect(registry, first, "@a b").text
    assert RegistryReader(root).refresh().children(first)[0].name == "runner@v1"
