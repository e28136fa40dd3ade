"""Converting arguments for files: numbers, steps, reasons, settings."""

import json
import operator
import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tttui.model.errors import RecorderError

LONGEST_WORD = 40
"""Characters of a reason that become the name of a status."""

MOST_SINGLE = 16
"""Steps that are written one by one; more are written as ranges."""


def scalar(value: Any, what: str) -> float:
    """One number as float: of Python, numpy, torch, JAX. Raises RecorderError for others."""
    if type(value) is float:
        return value
    try:
        if isinstance(value, (str, bytes)) or value is None:
            raise TypeError
        size = getattr(value, "shape", ())
        if any(n != 1 for n in size):
            raise RecorderError(
                f"{what} has the shape {list(size)}, but one number is recorded; "
                "take its mean, for example"
            )
        item = getattr(value, "item", None)
        return float(item() if item is not None else value)
    except (TypeError, ValueError, OverflowError):
        shown = repr(value)[:60]
        raise RecorderError(f"{what} is {shown}, which is no number") from None


def step_number(t: Any, what: str = "t") -> int:
    """A step: a whole number from 0 on. Raises RecorderError for anything else."""
    try:
        step = operator.index(t)
    except TypeError:
        raise RecorderError(f"{what} is {t!r}, but steps are whole numbers from 0 on") from None
    if not 0 <= step < 1 << 62:
        raise RecorderError(f"{what} is {step}, but steps are whole numbers from 0 on")
    return step


def steps_of(trained_on: Any) -> list[Any] | None:
    """Steps in ascending order as the files hold them: `[3, 5]`, or `[[0, 31], [40, 40]]` where
    they are many; None where it was not said. One step, a range, or any collection of steps."""
    if trained_on is None:
        return None
    if isinstance(trained_on, range) and trained_on.step == 1 and len(trained_on) > MOST_SINGLE:
        first, last = trained_on[0], trained_on[-1]
        return [[step_number(first, "trained_on"), step_number(last, "trained_on")]]
    single = hasattr(trained_on, "__index__") and getattr(trained_on, "shape", ()) == ()
    steps: Iterable[Any] = [trained_on] if single else trained_on
    try:
        ordered = sorted({step_number(t, "trained_on") for t in steps})
    except TypeError:
        raise RecorderError(f"trained_on is {trained_on!r}, but it names steps") from None
    if len(ordered) <= MOST_SINGLE:
        return list(ordered)
    ranges: list[list[int]] = []
    for t in ordered:
        if ranges and t == ranges[-1][1] + 1:
            ranges[-1][1] = t
        else:
            ranges.append([t, t])
    return ranges


def status_of_reason(reason: str) -> str:
    """`entropy too high!` -> `rollback_entropy_too_high`."""
    word = re.sub(r"[\W_]+", "_", reason.lower())[: LONGEST_WORD + 1].strip("_")
    return f"rollback_{word[:LONGEST_WORD].rstrip('_') or 'by_hand'}"


def plain_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as JSON; other values are written as text."""

    def convert(value: Any) -> Any:
        item = getattr(value, "item", None)
        return item() if item is not None and getattr(value, "shape", None) == () else str(value)

    try:
        plain: dict[str, Any] = json.loads(json.dumps(dict(settings), default=convert))
    except (TypeError, ValueError) as error:
        raise RecorderError(f"settings cannot be written as JSON: {error}") from None
    return plain


class WarnsOnce:
    """Warnings that a loop of a million steps must not repeat."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def __call__(self, key: str, message: Callable[[], str]) -> None:
        """Warn with a message, unless one of this key was given before."""
        if key not in self._said:
            self._said.add(key)
            warnings.warn(message(), RuntimeWarning, stacklevel=5)
