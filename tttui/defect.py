"""A defect of tttui itself: one line for the person, and the traceback in a file."""

import tempfile
import traceback

from tttui.model.text import visible, visible_lines


def report(error: BaseException) -> str:
    """Write the traceback to a file; returns the line that says what broke and where it is."""
    summary = f"unexpected {type(error).__name__}: {visible(str(error)) or 'no message'}"
    text = visible_lines("".join(traceback.format_exception(error)))
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="tttui-crash-", suffix=".log", delete=False, encoding="utf-8"
        ) as log:
            log.write(text)
    except OSError as why:
        return f"{summary}; this is a defect of tttui, and its traceback cannot be written ({why})"
    return (
        f"{summary}; this is a defect of tttui, please report it with the traceback in {log.name}"
    )
