"""What stands under the name of a session's file is opened only if it is a file of that session."""

import os
import socket
from pathlib import Path

import pytest

from tttui.artifacts.regular import (
    NotRegular,
    folder_to_write,
    leads_out,
    open_regular,
    open_to_read,
    read_bytes,
    stat_regular,
)

SECRET = b"a file of somebody else"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    path = tmp_path / "elsewhere" / "secret"
    path.parent.mkdir()
    path.write_bytes(SECRET)
    return path


@pytest.fixture
def session(tmp_path: Path) -> Path:
    path = tmp_path / "runs" / "demo"
    (path / "session").mkdir(parents=True)
    return path


def read(path: Path) -> bytes:
    stat_regular(path)
    return read_bytes(path)


def test_a_file_is_read(session: Path) -> None:
    (session / "status.json").write_bytes(b"{}")
    assert read(session / "status.json") == b"{}"


@pytest.mark.parametrize("name", ["per_step.csv", "session/meta.json"])
def test_a_link_out_of_the_session_is_not_read(name: str, session: Path, outside: Path) -> None:
    (session / name).symlink_to(outside)
    for reading in (stat_regular, open_to_read, read_bytes):
        with pytest.raises(NotRegular, match="leads out of the session directory"):
            reading(session / name)


def test_a_linked_folder_that_leads_out_is_not_read_through(session: Path, outside: Path) -> None:
    (session / "session").rmdir()
    (session / "session").symlink_to(outside.parent)
    (outside.parent / "meta.json").write_bytes(b"{}")
    with pytest.raises(NotRegular, match="lies in session, which is a link that leads out"):
        read(session / "session" / "meta.json")


def test_a_linked_run_of_a_store_is_not_read_through(tmp_path: Path, outside: Path) -> None:
    runs = tmp_path / "sessions" / "a" / "runs"
    runs.mkdir(parents=True)
    (runs / "one").symlink_to(outside.parent)
    (outside.parent / "per_step.csv").write_bytes(b"t\n")
    with pytest.raises(NotRegular, match="lies in one, which is a link that leads out"):
        read(runs / "one" / "per_step.csv")


def test_the_linked_runs_of_a_store_are_not_read_through(tmp_path: Path, outside: Path) -> None:
    session = tmp_path / "sessions" / "a"
    session.mkdir(parents=True)
    (outside.parent / "one").mkdir()
    (outside.parent / "one" / "per_step.csv").write_bytes(b"t\n")
    (session / "runs").symlink_to(outside.parent)
    with pytest.raises(NotRegular, match="lies in runs, which is a link that leads out"):
        read(session / "runs" / "one" / "per_step.csv")


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("per_step.csv", "data/rows.csv"),
        ("session/meta.json", "../data/meta.json"),
        ("session", "data"),
    ],
)
def test_a_link_that_stays_in_the_session_is_read(name: str, target: str, session: Path) -> None:
    (session / "data").mkdir()
    for file in ("rows.csv", "meta.json"):
        (session / "data" / file).write_bytes(b"x")
    link = session / name
    if link.is_dir():
        link.rmdir()
    link.symlink_to(target)
    assert read(link / "meta.json" if name == "session" else link) == b"x"


@pytest.mark.parametrize("directory", ["linked", "session"])
def test_the_session_directory_itself_may_be_a_link(
    directory: str, session: Path, tmp_path: Path
) -> None:
    (session / "status.json").write_bytes(b"{}")
    (session / "session" / "meta.json").write_bytes(b"[]")
    (tmp_path / directory).symlink_to(session)
    assert read(tmp_path / directory / "status.json") == b"{}"
    assert read(tmp_path / directory / "session" / "meta.json") == b"[]"


def test_a_directory_named_session_does_not_widen_what_is_read(
    tmp_path: Path, outside: Path
) -> None:
    session = tmp_path / "session"
    session.mkdir()
    (session / "per_step.csv").symlink_to(outside)
    with pytest.raises(NotRegular, match="leads out"):
        read(session / "per_step.csv")


def test_a_link_in_a_circle_is_named(session: Path) -> None:
    (session / "per_step.csv").symlink_to("per_step.csv")
    with pytest.raises(NotRegular, match="circle"):
        open_to_read(session / "per_step.csv")


def test_a_link_to_nothing_is_missing(session: Path) -> None:
    (session / "per_step.csv").symlink_to("nothing")
    with pytest.raises(FileNotFoundError):
        read(session / "per_step.csv")


def test_nothing_that_is_no_file_is_opened(session: Path) -> None:
    os.mkfifo(session / "status.json")
    (session / "per_step.csv").mkdir()
    with socket.socket(socket.AF_UNIX) as plug:
        here = os.open(session, os.O_RDONLY)
        plug.bind(f"/proc/self/fd/{here}/run.log")
        os.close(here)
    kinds = {"status.json": "named pipe", "per_step.csv": "directory", "run.log": "socket"}
    for name, kind in kinds.items():
        for flags in (os.O_RDONLY, os.O_RDWR, os.O_WRONLY | os.O_CREAT | os.O_APPEND):
            with pytest.raises(NotRegular, match=kind):
                open_regular(session / name, flags)


def test_a_device_is_not_opened() -> None:
    with pytest.raises(NotRegular, match="device"):
        open_to_read(Path("/dev/zero"))


def test_a_file_beyond_its_size_is_not_read(session: Path) -> None:
    path = session / "status.json"
    path.touch()
    os.truncate(path, 1 << 40)
    for reading in (stat_regular, open_to_read, read_bytes):
        with pytest.raises(NotRegular, match="has 1099511627776 bytes; more than"):
            reading(path)


@pytest.mark.parametrize("flags", [os.O_RDWR, os.O_WRONLY | os.O_CREAT | os.O_TRUNC])
def test_nothing_is_written_through_a_link(flags: int, session: Path, outside: Path) -> None:
    (session / "run.log").symlink_to(outside)
    with pytest.raises(NotRegular, match="nothing is written through links"):
        open_regular(session / "run.log", flags)
    assert outside.read_bytes() == SECRET


def test_no_file_is_made_through_a_linked_folder(session: Path, outside: Path) -> None:
    (session / "session").rmdir()
    (session / "session").symlink_to(outside.parent)
    with pytest.raises(NotRegular, match="lies in session, which is a link"):
        open_regular(session / "session" / "meta.json", os.O_WRONLY | os.O_CREAT)
    assert not (outside.parent / "meta.json").exists()


def test_no_folder_is_written_to_through_a_link(session: Path, outside: Path) -> None:
    (session / "control").symlink_to(outside.parent)
    with pytest.raises(NotRegular, match="link"):
        folder_to_write(session / "control")
    assert folder_to_write(session / "other").is_dir()


def test_whether_a_path_leads_out_of_a_directory(session: Path, outside: Path) -> None:
    (session / "out").symlink_to(outside.parent)
    (session / "in").symlink_to("session")
    assert leads_out(session / "out" / "x", session)
    assert not leads_out(session / "in" / "x", session)
    assert not leads_out(session / "session", session)
