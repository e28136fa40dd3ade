"""Writing to a terminal whose connection may be cut."""

from collections.abc import Callable
from io import TextIOBase
from typing import TextIO


class Outlet(TextIOBase):
    """Writes to `file` until it fails, and nowhere after that.

    `on_gone` is called once, in the thread that wrote.
    """

    def __init__(self, file: TextIO, on_gone: Callable[[], None] = lambda: None) -> None:
        self._file, self._gone = file, on_gone
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
