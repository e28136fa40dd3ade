"""Runs that outlive the terminal: a process of its own continues from the checkpoint."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

OUTPUT = "run.out"
"""What a background process prints, beside the engine's own run.log; empty unless it breaks."""


def continue_in_background(
    directory: Path, *, max_rate: float | None = None, more: Sequence[str] = ()
) -> int:
    """Start a process without a terminal that resumes the session; returns its pid.

    The caller has closed the session, so that its lock is free.
    """
    command = [sys.executable, "-m", "tttui", "resume", str(directory.absolute()), "--quiet", *more]
    if max_rate is not None:
        command += ["--speed-limit", f"{max_rate:g}"]
    with (directory / OUTPUT).open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd=directory.absolute().parent,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
    return process.pid
