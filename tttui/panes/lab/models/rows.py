"""Versions as rows of a table, and the words by which they are filtered."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tttui.draw.colours import Colour
from tttui.draw.look import HasLook, Look
from tttui.lab.registry.overview import Registry
from tttui.lab.registry.version import Version
from tttui.model.ages import age_text
from tttui.model.arrays import Bools, Floats
from tttui.model.improvement import difference
from tttui.model.numbers import Forms, short
from tttui.model.query import Query, Vocabulary
from tttui.panes.lab.tabled import passing, ranks
from tttui.widgets.table_columns import TEXTS, TIMES, Cell, TableColumn

COLUMNS = (
    TableColumn("version", "version", 12, left=True, most=20, orders=TEXTS, also=("skill",)),
    TableColumn(
        "used", "in use as", 14, left=True, drop=1, most=24, orders=TEXTS, also=("persona",)
    ),
    TableColumn("test", "newest test", 21, left=True, most=28, orders=TEXTS),
    TableColumn("result", "measured", 23, left=True, drop=4, most=28, orders=TEXTS),
    TableColumn("origin", "from", 12, left=True, drop=3, grows=True, orders=TEXTS),
    TableColumn("step", "step", 7, drop=5),
    TableColumn("task", "task", 9, left=True, drop=6, orders=TEXTS),
    TableColumn("type", "type", 5, left=True, drop=7, orders=TEXTS),
    TableColumn("created", "age", 6, drop=2, orders=TIMES, also=("age",)),
    TableColumn("base", "base", 8, left=True, drop=8, orders=TEXTS),
)

MODEL_WORDS = Vocabulary(
    numbers={"number": "number", "age": "age", "step": "step"},
    texts={
        "skill": "skill",
        "task": "task",
        "type": "type",
        "persona": "used",
        "used": "used",
        "from": "origin",
        "test": "test",
        "base": "base",
    },
    bare="any",
)
"""`age` in hours."""

IMPROVEMENT = "improvement_percent"

FIRST = (IMPROVEMENT, "validation_loss", "loss")
"""Results of which one is shown where there is room for one."""


def test_text(registry: Registry, version: Version) -> str:
    """The newest test in a few words: `better than walker@v1`."""
    tests = registry.tests(version)
    if not tests:
        return "not tested"
    verdict, baseline = tests[-1].get("verdict"), tests[-1].get("baseline")
    word = "as good as" if verdict == "no difference" else f"{verdict} than"
    return f"{word} {baseline}"


def figures(version: Version) -> Forms:
    """One of the results of a version, `validation loss 0.0012`, from whole to short."""
    numbers = {k: v for k, v in version.results.items() if isinstance(v, int | float)}
    name = next((key for key in FIRST if key in numbers), next(iter(numbers), ""))
    if not name:
        return ("",)
    value = result_forms(name, float(numbers[name]))
    if name == IMPROVEMENT:
        return (f"{value[min(1, len(value) - 1)]} than frozen", *value)
    return (f"{name.replace('_percent', ' %').replace('_', ' ')} {value[0]}", *value)


def result_forms(name: str, value: float) -> Forms:
    """A result in words, from whole to short: an improvement is told as everywhere."""
    return difference(value) if name == IMPROVEMENT else (short(value),)


def origin_of(version: Version) -> str:
    """Where a version comes from: `night`, `job 3f2a1b2c`, `walker@v2:0.7,...`."""
    name = str(version.origin.get("id", ""))
    return f"job {name[:8]}" if version.origin.get("kind") == "job" else name


def used_as(registry: Registry, version: Version) -> str:
    return ", ".join(one.called for one in registry.used_by(version))


_TEXTS: Mapping[str, Callable[[Registry, Version], str]] = {
    "version": lambda _, version: version.name,
    "skill": lambda _, version: version.skill,
    "used": used_as,
    "test": test_text,
    "result": lambda _, version: figures(version)[0],
    "origin": lambda _, version: origin_of(version),
    "task": lambda _, version: version.task,
    "type": lambda _, version: version.type,
    "base": lambda _, version: version.base_sha256.rpartition(":")[2],
    "any": lambda registry, version: " ".join(
        (version.name, used_as(registry, version), version.task, origin_of(version))
    ),
}


def numbers(registry: Registry, name: str, now: float) -> Floats:
    """A number of every version [n], NaN where it has none; `now` in Unix seconds."""

    def value(version: Version) -> float:
        if name == "number":
            return version.number
        if name == "step":
            step = version.origin.get("step")
            return float(step) if isinstance(step, int) else float("nan")
        return (now - version.created_at) / 3600 if name == "age" else version.created_at

    return np.array([value(one) for one in registry.versions], dtype=np.float64)


def matching(registry: Registry, query: Query, now: float) -> Bools | None:
    """The versions [n] that pass a query; None where all do."""
    return passing(
        registry.versions,
        query,
        lambda name: numbers(registry, name, now),
        lambda version, name: _TEXTS[name](registry, version),
    )


RECORDED = (
    "version",
    "type",
    "task",
    "created_at",
    "weights_sha256",
    "base_sha256",
    "origin",
    "used",
    "test",
    "result",
)
"""The columns of a table of versions that is exported; times are Unix seconds."""


def record(registry: Registry, version: Version) -> list[object]:
    """The values of RECORDED."""
    plain = ("created_at", "weights_sha256", "base_sha256")
    return [
        getattr(version, name) if name in plain else _TEXTS[name](registry, version)
        for name in RECORDED
    ]


class ModelRows(HasLook):
    """`TableSource` of the table over versions."""

    columns = COLUMNS

    def __init__(self, registry: Registry, look: Look, now: float) -> None:
        self._registry, self.look, self._now = registry, look, now

    def __len__(self) -> int:
        return len(self._registry.versions)

    def sorting(self, key: str) -> Any:
        if key in ("created", "step"):
            return numbers(self._registry, key, self._now)
        texts = [_TEXTS[key](self._registry, one) for one in self._registry.versions]
        if key == "version":
            texts = [f"{one.skill}@{one.number:09}" for one in self._registry.versions]
        return ranks(texts)

    def cell(self, row: int, key: str) -> Cell:
        version, palette = self._registry.versions[row], self.palette
        if key == "created":
            return age_text(version.created_at, self._now), palette.muted, False
        if key == "step":
            step = version.origin.get("step")
            return (str(step) if isinstance(step, int) else ""), palette.muted, False
        text = _TEXTS[key](self._registry, version)
        match key:
            case "version":
                return text, palette.text, True
            case "used":
                return text, palette.accent, True
            case "test":
                return text, self._ink_of_test(version), False
            case "base":
                return text[:8], palette.muted, False
            case "result":
                return figures(version), palette.text, False
            case "origin":
                return text, palette.text, False
        return text, palette.muted, False

    def _ink_of_test(self, version: Version) -> Colour:
        tests = self._registry.tests(version)
        inks = {"better": self.palette.good, "worse": self.palette.bad}
        verdict = str(tests[-1].get("verdict")) if tests else ""
        return inks.get(verdict, self.palette.muted)
