"""Thresholds that were changed while a run went on."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.rundirs import make_run
from tttui.artifacts.reader import SessionReader
from tttui.model.explain import limits
from tttui.model.session import SessionData


def changed(tmp_path: Path) -> SessionData:
    """Transactions at 32, 64, 96; a stricter gradient gate from step 64 on."""
    place = make_run(tmp_path / "a", steps=100)
    line = '{"t": 64, "known_at": 64, "kind": "settings", "value": {"grad_norm_max": 5.0}}'
    (place.path / "interventions.jsonl").write_text(line + "\n")
    return SessionReader(place).refresh()


def test_a_threshold_holds_from_the_step_of_its_change_on(tmp_path: Path) -> None:
    data = changed(tmp_path)
    assert limits(data, "grad_norm_max").tolist() == [20.0, 5.0, 5.0]
    assert [data.plasticity_at(t)["grad_norm_max"] for t in (63, 64)] == [20.0, 5.0]


def test_other_thresholds_stay_as_they_were(tmp_path: Path) -> None:
    assert set(limits(changed(tmp_path), "rollback_tol")) == {0.2}


def test_what_is_not_recorded_is_nan(tmp_path: Path) -> None:
    data = replace(changed(tmp_path), settings_changes=())
    assert np.isnan(limits(data, "none_of_them")).all()
