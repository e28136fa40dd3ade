"""What arrives at a real terminal stems from tttui alone, never from the files of a session."""

import re
import sys
from pathlib import Path

import pytest

from tests.hostile import NAME, hostile_run
from tests.terminal.harness import PtyProgram
from tttui.model.text import visible

TTTUI = (sys.executable, "-m", "tttui")

OURS = re.compile(r"\x1b(?:\[[0-9;?<>=]*[ $]?[a-zA-IK-Z]|\]22;[a-z]*\x07|[78=>(][B0]?)|[\n\r\b]")
"""What the app sends beside text: no OSC but the mouse pointer's shape, nothing that erases."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    hostile_run(tmp_path, status="failed")
    return tmp_path


def foreign_sequences(raw: bytes) -> list[str]:
    """What of the bytes is neither text nor a sequence of ours, with what follows it."""
    text = OURS.sub("", raw.decode())
    return [text[i : i + 9] for i, char in enumerate(text) if visible(char) != char]


def test_the_app_sends_no_sequence_of_a_session(root: Path) -> None:
    with PtyProgram([*TTTUI, str(root)]) as program:
        program.wait_for("t 199 ")
        for number in "123456":
            program.press(number)
            program.settle()
        program.press("g", "?")
        program.wait_for("Help:")
        program.press("escape")
        program.wait_for("q quit")
        program.settle()
        program.press("q")
        assert program.wait_exit() == 0
        assert foreign_sequences(bytes(program.raw)) == []
        assert b"\x1b]52" not in program.raw


@pytest.mark.parametrize("words", [["ls"], ["show"], ["verify"], ["resume", "--steps", "3"]])
def test_a_command_sends_no_sequence_of_a_session(root: Path, words: list[str]) -> None:
    path = root if words == ["ls"] else root / NAME
    with PtyProgram([*TTTUI, words[0], str(path), *words[1:]]) as program:
        assert program.wait_exit(timeout=60) in (0, 1, 2)
        assert foreign_sequences(bytes(program.raw)) == []
        assert b"\\x1b]52" in program.raw
