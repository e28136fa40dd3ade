"""Many sessions as rows: read again only where files changed; moved to the trash; compared."""

import json
import os
from pathlib import Path

import pytest

from tests.rundirs import make_run, session_path
from tttui.artifacts import catalogue
from tttui.artifacts.catalogue import Catalogue, list_files
from tttui.artifacts.lock import SessionLock
from tttui.artifacts.summary import read_summary
from tttui.artifacts.trash import move_to_trash
from tttui.model.errors import RefusedInput, SessionHeld
from tttui.model.session import Place, SessionSummary
from tttui.store.sidebyside import SideBySide


def aged(place: Place) -> None:
    """Make the files old enough for their times to be trusted."""
    for path in place.path.rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))


def read_all(table: Catalogue, places: list[Place]) -> tuple[SessionSummary, ...]:
    table.begin(places)
    while not table.complete:
        table.work(1.0)
    return table.summaries(places)


def test_only_sessions_whose_files_changed_are_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [make_run(tmp_path / name, steps=60) for name in ("a", "b", "c")]
    for place in places:
        aged(place)
    table = Catalogue()
    before = read_all(table, places)
    looked: list[str] = []
    read = read_summary

    def counted(place: Place, **options: object) -> SessionSummary:
        looked.append(place.name)
        return read(place, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(catalogue, "read_summary", counted)
    meta = session_path(places[1]) / "meta.json"
    meta.write_text(json.dumps({**json.loads(meta.read_text()), "mu": 0.9}))
    after = read_all(table, places)
    assert looked == ["b"]
    assert after[0] is before[0]
    assert after[1].meta.truth == 0.9


def test_what_is_known_so_far_is_given_before_all_is_read(tmp_path: Path) -> None:
    places = [make_run(tmp_path / str(i), steps=20) for i in range(3)]
    table = Catalogue()
    table.begin(places)
    table.work(0.0)
    assert not table.complete
    assert table.summaries(places) == ()
    table.work(10.0)
    assert table.complete
    assert [s.place.name for s in table.summaries(places)] == ["0", "1", "2"]


def test_a_session_that_is_gone_is_forgotten(tmp_path: Path) -> None:
    places = [make_run(tmp_path / name, steps=20) for name in ("a", "b")]
    table = Catalogue()
    read_all(table, places)
    assert [s.place.name for s in read_all(table, places[1:])] == ["b"]


def test_a_live_session_is_looked_at_although_no_file_changed(tmp_path: Path) -> None:
    place = make_run(tmp_path / "a", steps=20, status="running")
    status = place.path / "status.json"
    aged(place)
    table = Catalogue()
    (first,) = read_all(table, [place])
    assert first.status is not None
    assert first.status.state == "running"
    # the same size and time, but another process: as when the one that wrote it died
    written = status.read_text()
    pid = json.loads(written)["pid"]
    status.write_text(written.replace(f'"pid": {pid}', f'"pid": {"9" * len(str(pid))}'))
    aged(place)
    (second,) = read_all(table, [place])
    assert second.status is not None
    assert second.status.state == "crashed"


def test_the_files_of_a_session_have_sizes_and_times(tmp_path: Path) -> None:
    place = make_run(tmp_path / "a", steps=20)
    (place.path / ".hidden").mkdir()
    (place.path / ".hidden" / "x").write_text("x")
    results = {entry.name: entry for entry in list_files(place)}
    assert results["per_step.csv"].size == (place.path / "per_step.csv").stat().st_size
    assert results["session/meta.json"].modified_at > 0
    assert not any(name.startswith(".hidden") for name in results)


def test_the_trash_lies_in_the_innermost_root(tmp_path: Path) -> None:
    place = make_run(tmp_path / "runs" / "deep" / "a", steps=20)
    target = move_to_trash(place, [tmp_path, tmp_path / "runs"])
    assert target == tmp_path / "runs" / ".trash" / "a"
    assert (target / "per_step.csv").is_file()
    assert not place.path.exists()


def test_a_session_given_by_its_own_path_goes_to_a_trash_beside_it(tmp_path: Path) -> None:
    place = make_run(tmp_path / "a", steps=20)
    assert move_to_trash(place, [place.path]) == tmp_path / ".trash" / "a"


def test_names_in_the_trash_are_not_overwritten(tmp_path: Path) -> None:
    for name in ("a", "a-2"):
        place = make_run(tmp_path / "a", steps=20)
        assert move_to_trash(place, [tmp_path]).name == name


def test_a_session_that_is_being_written_is_not_moved(tmp_path: Path) -> None:
    place = make_run(tmp_path / "a", steps=20)
    with SessionLock(place.path), pytest.raises(SessionHeld):
        move_to_trash(place, [tmp_path])
    assert place.path.is_dir()


def test_a_session_of_another_program_is_not_moved(tmp_path: Path) -> None:
    place = make_run(tmp_path / "a", layout="flat", steps=20)
    with pytest.raises(RefusedInput, match="another program"):
        move_to_trash(place, [tmp_path])


def compared(side: SideBySide) -> SideBySide:
    while not side.complete:
        side.refresh(1000)
    return side


def test_a_comparison_stays_the_same_object_until_a_file_changes(tmp_path: Path) -> None:
    places = [make_run(tmp_path / name, steps=100, seed=i) for i, name in enumerate("ab")]
    side = SideBySide()
    side.choose([(place, None) for place in places], transfer=False)
    first = compared(side).comparison
    assert first is not None
    assert first.names == ("a", "b")
    side.refresh(1000)
    assert side.comparison is first
    with (places[0].path / "per_step.csv").open("a") as file:
        file.write("100,0.1,0.1,0,0\n")
    side.refresh(1000)
    assert side.comparison is not first


def test_recorded_trajectories_are_compared_rather_than_seeds(tmp_path: Path) -> None:
    places = [make_run(tmp_path / name, steps=60, seed=0) for name in "ab"]
    meta = places[1].path / "session" / "meta.json"
    meta.write_text(json.dumps({**json.loads(meta.read_text()), "seed": 7}))
    side = SideBySide()
    side.choose([(place, None) for place in places], transfer=False)
    comparison = compared(side).comparison
    assert comparison is not None
    assert not any("trajectories" in warning for warning in comparison.warnings)


def test_a_session_without_weights_is_left_out_of_the_matrix_by_name(tmp_path: Path) -> None:
    make_run(tmp_path / "a", steps=60)
    make_run(tmp_path / "b", steps=60, seed=1)
    make_run(tmp_path / "c", steps=60, damage=["no_weights"])
    side = SideBySide()
    side.choose([(Place(tmp_path / n, "native"), None) for n in "abc"], transfer=True)
    comparison = compared(side).comparison
    assert comparison is not None
    assert comparison.transfer is not None
    assert comparison.transfer.sessions == (0, 1)
    assert comparison.transfer.missing == ("c has no saved weights",)
