"""The settings of a session as knobs: what can be turned, how far, and by which steps.

They follow from the definitions of the settings (`model.settings.option`): name, unit, range and
the sentence that explains each.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass
from typing import Any, Literal

from tttui.engine.interventions import LIVE_SETTINGS
from tttui.model.errors import SettingError
from tttui.model.session import SessionData
from tttui.model.settings import PRESETS, Plasticity, Settings, World, check, option, options
from tttui.runs.branch import CHANGEABLE, OF_THE_BASE, asked_of

Kind = Literal["rate", "number", "count", "choice", "switch"]
"""`rate`: steps of a ratio. `number`: equal steps. `count`: whole numbers."""

FIRST = (
    "preset",
    "lr",
    "chunk",
    "inner_steps",
    "buffer_len",
    "rollback_tol",
    "grad_norm_max",
    "state_norm_max",
    "probation",
    "mu",
    "noise_std",
    "env_mode",
)
"""What people turn most, of the point mass."""

FINE = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
COARSE = (1.0, 2.0, 5.0)
"""Where a rate stops in each decade."""

LEAST = 1e-3
"""Below this share of its default a rate that may be 0 is 0."""


@dataclass(frozen=True, slots=True)
class Knob:
    """One setting that can be turned. `turned` never leaves its range."""

    spec: Field[Any]
    value: Any
    """What was in force in the recorded session at the step of the branch."""
    first: bool = False
    """It stands among those that are shown first."""
    refused: str = ""
    """Why it cannot be turned at this step of the branch; '' where it can."""
    choices: tuple[Any, ...] = ()

    @property
    def name(self) -> str:
        """The flat name of the setting, as in `Request.changes`."""
        return self.spec.name

    @property
    def label(self) -> str:
        """`inner steps`"""
        return self.name.replace("_", " ")

    @property
    def help(self) -> str:
        """One sentence on what it does."""
        return str(self.spec.metadata["help"])

    @property
    def unit(self) -> str:
        return str(self.spec.metadata["unit"])

    @property
    def range(self) -> str:
        """`above 0`, `0 to 1`, `at least 1`, `linear or nonlinear`, `on or off`; may be ''."""
        if self.kind == "switch":
            return "on or off"
        if self.kind == "choice":
            return " or ".join(self.text(choice) for choice in self.choices)
        low, high, above = (self.spec.metadata[k] for k in ("minimum", "maximum", "above"))
        if low is not None and high is not None:
            return f"{_text(low)} to {_text(high)}"
        if low is not None:
            return f"at least {_text(low)}"
        return "" if above is None else f"above {_text(above)}"

    @property
    def kind(self) -> Kind:
        """How it is turned."""
        m = self.spec.metadata
        if self.choices:
            return "choice"
        if isinstance(self.spec.default, bool):
            return "switch"
        if isinstance(self.spec.default, int) or isinstance(self.value, int):
            return "count"
        return "rate" if m["maximum"] is None else "number"

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
        """What was typed as a value of it. Raises SettingError, as for an option."""
        from tttui.runs.plan import parsed

        text = text.strip()
        value = next((c for c in self.choices if self.text(c) == text), None)
        if value is None:
            value = parsed(self.spec, text)
        self.check(value)
        return value

    def check(self, value: Any) -> None:
        """Raise SettingError where `value` is outside what the setting allows."""
        if self.name == "preset" and value not in self.choices:
            known = ", ".join(PRESETS)
            raise SettingError("preset", f"{value!r} is unknown; choose from {known}")
        if self.name != "preset":
            check(self.spec, value)

    def _next(self, value: Any, way: int, coarse: bool) -> Any:
        if self.kind == "count":
            return _next_count(int(value), way, coarse)
        if self.kind == "number":
            low, high = self.spec.metadata["minimum"] or 0.0, self.spec.metadata["maximum"]
            step = 10.0 ** round(math.log10((high - low) / 100.0)) * (5.0 if coarse else 1.0)
            at = math.floor(value / step + 1e-9) if way > 0 else math.ceil(value / step - 1e-9)
            return round((at + way) * step, 12)
        return self._next_rate(float(value), way, coarse)

    def _next_rate(self, value: float, way: int, coarse: bool) -> float:
        usual: Any = self.spec.default
        least = _stop_at(LEAST * float(usual or 1.0), COARSE, -1, False)
        if self.spec.metadata["above"] is not None:
            return max(_stop_at(value, COARSE if coarse else FINE, way, True), 1e-12)
        if value < least:  # 0 is in its range
            return least if way > 0 else 0.0
        found = _stop_at(value, COARSE if coarse else FINE, way, True)
        return 0.0 if found < least * (1 - 1e-9) else found

    def _within(self, value: Any) -> Any:
        low, high = self.spec.metadata["minimum"], self.spec.metadata["maximum"]
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


def knobs(data: SessionData, at: int = 0) -> tuple[Knob, ...]:
    """All knobs of a session of the point mass, those that are turned most first.

    Their values are what was in force at step `at`. Nothing is read.
    """
    settings = settings_at(data, at)
    flat = settings.flat()
    flat["mu"] = data.mu_at(at) if data.mu_at(at) is not None else settings.world.mu
    flat["preset"] = ""
    specs = {s.name: s for group in (World, Plasticity, Settings) for s in options(group)}
    specs["preset"] = PRESET
    names = [*FIRST, *(name for name in specs if name not in FIRST and name not in NO_KNOBS)]
    return tuple(
        Knob(
            specs[name],
            flat[name],
            name in FIRST,
            _refused(name, at),
            ("", *PRESETS) if name == "preset" else tuple(specs[name].metadata["choices"]),
        )
        for name in names
    )


def changes(found: Sequence[Knob], turned: Mapping[str, Any]) -> dict[str, Any]:
    """The values of `turned` (by name) that differ from what was recorded: `Request.changes`."""
    recorded = {knob.name: knob.value for knob in found}
    return {name: value for name, value in turned.items() if value != recorded[name]}


def refusal(data: SessionData, at: int, wanted: Mapping[str, Any]) -> str:
    """Why the engine would not compute these changes together, one line; '' where it would.

    Quick and without files, for every turn of a knob.
    """
    try:
        for name, value in asked_of(wanted).items():
            if at and name not in (*CHANGEABLE, "steps"):
                now = settings_at(data, at).flat()
                if now.get(name) != value:
                    return f"{name}: {_refused(name, at)}"
        settings_at(data, at).updated(asked_of(wanted)).validate()
    except SettingError as error:
        return str(error)
    return ""


def settings_at(data: SessionData, at: int) -> Settings:
    """The settings in force at a step of a recorded session."""
    settings = data.meta.configuration.settings
    known = {spec.name for group in (World, Plasticity) for spec in options(group)}
    for t, values in data.settings_changes:
        if t < at or at == 0 == t:
            settings = settings.updated({k: v for k, v in values.items() if k in known})
    return settings


NO_KNOBS = (*OF_THE_BASE, "device", "checkpoint_s", "history_mb", "mu_min", "mu_max")
"""Settings that change no result, or that belong to the base."""


@dataclass(frozen=True, slots=True)
class _Own:
    preset: str = option("", f"a named set of settings: {', '.join(PRESETS)}")


PRESET: Field[Any] = next(iter(options(_Own)))


def _refused(name: str, at: int) -> str:
    if at == 0 or name in (*LIVE_SETTINGS, "noise_std", "mu", "steps", "preset"):
        return ""
    return f"cannot change at step {at}; branch from the start (0)"


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
    found = [stop * 10.0**power for power in range(decade - 1, decade + 2) for stop in stops]
    found = [float(f"{stop:.6g}") for stop in found]
    near = 1e-9 * value if leave else -1e-9 * value
    if way > 0:
        return next(stop for stop in found if stop > value + near)
    return next(stop for stop in reversed(found) if stop < value - near)
