"""stdin, stdout and stderr as they were handed over: closed, of an ASCII locale, a cut pipe."""

import io
import os
import sys
from contextlib import suppress


def open_streams() -> None:
    """Make all three usable: what is closed (`>&-`) reads and writes nothing.

    Without it the next file that is opened, perhaps one of a session, would get the number of a
    closed stream, and whatever is printed would go into it.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free, which is this
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a locale without the glyph is no error


def give_up_output() -> None:
    """Drop what stdout still holds: Python would fail at it once more when it exits."""
    with suppress(OSError, ValueError):
        sys.stdout.close()
