"""Sessions of several skills on one base in one process, and asking it what to hold in memory."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.test_commands import Shell
from tests.lab.genome.test_composing import skill
from tests.lab.killing import walkers
from tests.live import wait_until
from tttui.lab.genome.holders import SkillHost, host_for
from tttui.lab.jobs import find_job
from tttui.lab.registry import resolve
from tttui.lab.steering import cancel, look_again, resume
from tttui.model.arrays import PLASTIC
from tttui.model.errors import RefusedInput
from tttui.model.pointmass.settings import Settings
from tttui.runs.turns import Host, host_of
from tttui.tasks.pointmass.runs.base import find_base

SKILLS = ("walker@v1", "walker@v2", "G@v1", "base")


@pytest.fixture
def shell(root: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    walkers(root)
    return Shell(root, capsys)


def alone(host: Host, weights: dict[str, np.ndarray] | None, turn: int) -> list[np.ndarray]:
    """The losses of one session that has the host for itself."""
    host.put(host.begin(weights))
    rows = [host.advance(t, turn) for t in range(0, host.steps, turn)]
    return [np.concatenate(part) for part in zip(*rows, strict=True)]


@pytest.mark.parametrize("task", ["pointmass", "text"])
def test_sessions_that_take_turns_compute_bit_for_bit_what_each_would_alone(
    task: str, root: Path, tmp_path: Path
) -> None:
    if task == "text":
        document = tmp_path / "document.txt"
        document.write_text("".join(f"line {i} of {i * i}\n" for i in range(40)))
        values = {"file": str(document), "chunk": 32, "context": 48, "optimizer": "adamw"}
        host = host_of("text", values, None)
        base = {name: np.asarray(W) for name, W in host.begin(None)["weights"].items()}
    else:
        walkers(root)
        base = resolve(root, "walker@v1").tensors()
        raw = {**base, "a_raw": _frozen(root)}
        host = host_of("pointmass", {"steps": 160, "seed": 3, "noise_std": 0.01}, raw)
        assert set(base) == set(PLASTIC)
    starts = [None, {name: np.float32(1.01) * W for name, W in base.items()}]
    turn = 2 * host.unit
    expected = [alone(host, start, turn) for start in starts]
    states = [host.begin(start) for start in starts]
    rows: list[list[tuple[np.ndarray, np.ndarray]]] = [[], []]
    for t in range(0, host.steps, turn):
        for i in (0, 1):
            host.put(states[i])
            rows[i].append(host.advance(t, turn))
            states[i] = host.take()
    for result, wanted in zip(rows, expected, strict=True):
        for part, losses in zip(zip(*result, strict=True), wanted, strict=True):
            assert np.concatenate(part).tobytes() == losses.tobytes()


def _frozen(root: Path) -> np.ndarray:
    base = find_base(root, Settings())
    assert base is not None
    return np.asarray(base.weights["a_raw"])


def test_a_small_budget_costs_loads_and_changes_no_result(shell: Shell) -> None:
    words = ("genome", "run", *SKILLS, "--steps", "192", "--wait", "--quiet", "--json")
    assert shell(*words) == 0
    roomy = json.loads(shell.out)
    assert shell(*words, "--budget", "200kB") == 0
    tight = json.loads(shell.out)
    assert tight["skills"] == roomy["skills"]
    assert [one["name"] for one in tight["skills"]] == list(SKILLS)
    few, many = roomy["residency"], tight["residency"]
    assert (few["loads"], few["thrashes"], few["evictions"]) == (4, 0, 0)
    assert few["hits"] == 20
    assert (many["loads"], many["thrashes"]) == (24, 20)
    assert {one["state"] for one in many["skills"]} == {"done"}
    assert many["used"] == 0


def test_a_process_is_asked_to_activate_and_evict_and_says_what_it_holds(
    shell: Shell, root: Path
) -> None:
    assert shell("genome", "status") == 0
    assert "no process" in shell.err
    assert shell("genome", "run", *SKILLS[:3], "--steps", "100000") == 0
    job = find_job(root, shell.out.strip())
    wait_until(lambda: _said(root) is not None)
    assert shell("genome", "status", "--json") == 0
    (one,) = json.loads(shell.out)
    assert one["pid"] == find_job(root, job.handle).raw["pid"]
    assert [skill["skill"] for skill in one["skills"]] == list(SKILLS[:3])
    assert shell("genome", "evict", "--budget", "100kB") == 0
    assert shell.out.count("paged out") == 2
    assert "of 100 kB" in shell.out
    assert shell("genome", "activate", "walker@v2", "--budget", "1MB", "--job", job.short) == 0
    line = next(text for text in shell.out.splitlines() if text.startswith("walker@v2"))
    assert "paged out" not in line  # resident, or in force where its turn has come
    for words, said in (
        (("activate", "nobody"), "no process holds nobody now"),
        (("activate", "nobody", "--job", job.short), "nobody: is none of walker@v1, walker@v2"),
        (("evict",), "say which skill to evict, or a --budget"),
        (("activate", "--budget", "huge"), "'huge' is no size"),
    ):
        assert said in shell.refused("genome", *words)
    ended = cancel(find_job(root, job.handle))
    assert ended.state == "cancelled"
    assert shell("genome", "status", "--all") == 0
    assert "so nothing is resident" in shell.out
    assert "residency belongs to a process" in shell.refused("genome", "evict", "walker@v1")
    again = resume(ended)
    wait_until(lambda: "skills resident" in look_again(again).doing)
    assert (cancel(again).progress or 0) >= (ended.progress or 0)


def _said(root: Path) -> SkillHost | None:
    try:
        result = host_for(root, "walker@v1", None)
    except RefusedInput:
        return None
    return None if result.problem else result


def test_a_skill_that_does_not_fit_and_skills_over_two_bases_are_refused(
    shell: Shell, root: Path
) -> None:
    words = ("genome", "run", "walker@v1", "--steps", "64", "--wait", "--quiet")
    assert shell(*words, "--budget", "10kB") == 1
    assert "walker@v1 takes 85.6 kB, which does not fit the budget of 10 kB" in shell.err
    assert "name at least one version" in shell.refused("genome", "run", "base")
    skill(root, "other", 1)
    of_one = skill(root, "part", 1, W_o=np.ones((2, 5), np.float32)).name
    skill(root, "whole", 1)
    assert "have other parameters" in shell.refused("genome", "run", of_one, "whole")
    assert "only skills over one base share it" in shell.refused(
        "genome", "run", "walker@v1", "other"
    )
