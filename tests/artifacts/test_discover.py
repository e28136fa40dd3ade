"""Finding sessions of every layout below any path."""

import os
from pathlib import Path

import pytest

from tests.rundirs import make_run
from tttui.artifacts.discover import find_sessions, scan
from tttui.artifacts.reader import SessionReader
from tttui.model.session import Place


def names(*paths: Path) -> list[str]:
    return [place.name for place in find_sessions(paths)]


def test_all_layouts_are_found_below_one_root(tmp_path: Path) -> None:
    native = make_run(tmp_path / "runs" / "one", steps=40)
    flat = make_run(tmp_path / "old" / "linear", layout="flat", steps=40)
    stored = make_run(tmp_path / "store" / "sessions" / "s1", layout="store", steps=40, runs=2)
    assert find_sessions([tmp_path]) == sorted([native, flat, stored], key=lambda p: str(p.path))


def test_runs_of_a_store_are_oldest_first(tmp_path: Path) -> None:
    place = make_run(tmp_path / "sessions" / "s1", layout="store", steps=40, runs=12)
    assert find_sessions([tmp_path])[0].runs == tuple(
        sorted(place.runs, key=lambda run: int(run.split("_")[-2]))
    )


@pytest.mark.parametrize("inner", ["", "session", "per_step.csv", "session/meta.json"])
def test_a_run_is_found_from_whatever_in_it_is_named(inner: str, tmp_path: Path) -> None:
    place = make_run(tmp_path / "one", steps=40)
    assert find_sessions([place.path / inner]) == [place]


@pytest.mark.parametrize("inner", ["", "sessions", "sessions/s1", "sessions/s1/meta.json"])
def test_a_store_is_found_from_whatever_in_it_is_named(inner: str, tmp_path: Path) -> None:
    place = make_run(tmp_path / "sessions" / "s1", layout="store", steps=40)
    assert find_sessions([tmp_path / inner]) == [place]


@pytest.mark.parametrize("inner", ["", "per_step.csv"])
def test_a_run_of_a_store_is_its_session_with_that_run(inner: str, tmp_path: Path) -> None:
    place = make_run(tmp_path / "sessions" / "s1", layout="store", steps=40, runs=2)
    wanted = place.path / "runs" / place.runs[0] / inner
    assert find_sessions([wanted]) == [Place(place.path, "store", place.runs, place.runs[0])]


def test_a_session_that_never_ran_is_found(tmp_path: Path) -> None:
    make_run(tmp_path / "sessions" / "s1", layout="store", runs=0)
    assert [place.runs for place in find_sessions([tmp_path])] == [()]


def test_a_store_with_only_a_base_is_found(tmp_path: Path) -> None:
    base = tmp_path / "lab" / "base"
    base.mkdir(parents=True)
    (base / "base_meta.json").write_text("{}")
    (tmp_path / "lab" / "sessions").mkdir()
    places = find_sessions([tmp_path])
    assert [(place.path, place.base_only, place.name) for place in places] == [(base, True, "lab")]


def test_the_base_of_a_store_with_sessions_is_no_session(tmp_path: Path) -> None:
    make_run(tmp_path / "sessions" / "s1", layout="store", steps=40)
    assert names(tmp_path) == ["s1"]


def test_a_run_that_is_called_base_is_found(tmp_path: Path) -> None:
    make_run(tmp_path / "base", layout="flat", steps=40)
    assert [place.layout for place in find_sessions([tmp_path])] == ["flat"]


@pytest.mark.parametrize(
    "file", ["per_step.csv", "status.json", "base_checkpoint.pt", "session/meta.json"]
)
def test_a_session_that_is_being_created_is_found(file: str, tmp_path: Path) -> None:
    path = tmp_path / "new" / file
    path.parent.mkdir(parents=True)
    path.write_text("")
    assert names(tmp_path) == ["new"]


@pytest.mark.parametrize("folder", [".trash", ".hidden", "bases"])
def test_trash_hidden_folders_and_the_base_cache_are_skipped(folder: str, tmp_path: Path) -> None:
    make_run(tmp_path / folder / "one", steps=40)
    assert names(tmp_path) == []


def test_loops_of_links_end(tmp_path: Path) -> None:
    make_run(tmp_path / "deep" / "one", steps=40)
    (tmp_path / "deep" / "up").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    assert names(tmp_path) == ["one"]


def test_a_session_behind_a_link_is_found_once_under_its_own_name(tmp_path: Path) -> None:
    make_run(tmp_path / "z_real", steps=40)
    (tmp_path / "a_link").symlink_to(tmp_path / "z_real")
    assert names(tmp_path) == ["z_real"]


def test_a_whole_disk_is_not_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tttui.artifacts.discover.MOST_FOLDERS", 20)
    make_run(tmp_path / "root" / "one", steps=40)
    for i in range(100):
        (tmp_path / "root" / "zzz" / f"{i}").mkdir(parents=True)
    result = scan([tmp_path / "root"])
    assert [place.name for place in result.places] == ["one"]
    assert [p.reason for p in result.problems] == [
        "more than 20 directories were searched; name a closer path"
    ]


def test_a_linked_session_folder_that_leads_out_makes_no_session(tmp_path: Path) -> None:
    make_run(tmp_path / "elsewhere" / "one", steps=40)
    (tmp_path / "root" / "sent").mkdir(parents=True)
    (tmp_path / "root" / "sent" / "session").symlink_to(tmp_path / "elsewhere" / "one" / "session")
    assert names(tmp_path / "root") == []


def test_the_linked_runs_of_a_session_are_named_and_not_listed(tmp_path: Path) -> None:
    place = make_run(tmp_path / "sessions" / "a", layout="store", steps=40)
    (place.path / "runs").rename(tmp_path / "elsewhere")
    (place.path / "runs").symlink_to(tmp_path / "elsewhere")
    (sessions,) = find_sessions([tmp_path / "sessions"])
    assert sessions.runs == ()
    problems = SessionReader(sessions).refresh().problems
    assert ("steps", "is a link that leads out of the session") in [
        (problem.part, problem.reason) for problem in problems
    ]


def test_a_session_named_twice_is_found_once(tmp_path: Path) -> None:
    make_run(tmp_path / "one", steps=40)
    assert names(tmp_path, tmp_path / "one", tmp_path) == ["one"]


def test_a_path_that_does_not_exist_is_reported(tmp_path: Path) -> None:
    result = scan([tmp_path / "nowhere"])
    assert result.places == []
    assert [(p.path, p.missing) for p in result.problems] == [(tmp_path / "nowhere", True)]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_directory_is_reported(tmp_path: Path) -> None:
    make_run(tmp_path / "one", steps=40)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    result = scan([tmp_path])
    closed.chmod(0o700)
    assert [place.name for place in result.places] == ["one"]
    assert [p.path for p in result.problems] == [closed]


def test_an_unsearchable_directory_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(tmp_path / "one", steps=40)
    (tmp_path / "closed").mkdir()
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    result = scan([tmp_path])
    assert [place.name for place in result.places] == ["one"]
    assert [p.reason for p in result.problems] == ["cannot be searched: Permission denied"]


def test_a_relative_path_stays_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_run(tmp_path / "runs" / "one", steps=40)
    monkeypatch.chdir(tmp_path)
    assert [place.path for place in find_sessions([Path("runs")])] == [Path("runs/one")]


def test_the_current_directory_can_be_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(tmp_path / "one", steps=40)
    monkeypatch.chdir(tmp_path / "one")
    assert names(Path(".")) == ["one"]


@pytest.mark.parametrize("root", ["root", "root/sent"])
def test_a_link_out_of_the_root_is_named_and_not_followed(tmp_path: Path, root: str) -> None:
    make_run(tmp_path / "elsewhere", steps=3)
    sent = tmp_path / "root" / "sent"
    sent.mkdir(parents=True)
    for name in ("status.json", "session", "more"):
        (sent / name).symlink_to(tmp_path / "elsewhere")
    result = scan([tmp_path / root])
    assert result.places == []
    assert {p.path.name for p in result.problems} == {"status.json", "session", "more"}
    assert all("name it, too, to look there" in p.reason for p in result.problems)
    assert names(tmp_path / root, sent / "more") == ["more"]


def test_sessions_beside_one_are_found_and_nothing_deeper(tmp_path: Path) -> None:
    for name in ("one", "two", "old/three"):
        make_run(tmp_path / name, steps=40)
    assert names(tmp_path / "one") == ["one"]
    result = scan([tmp_path / "one"], beside=tmp_path / "one")
    assert [place.name for place in result.places] == ["one", "two"]


def test_sessions_beside_one_of_a_store_are_those_of_the_store(tmp_path: Path) -> None:
    first, second = (
        make_run(tmp_path / "sessions" / name, layout="store", steps=40) for name in ("a", "b")
    )
    assert scan([first.path], beside=first.path).places == [first, second]


def test_links_beside_a_session_lead_nowhere_else_and_are_not_told(tmp_path: Path) -> None:
    place = make_run(tmp_path / "runs" / "one", steps=40)
    elsewhere = make_run(tmp_path / "elsewhere", steps=40)
    (tmp_path / "runs" / "link").symlink_to(elsewhere.path)
    result = scan([place.path], beside=place.path)
    assert (result.places, result.problems) == ([place], [])


def test_a_session_named_by_a_link_keeps_that_name_among_those_beside_it(tmp_path: Path) -> None:
    make_run(tmp_path / "one", steps=40)
    (tmp_path / "link").symlink_to("one")
    result = scan([tmp_path / "link"], beside=tmp_path / "link")
    assert [place.name for place in result.places] == ["link"]
