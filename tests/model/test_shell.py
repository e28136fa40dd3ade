"""A command line that is shown or copied means to a shell what it says."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tttui.model.shell import command_line
from tttui.model.text import visible

WORDS = [
    "plain",
    "two words",
    "$HOME `id` \"x\" 'y' \\",
    "\x1b]52;c;aGk=\x07",
    "it's\na line\t\\",
    "名前\u202e",
    "byte \udcff",
    "",
    "-x",
]


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_a_shell_reads_every_word_as_it_was() -> None:
    line = command_line("printf", r"%s\0", *WORDS)
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=True)
    assert [os.fsdecode(word) for word in done.stdout.split(b"\0")] == [*WORDS, ""]


@given(st.lists(st.text(st.characters(codec=None))))
def test_nothing_in_a_command_line_acts_on_a_terminal(words: list[str]) -> None:
    line = command_line(*words)
    assert visible(line) == line


def test_a_path_is_never_an_option() -> None:
    assert command_line("tttui", Path("-x"), Path("runs/-x"), "-x") == "tttui ./-x runs/-x -x"
