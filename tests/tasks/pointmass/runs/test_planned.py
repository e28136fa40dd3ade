"""A session that waits for its base: seen, steered, stopped and killed while that is trained."""

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any

import pytest

from tests.tasks.pointmass.runs.sessions import same, settings
from tttui.artifacts.discover import find_sessions
from tttui.artifacts.eventlog import LAB, EventLog
from tttui.artifacts.reader import SessionReader
from tttui.model.errors import RefusedInput, SessionHeld
from tttui.model.session import SessionData
from tttui.runs.control import Verb, ask
from tttui.runs.drive import drive
from tttui.tasks.pointmass.runs.base import cache_path, read_base, train_base
from tttui.tasks.pointmass.runs.baserun import STATE_FILE
from tttui.tasks.pointmass.runs.fork import fork
from tttui.tasks.pointmass.runs.planned import is_planned, plan_session, prepare, replan
from tttui.tasks.pointmass.runs.resume import resume
from tttui.tasks.pointmass.runs.session import SessionRun
from tttui.tasks.pointmass.runs.verify import verify

WAITING = settings(steps=40, pretrain_steps=40, pretrain_seq=16, pretrain_batch=4)


@pytest.fixture
def planned(tmp_path: Path) -> Path:
    directory = tmp_path / "runs" / "a"
    plan_session(directory, WAITING)
    return directory


def status(directory: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((directory / "status.json").read_text())
    return document


def read(directory: Path) -> SessionData:
    return SessionReader(find_sessions([directory])[0]).refresh()


def goal(directory: Path) -> int:
    """The step up to which a session goes when it is resumed."""
    run, until = resume(directory)
    run.close("interrupted")
    return until


def never() -> bool:
    return False


def cut_at(step: int) -> tuple[Callable[[], bool], Callable[[int, float], None]]:
    """`should_stop` and `on_progress` of a pretraining that is stopped at a step."""
    reached: list[int] = []
    return (lambda: len(reached) >= step), (lambda at, loss: reached.append(at))  # noqa: ARG005


def test_it_is_a_session_from_the_first_moment(planned: Path) -> None:
    data = read(planned)
    assert is_planned(planned)
    assert (data.place.layout, data.status and data.status.state) == ("native", "queued")
    assert data.meta.session_id == "a"
    assert data.meta.truth is not None


def test_with_its_base_it_is_like_a_session_that_found_one(planned: Path, tmp_path: Path) -> None:
    assert prepare(planned, should_stop=never)
    assert not is_planned(planned)
    run, until = resume(planned)
    run.advance(until)
    run.close("completed")
    other = SessionRun.create(tmp_path / "b", WAITING, train_base(tmp_path, WAITING))
    other.advance(40)
    other.close("completed")
    assert same(planned, tmp_path / "b") == []
    assert [c for c in verify(find_sessions([planned])[0]) if c.agrees is False] == []


def test_its_state_and_its_loss_are_read_while_it_is_pretrained(planned: Path) -> None:
    seen: list[SessionData] = []

    def look(step: int, loss: float) -> None:  # noqa: ARG001
        if step == 20:
            seen.append(read(planned))

    prepare(planned, should_stop=never, on_progress=look)
    (data,) = seen
    assert data.status is not None
    assert data.status.state == "pretraining"
    assert data.status.steerable
    assert "pretraining step" in data.status.detail
    losses = (planned / "pretraining.csv").read_text().splitlines()
    assert losses[0] == "step,loss"
    assert len(losses) == 41


def test_one_that_was_stopped_goes_on_exactly(planned: Path, tmp_path: Path) -> None:
    should_stop, on_progress = cut_at(17)
    assert not prepare(planned, should_stop=should_stop, on_progress=on_progress)
    data = read(planned)
    assert data.status is not None
    assert data.status.state == "interrupted"
    assert "while pretraining at step 17 of 40" in data.status.detail
    assert data.loss is not None
    assert len(data.loss) == 17
    assert prepare(planned, should_stop=never)
    whole = train_base(tmp_path, WAITING)
    base = read_base(cache_path(planned.parent, WAITING), WAITING.model)
    assert base.sha256 == whole.sha256
    mine, theirs = planned / "pretraining.csv", whole.source.parent / "loss.csv"
    assert mine.read_bytes() == theirs.read_bytes()
    told = [event.name for event in EventLog(planned.parent / LAB).read()]
    assert told == [f"data:sessions:{w}" for w in ("pretraining", "interrupted", "pretraining")]
    assert not (planned / STATE_FILE).exists()


@pytest.mark.parametrize("damage", [b"", b"half a file"])
def test_a_damaged_state_costs_only_time(planned: Path, damage: bytes) -> None:
    should_stop, on_progress = cut_at(17)
    prepare(planned, should_stop=should_stop, on_progress=on_progress)
    (planned / STATE_FILE).write_bytes(damage)
    told: list[str] = []
    assert prepare(planned, should_stop=never, on_notice=told.append)
    assert STATE_FILE in told[0]
    assert told[0].endswith("the pretraining begins anew")
    assert len((planned / "pretraining.csv").read_text().splitlines()) == 41


@pytest.mark.parametrize("left", [b"18,0.5\n19,0.4", bytes(300)])
def test_losses_after_what_was_saved_are_cut_off_and_named(
    planned: Path, tmp_path: Path, left: bytes
) -> None:
    should_stop, on_progress = cut_at(17)
    prepare(planned, should_stop=should_stop, on_progress=on_progress)
    with (planned / "pretraining.csv").open("ab") as file:
        file.write(left)
    told: list[str] = []
    assert prepare(planned, should_stop=never, on_notice=told.append)
    assert f"pretraining.csv: cut off {len(left)} bytes" in told[0]
    assert told[0] in (planned / "run.log").read_text()
    whole = train_base(tmp_path, WAITING).source.parent / "loss.csv"
    assert (planned / "pretraining.csv").read_bytes() == whole.read_bytes()


def test_losses_that_were_damaged_cost_only_time(planned: Path, tmp_path: Path) -> None:
    should_stop, on_progress = cut_at(17)
    prepare(planned, should_stop=should_stop, on_progress=on_progress)
    with (planned / "pretraining.csv").open("r+b") as file:
        file.seek(40)
        file.write(bytes(20))
    assert prepare(planned, should_stop=never)
    whole = train_base(tmp_path, WAITING).source.parent / "loss.csv"
    assert (planned / "pretraining.csv").read_bytes() == whole.read_bytes()


def test_one_whose_process_died_is_crashed(planned: Path) -> None:
    should_stop, on_progress = cut_at(5)
    prepare(planned, should_stop=should_stop, on_progress=on_progress)
    left = status(planned) | {"state": "queued", "pid": 2**22 + 1, "process_started_at": 1.0}
    (planned / "status.json").write_text(json.dumps(left))
    data = read(planned)
    assert data.status is not None
    assert data.status.state == "crashed"
    assert "is gone, it was pretraining at step 5 of 40" in data.status.detail
    assert prepare(planned, should_stop=never)


def test_what_is_asked_meanwhile_is_answered(planned: Path) -> None:
    asked: dict[str, Verb] = {}

    def script(step: int, loss: float) -> None:  # noqa: ARG001
        if step == 10:
            asked[ask(planned, "mu", 0.3)] = "mu"
            asked[ask(planned, "pause")] = "pause"
            asked[ask(planned, "stop")] = "stop"

    long = WAITING.updated({"pretrain_steps": 100_000})
    directory = planned.parent / "long"
    plan_session(directory, long)
    planned = directory
    assert not prepare(planned, should_stop=never, on_progress=script)
    answers = {asked[a["id"]]: a["error"] for a in status(planned)["answers"]}
    assert answers["pause"] is None
    assert answers["stop"] is None
    assert "still being pretrained" in answers["mu"]


def test_what_is_asked_between_pretraining_and_run_is_not_lost(planned: Path) -> None:
    prepare(planned, should_stop=never)
    id = ask(planned, "pause")
    run, until = resume(planned)
    drive(run, until, should_stop=lambda: run.state == "paused")
    run.close("interrupted")
    assert {"id": id, "error": None} in status(planned)["answers"]


@pytest.mark.parametrize("base_is_there", [False, True])
def test_what_a_killed_pretraining_left_is_refused_and_the_session_still_says_so(
    planned: Path, base_is_there: bool
) -> None:
    if base_is_there:
        train_base(planned.parent, WAITING)
    crashed = status(planned) | {"pretraining": {"step": 3, "steps": 40, "loss": 1.0}, "pid": 1}
    (planned / "status.json").write_text(json.dumps(crashed))
    id = ask(planned, "pause")
    assert prepare(planned, should_stop=never)
    run, until = resume(planned)
    assert drive(run, until)
    run.close("completed")
    (answer,) = status(planned)["answers"]
    assert answer["id"] == id
    assert "ask again" in answer["error"]


def test_a_failure_is_told_and_what_was_trained_is_kept(planned: Path) -> None:
    def fail(step: int, loss: float) -> None:  # noqa: ARG001
        if step == 9:
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError):
        prepare(planned, should_stop=never, on_progress=fail)
    assert status(planned)["state"] == "failed"
    assert "broken" in (planned / "run.log").read_text()
    assert prepare(planned, should_stop=never)


def test_nobody_else_writes_it_meanwhile(planned: Path) -> None:
    refused: list[str] = []

    def other(step: int, loss: float) -> None:  # noqa: ARG001
        if step == 3:
            with pytest.raises(SessionHeld, match=str(os.getpid())) as caught:
                prepare(planned, should_stop=never)
            refused.append(str(caught.value))

    prepare(planned, should_stop=never, on_progress=other)
    assert refused


def test_a_crash_while_it_is_built_leaves_it_waiting(
    planned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace(self: Path, target: Path) -> Path:
        if self.name == "meta.json":
            raise OSError(5, "broken")
        return rename(self, target)

    rename = Path.replace
    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(Exception, match="broken"):
        prepare(planned, should_stop=never)
    monkeypatch.undo()
    assert is_planned(planned)
    assert prepare(planned, should_stop=never)
    assert goal(planned) == 40


def test_only_its_number_of_steps_can_change(planned: Path) -> None:
    with pytest.raises(RefusedInput, match=r"--lr 0\.1: .* waits for its base"):
        replan(planned, None, {"lr": 0.1})
    replan(planned, 70, {})
    prepare(planned, should_stop=never)
    assert goal(planned) == 70


def test_it_has_nothing_to_verify_or_to_fork_yet(planned: Path) -> None:
    place = find_sessions([planned])[0]
    with pytest.raises(RefusedInput, match="waits for its base"):
        verify(place)
    with pytest.raises(RefusedInput, match="waits for its base"):
        fork(place, planned.parent)


def in_thread(directory: Path, on_turn: Callable[[str], object] | None = None) -> Thread:
    """The training of a planned session, in a thread that the caller joins."""
    work = partial(prepare, directory, should_stop=never, on_turn=on_turn)
    thread = Thread(target=work, daemon=True)
    thread.start()
    return thread


def until(seen: Callable[[], bool]) -> None:
    deadline = monotonic() + 30
    while not seen():
        assert monotonic() < deadline, "it never happened"
        sleep(0.005)


def waits_for(directory: Path) -> str | None:
    result = status(directory).get("pretraining", {}).get("waits_for")
    return result if isinstance(result, str) else None


def test_two_sessions_that_need_the_same_base_wait_for_one_training(
    planned: Path, tmp_path: Path
) -> None:
    second = tmp_path / "runs" / "second"
    plan_session(second, WAITING.updated({"seed": 7}))
    threads, seen, told = list[Thread](), list[str](), list[str]()

    def script(step: int, loss: float) -> None:  # noqa: ARG001
        if step == 10:
            threads.append(in_thread(second, told.append))
            until(lambda: waits_for(second) == "a")
            shown = read(second).status
            assert shown is not None
            seen.append(shown.detail)

    assert prepare(planned, should_stop=never, on_progress=script)
    threads[0].join(30)
    assert seen == told[:1] == ["waits for a, which trains the same base"]
    assert not is_planned(second)
    assert len((second / "pretraining.csv").read_text().splitlines()) == 1, "it trained nothing"
    bases = [(path / "base_checkpoint.pt").read_bytes() for path in (planned, second)]
    assert bases[0] == bases[1]


def test_a_paused_training_lets_another_session_train(
    planned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tttui.tasks.pointmass.runs.baserun.LOOK_S", 0.0
    )  # the request is seen at once
    second = tmp_path / "runs" / "second"
    plan_session(second, WAITING.updated({"seed": 7}))

    def script(step: int, loss: float) -> None:  # noqa: ARG001
        if step == 10:
            ask(planned, "pause")

    stopped = list[bool]()
    first = Thread(
        target=lambda: prepare(planned, should_stop=lambda: bool(stopped), on_progress=script),
        daemon=True,
    )
    first.start()
    until(lambda: status(planned)["state"] == "paused")
    assert prepare(second, should_stop=never)
    assert not is_planned(second)
    ask(planned, "continue")
    first.join(30)
    assert not is_planned(planned), "it took the base that the other one trained"
