"""A session that somebody sent may hold links to anywhere: nothing is changed where they lead."""

import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from tests.tasks.pointmass.runs.sessions import create, run_through, settings
from tttui.artifacts.atomic import write_whole
from tttui.artifacts.checkpoint import ENGINE, read_checkpoint, read_generation
from tttui.artifacts.discover import find_sessions
from tttui.artifacts.intervention_writer import drop_half_written, record, sync
from tttui.artifacts.interventions import Intervention
from tttui.artifacts.ptfile import read_pt, write_pt
from tttui.artifacts.reader import SessionReader
from tttui.artifacts.trash import move_to_trash
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.session import Place
from tttui.runs.background import continue_in_background
from tttui.runs.control import ask, clear_requests, withdraw
from tttui.runs.runlog import RunLog
from tttui.tasks.pointmass.runs.planned import plan_session, prepare
from tttui.tasks.pointmass.runs.resume import resume
from tttui.tasks.pointmass.runs.verify import verify

WRITTEN_IN_PLACE = (
    "per_step.csv",
    "trajectory.csv",
    "update_events.jsonl",
    "weights_history.npy",
    "interventions.jsonl",
    "status.json",
    "run.log",
    "run.out",
    "run.lock",
    "session",
    "control",
)
REPLACED = (
    "update_events.json",
    "session/meta.json",
    "session/metrics.json",
    "session/plastic_state.pt",
    "session/optim_state.pt",
    "session/engine_state.pt",
)

Contents = dict[str, tuple[bytes, int, int]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session that can be continued, and that somebody intervened in."""
    path = tmp_path_factory.mktemp("made") / "demo"
    run = create(path, settings(steps=40))
    run.advance(20)
    run.intervene("mu", 0.2)
    run.close("interrupted")
    return path


@pytest.fixture
def session(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "runs" / "demo"))


@pytest.fixture
def elsewhere(made: Path, tmp_path: Path) -> Path:
    """Somebody else's files, under all names that a session has."""
    path = Path(shutil.copytree(made, tmp_path / "elsewhere"))
    for name in ("run.out", "run.lock", "control/1.json", "control/.x.tttui-tmp"):
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_text('{"verb": "stop"}')
    (path / "session" / ".meta.json.1-2.tttui-tmp").write_text("left over")
    return path


def contents(directory: Path) -> Contents:
    return {
        str(path.relative_to(directory)): (
            path.read_bytes() if path.is_file() else b"",
            path.stat().st_mtime_ns,
            path.stat().st_mode,
        )
        for path in sorted(directory.rglob("*"))
    }


def link(path: Path, target: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def everything(session: Path) -> None:
    """All that is done to a session, each of which may be refused."""
    with suppress(TttuiError):
        run, until = resume(session)
        run.advance(until - run.t)
        run.close("completed")
    with suppress(TttuiError):
        withdraw(session, ask(session, "pause"))
    withdraw(session, "1.json")
    clear_requests(session)
    place = Place(session, "native")
    with suppress(TttuiError):
        verify(place)
    SessionReader(place).refresh()
    with suppress(TttuiError):
        move_to_trash(place, [session.parent])


@pytest.mark.parametrize("name", WRITTEN_IN_PLACE + REPLACED)
def test_nothing_is_changed_behind_a_link(name: str, session: Path, elsewhere: Path) -> None:
    link(session / name, elsewhere / name)
    before = contents(elsewhere)
    everything(session)
    assert contents(elsewhere) == before


@pytest.mark.parametrize("name", WRITTEN_IN_PLACE)
def test_a_run_is_not_continued_through_a_link(name: str, session: Path, elsewhere: Path) -> None:
    link(session / name, elsewhere / name)
    before = contents(session)
    with pytest.raises(RefusedInput) as refused:
        resume(session)
    assert str(session) in str(refused.value)
    assert "link" in str(refused.value)
    assert "\n" not in str(refused.value)
    after = contents(session)
    after.pop("run.lock", None)
    before.pop("run.lock", None)
    assert after == before


def test_a_base_is_not_pretrained_through_a_link(tmp_path: Path, elsewhere: Path) -> None:
    plan_session(tmp_path / "runs" / "new", settings(pretrain_steps=3, pretrain_seed=99))
    before = contents(elsewhere)
    for name, target in (("pretraining.csv", "per_step.csv"), ("session", "session")):
        link(tmp_path / "runs" / "new" / name, elsewhere / target)
        with pytest.raises(TttuiError, match="link"):
            prepare(tmp_path / "runs" / "new", should_stop=lambda: False)
        (tmp_path / "runs" / "new" / name).unlink()
    assert contents(elsewhere) == before


def test_what_a_run_in_the_background_prints_is_not_appended_through_a_link(
    session: Path, elsewhere: Path
) -> None:
    link(session / "run.out", elsewhere / "run.out")
    before = contents(elsewhere)
    with pytest.raises(RefusedInput, match=r"run\.out: is a link"):
        continue_in_background(session)
    assert contents(elsewhere) == before


def test_a_log_is_not_appended_through_a_link(session: Path, elsewhere: Path) -> None:
    link(session / "run.log", elsewhere / "run.log")
    before = contents(elsewhere)
    log = RunLog(session)
    log.checkpoint(3)
    log.close()
    assert contents(elsewhere) == before


def test_an_intervention_is_not_recorded_through_a_link(session: Path, elsewhere: Path) -> None:
    link(session / "interventions.jsonl", elsewhere / "interventions.jsonl")
    (elsewhere / "interventions.jsonl").write_bytes(b"half a line")
    before = contents(elsewhere)
    with pytest.raises(TttuiError, match="link"):
        record(session, Intervention(3, "mu", 0.5))
    for change in (drop_half_written, sync):
        with pytest.raises(TttuiError, match="link"):
            change(session)
    assert contents(elsewhere) == before


def test_a_file_is_not_replaced_through_a_planted_temporary_name(
    session: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.getpid", lambda: 7)
    monkeypatch.setattr("threading.get_ident", lambda: 8)
    link(session / ".status.json.7-8.tttui-tmp", elsewhere / "per_step.csv")
    before = contents(elsewhere)
    write_whole(session / "status.json", b"{}")
    assert contents(elsewhere) == before
    assert (session / "status.json").read_bytes() == b"{}"
    assert not (session / "status.json").is_symlink()


def test_a_session_is_not_moved_to_a_planted_trash(session: Path, elsewhere: Path) -> None:
    link(session.parent / ".trash", elsewhere)
    before = contents(elsewhere)
    with pytest.raises(RefusedInput, match=r"\.trash: is a link"):
        move_to_trash(Place(session, "native"), [session.parent])
    assert contents(elsewhere) == before
    assert session.is_dir()


def test_a_session_that_is_a_link_can_be_continued_and_deleted_by_its_name(
    session: Path, tmp_path: Path
) -> None:
    (tmp_path / "root").mkdir()
    linked = tmp_path / "root" / "linked"
    linked.symlink_to(session)
    run, until = resume(linked)
    run.advance(until - run.t)
    run.close("completed")
    assert find_sessions([tmp_path / "root"]) == []
    (place,) = find_sessions([linked])  # the person names it
    assert place.path == linked
    move_to_trash(place, [tmp_path / "root"])
    assert session.is_dir()
    assert not linked.is_symlink()


def test_names_in_a_checkpoint_lead_nowhere_else(session: Path) -> None:
    path = session / "session" / "engine_state.pt"
    for part, value in (("sha256", "0" * 64), ("sizes", 3)):
        state = read_pt(path)
        state[part] = {"../../../elsewhere/x.pt": value}
        path.write_bytes(write_pt(state))
        with pytest.raises(TttuiError, match="names files that are none of its session's"):
            read_generation(session, ENGINE)
        assert not [p for p in read_checkpoint(session).problems if "elsewhere" in str(p.path)]


def test_a_session_beside_the_runs_of_others_stays_whole(tmp_path: Path) -> None:
    whole = run_through(tmp_path / "runs" / "whole", settings(steps=40))
    before = contents(whole)
    sent = Path(shutil.copytree(whole, tmp_path / "runs" / "sent"))
    link(sent / "session", whole / "session")
    everything(sent)
    assert contents(whole) == before
