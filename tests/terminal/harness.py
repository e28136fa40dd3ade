"""A real pty with a terminal on it: runs a command, answers its queries, keeps its screen."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

import psutil
import pyte

KEYS = {
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "enter": "\r",
    "escape": "\x1b",
    "space": " ",
    "ctrl+c": "\x03",
    "ctrl+l": "\x0c",
    "ctrl+p": "\x10",
}

# Sequences that pyte would print as text, or that ask the terminal something.
PRIVATE = re.compile(
    rb"\x1b\[[<>=?][0-9;]*[$ ]?[a-zA-Z]|\x1b\[[0-9;]*\$[a-z]"
    rb"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1bP[^\x1b]*\x1b\\"
)
UNFINISHED = re.compile(rb"\x1b(?:\[[0-9;<>=?$ ]*|\][^\x07\x1b]*|P[^\x1b]*)?\Z")
ANSWERS = {
    b"\x1b[c": b"\x1b[?62;22c",
    b"\x1b[?2026$p": b"\x1b[?2026;2$y",
    b"\x1b[6n": b"\x1b[1;1R",
}


class PtyProgram:
    """A command on a pty of a fixed size; use it as a context manager."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 120,
        rows: int = 40,
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._held = b""
        self.bytes = 0
        self.raw = bytearray()
        self.read_at = 0.0
        """When something was last read (before it was drawn on the screen here)."""
        self.status: int | None = None
        self._home = TemporaryDirectory()
        """For what the program remembers: nothing of another run, nothing of the user's."""
        self.started = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                if cwd is not None:
                    os.chdir(cwd)
                drop = ("NO_COLOR", "TMUX", "COLUMNS", "LINES")
                full = {k: v for k, v in os.environ.items() if k not in drop}
                full |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}
                full |= dict.fromkeys(("XDG_STATE_HOME", "XDG_CONFIG_HOME"), self._home.name)
                os.execvpe(command[0], list(command), {**full, **(env or {})})
            finally:
                os._exit(127)
        self.resize(columns, rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.kill()

    def resize(self, columns: int, rows: int) -> None:
        """Change the terminal's size, as a person would by dragging its corner."""
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(rows, columns)

    def text(self) -> str:
        """What the screen shows."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def pump(self, wait: float) -> bool:
        """Read once, waiting at most `wait` seconds; False when nothing came or it has ended."""
        if self.status is not None or not select.select([self.fd], [], [], max(0.0, wait))[0]:
            return False
        try:
            data = os.read(self.fd, 1 << 16)
        except OSError:
            data = b""
        if not data:
            self._reap()
            return False
        self.read_at = time.perf_counter()
        self.bytes += len(data)
        self.raw += data
        self._feed(data)
        return True

    def wait_for(self, pattern: str, timeout: float = 20.0) -> str:
        """Read until the screen matches; returns the matched text, or fails with the screen."""
        wanted = re.compile(pattern)
        end = time.monotonic() + timeout
        while True:
            result = wanted.search(self.text())
            if result:
                return result.group()
            if time.monotonic() > end or self.status is not None:
                raise AssertionError(f"{pattern!r} never came up; the screen:\n{self.text()}")
            self.pump(0.05)

    def settle(self, quiet: float = 0.15, timeout: float = 5.0) -> bool:
        """Read until nothing was written for `quiet` seconds; whether that came in time."""
        end = time.monotonic() + timeout
        while self.pump(quiet):
            if time.monotonic() > end:
                return False
        return True

    def press(self, *keys: str) -> None:
        """Send keys by name (`left`, `ctrl+p`) or as characters."""
        for key in keys:
            os.write(self.fd, KEYS.get(key, key).encode())

    def latency(self, key: str, timeout: float = 3.0) -> float | None:
        """Seconds from a key to the first change on the screen; None where none came."""
        self.settle()
        before, began = self.text(), time.perf_counter()
        self.press(key)
        while time.perf_counter() - began < timeout:
            if self.pump(0.05) and self.text() != before:
                return self.read_at - began
        return None

    def wait_exit(self, timeout: float = 10.0) -> int:
        """Read until the program ends; its exit code (negative: the signal)."""
        end = time.monotonic() + timeout
        while self.status is None:
            if time.monotonic() > end:
                raise AssertionError(f"still running; the screen:\n{self.text()}")
            self.pump(0.05)
        return self.status

    def process(self) -> psutil.Process:
        return psutil.Process(self.pid)

    def kill(self) -> None:
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.status = -signal.SIGKILL
        os.close(self.fd)
        self._home.cleanup()

    def _reap(self) -> None:
        _, status = os.waitpid(self.pid, 0)
        self.status = os.waitstatus_to_exitcode(status)

    def _feed(self, data: bytes) -> None:
        data = self._held + data
        cut = UNFINISHED.search(data)
        at = cut.start() if cut else len(data)
        data, self._held = data[:at], data[at:]
        for query, answer in ANSWERS.items():
            for _ in range(data.count(query)):
                os.write(self.fd, answer)
        self._stream.feed(PRIVATE.sub(b"", data))
