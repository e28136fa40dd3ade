"""Sessions that cannot be computed again say why, and what would make it possible."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.recorded import make_recorded
from tests.rundirs import make_run
from tests.runs.whatif.test_whatif import assert_same, computed, read
from tests.tasks.pointmass.runs.sessions import base_of, run_through, settings
from tttui.runs.whatif.replayable import can_replay
from tttui.tasks.pointmass.runs.fork import fork
from tttui.tasks.pointmass.runs.planned import plan_session


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_through(tmp_path_factory.mktemp("runs") / "one", settings(steps=40))


def changed(source: Path, target: Path, **values: Any) -> Path:
    """A copy of a session with other keys in its meta.json."""
    shutil.copytree(source, target)
    path = target / "session" / "meta.json"
    meta = {k: v for k, v in json.loads(path.read_text()).items() if k != "checksum"}
    path.write_text(json.dumps(meta | values))
    return target


def recorded(directory: Path, _: Path) -> None:
    make_recorded(directory)


def planned(directory: Path, _: Path) -> None:
    plan_session(directory, settings(u_dim=8))


def without_base(directory: Path, native: Path) -> None:
    shutil.copytree(native, directory)
    (directory / "base_checkpoint.pt").unlink()


def without_meta(directory: Path, native: Path) -> None:
    shutil.copytree(native, directory)
    (directory / "session" / "meta.json").unlink()


def of_own_task(directory: Path, native: Path) -> None:
    changed(native, directory, task={"name": "wave", "version": "1", "settings": {}})


def with_wrong_settings(directory: Path, native: Path) -> None:
    changed(native, directory, plasticity_cfg={"lr": "fast", "inner_steps": 2})


def foreign(directory: Path, _: Path) -> None:
    make_run(directory, steps=80, layout="flat")


@pytest.mark.parametrize(
    ("make", "why", "remedy"),
    [
        (recorded, "its own program computed it", "tttui run --task"),
        (planned, "it waits for its base", "as soon as that is trained"),
        (without_base, "base_checkpoint.pt", "tttui fsck --repair"),
        (without_meta, "meta.json", "tttui fsck --repair"),
        (of_own_task, "its task 'wave' is code of somebody's own", "of the task text"),
        (with_wrong_settings, "plasticity_cfg.lr is 'fast', not a number", "tttui fsck --repair"),
        (foreign, "another program wrote it", "tttui fork"),
    ],
)
def test_each_says_why_and_what_helps(
    tmp_path: Path,
    native: Path,
    make: Callable[[Path, Path], None],
    why: str,
    remedy: str,
) -> None:
    make(tmp_path / "session", native)
    reason = can_replay(read(tmp_path / "session"))
    assert reason is not None
    assert why in reason.why
    assert remedy in reason.remedy
    assert "\n" not in str(reason)


def test_a_native_session_can_be(native: Path) -> None:
    assert can_replay(read(native)) is None


def test_what_helps_with_a_session_of_another_program_does(tmp_path: Path) -> None:
    place = make_run(tmp_path / "theirs", steps=80, layout="flat")
    (place.path / "base_checkpoint.pt").write_bytes(base_of(settings()).content)
    run = fork(place, tmp_path, name="forked", changes={"seed": 3, "steps": 60})
    run.advance(60)
    run.close("completed")
    data = read(tmp_path / "forked")
    assert can_replay(data) is None
    assert_same(computed(data, 20), data)
