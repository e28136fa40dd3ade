"""scores.csv, the transactions and meta.json -> what `model.ledger` judges."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tttui.artifacts.jsonfile import decode, read_object, whole
from tttui.artifacts.layout import SCORES, files_of
from tttui.artifacts.regular import LARGEST_TABLE, open_to_read
from tttui.artifacts.steps_csv import StepsFile
from tttui.model.errors import TttuiError
from tttui.model.ledger import LedgerRecords, VersionChange, as_ranges
from tttui.model.session import Place, Problem

LONGEST_LINE = 1 << 20
"""Bytes; a longer one is left out and named."""

_SCORE = re.compile(rb"(\d{1,18}),([0-9a-f]{4,64})\r?")


def read_records(place: Place, run: str | None = None) -> tuple[LedgerRecords, list[Problem]]:
    """The version records of a session; damaged ones are left out and reported."""
    files = files_of(place, run or place.run or (place.runs[-1] if place.runs else None))
    problems: list[Problem] = []
    meta = _meta(files.meta, problems)
    steps: list[int] = []
    if files.steps is not None:
        table = StepsFile(files.steps)
        try:
            table.refresh()
            steps = table.steps.t.tolist()
            problems += table.problems()
        except OSError as error:
            problems.append(Problem("steps", files.steps, f"cannot be read: {error.strerror}"))
    scores = dict(_scores(place.path / SCORES, problems))
    changes, moved = [], False
    if files.event_lines is not None:
        for event in _events(files.event_lines, problems):
            moved = moved or "buffers" in event
            changes.append(_change(event))
    base = meta.get("base_version")
    ordered = sorted(scores.items())
    base_version = base if isinstance(base, str) else None
    return LedgerRecords(steps, ordered, changes, base_version, moved), problems


def _change(event: Mapping[str, Any]) -> VersionChange:
    def text(key: str) -> str | None:
        value = event.get(key)
        return value if isinstance(value, str) else None

    return VersionChange(
        t=whole(event.get("t")) or 0,
        before=text("version_before"),
        after=text("version"),
        trained_on=as_ranges(event.get("trained_on")),
        why=text("why") or "",
        since=whole(event.get("after")),
    )


def _meta(path: Path, problems: list[Problem]) -> Mapping[str, Any]:
    try:
        return read_object(path)
    except FileNotFoundError:
        problems.append(Problem("meta", path, "the file is not there", missing=True))
    except TttuiError as error:
        problems.append(Problem("meta", path, str(error).removeprefix(f"{path}: ")))
    return {}


def _scores(path: Path, problems: list[Problem]) -> Iterator[tuple[int, str]]:
    wrong = 0
    for number, line in _lines(path, "scores", problems):
        if number == 1:
            continue
        match = _SCORE.fullmatch(line)
        if match:
            yield int(match[1]), match[2].decode()
        else:
            wrong += 1
    if wrong:
        problems.append(Problem("scores", path, f"{wrong} lines are no scores and are left out"))


def _events(path: Path, problems: list[Problem]) -> Iterator[Mapping[str, Any]]:
    wrong = 0
    for _, line in _lines(path, "transactions", problems):
        if not line.strip():
            continue
        try:
            event = decode(line)
        except ValueError:
            event = None
        if isinstance(event, dict):
            yield event
        else:
            wrong += 1
    if wrong:
        reason = f"{wrong} lines are no events and are left out"
        problems.append(Problem("transactions", path, reason))


def _lines(path: Path, part: str, problems: list[Problem]) -> Iterator[tuple[int, bytes]]:
    """Number and content of every whole line; skips an unfinished last line."""
    rest, number = b"", 0
    try:
        with open_to_read(path, LARGEST_TABLE) as file:
            while block := file.read(1 << 20):
                *whole_lines, rest = (rest + block).split(b"\n")
                for line in whole_lines:
                    number += 1
                    yield number, line
                if len(rest) > LONGEST_LINE:
                    reason = f"line {number + 1} has more than {LONGEST_LINE} bytes"
                    problems.append(Problem(part, path, f"{reason}; nothing after it is read"))
                    return
    except FileNotFoundError:
        problems.append(Problem(part, path, "the file is not there", missing=True))
    except OSError as error:
        problems.append(Problem(part, path, f"cannot be read: {error.strerror or error}"))
