"""Starting tttui itself as a process of its own.

Such a process imports the same modules as this one, wherever it is started: never from the working
directory, which may hold untrusted sessions.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any


def start_tttui(
    words: Sequence[str],
    *,
    output: IO[Any],
    messages: IO[Any],
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> "subprocess.Popen[bytes]":
    """Start `tttui <words>` in a session of its own, without a terminal.

    stdout goes to the file `output`, stderr to `messages`; `env` is by default the environment of
    this process.
    """
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "tttui", *words],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=messages,
        start_new_session=True,
        cwd=cwd,
        env=environment(os.environ if env is None else env),
    )


def environment(ours: Mapping[str, str]) -> dict[str, str]:
    """The environment of such a process: `ours`, with nothing that names its working directory.

    Relative entries of PYTHONPATH would mean other directories there, and an empty one means
    the working directory itself.
    """
    theirs = dict(ours) | {"PYTHONUNBUFFERED": "1", "PYTHONSAFEPATH": "1"}
    if "PYTHONPATH" in ours:
        entries = ours["PYTHONPATH"].split(os.pathsep)
        theirs["PYTHONPATH"] = os.pathsep.join(filter(os.path.isabs, entries))
    return theirs
