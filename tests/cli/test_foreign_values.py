"""No value of any key of any file ends a command with a traceback."""

import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.rundirs import make_run
from tests.tasks.pointmass.runs.sessions import base_of, settings
from tttui.cli.main import main

ODD: dict[str, object] = {
    "text": "abc",
    "number as text": "0.5",
    "true": True,
    "null": None,
    "nan": math.nan,
    "infinity": math.inf,
    "negative": -1,
    "1e300": 1e300,
    "400 digits": 10**400,
    "fraction": 2.5,
    "list": [[1, 2], "x"],
    "object": {"t": {"b": 1}},
    "deep": json.loads("[" * 90 + "]" * 90),
    "control": "\x00\n\x1b[31m",
    "milliseconds": 1795289100000,
}

QUICK = (("show",), ("ls",))
"""Commands that are tried with every value of every key."""

AS_JSON = (("show", "--json"), ("ls", "--json"))
"""The same, to be read by programs: what they cannot write are some of the values."""

SLOW = (("verify",), ("fork", "--no-run"))
"""Commands that compute."""

SOME = ("text", "400 digits", "nan", "deep")
"""Values with which those and JSON are tried."""


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session of another program."""
    place = make_run(tmp_path_factory.mktemp("good") / "a", steps=64, layout="flat")
    (place.path / "base_checkpoint.pt").write_bytes(base_of(settings()).content)
    return place.path


def places_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every key, and to the keys of the first element of every list."""
    items: Any = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        items = enumerate(value[:1])
    for key, inner in items:
        yield (*path, key)
        yield from places_in(inner, (*path, key))


def with_value(value: Any, path: tuple[Any, ...], odd: object) -> Any:
    copy = json.loads(json.dumps(value))
    at = copy
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = odd
    return copy


def runs_through(
    root: Path, command: tuple[str, ...], capsys: pytest.CaptureFixture[str], what: object
) -> None:
    where = [str(root)] if command[0] == "ls" else [str(root / "a")]
    more = ["--root", str(root / "forks")] if command[0] == "fork" else []
    code = main([command[0], *where, *command[1:], *more])
    err = capsys.readouterr().err
    assert code in (0, 1, 2), what
    assert "unexpected" not in err, what
    assert err.count("\n") <= 1, what


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    "file", ["session/meta.json", "session/metrics.json", "update_events.json"]
)
def test_any_value_of_any_key_is_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], good: Path, file: str, odd: str
) -> None:
    shutil.copytree(good, tmp_path / "a")
    path = tmp_path / "a" / file
    value = json.loads(path.read_text())
    for where in places_in(value):
        path.write_text(json.dumps(with_value(value, where, ODD[odd])))
        for command in (*QUICK, *AS_JSON) if odd in SOME else QUICK:
            runs_through(tmp_path, command, capsys, (where, command))


@pytest.mark.parametrize("odd", SOME)
@pytest.mark.parametrize("command", SLOW)
def test_any_value_of_any_key_of_the_settings_is_computed_with_or_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    good: Path,
    command: tuple[str, ...],
    odd: str,
) -> None:
    shutil.copytree(good, tmp_path / "a")
    path = tmp_path / "a" / "session" / "meta.json"
    value = json.loads(path.read_text())
    for where in places_in(value):
        path.write_text(json.dumps(with_value(value, where, ODD[odd])))
        runs_through(tmp_path, command, capsys, where)


def test_a_number_too_large_for_a_float_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], good: Path
) -> None:
    shutil.copytree(good, tmp_path / "a")
    path = tmp_path / "a" / "session" / "metrics.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "anything": 10**400}))
    assert main(["show", str(tmp_path / "a")]) == 0
    assert "anything" in capsys.readouterr().out
