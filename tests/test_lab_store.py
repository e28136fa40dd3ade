"""The store of the lab: it reads what changed, says what it could not read, and rests."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.jobdirs import handle_of, make_job
from tests.rundirs import make_run
from tttui.artifacts.eventlog import EventLog, events_below
from tttui.lab.job import jobs_folder, read_job
from tttui.lab.queue import ACTIVE
from tttui.runs.background import OUTPUT
from tttui.store.lab.core import LabStore, root_of_paths
from tttui.store.lab.feed import LabSnapshot
from tttui.store.lab.jobs import JOBS, Jobs, JobsFeed
from tttui.store.lab.tails import FEW, NewestEventsFeed


def looked(feed: JobsFeed) -> Jobs:
    """The jobs once all are read."""
    feed.value = feed.refresh(time.time())
    while feed.unfinished:
        feed.value = feed.refresh(time.time())
    return feed.value


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The handles of the jobs that were read."""
    results: list[str] = []

    def noted(directory: Path, watch: object = None) -> object:
        results.append(directory.name)
        return read_job(directory, watch)  # type: ignore[arg-type]

    monkeypatch.setattr("tttui.store.lab.jobs.read_job", noted)
    return results


def rewrite(job: Path, **changes: object) -> None:
    path = job / "status.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_only_jobs_that_changed_are_read_again(tmp_path: Path, read: list[str]) -> None:
    for number in range(1, 400):
        make_job(tmp_path, number, created=number)
    live = make_job(tmp_path, 500, state="queued", created=500)
    feed = JobsFeed(tmp_path)
    first = looked(feed)
    assert [job.created_at for job in first.all] == [500, *range(399, 0, -1)]
    assert len(read) == 400
    read.clear()
    feed._derived_at = time.monotonic()
    assert looked(feed) is first, "nothing changed: the very same value"
    assert read == []
    rewrite(live, state="completed")
    assert looked(feed).by_handle[live.name].state == "completed"
    assert read == [live.name]


def test_a_job_that_was_resumed_elsewhere_is_seen_by_its_entry_in_the_queue(
    tmp_path: Path, read: list[str]
) -> None:
    for number in range(1, 400):
        make_job(tmp_path, number, state="cancelled")
    feed = JobsFeed(tmp_path)
    looked(feed)
    read.clear()
    chosen = jobs_folder(tmp_path) / handle_of(399)
    rewrite(chosen, state="queued")
    (tmp_path / ACTIVE).mkdir()
    (tmp_path / ACTIVE / f"q-{1:020}-{chosen.name}").touch()
    result = looked(feed)
    assert [job.handle for job in result.live] == [chosen.name]
    assert result.counts == {"queued": 1, "cancelled": 398}


def test_jobs_come_and_go_and_damaged_ones_are_listed(tmp_path: Path) -> None:
    feed = JobsFeed(tmp_path / "nowhere")
    assert looked(feed).known
    assert looked(feed).all == ()
    feed = JobsFeed(tmp_path)
    job = make_job(tmp_path, 1)
    assert len(looked(feed).all) == 1
    broken = make_job(tmp_path, 2)
    (broken / "status.json").write_text("{")
    states = {job.handle: job.state for job in looked(feed).all}
    assert states == {job.name: "completed", broken.name: "unknown"}
    for file in (*job.iterdir(),):
        file.unlink()
    job.rmdir()
    assert [one.handle for one in looked(feed).all] == [broken.name]


def test_sessions_in_the_background_are_among_the_jobs(tmp_path: Path) -> None:
    make_run(tmp_path / "session", steps=40, status="running", planned=80)
    make_run(tmp_path / "other", steps=40, status="running")
    (tmp_path / "session" / OUTPUT).touch()
    (everything,) = looked(JobsFeed(tmp_path)).all
    assert (everything.handle, everything.kind, everything.state) == (
        "session",
        "session",
        "running",
    )


def test_the_newest_events_are_kept_and_each_comes_once(tmp_path: Path) -> None:
    feed = NewestEventsFeed(tmp_path)
    assert feed.refresh(0).items == ()
    for _ in range(FEW + 20):
        events_below(tmp_path).append("data:models:registered")
    feed.value = feed.refresh(0)
    assert [event.seq for event in feed.value.items] == list(range(21, FEW + 21))
    assert feed.refresh(0) is feed.value
    EventLog(tmp_path / ".lab").append("data:models:removed")
    assert [event.seq for event in feed.refresh(0).items][-2:] == [FEW + 20, FEW + 21]


@pytest.mark.parametrize(
    ("given", "root"),
    [
        (("runs",), "runs"),
        (("runs/a",), "runs"),
        (("runs/a/session",), "runs"),
        (("runs/a", "more"), "more"),
        (("missing",), "missing"),
    ],
)
def test_the_root_is_that_of_what_the_app_was_opened_on(
    tmp_path: Path, given: tuple[str, ...], root: str
) -> None:
    make_run(tmp_path / "runs" / "a", steps=40)
    make_job(tmp_path / "more", 1)
    assert root_of_paths([tmp_path / path for path in given]) == tmp_path / root


class Listener:
    """Keeps the newest snapshot and lets a test wait for one."""

    def __init__(self) -> None:
        self._came = threading.Condition()
        self.newest = LabSnapshot()

    def __call__(self, snapshot: LabSnapshot) -> None:
        with self._came:
            self.newest = snapshot
            self._came.notify_all()

    def until(self, holds: Callable[[LabSnapshot], object]) -> LabSnapshot:
        with self._came:
            assert self._came.wait_for(lambda: holds(self.newest), 20), "nothing came"
            return self.newest


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LabStore]:
    made = LabStore(tmp_path)
    made.start()
    yield made
    made.stop()


def test_what_is_needed_is_kept_up_to_date_and_failures_are_told(
    store: LabStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = Listener()
    store.listen(listener)
    store.want(["jobs"])
    listener.until(lambda snapshot: snapshot.of(JOBS).known)
    make_job(tmp_path, 1)
    listener.until(lambda snapshot: len(snapshot.of(JOBS).all) == 1)

    def broken(*_: object) -> Jobs:
        raise ValueError("this is a defect")

    monkeypatch.setattr("tttui.store.lab.core.RETRY_S", 0.01)
    with monkeypatch.context() as patched:
        patched.setattr(JobsFeed, "refresh", broken)
        result = listener.until(lambda snapshot: "jobs" in snapshot.failures)
        assert result.failures["jobs"] == "jobs: could not be read: ValueError: this is a defect"
        assert len(result.of(JOBS).all) == 1, "what was known stays"
    listener.until(lambda snapshot: not snapshot.failures)


def test_what_is_asked_for_is_carried_out_and_told(store: LabStore) -> None:
    listener = Listener()
    store.listen(listener)
    store.act(lambda: "It is done")
    assert listener.until(lambda snapshot: snapshot.noted == 1).note == "It is done"
    store.act(lambda: str(1 // 0))
    assert "ZeroDivisionError" in listener.until(lambda snapshot: snapshot.noted == 2).note
