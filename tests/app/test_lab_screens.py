"""The dashboard and the jobs of the lab, as they were looked at."""

import math
from pathlib import Path

import pytest

from tests.app.conftest import NOW, SIZES, OpenApp
from tests.app.grid import Grids
from tests.app.test_lab import jobs, lab
from tests.app.test_screens import HOME
from tests.jobdirs import make_job
from tests.rundirs import make_run
from tttui.lab.machine import MachineState
from tttui.lab.providers import find_providers
from tttui.lab.providers.base import KnownProviders
from tttui.lab.providers.measuring import Measurement, ProbeStatus
from tttui.lab.providers.results import Results
from tttui.model.start import StartView
from tttui.panes.lab.dashboard.view import DashboardView
from tttui.store.lab.curves import JOB_METRICS

ENGINES = ("numpy", "torch-cpu")
"""Those that every machine has."""


PARTS = DashboardView.needs


class QuietMachine:
    """One that is always equally busy."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def look(self) -> MachineState:
        gb = 10**9
        memory = (3 * gb, 8 * gb, 71 * gb, 200 * gb)
        return MachineState("ada", NOW, 2, 35.0, (0.7,), *memory, (), "no NVIDIA driver", (), ())


def engines() -> KnownProviders:
    providers = find_providers()
    return KnownProviders({name: providers.providers[name] for name in ENGINES})


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root by a relative path, with nothing around it that differs from day to day."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", HOME)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr("time.time", lambda: NOW)
    monkeypatch.setattr("tttui.lab.machine.MachineReader", QuietMachine)
    monkeypatch.setattr("tttui.lab.providers.find_providers", engines)
    root = Path("runs")
    make_run(root / "example", steps=40)
    return root


def fill(root: Path) -> None:
    """Jobs of several kinds and states, with their events, and results of a provider."""
    falling = [0.2 + 3 * math.exp(-n / 60) + 0.05 * math.sin(n) for n in range(400)]
    metrics = {"loss": falling, "validation_loss": [1.1 * v for v in falling], "lr": [0.01] * 400}
    log = [
        f"2027-01-15 08:0{n}:00,000 INFO    epoch {n}, loss {falling[40 * n]:.3f}" for n in range(9)
    ]
    train = ("tttui", "train", "start", "--task", "text", "--skill", "walker")
    make_job(
        root, 1, kind="train", created=NOW - 400, progress=0.42, seconds_left=170.0,
        doing="epoch 4 of 9, step 400 of 950, loss 0.210", metrics=metrics, command=train,
        settings={"task": "text", "skill": "walker", "lr": 0.01}, state="running", log=log,
        checkpoints=("epoch-3", "latest"), events=("data:training_jobs:started",),
    )  # fmt: skip
    slower = {"loss": [1.5 * v for v in falling[:250]]}
    make_job(
        root, 2, kind="train", state="running", created=NOW - 300, progress=0.26,
        seconds_left=800.0, doing="epoch 3 of 9, step 250 of 950, loss 0.341", metrics=slower,
        command=(*train[:-1], "runner"), events=("data:training_jobs:started",),
    )  # fmt: skip
    make_job(
        root, 3, kind="provider_test", state="queued", created=NOW - 20, progress=0.0,
        command=("tttui", "provider", "test", "--all"), events=("data:test_executions:queued",),
    )  # fmt: skip
    make_job(
        root, 4, kind="benchmark", created=NOW - 7200, events=("data:benchmarks:completed",),
        command=("tttui", "bench", "run", "--skills", "walker,runner"),
    )  # fmt: skip
    make_job(
        root, 5, kind="sweep", state="failed", created=NOW - 90_000, progress=0.6,
        error="disk is full: free 2 GB and resume", events=("data:sweeps:failed",),
        command=("tttui", "sweep", "start", "--set", "lr=0.005,0.01"),
    )  # fmt: skip
    results, numpy = Results(root), find_providers().providers["numpy"]
    for i, capability in enumerate(numpy.capabilities[:-1]):
        status: ProbeStatus = "fails" if capability == "resume" else "works"
        seconds = None if status == "fails" else 10.0 ** (i - 4)
        results.add(
            Measurement("numpy", capability, status, median_s=seconds, identity=numpy.identity)
        )  # fmt: skip


@pytest.mark.parametrize("ascii", [False, True], ids=["unicode", "ascii"])
async def test_the_dashboard_and_the_jobs_are_as_they_were_looked_at(
    root: Path, open_app: OpenApp, grids: Grids, ascii: bool
) -> None:
    fill(root)
    start = StartView(lab="dashboard")
    async with open_app(root, start=start, size=SIZES[0], ascii=ascii) as driver:
        for width, height in SIZES[1:2] if ascii else SIZES:
            await driver.pilot.resize_terminal(width, height)
            await driver.press("1")
            await driver.until(lambda: lab(driver).snapshot.values.keys() >= PARTS, "all parts")
            await driver.until(lambda: lab(driver).snapshot.of(JOB_METRICS).of, "the curves")
            await driver.until(lambda: "2 running" in driver.text(), "the jobs")
            size, suffix = f"{width}x{height}", "-ascii" if ascii else ""
            grids.check(driver.app, f"lab-dashboard-{size}{suffix}", lab(driver).shown)
            await driver.press("2", "end", "home", "down", "down")
            await driver.until(lambda: jobs(driver).detail.data is not None, "the job's files")
            grids.check(driver.app, f"lab-jobs-{size}{suffix}", lab(driver).shown)


async def test_an_empty_lab_says_which_commands_fill_it(
    root: Path, open_app: OpenApp, grids: Grids
) -> None:
    async with open_app(root, start=StartView(lab="dashboard"), size=(80, 24)) as driver:
        await driver.until(lambda: "`train start`" in driver.text(), "the dashboard")
        await driver.until(lambda: "CPU" in driver.text(), "the machine")
        grids.check(driver.app, "lab-empty-dashboard-80x24", lab(driver).shown)
        await driver.press("2")
        assert "`pretrain` trains a base" in driver.text()
