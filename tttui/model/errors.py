"""Errors whose message is written for the person who runs tttui.

They are raised anywhere below the edge (the command line, the app) and shown there as one
line that names the file, key or option and the remedy.
"""


class TttuiError(Exception):
    """An operation failed; commands exit with `exit_code` 1."""

    exit_code = 1


class FinalFailure(TttuiError):
    """A job failed, and would fail again if resumed; the message names the remedy."""


class RefusedInput(TttuiError):
    """A setting, option, path or file is refused; nothing was changed. Exit code 2."""

    exit_code = 2


class SettingError(RefusedInput):
    """A setting outside its range. `name` is the field's name, as in `Settings`."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name


class SessionHeld(RefusedInput):
    """Another process writes this session; the message names it."""


class SessionTaken(TttuiError):
    """Another process has taken the session; this one may not write to it any more."""


class RecorderError(RefusedInput):
    """A call of `tttui.Recorder` cannot be recorded; nothing of it was recorded."""
