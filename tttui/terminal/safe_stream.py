"""Writing to somebody who may be gone: a terminal whose connection was cut."""

from collections.abc import Callable
from io import TextIOBase
from typing import TextIO


class Outlet(TextIOBase):
    """What is written goes to `file` while it takes it, and nowhere after it failed once.

    `gone` is called once, in the thread that wrote.
    """

    def __init__(self, file: TextIO, gone: Callable[[], None] = lambda: None) -> None:
        self._file, self._gone = file, gone
        self.lost = False

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._file.encoding

    def write(self, text: str) -> int:
        self._trying(lambda: self._file.write(text))
        return len(text)

    def flush(self) -> None:
        self._trying(self._file.flush)

    def fileno(self) -> int:
        return self._file.fileno()

    def isatty(self) -> bool:
        return self._file.isatty()

    def _trying(self, do: Callable[[], object]) -> None:
        if self.lost:
            return
        try:
            do()
        except OSError:
            self.lost = True
            self._gone()
