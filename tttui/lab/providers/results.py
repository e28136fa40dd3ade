"""Measurements of providers below a run root: all are stored, the newest is shown.

They are lines of `<root>/.lab/providers/events.jsonl`, written by any number of jobs at once.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from statistics import median
from typing import Any, get_args

from tttui.artifacts.atomic import write_error
from tttui.artifacts.eventlog import LAB, EventLog
from tttui.artifacts.jsonfile import number, whole
from tttui.artifacts.regular import folder_to_write
from tttui.lab.providers.base import Provider
from tttui.lab.providers.measuring import Measurement, ProbeStatus
from tttui.model.dataclass import dataclass
from tttui.model.errors import TttuiError

FOLDER = "providers"

MEASURED = "data:test_executions:measured"

EXPIRES_S = 7 * 86400.0
"""Seconds after which a result is too old to rely on."""

SLOWER = 1.5
"""By how much a median is longer than before where a cell is marked."""

BUSY = 1.0
"""Processes that want each core, from which on a machine is busy."""

BEFORE = 5
"""Earlier results whose median is the one before."""

KEPT = 200
"""Results of one cell that are held for its trend."""


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """One capability of one provider."""

    provider: str
    capability: str
    history: tuple[Measurement, ...] = ()
    """Oldest first, of the provider as it is configured now."""

    @property
    def newest(self) -> Measurement | None:
        return self.history[-1] if self.history else None

    @property
    def status(self) -> ProbeStatus | None:
        """None where it was never tested."""
        return None if self.newest is None else self.newest.status

    @property
    def before_s(self) -> float | None:
        """The usual median before the newest result."""
        earlier = [m.median_s for m in self.history[:-1] if m.median_s is not None]
        return median(earlier[-BEFORE:]) if earlier else None

    @property
    def mark(self) -> str:
        """The regression: `fails now`, `2.1 times slower`, or ''."""
        now, before = self.newest, self.before_s
        if now is None or before is None:
            return ""
        if now.status != "works" or now.median_s is None:
            return "fails now" if self.history[-2].status == "works" else ""
        ratio = now.median_s / before if before > 0.0 else 1.0
        return f"{ratio:.1f} times slower" if ratio >= SLOWER else ""

    @property
    def busy(self) -> bool:
        """Whether the machine was busy during the newest measurement, which may explain a slow
        one."""
        return self.newest is not None and (self.newest.load or 0.0) > BUSY

    def expired(self, max_age_s: float = EXPIRES_S, now: float | None = None) -> bool:
        """Whether it was never tested, or too long ago."""
        if self.newest is None:
            return True
        return (time.time() if now is None else now) - self.newest.time > max_age_s


@dataclass(frozen=True, slots=True)
class Matrix:
    """Providers by capabilities."""

    providers: Mapping[str, Provider]
    cells: Mapping[tuple[str, str], MatrixCell]
    problem: str = ""
    """What is wrong with the configuration."""

    @property
    def capabilities(self) -> list[str]:
        """All capabilities, in the order in which providers list them."""
        names = (c for one in self.providers.values() for c in one.capabilities)
        return list(dict.fromkeys(names))

    def groups(self) -> Mapping[tuple[str, ...], list[str]]:
        """The providers with the same capabilities, by those capabilities."""
        groups = dict[tuple[str, ...], list[str]]()
        for name, one in self.providers.items():
            groups.setdefault(tuple(one.capabilities), []).append(name)
        return groups

    def cell(self, provider: str, capability: str) -> MatrixCell | None:
        """The cell of a provider and capability; None if it cannot have that one."""
        return self.cells.get((provider, capability))

    def of(self, provider: str) -> list[MatrixCell]:
        return [self.cells[provider, c] for c in self.providers[provider].capabilities]

    def health(self, provider: str) -> tuple[bool | None, str]:
        """Whether it is healthy, and why not; None if untested."""
        needed = set(self.providers[provider].needed)
        cells = self.of(provider)
        wrong = [c for c in cells if c.status == "fails"]
        wrong += [c for c in cells if c.status == "not offered" and c.capability in needed]
        if wrong:
            newest = wrong[0].newest
            reason = newest.reason if newest is not None else ""
            more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            return False, f"{wrong[0].capability}: {reason}{more}"
        if any(c.status is None for c in cells if c.capability in needed):
            return None, "not all that it needs was tested"
        return True, ""


class Results:
    """The results below a run root; reads again only what was appended."""

    def __init__(self, root: Path) -> None:
        self._log = EventLog(root / LAB / FOLDER)
        self._seen = 0
        self._kept: dict[tuple[str, str, str], list[Measurement]] = {}

    def add(self, measurement: Measurement) -> None:
        """Keep a result. Raises TttuiError where the disk does not take it."""
        folder = self._log.folder
        try:
            folder.parent.parent.mkdir(parents=True, exist_ok=True)
            folder_to_write(folder.parent)
            folder_to_write(folder)
        except OSError as error:
            raise write_error(folder, error) from error
        self._log.append(MEASURED, **asdict(measurement))

    def refresh(self) -> bool:
        """Read new results; returns whether there were any.

        Skips lines that are no results. Raises TttuiError naming a file that cannot be read.
        """
        before = self._seen
        try:
            self._read()
        except OSError as error:
            raise TttuiError(f"{self._log.path}: {error.strerror}") from error
        return self._seen > before

    def _read(self) -> None:
        for event in self._log.read(self._seen):
            self._seen = event.seq
            # The log puts its own time into a line: that of the result, to a moment.
            measurement = _measurement({**event.fields, "time": event.time})
            if measurement is not None:
                key = (measurement.provider, measurement.capability, measurement.identity)
                results = self._kept.setdefault(key, [])
                results.append(measurement)
                del results[:-KEPT]

    def matrix(self, providers: Mapping[str, Provider], problem: str = "") -> Matrix:
        """The matrix of these providers as they are configured now."""
        cells = {
            (name, capability): MatrixCell(
                name, capability, tuple(self._kept.get((name, capability, one.identity), ()))
            )
            for name, one in providers.items()
            for capability in one.capabilities
        }
        return Matrix(dict(providers), cells, problem)


def qualifying(
    cells: Iterable[MatrixCell],
    *,
    max_p95_s: float | None = None,
    min_throughput: float | None = None,
    max_age_s: float = EXPIRES_S,
) -> list[MatrixCell]:
    """Cells that work, are fast enough and were tested lately; the best first.

    The best has the shortest median; where a throughput is asked for, the highest throughput.
    """

    def fits(m: Measurement | None) -> bool:
        if m is None or m.status != "works" or m.median_s is None or m.p95_s is None:
            return False
        slow = max_p95_s is not None and m.p95_s > max_p95_s
        small = min_throughput is not None and (m.throughput or 0.0) < min_throughput
        return not slow and not small

    def rank(cell: MatrixCell) -> tuple[float, float]:
        m = cell.newest
        assert m is not None
        assert m.median_s is not None
        by = -(m.throughput or 0.0) if min_throughput is not None else m.median_s
        return by, m.error_rate

    return sorted((c for c in cells if fits(c.newest) and not c.expired(max_age_s)), key=rank)


def parts_to_test(matrix: Matrix, names: Sequence[str], max_age_s: float) -> list[str]:
    """Parts of a test (`numpy/predict`) whose results are missing or too old."""
    return [
        f"{cell.provider}/{cell.capability}"
        for name in names
        for cell in matrix.of(name)
        if cell.expired(max_age_s)
    ]


def _measurement(raw: Mapping[str, Any]) -> Measurement | None:
    """A result as the file has it; None where it is damaged."""
    texts = {f.name for f in fields(Measurement) if f.type is str or f.name == "status"}
    values: dict[str, Any] = {}
    for one in fields(Measurement):
        value = raw.get(one.name, "" if one.name in texts else None)
        if one.name in texts:
            if not isinstance(value, str):
                return None
        elif one.name == "n":
            value = whole(value) or 0
        else:
            value = number(value)
        values[one.name] = value
    if values["status"] not in get_args(ProbeStatus) or values["time"] is None:
        return None
    if values["status"] == "works" and values["median_s"] is None:
        return None
    values["error_rate"] = values["error_rate"] or 0.0
    return Measurement(**values)
