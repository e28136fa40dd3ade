"""What a check of a session says of one of its files."""

from tttui.model.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """What became of one file."""

    file: str
    agrees: bool | None
    """None: it could not be checked, `detail` says why."""
    detail: str
    t: int | None = None
    """The first step at which it differs, where it has steps."""
