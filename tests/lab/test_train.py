"""Training skills on data: what comes of it, and the way back from what goes wrong."""

import errno
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.test_commands import Shell
from tests.lab.conftest import ENDLESS, pretraining
from tests.lab.killing import curves, skill_of_the_point_mass
from tests.lab.test_jobs import ended, under_way
from tttui.artifacts.atomic import write_error, write_whole
from tttui.artifacts.eventlog import EventLog
from tttui.cli.jobs import wait_with_bar
from tttui.lab import checkpoints, worker
from tttui.lab.job import Job, read_job
from tttui.lab.jobs import list_jobs, results
from tttui.lab.kinds import train
from tttui.lab.reader import JobReader
from tttui.lab.registry import BaseRef, register, resolve, versions
from tttui.lab.starting import start
from tttui.lab.steering import cancel, checkpoint, resume
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.pointmass.settings import Settings
from tttui.tasks.corpus import read_corpus
from tttui.tasks.pointmass.pretraining import Training
from tttui.tasks.pointmass.runs.training import frictions_of
from tttui.tasks.pointmass.world import WorldStream
from tttui.tasks.text.task import TextTask
from tttui.tasks.text.training import TextTraining
from tttui.tasks.trainer import Took

LINE = "def add(self, name, value): self.names[name] = value  # é €\n"


@pytest.fixture
def shell(root: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(root, capsys)


def waiting(root: Path, settings: Mapping[str, Any]) -> Job:
    """A job that stays queued, as there is room for none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tttui.lab.starting.dispatch_locked", lambda _root: [])
        return start(root, "train", settings, command=("tttui", "train", "start"))


def trained(root: Path, settings: Mapping[str, Any]) -> Job:
    """A job that was executed here, without a process of its own."""
    job = waiting(root, settings)
    worker.execute(job.path, lambda: None)
    return read_job(job.path)


def text_skill(folder: Path, steps: int, **training: Any) -> Mapping[str, Any]:
    (folder / "data").mkdir(exist_ok=True)
    for i in range(10):
        (folder / "data" / f"{i}.py").write_text(LINE.replace("name", f"name{i}") * 3)
    values = {"steps": steps, "batch": 16, "warmup": 1, "lr": 1e-2, **training}
    return {
        "task": "text",
        "skill": "python",
        "values": {"context": 32, "chunk": 16, "plastic": "*.down_proj.weight"},
        "training": asdict(TextTraining.defaults.updated(values)),
        "data": str(folder / "data"),
        "seed": 0,
    }


def event_fields(job: Job, action: str) -> list[Mapping[str, Any]]:
    """The fields of the job's events of one action."""
    return [e.fields for e in EventLog(job.path).read() if e.name.endswith(f":{action}")]


def test_a_skill_is_trained_by_a_command_and_becomes_a_version_that_is_better(
    shell: Shell, root: Path
) -> None:
    words = ("--skill", "slow", "--mu", "0.35", "--steps", "120", "--batch", "8", "--wait")
    assert shell("train", "start", *words) == 0
    assert shell.out.startswith("slow@v1: validation loss 0.01")
    assert "estimate  time" in shell.out
    version = resolve(root, "slow")
    (job,) = list_jobs(root)
    assert (version.task, version.origin["id"]) == ("pointmass", job.handle)
    said = results(job)
    assert said["version"] == "slow@v1"
    assert said["validation_loss"] < 0.2 * said["validation_loss_before"]
    assert version.results["validation_loss"] == said["validation_loss"]
    assert said["actual"]["seconds"] > 0 < said["estimate"]["disk_bytes"]
    assert shell("train", "list", "--json") == 0
    assert [one["kind"] for one in json.loads(shell.out)] == ["train"]
    assert shell("train", "status", job.short) == 0
    assert "checkpoints" in shell.out
    assert shell("train", "start", *words, "--from", "slow", "--mu", "0.3") == 0
    assert resolve(root, "slow").parents == ("slow@v1",)


def test_a_text_skill_cut_anywhere_is_the_one_that_nobody_cut(root: Path, tmp_path: Path) -> None:
    settings = text_skill(tmp_path, 8, validate_every=2)
    whole = trained(root, settings)
    assert whole.state == "completed", whole.detail
    said = results(whole)
    assert said["validation_loss"] < said["validation_loss_before"] - 0.2
    assert {"latest", "best", "epoch-1"} <= set(checkpoints.names(whole.path))
    cut = waiting(root.with_name("other"), settings)
    data = JobReader(cut.path)

    def reached() -> worker.Stop | None:
        table = data.refresh().metrics
        return worker.Stop() if table is not None and len(table.t) > 4 else None

    worker.execute(cut.path, reached)
    for name in (None, "epoch-1"):  # from where it ended, and from further back
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tttui.lab.steering.dispatch_locked", lambda _root: [])
            if (now := read_job(cut.path)).state == "completed":
                break
            resume(now, checkpoint=name)
        worker.execute(cut.path, reached if name is None else lambda: None)
    assert read_job(cut.path).state == "completed"
    assert curves(cut) == curves(whole)
    ours = resolve(root.with_name("other"), "python").tensors()
    theirs = resolve(root, "python").tensors()
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)
    assert len(versions(root)) == 1


def test_a_job_whose_data_changed_does_not_go_on(root: Path, tmp_path: Path) -> None:
    job = waiting(root, text_skill(tmp_path, 8))
    worker.execute(job.path, lambda: worker.Stop() if checkpoints.names(job.path) else None)
    (tmp_path / "data" / "0.py").write_text(LINE * 9)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tttui.lab.steering.dispatch_locked", lambda _root: [])
        resume(read_job(job.path))
    worker.execute(job.path, lambda: None)
    assert "the data are not those that the job began with" in str(read_job(job.path).error)


def test_a_nan_ends_in_a_rollback_with_half_the_rate_and_the_training_goes_on(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    advance, met = Training.advance, list[int]()

    def spoilt(training: Training) -> Took:
        took = advance(training)
        if training.step == 37 and not met:
            met.append(37)
            training._weights["B"][:] = np.nan
            return advance(training)
        return took

    monkeypatch.setattr(Training, "advance", spoilt)
    job = trained(root, skill_of_the_point_mass(60, validate_every=10))
    assert job.state == "completed", job.detail
    (back,) = results(job)["rollbacks"]
    assert (back["step"], back["to_step"], back["lr_factor"]) == (38, 30, 0.5)
    assert event_fields(job, "rollback")[0]["to_step"] == 30
    assert "back to step 30 with half the learning rate" in (job.path / "run.log").read_text()
    rates = [float(row["lr"]) for row in curves(job) if row["lr"]]
    assert len(rates) == 60
    assert rates[30] < 0.6 * rates[29]
    assert resolve(root, "walker@v1").results["validation_loss"] < 0.01


def test_a_rate_that_never_works_fails_after_three_rollbacks_and_says_what_helps(
    root: Path,
) -> None:
    job = trained(root, skill_of_the_point_mass(40, lr=1e30))
    assert job.state == "failed"
    assert job.fails_again
    assert "is not finite, also after 3 rollbacks" in str(job.error)
    assert "start another with a lower rate (`tttui train start --lr " in str(job.error)
    assert len(event_fields(job, "rollback")) == 3
    with pytest.raises(TttuiError, match="lower rate") as failure:
        wait_with_bar(job, quiet=True)
    assert "resume" not in str(failure.value)
    assert versions(root) == []


def test_a_training_ends_early_where_validation_gets_no_better(root: Path) -> None:
    job = trained(root, skill_of_the_point_mass(500, lr=1e-30, validate_every=5, patience=3))
    said = results(job)
    assert (job.state, said["steps"], said["best_step"]) == ("completed", 15, 0)
    assert "3 validations were no better" in said["stopped_early"]


def test_a_full_disk_ends_a_training_with_its_reason_and_it_goes_on_when_there_is_room(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trained(root.with_name("other"), skill_of_the_point_mass(40, validate_every=10))
    written = list[Path]()

    def full(path: Path, content: bytes) -> None:
        written.append(path)
        if len(written) > 3:
            raise write_error(path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        write_whole(path, content)

    with monkeypatch.context() as patch:
        patch.setattr("tttui.lab.checkpoints.write_whole", full)
        job = trained(root, skill_of_the_point_mass(40, validate_every=10))
    assert job.state == "failed"
    assert "the disk is full" in str(job.error)
    assert "checkpoint-" in str(job.error)
    assert versions(root) == []
    with pytest.raises(TttuiError, match=r"`tttui job resume .*` goes on"):
        wait_with_bar(job, quiet=True)
    monkeypatch.setattr("tttui.lab.steering.dispatch_locked", lambda _root: [])
    resume(job)
    worker.execute(job.path, lambda: None)
    assert read_job(job.path).state == "completed"
    assert curves(job) == curves(whole)


def test_a_text_model_is_trained_from_random_weights_where_no_skill_is_named(
    root: Path, tmp_path: Path
) -> None:
    asked = train.request_of(root, {**text_skill(tmp_path, 4), "from_nothing": True})
    from_nothing = TextTraining(TextTask).ready(asked).trainer.validate()
    from_base = TextTraining(TextTask).ready(replace(asked, from_nothing=False)).trainer
    assert from_nothing > 7.5 > from_base.validate()


def test_a_checkpoint_is_saved_when_somebody_asks_and_gone_on_from(root: Path) -> None:
    job = start(root, "train", skill_of_the_point_mass(ENDLESS), command=("tttui", "train"))
    job = under_way(job)
    with pytest.raises(RefusedInput, match="is no name of a checkpoint"):
        checkpoint(job, name="../x")
    assert checkpoint(job, name="mine") == "mine"
    assert checkpoint(job).startswith("step-")
    with pytest.raises(RefusedInput, match="is cancelled; only a job that runs"):
        checkpoint(cancel(job))
    again = under_way(resume(cancel(job), checkpoint="mine"))
    assert "goes on from checkpoint mine" in (again.path / "run.log").read_text()
    cancel(again)


def test_a_complete_training_goes_on_from_an_earlier_epoch_and_makes_a_new_version(
    shell: Shell, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = trained(root, text_skill(tmp_path, 8, validate_every=2))
    before, first = results(job), resolve(root, "python@v1")
    uncut = curves(job)
    there = set(checkpoints.names(job.path))
    assert shell("train", "resume", job.short) == 2
    assert "is complete; there is nothing left to do (--checkpoint NAME goes on" in shell.err
    assert shell("train", "resume", job.short, "--checkpoint", "best") == 2
    assert "checkpoint best is of step 8, the last one" in shell.err
    assert set(checkpoints.names(job.path)) == there
    monkeypatch.setattr("tttui.lab.steering.dispatch_locked", lambda _root: [])
    assert shell("train", "resume", job.short, "--checkpoint", "epoch-1") == 0
    assert "later checkpoints (best" in shell.err
    assert "results are kept as results-1.json; python@v1 stays as it is" in shell.err
    assert set(checkpoints.names(job.path)) == {"latest", "epoch-1"}
    cancel(read_job(job.path))
    resume(read_job(job.path))  # what was chosen holds, though nothing came of it yet
    worker.execute(job.path, lambda: None)
    said, (_, second) = results(job), versions(root, "python")
    assert said["version"] == second.name == "python@v2"
    assert second.origin["again"] == 1
    assert said["validation_loss"] == before["validation_loss"]
    assert curves(job) == uncut
    assert set(checkpoints.names(job.path)) == there
    assert before.items() <= json.loads((job.path / "results-1.json").read_text()).items()
    assert (resolve(root, "python@v1").created_at, first.name) == (first.created_at, "python@v1")


def test_only_a_kind_that_saves_checkpoints_goes_on_from_one_that_is_named(root: Path) -> None:
    base = ended(pretraining(root))
    with pytest.raises(RefusedInput, match="a complete pretrain: its settings alone decide"):
        resume(base, checkpoint="best")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tttui.lab.starting.dispatch_locked", lambda _root: [])
        other = cancel(start(root, "provider_test", {"parts": []}, command=("tttui",)))
    with pytest.raises(RefusedInput, match="a provider_test, which saves no named checkpoints"):
        resume(other, checkpoint="epoch-1")


def test_a_dry_run_says_what_it_takes_and_leaves_nothing(shell: Shell, root: Path) -> None:
    assert shell("train", "start", "--skill", "slow", "--mu", "0.35", "--dry-run") == 0
    assert [line.split()[0] for line in shell.out.splitlines()] == [
        "time",
        "memory",
        "disk",
        "cost",
    ]
    assert not (root / ".lab").exists()


def test_frictions_are_single_ones_ranges_and_those_of_sessions() -> None:
    settings = Settings()
    assert frictions_of("0.15, 0.2:0.3", settings) == [(0.15, 0.15), (0.2, 0.3)]
    drawn = [WorldStream(settings.updated({"seed": seed})).mu for seed in (3, 4)]
    assert frictions_of("seeds:3:5", settings) == [(mu, mu) for mu in drawn]


def test_documents_are_held_out_whole_and_in_the_same_way_wherever_they_lie(tmp_path: Path) -> None:
    text_skill(tmp_path, 1)
    (tmp_path / "other").mkdir()
    lines = [
        json.dumps({"text": path.read_text()})
        for path in sorted((tmp_path / "data").iterdir(), reverse=True)
    ]
    (tmp_path / "other" / "all.jsonl").write_text("\n".join([*lines, lines[0], ""]))
    one = read_corpus(tmp_path / "data", include="*.py", share=0.2, seed=0)
    two = read_corpus(tmp_path / "other", include="", share=0.2, seed=0)
    assert (one.sha256, one.learned, one.held_out) == (two.sha256, two.learned, two.held_out)
    assert len(one.held_out) == 2
    assert not set(one.learned) & set(one.held_out)
    said = {"messages": [{"role": "user", "content": "Hi. " * 200}, {"content": "Ho. " * 200}]}
    (tmp_path / "chat.jsonl").write_text(json.dumps(said))
    chat = read_corpus(tmp_path / "chat.jsonl", include="", share=0.1, seed=0)
    assert chat.learned[0].startswith(b"user: Hi.")
    assert chat.size == len("user: " * 2 + "\n\n" + "\n") + 1600


BAD: Mapping[str, tuple[tuple[str, ...], str]] = {
    "no data": (("--task", "text", "--skill", "s"), "--data: name a text file"),
    "no file": (("--task", "text", "--skill", "s", "--data", "{}/none"), "no such file or dir"),
    "empty": (("--task", "text", "--skill", "s", "--data", "{}/empty.txt"), "is empty; at least"),
    "short": (("--task", "text", "--skill", "s", "--data", "{}/short.txt"), "only 5 bytes of text"),
    "binary": (("--task", "text", "--skill", "s", "--data", "{}/binary"), "is binary, not UTF-8"),
    "all binary": (("--task", "text", "--skill", "s", "--data", "{}/bin"), "1 files are binary"),
    "no json": (("--task", "text", "--skill", "s", "--data", "{}/x.jsonl"), "line 1 is not JSON"),
    "no text": (("--task", "text", "--skill", "s", "--data", "{}/y.jsonl"), "line 1 has neither"),
    "no match": (
        ("--task", "text", "--skill", "s", "--data", "{}", "--include", "*.c"),
        "has no files called *.c",
    ),
    "epochs": (("--skill", "s", "--mu", "0.1", "--epochs", "0"), "epochs: 0 is below"),
    "both": (("--skill", "s", "--mu", "0.1", "--epochs", "1", "--steps", "1"), "not both"),
    "lr 0": (("--skill", "s", "--mu", "0.1", "--lr", "0"), "lr: 0.0 is not above 0"),
    "lr below 0": (("--skill", "s", "--mu", "0.1", "--lr", "-1"), "is not above 0"),
    "no mu": (("--skill", "s"), "mu: name the frictions"),
    "mu": (("--skill", "s", "--mu", "fast"), "'fast' is no friction"),
    "mu range": (("--skill", "s", "--mu", "0.3:0.1"), "needs 0 <= low <= high"),
    "task": (("--task", "nonsense", "--skill", "s"), "there is no such task"),
    "skill": (("--skill", "a/b", "--mu", "0.1"), "is no name of a skill"),
    "from": (("--skill", "s", "--mu", "0.1", "--from", "nobody"), "there is no skill 'nobody'"),
    "from base": (("--skill", "s", "--mu", "0.1", "--from", "{}/x.pt"), "no such base checkpoint"),
    "other base": (("--skill", "s", "--mu", "0.1", "--from", "old"), "--from old@v1: stands on"),
    "provider": (
        ("--skill", "s", "--mu", "0.1", "--provider", "openai"),
        "'openai' is no provider",
    ),
    "engine": (("--skill", "s", "--mu", "0.1", "--provider", "torch-cpu"), "is trained by numpy"),
    "no base": (("--skill", "s", "--mu", "0.1", "--u-dim", "7"), "`tttui pretrain` with the same"),
    "base data": (("--mu", "0.1"), "--mu: needs --skill NAME"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_trained_is_refused_in_one_line(
    shell: Shell, root: Path, tmp_path: Path, case: str
) -> None:
    (tmp_path / "empty.txt").touch()
    (tmp_path / "short.txt").write_text("short")
    (tmp_path / "binary").write_bytes(b"\0\xff" * 2000)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "one").write_bytes(b"\0\xff" * 2000)
    (tmp_path / "x.jsonl").write_text("nonsense " * 300)
    (tmp_path / "y.jsonl").write_text(json.dumps({"words": "x" * 2000}))
    base = BaseRef("f" * 64)
    weights = {"B": np.zeros((2, 2), np.float32)}
    settings: dict[str, Any] = {"task_settings": {}, "settings": {}}
    if case in ("other base", "other line"):
        register(
            root, "old", weights, task="pointmass", base=base, origin={}, command=(), **settings
        )
    words, said = BAD[case]
    refused = shell.refused("train", "start", *(word.format(tmp_path) for word in words))
    assert said in refused
    assert list_jobs(root) == []
