"""Damaged lines of a file whose other lines are shown."""

from bisect import insort
from dataclasses import field

from tttui.model.dataclass import dataclass

SHOWN = 5
"""Wrong lines that are named; the others are counted."""

MOST_WRONG = 10_000
"""Wrong lines of one file after which the rest of it is left alone."""


@dataclass(slots=True)
class WrongLines:
    """Lines that were skipped: how many, and why, for the first few."""

    count: int = 0
    first: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])

    def add(self, line: int, reason: str) -> None:
        self.count += 1
        if len(self.first) < SHOWN or line < self.first[-1][0]:
            insort(self.first, (line, reason))
            del self.first[SHOWN:]

    def sentence(self) -> str:
        """`line 7 has 4 fields instead of 5` with the further ones counted and numbered."""
        line, reason = self.first[0]
        text = f"line {line} {reason}"
        if self.count > 1:
            others = ", ".join(str(n) for n, _ in self.first[1:])
            more = ", ..." if self.count > len(self.first) else ""
            plural = "lines are" if self.count > 2 else "line is"
            text += f"; {self.count - 1} more {plural} wrong ({others}{more})"
        return text + "; the rest is shown"
