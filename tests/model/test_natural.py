"""Names in the order in which people count."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tttui.model.natural import natural, natural_path


@pytest.mark.parametrize(
    "names",
    [
        ["run", "run1", "run2", "run10", "run10b", "run100"],
        ["1", "2", "10", "a", "a-2", "a-10"],
        ["seed7-lr0.5", "seed7-lr0.10", "seed11-lr0.1"],
        ["v" + "9" * 5000, "v1" + "0" * 5000],
        ["000", "06", "7", "008", "10"],
    ],
)
def test_numbers_in_names_count_as_numbers(names: list[str]) -> None:
    mixed = names[::-1]
    assert sorted(mixed, key=natural) == names


def test_paths_are_sorted_folder_by_folder() -> None:
    paths = [Path(p) for p in ("r/a/run2", "r/a/run10", "r/a-1/y", "r/a2/x", "r/a10/x")]
    mixed = paths[::-1]
    assert sorted(mixed, key=natural_path) == paths


@given(st.lists(st.text(st.characters(codec=None))))
def test_any_names_can_be_sorted(names: list[str]) -> None:
    assert sorted(map(natural, names)) == [natural(n) for n in sorted(names, key=natural)]
