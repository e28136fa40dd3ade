"""What is wrong with the files of a session, where, and what helps."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["damaged", "torn", "leftover"]
"""`damaged`: something that was written is not there any more. `torn`: an end that a crash left,
of which nothing is lost that a checkpoint held. `leftover`: what a killed process left over."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One damaged stretch of one file."""

    path: Path
    reason: str
    """What is wrong, for a person; where it is, `begin` and `end` say."""
    begin: int | None = None
    """The first byte that is concerned, None: all of the file or what is missing of it."""
    end: int | None = None
    kind: Kind = "damaged"
    remedy: str = ""

    @property
    def place(self) -> str:
        """`bytes 65536 to 131071`, or an empty text."""
        if self.begin is None:
            return ""
        if self.end is None or self.end <= self.begin:
            return f"from byte {self.begin} on"
        if self.end == self.begin + 1:
            return f"byte {self.begin}"
        return f"bytes {self.begin} to {self.end - 1}"

    @property
    def where(self) -> str:
        """The file, and where in it."""
        return f"{self.path}: {self.place}: " if self.place else f"{self.path}: "

    def __str__(self) -> str:
        return f"{self.where}{self.reason}" + (f"; {self.remedy}" if self.remedy else "")
