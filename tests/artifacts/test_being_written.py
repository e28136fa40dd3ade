"""While a file is being written, or read bit by bit, nothing of the session counts as damaged."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.rundirs import make_run, session_path, steps_path
from tttui.artifacts import wholefile
from tttui.artifacts.catalogue import Catalogue
from tttui.artifacts.history import record_dtype
from tttui.artifacts.reader import SessionReader
from tttui.model.session import Layout, Place, SessionData

LAYOUTS: tuple[Layout, ...] = ("native", "flat", "store")

WHOLE = {
    "native": (
        "session/meta.json",
        "session/metrics.json",
        "session/plastic_state.pt",
        "base_checkpoint.pt",
        "status.json",
    ),
    "flat": ("session/meta.json", "session/metrics.json", "update_events.json"),
    "store": ("meta.json", "metrics.json", "plastic_state.pt"),
}
"""Files that are replaced as a whole."""

FILES = [(layout, name) for layout in LAYOUTS for name in WHOLE[layout]]


def made(tmp_path: Path, layout: Layout, steps: int = 200, **more: object) -> Place:
    path = tmp_path / ("store/sessions/a" if layout == "store" else "a")
    return make_run(path, layout=layout, steps=steps, **more)  # type: ignore[arg-type]


def long_ago(path: Path) -> None:
    os.utime(path, (time.time() - 60,) * 2)


def parts(data: SessionData) -> dict[str, object]:
    names = ("meta", "metrics", "status", "steps", "transactions", "history", "weights", "base")
    return {name: getattr(data, name) for name in names}


HALVES: dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda _: b"",
    "half": lambda data: data[: len(data) // 2],
}


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize(("layout", "name"), FILES)
def test_a_file_that_is_written_in_place_keeps_what_was_read_before(
    tmp_path: Path, layout: Layout, name: str, half: str
) -> None:
    place = made(tmp_path, layout)
    reader = SessionReader(place)
    before = reader.refresh()
    path = place.path / name
    data = path.read_bytes()
    path.write_bytes(HALVES[half](data))
    during = reader.refresh()
    assert parts(during) == parts(before)
    assert during.problems == before.problems
    path.write_bytes(data)
    assert reader.refresh().problems == before.problems


@pytest.mark.parametrize(("layout", "name"), FILES)
def test_damage_that_stays_is_told(tmp_path: Path, layout: Layout, name: str) -> None:
    place = made(tmp_path, layout)
    reader = SessionReader(place)
    reader.refresh()
    path = place.path / name
    path.write_bytes(path.read_bytes()[:40])
    reader.refresh()
    long_ago(path)
    assert path in [problem.path for problem in reader.refresh().damage]


@pytest.mark.parametrize(("layout", "name"), FILES)
def test_what_is_half_written_when_a_session_is_opened_is_loading(
    tmp_path: Path, layout: Layout, name: str
) -> None:
    place = made(tmp_path, layout)
    path = place.path / name
    path.write_bytes(path.read_bytes()[:40])
    reader = SessionReader(place)
    data = reader.refresh()
    (problem,) = [p for p in data.problems if p.path == path]
    assert problem.loading
    assert path not in [p.path for p in data.damage]
    long_ago(path)
    assert path in [p.path for p in reader.refresh().damage]


def test_a_file_that_is_damaged_again_and_again_is_told_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = made(tmp_path, "flat")
    path = place.path / "session" / "meta.json"
    reader = SessionReader(place)
    reader.refresh()
    now = [100.0]
    monkeypatch.setattr(wholefile, "monotonic", lambda: now[0])
    told = []
    for i in range(5):
        path.write_text("{" + "x" * i)
        told.append(bool(reader.refresh().damage))
        now[0] += 0.4
    assert told == [False, False, False, True, True]


def test_wrong_values_are_told_at_once_since_the_file_is_whole(tmp_path: Path) -> None:
    place = made(tmp_path, "flat")
    path = place.path / "session" / "meta.json"
    reader = SessionReader(place)
    reader.refresh()
    path.write_text(json.dumps({**json.loads(path.read_text()), "mu": "x"}))
    assert [p.reason for p in reader.refresh().damage] == ["mu is 'x', not a number"]


def test_snapshots_that_the_header_counts_before_they_are_there_are_awaited(
    tmp_path: Path,
) -> None:
    place = made(tmp_path, "native")
    path = place.path / "weights_history.npy"
    reader = SessionReader(place)
    before = reader.refresh()
    records = np.zeros(50, dtype=record_dtype({"W_u": (16, 6), "B": (32, 16), "W_o": (4, 32)}))
    records["t"] = np.arange(50)
    np.save(path, records)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    during = reader.refresh()
    assert during.history is before.history
    assert not during.damage
    path.write_bytes(whole)
    after = reader.refresh()
    assert after.history is not None
    assert len(after.history) == 50


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_table_that_is_written_anew_is_never_damaged(tmp_path: Path, layout: Layout) -> None:
    place = made(tmp_path, layout)
    path = steps_path(place)
    reader = SessionReader(place)
    before = reader.refresh()
    data = path.read_bytes()
    for size in (0, 3, 30, 60, 700, len(data) - 2, len(data)):
        path.write_bytes(data[:size])
        assert reader.refresh().damage == before.damage, size
    assert reader.refresh().steps.t.tolist() == before.steps.t.tolist()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_large_session_has_the_same_problems_while_it_is_read(
    tmp_path: Path, layout: Layout
) -> None:
    place = made(tmp_path, layout, steps=20_000, chunk=8)
    whole = SessionReader(place).refresh()
    reader = SessionReader(place)
    seen = 0
    while (data := reader.refresh(budget_rows=2000)).loading:
        seen += 1
        later = [p for p in data.problems if p.reason == "is read after the steps"]
        assert tuple(p for p in data.problems if p not in later) == whole.problems
        assert data.damage == whole.damage
        assert all(p.loading and p.part == "history" for p in later)
    assert seen > 3
    assert data.problems == whole.problems
    assert len(data.steps) == len(whole.steps)
    assert len(data.transactions) == len(whole.transactions)


def test_an_event_that_is_half_written_is_no_damage(tmp_path: Path) -> None:
    place = made(tmp_path, "native")
    reader = SessionReader(place)
    before = reader.refresh()
    line = (place.path / "update_events.jsonl").read_bytes().splitlines(keepends=True)[-1]
    for size in range(0, len(line), 50):
        with (place.path / "update_events.jsonl").open("ab") as file:
            file.write(line[size : size + 50])
        assert reader.refresh().damage == before.damage


def test_a_row_of_the_table_of_sessions_stays_while_a_file_is_written(tmp_path: Path) -> None:
    place = made(tmp_path, "flat")
    catalogue = Catalogue()
    meta = session_path(place) / "meta.json"

    def row() -> object:
        catalogue.begin([place])
        catalogue.work(10.0)
        return catalogue.summaries([place])[0]

    before = row()
    data = meta.read_bytes()
    meta.write_bytes(data[:100])
    assert row() == before
    meta.write_bytes(data)
    assert row() == before
    meta.write_bytes(data[:100])
    for path in place.path.rglob("*.*"):
        long_ago(path)
    assert row() != before
