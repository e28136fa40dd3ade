"""A log that grows is read at its end."""

from pathlib import Path

import pytest

import tttui.artifacts.logfile as logfile
from tttui.artifacts.logfile import KEEP, LogFile, LogTail

LINE = "2026-01-01 10:00:00,000 {level:<7} {text}\n"


def append(path: Path, text: str, level: str = "INFO") -> None:
    with path.open("a") as file:
        file.write(LINE.format(level=level, text=text))


def texts(tail: LogTail) -> list[str]:
    return [line.text.split(maxsplit=3)[-1] for line in tail.lines]


def test_what_is_appended_follows(tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    log = LogFile(path)
    assert log.read().lines == ()
    append(path, "one")
    assert texts(log.read()) == ["one"]
    append(path, "two", "WARNING")
    tail = log.read()
    assert texts(tail) == ["one", "two"]
    assert [line.level for line in tail.lines] == ["INFO", "WARNING"]
    assert log.read() is tail


def test_lines_without_a_level_belong_to_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    append(path, "failed", "ERROR")
    with path.open("a") as file:
        file.write("Traceback ...\n")
    assert [line.level for line in LogFile(path).read().lines] == ["ERROR", "ERROR"]


def test_a_log_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    append(path, "old")
    log = LogFile(path)
    log.read()
    path.unlink()
    assert log.read().lines == ()
    append(path, "new")
    assert texts(log.read()) == ["new"]


def test_only_the_end_of_a_long_log_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    path.write_text("".join(LINE.format(level="INFO", text=n) for n in range(KEEP + 10)))
    tail = LogFile(path).read()
    assert (len(tail.lines), tail.skipped) == (KEEP, 10)
    assert texts(tail)[-1] == str(KEEP + 9)


def test_a_huge_log_is_read_from_near_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logfile, "TAIL", 1000)
    path = tmp_path / "run.log"
    path.write_text("".join(LINE.format(level="INFO", text=n) for n in range(1000)))
    log = LogFile(path)
    shown = texts(log.read())
    assert shown == [str(n) for n in range(1000 - len(shown), 1000)]
    assert 10 < len(shown) < 30
    append(path, "more")
    assert texts(log.read())[-1] == "more"


def test_a_line_does_nothing_to_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    path.write_bytes(b"INFO \x1b[2Jwiped\x07 \xff\xfe\n")
    assert LogFile(path).read().lines[0].text == "INFO \\x1b[2Jwiped\\x07 \ufffd\ufffd"
