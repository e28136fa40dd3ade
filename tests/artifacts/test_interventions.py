"""What the screen is told of the changes that were made to a run."""

from pathlib import Path

import pytest

from tttui.artifacts.interventions import (
    INTERVENTIONS,
    Changes,
    in_words,
    read_interventions,
    recorded,
)
from tttui.artifacts.meta import parse_meta
from tttui.model.errors import RefusedInput
from tttui.model.session import Meta


def words_of(path: Path, meta: Meta) -> Changes:
    return in_words(read_interventions(path)[0], meta)


def meta(**raw: object) -> Meta:
    return parse_meta({"mu": 0.05, "plasticity_cfg": {"lr": 0.002}, **raw})[0]


def test_changes_are_told_in_order_of_their_steps(tmp_path: Path) -> None:
    path = tmp_path / "interventions.jsonl"
    path.write_text(
        '{"t": 90, "kind": "mu", "value": 0.3}\n'
        '{"t": 40, "kind": "settings", "value": {"lr": 0.01}}\n'
        '{"t": 95, "kind": "update", "value": null}\n'
        '{"t": 97, "kind": "mu", "value": 0.1}\n'
        '{"t": 98, "kind": "rollback", "value": 64}\n'
        '{"t": 99, "kind": "fault", "value": "nan"}\n'
        '{"t": 96, "ki'
    )
    assert read_interventions(path)[1] == []
    assert words_of(path, meta()) == (
        (40, "lr 0.002 -> 0.01"),
        (90, "mu 0.05 -> 0.3"),
        (95, "update forced"),
        (97, "mu 0.3 -> 0.1"),
        (98, "rolled back to t 64"),
        (99, "fault: nan"),
    )


def test_a_friction_that_was_planned_to_change_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "interventions.jsonl"
    path.write_text('{"t": 90, "kind": "mu", "value": 0.3}\n')
    known = meta(mu_schedule=[[30, 0.2], [90, 0.3]])
    assert words_of(path, known) == ((30, "mu 0.05 -> 0.2"), (90, "mu 0.2 -> 0.3"))


def test_damaged_lines_are_named_and_the_rest_is_told(tmp_path: Path) -> None:
    path = tmp_path / "interventions.jsonl"
    path.write_bytes(b'\xff\n{"t": "x", "kind": "mu"}\n[1]\n{"t": 5, "kind": "update"}\n')
    changes, problems = read_interventions(path)
    assert [change.t for change in changes] == [5]
    assert problems[0].reason == "line 1 is no intervention"


@pytest.mark.parametrize(
    "line",
    [
        b'{"t": 1}',
        b'{"t": -1, "kind": "update"}',
        b'{"t": 1, "kind": "magic"}',
        b'{"t": 1, "kind": "mu", "value": 2}',
        b'{"t": 1, "kind": "settings", "value": {"lr": "fast"}}',
        b'{"t": 1, "kind": "rollback", "value": "base"}',
        b'{"t": 1, "kind": "update", "known_at": "then"}',
    ],
)
def test_what_a_replay_refuses_is_named_to_who_looks(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / INTERVENTIONS
    path.write_bytes(line + b"\n")
    with pytest.raises(RefusedInput, match="line 1 is not an intervention"):
        recorded(tmp_path)
    assert [p.reason[:6] for p in read_interventions(path)[1]] == ["line 1"]
