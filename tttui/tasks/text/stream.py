"""A document that arrives while it is read: standard input, a named pipe, a socket."""

import os
import select
import stat
import sys
import time
from contextlib import suppress
from pathlib import Path

from tttui.model.errors import RefusedInput
from tttui.tasks.text.document import LARGEST, STDIN, empty

FIRST_S = 1.0
"""Seconds in which a stream that holds nothing at all is noticed before a session is made."""

AT_ONCE = 1 << 20
"""Bytes that are taken in at a time."""


class Arriving:
    """The bytes of a stream as they come; it is never waited for, except by `start` and `rest`."""

    def __init__(self, handle: int, name: str, largest: int = LARGEST) -> None:
        """Read an open file descriptor; `name` is for messages."""
        self.name = name
        self.ended = False
        """Nothing more comes."""
        self.truncated = False
        """More came than is read."""
        self._handle, self._room = handle, largest
        self._poll = select.poll()
        self._poll.register(handle, select.POLLIN)

    def start(self) -> bytes:
        """The first bytes, if they come soon. Raises RefusedInput where the stream is empty."""
        deadline = time.monotonic() + FIRST_S
        data = b""
        while not (data or self.ended) and (left := deadline - time.monotonic()) > 0:
            data = self.take(left)
        if self.ended and not data:
            raise empty(self.name)
        return data

    def take(self, wait_s: float = 0.0) -> bytes:
        """The bytes that have arrived, at most a megabyte; waits up to `wait_s` seconds for the
        first."""
        while not self.ended:
            ready = self._poll.poll(wait_s * 1000.0)
            if not ready:
                break
            try:
                data = os.read(self._handle, min(AT_ONCE, self._room + 1))
            except BlockingIOError:
                break
            except OSError as error:
                self.close()
                why = error.strerror or error
                raise RefusedInput(f"--file {self.name}: cannot be read: {why}") from None
            if not data:
                self.close()
                break
            if len(data) > self._room:
                self.truncated, data = True, data[: self._room]
                self.close()
            self._room -= len(data)
            return data
        return b""

    def rest(self) -> bytes:
        """All bytes up to the end of the stream; waits for it."""
        parts = list[bytes]()
        while not self.ended:
            parts.append(self.take(1.0))
        return b"".join(parts)

    def close(self) -> None:
        """Close the stream."""
        self.ended = True
        if self._handle > 2:
            with suppress(OSError):
                os.close(self._handle)


def arriving(file: str) -> Arriving | None:
    """The stream that a document comes from; None where it is a file that is there as a whole.

    Raises RefusedInput where there is nothing to read from.
    """
    if file != STDIN:
        return _named(file)
    try:
        handle = sys.stdin.fileno()
        kind = os.fstat(handle).st_mode
    except (OSError, ValueError, AttributeError):
        return None
    if stat.S_ISREG(kind) or os.isatty(handle):
        return None
    return Arriving(handle, "standard input")


def _named(file: str) -> Arriving | None:
    """A FIFO: its opening does not wait for somebody to write."""
    try:
        if not stat.S_ISFIFO(Path(file).stat().st_mode):
            return None
        return Arriving(os.open(file, os.O_RDONLY | os.O_NONBLOCK), file)
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            return None  # `take_in` says so
        raise RefusedInput(f"--file {file}: cannot be read: {error.strerror}") from None
