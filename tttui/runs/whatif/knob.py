"""One setting as a knob: its range and the size of its steps.

That follows from its description (`model.setting`): name, unit, range and sentence.
"""

import math
from collections.abc import Sequence
from typing import Any, Literal

from tttui.model.dataclass import dataclass
from tttui.model.errors import SettingError
from tttui.model.pointmass.settings import PRESETS
from tttui.model.setting import Setting

Kind = Literal["rate", "number", "count", "choice", "switch"]
"""`rate`: steps of a ratio. `number`: equal steps. `count`: whole numbers."""

FINE = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
COARSE = (1.0, 2.0, 5.0)
"""Where a rate stops in each decade."""

LEAST = 1e-3
"""Below this share of its default a rate that may be 0 is 0."""


@dataclass(frozen=True, slots=True)
class Knob:
    """One setting that can be turned. `turned` never leaves its range."""

    spec: Setting
    value: Any
    """The recorded value at the step of the branch."""
    first: bool = False
    """Whether it is shown among the first."""
    refused: str = ""
    """Why it cannot change at this step; '' if it can."""
    choices: tuple[Any, ...] = ()

    @property
    def name(self) -> str:
        """The flat name of the setting, as in `Request.changes`."""
        return self.spec.name

    @property
    def label(self) -> str:
        """`inner steps`"""
        return self.spec.label

    @property
    def help(self) -> str:
        """One sentence on what it does."""
        return self.spec.help

    @property
    def unit(self) -> str:
        return self.spec.unit

    @property
    def range(self) -> str:
        """`above 0`, `0 to 1`, `at least 1`, `linear or nonlinear`, `on or off`; may be ''."""
        if self.kind == "choice":
            return " or ".join(self.text(choice) for choice in self.choices)
        return self.spec.range

    @property
    def kind(self) -> Kind:
        """How it is turned."""
        if self.choices:
            return "choice"
        if self.spec.kind in ("switch", "count"):
            return "switch" if self.spec.kind == "switch" else "count"
        return "rate" if self.spec.maximum is None else "number"

    def text(self, value: Any) -> str:
        """A value of it in words: `0.02`, `on`, `nonlinear`."""
        if isinstance(value, bool):
            return "on" if value else "off"
        return "as recorded" if value in ("", None) else _text(value)

    def turned(self, value: Any, ticks: int, *, coarse: bool = False) -> Any:
        """The value after so many ticks up (or down, where negative) from `value`.

        Choices go round, switches toggle; numbers stop at the end of their range.
        """
        if self.kind == "switch":
            return bool(value) ^ bool(ticks % 2)
        if self.kind == "choice":
            at = self.choices.index(value) if value in self.choices else 0
            return self.choices[(at + ticks) % len(self.choices)]
        for _ in range(abs(ticks)):
            value = self._within(self._next(value, 1 if ticks > 0 else -1, coarse))
        return value

    def parsed(self, text: str) -> Any:
        """Parse a typed value. Raises SettingError, as for an option."""
        text = text.strip()
        value = next((c for c in self.choices if self.text(c) == text), None)
        if value is None:
            value = self.spec.parsed(text)
        self.check(value)
        return value

    def check(self, value: Any) -> None:
        """Raise SettingError where `value` is outside what the setting allows."""
        if self.name == "preset" and value not in self.choices:
            known = ", ".join(PRESETS)
            raise SettingError("preset", f"{value!r} is unknown; choose from {known}")
        if self.name != "preset":
            self.spec.check(value)

    def _next(self, value: Any, way: int, coarse: bool) -> Any:
        if self.kind == "count":
            return _next_count(int(value), way, coarse)
        if self.kind == "number":
            low, high = self.spec.minimum or 0.0, self.spec.maximum or 1.0
            step = 10.0 ** round(math.log10((high - low) / 100.0)) * (5.0 if coarse else 1.0)
            at = math.floor(value / step + 1e-9) if way > 0 else math.ceil(value / step - 1e-9)
            return round((at + way) * step, 12)
        return self._next_rate(float(value), way, coarse)

    def _next_rate(self, value: float, way: int, coarse: bool) -> float:
        usual: Any = self.spec.default
        least = _stop_at(LEAST * float(usual or 1.0), COARSE, -1, False)
        if self.spec.above is not None:
            return max(_stop_at(value, COARSE if coarse else FINE, way, True), 1e-12)
        if value < least:  # 0 is in its range
            return least if way > 0 else 0.0
        stop = _stop_at(value, COARSE if coarse else FINE, way, True)
        return 0.0 if stop < least * (1 - 1e-9) else stop

    def _within(self, value: Any) -> Any:
        low, high = self.spec.minimum, self.spec.maximum
        if low is not None:
            value = max(value, type(value)(low))
        return value if high is None else min(value, type(value)(high))


def _text(value: Any) -> str:
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e9
    return (
        f"{value:.6g}"
        if isinstance(value, float) and not whole
        else f"{value:.0f}"
        if whole
        else str(value)
    )


def _next_count(value: int, way: int, coarse: bool) -> int:
    if coarse:
        return max(value * 2, 1) if way > 0 else value // 2
    if value >= 100 and value & (value - 1):
        return round(_stop_at(value, FINE, way, True))
    grain = max(1, 1 << max(0, value.bit_length() - 4))
    return (
        (value // grain + way) * grain
        if value % grain == 0 or way < 0
        else -(-value // grain) * grain
    )


def _stop_at(value: float, stops: Sequence[float], way: int, leave: bool) -> float:
    """The stop next to a value above 0, upwards or downwards; itself where not to `leave` it."""
    decade = math.floor(math.log10(value) + 1e-12)
    candidates = [stop * 10.0**power for power in range(decade - 1, decade + 2) for stop in stops]
    candidates = [float(f"{stop:.6g}") for stop in candidates]
    near = 1e-9 * value if leave else -1e-9 * value
    if way > 0:
        return next(stop for stop in candidates if stop > value + near)
    return next(stop for stop in reversed(candidates) if stop < value - near)
