"""`tttui model` and `tttui audit`, and sessions that start from a version."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.test_commands import Shell
from tttui.artifacts.ptfile import read_pt, write_pt
from tttui.cli.running import read_session
from tttui.lab.registry import personas, record_result, resolve
from tttui.lab.registry.starting import runner_for, start_weights
from tttui.model.errors import RefusedInput


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path / "runs", capsys)


@pytest.fixture
def walker(shell: Shell) -> Shell:
    """Two versions of a skill, from two sessions; the first is in use as @helper."""
    for name, seed in (("night", 3), ("day", 4)):
        assert shell("run", "--name", name, "--steps", "96", "--seed", str(seed), "--quiet") == 0
        assert shell("model", "register", name, "--skill", "walker") == 0
    assert shell("model", "deploy", "walker@v1", "--persona", "helper") == 0
    return shell


def meta_of(directory: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((directory / "session" / "meta.json").read_text())
    return document


def test_what_a_session_learned_is_listed_shown_and_compared(walker: Shell) -> None:
    assert walker("model", "list", "--json") == 0
    (listed,) = json.loads(walker.out)
    assert (listed["version"], listed["versions"], listed["task"]) == (
        "walker@v2",
        2,
        "pointmass",
    )
    assert walker("model", "versions", "walker") == 0
    assert [line.split()[0] for line in walker.out.splitlines()] == [
        "version",
        "walker@v1",
        "walker@v2",
    ]
    assert walker("model", "show", "walker@v1", "--json") == 0
    shown = json.loads(walker.out)
    assert (shown["origin"]["id"], shown["origin"]["step"]) == ("night", 96)
    assert shown["needed_by"] == ["persona @helper"]
    assert shown["tensors"] == {"W_u": [16, 6], "B": [32, 16], "W_o": [4, 32]}
    assert walker("model", "diff", "walker@v1", "walker@v2", "--json") == 0
    document = json.loads(walker.out)
    night, day = (
        read_pt(walker.root / name / "session" / "plastic_state.pt")["B"]
        for name in ("night", "day")
    )
    (of_B,) = (one for one in document["parameters"] if one["name"] == "B")
    assert of_B["change"] == pytest.approx(float(np.linalg.norm(day - night)))
    assert document["settings"]["seed"] == [3, 4]
    assert walker("model", "diff", "walker@v1", "walker@v2") == 0
    assert "W_o" in walker.out


def test_the_weights_of_an_earlier_step_are_registered_with_at(walker: Shell) -> None:
    assert walker("model", "register", "night", "--skill", "walker", "--at", "40") == 0
    assert "at step 40" in walker.out
    assert "has run 96 steps" in walker.refused(
        "model", "register", "night", "--skill", "walker", "--at", "97"
    )
    early, late = resolve(walker.root, "walker@v3"), resolve(walker.root, "walker@v1")
    assert early.weights_sha256 != late.weights_sha256


def test_a_session_starts_from_a_persona_and_goes_on_and_verifies_without_the_registry(
    walker: Shell,
) -> None:
    version = resolve(walker.root, "@helper")
    run = ("run", "--from", "@helper", "--seed", "9", "--name", "used", "--quiet")
    assert walker(*run, "--steps", "40") == 0
    assert "adaptive is still walker@v1 (@helper)" in walker.out
    said = meta_of(walker.root / "used")["started_from"]
    assert said["version"] == "walker@v1"
    assert said["persona"] == "@helper"
    assert said["weights_sha256"] == version.weights_sha256
    start = read_pt(walker.root / "used" / "session" / "start_state.pt")["weights"]
    assert all((start[name] == W).all() for name, W in version.tensors().items())
    assert walker("fork", "used", "--name", "further", "--quiet", "--steps", "8") == 0
    further = meta_of(walker.root / "further")["started_from"]
    assert (further["version"], further["through"]) == ("walker@v1", "used")
    assert "needed by persona @helper; session further; session used" in walker.refused(
        "model", "rm", "walker@v1"
    )
    assert "name the one version" in walker.refused("model", "rm", "@helper")
    (walker.root / ".lab").rename(walker.root / "elsewhere")
    assert walker("resume", "used", "--steps", "40", "--quiet") == 0
    assert walker("verify", "used") == 0
    assert "holds the weights of walker@v1" in walker.out
    assert walker("verify", "further") == 0
    assert walker("show", "used") == 0
    assert "walker@v1 (@helper)" in walker.out


def test_a_session_whose_start_is_not_that_of_its_version_is_found_by_verify(
    walker: Shell,
) -> None:
    assert walker("run", "--from", "walker@v1", "--steps", "8", "--name", "a", "--quiet") == 0
    assert walker("run", "--from", "walker@v2", "--steps", "8", "--name", "b", "--quiet") == 0
    path = Path("session") / "start_state.pt"
    (walker.root / "a" / path).write_bytes((walker.root / "b" / path).read_bytes())
    assert walker("verify", "a") == 1
    assert "does not hold the weights of walker@v1" in walker.out


def test_a_fork_takes_the_weights_of_a_version_into_its_parents_world(walker: Shell) -> None:
    assert walker("fork", "day", "--from", "walker@v1", "--name", "f", "--quiet") == 0
    meta = meta_of(walker.root / "f")
    assert meta["mu"] == meta_of(walker.root / "day")["mu"]
    assert meta["started_from"]["version"] == "walker@v1"
    assert walker("verify", "f") == 0
    refused = walker.refused("fork", "day", "--from", "walker", "--with-past", "--at", "8")
    assert "leave --with-past out" in refused


def test_a_text_reader_starts_from_what_another_one_learned(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "story.txt").write_bytes(b"the cat sat on the mat, and the dog sat. " * 12)
    words = ("--file", str(tmp_path / "story.txt"), "--threads", "1", "--quiet")
    assert shell("run", "--task", "text", "--name", "first", *words) == 0
    assert shell("model", "register", "first", "--skill", "reader") == 0
    assert shell("run", "--from", "reader", "--name", "second", *words, "--steps", "3") == 0
    assert shell("resume", "second", "--steps", "2", "--quiet") == 0
    assert shell("verify", "second") == 0
    assert "holds the weights of reader@v1" in shell.out
    first, second = (read_session(shell.root / name).steps.adaptive for name in ("first", "second"))
    assert second[0] < 0.5 * first[0]
    assert "is of the task text" in shell.refused("run", "--task", "pointmass", "--from", "reader")


def test_a_skill_over_another_base_is_not_started_from(walker: Shell) -> None:
    version = resolve(walker.root, "walker")
    runner = runner_for(version)
    start = start_weights(walker.root, version, runner)
    assert start.base_file is not None
    base = read_pt(start.base_file)
    base["model_state"]["W_o"] *= 2
    trained = walker.root / "trained.pt"
    trained.write_bytes(write_pt(base))
    values = {**start.settings, "base": str(trained)}
    with pytest.raises(RefusedInput, match="walker@v2 stands on the base 19e3719573c7"):
        runner.new(walker.root, values, detached=False, start=start)
    assert not [path for path in walker.root.iterdir() if path.name.startswith("linear")]


def test_a_persona_is_moved_rolled_back_and_audited_from_the_shell(walker: Shell) -> None:
    deploy = ("model", "deploy", "walker@v2", "--persona", "helper")
    assert "never tested against walker@v1" in walker.refused(*deploy)
    record_result(
        walker.root,
        resolve(walker.root, "walker@v2"),
        "test",
        {"baseline": "walker@v1", "verdict": "better", "sentence": "better by 3 %"},
        command=("tttui", "model", "test"),
    )
    assert walker(*deploy) == 0
    assert "@helper points to walker@v2 now, before walker@v1" in walker.out
    assert walker("model", "rollback", "--persona", "@helper", "--to", "v1") == 0
    assert walker("model", "personas") == 0
    assert walker.out.splitlines()[1].split()[:2] == ["@helper", "walker@v1"]
    assert personas(walker.root)[0].stack[-1].version == "walker@v1"
    assert walker("audit", "--json") == 0
    lines = [json.loads(line) for line in walker.out.splitlines()]
    assert [line["action"].partition(":")[2] for line in lines] == [
        "registered",
        "registered",
        "deployed",
        "measured",
        "deployed",
        "rolled_back",
    ]
    typed = f"tttui model deploy walker@v2 --persona helper --root {walker.root}"
    assert lines[4]["command"] == typed
    assert walker("audit", "--verify") == 0
    assert "6 changes fit together" in walker.out
    path = walker.root / ".lab" / "audit.jsonl"
    path.write_text(path.read_text().replace('"user": "', '"user": "x', 1))
    assert walker("audit", "--verify") == 1
    assert walker.out == "line 1 was changed: line 2 has another hash of it\n"


def test_an_empty_registry_says_how_to_begin(shell: Shell) -> None:
    for words, said in (
        (("list",), "tttui model register"),
        (("personas",), "tttui model deploy"),
    ):
        assert shell("model", *words) == 0
        assert said in shell.err
    assert shell("audit") == 0
    assert "nothing was changed" in shell.err
    assert shell("audit", "--verify") == 0
    assert "there are none yet" in shell.refused("model", "show", "walker")
    assert "there is no session 'x'" in shell.refused("model", "register", "x", "--skill", "w")
    assert not (shell.root / ".lab").exists()


def test_a_base_that_a_job_trained_is_registered_and_started_from(shell: Shell) -> None:
    sizes = ("--pretrain-seq", "8", "--pretrain-batch", "2", "--pretrain-steps", "5")
    assert shell("pretrain", *sizes, "--wait", "--quiet") == 0
    assert shell("job", "list", "--json") == 0
    job = json.loads(shell.out)[0]["job"]
    assert shell("model", "register", job[:8], "--skill", "tiny") == 0
    assert shell("model", "list", "--type", "base", "--json") == 0
    assert [one["version"] for one in json.loads(shell.out)] == ["tiny@v1"]
    assert shell("run", "--from", "tiny", "--steps", "8", "--name", "a", "--quiet") == 0
    meta = meta_of(shell.root / "a")
    assert meta["base_ckpt_hash"] == resolve(shell.root, "tiny").base_sha256
    assert meta["pretraining_cfg"]["pretrain_steps"] == 5
    assert shell("verify", "a") == 0
    assert "is a job" in shell.refused("model", "register", job, "--skill", "t", "--at", "3")
