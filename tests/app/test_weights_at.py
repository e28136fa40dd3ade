"""What is worked out for the weights at the cursor, and when it has to be worked out again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.rundirs import make_run
from tttui.artifacts.reader import SessionReader
from tttui.model.session import SessionData
from tttui.model.weights import Aspect
from tttui.panes.architecture.model_facts import same
from tttui.panes.weights import weights_at
from tttui.panes.weights.weights_at import Finder, WeightsAnswer, WeightsRequest


@pytest.fixture
def data(tmp_path: Path) -> SessionData:
    return SessionReader(make_run(tmp_path / "run", seed=3)).refresh()


def request_for(
    data: SessionData, t: int, aspect: Aspect = "value", transaction: int | None = None
) -> WeightsRequest:
    return WeightsRequest(data, aspect, t, transaction, None, None)


def answer_for(data: SessionData, t: int, aspect: Aspect = "value") -> WeightsAnswer:
    return Finder().find(request_for(data, t, aspect))


def test_steps_between_two_snapshots_show_the_same(data: SessionData) -> None:
    assert data.history is not None
    first, second = (int(t) for t in data.history.t[1:3])
    assert same(request_for(data, first).key, request_for(data, second - 1).key)
    assert not same(request_for(data, first).key, request_for(data, second).key)


def test_the_commit_at_the_cursor_depends_on_the_very_step(data: SessionData) -> None:
    assert data.history is not None
    t = int(data.history.t[1])
    assert not same(request_for(data, t, "commit").key, request_for(data, t + 1, "commit").key)


def test_new_steps_of_a_run_without_a_new_snapshot_show_the_same(data: SessionData) -> None:
    later = replace(data, metrics={})
    assert same(request_for(data, 99).key, request_for(later, 99).key)


def test_matrices_of_the_usual_size_are_worked_out_at_once(
    tmp_path: Path, data: SessionData
) -> None:
    large = SessionReader(make_run(tmp_path / "large", shape=(96, 192), steps=64)).refresh()
    assert request_for(data, 99).quick
    assert not request_for(large, 63).quick


def test_everything_is_there_before_it_is_shown(data: SessionData) -> None:
    answer = answer_for(data, 599, "start")
    assert answer.shown.matrices.keys() == answer.pyramids.keys() == {"W_u", "B", "W_o"}
    assert len(answer.pyramids["B"].levels) == 6
    assert [of.name for of in answer.spectra] == ["W_u", "B", "W_o"]


def test_what_moved_is_told_of_the_change_that_is_shown(data: SessionData) -> None:
    answer = answer_for(data, 599, "previous")
    assert answer.moved is not None
    assert answer.moved.of == "change since the previous commit"
    name, axis, parts = answer.moved.lists[0]
    change = answer.shown.matrices[name]
    norms = np.sort(np.linalg.norm(change, axis=1 - axis))[::-1]
    assert [part.change for part in parts] == pytest.approx(norms[: len(parts)].tolist())


def test_values_tell_what_moved_since_the_start(data: SessionData) -> None:
    answer = answer_for(data, 599)
    assert answer.moved is not None
    assert answer.moved.of == "change since the start"


def test_the_growth_of_a_condition_number_counts_from_the_start(data: SessionData) -> None:
    assert answer_for(data, 0).spectra[1].growth == pytest.approx(1.0)


def test_memory_that_does_not_suffice_is_said(
    data: SessionData, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(weights_at, "compare", fail)
    assert "not enough memory" in answer_for(data, 599).shown.why_not
