"""The lab: a screen of its own beside the tabs, its views, and the store that feeds them."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.conftest import NOW, Driver, OpenApp
from tests.app.test_deep_links import opened_by
from tests.jobdirs import handle_of, make_job
from tests.rundirs import make_run
from tttui.cli.main import main
from tttui.model.start import StartView
from tttui.panes.lab.base import VIEWS
from tttui.panes.lab.jobs.view import JobsView
from tttui.screens.lab.screen import LabScreen


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with a session and four jobs."""
    path = tmp_path / "runs"
    make_run(path / "example", steps=40)
    losses = {"loss": [1 / n for n in range(1, 40)], "lr": [0.01] * 39}
    make_job(path, 1, created=NOW - 4000, metrics=losses, log=["all done"], results={"sha": "f00"})
    make_job(path, 2, kind="train", state="failed", created=NOW - 300, error="the disk is full")
    make_job(path, 3, state="queued", created=NOW - 200, progress=0.0)
    make_job(
        path, 4, kind="train", state="running", created=NOW - 100, progress=0.25, doing="epoch 1"
    )
    return path


def lab(driver: Driver) -> LabScreen:
    result = driver.app.lab
    assert result is not None, "the lab was never opened"
    return result


def jobs(driver: Driver) -> JobsView:
    view = lab(driver).shown
    assert isinstance(view, JobsView)
    return view


def typed(text: str) -> list[str]:
    """The keys of a text."""
    return ["colon" if character == ":" else character for character in text]


async def open_jobs(driver: Driver) -> JobsView:
    """The view of the jobs with all of them read."""
    await driver.press("b")
    while lab(driver).name_shown != "jobs":
        await driver.press("tab")
    await driver.until(lambda: len(jobs(driver).jobs.all) == 4, "the jobs")
    await driver.until(lambda: jobs(driver).detail.path, "the chosen job")
    return jobs(driver)


async def test_b_opens_the_lab_and_goes_back_to_the_tab(root: Path, open_app: OpenApp) -> None:
    async with open_app(root) as driver:
        await driver.press("3")
        before = driver.text()
        await driver.press("b")
        assert driver.app.screen is lab(driver)
        assert "lab" in driver.text().splitlines()[0]
        await driver.press("b")
        assert driver.text() == before
        await driver.press("b", "escape")
        assert driver.text() == before, "escape goes back as well"


async def test_numbers_and_arrows_go_through_the_views(root: Path, open_app: OpenApp) -> None:
    async with open_app(root) as driver:
        await driver.press("b")
        for number, view in enumerate(VIEWS, 1):
            await driver.press(str(number % 10))
            assert lab(driver).name_shown == view.name
            assert lab(driver).shown is not None
        await driver.press("tab")
        assert lab(driver).name_shown == VIEWS[0].name
        await driver.press("left")
        assert lab(driver).name_shown == VIEWS[-1].name


async def test_the_names_of_all_views_fit_a_narrow_terminal(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, size=(80, 24)) as driver:
        await driver.press("b")
        row = driver.text().splitlines()[1]
        assert [word for word in row.split() if word.isdigit()] == list("1234567890")
        assert all(view.title[:3] in row for view in VIEWS)


async def test_the_palette_of_the_lab_has_its_commands_and_q_leaves(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root) as driver:
        await open_jobs(driver)
        results = [command.title for command in driver.app.get_system_commands(driver.app.screen)]
        assert any("End the job at its next safe point" in title for title in results)
        assert any("Show Models" in title for title in results)
        await driver.press("q")
        assert driver.app.leaving


async def test_the_help_names_the_keys_of_the_view(root: Path, open_app: OpenApp) -> None:
    async with open_app(root, size=(120, 60)) as driver:
        await open_jobs(driver)
        await driver.press("question_mark")
        text = driver.text()
        assert "Help: Jobs" in text
        assert "End the job at its next safe point" in text
        assert "Back to the tabs" in text


async def test_the_table_says_how_far_every_job_is(root: Path, open_app: OpenApp) -> None:
    async with open_app(root) as driver:
        await open_jobs(driver)
        rows = {line[2:10]: line for line in driver.text().splitlines()[4:8]}
        assert "● running" in rows[handle_of(4)[:8]]
        assert "25%" in rows[handle_of(4)[:8]]
        assert "epoch 1" in rows[handle_of(4)[:8]]
        assert "the disk is full" in rows[handle_of(2)[:8]]
        assert "1 running, 1 queued" in driver.text().splitlines()[0]


async def test_jobs_that_share_a_sweep_stand_together_in_the_order_of_their_parts(
    root: Path, open_app: OpenApp
) -> None:
    for number, later in ((7, 0.002), (5, 0.001), (6, 0.0)):
        make_job(root, number, kind="sweep", created=NOW - 250 + later, group="a")
    async with open_app(root) as driver:
        await driver.press("b", "2")
        await driver.until(lambda: len(jobs(driver).jobs.all) == 7, "the jobs")
        rows = [line.split() for line in driver.text().splitlines()[4:11]]
        places = {row[0]: place for place, row in enumerate(rows)}
        parts = [places[handle_of(number)[:8]] for number in (6, 5, 7)]
        assert parts == [parts[0], parts[0] + 1, parts[0] + 2]
        assert [rows[place][2] for place in parts] == ["1/3", "2/3", "3/3"]


async def test_a_job_is_told_in_detail(root: Path, open_app: OpenApp) -> None:
    async with open_app(root) as driver:
        view = await open_jobs(driver)
        await driver.press("end")
        await driver.until(lambda: view.detail.data is not None, "the oldest job")
        assert "all done" in driver.text()
        assert "loss (1 of 2" in driver.text()
        await driver.press("v")
        assert "f00" in driver.text(), "its results"
        await driver.press("m")
        assert "lr (2 of 2" in driver.text(), "another metric"


async def test_jobs_are_filtered_by_state_kind_and_text(root: Path, open_app: OpenApp) -> None:
    async with open_app(root) as driver:
        await open_jobs(driver)
        await driver.press("slash", *typed("kind:pre"), "enter")
        assert "2 of 4 jobs" in driver.text()
        await driver.press("escape", "x", "x")
        assert "1 of 4 jobs   state:failed,crashed" in driver.text()
        await driver.press("slash", "ctrl+u", *typed("state:runing"))
        assert "no state is called so" in driver.text()


async def test_a_link_opens_the_same_view_of_the_lab(
    root: Path, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_app(root, size=(160, 40)) as driver:
        await open_jobs(driver)
        await driver.press("down", "greater_than_sign", "greater_than_sign", "v", "Y")
        link = driver.app.clipboard
        before = driver.text().splitlines()[1:]
    assert shlex.split(link)[:4] == ["tttui", str(root), "--lab", "jobs"]
    paths, start = opened_by(link, monkeypatch)
    async with open_app(*paths, size=(160, 40), start=start) as driver:
        await driver.until(lambda: lab(driver).shown is not None, "the view")
        await driver.until(lambda: jobs(driver).detail.path is not None, "the chosen job")
        assert driver.text().splitlines()[1:] == before


def test_an_unknown_view_of_the_lab_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lab", "jbos"]) == 2
    assert "no view of the lab; there are" in capsys.readouterr().err
    assert main(["--lab", "jobs", "--query", "state:"]) == 2
    assert "needs a word after state:" in capsys.readouterr().err


LATER = (
    *("tttui.lab", "tttui.screens.lab", "tttui.panes.lab", "tttui.store.lab", "tttui.tasks"),
    *("tttui.panes.weights", "tttui.panes.transactions", "tttui.panes.physics", "tttui.panes.text"),
    *("tttui.panes.architecture", "tttui.panes.sessions", "tttui.export", "tttui.engine"),
    *("tttui.runs", "tttui.cli.options", "tttui.screens.help", "tttui.screens.form"),
    *("torch", "matplotlib", "plotext", "psutil", "watchfiles", "numpy.ma", "tomllib", "zipfile"),
)
"""What the first picture does not need, and what it would wait for."""


def test_nothing_is_imported_before_the_first_picture_that_it_does_not_need(root: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tttui.cli.open import shell_commands, started\n"
        f"store = started([Path({str(root / 'example')!r})])\n"
        "from tttui.app import TttuiApp\n"
        "from tttui.model.start import StartView\n"
        "from tttui.screens import main\n"
        "app = TttuiApp(store, StartView(), shell=shell_commands)\n"
        "main.prepare = lambda: app.exit(print(*sys.modules))\n"
        "app.run(headless=True)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    result = done.stdout.split()
    assert "tttui.panes.overview.pane" in result
    known = [m for m in result if any(m == late or m.startswith(f"{late}.") for late in LATER)]
    assert known == []


async def test_the_tabs_behind_the_lab_are_made_when_somebody_goes_there(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root / "example", start=StartView(lab="jobs")) as driver:
        assert driver.main.tabs.made is None
        await driver.press("b")
        await driver.loaded()
        assert "frozen MSE" in driver.text()
