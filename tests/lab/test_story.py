"""The story that docs/lab.md tells: from training two skills to reading the audit."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.test_commands import Shell
from tttui.lab.auditing import verify
from tttui.lab.registry import personas, resolve, results_of

PAGE = Path(__file__).parents[2] / "docs" / "lab.md"

SMALLER = {
    ("train", "start"): ("--steps", "80", "--batch", "8"),
    ("model", "test"): ("--steps", "64", "--streams", "6"),
}
"""What makes the commands quick: of two options of one name the last counts."""


def story() -> list[Sequence[str]]:
    """The words of the commands between its first step and its last."""
    match = re.search(r"```sh\n(# 1 Two skills.*?)```", PAGE.read_text(), re.DOTALL)
    assert match is not None
    return [shlex.split(line) for line in match[1].splitlines() if not line.startswith("#")]


@pytest.fixture
def shell(root: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(root, capsys)


def test_the_story_of_the_readme_comes_out_as_it_is_told(shell: Shell, root: Path) -> None:
    said: list[str] = []
    for words in story():
        assert words[0] == "tttui"
        assert shell(*words[1:], *SMALLER.get((words[1], words[2]), ())) == 0, (words, shell.err)
        said.append(shell.out)
    assert "road@v1: validation loss" in said[0]
    assert "ice@v1: validation loss" in said[1]
    tests = [one["result"]["verdict"] for one in results_of(root, resolve(root, "ice@v1"))]
    assert tests == ["better", "worse"]
    assert [move.version for move in personas(root)[0].moves] == ["road@v1", "ice@v1", "road@v1"]
    assert resolve(root, "ice").name == "ice@v2"
    assert resolve(root, "ice").parents == ("ice@v1",)
    assert "8 changes fit together" in said[-1]
    assert verify(root).fits
