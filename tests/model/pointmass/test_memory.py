"""Settings that would take more memory than a session may have are refused before it is taken."""

from typing import Any

import pytest

from tttui.model.errors import SettingError
from tttui.model.pointmass.settings import MOST_MEMORY, Settings, memory_needed


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("buffer_len", {"buffer_len": 200_000}),
        ("buffer_len", {"buffer_len": 20_000, "n_state": 512}),
        ("buffer_len", {"buffer_len": 20_000, "stored_state": False}),
        ("chunk", {"chunk": 200_000}),
        ("n_state", {"n_state": 4096}),
        ("u_dim", {"u_dim": 4096}),
        ("u_dim", {"u_dim": 2500, "n_state": 500}),
        ("pretrain_seq", {"pretrain_seq": 100_000}),
        ("pretrain_batch", {"pretrain_batch": 100_000}),
        ("pretrain_batch", {"pretrain_batch": 1200, "n_state": 1000}),
    ],
)
def test_the_setting_that_takes_too_much_is_named(name: str, values: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match="needs too much memory: with n_state") as error:
        Settings().updated(values).validate()
    assert error.value.name == name
    assert str(values[name]) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "name", ["pretrain_steps", "pretrain_batch", "pretrain_seq", "history_mb", "chunk"]
)
def test_what_sizes_memory_has_a_maximum(name: str) -> None:
    with pytest.raises(SettingError, match="above the largest allowed value") as error:
        Settings().updated({name: 10**12}).validate()
    assert error.value.name == name


@pytest.mark.parametrize(
    "values",
    [
        {"n_state": 1024, "u_dim": 1024},
        {"buffer_len": 50_000},
        {"chunk": 50_000},
        {"pretrain_batch": 256, "pretrain_seq": 256},
        {"history_mb": 1000},
    ],
)
def test_large_sessions_are_allowed(values: dict[str, Any]) -> None:
    chosen = Settings().updated(values).validate()
    assert sum(memory_needed(chosen).values()) <= MOST_MEMORY
