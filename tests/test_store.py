"""The store: reads in its own thread, publishes what changed, never raises."""

import io
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.rundirs import make_run, steps_path
from tttui.artifacts import trash
from tttui.artifacts.catalogue import Catalogue
from tttui.artifacts.lock import OnWait
from tttui.artifacts.reader import SessionReader
from tttui.model.session import Place
from tttui.store import Snapshot, Store
from tttui.store.core import FEEDS
from tttui.store.feed import Feed
from tttui.store.snapshot import Part

PATIENCE_S = 20.0


class Follower:
    """Collects snapshots and waits for one."""

    def __init__(self, store: Store) -> None:
        self._changed = threading.Condition()
        self.newest = Snapshot()
        store.listen(self._take)

    def _take(self, snapshot: Snapshot) -> None:
        with self._changed:
            self.newest = snapshot
            self._changed.notify_all()

    def until(self, condition: Callable[[Snapshot], object]) -> Snapshot:
        with self._changed:
            came = self._changed.wait_for(lambda: condition(self.newest), PATIENCE_S)
        assert came, f"never came; the newest is {self.newest}"
        return self.newest


@pytest.fixture
def follow() -> Iterator[Callable[..., tuple[Store, Follower]]]:
    stores: list[Store] = []

    def start(*paths: Path) -> tuple[Store, Follower]:
        store = Store(paths, poll=0.05)
        stores.append(store)
        follower = Follower(store)
        store.start()
        return store, follower

    yield start
    for store in stores:
        store.stop()


Follow = Callable[..., tuple[Store, Follower]]


def complete(snapshot: Snapshot) -> bool:
    return snapshot.data is not None and not snapshot.data.loading


def test_the_session_below_a_path_is_opened(tmp_path: Path, follow: Follow) -> None:
    make_run(tmp_path / "a", steps=100)
    _, follower = follow(tmp_path)
    data = follower.until(complete).data
    assert data is not None
    assert len(data.steps) == 100


def test_nothing_found_is_said_once_it_is_known(tmp_path: Path, follow: Follow) -> None:
    _, follower = follow(tmp_path)
    assert follower.until(lambda s: s.scanned).places == ()


def test_one_that_waits_reads_the_rest_when_its_beginning_was_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(tmp_path / "a", steps=20_000, trajectory=False, snapshots=False)
    monkeypatch.setattr("tttui.store.core.REFRESH_S", 1000.0)
    monkeypatch.setattr("tttui.store.core.LOOK_S", 1000.0)
    store = Store([tmp_path], waits=True)
    rested = threading.Event()
    wait = store._wake.wait

    def resting(timeout: float | None = None) -> bool:
        rested.set()
        return wait(timeout)

    monkeypatch.setattr(store._wake, "wait", resting)
    store.start()
    assert rested.wait(PATIENCE_S)
    data = store.snapshot.data
    assert data is not None
    assert 0 < data.read < 1
    assert 0 < len(data.steps) < 20_000
    store.go_on()
    Follower(store).until(complete)
    store.stop()


def test_appended_steps_arrive(tmp_path: Path, follow: Follow) -> None:
    place = make_run(tmp_path / "a", steps=100)
    _, follower = follow(tmp_path)
    follower.until(complete)
    with steps_path(place).open("a") as file:
        file.write("100,0.5,0.25,0,0\n")
    grown = follower.until(lambda s: s.data is not None and len(s.data.steps) == 101)
    assert grown.data is not None
    assert grown.data.steps.adaptive[-1] == 0.25


def test_a_session_created_later_is_opened(tmp_path: Path, follow: Follow) -> None:
    _, follower = follow(tmp_path)
    follower.until(lambda s: s.scanned)
    make_run(tmp_path / "late", steps=50)
    follower.until(complete)


def test_another_session_replaces_the_open_one(tmp_path: Path, follow: Follow) -> None:
    make_run(tmp_path / "a", steps=100)
    other = make_run(tmp_path / "b", steps=200)
    store, follower = follow(tmp_path / "a", tmp_path / "b")
    follower.until(complete)
    store.open(other)
    follower.until(lambda s: complete(s) and s.data is not None and s.data.place == other)


def test_the_trajectory_is_read_only_on_demand(tmp_path: Path, follow: Follow) -> None:
    make_run(tmp_path / "a", steps=100)
    store, follower = follow(tmp_path)
    assert follower.until(complete).trajectory is None
    store.want({"trajectory"})
    trajectory = follower.until(lambda s: s.trajectory is not None).trajectory
    assert trajectory is not None
    assert len(trajectory) == 100


def test_snapshots_of_the_weights_are_summarised_on_demand(tmp_path: Path, follow: Follow) -> None:
    make_run(tmp_path / "a", steps=600)
    store, follower = follow(tmp_path)
    data = follower.until(complete).data
    assert follower.newest.statistics is None
    store.want({"statistics"})
    statistics = follower.until(
        lambda s: s.statistics is not None and s.statistics.complete
    ).statistics
    assert data is not None
    assert data.history is not None
    assert statistics is not None
    assert statistics.t.tolist() == data.history.t.tolist()


def test_another_session_has_statistics_of_its_own(tmp_path: Path, follow: Follow) -> None:
    make_run(tmp_path / "a", seed=0)
    other = make_run(tmp_path / "b", seed=0)
    (other.path / "weights_history.npy").write_bytes(_louder(other.path / "weights_history.npy"))
    store, follower = follow(tmp_path / "a")
    follower.until(complete)
    store.want({"statistics"})
    first = follower.until(lambda s: s.statistics is not None).statistics
    store.open(other)
    second = follower.until(
        lambda s: s.statistics is not None and s.statistics is not first and complete(s)
    ).statistics
    assert first is not None
    assert second is not None
    assert second.column("B", "fro") == pytest.approx(2 * first.column("B", "fro"))


def _louder(path: Path) -> bytes:
    """The history in a file with every weight doubled."""
    records = np.load(path)
    for name in records.dtype.names:
        records[name] *= 1 if name == "t" else 2
    out = io.BytesIO()
    np.save(out, records)
    return out.getvalue()


def test_yardsticks_are_computed_on_demand(tmp_path: Path, follow: Follow) -> None:
    make_run(tmp_path / "a", steps=100)
    store, follower = follow(tmp_path)
    follower.until(complete)
    store.want({"yardsticks"})
    names = {y.name for y in follower.until(lambda s: s.yardsticks).yardsticks}
    assert "oracle" in names


def test_a_session_that_is_deleted_while_open_stays_readable_as_missing(
    tmp_path: Path, follow: Follow
) -> None:
    place = make_run(tmp_path / "a", steps=100)
    _, follower = follow(tmp_path)
    follower.until(complete)
    steps_path(place).unlink()
    gone = follower.until(lambda s: s.data is not None and s.data.problem("steps"))
    assert gone.data is not None
    problem = gone.data.problem("steps")
    assert problem is not None
    assert problem.missing


def test_a_process_that_died_is_noticed_without_any_file_changing(
    tmp_path: Path, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tttui.store.core.LOOK_S", 0.05)
    place = make_run(tmp_path / "a", steps=100, status="running")
    _, follower = follow(tmp_path)
    alive = follower.until(complete)
    assert alive.data is not None
    assert alive.data.status is not None
    assert alive.data.status.state == "running"
    status = place.path / "status.json"
    dead = {**json.loads(status.read_text()), "process_start_ticks": 1}
    status.write_text(json.dumps(dead))
    follower.until(
        lambda s: s.data is not None and s.data.status and s.data.status.state == "crashed"
    )


def test_the_open_run_is_looked_at_while_a_table_without_end_is_read(
    tmp_path: Path, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(table: Catalogue, seconds: float) -> None:
        read(table, seconds)
        table.complete = False

    read = Catalogue.work
    monkeypatch.setattr(Catalogue, "work", work)
    place = make_run(tmp_path / "a", steps=100)
    store, follower = follow(tmp_path)
    store.want({"summaries"})
    follower.until(lambda s: s.summaries)
    with steps_path(place).open("a") as file:
        file.write("100,0.5,0.25,0,0\n")
    follower.until(lambda s: s.data is not None and len(s.data.steps) == 101)


def test_what_a_part_is_made_from_is_kept_up_to_date_with_it(
    tmp_path: Path, follow: Follow
) -> None:
    make_run(tmp_path / "a", steps=100)
    store, follower = follow(tmp_path)
    store.want({"yardsticks"})
    assert follower.until(lambda s: s.yardsticks).trajectory is not None


COUNTED: Part[int] = Part("counted", 0)


class CountingFeed(Feed[int]):
    """Counts the steps, and goes on to count to a hundred more."""

    part = COUNTED
    needs = frozenset({"trajectory"})
    _left = 100

    def refresh(self) -> None:
        data = self.core.snapshot.data
        if data is not None and self.core.snapshot.trajectory is not None:
            self.put(len(data.steps) + 100 - self._left)

    @property
    def unfinished(self) -> bool:
        return self._left > 0

    def work(self) -> None:
        self._left -= 1
        self.put(self.value + 1)


def test_a_new_part_is_one_feed(
    tmp_path: Path, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tttui.store.core.FEEDS", (*FEEDS, CountingFeed))
    make_run(tmp_path / "a", steps=100)
    store, follower = follow(tmp_path)
    assert follower.until(complete).of(COUNTED) == 0
    store.want({"counted"})
    follower.until(lambda s: s.of(COUNTED) == 200)


def test_stopping_does_not_wait_for_a_read(tmp_path: Path, follow: Follow) -> None:
    make_run(tmp_path / "a", steps=50_000, trajectory=False, snapshots=False)
    store, _ = follow(tmp_path)
    store.stop()


def test_the_weights_of_a_foreign_run_are_asked_for_their_friction_when_wanted(
    tmp_path: Path, follow: Follow
) -> None:
    make_run(tmp_path / "flat", layout="flat", steps=100)
    store, follower = follow(tmp_path)
    follower.until(complete)
    store.want({"implied"})
    result = follower.until(lambda snapshot: snapshot.implied is not None)
    assert result.implied is not None
    assert 0.0 <= result.implied <= 0.5


def test_of_the_sessions_in_brief_the_one_asked_for_last_is_read(
    tmp_path: Path, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [make_run(tmp_path / f"run-{i}", seed=i, steps=40) for i in range(6)]
    store, follower = follow(tmp_path)
    follower.until(complete)
    read: list[str] = []

    class Counted(SessionReader):
        def __init__(self, place: Place, run: str | None = None) -> None:
            read.append(place.name)
            super().__init__(place, run)

    monkeypatch.setattr("tttui.store.table.SessionReader", Counted)
    store.want({"preview"})
    with store._wake:  # all requests come while the store is busy
        for place in places[1:]:
            store.preview(place)
    preview = follower.until(lambda s: s.preview.data is not None).preview
    assert preview.of == places[-1]
    assert read == ["run-5"]


def test_the_session_in_brief_follows_its_files(tmp_path: Path, follow: Follow) -> None:
    make_run(tmp_path / "open", steps=40)
    place = make_run(tmp_path / "other", steps=40)
    store, follower = follow(tmp_path / "open", tmp_path)
    store.want({"preview"})
    store.preview(place)
    follower.until(lambda s: s.preview.data is not None and len(s.preview.data.steps) == 40)
    with steps_path(place).open("a") as file:
        file.write("40,0.5,0.25,0,0\n")
    follower.until(lambda s: s.preview.data is not None and len(s.preview.data.steps) == 41)


def test_what_lies_beside_a_single_session_is_found_once_it_is_read(
    tmp_path: Path, follow: Follow
) -> None:
    for name in ("one", "two"):
        make_run(tmp_path / name, steps=40)
    _, follower = follow(tmp_path / "one")
    result = follower.until(lambda s: len(s.places) == 2)
    assert complete(result)
    assert result.data is not None
    assert result.data.place.name == "one"


def test_of_several_paths_nothing_beside_them_is_listed(tmp_path: Path, follow: Follow) -> None:
    paths = [make_run(tmp_path / name, steps=40).path for name in ("one", "two", "three")]
    store, follower = follow(*paths[:2])
    store.want({"summaries"})
    result = follower.until(lambda s: complete(s) and len(s.summaries) == 2)
    assert {place.name for place in result.places} == {"one", "two"}


def test_a_session_beside_the_named_one_is_opened_when_that_is_deleted(
    tmp_path: Path, follow: Follow
) -> None:
    place = make_run(tmp_path / "one", steps=40)
    make_run(tmp_path / "two", steps=40)
    store, follower = follow(place.path)
    follower.until(lambda s: len(s.places) == 2)
    store.trash(place)
    result = follower.until(lambda s: s.data is not None and s.data.place.name == "two")
    assert [place.name for place in result.places] == ["two"]


def test_the_store_goes_on_while_a_session_is_watched_before_it_is_moved(
    tmp_path: Path, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched, move = threading.Event(), trash.move_to_trash

    def after_watching(place: Place, roots: Sequence[Path], on_wait: OnWait) -> Path:
        on_wait("waiting to see whether somebody writes it")
        assert watched.wait(PATIENCE_S)
        return move(place, roots, on_wait)

    monkeypatch.setattr(trash, "move_to_trash", after_watching)
    a, b = (make_run(tmp_path / name, steps=100) for name in "ab")
    store, follower = follow(tmp_path)
    follower.until(complete)
    store.trash(a)
    follower.until(lambda s: "waiting to see" in s.note)
    store.open(b)
    follower.until(lambda s: s.data is not None and s.data.place == b and not s.data.loading)
    store.open(a)
    follower.until(lambda s: s.data is not None and s.data.place == a and not s.data.loading)
    store.trash(a)  # is under way
    watched.set()
    follower.until(lambda s: "moved to" in s.note and s.data is not None and s.data.place == b)
    assert [path.name for path in (tmp_path / ".trash").iterdir()] == ["a"]
