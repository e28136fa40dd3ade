"""The view of trainings: curves of several jobs over each other, flags, and what keys do."""

import json
import threading
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.app.conftest import NOW, Driver, OpenApp
from tests.app.test_lab import lab
from tests.cli.test_commands import Shell
from tests.jobdirs import handle_of, make_job
from tests.lab.killing import skill_of_the_point_mass
from tests.live import wait_until
from tttui.artifacts.eventlog import EventLog
from tttui.lab import worker
from tttui.lab.reader import JobReader
from tttui.lab.starting import start
from tttui.model.numbers import short
from tttui.panes.lab.metrics import MetricChart
from tttui.panes.lab.training.view import TrainingView
from tttui.screens.lab.dialogs import CommandForm
from tttui.tasks.pointmass.pretraining import Training
from tttui.tasks.trainer import Took

STEPS = range(1, 61)


def training(root: Path, number: int, skill: str, scale: float, state: str = "completed") -> Path:
    metrics = {
        "loss": [scale / n for n in STEPS],
        "lr": [0.01 * scale] * 60,
        "grad_norm": [2.0] * 60,
        "validation_loss": [1.1 * scale / n for n in STEPS],
    }
    command = ("tttui", "train", "start", "--skill", skill)
    return make_job(
        root,
        number,
        kind="train",
        state=state,
        created=NOW - 100 * number,
        command=command,
        metrics=metrics,
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with three trainings and a job of another kind."""
    path = tmp_path / "runs"
    job = training(path, 1, "slow", 1.0, "running")
    events = EventLog(job)
    events.append("data:training_jobs:checkpoint", name="best", step=10)
    events.append("data:training_jobs:checkpoint", name="epoch-1", step=30)
    events.append("data:training_jobs:rollback", step=40, to_step=30)
    events.append("data:training_jobs:checkpoint", name="best", step=50)
    events.append("data:training_jobs:checkpoint", name="damaged", step=10**40)
    training(path, 2, "fast", 0.1)
    training(path, 3, "other", 0.01)
    make_job(path, 4, kind="provider_test", created=NOW - 50)
    return path


async def open_training(driver: Driver) -> TrainingView:
    await driver.press("b")
    while lab(driver).name_shown != "training":
        await driver.press("tab")
    view = lab(driver).shown
    assert isinstance(view, TrainingView)
    await driver.until(lambda: view.detail.data and losses(view).shown.traces, "the curves")
    return view


def losses(view: TrainingView) -> MetricChart:
    return view.query_one("#losses", MetricChart)


async def test_losses_of_marked_jobs_are_drawn_over_each_other(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root) as driver:
        view = await open_training(driver)
        assert "3 trainings" in driver.text()
        assert "provider_test" not in driver.text()
        assert [trace.name for trace in losses(view).shown.traces] == ["training", "held out"]
        await driver.press("space", "space")
        await driver.until(lambda: len(losses(view).shown.traces) == 6, "three jobs")
        text = driver.text()
        assert "2 marked" in text
        for tag, number in ("1", 1), ("2", 2), ("3", 3):
            assert f"{tag}  {handle_of(number)[:8]}" in text
        assert f"fast {handle_of(2)[:4]} held out" in text
        assert [trace.tag for trace in losses(view).shown.traces] == list("112233")
        await driver.press("v", "v")
        assert {trace.name[-8:] for trace in losses(view).shown.traces} == {"held out"}
        await driver.press("a")
        await driver.until(lambda: len(losses(view).shown.traces) == 1, "one job")


async def test_keys_change_axis_average_and_the_charts_below(root: Path, open_app: OpenApp) -> None:
    async with open_app(root) as driver:
        view = await open_training(driver)
        assert losses(view).logarithmic
        await driver.press("l", "s")
        assert not losses(view).logarithmic
        assert "average, span 8" in driver.text()
        raw = losses(view).shown.traces[0].raw
        assert raw is not None
        assert raw.y[0] == 1.0
        assert "learning rate" in driver.text()
        await driver.press("m")
        assert "gradient norm" in driver.text()


async def test_checkpoints_and_rollbacks_are_flags_on_the_axis(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root) as driver:
        view = await open_training(driver)
        changes = losses(view).changes
        assert list(changes.t) == [30, 40, 50]
        assert changes.what == (
            "checkpoint epoch-1",
            "not finite: back to 30",
            "best by validation",
        )


async def test_a_checkpoint_is_asked_for_with_the_command_that_does_it(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root) as driver:
        await open_training(driver)
        await driver.press("K")
        text = driver.text()
        assert "Have slow" in text
        assert f"tttui train checkpoint {handle_of(1)[:8]}" in text
        await driver.press("escape", "down", "K")
        assert "completed; it saves nothing" in driver.text()


async def test_the_view_and_the_shell_tell_the_same_losses(
    root: Path, open_app: OpenApp, capsys: pytest.CaptureFixture[str]
) -> None:
    shell = Shell(root, capsys)
    assert shell("train", "watch", handle_of(2)[:8], "--json") == 0
    told = json.loads(shell.out.splitlines()[-1])["metrics"]
    async with open_app(root) as driver:
        await open_training(driver)
        row = next(line for line in driver.text().splitlines() if handle_of(2)[:8] in line)
        assert f"{told['loss']:.2e}".replace("e-03", "e-3") in row
        assert f"{told['validation_loss']:.2e}".replace("e-03", "e-3") in row


class Halted:
    """A training in a thread of this process, which halts before the steps that a test names."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch, *steps: int) -> None:
        monkeypatch.setenv("XDG_STATE_HOME", str(root.with_name("state")))
        monkeypatch.setattr("tttui.lab.starting.dispatch_locked", lambda _root: [])
        settings = skill_of_the_point_mass(100, validate_every=5)
        self.job = start(root, "train", settings, command=("tttui", "train", "start"))
        self._gates = {step: threading.Event() for step in steps}
        self._stop = threading.Event()
        advance = Training.advance

        def gated_advance(training: Training) -> Took:
            if (gate := self._gates.get(training.step + 1)) is not None:
                assert gate.wait(60)
            return advance(training)

        monkeypatch.setattr(Training, "advance", gated_advance)
        why = (lambda: worker.Stop() if self._stop.is_set() else None,)
        self._thread = threading.Thread(target=worker.execute, args=(self.job.path, *why))
        self._thread.start()

    def written(self, step: int) -> None:
        """Return when the row of this step is on the disk."""
        reader = JobReader(self.job.path)

        def there() -> bool:
            table = reader.refresh().metrics
            return table is not None and bool(len(table.t)) and int(table.t[-1]) >= step

        wait_until(there)

    def go_on(self, step: int) -> None:
        self._gates[step].set()

    def end(self) -> None:
        self._stop.set()
        for gate in self._gates.values():
            gate.set()
        self._thread.join()


async def test_the_view_and_the_shell_tell_the_same_losses_of_a_job_that_runs(
    tmp_path: Path,
    open_app: OpenApp,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = tmp_path / "runs"
    shell = Shell(root, capsys)

    def watched() -> Mapping[str, float]:
        """What `train watch` says first, before ctrl+c."""

        def interrupted(_s: float) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            clock = SimpleNamespace(monotonic=time.monotonic, sleep=interrupted)
            patch.setattr("tttui.lab.steering.time", clock)
            assert shell("train", "watch", halted.job.short, "--json") == 130
        said = json.loads(shell.out.splitlines()[-1])
        assert said["state"] == "running"
        metrics: Mapping[str, float] = said["metrics"]
        return metrics

    halted = Halted(root, monkeypatch, 21, 41)
    try:
        halted.written(20)
        told = {20: watched()}
        shown: dict[int, tuple[list[float], str]] = {}
        async with open_app(root) as driver:
            view = await open_training(driver)

            def newest(step: int) -> bool:
                ends = [int(trace.series.t[-1]) for trace in losses(view).shown.traces]
                return ends == [step, step]

            for step in (20, 40):
                halted.written(step)
                await driver.until(partial(newest, step), f"the losses of step {step}")
                row = next(x for x in driver.text().splitlines() if halted.job.short in x)
                values = [float(trace.series.y[-1]) for trace in losses(view).shown.traces]
                shown[step] = values, row
                if step == 20:
                    halted.go_on(21)
        told[40] = watched()
    finally:
        halted.end()
    for step, (values, row) in shown.items():
        wanted = [told[step]["loss"], told[step]["validation_loss"]]
        assert (told[step]["step"], values) == (step, wanted)
        assert all(short(value) in row for value in wanted), (row, wanted)
    assert told[20]["loss"] != told[40]["loss"]


async def test_a_training_of_any_task_is_started_by_a_form(root: Path, open_app: OpenApp) -> None:
    async with open_app(root) as driver:
        await open_training(driver)
        await driver.press("n", "down", "enter")
        await driver.until(lambda: isinstance(driver.app.screen, CommandForm), "the form")
        text = driver.text()
        assert "tttui train start --task text" in text
        assert "! data: name a text file" in text
        assert "context" in text


async def test_it_is_drawn_without_colour(
    root: Path, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with open_app(root) as driver:
        await open_training(driver)
        assert "no samples of the machine yet" in driver.text()


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_every_size_has_a_way_to_all_of_it(
    root: Path, open_app: OpenApp, size: tuple[int, int]
) -> None:
    async with open_app(root, size=size) as driver:
        await open_training(driver)
        seen = driver.text()
        for _ in range(3):
            await driver.press("w")
            seen += driver.text()
        for part in ("trains", "loss", "learning rate", "system"):
            assert part in seen


async def test_where_nothing_was_trained_it_says_how_to_start(
    tmp_path: Path, open_app: OpenApp
) -> None:
    async with open_app(tmp_path) as driver:
        await driver.press("b")
        while lab(driver).name_shown != "training":
            await driver.press("tab")
        await driver.until(lambda: "Nothing was trained here yet" in driver.text(), "the page")
        assert "tttui train start --skill slow --mu 0.35" in driver.text()
