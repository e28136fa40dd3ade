"""`tttui events` and `tttui logs`: one stream of what changed, one of what was said."""

import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from tests.cli.test_commands import Shell
from tests.jobdirs import make_job
from tests.tasks.pointmass.runs.sessions import create, run_through
from tttui import Recorder
from tttui.artifacts.eventlog import LOCK, EventLog
from tttui.artifacts.mutex import locked
from tttui.lab import grep
from tttui.lab import logs as lab_logs
from tttui.lab.events import publish, read, subscribe
from tttui.lab.job import jobs_folder
from tttui.lab.logs import LogFilter, Logs
from tttui.lab.queue import ACTIVE
from tttui.lab.sessions import session_job
from tttui.lab.steering import remove
from tttui.model.errors import RefusedInput
from tttui.model.session import Place
from tttui.tasks.pointmass.runs.fork import fork


@pytest.fixture
def shell(root: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(root, capsys)


def test_a_session_tells_that_it_began_its_transactions_and_its_end(
    root: Path, shell: Shell
) -> None:
    root.mkdir()
    run_through(root / "a")
    result = list(read(root))
    assert result[0].name == "data:sessions:started"
    assert result[-1].name == "data:sessions:completed"
    told = {event.name: event.fields["count"] for event in result if "count" in event.fields}
    metrics = json.loads((root / "a" / "session" / "metrics.json").read_text())
    assert told.get("data:transactions:committed", 0) == metrics["updates_committed"]
    assert told.get("data:transactions:rolled_back", 0) == metrics["updates_rolled_back"]
    assert all(event.fields["id"] == "a" for event in result)
    assert shell("events", "--filter", "data:sessions:*", "--json") == 0
    lines = [json.loads(line) for line in shell.out.splitlines()]
    assert [line["event"].rpartition(":")[2] for line in lines] == ["started", "completed"]
    assert shell("events", "--since", str(result[-1].seq)) == 0
    assert shell.out == ""
    assert "that match" in shell.err


def test_what_is_done_to_a_session_is_told_in_order(root: Path) -> None:
    root.mkdir()
    parent = run_through(root / "a")
    since = EventLog(root / ".lab").last()
    place = Place(parent, "native")
    run = fork(place, root, at=50, name="b")
    run.advance(20)
    run.intervene("mu", 0.2)
    for state in ("running", "paused", "running"):
        run.state = state
        run._events._next = 0.0
        run.keep_alive()
    run.close("interrupted")
    session = session_job(run.path)
    assert session is not None
    remove(session, root)
    result = list(read(root, pattern="data:sessions:*", since=since))
    told = [event.name.removeprefix("data:sessions:") for event in result]
    assert told == ["forked", "started", "changed", "paused", "continued", "interrupted", "deleted"]
    assert result[0].fields == {"id": "b", "parent": "a", "at": 50}
    assert result[2].fields == {"id": "b", "t": 20, "kind": "mu"}
    assert Path(result[-1].fields["trash"], "per_step.csv").exists()


def test_events_that_find_the_lock_held_are_told_later_each_once(root: Path) -> None:
    root.mkdir()
    run = create(root / "a")
    (root / ".lab").mkdir(exist_ok=True)
    with locked(root / ".lab" / LOCK):
        run.advance(100)
        run._events.transactions(run.t, *run._counts())
        assert list(read(root)) == []
    run.close("completed")
    names = [event.name for event in read(root)]
    assert names[0] == "data:sessions:started"
    assert names[-1] == "data:sessions:completed"
    counted = [e.fields for e in read(root, pattern="data:transactions:committed")]
    assert sum(fields["count"] for fields in counted) == run.tally.committed
    assert counted[-1]["total"] == run.tally.committed


def test_what_a_recorder_records_is_told_where_the_lab_is_in_use(root: Path) -> None:
    with Recorder(root / "a") as recorder:
        recorder.step(0, adaptive=1.0)
    assert not (root / ".lab").exists(), "nobody asked for events here"
    publish(root, "models", "registered")
    weights = {"w": np.zeros(2)}
    with Recorder(root / "b", plastic=weights) as recorder:
        for t in range(3):
            recorder.step(t, adaptive=1.0)
            with recorder.update():
                weights["w"] += 1.0
    results = [(e.name, e.fields.get("count")) for e in read(root, since=1)]
    assert results == [
        ("data:sessions:started", None),
        ("data:transactions:committed", 3),
        ("data:sessions:completed", None),
    ]


def test_a_run_whose_events_cannot_be_written_goes_on(root: Path) -> None:
    root.mkdir()
    (root / ".lab").write_text("not a folder")
    run = create(root / "a")
    run.advance(100)
    run.close("completed")
    assert json.loads((root / "a" / "status.json").read_text())["state"] == "completed"


def test_who_subscribes_gets_what_comes_and_who_remembers_a_number_what_was_missed(
    root: Path,
) -> None:
    root.mkdir()
    first = publish(root, "models", "registered", skill="a")
    got: list[int] = []
    begun = threading.Event()

    def listen() -> None:
        for event in subscribe(
            root, pattern="data:models:*", since=first, should_stop=lambda: len(got) >= 3
        ):
            got.append(event.seq)
            begun.set()

    listener = threading.Thread(target=listen)
    listener.start()
    wanted = [publish(root, "models", "registered", skill="b")]
    assert begun.wait(30)
    publish(root, "personas", "moved")
    wanted += [publish(root, "models", "registered") for _ in range(2)]
    listener.join(30)
    assert got == wanted


def test_what_is_no_collection_is_refused_by_name(root: Path, shell: Shell) -> None:
    root.mkdir()
    with pytest.raises(RefusedInput, match="'model' is no collection of events; known are"):
        publish(root, "model", "registered")
    assert "'trainings' is no collection" in shell.refused("events", "--filter", "data:trainings:*")


LOGS = {
    "a": ["2026-11-28 07:00:02,000 INFO    begins", "2026-11-28 07:00:04,500 ERROR   broke", "why"],
    "b": ["2026-11-28 07:00:03,000 WARNING hot\x1b[31m", "2026-11-28 07:00:05,000 INFO    ends"],
}


def logs(root: Path) -> None:
    for name, lines in LOGS.items():
        (root / name).mkdir(parents=True)
        (root / name / "run.log").write_text("\n".join(lines) + "\n")


def test_the_logs_of_all_are_one_in_the_order_of_time(root: Path, shell: Shell) -> None:
    logs(root)
    assert shell("logs") == 0
    said = [line.split(None, 3)[2:] for line in shell.out.splitlines()]
    assert [level for level, _ in said] == ["INFO", "WARNING", "ERROR", "ERROR", "INFO"]
    assert [rest.split()[0] for _, rest in said] == ["a", "b", "a", "a", "b"]
    assert "\x1b" not in shell.out
    assert shell("logs", "--level", "warning", "--grep", "^(hot|why)") == 0
    assert [line.split()[-1] for line in shell.out.splitlines()] == ["hot\\x1b[31m", "why"]
    (root / "b" / "status.json").write_text('{"state": "completed"}')
    assert shell("logs", "--session", "b") == 0
    assert shell.out.count("\n") == 2
    assert shell("logs", "--since", "1s") == 0
    assert shell.out == ""


def test_options_that_mean_nothing_are_named(root: Path, shell: Shell) -> None:
    logs(root)
    assert "--grep '(' is no regular expression" in shell.refused("logs", "--grep", "(")
    assert "--since 'soon' is no age" in shell.refused("logs", "--since", "soon")
    assert "there is no session 'x'" in shell.refused("logs", "--session", "x")
    assert "there is no job 'x'" in shell.refused("logs", "--job", "x")
    assert "name one of them" in shell.refused("logs", "--job", "x", "--session", "a")


def test_a_log_that_is_followed_shows_what_is_appended_and_what_is_new(root: Path) -> None:
    logs(root)
    follower, wanted = Logs(root), LogFilter()
    assert len(follower.take(wanted)[0]) == 5
    with (root / "b" / "run.log").open("a") as file:
        file.write("2026-11-28 07:00:09,000 ERROR   again\nTraceback\n2026-11-28 07:00:1")
    (root / "c").mkdir()
    (root / "c" / "run.log").write_text("2026-11-28 07:00:08,000 INFO    new\n")
    result, _ = follower.take(wanted)
    assert [(line.source.owner, line.level, line.text) for line in result] == [
        ("c", "INFO", "new"),
        ("b", "ERROR", "again"),
        ("b", "ERROR", "Traceback"),
    ]
    assert follower.take(wanted) == ([], 0)
    with (root / "b" / "run.log").open("a") as file:
        file.write("0,000 INFO    done\n")
    assert [line.text for line in follower.take(wanted)[0]] == ["done"]


def test_of_many_logs_those_of_live_jobs_are_looked_at_always_and_the_others_in_turn(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab_logs, "IN_TURN", 1)
    jobs = [make_job(root, n, log=[f"job {n}"]) for n in range(5)]
    (root / ACTIVE).mkdir()
    (root / ACTIVE / f"r-{0:020}-{jobs[3].name}").touch()
    for path in [*(job / "run.log" for job in jobs), jobs_folder(root), root]:
        os.utime(path, (0, 0))
    follower = Logs(root)
    assert len(follower.take(LogFilter())[0]) == 5
    for job in jobs:
        with (job / "run.log").open("a") as file:
            file.write("more\n")
    results = [{line.source.owner for line in follower.take(LogFilter())[0]} for _ in jobs]
    assert jobs[3].name in results[0]
    assert len(results[0]) <= 2
    assert set().union(*results) == {job.name for job in jobs}


def test_an_expression_that_never_ends_is_refused_and_what_is_found_is_right(
    root: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grep, "LONGEST_S", 0.2)
    monkeypatch.setattr(grep, "BATCH", 2)
    (root / "deep" / "a").mkdir(parents=True)
    (root / "deep" / "a" / "status.json").write_text('{"state": "completed"}')
    (root / "deep" / "a" / "run.log").write_text("".join(f"{'a' * n}b\n" for n in range(40)))
    assert shell("logs", "--grep", "^a{3,5}b$") == 0
    assert [line.split()[-2:] for line in shell.out.splitlines()] == [
        ["deep/a", "a" * n + "b"] for n in (3, 4, 5)
    ]
    assert "without an end: leave out repeats" in shell.refused("logs", "--grep", "^(a+)+$")
