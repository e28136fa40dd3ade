"""What a sweep varies: settings with their values or ranges, and the members made of them."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, SettingError
from tttui.model.here import absolute
from tttui.model.setting import Setting

SettingValues = Mapping[str, Any]
"""The values of what is varied, by the names of the settings."""

RANGE = ".."

TRIES = 200
"""Draws in a row that give no new member that is allowed, until a random search ends."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A setting that is varied: over `values`, or from `low` to `high` in a random search."""

    name: str
    values: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False

    @property
    def is_range(self) -> bool:
        return not self.values

    def drawn(self, random: np.random.Generator) -> Any:
        """Draw a value uniformly from the values, the range, or the logarithm of the range."""
        if not self.is_range:
            return self.values[int(random.integers(len(self.values)))]
        if self.log:
            value = math.exp(random.uniform(math.log(self.low), math.log(self.high)))
        elif self.whole:
            return int(random.integers(int(self.low), int(self.high) + 1))
        else:
            value = random.uniform(self.low, self.high)
        return round(value) if self.whole else float(f"{value:.4g}")


def axis_in(typed: str, setting: Setting) -> Axis:
    """The axis that was typed: `0.005,0.01`, `0.001..0.1`, `0.001..0.1 log`.

    Texts, files and lists, which may hold commas, have `|` between their values. Raises
    RefusedInput saying how it is written.
    """
    where = f"--set {setting.name}={typed}"
    try:
        if RANGE in typed and setting.kind in ("number", "count"):
            return _range_in(typed, setting, where)
        mark = "|" if setting.kind in ("text", "file", "list") else ","
        values = [setting.parsed(part) for part in typed.split(mark)]
    except SettingError as error:
        raise RefusedInput(f"{where}: {error}") from error
    if setting.kind == "file":  # the job is executed in another directory
        values = [str(absolute(Path(value))) for value in values]
    for i, value in enumerate(values):
        if value in values[:i]:
            raise RefusedInput(f"{where}: has {setting.text(value)} twice")
    return Axis(setting.name, tuple(values))


def _range_in(typed: str, setting: Setting, where: str) -> Axis:
    words = typed.replace(":", " ").split()
    log = words[-1:] == ["log"]
    low, _, high = "".join(words[:-1] if log else words).partition(RANGE)
    low_end, high_end = setting.parsed(low), setting.parsed(high)
    if not low_end < high_end:
        raise RefusedInput(f"{where}: goes from low to high, such as 0.001..0.1 or 0.001..0.1 log")
    if log and low_end <= 0:
        raise RefusedInput(f"{where}: the logarithm needs a range above 0")
    whole = setting.kind == "count"
    return Axis(setting.name, (), float(low_end), float(high_end), log, whole)


def grid(axes: Sequence[Axis]) -> Iterator[dict[str, Any]]:
    """Every combination of the values; the last setting changes fastest."""
    for axis in axes:
        if axis.is_range:
            raise RefusedInput(
                f"{axis.name}: a range needs --random N; for a grid name its values, such as "
                f"{axis.name}={axis.low:g},{axis.high:g}"
            )
    for values in itertools.product(*(axis.values for axis in axes)):
        yield dict(zip((axis.name for axis in axes), values, strict=True))


def size_of(axes: Sequence[Axis]) -> int | None:
    """How many combinations there are; None where one of the settings has a range."""
    if any(axis.is_range for axis in axes):
        return None
    return math.prod(len(axis.values) for axis in axes)


def drawn(axes: Sequence[Axis], seed: int) -> Iterator[dict[str, Any]]:
    """Members of a random search, as long as there are others than those before."""
    random, known = np.random.default_rng(seed), set[tuple[Any, ...]]()
    for axis in axes:
        if axis.log and not axis.is_range:
            raise RefusedInput(f"{axis.name}: log is for ranges")
    misses = 0
    while misses < TRIES:
        values = {axis.name: axis.drawn(random) for axis in axes}
        key = tuple(values.values())
        misses = misses + 1 if key in known else 0
        if key not in known:
            known.add(key)
            yield values
