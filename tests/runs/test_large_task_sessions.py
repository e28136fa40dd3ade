"""Sessions of tasks with large weights: safetensors, in the dtypes of the model."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.runs.test_task_sessions import SAME, STEPS, Line
from tttui.artifacts import tensorwriter
from tttui.artifacts.check import Report, check_session
from tttui.artifacts.checkpoint import ENGINE, LARGE, PLASTIC, read_generation
from tttui.artifacts.checksum import pt_bytes
from tttui.artifacts.discover import find_sessions
from tttui.artifacts.ptfile import read_pt, write_pt
from tttui.artifacts.reader import SessionReader
from tttui.artifacts.tensorwriter import read_tensors
from tttui.artifacts.writer import HISTORY
from tttui.model.errors import TttuiError
from tttui.model.pointmass.settings import MEGABYTE
from tttui.runs import taskbuild
from tttui.runs.repair import repair
from tttui.runs.taskbuild import build_task_session
from tttui.runs.taskresume import resume_task
from tttui.runs.taskrun import TaskRun
from tttui.runs.tasksettings import TaskSettings
from tttui.runs.taskverify import verify_task

NAMES = ("1.weight", "1.bias")


class Narrow(Line):
    """The same map in bfloat16, its bias in float16."""

    name = "narrow"

    def model(self) -> nn.Module:
        torch.manual_seed(0)
        linear = nn.Linear(4, 2, dtype=torch.bfloat16)
        linear.bias = nn.Parameter(linear.bias.half())
        return nn.Sequential(nn.Dropout(0.2), linear)

    def loss(self, model: Any, batch: tuple[Tensor, Tensor]) -> Tensor:
        W, b = model[1].weight.float(), model[1].bias.float()
        result: Tensor = (model[0](batch[0]) @ W.T + b - batch[1]).square().mean(1)
        return result


@pytest.fixture(autouse=True)
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tensorwriter, "LARGEST_PT", 0)
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def begun(directory: Path) -> TaskRun:
    given = {"threads": 1, "steps": STEPS, "checkpoint_s": 1e6, "weights_every": 4}
    build_task_session(directory, TaskSettings.chosen(Narrow, given))
    return TaskRun.open(directory, task=Narrow)


def run_through(directory: Path) -> Path:
    run = begun(directory)
    run.advance(STEPS)
    run.close("completed")
    return directory


def reported(directory: Path) -> Report:
    return check_session(find_sessions([directory])[0])


def test_weights_stay_in_their_own_dtypes(tmp_path: Path) -> None:
    folder = run_through(tmp_path / "a") / "session"
    assert not (folder / PLASTIC).exists()
    tensors = read_tensors(folder / "plastic_state")
    assert {k: v.dtype for k, v in tensors.items()} == {"1.weight": "bfloat16", "1.bias": "float16"}
    begun = read_tensors(tmp_path / "a" / "base_plastic")
    assert {k: v.dtype for k, v in begun.items()} == {k: v.dtype for k, v in tensors.items()}
    engine = read_generation(tmp_path / "a", ENGINE)
    for name in NAMES:
        assert np.array_equal(tensors[name].numbers(), engine.plastic[name])
    shown = SessionReader(find_sessions([tmp_path / "a"])[0]).refresh()
    assert shown.checkpoint is not None
    assert shown.checkpoint.specs["1.weight"].dtype == "bfloat16"
    assert all(problem.usual for problem in shown.problems)
    assert not reported(tmp_path / "a").findings
    assert all(check.agrees for check in verify_task(tmp_path / "a", task=Narrow))


def test_a_run_that_was_stopped_is_the_run_that_never_was(tmp_path: Path) -> None:
    whole = run_through(tmp_path / "whole")
    run = begun(tmp_path / "cut")
    run.advance(17)
    run.close("interrupted")
    run, _ = resume_task(tmp_path / "cut", task=Narrow)
    run.advance(STEPS - run.t)
    run.close("completed")
    for name in (*SAME, f"session/{LARGE}"):
        if name != f"session/{PLASTIC}":
            assert (tmp_path / "cut" / name).read_bytes() == (whole / name).read_bytes()


def test_a_history_of_some_of_the_parameters_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = 4 * 2  # for the bias, not for the weight
    monkeypatch.setattr(taskbuild, "KEPT_SHARE", MEGABYTE // room)
    given = {"threads": 1, "steps": STEPS, "weights_every": 4, "history_mb": 1}
    build_task_session(tmp_path / "a", TaskSettings.chosen(Narrow, given))
    run = TaskRun.open(tmp_path / "a", task=Narrow)
    run.advance(STEPS)
    run.close("completed")
    path = tmp_path / "a" / HISTORY
    assert np.load(path).dtype.names == ("t", "1.bias")
    assert not reported(tmp_path / "a").findings
    garbled(path)
    assert [finding.path for finding in reported(tmp_path / "a").findings] == [path]


def garbled(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [garbled, Path.unlink])
def test_damaged_weights_are_written_again(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    file = run_through(tmp_path / "a") / "session" / LARGE
    content = file.read_bytes()
    damage(file)
    (finding,) = reported(tmp_path / "a").findings
    assert finding.path == file
    assert not repair(reported(tmp_path / "a")).findings
    assert file.read_bytes() == content


def test_a_file_of_the_other_form_is_named_and_removed(tmp_path: Path) -> None:
    stray = run_through(tmp_path / "a") / "session" / PLASTIC
    stray.write_bytes(pt_bytes(write_pt({"1.weight": np.zeros((2, 4))})))
    (finding,) = reported(tmp_path / "a").findings
    assert "goes with plastic_state.safetensors" in str(finding)
    assert not repair(reported(tmp_path / "a")).findings
    assert not stray.exists()


def test_a_session_that_kept_large_weights_as_pt_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensorwriter, "LARGEST_PT", 1 << 20)
    run = begun(tmp_path / "a")
    run.advance(8)
    run.close("interrupted")
    folder = tmp_path / "a" / "session"
    assert read_pt(folder / PLASTIC)["1.weight"].dtype == np.float32
    monkeypatch.setattr(tensorwriter, "LARGEST_PT", 0)
    assert not reported(tmp_path / "a").findings
    assert all(check.agrees for check in verify_task(tmp_path / "a", task=Narrow))
    run, _ = resume_task(tmp_path / "a", task=Narrow)
    run.advance(2)
    run.close("interrupted")
    assert (folder / LARGE).exists()
    assert not (folder / PLASTIC).exists()


@pytest.mark.parametrize("wrong", [{"1.weight": "int8"}, {"elsewhere": "bfloat16"}, [1]])
def test_dtypes_that_cannot_be_are_refused(tmp_path: Path, wrong: Any) -> None:
    path = run_through(tmp_path / "a") / "session" / ENGINE
    path.write_bytes(pt_bytes(write_pt({**read_pt(path), "dtypes": wrong})))
    with pytest.raises(TttuiError, match=r"engine_state.pt: holds .*dtypes"):
        read_generation(tmp_path / "a", ENGINE)
