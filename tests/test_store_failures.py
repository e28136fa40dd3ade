"""What fails in the store is named and tried again, and ends nothing else."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.rundirs import make_run, steps_path
from tests.test_store import Follow, complete, follow
from tttui.artifacts.reader import SessionReader
from tttui.store.core import FEEDS
from tttui.store.feed import Feed
from tttui.store.recorded import YardsticksFeed

__all__ = ["follow"]


@pytest.fixture
def retried_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tttui.store.core.RETRY_S", 0.0)
    monkeypatch.setattr("tttui.store.core.LOOK_S", 0.02)


def raising(error: Exception) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


DEFECTS = (ZeroDivisionError("of the test"), MemoryError(), OSError(5, "of the disk"))


@pytest.mark.usefixtures("retried_at_once")
@pytest.mark.parametrize(
    ("feed", "defect"),
    [(feed, DEFECTS[i % len(DEFECTS)]) for i, feed in enumerate(FEEDS)],
    ids=lambda one: getattr(getattr(one, "part", None), "name", repr(one)),
)
def test_the_store_goes_on_whatever_a_feed_raises_and_names_it(
    tmp_path: Path,
    follow: Follow,
    monkeypatch: pytest.MonkeyPatch,
    feed: type[Feed[Any]],
    defect: Exception,
) -> None:
    place = make_run(tmp_path / "a", steps=100)
    name = feed.part.name
    with monkeypatch.context() as defective:
        defective.setattr(feed, "refresh", raising(defect))
        store, follower = follow(tmp_path)
        store.want({name})
        why = follower.until(lambda s: s.failures.get(name)).failures[name]
        assert why.startswith(f"{name}: could not be worked out: {type(defect).__name__}")
        with steps_path(place).open("a") as file:
            file.write("100,0.5,0.25,0,0\n")
        follower.until(lambda s: s.data is not None and len(s.data.steps) == 101)
    follower.until(lambda s: not s.failures)


@pytest.mark.usefixtures("retried_at_once")
@pytest.mark.parametrize("defect", DEFECTS, ids=repr)
def test_a_session_that_cannot_be_read_is_named_and_read_when_it_can_be(
    tmp_path: Path,
    follow: Follow,
    monkeypatch: pytest.MonkeyPatch,
    defect: Exception,
) -> None:
    make_run(tmp_path / "a", steps=100)
    with monkeypatch.context() as defective:
        defective.setattr(SessionReader, "refresh", raising(defect))
        _, follower = follow(tmp_path)
        error = follower.until(lambda s: s.error).error
        assert error.startswith(f"session: could not be read: {type(defect).__name__}")
    result = follower.until(lambda s: complete(s) and not s.failures)
    assert result.error == ""


def test_what_failed_is_not_told_of_another_session(
    tmp_path: Path, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(tmp_path / "a", steps=100)
    other = make_run(tmp_path / "b", steps=100)
    store, follower = follow(tmp_path / "a")
    with monkeypatch.context() as defective:
        defective.setattr(YardsticksFeed, "refresh", raising(ValueError("of the test")))
        store.want({"yardsticks"})
        follower.until(lambda s: s.failures)
    store.open(other)
    result = follower.until(lambda s: s.data is not None and s.data.place == other and s.yardsticks)
    assert not result.failures


def test_a_value_of_a_file_that_is_no_number_does_not_end_the_store(
    tmp_path: Path, follow: Follow
) -> None:
    place = make_run(tmp_path / "a", steps=100)
    path = place.path / "session" / "meta.json"
    meta = json.loads(path.read_text())
    meta["env_cfg"]["dt"] = "abc"
    path.write_text(json.dumps(meta))
    store, follower = follow(tmp_path)
    store.want([feed.part.name for feed in FEEDS])
    follower.until(lambda s: s.trajectory is not None and s.summaries)
    store.open(place)
    follower.until(lambda s: s.opened == 2 and complete(s))
