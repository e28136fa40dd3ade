"""`tttui fsck --repair`: what can be known is restored, and nothing else is written."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.test_fsck import flip, fsck, garble
from tests.tasks.pointmass.runs.sessions import (
    events,
    same,
)
from tttui.artifacts.checkpoint import PREVIOUS, read_generation
from tttui.artifacts.lock import SessionLock
from tttui.cli.main import main


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "root"))


def test_what_the_remedy_says_helps(root: Path, made: Path) -> None:
    size = read_generation(root / "a", PREVIOUS).sizes["per_step.csv"]
    flip(root / "a" / "per_step.csv", size + 40, 3)
    assert fsck("--root", root) == 1
    assert main(["resume", "a", "--root", str(root), "--quiet"]) == 0
    assert fsck("--root", root) == 0
    assert same(made / "a", root / "a") == []


def zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


REPAIRED = [
    ("session/meta.json", garble),
    ("session/meta.json", zero),
    ("session/metrics.json", garble),
    ("session/metrics.json", Path.unlink),
    ("session/plastic_state.pt", garble),
    ("session/plastic_state.pt", Path.unlink),
    ("session/optim_state.pt", zero),
    ("update_events.json", garble),
    ("update_events.json", zero),
    ("update_events.jsonl", garble),
    ("interventions.jsonl", garble),
    ("interventions.jsonl", Path.unlink),
    ("base_checkpoint.pt", garble),
    ("base_checkpoint.pt", Path.unlink),
    ("weights_history.npy", lambda path: flip(path, 13, 0)),
    ("weights_history.npy", lambda path: flip(path, 60, 0)),
]


@pytest.mark.parametrize(("name", "damage"), REPAIRED)
def test_what_can_be_known_is_repaired_to_the_same_bytes(
    root: Path, made: Path, name: str, damage: Callable[[Path], None]
) -> None:
    damage(root / "a" / name)
    assert fsck("--root", root) == 1
    assert fsck("--root", root, "--repair") == 0
    assert (root / "a" / name).read_bytes() == (made / "a" / name).read_bytes()
    assert fsck("--root", root) == 0


def test_a_damaged_status_says_again_what_is_certain(root: Path) -> None:
    zero(root / "a" / "status.json")
    assert fsck("--root", root, "--repair") == 0
    status = json.loads((root / "a" / "status.json").read_text())
    assert (status["state"], status["t"], status["steps_total"]) == ("completed", 120, 120)


def test_a_damaged_previous_checkpoint_is_removed(root: Path) -> None:
    zero(root / "a" / "session" / PREVIOUS)
    assert fsck("--root", root, "--repair") == 0
    assert not (root / "a" / "session" / PREVIOUS).exists()


@pytest.mark.parametrize("name", ["per_step.csv", "trajectory.csv", "session/engine_state.pt"])
def test_what_only_a_resume_can_compute_is_left(root: Path, name: str) -> None:
    flip(root / "a" / name, 700, 0)
    damaged = (root / "a" / name).read_bytes()
    assert fsck("--root", root, "--repair") == 1
    assert (root / "a" / name).read_bytes() == damaged


TAILS = {
    "zeros": lambda content: content + bytes(4096),
    "half a record": lambda content: content + content[-12:-3],
    "more than half a record": lambda content: content + content[-60:-3],
}


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize(
    "name",
    ["per_step.csv", "trajectory.csv", "update_events.jsonl", "weights_history.npy",
     "interventions.jsonl", "pretraining.csv"],
)  # fmt: skip
def test_torn_tails_are_named_and_cut_off(
    root: Path, made: Path, capsys: pytest.CaptureFixture[str], name: str, tail: str
) -> None:
    path = root / "a" / name
    path.write_bytes(TAILS[tail](path.read_bytes()))
    size = (made / "a" / name).stat().st_size
    assert fsck("--root", root) == 1
    lines = capsys.readouterr().out.splitlines()
    torn = [line for line in lines if line.startswith(f"torn      {path}: bytes {size} to ")]
    assert torn or name == "weights_history.npy"
    assert fsck("--root", root, "--repair") == 0
    assert path.read_bytes() == (made / "a" / name).read_bytes()


@pytest.mark.parametrize("name", ["per_step.csv", "trajectory.csv", "update_events.jsonl"])
def test_a_stretch_that_is_there_twice_is_named(
    root: Path, made: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path = root / "a" / name
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines, *lines[-3:]]))
    assert fsck("--root", root) == 1
    out = capsys.readouterr().out
    assert "is there a second time, and 2 lines after it are alike" in out
    assert fsck("--root", root, "--repair") == 0
    assert path.read_bytes() == (made / "a" / name).read_bytes()


def test_leftovers_are_no_damage_and_are_removed(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    litter = root / "a" / "session" / ".meta.json.1-2.tttui-tmp"
    litter.write_bytes(b"half")
    building = root / ".d.new-4242"
    (building / "session").mkdir(parents=True)
    os.utime(building, (1.0, 1.0))
    assert fsck("--root", root) == 0
    assert capsys.readouterr().out.count("leftover  ") == 2
    assert fsck("--root", root, "--repair") == 0
    assert not litter.exists()
    assert not building.exists()
    assert fsck("--root", root) == 0
    assert capsys.readouterr().out.count("leftover  ") == 0


def test_a_session_that_is_being_written_is_never_repaired(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = root / "a" / "session" / "metrics.json"
    garble(path)
    damaged = path.read_bytes()
    with SessionLock(root / "a"):
        assert fsck("--root", root, "--repair") == 1
    assert path.read_bytes() == damaged
    assert "not repaired" in capsys.readouterr().err


def test_events_are_restored_only_where_the_list_has_them_all(root: Path) -> None:
    path = root / "a" / "update_events.json"
    first = events(root / "a")[0]
    path.write_text(json.dumps([first]))
    garble(root / "a" / "update_events.jsonl")
    damaged = (root / "a" / "update_events.jsonl").read_bytes()
    assert fsck("--root", root, "--repair") == 1
    assert (root / "a" / "update_events.jsonl").read_bytes() == damaged
