"""The result of checking one file of a session."""

from tttui.model.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """The check of one file."""

    file: str
    agrees: bool | None
    """Whether the file agrees; None: not checked, for the reason in `detail`."""
    detail: str
    t: int | None = None
    """The first step that differs, for a file of steps."""
