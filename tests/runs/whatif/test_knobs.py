"""Knobs follow from the settings, never leave their range, and refuse what the engine refuses."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.runs.whatif.test_whatif import computed, read
from tests.tasks.pointmass.runs.sessions import create, run_through, settings
from tttui.model.errors import SettingError
from tttui.model.session import SessionData
from tttui.runs.whatif.knob import Knob
from tttui.runs.whatif.knobs import changes, knobs, refusal


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> SessionData:
    run = create(tmp_path_factory.mktemp("runs") / "one", settings(steps=80))
    run.advance(40)
    run.intervene("settings", {"lr": 0.01})
    run.intervene("mu", 0.3)
    run.advance(40)
    run.close("completed")
    return read(run.path)


def knob(data: SessionData, name: str, at: int = 0) -> Knob:
    return next(k for k in knobs(data, at) if k.name == name)


def test_their_values_are_what_was_in_force_at_the_step(data: SessionData) -> None:
    assert (knob(data, "lr").value, knob(data, "lr", 60).value) == (0.02, 0.01)
    assert (knob(data, "mu").value, knob(data, "mu", 60).value) == (data.meta.truth, 0.3)
    assert changes(knobs(data), {"lr": 0.02, "chunk": 16}) == {"chunk": 16}


@pytest.mark.parametrize(
    ("name", "ticks", "coarse", "turned"),
    [
        ("lr", 1, False, 0.025),
        ("lr", -2, True, 0.005),
        ("chunk", 1, True, 64),
        ("chunk", -1, False, 28),
        ("mu", 1, False, 0.12),
        ("noise_std", -5, True, 0.0),
        ("env_mode", 3, False, "nonlinear"),
        ("whiten", 1, False, False),
        ("preset", 2, False, "plain"),
    ],
)
def test_a_tick_is_one_step_of_its_own(
    data: SessionData, name: str, ticks: int, coarse: bool, turned: object
) -> None:
    result = knob(data, name)
    assert result.turned(result.value, ticks, coarse=coarse) == turned


@given(st.data())
@hypothesis_settings(max_examples=150, deadline=None)
def test_they_never_leave_their_range(data: SessionData, draw: st.DataObject) -> None:
    result = draw.draw(st.sampled_from(knobs(data)))
    value = result.value
    for ticks, coarse in draw.draw(
        st.lists(st.tuples(st.integers(-40, 40), st.booleans()), max_size=6)
    ):
        value = result.turned(value, ticks, coarse=coarse)
        result.check(value)
        assert result.parsed(result.text(value)) == pytest.approx(value)


def test_what_is_typed_is_refused_as_an_option_is(data: SessionData) -> None:
    assert knob(data, "inner_steps").parsed("4") == 4
    for name, typed, said in (
        ("lr", "-1", "lr: -1.0 is not above 0"),
        ("chunk", "many", "chunk: 'many' is not a whole number"),
        ("env_mode", "cubic", "env_mode: 'cubic' is not one of linear, nonlinear"),
        ("preset", "best", "preset: 'best' is unknown; choose from stable, plain"),
    ):
        with pytest.raises(SettingError) as refused:
            knob(data, name).parsed(typed)
        assert str(refused.value) == said


@pytest.mark.parametrize(
    ("at", "wanted"),
    [
        (0, {"min_buffer": 300}),
        (0, {"buffer_len": 1_000_000, "chunk": 1_000_000}),
        (30, {"chunk": 16}),
        (30, {"preset": "plain"}),
        (30, {"env_mode": "nonlinear"}),
        (30, {"lr": 0.5, "noise_std": 0.1}),
        (30, {"steps": 20}),
        (0, {"preset": "plain", "chunk": 16}),
    ],
)
def test_what_is_refused_is_what_the_engine_refuses(
    data: SessionData, at: int, wanted: dict[str, object]
) -> None:
    assert computed(data, at, wanted).error == refusal(data, at, wanted)


def test_a_knob_says_why_it_cannot_be_turned_at_a_step(data: SessionData) -> None:
    assert knob(data, "chunk", 30).refused == "cannot change at step 30; branch from the start (0)"
    assert not knob(data, "chunk").refused
    assert not knob(data, "lr", 30).refused


def test_a_session_without_changes_is_one_of_its_own_knobs(tmp_path: Path) -> None:
    plain = read(run_through(tmp_path / "plain", settings(preset="plain", steps=40)))
    assert knob(plain, "whiten").value is False
    assert all(k.help and k.label for k in knobs(plain))
