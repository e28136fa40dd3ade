"""The worker does the newest job, tells what came of it, and always ends."""

import threading
from collections.abc import Iterator
from threading import Event

import pytest

from tttui.runs.whatif.worker import WhatIfWorker

LONG = 20.0


class Steps:
    """A job that does one step each time that it is let."""

    def __init__(self, name: str, total: int = 3, *, freely: bool = True) -> None:
        self.name, self.total, self.done, self.error = name, total, 0, ""
        self.go, self.reached = Event(), Event()
        if freely:
            self.go.set()

    def work(self) -> bool:
        self.reached.set()
        assert self.go.wait(LONG)
        self.done += 1
        if self.done > self.total:
            raise ZeroDivisionError("broke")
        return self.done < self.total

    def result(self) -> tuple[str, int, str]:
        return self.name, self.done, self.error

    def fail(self, error: BaseException) -> None:
        self.error = str(error)


@pytest.fixture
def published() -> list[tuple[str, int, str]]:
    return []


@pytest.fixture
def worker(published: list[tuple[str, int, str]]) -> Iterator[WhatIfWorker[tuple[str, int, str]]]:
    made = WhatIfWorker(published.append, rate=1000.0)
    yield made
    assert made.close(LONG)


Worker = WhatIfWorker[tuple[str, int, str]]
Told = list[tuple[str, int, str]]


def test_the_last_result_of_a_job_is_always_told(worker: Worker, published: Told) -> None:
    worker.ask(Steps("one", 50))
    assert worker.wait(LONG)
    assert published[-1] == ("one", 50, "")


def test_a_newer_job_takes_the_place_of_the_one_under_way(worker: Worker, published: Told) -> None:
    old, new = Steps("old", 10**9, freely=False), Steps("new")
    worker.ask(old)
    assert old.reached.wait(LONG)
    worker.ask(Steps("never begun", 10**9))
    worker.ask(new)
    old.go.set()
    assert worker.wait(LONG)
    assert old.done == 1
    assert {name for name, *_ in published} == {"new"}


def test_results_are_told_no_more_often_than_the_rate(published: Told) -> None:
    worker = WhatIfWorker(published.append, rate=1e-3)
    worker.ask(Steps("one", 1000))
    assert worker.wait(LONG)
    assert published == [("one", 1, ""), ("one", 1000, "")]
    assert worker.close(LONG)


def test_what_a_job_raises_is_its_result_and_the_next_one_is_done(
    worker: Worker, published: Told
) -> None:
    broken = Steps("broken", 2)
    broken.done = 2
    worker.ask(broken)
    assert worker.wait(LONG)
    assert published[-1] == ("broken", 3, "broke")
    worker.ask(Steps("next"))
    assert worker.wait(LONG)
    assert published[-1] == ("next", 3, "")


def test_it_stops_and_closes_in_the_middle(worker: Worker, published: Told) -> None:
    job = Steps("endless", 10**9)
    worker.ask(job)
    assert job.reached.wait(LONG)
    worker.stop()
    assert worker.wait(LONG)
    assert not worker.busy
    held = Steps("held", 10**9, freely=False)
    worker.ask(held)
    assert held.reached.wait(LONG)
    before = len(published)
    assert not worker.close(0.01)  # it is in the middle of a stretch
    held.go.set()
    assert worker.close(LONG)
    assert len(published) == before
    with pytest.raises(RuntimeError, match="closed"):
        worker.ask(Steps("late"))


def test_its_thread_does_not_keep_a_process_alive(worker: Worker) -> None:
    worker.ask(Steps("one"))
    thread = next(t for t in threading.enumerate() if t.name == "tttui-whatif")
    assert thread.daemon
