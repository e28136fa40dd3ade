"""The registry: immutable versions of skills, personas that move, and what depends on what."""

from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from tttui.artifacts.tensorwriter import Stored
from tttui.lab import events
from tttui.lab.registry import (
    BaseRef,
    Version,
    dependents,
    deploy,
    personas,
    record_result,
    register,
    remove,
    resolve,
    results_of,
    rollback,
    versions,
)
from tttui.lab.starting import start
from tttui.model.errors import RefusedInput, TttuiError

COMMAND = ("tttui", "model")
BASE = BaseRef("b" * 64)


def register_skill(
    root: Path, skill: str = "walker", value: float = 1.0, base: BaseRef = BASE, **origin: object
) -> Version:
    """A version of a skill whose weights are all `value`."""
    return register(
        root,
        skill,
        {"W": np.full((3, 4), value, np.float32)},
        task="pointmass",
        task_settings={"u_dim": 16},
        settings={"lr": 0.005},
        base=base,
        origin={"kind": "session", "id": "night", "step": 64, **origin},
        command=COMMAND,
    )


def measured(root: Path, version: Version, baseline: str, verdict: str) -> None:
    result = {"baseline": baseline, "verdict": verdict, "sentence": f"{verdict} by 0.1"}
    record_result(root, version, "test", result, command=COMMAND)


def moved(root: Path, version: Version, *, force: bool = False) -> None:
    deploy(root, version, "helper", command=COMMAND, force=force)


def test_a_version_is_found_by_its_skill_its_number_and_its_persona(root: Path) -> None:
    first, second = register_skill(root, value=1.0), register_skill(root, value=2.0)
    moved(root, first)
    assert [first.name, second.name] == ["walker@v1", "walker@v2"]
    assert resolve(root, "walker") == second
    assert resolve(root, "walker@v1") == resolve(root, "@helper") == first
    assert float(resolve(root, "@helper").tensors()["W"][2, 3]) == 1.0
    assert [one.name for one in versions(root)] == ["walker@v1", "walker@v2"]


def test_a_version_keeps_its_dtypes_and_what_it_was_registered_with(root: Path) -> None:
    bits = Stored("bfloat16", np.array([0x3F80, 0x4000], "<u2"))
    made = register(
        root,
        "reader",
        {"W": bits},
        task="hf",
        task_settings={"rank": 8},
        settings={"lr": 1e-3},
        base=BaseRef("sha256:abc", "models/tiny"),
        origin={"kind": "job", "id": "3f2a", "parents": ["reader@v7"]},
        results={"loss": 2.5},
        command=COMMAND,
    )
    again = resolve(root, "reader@v1")
    assert again.stored()["W"].dtype == "bfloat16"
    assert again.tensors()["W"].tolist() == [1.0, 2.0]
    assert again == made
    assert (again.parents, again.results, again.base_source) == (
        ("reader@v7",),
        {"loss": 2.5},
        "models/tiny",
    )


@pytest.mark.parametrize("file", ["weights.safetensors", "version.json"])
def test_a_changed_byte_of_a_version_is_found_and_its_file_named(root: Path, file: str) -> None:
    path = register_skill(root).path / file
    assert path.stat().st_mode & 0o222 == 0
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.chmod(0o644)
    path.write_bytes(bytes(data))
    with pytest.raises(TttuiError, match=rf"{file}.*was changed"):
        resolve(root, "walker").tensors()


def test_a_skill_stays_over_one_base_and_one_task(root: Path) -> None:
    register_skill(root)
    with pytest.raises(RefusedInput, match=r"stands on the base bbbbbbbbbbbb.*another --skill"):
        register_skill(root, base=BaseRef("c" * 64))
    assert [one.name for one in versions(root)] == ["walker@v1"]


def test_weights_that_are_not_finite_are_not_registered(root: Path) -> None:
    with pytest.raises(RefusedInput, match="W holds values that are not finite"):
        register_skill(root, value=float("nan"))
    assert versions(root) == []


def test_a_version_must_be_tested_against_what_is_in_use_before_it_takes_its_place(
    root: Path,
) -> None:
    first, second = register_skill(root), register_skill(root, value=2.0)
    moved(root, first)
    with pytest.raises(RefusedInput, match=r"never tested against walker@v1.*tttui model test"):
        moved(root, second)
    measured(root, second, "walker@v1", "worse")
    with pytest.raises(RefusedInput, match=r"is worse than walker@v1.*worse by 0.1"):
        moved(root, second)
    moved(root, second, force=True)
    assert personas(root)[0].current.forced.startswith("walker@v2 is worse")
    third = register_skill(root, value=3.0)
    measured(root, third, "walker@v1", "better")  # which is not in use any more
    with pytest.raises(RefusedInput, match="never tested against walker@v2"):
        moved(root, third)
    measured(root, third, "walker@v2", "no difference")
    moved(root, third)
    assert resolve(root, "@helper") == third


def test_rolling_back_goes_to_what_was_in_use_before_and_further_back(root: Path) -> None:
    for value in (1.0, 2.0, 3.0):
        moved(root, register_skill(root, value=value), force=True)
    rollback(root, "@helper", command=COMMAND)
    assert resolve(root, "@helper").name == "walker@v2"
    rollback(root, "helper", command=COMMAND)
    assert resolve(root, "@helper").name == "walker@v1"
    with pytest.raises(RefusedInput, match="had no version before"):
        rollback(root, "helper", command=COMMAND)
    moved(root, resolve(root, "walker@v3"), force=True)
    with pytest.raises(RefusedInput, match="--to v2: @helper can go back to walker@v1"):
        rollback(root, "helper", to="v2", command=COMMAND)
    rollback(root, "helper", to="v1", command=COMMAND)
    assert [move.version for move in personas(root)[0].moves] == [
        f"walker@v{n}" for n in (1, 2, 3, 2, 1, 3, 1)
    ]


def test_a_persona_has_a_version_of_its_own_in_each_domain(root: Path) -> None:
    first, second = register_skill(root), register_skill(root, value=2.0)
    moved(root, first)
    deploy(root, second, "helper", domain="night", command=COMMAND)
    assert resolve(root, "@helper") == first
    assert resolve(root, "@helper/night") == second
    with pytest.raises(RefusedInput, match=r"@helper/day.*there is @helper, @helper/night"):
        resolve(root, "@helper/day")


def test_what_is_depended_on_is_not_removed_and_its_number_never_comes_again(root: Path) -> None:
    first = register_skill(root)
    register_skill(root, "runner", value=2.0, parents=["walker@v1"])
    moved(root, first)
    assert dependents(root, first) == ["persona @helper", "runner@v1, trained from it"]
    with pytest.raises(RefusedInput, match="needed by persona @helper; runner@v1"):
        remove(root, first, command=COMMAND)
    second = register_skill(root, value=2.0)
    measured(root, second, "base", "better")
    where = remove(root, second, command=COMMAND)
    assert (where / "weights.safetensors").is_file()
    assert results_of(root, second) == []
    assert register_skill(root, value=3.0).name == "walker@v3"


def test_a_version_that_a_waiting_job_needs_is_not_removed(root: Path) -> None:
    version = register_skill(root)
    words = ("tttui", "train", "start", "--from", "walker@v1")
    with mock.patch("tttui.lab.starting.dispatch_locked", return_value=[]):
        job = start(root, "train", {"start": "walker@v1", "training": {}}, command=words)
    with pytest.raises(RefusedInput, match=rf"needed by job {job.short} \(train\), which has not"):
        remove(root, version, command=COMMAND)


def test_a_persona_that_points_nowhere_says_so_and_how_to_go_on(root: Path) -> None:
    moved(root, register_skill(root))
    moved(root, register_skill(root, value=2.0), force=True)
    version = resolve(root, "walker@v2")
    version.path.rename(root / "elsewhere")
    with pytest.raises(RefusedInput, match=r"@helper points to walker@v2.*tttui model rollback"):
        resolve(root, "@helper")
    rollback(root, "helper", command=COMMAND)
    assert resolve(root, "@helper").name == "walker@v1"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("flyer", "there is no skill 'flyer'.*there is walker"),
        ("walker@v9", "has no v9; there is v1"),
        ("walker@2", "write a version as walker@v1"),
        ("@nobody", "there is no persona @nobody.*there are none yet"),
        ("../walker", "is no name of a skill"),
        ("@../x", "is no name of a persona"),
    ],
)
def test_a_name_that_means_nothing_is_refused_with_what_there_is(
    root: Path, name: str, said: str
) -> None:
    register_skill(root)
    with pytest.raises(RefusedInput, match=said):
        resolve(root, name)


def test_every_change_is_an_event(root: Path) -> None:
    moved(root, register_skill(root))
    told = [(event.name, event.fields["id"]) for event in events.read(root)]
    assert told == [
        ("data:models:registered", "walker@v1"),
        ("data:personas:deployed", "@helper"),
    ]
