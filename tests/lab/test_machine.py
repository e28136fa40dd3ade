"""`tttui system`, and system.csv of sessions: who uses what of the machine."""

import csv
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_commands import Shell
from tests.lab.conftest import ENDLESS, pretraining
from tests.live import in_background, status, wait_until
from tests.nvml import FakeNvml
from tests.tasks.pointmass.runs.sessions import content, create, run_through, same, settings
from tttui.artifacts import sampling
from tttui.lab.job import read_job
from tttui.lab.machine import LocalProcess, MachineReader
from tttui.panes.lab.dashboard.around import MachineStrip
from tttui.tasks.pointmass.runs.session import SessionRun


@pytest.fixture
def shell(root: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(root, capsys)


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> FakeNvml:
    fake = FakeNvml(2)
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return fake


def test_jobs_and_sessions_are_named_with_what_they_hold_and_others_apart(
    root: Path, shell: Shell, nvml: FakeNvml
) -> None:
    job = pretraining(root, ENDLESS)
    wait_until(lambda: read_job(job.path).doing.startswith("step"))
    seen: dict[str, Any] = {}

    def busy() -> bool:
        """Between two looks the job had a processor, of which others may want all."""
        assert shell("system", "--json") == 0
        seen.update(json.loads(shell.out))
        return bool(seen["holders"][0]["cpu"])

    with in_background(root / "deep" / "a") as session:
        nvml.processes[0] = [(int(status(session)["pid"]), 5_000_000_000), (os.getpid(), None)]
        wait_until(busy)
        assert shell("system") == 0
    first, second = seen["holders"]
    assert (first["handle"], first["kind"]) == (job.handle, "pretrain")
    assert first["memory"] > 1_000_000
    assert (second["handle"], second["kind"]) == ("deep/a", "session")
    assert second["gpus"] == {"0": 5_000_000_000}
    assert second["doing"] == "paused at step 0 of 200"
    (other,) = seen["strangers"]
    assert (other["pid"], other["gpu"], other["memory"]) == (os.getpid(), 0, None)
    assert "gpu 0     Tester 80GB, 33 %, 1.5 GB of 80 GB, 40 C, 310 of 700 W" in shell.out
    assert [line.split()[1] for line in shell.out.splitlines() if job.short in line] == ["pretrain"]
    assert "0: 5 GB" in shell.out


def test_what_a_gpu_does_not_tell_is_a_question_mark(shell: Shell, nvml: FakeNvml) -> None:
    nvml.broken |= {"busy 1", "memory 1", "temperature 1", "power 1", "processes 1"}
    assert shell("system") == 0
    assert "gpu 1     Tester 80GB, use ?, memory ?, temperature ?, power ?\n" in shell.out


@pytest.mark.parametrize("missing", ["binding", "driver"])
def test_a_machine_without_gpus_says_so_in_one_line(
    shell: Shell, nvml: FakeNvml, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    nvml.broken.add("init")
    if missing == "binding":
        monkeypatch.setitem(sys.modules, "pynvml", None)
    assert shell("system") == 0
    lines = [line for line in shell.out.splitlines() if line.startswith("gpu")]
    reason = {"binding": "the package nvidia-ml-py is missing", "driver": "no NVIDIA driver (init)"}
    assert len(lines) == 1
    assert reason[missing] in lines[0]
    assert "no job or session below" in shell.out


@pytest.mark.usefixtures("nvml")
def test_a_session_holds_its_device_where_the_driver_sees_other_process_ids(root: Path) -> None:
    with in_background(root / "a") as session:
        known = status(session)
        os.kill(int(known["pid"]), signal.SIGSTOP)  # so that it does not write it again
        (session / "status.json").write_text(json.dumps(known | {"device": "cuda:1"}))
        (holder,) = MachineReader(root).look().holders
    assert holder.gpus == {1: None}


def rows(directory: Path) -> list[dict[str, str]]:
    with (directory / "system.csv").open(newline="", errors="replace") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "EVERY_S", 0.01)


def sampled(run: SessionRun, done: Callable[[], bool]) -> None:
    def there() -> bool:
        run.keep_alive()
        return (run.path / "system.csv").exists() and done()

    wait_until(there)


@pytest.mark.usefixtures("often")
def test_a_session_that_runs_samples_the_machine_and_goes_on_with_it(
    root: Path, shell: Shell
) -> None:
    root.mkdir()
    whole = run_through(root / "whole")
    run = create(root / "a")
    sampled(run, lambda: len(rows(run.path)) > 1)
    run.advance(100)
    run.close("interrupted")
    before = rows(run.path)
    assert set(before[0]) == {"t", "cpu", "memory", "machine_cpu", "machine_memory"}
    with (run.path / "system.csv").open("a") as file:
        file.write("99999999,1")  # half a line, as a kill leaves it
    run = SessionRun.open(run.path)
    sampled(run, lambda: len(rows(run.path)) > len(before))
    run.advance(100)
    run.close("completed")
    seconds = [int(row["t"]) for row in rows(run.path)]
    assert seconds == sorted(set(seconds)), "whole rows only, in order"
    assert same(run.path, whole) == []
    assert shell("fork", str(run.path), "--at", "50", "--name", "b", "--steps", "1") == 0
    (run.path / "system.csv").write_bytes(b"\xff\x00 nothing, of value")
    for words in (("fsck", str(run.path)), ("verify", str(run.path)), ("show", str(run.path))):
        assert shell(*words) == 0, shell.err
    run = SessionRun.open(run.path)
    sampled(run, lambda: "cpu" in (rows(run.path) or [{}])[0])
    run.close("completed")


def test_a_file_that_nobody_could_have_sampled_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "LARGEST", 1000)
    (tmp_path / "system.csv").write_text("t,cpu\n" + "1,2.0\n" * 1000)
    sampler = sampling.Sampler(tmp_path, 0.0)
    sampler.write(sampler.look())
    sampler.close()
    (row,) = rows(tmp_path)
    assert int(row["t"]) > 1000, "none of those that were there"


@pytest.mark.usefixtures("often")
def test_samples_that_cannot_be_written_end_with_one_line_and_the_run_goes_on(root: Path) -> None:
    root.mkdir()
    run = create(root / "a", settings())
    (run.path / "system.csv").mkdir()
    log = run.path / "run.log"

    def has_stopped() -> bool:
        run.keep_alive()
        return "no more samples" in log.read_text()

    wait_until(has_stopped)
    run.advance(run.steps_total)
    run.close("completed")
    assert content(run.path)["event list"] > 0
    assert log.read_text().count("no more samples") == 1


def test_figures_on_the_dashboard_stand_still_for_a_while_where_nothing_runs(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = list[float | None]()
    strip = MachineStrip()

    def changed() -> None:
        assert strip.machine is not None
        drawn.append(strip.machine.cpu)

    monkeypatch.setattr(strip, "changed", changed)
    now = replace(MachineReader(root).look(), holders=(), cpu=None)
    holder = LocalProcess("a", "session", root, 1)
    for later in (
        replace(now, cpu=10.0, at=now.at + 2),
        replace(now, cpu=40.0, at=now.at + 4),
        replace(now, cpu=11.0, at=now.at + 20),
        replace(now, cpu=70.0, at=now.at + 20),
        replace(now, cpu=80.0, at=now.at + 22, holders=(holder,)),
        replace(now, cpu=90.0, at=now.at + 24, holders=(holder,)),
        replace(now, cpu=91.0, at=now.at + 26, holders=(holder,)),
    ):
        strip.show_machine(later)
    assert drawn == [10.0, 70.0, 80.0, 90.0]
