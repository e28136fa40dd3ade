"""Names of sessions never leave the run root."""

import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tttui.artifacts.names import run_directory, validate_name
from tttui.model.errors import RefusedInput


@pytest.mark.parametrize("name", ["demo", "mu_0.1", "a b", "größe", "x" * 100, "1"])
def test_ordinary_names_are_accepted(name: str, tmp_path: Path) -> None:
    assert run_directory(tmp_path, name) == tmp_path / name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../x",
        "/etc",
        "a/b",
        "a\\b",
        "a\x00b",
        "a\nb",
        "\x1b[31m",
        " a",
        "a ",
        ".hidden",
        "-rf",
        "x" * 101,
        "é" * 51,
        "bases",
        "base",
        "sessions",
        "\udcff",
    ],
)
def test_names_that_are_no_names_are_refused(name: str) -> None:
    with pytest.raises(RefusedInput):
        validate_name(name)


@given(st.text(max_size=12))
def test_whatever_is_accepted_lies_directly_below_the_root(name: str) -> None:
    with contextlib.suppress(RefusedInput):
        path = run_directory(Path("/root-of-runs"), name)
        assert os.path.normpath(path) == f"/root-of-runs/{name}"


def test_a_link_out_of_the_root_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    root.mkdir()
    (root / "escape").symlink_to(tmp_path)
    with pytest.raises(RefusedInput, match="leads out of"):
        run_directory(root, "escape")
