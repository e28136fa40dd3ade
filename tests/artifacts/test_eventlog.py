"""events.jsonl: numbers without gaps, whoever writes and whatever happens meanwhile."""

import fcntl
import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tttui.artifacts.eventlog import EVENTS, LOCK, Event, EventLog
from tttui.model.errors import RefusedInput, TttuiError

TICK = "data:system:tick"


def write(folder: Path, who: int, count: int) -> None:
    log = EventLog(folder, set_aside=20_000)
    for n in range(count):
        log.append(TICK, who=who, n=n)


def seqs(events: Iterator[Event]) -> list[int]:
    return [event.seq for event in events]


def test_several_processes_at_once_number_their_events_without_gaps(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write, args=(tmp_path, i, 250)) for i in range(4)]
    for writer in writers:
        writer.start()
    read: list[Event] = []
    log = EventLog(tmp_path)
    while len(read) < 1000 and any(writer.is_alive() for writer in writers):
        read += log.read(read[-1].seq if read else 0)
    for writer in writers:
        writer.join()
    read += log.read(read[-1].seq if read else 0)
    assert [event.seq for event in read] == list(range(1, 1001))
    for i in range(4):
        own = [event.fields["n"] for event in read if event.fields["who"] == i]
        assert own == list(range(250))
    assert len(list(tmp_path.glob("events-*.jsonl"))) > 1


def test_a_reader_that_remembers_its_number_gets_the_rest(tmp_path: Path) -> None:
    write(tmp_path, 0, 900)
    log = EventLog(tmp_path)
    for since in (0, 1, 333, 899, 900, 5000):
        assert seqs(log.read(since)) == list(range(since + 1, 901))


@pytest.mark.parametrize("tail", [b'{"seq": 4, "ti', b"\0" * 40, b'{"seq": 4'])
def test_half_a_line_is_not_read_and_the_next_writer_cuts_it_off(
    tmp_path: Path, tail: bytes
) -> None:
    write(tmp_path, 0, 3)
    with (tmp_path / EVENTS).open("ab") as file:
        file.write(tail)
    log = EventLog(tmp_path)
    assert seqs(log.read()) == [1, 2, 3]
    assert log.append(TICK) == 4
    assert seqs(log.read()) == [1, 2, 3, 4]


def test_a_damaged_line_keeps_its_number_and_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path, 0, 3)
    with (tmp_path / EVENTS).open("ab") as file:
        file.write(b"\xff\xfe nothing\n")
    log = EventLog(tmp_path)
    assert log.append(TICK) == 5
    assert seqs(log.read()) == [1, 2, 3, 5]


def test_numbers_go_on_where_the_newest_file_is_gone(tmp_path: Path) -> None:
    write(tmp_path, 0, 500)
    aside = sorted(tmp_path.glob("events-*.jsonl"))
    last = seqs(EventLog(tmp_path).read())[-1]
    (tmp_path / EVENTS).unlink(missing_ok=True)
    log = EventLog(tmp_path)
    known = log.last()
    assert 0 < known <= last
    assert log.append(TICK) == known + 1
    aside[0].unlink()
    result = seqs(log.read())
    assert result == list(range(result[0], known + 2))


def test_following_gives_what_is_there_and_what_comes_once(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    for _ in range(3):
        log.append(TICK)
    got: list[int] = []

    def more() -> None:
        write(tmp_path, 0, 100)

    for event in log.follow(1, lambda: len(got) >= 202, more):
        got.append(event.seq)
    assert got == list(range(2, 2 + len(got)))
    assert len(got) >= 202


def test_a_writer_does_not_wait_for_ever_for_one_that_was_stopped(tmp_path: Path) -> None:
    handle = os.open(tmp_path / LOCK, os.O_RDWR | os.O_CREAT)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(TttuiError, match=r"another process has held this lock for 0\.01 s"):
        EventLog(tmp_path, patience_s=0.01).append(TICK)
    os.close(handle)


def test_what_is_no_event_is_refused_and_a_long_text_is_cut(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    with pytest.raises(RefusedInput, match="is no event"):
        log.append("completed")
    log.append(TICK, error="x" * 10_000, seq="mine")
    (event,) = log.read()
    assert (event.seq, len(event.fields["error"])) == (1, 500)
