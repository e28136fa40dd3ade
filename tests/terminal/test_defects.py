"""A defect of the app itself: one line on a clean terminal, and the traceback in a file."""

import re
import sys
from pathlib import Path

import pytest

from tests.rundirs import make_run
from tests.terminal.harness import PtyProgram

BROKEN = """
import sys
from rich.errors import MarkupError
from tttui.cli.main import main
from tttui.screens.main import MainScreen

class Rich(Exception):
    def __rich__(self):
        return "[b]boom"

def broken(self):
    raise ERROR

MainScreen.action_yardsticks = broken
sys.exit(main())
"""


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("ValueError('a\\x1b]52;c;aGk=\\x07 [b] b' * 9)", "unexpected ValueError: a"),
        ("Rich('x')", "unexpected Rich: x"),
    ],
)
def test_an_error_in_the_app_is_one_line_with_the_traceback_in_a_file(
    tmp_path: Path, error: str, said: str
) -> None:
    program = tmp_path / "broken.py"
    program.write_text(BROKEN.replace("ERROR", error))
    run = str(make_run(tmp_path / "a", steps=200).path)
    command = [sys.executable, str(program), run]
    with PtyProgram(command, env={"TMPDIR": str(tmp_path)}) as terminal:
        terminal.wait_for("t 199 ")
        terminal.press("r")
        assert terminal.wait_exit() == 1
        left = bytes(terminal.raw).rpartition(b"\x1b[?1049l")[2]
        (line,) = re.findall(rb"error: [^\r\n]*", left)
        assert said.encode() in line
        assert b"this is a defect of tttui" in line
        assert b"Traceback" not in left
        assert b"\x1b]52" not in terminal.raw
        (log,) = tmp_path.glob("tttui-crash-*.log")
        assert str(log).encode() in line
        assert "Traceback" in log.read_text()
