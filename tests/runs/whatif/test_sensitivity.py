"""Every knob is turned by its own step, and the table says what that does."""

from pathlib import Path

from tests.runs.whatif.test_whatif import computed, read
from tests.tasks.pointmass.runs.sessions import run_through, settings
from tttui.runs.whatif.compared import scores
from tttui.runs.whatif.result import WhatIfRequest
from tttui.runs.whatif.sensitivity import Sensitivity


def test_each_turn_is_the_what_if_with_that_value(tmp_path: Path) -> None:
    data = read(run_through(tmp_path / "recorded", settings(steps=150)))
    job = Sensitivity(WhatIfRequest(data, 0, {"inner_steps": 2}))
    progress = []
    while job.work():
        progress.append(job.result().done)
    result = job.result()
    assert (result.state, result.done) == ("done", result.total)
    assert progress == sorted(progress)
    effects = [row.effect for row in result.rows]
    assert effects == sorted(effects, reverse=True)
    assert effects[0] > 0
    rows = {row.knob.name: row for row in result.rows}
    assert rows["inner_steps"].value == 2
    assert [turn.value for turn in rows["lr"].turns] == [0.01, 0.05]
    for name, i in (("lr", 0), ("chunk", 1), ("whiten", 0)):
        turn = rows[name].turns[i]
        pair = scores(computed(data, 0, {"inner_steps": 2, name: turn.value}))
        assert pair is not None
        assert turn.loss == pair[1]
    assert result.sentence.startswith(f"sensitivity: {result.rows[0].knob.label} matters most: ")


def test_what_the_engine_refuses_is_a_row_that_says_so(tmp_path: Path) -> None:
    data = read(run_through(tmp_path / "recorded", settings(steps=40, buffer_len=32)))
    job = Sensitivity(WhatIfRequest(data, 0, {}))
    while job.work():
        pass
    rows = {row.knob.name: row for row in job.result().rows}
    smaller, _ = rows["buffer_len"].turns
    assert smaller.refused.startswith("min_buffer: 32 is above buffer_len 16")
    assert smaller.loss is None


def test_at_a_step_only_what_can_change_there_is_turned(tmp_path: Path) -> None:
    data = read(run_through(tmp_path / "recorded", settings(steps=100)))
    names = {row.knob.name for row in Sensitivity(WhatIfRequest(data, 60, {})).result().rows}
    assert {"lr", "mu", "inner_steps"} <= names
    assert not names & {"chunk", "buffer_len", "env_mode", "steps", "seed", "preset"}


def test_a_what_if_that_fails_ends_it(tmp_path: Path) -> None:
    data = read(run_through(tmp_path / "recorded", settings(steps=40)))
    job = Sensitivity(WhatIfRequest(data, 0, {"lr": -1.0}))
    while job.work():
        pass
    assert job.result().sentence == "sensitivity: lr: -1.0 is not above 0"
