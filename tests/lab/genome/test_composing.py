"""Compositions of skills: registered with their lineage, and refused where they cannot be."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.test_commands import Shell
from tests.lab.killing import walker
from tttui.artifacts.ptfile import write_pt
from tttui.artifacts.regular import sha256_of
from tttui.artifacts.tensorwriter import Stored
from tttui.lab import audit
from tttui.lab.events import read
from tttui.lab.genome.composing import Weighted, compose, composition_of, weighted
from tttui.lab.genome.effect import changes
from tttui.lab.genome.methods import Recipe
from tttui.lab.registry import BaseRef, Version, register, resolve, results_of
from tttui.model.arrays import Weights
from tttui.model.errors import RefusedInput

COMMAND = ("tttui", "genome", "compose")

SHAPES = {"W_u": (3, 4), "B": (5, 3), "W_o": (2, 5)}


@pytest.fixture
def shell(root: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(root, capsys)


def drawn(seed: int) -> Weights:
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=s).astype(np.float32) for name, s in SHAPES.items()}


def base(seed: int = 0) -> BaseRef:
    content = write_pt({"model_state": drawn(seed), "cfg": {}})
    return BaseRef(hashlib.sha256(content).hexdigest(), "base.pt", content)


def skill(
    root: Path, name: str, seed: int, on: BaseRef | None = None, **changed: object
) -> Version:
    """A skill whose matrices are drawn from a seed, or those that are named instead."""
    return register(
        root,
        name,
        changed or drawn(seed),  # type: ignore[arg-type]
        task="pointmass",
        task_settings={"mu": seed / 10, "n_state": 5},
        settings={"lr": 0.02},
        base=base() if on is None else on,
        origin={"kind": "session", "id": name},
        command=("tttui", "model", "register"),
    )


def test_a_composition_is_the_next_version_of_its_skill_and_knows_its_lineage(
    shell: Shell, root: Path
) -> None:
    first, second = skill(root, "A", 1), skill(root, "B", 2)
    words = ("genome", "compose", "--name", "G", "--skills", "A@v1:0.75,B:0.25")
    assert shell(*words) == 0
    assert shell.out == "G@v1\n"
    made = resolve(root, "G")
    expected = {k: 0.75 * first.tensors()[k] + 0.25 * second.tensors()[k] for k in SHAPES}
    for name, values in made.tensors().items():
        np.testing.assert_allclose(values, expected[name], atol=1e-6)
    assert (made.task, made.base_sha256, made.parents) == (
        "pointmass",
        base().sha256,
        ("A@v1", "B@v1"),
    )
    assert made.settings == {"lr": 0.02}
    assert made.task_settings == {"n_state": 5}  # what the parents agree on
    composition = composition_of(made)
    assert composition is not None
    assert composition.skills == "0.75 A@v1 + 0.25 B@v1"
    assert [one.weights_sha256 for one in composition.parents] == [
        first.weights_sha256,
        second.weights_sha256,
    ]
    assert list(audit.lines(root))[-1].subject == "G@v1"
    names = [event.name for event in read(root)]
    assert names[-1] == "data:genomes:composed"
    assert shell(*words) == 0
    assert shell.out == "G@v2\n"


def test_compositions_are_listed_and_shown_with_how_far_they_are_from_the_base(
    shell: Shell, root: Path
) -> None:
    assert shell("genome", "list") == 0
    assert "no compositions" in shell.err
    skill(root, "A", 1)
    skill(root, "B", 2)
    assert shell("genome", "compose", "--name", "G", "--skills", "A,B", "--method", "ties") == 0
    assert shell("genome", "list") == 0
    assert "ties, density 0.2" in shell.out
    assert "1 A@v1 + 1 B@v1" in shell.out
    assert shell("genome", "show", "G") == 0
    header = next(line for line in shell.out.splitlines() if line.startswith("layer"))
    assert header.split() == ["layer", "A@v1", "B@v1", "G@v1"]
    assert shell("genome", "show", "G", "--json") == 0
    shown = json.loads(shell.out)
    layer = next(one for one in shown["layers"] if one["layer"] == "B")
    moved = np.linalg.norm(drawn(1)["B"] - drawn(0)["B"])
    assert layer["norms"]["A@v1"] == pytest.approx(float(moved), rel=1e-6)
    assert layer["base_norm"] == pytest.approx(float(np.linalg.norm(drawn(0)["B"])), rel=1e-6)
    assert "no composition" in shell.refused("genome", "show", "A")


@pytest.mark.parametrize("method", ["linear", "mean", "ties", "dare"])
def test_the_order_of_the_skills_makes_no_difference_to_the_weights(
    root: Path, method: str
) -> None:
    skill(root, "A", 1)
    skill(root, "B", 2)
    recipe = Recipe(method, 0.5 if method in ("ties", "dare") else 1.0)
    made = [
        compose(root, weighted(root, text), recipe, "G", command=COMMAND)
        for text in ("A:0.7,B:0.3", "B:0.3,A:0.7")
    ]
    assert made[0].content == made[1].content


def test_the_linear_composition_of_one_skill_is_that_skill_bit_for_bit(root: Path) -> None:
    bits = np.array([0x3F81, 0x8000, 0x0001, 0x4000], "<u2")
    one = skill(root, "A", 1, W_u=Stored("bfloat16", bits.reshape(1, 4)))
    parts = [Weighted(one)]
    wide = {"W_u": np.ones((1, 4), np.float32)}
    content = write_pt({"model_state": wide, "cfg": {}})
    ref = BaseRef(hashlib.sha256(content).hexdigest(), "", content)
    one = skill(root, "C", 1, ref, W_u=Stored("bfloat16", bits.reshape(1, 4)))
    parts = [Weighted(one)]
    made = compose(root, parts, Recipe(), "G", command=COMMAND)
    assert made.content == one.content


def test_a_layer_that_a_skill_leaves_alone_counts_as_the_base_there(root: Path) -> None:
    whole = skill(root, "A", 1)
    part = skill(root, "C", 2, B=drawn(2)["B"])
    made = compose(root, [Weighted(whole), Weighted(part)], Recipe("mean"), "G", command=COMMAND)
    values, known = made.tensors(), drawn(0)
    np.testing.assert_allclose(values["W_u"], (drawn(1)["W_u"] + known["W_u"]) / 2, rtol=1e-5)
    np.testing.assert_allclose(values["B"], (drawn(1)["B"] + drawn(2)["B"]) / 2, rtol=1e-5)
    results = {one.name: one for one in changes(root, [whole, part])}
    assert set(results["W_u"].norms) == {"A@v1"}
    (share,) = results["B"].conflicts.values()
    tau = [drawn(seed)["B"] - known["B"] for seed in (1, 2)]
    assert share == pytest.approx(float(np.mean(np.sign(tau[0]) != np.sign(tau[1]))))


def test_what_cannot_be_composed_is_refused_in_a_line_and_nothing_is_registered(
    shell: Shell, root: Path
) -> None:
    skill(root, "A", 1)
    skill(root, "other", 1, base(9))
    skill(root, "broken", 1, W_u=np.zeros((2, 2), np.float32))
    before = list(audit.lines(root))
    for words, said in (
        (("--skills", "A,other"), "only skills over one base can be composed"),
        (("--skills", "A,nobody"), "there is no skill 'nobody'"),
        (("--skills", "A:0.5,A@v1:0.5"), "A@v1 is named twice"),
        (("--skills", "A:much"), "'much' is no weight"),
        (("--skills", ","), "names none"),
        (("--skills", "A:-1", "--method", "mean"), "must be above 0"),
        (("--skills", "A", "--method", "ties", "--density", "2"), "--density 2.0"),
        (("--skills", "A,broken"), "W_u"),
        (("--skills", "A", "--method", "cat"), "is no pair of an adapter"),
        (("--skills", "@gone"), "no persona @gone"),
    ):
        assert said in shell.refused("genome", "compose", "--name", "G", *words)
    assert "no name of a skill" in shell.refused(
        "genome", "compose", "--name", "a/b", "--skills", "A"
    )
    assert list(audit.lines(root)) == before
    with pytest.raises(RefusedInput, match=base().sha256[:12]):
        compose(root, weighted(root, "A,other"), Recipe(), "G", command=COMMAND)


def test_weights_or_a_base_that_were_changed_are_refused_by_name(shell: Shell, root: Path) -> None:
    one = skill(root, "A", 1)
    kept = root / ".lab" / "registry" / "bases" / f"{base().sha256}.pt"
    whole = kept.read_bytes()
    kept.chmod(0o644)
    kept.write_bytes(whole[:100])
    assert str(kept) in shell.refused("genome", "compose", "--name", "G", "--skills", "A")
    kept.write_bytes(whole)
    one.weights_path.chmod(0o644)
    one.weights_path.write_bytes(b"\0" * 64)
    assert shell("genome", "compose", "--name", "G", "--skills", "A") == 1
    assert str(one.weights_path) in shell.err
    assert shell.err.count("\n") == 1
    assert sha256_of(one.weights_path) != one.weights_sha256


def test_a_composition_that_loses_to_its_best_parent_says_so(shell: Shell, root: Path) -> None:
    walker(root, 1.0)
    walker(root, 1.1)
    skills = "walker@v1,walker@v2"
    assert shell("genome", "compose", "--name", "G", "--method", "mean", "--skills", skills) == 0
    words = ("--streams", "10", "--steps", "64", "--wait", "--quiet")
    assert shell("genome", "test", "G", *words) == 0
    first, *others = shell.out.splitlines()
    assert first == "G@v1 loses to its best parent, walker@v1"
    assert [line.split()[0] for line in others] == ["G@v1"] * 3
    made = resolve(root, "G")
    kept = {one["key"]: one["result"] for one in results_of(root, made)}
    assert kept["genome"]["best_parent"] == "walker@v1"
    assert kept["test"]["baseline"] == "base"
    assert shell("genome", "show", "G") == 0
    assert first in shell.out
    assert shell("genome", "list") == 0
    assert shell.out.splitlines()[-1].endswith("worse")
    assert "no composition" in shell.refused("genome", "test", "walker")
    assert "take" in shell.refused("genome", "test", "G", "--streams", "2")
