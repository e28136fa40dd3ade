"""What a session takes of memory is no more than its settings say, and is asked before."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from tests.tasks.pointmass.runs.sessions import create, run_through, settings
from tttui.artifacts.checksum import json_bytes
from tttui.artifacts.intervention_writer import record
from tttui.artifacts.interventions import Intervention
from tttui.cli.main import main
from tttui.model.pointmass.settings import Settings, memory_needed
from tttui.tasks.pointmass.pretraining import Training
from tttui.tasks.pointmass.runs.planned import plan_session

OTHER = 5_000_000
"""Bytes that everything else takes."""


def peak() -> int:
    """The most memory that was taken since tracemalloc was started, which ends."""
    result = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return result


def change(directory: Path, group: str, **values: Any) -> None:
    """Change a meta.json as somebody does who sends a session to others."""
    path = directory / "session" / "meta.json"
    meta = json.loads(path.read_bytes())
    meta[group].update(values)
    path.write_bytes(json_bytes(meta))


@pytest.mark.parametrize(
    "values",
    [
        {"buffer_len": 10_000},
        {"buffer_len": 3000, "stored_state": False},
        {"chunk": 5000},
        {"anchor": 0.0, "forget": 0.0},
    ],
)
def test_a_run_takes_no_more_than_was_reckoned(values: dict[str, Any], tmp_path: Path) -> None:
    chosen = settings(**{"steps": 100, **values})
    tracemalloc.start()
    run_through(tmp_path / "a", chosen)
    assert peak() < sum(memory_needed(chosen).values()) + OTHER


@pytest.mark.parametrize(
    "values", [{}, {"pretrain_batch": 1000}, {"pretrain_seq": 1000}, {"u_dim": 256, "n_state": 128}]
)
def test_a_pretraining_takes_no_more_than_was_reckoned(values: dict[str, Any]) -> None:
    chosen = Settings().updated(values)
    tracemalloc.start()
    Training(chosen).advance()
    assert peak() < sum(memory_needed(chosen).values()) + OTHER


@pytest.mark.parametrize(
    ("group", "values"),
    [
        ("pretraining_cfg", {"pretrain_batch": 900_000}),
        ("pretraining_cfg", {"pretrain_batch": 10**12}),
        ("plasticity_cfg", {"buffer_len": 900_000}),
        ("model_cfg", {"n_state": 4096, "u_dim": 4096}),
    ],
)
def test_a_planned_session_that_asks_for_too_much_is_refused(
    group: str, values: dict[str, int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan_session(tmp_path / "a", settings(steps=30, pretrain_steps=3))
    change(tmp_path / "a", group, **values)
    tracemalloc.start()
    assert main(["resume", str(tmp_path / "a"), "--quiet"]) == 2
    assert peak() < OTHER
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert any(name in said for name in values)


def test_a_recorded_change_that_asks_for_too_much_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = create(tmp_path / "a", settings(steps=60, buffer_len=50_000))
    run.advance(40)
    run.close("interrupted")
    record(tmp_path / "a", Intervention(40, "settings", {"stored_state": False}, 40))
    assert main(["resume", str(tmp_path / "a"), "--quiet"]) == 2
    assert "buffer_len: 50000 needs too much memory" in capsys.readouterr().err
