"""Names of sessions never leave the run root."""

import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tttui.artifacts.names import run_directory, usable_name, validate_name
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
        "filler\u3164",
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


@given(st.text(st.characters(codec=None)), st.sampled_from(["", "-fork", "-12"]))
def test_any_name_has_a_usable_one_beside_it(name: str, ending: str) -> None:
    usable = usable_name(name, ending)
    assert validate_name(usable) == usable
    assert usable.endswith(ending)


@pytest.mark.parametrize(
    ("name", "usable"),
    [
        ("demo", "demo-fork"),
        ("[a] $b 名", "[a] $b 名-fork"),
        ("é" * 50, "é" * 47 + "-fork"),
        ("-rf", "rf-fork"),
        ("a\x1b[2J\nb\udcff", "a_[2J_b_-fork"),
        ("...", "unnamed-fork"),
    ],
)
def test_the_name_of_a_fork_is_as_near_to_its_parents_as_it_can_be(name: str, usable: str) -> None:
    assert usable_name(name, "-fork") == usable


def test_a_link_out_of_the_root_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    root.mkdir()
    (root / "escape").symlink_to(tmp_path)
    with pytest.raises(RefusedInput, match="leads out of"):
        run_directory(root, "escape")
