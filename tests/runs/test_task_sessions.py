"""Sessions of a task: made, cut anywhere, steered, forked and verified, to the same bytes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tttui.artifacts.checksum import pt_bytes
from tttui.artifacts.discover import find_sessions
from tttui.artifacts.ptfile import read_pt, write_pt
from tttui.artifacts.reader import SessionReader
from tttui.model.adaptation import Adaptation
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.parameters import inventory
from tttui.model.setting import option
from tttui.runs.control import ask
from tttui.runs.drive import drive
from tttui.runs.taskbuild import build_task_session
from tttui.runs.taskfork import fork_task
from tttui.runs.taskresume import resume_task
from tttui.runs.taskrun import TaskRun
from tttui.runs.tasksettings import TaskSettings
from tttui.runs.taskverify import verify_task
from tttui.tasks.base import Task

STEPS = 40

SAME = (
    "per_step.csv",
    "update_events.jsonl",
    "update_events.json",
    "scores.csv",
    "losses.f16",
    "weights_history.npy",
    "session/plastic_state.pt",
    "session/metrics.json",
    "session/engine_state.pt",
)
"""Files that must not depend on how a run was cut."""


@dataclass(frozen=True, slots=True)
class LineSettings:
    bad_at: int = option(-1, "the step whose wanted values are not numbers")


class Line(Task):
    """A linear map, with dropout, learned from noisy points."""

    name = "line"
    unit = "squared"
    settings_type = LineSettings
    adaptation = Adaptation(lr=0.05, momentum=0.5)
    plastic = "1.*"
    item_losses = "losses.f16"

    def model(self) -> nn.Module:
        torch.manual_seed(0)
        return nn.Sequential(nn.Dropout(0.2), nn.Linear(4, 2), nn.BatchNorm1d(2))

    def batch(self, t: int) -> tuple[Tensor, Tensor]:
        draw = torch.Generator().manual_seed(self.seed * 1000 + t)
        seen = torch.randn(6, 4, generator=draw)
        wanted = seen[:, :2] * 2.0
        return seen, wanted * float("nan") if t == self.settings.bad_at else wanted

    def loss(self, model: Any, batch: tuple[Tensor, Tensor]) -> Tensor:
        result: Tensor = (model(batch[0]) - batch[1]).square().mean(1)
        return result


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def settings(**values: Any) -> TaskSettings:
    given = {"threads": 1, "steps": STEPS, "checkpoint_s": 1e6, "weights_every": 4, **values}
    return TaskSettings.chosen(Line, given)


def create(directory: Path, **values: Any) -> TaskRun:
    build_task_session(directory, settings(**values))
    return TaskRun.open(directory, task=Line)


def run_through(directory: Path, **values: Any) -> Path:
    run = create(directory, **values)
    run.advance(run.steps_total)
    run.close("completed")
    return directory


def content(directory: Path) -> dict[str, bytes]:
    return {name: (directory / name).read_bytes() for name in SAME}


def events(directory: Path) -> list[dict[str, Any]]:
    lines = (directory / "update_events.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("cuts", [(1,), (17, 18), (3, 8, 39)])
def test_a_run_that_was_stopped_is_the_run_that_never_was(
    tmp_path: Path, cuts: tuple[int, ...]
) -> None:
    whole = run_through(tmp_path / "whole", bad_at=9)
    run = create(tmp_path / "cut", bad_at=9)
    for cut in cuts:
        run.advance(cut - run.t)
        run.close("interrupted")
        torch.manual_seed(99)  # another process begins with other random numbers
        run, _ = resume_task(tmp_path / "cut", task=Line)
    run.advance(STEPS - run.t)
    run.close("completed")
    assert content(tmp_path / "cut") == content(whole)


def test_what_came_after_the_last_checkpoint_is_computed_again(tmp_path: Path) -> None:
    whole = run_through(tmp_path / "whole")
    run = create(tmp_path / "lost")
    run.advance(12)
    run.checkpoint()
    run.advance(9)
    run.fail(RuntimeError("gone"))
    with (tmp_path / "lost" / "per_step.csv").open("ab") as file:
        file.write(b"half a li")
    run, until = resume_task(tmp_path / "lost", task=Line)
    assert (run.t, until) == (12, STEPS)
    assert any("cut off" in line for line in run.notices)
    run.advance(STEPS - run.t)
    run.close("completed")
    assert content(tmp_path / "lost") == content(whole)


def test_a_damaged_newest_checkpoint_gives_way_to_the_one_before(tmp_path: Path) -> None:
    whole = run_through(tmp_path / "whole")
    run = create(tmp_path / "a")
    run.advance(8)
    run.checkpoint()
    run.advance(8)
    run.close("interrupted")
    path = tmp_path / "a" / "session" / "engine_state.pt"
    path.write_bytes(path.read_bytes()[:-100])
    run, _ = resume_task(tmp_path / "a", task=Line)
    assert run.t == 8
    run.advance(STEPS - 8)
    run.close("completed")
    kept = {name for name in SAME if not name.startswith("session")}
    assert {n: content(tmp_path / "a")[n] for n in kept} == {n: content(whole)[n] for n in kept}


def test_the_files_say_what_happened(tmp_path: Path) -> None:
    directory = run_through(tmp_path / "a", bad_at=9)
    data = SessionReader(find_sessions([directory])[0]).refresh()
    assert data.steps.t.tolist() == list(range(STEPS))
    assert not data.steps.did_update[0]
    assert data.steps.did_update[1:].all()
    assert np.flatnonzero(~data.steps.update_ok[1:]).tolist() == [9]
    result = events(directory)
    assert [e["t"] for e in result] == list(range(1, STEPS + 1))
    assert result[9]["status"] == "rollback_non_finite"
    assert result[9]["version"] == result[9]["version_before"]
    scores = (directory / "scores.csv").read_text().splitlines()[1:]
    assert scores[10] == f"10,{result[9]['version']}"
    losses = np.fromfile(directory / "losses.f16", dtype="<f2").reshape(-1, 2)
    assert len(losses) == 6 * STEPS
    assert losses[:6].mean(0) == pytest.approx(
        [data.steps.frozen[0], data.steps.adaptive[0]], rel=1e-2
    )
    history = np.load(directory / "weights_history.npy")
    assert history["t"].tolist() == [0, *range(4, STEPS + 1, 4)]
    figures = result[3]["weights"]["1.weight"]
    now, before = history["1.weight"][1], figures["top_sv"]
    assert figures["fro"] == pytest.approx(float(np.linalg.norm(now)), rel=1e-5)
    assert before == pytest.approx(float(np.linalg.svd(now)[1][0]), rel=0.02)
    moved = float(np.linalg.norm(now - history["1.weight"][0]))
    assert figures["moved_fro"] == pytest.approx(moved, rel=1e-5)
    known = inventory(data, 5)
    assert known.moved[known.names.index("1.weight")] == pytest.approx(moved, rel=1e-5)


def test_a_session_of_an_earlier_version_goes_on_without_how_far_weights_moved(
    tmp_path: Path,
) -> None:
    directory = tmp_path / "a"
    build_task_session(directory, settings(), moved=False)
    run = TaskRun.open(directory, task=Line)
    run.advance(8)
    run.close("interrupted")
    assert all("moved_fro" not in e["weights"]["1.weight"] for e in events(directory)[3::4])
    assert all(check.agrees for check in verify_task(directory, task=Line))


def test_a_run_is_steered_by_requests(tmp_path: Path) -> None:
    run = create(tmp_path / "a")
    ask(tmp_path / "a", "set", {"lr": 0.01})
    ask(tmp_path / "a", "mu", 0.3)
    ask(tmp_path / "a", "step", 5)
    assert not drive(run, STEPS, paused=True, should_stop=lambda: run.t == 5)
    ask(tmp_path / "a", "stop")
    assert not drive(run, STEPS, paused=True)
    run.close("interrupted")
    status = json.loads((tmp_path / "a" / "status.json").read_text())
    assert (status["state"], status["t"]) == ("interrupted", 5)
    refused = [answer["error"] for answer in status["answers"] if answer["error"]]
    assert refused == ["mu: belongs to the point mass"]
    assert [e["lr"] for e in events(tmp_path / "a")] == [0.01] * 5


def test_changes_count_from_their_step_and_are_replayed(tmp_path: Path) -> None:
    run = create(tmp_path / "a")
    run.advance(10)
    run.intervene("settings", {"lr": 0.001})
    run.advance(10)
    run.intervene("rollback", 4)
    run.close("interrupted")
    run, _ = resume_task(tmp_path / "a", task=Line)
    run.advance(STEPS - run.t)
    run.close("completed")
    rates = [e["lr"] for e in events(tmp_path / "a")]
    assert (rates[9], rates[10], rates[-1]) == (0.05, 0.001, 0.001)
    history = np.load(tmp_path / "a" / "weights_history.npy")
    close = np.abs(history["1.weight"][6] - history["1.weight"][1]).max()
    assert close < 0.05 < np.abs(history["1.weight"][5] - history["1.weight"][1]).max()
    assert all(check.agrees for check in verify_task(tmp_path / "a", task=Line))


def test_verify_names_the_file_and_the_byte(tmp_path: Path) -> None:
    directory = run_through(tmp_path / "a")
    path = directory / "losses.f16"
    spoiled = bytearray(path.read_bytes())
    spoiled[100] ^= 1
    path.write_bytes(spoiled)
    wrong = [check for check in verify_task(directory, task=Line) if not check.agrees]
    assert [check.file for check in wrong] == ["losses.f16"]
    assert "from byte 100 on" in wrong[0].detail


@pytest.mark.parametrize("at", [None, 13])
def test_a_fork_begins_with_the_weights_of_its_parent(tmp_path: Path, at: int | None) -> None:
    parent = run_through(tmp_path / "parent")
    versions = dict(line.split(",") for line in (parent / "scores.csv").read_text().splitlines())
    expected = events(parent)[-1]["version"] if at is None else versions[str(at)]
    run = fork_task(parent, tmp_path, at=at, name="child", changes={"steps": 5}, task=Line)
    run.advance(5)
    run.close("completed")
    assert run.forked_at_t == (STEPS if at is None else at)
    assert run.settings.conduct.seed == 1
    assert (tmp_path / "child" / "scores.csv").read_text().splitlines()[1] == f"0,{expected}"
    assert all(check.agrees for check in verify_task(tmp_path / "child", task=Line))


def test_a_session_never_chooses_the_code_that_runs_it(tmp_path: Path) -> None:
    directory = run_through(tmp_path / "a")
    for act in (resume_task, verify_task):
        with pytest.raises(RefusedInput, match="does not choose code to run"):
            act(directory)
    with pytest.raises(RefusedInput, match="does not choose code to run"):
        fork_task(directory, tmp_path)


def test_another_version_of_the_task_or_its_base_is_refused(tmp_path: Path) -> None:
    class Newer(Line):
        version = "2"

    class OtherBase(Line):
        def model(self) -> nn.Module:
            made = super().model()
            with torch.no_grad():
                next(made.parameters()).add_(1.0)
            return made

    directory = run_through(tmp_path / "a")
    with pytest.raises(RefusedInput, match="version '1' of its task"):
        resume_task(directory, task=Newer, more_steps=1)
    with pytest.raises(RefusedInput, match="another base"):
        resume_task(directory, task=OtherBase, more_steps=1)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"lr": 0.0}, "lr: 0.0 is not above 0"),
        ({"mu": 0.3}, "mu: the task line has no such setting"),
        ({"plastic": "9.*"}, "no parameter is called 9.*"),
        ({"history_mb": 0}, "history_mb: 0 is below the smallest allowed value 1"),
    ],
)
def test_settings_that_cannot_be_leave_nothing_behind(
    tmp_path: Path, values: dict[str, Any], said: str
) -> None:
    with pytest.raises(TttuiError) as error:
        build_task_session(tmp_path / "a", settings(**values))
    assert said in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_changed_setting_on_resume_needs_override(tmp_path: Path) -> None:
    directory = run_through(tmp_path / "a")
    with pytest.raises(RefusedInput, match="--override"):
        resume_task(directory, task=Line, more_steps=5, changes={"lr": 0.01})
    with pytest.raises(RefusedInput, match="point mass"):
        resume_task(directory, task=Line, more_steps=5, changes={"mu": 0.1}, override=True)
    with pytest.raises(RefusedInput, match="is complete"):
        resume_task(directory, task=Line)
    run, until = resume_task(
        directory, task=Line, more_steps=5, changes={"lr": 0.01}, override=True
    )
    run.advance(until - run.t)
    run.close("completed")
    assert [e["lr"] for e in events(directory)][-6:] == [0.05] + 5 * [0.01]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("run_cfg", ["steps"]),
        ("plasticity_cfg", {"lr": "fast", "plastic": ["1.*"]}),
        ("plasticity_cfg", {"lr": 0.1, "plastic": "1.*"}),
        ("task", {"name": "line", "version": "1", "settings": {"mu": 1}}),
        ("kept", ["nothing"]),
        ("seed", None),
    ],
)
def test_a_meta_json_that_cannot_be_is_refused(tmp_path: Path, key: str, value: Any) -> None:
    directory = run_through(tmp_path / "a", steps=2)
    path = directory / "session" / "meta.json"
    meta = json.loads(path.read_text())
    meta.pop("checksum")
    path.write_text(json.dumps({**meta, key: value}))
    with pytest.raises(TttuiError, match=r"meta\.json"):
        resume_task(directory, task=Line, more_steps=1)


@pytest.mark.parametrize(
    ("key", "value"),
    [("applied", -1), ("flags", None), ("tally", {}), ("learner", {"t": 2}), ("learner", None)],
)
def test_a_checkpoint_that_cannot_be_is_refused(tmp_path: Path, key: str, value: Any) -> None:
    directory = run_through(tmp_path / "a", steps=2)
    path = directory / "session" / "engine_state.pt"
    state = read_pt(path)
    state["engine"][key] = value
    path.write_bytes(pt_bytes(write_pt(state)))
    with pytest.raises(TttuiError, match="does not hold what this version continues from"):
        resume_task(directory, task=Line, more_steps=1)
