"""Sweeps as a person meets them: started, shown, resumed, shared, and their best tested again."""

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.cli.test_commands import Shell
from tests.lab.killing import swept
from tttui.lab import worker
from tttui.lab.context import Context
from tttui.lab.evaluation import evaluate
from tttui.lab.evaluation.streams import HeldOutStream
from tttui.lab.job import Job
from tttui.lab.sweeps.computing import compute
from tttui.lab.sweeps.group import find_sweep
from tttui.lab.sweeps.outcome import SweepOutcome
from tttui.lab.sweeps.plan import SweepMember, SweepPlan
from tttui.lab.sweeps.planning import planned
from tttui.lab.sweeps.space import Axis
from tttui.panes.lab.jobs.curves import SweepChart

SHORT = ("--steps", "64", "--seeds", "8", "--set", "noise_std=0.01")


@pytest.fixture
def shell(root: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(root, capsys)


def made_up(losses: dict[tuple[float, int], list[float]], **more: object) -> SweepOutcome:
    """What a sweep of lr and chunk would have found; the first is the default."""
    members = [SweepMember(f"lr {lr}, chunk {c}", {"lr": lr, "chunk": c}) for lr, c in losses]
    n = len(next(iter(losses.values())))
    streams = tuple(HeldOutStream(str(i), {"seed": i}) for i in range(n))
    plan = SweepPlan("pointmass", tuple(members), streams, ("lr", "chunk"), **more)  # type: ignore[arg-type]
    rows = [
        {"member": m, "stream": s, "whole": v, "frozen_whole": 1.0, "seconds": 0.0}
        for m, values in enumerate(losses.values())
        for s, v in enumerate(values)
    ]
    return SweepOutcome.of(plan, [{"all": rows}])


def noisy_streams(n: int = 12) -> np.ndarray:
    """Streams of very different difficulty, as sessions are."""
    return np.exp(np.random.default_rng(0).normal(0.0, 2.0, n))


def test_a_sweep_is_started_shown_and_gives_the_command_of_its_best(shell: Shell) -> None:
    words = ("--set", "lr=0.0001,0.02", "--set", "chunk=16,32", *SHORT)
    assert shell("sweep", "start", *words, "--wait", "--json") == 0
    document = json.loads(shell.out)
    assert document["complete"]
    assert document["members"] == 4
    names = [line["name"] for line in document["table"]]
    assert sorted(names) == [
        "default",
        "lr 0.0001, chunk 16",
        "lr 0.0001, chunk 32",
        "lr 0.02, chunk 16",
    ]
    assert document["table"][0]["name"] == document["best"]
    assert {(e["setting"], e["value"], e["against"]) for e in document["effects"]} == {
        ("lr", "0.0001", "0.02"),
        ("chunk", "16", "32"),
    }
    effect = next(e for e in document["effects"] if e["setting"] == "lr")
    assert effect["outcome"] == "worse"
    handle = document["sweep"][:8]
    assert shell("sweep", "show", handle) == 0
    assert max(map(len, shell.out.splitlines())) <= 100
    assert "lr 0.0001 for 0.02" in shell.out
    assert shell("sweep", "best", handle) == 0
    assert shell.out.splitlines()[-1].startswith("tttui run --noise-std 0.01 --steps 64")
    assert shell("sweep", "list") == 0
    assert handle in shell.out
    assert "is of kind sweep" not in shell.out
    assert "nothing to resume" in shell.refused("sweep", "resume", handle)


def test_members_that_are_computed_together_do_what_each_does_alone(root: Path) -> None:
    plan = swept()
    pairs = max(plan.batches.values(), key=len)
    assert len({plan.members[m].values["lr"] for m, _ in pairs}) == 3
    rows = compute(plan, pairs, root, lambda _done, _total: None)
    for row in rows[::5]:
        stream = plan.stream_of(row["member"], row["stream"])
        (alone,) = evaluate(plan.contender(row["member"], root), [stream])
        assert row["whole"] == pytest.approx(alone.whole, rel=0.05)
        assert row["frozen_whole"] == pytest.approx(alone.frozen_whole, rel=1e-4)


def test_a_document_is_swept_part_by_part(tmp_path: Path, root: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("".join(f"line {i} of some notes that repeat themselves\n" for i in range(200)))
    axes = [Axis("lr", (0.05, 0.1)), Axis("plastic", ("*", "head*"))]
    plan = planned("text", {}, axes, streams=2, steps=20, data=text)
    assert len(plan.members) == 5
    assert set(map(len, plan.batches.values())) == {1}
    rows = [
        row
        for name in ("member 1 of 5, stream 1", "member 3 of 5, stream 1")
        for row in compute(plan, plan.batches[name], root, lambda _done, _total: None)
    ]
    assert len({row["frozen_whole"] for row in rows}) == 1  # all read the same bytes
    assert len({row["whole"] for row in rows}) == 2
    result = SweepOutcome.of(plan, [{"all": rows}])
    assert result.unit == "bits"
    assert f"--file {text}" in result.command(2)


def killed_after_its_first_part(job: Job) -> None:
    """Execute a job in a process of its own, which kills itself."""
    if (pid := os.fork()) == 0:
        finish_part = Context.finish_part

        def last(context: Context, name: str, result: object) -> None:
            finish_part(context, name, result)
            os.kill(os.getpid(), signal.SIGKILL)

        setattr(Context, "finish_part", last)  # noqa: B010 - of this process alone
        try:
            worker.execute(job.path, lambda: None)
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


def test_a_killed_sweep_goes_on_with_what_is_missing(
    root: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("--set", "chunk=5,6,7,8", "--seeds", "4", "--steps", "64")
    with monkeypatch.context() as waiting:
        waiting.setattr("tttui.lab.starting.dispatch_locked", lambda _root: [])
        assert shell("sweep", "start", *words, "--json") == 0
    handle = json.loads(shell.out)["sweep"]
    job = find_sweep(root, handle).job
    killed_after_its_first_part(job)
    assert find_sweep(root, handle).job.state == "crashed"
    parts = job.path / "parts.jsonl"
    before = parts.read_bytes()
    assert before.count(b"\n") == 1
    assert shell("sweep", "show", handle) == 0
    assert "members are not computed yet" in shell.out
    assert f"runs are missing; go on with: tttui sweep resume {handle[:8]}" in shell.out
    assert "is crashed" in shell.refused("sweep", "best", handle, "--confirm")
    assert shell("sweep", "resume", handle, "--wait") == 0
    assert parts.read_bytes().startswith(before)
    assert find_sweep(root, handle).outcome().complete


def test_jobs_that_share_a_sweep_are_one_to_who_looks(root: Path, shell: Shell) -> None:
    words = ("--set", "lr=0.005,0.01,0.04", *SHORT, "--parts", "3")
    assert shell("sweep", "start", *words, "--json", "--wait") == 0
    document = json.loads(shell.out)
    sweep = find_sweep(root, document["sweep"][:6])
    assert len(sweep.jobs) == 3
    assert find_sweep(root, sweep.jobs[2].handle).handle == sweep.handle
    assert document["computed"] == 4 * 8
    assert shell("sweep", "list", "--json") == 0
    (listed,) = json.loads(shell.out)
    assert listed["jobs"] == [job.handle for job in sweep.jobs]
    assert listed["state"] == "completed"
    assert shell("sweep", "start", *words[:-2], "--json", "--wait") == 0
    alone = json.loads(shell.out)
    assert [one["name"] for one in alone["table"]] == [one["name"] for one in document["table"]]


def test_the_best_of_many_is_tested_again_on_fresh_streams(root: Path, shell: Shell) -> None:
    words = ("--set", "lr=0.0001,0.02", "--set", "chunk=16,32", *SHORT)
    assert shell("sweep", "start", *words, "--wait", "--json") == 0
    handle = json.loads(shell.out)["sweep"]
    sweep = find_sweep(root, handle)
    if sweep.outcome().best == 0:
        assert "nothing to confirm" in shell.refused("sweep", "best", handle, "--confirm")
        return
    assert shell("sweep", "best", handle) == 0
    assert "looks better than it is" in shell.out
    assert shell("sweep", "best", handle, "--confirm", "--fresh", "8", "--json") == 0
    document = json.loads(shell.out)
    assert document["confirmed"]["n"] == 8
    assert shell("sweep", "list", "--json") == 0
    again = find_sweep(root, json.loads(shell.out)[0]["job"])
    assert again.plan.confirms == handle
    seeds = [{one.values["seed"] for one in plan.streams} for plan in (again.plan, sweep.plan)]
    assert not seeds[0] & seeds[1]


def test_effects_are_those_of_each_setting_whatever_the_others_are() -> None:
    hard = noisy_streams()
    result = made_up(
        {
            (lr, chunk): list(hard * (0.8 if lr == 0.02 else 1.0) * (1.5 if chunk == 64 else 1.0))
            for lr in (0.01, 0.02)
            for chunk in (32, 64)
        }
    )
    effects = {effect.setting: effect.compared for effect in result.effects}
    assert effects["lr"].difference == pytest.approx(20.0)
    assert effects["chunk"].difference == pytest.approx(-50.0)
    assert effects["lr"].outcome == "better"
    assert result.best == 2
    assert result.equals == []


@pytest.mark.parametrize(("width", "height"), [(40, 12), (78, 20), (120, 30)])
def test_the_lab_draws_members_and_effects_with_their_intervals(width: int, height: int) -> None:
    hard = noisy_streams()
    grid = {
        (lr, c): list(hard * (0.5 if c == 16 else 1.0)) for lr in (0.02, 0.01) for c in (32, 16)
    }
    chart = SweepChart()
    chart._outcome = made_up(grid)
    lines = [line.rstrip() for line in chart.paint(width, height).text()]
    assert lines[0] == "4 members, 12 streams, whole stream"
    assert "lr, chunk" in lines[1]
    assert "0.02, 16" in lines[2]
    assert any("chunk 16 for 32" in line for line in lines) == (height > 12)
    assert any("50 % better than" in line for line in lines)
    found = made_up(grid)
    found.losses[3] = np.nan
    chart._outcome = replace(found, rows=found.rows - 12)
    assert chart.paint(width, height).text()[0].startswith("3 of 4 members, ")


def test_a_best_that_is_chance_is_called_so() -> None:
    random, hard = np.random.default_rng(1), noisy_streams()
    result = made_up(
        {
            (lr, 32): list(hard * np.exp(random.normal(0.0, 0.1, len(hard))))
            for lr in (0.02, 0.01, 0.03, 0.04, 0.05)
        }
    )
    assert "no difference" in result.verdict or "is the best of what was tried" in result.verdict
    assert len(result.equals) == 4


def test_what_diverged_is_the_worst_and_does_not_hide_the_rest() -> None:
    hard = list(noisy_streams())
    broken = [float("nan"), *hard[1:]]
    result = made_up({(0.02, 32): hard, (0.01, 32): [0.9 * v for v in hard], (5.0, 32): broken})
    assert result.order == [1, 0, 2] or result.order == [1, 2, 0]
    assert result.best == 1
    assert result.document()["table"][result.order.index(2)]["diverged"] == 1
    assert all(np.isfinite(e.compared.interval.estimate) for e in result.effects)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"task": "code.py:Task"}, "names code as its task"),
        ({"members": []}, "is no sweep: 0 members"),
        ({"members": [{"name": "a", "values": {}}] * 5001}, "is no sweep: 5001 members"),
        ({"members": [3]}, "is no sweep"),
        ({"names": ["lr", "sugar"]}, "is no sweep"),
        ({"fixed": {"sugar": 1}}, "there is no setting 'sugar'"),
        ({"by": "taste"}, "is no sweep"),
        ({"streams": None}, "is no sweep"),
    ],
)
def test_a_sweep_that_somebody_sent_is_data_whatever_it_says(
    root: Path, shell: Shell, settings: dict[str, object], said: str
) -> None:
    job = root / ".lab" / "jobs" / "3f2a0000-0000-4000-8000-000000000001"
    job.mkdir(parents=True)
    Path(root / "code.py").write_text("raise SystemExit('was run')")
    request = {"kind": "sweep", "settings": {**swept().settings(), **settings}}
    (job / "job.json").write_text(json.dumps(request))
    (job / "status.json").write_text(json.dumps({"kind": "sweep", "state": "completed"}))
    for verb in ("show", "best", "resume"):
        assert shell("sweep", verb, "3f2a") in (1, 2)
        assert said in shell.err
        assert shell.err.count("\n") == 1
    assert shell("sweep", "list") == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--set", "lr"), "write it as NAME=VALUES"),
        (("--set", "lrr=1,2"), "has no setting 'lrr'; did you mean 'lr'?"),
        (("--set", "lr=0.01"), "nothing is varied"),
        (("--set", "lr=0.01,-1"), "--set lr=0.01,-1: lr: -1.0 is not above 0"),
        (("--set", "lr=0.01,0.01"), "has 0.01 twice"),
        (("--set", "lr=0.001..0.1"), "a range needs --random N"),
        (("--set", "lr=0.1..0.001", "--random", "3"), "goes from low to high"),
        (("--set", "lr=1,2", "--set", "lr=3,4"), "lr is set twice"),
        (("--set", "seed=1,2"), "seed is set by --seeds N"),
        (("--set", "min_buffer=32,999"), "min_buffer 999: min_buffer: 999 is above buffer_len"),
        (("--set", "lr=1,2", "--task", "sewing"), "sewing"),
        (("--set", "lr=1,2", "--set", "device=abacus"), "device: 'abacus' is none; choose cpu"),
        (("--set", "lr=0.001..1", "--random", "999999"), "let --random 100 choose"),
        (("--set", "lr=1,2", "--steps", "1000000000"), "take fewer --seeds or --steps"),
        (("--set", "lr=1,2", "--file", "x.txt"), "reads no documents"),
        (("--set", "lr=1,2", "--task", "text", "--file", "x.txt"), "no such file"),
    ],
)
def test_what_cannot_be_swept_is_told_in_one_line(
    shell: Shell, root: Path, words: tuple[str, ...], said: str
) -> None:
    assert said in shell.refused("sweep", "start", *words)
    assert not (root / ".lab").exists()
