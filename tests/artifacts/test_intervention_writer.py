"""The record of what was changed while a session ran."""

from pathlib import Path

import pytest

from tttui.artifacts.intervention_writer import drop_half_written, record
from tttui.artifacts.interventions import INTERVENTIONS, Intervention, recorded
from tttui.model.errors import RefusedInput


def test_what_is_recorded_is_read_again_in_order_of_effect(tmp_path: Path) -> None:
    later = Intervention(t=200, kind="mu", value=0.3, known_at=10)
    now = Intervention(t=50, kind="settings", value={"lr": 0.01}, known_at=50)
    record(tmp_path, later)
    record(tmp_path, now)
    assert recorded(tmp_path) == [now, later]
    assert later.planned
    assert not now.planned


def test_a_session_without_the_file_had_none(tmp_path: Path) -> None:
    assert recorded(tmp_path) == []


def test_a_half_written_line_is_no_record_and_does_not_spoil_the_next(tmp_path: Path) -> None:
    first = Intervention(t=1, kind="update", known_at=1)
    record(tmp_path, first)
    with (tmp_path / INTERVENTIONS).open("ab") as file:
        file.write(b'{"t": 2, "ki')
    assert recorded(tmp_path) == [first]
    drop_half_written(tmp_path)
    second = Intervention(t=3, kind="update", known_at=3)
    record(tmp_path, second)
    assert recorded(tmp_path) == [first, second]


@pytest.mark.parametrize("line", ["nonsense", "[1]", '{"t": 1}', '{"t": 1, "kind": "magic"}'])
def test_a_damaged_line_is_named(tmp_path: Path, line: str) -> None:
    record(tmp_path, Intervention(t=1, kind="update", known_at=1))
    with (tmp_path / INTERVENTIONS).open("a") as file:
        file.write(line + "\n")
    with pytest.raises(RefusedInput, match=r"interventions.jsonl: line 2 is not"):
        recorded(tmp_path)
