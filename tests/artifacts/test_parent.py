"""Where the parent of a fork is found."""

import json
import os
from pathlib import Path

import pytest

from tests.rundirs import make_run
from tttui.artifacts.discover import find_sessions
from tttui.artifacts.parent import find_parent, recorded_parent
from tttui.artifacts.reader import SessionReader
from tttui.model.session import Place, SessionData


def read(place: Place) -> SessionData:
    return SessionReader(place).refresh()


def test_the_parent_in_a_store_is_found_by_its_id(tmp_path: Path) -> None:
    mother = make_run(tmp_path / "sessions" / "mother", layout="store")
    child = make_run(tmp_path / "sessions" / "child", layout="store", parent="mother")
    parent = find_parent(read(child), find_sessions([tmp_path]))
    assert parent is not None
    assert parent.path == mother.path


def test_the_parent_beside_a_session_that_was_opened_alone_is_found(tmp_path: Path) -> None:
    mother = make_run(tmp_path / "sessions" / "mother", layout="store")
    child = make_run(tmp_path / "sessions" / "child", layout="store", parent="mother")
    parent = find_parent(read(child), [child])
    assert parent is not None
    assert parent.path == mother.path


def test_the_recorded_path_of_the_parent_wins(tmp_path: Path) -> None:
    make_run(tmp_path / "a" / "mother")
    elsewhere = make_run(tmp_path / "b" / "mother")
    child = make_run(tmp_path / "a" / "child", parent="mother")
    meta = child.path / "session" / "meta.json"
    content = {**json.loads(meta.read_text()), "parent_path": str(elsewhere.path)}
    meta.write_text(json.dumps(content))
    parent = find_parent(read(child), find_sessions([tmp_path]))
    assert parent is not None
    assert parent.path == elsewhere.path


def test_two_sessions_with_the_parents_id_are_no_answer(tmp_path: Path) -> None:
    make_run(tmp_path / "a" / "mother")
    make_run(tmp_path / "b" / "mother")
    child = make_run(tmp_path / "c" / "child", parent="mother")
    assert find_parent(read(child), find_sessions([tmp_path])) is None


def test_a_session_without_a_parent_has_none(tmp_path: Path) -> None:
    place = make_run(tmp_path / "a")
    assert find_parent(read(place), [place]) is None


@pytest.mark.parametrize(
    "recorded", ["elsewhere/mother", "/", "runs/child/..", "runs/../elsewhere"]
)
def test_a_recorded_path_that_nobody_named_is_not_looked_at(
    recorded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(tmp_path / "elsewhere" / "mother")
    child = make_run(tmp_path / "runs" / "child", parent="mother")
    meta = child.path / "session" / "meta.json"
    content = {**json.loads(meta.read_text()), "parent_path": str(tmp_path / recorded)}
    meta.write_text(json.dumps(content))
    data = read(child)
    looked_at: list[str] = []
    scandir = os.scandir

    def noted(path: Path) -> object:
        looked_at.append(str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", noted)
    assert find_parent(data, [child]) is None
    assert looked_at
    assert all(path.startswith(str(tmp_path / "runs")) for path in looked_at)


def test_the_recorded_parent_beside_a_session_is_found(tmp_path: Path) -> None:
    mother = make_run(tmp_path / "mother")
    assert recorded_parent(tmp_path / "child", str(mother.path)) == mother
