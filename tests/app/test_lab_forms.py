"""Every command can be started from the lab, by a form made from its definition."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.conftest import Driver, OpenApp
from tests.live import end
from tttui.lab.job import jobs_folder
from tttui.lab.jobs import handles
from tttui.lab.launchers import local
from tttui.panes.lab.jobs.view import JobsView
from tttui.screens.lab.dialogs import CommandForm, CommandPicker, OutputDialog


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "runs"
    path.mkdir()
    yield path
    for handle in handles(path):
        end(jobs_folder(path) / handle)
    for child in local.children:
        child.wait()


def form(driver: Driver) -> CommandForm:
    screen = driver.app.screen
    assert isinstance(screen, CommandForm), driver.text()
    return screen


def job_shown(driver: Driver) -> str | None:
    view = driver.app.lab.shown if driver.app.lab is not None else None
    return view.job.handle if isinstance(view, JobsView) and view.job is not None else None


async def choose(driver: Driver, words: str) -> None:
    """Open the form of a command by its words."""
    await driver.press("b", "n")
    assert isinstance(driver.app.screen, CommandPicker)
    await driver.press(*("space" if c == " " else c for c in words), "enter")
    await driver.until(lambda: isinstance(driver.app.screen, CommandForm), "the form")


async def test_a_job_that_a_form_starts_is_followed(root: Path, open_app: OpenApp) -> None:
    async with open_app(root) as driver:
        await choose(driver, "pretrain")
        assert "tttui pretrain --root" in driver.text()
        for name, value in (("pretrain_steps", "0"), ("pretrain_seq", "8"), ("dt", "x")):
            form(driver).fields.go_to(name)
            form(driver).fields.field.value = value
        await driver.until(lambda: form(driver).plan.text("dt") == "x", "what was typed")
        assert "! dt: 'x' is not a number" in driver.text()
        await driver.press("enter")
        assert form(driver).fields.name_now == "pretrain_steps", "the first that is wrong"
        await driver.press("backspace", "2")
        form(driver).fields.go_to("dt")
        form(driver).fields.field.value = ""
        await driver.until(lambda: "--pretrain-steps 2" in driver.text(), "the command")
        await driver.press("ctrl+y")
        copied = driver.app.clipboard
        assert copied == form(driver).plan.command_line()
        assert copied.endswith(f"--pretrain-steps 2 --pretrain-seq 8 --root {root}"), copied
        await driver.press("enter")

        await driver.until(lambda: job_shown(driver) is not None, "its job under the cursor")
        assert handles(root) == [job_shown(driver)]


async def test_what_a_command_prints_is_shown(root: Path, open_app: OpenApp) -> None:
    async with open_app(root) as driver:
        await driver.press("b", "n", *"personas", "enter")
        await driver.until(lambda: "model personas:" in driver.text(), "that it ended")
        await driver.press("n", *"system", "enter")
        await driver.until(lambda: isinstance(driver.app.screen, OutputDialog), "what it printed")
        assert "memory" in driver.text()
        await driver.press("y")
        assert driver.app.clipboard.startswith("host")
        await driver.press("escape")
        assert driver.app.screen is driver.app.lab
