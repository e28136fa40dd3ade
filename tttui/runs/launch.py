"""Starting, resuming and forking sessions from the app: a command line, in its own process.

What the app starts is exactly what a person could have typed. The command makes the session,
hands it to the background (which pretrains a base where none fits) and ends; nothing of it
depends on the app, which may leave or die meanwhile.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tttui.model.errors import TttuiError
from tttui.runs.child import start_tttui

LOOK_S = 0.1
"""Seconds between two looks at what the command says."""


def launch(words: Sequence[str], on_notice: Callable[[str], object]) -> Path:
    """Run `tttui <words> --detach`; returns the directory of the session that now runs.

    Call it in a thread. `on_notice` gets each new line of progress. Raises TttuiError with what the
    command complained of.
    """
    return Path(json.loads(run_command([*words, "--detach", "--json"], on_notice))["path"])


def run_command(words: Sequence[str], on_notice: Callable[[str], object]) -> str:
    """Run `tttui <words>` to its end; returns what it printed.

    Call it in a thread. `on_notice` gets each new line of progress. Raises TttuiError with what the
    command complained of.
    """
    # Files, not pipes: the command must not notice it when nobody reads them any more.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as progress:
        process = start_tttui(words, output=output, messages=progress)
        shown = ""
        while True:
            try:
                code = process.wait(LOOK_S)
                break
            except subprocess.TimeoutExpired:
                if (line := _last_line(progress.fileno())) != shown:
                    shown = line
                    on_notice(line)
        if code != 0:
            line = _last_line(progress.fileno()).removeprefix("error: ")
            raise TttuiError(line or f"`tttui {words[0]}` ended with exit code {code}")
        output.seek(0)
        return output.read().decode(errors="replace")


def _last_line(handle: int) -> str:
    size = os.fstat(handle).st_size
    tail = os.pread(handle, 4096, max(0, size - 4096)).decode(errors="replace")
    return next((line for line in reversed(tail.splitlines()) if line.strip()), "")
