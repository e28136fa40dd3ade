"""Findings: damage in session files, with its place and remedy."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from tttui.artifacts.checkpoint import ENGINE, PREVIOUS, Checkpoint
from tttui.model.dataclass import dataclass
from tttui.model.errors import TttuiError

Kind = Literal["damaged", "torn", "leftover"]
"""`damaged`: something that was written is not there any more. `torn`: an end that a crash left,
of which nothing is lost that a checkpoint held. `leftover`: what a killed process left over."""

Action = Literal["", "cut", "header", "lines", "list", "copy", "text", "base", "status", "remove"]
"""What a repair does (`runs.repair`), empty where only a person can do something."""

FROM_A_COPY = "restore it from a copy"

_DONE: Mapping[Action, str] = {
    "cut": "cuts it off",
    "header": "writes the header again",
    "lines": "restores it from update_events.json",
    "list": "writes it again from update_events.jsonl",
    "copy": f"writes it again from {ENGINE}",
    "text": f"restores it from the copy in {ENGINE}",
    "base": "restores it where a base with this sha256 is at hand",
    "status": "writes it again",
    "remove": "removes it",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One damaged stretch of one file."""

    path: Path
    reason: str
    """The defect, for a person; `begin` and `end` give its place."""
    begin: int | None = None
    """The first damaged byte; None: all of the file, or its missing end."""
    end: int | None = None
    kind: Kind = "damaged"
    remedy: str = ""
    action: Action = ""

    def __str__(self) -> str:
        where = f"{self.path}: {self.place}: " if self.place else f"{self.path}: "
        return f"{where}{self.reason}" + (f"; {self.remedy}" if self.remedy else "")

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

    def repaired_by(self, action: Action, session: Path) -> "Finding":
        """The finding with its remedy: a repair action, or a copy that a person has."""
        done = f"`tttui fsck --repair {session}` {_DONE[action]}" if action else FROM_A_COPY
        return replace(self, remedy=done, action=action)


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What a native session says of its own files."""

    path: Path
    live: bool
    """A process is writing it, so content after the checkpoint is not checked."""
    checkpoints: Mapping[str, Checkpoint]
    """The readable checkpoints, by file name."""
    errors: Mapping[str, TttuiError]
    """Why the other checkpoints cannot be read."""
    meta: Mapping[str, Any]

    @property
    def newest(self) -> Checkpoint | None:
        """The newest checkpoint that can be read."""
        return self.checkpoints.get(ENGINE) or self.previous

    @property
    def previous(self) -> Checkpoint | None:
        return self.checkpoints.get(PREVIOUS)

    @property
    def stride(self) -> int:
        """`history_stride` of meta.json."""
        stride = self.meta.get("history_stride", 1)
        return stride if isinstance(stride, int) else 1

    @property
    def kept(self) -> list[str] | None:
        """`kept` of meta.json: the parameters that the history holds; None: all."""
        names = self.meta.get("kept")
        return [str(name) for name in names] if isinstance(names, list) else None
