"""The outcome of a sweep: every member against the default, the effect of each setting, the best
member.

All of it rests on differences between members on the same stream, of which the exact interval of
`evaluation.statistics` is taken over the streams.

The effect of a setting is that of an additive model, fitted to every stream by least squares: what
a value changes on average over the values of the other settings. In a whole grid that is the mean
difference of the members that differ in nothing else; in a random search it is what is left when
the other settings are accounted for. A range counts from its low to its high end (of its logarithm
where it was drawn so).

The best of many looks better than it is, since it was chosen for it. So it is compared with the
default at a level at which the comparisons of all members hold together, and tested again on fresh
streams where somebody asks.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tttui.lab.evaluation.ranking import compare, document
from tttui.lab.evaluation.statistics import (
    Interval,
    PairedComparison,
    fewest,
    interval,
    simultaneous,
)
from tttui.lab.sweeps.plan import SweepPlan
from tttui.model.arrays import Floats
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput
from tttui.model.shell import command_line

LEVELS = 8
"""Values of a number up to which each has an effect of its own; more are a range."""

WORSE_THAN_ALL = math.log(10.0)
"""What a loss that is not finite counts in an effect: so much above the largest that is."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a value of a setting changes, against another one; positive differences are better."""

    setting: str
    value: str
    """`0.01`; of a range `0.1 rather than 0.001`."""
    against: str
    """The value that it is compared with."""
    compared: PairedComparison


@dataclass(frozen=True, eq=False)
class SweepOutcome:
    """The results of a sweep so far."""

    plan: SweepPlan
    losses: Floats
    """Mean losses [members, streams]; NaN: not computed yet."""
    frozen: Floats
    """Mean losses of the frozen base [members, streams]."""
    rows: int
    seconds: float
    """Compute time of all batches."""

    @classmethod
    def of(cls, plan: SweepPlan, parts: Iterable[Mapping[str, Any]]) -> "SweepOutcome":
        """From the finished parts of the jobs that computed it."""
        shape = len(plan.members), len(plan.streams)
        losses, frozen = np.full(shape, np.nan), np.full(shape, np.nan)
        seconds, known = 0.0, set[tuple[int, int]]()
        for rows in (rows for own in parts for rows in own.values()):
            for row in rows if isinstance(rows, list) else ():
                try:
                    at = abs(int(row["member"])), abs(int(row["stream"]))
                    losses[at] = _number(row[plan.by])
                    frozen[at] = _number(row["frozen_" + plan.by])
                    seconds += float(row["seconds"])
                except (LookupError, TypeError, ValueError):
                    continue  # no row of this sweep
                known.add(at)
        return cls(plan, losses, frozen, len(known), seconds)

    @property
    def complete(self) -> bool:
        return self.rows == self.losses.size

    @cached_property
    def there(self) -> list[int]:
        """The indices of members that were computed on every stream."""
        return [i for i, row in enumerate(self.losses) if not np.isnan(row).any()]

    @cached_property
    def order(self) -> list[int]:
        """The indices of those members, best first."""
        return sorted(self.there, key=lambda i: (self.estimate(i).estimate, i))

    def prepare(self) -> None:
        """Compute the costly properties, in the reading thread."""
        if self.order:
            _ = self.effects, self.equals, self.verdict

    @property
    def unit(self) -> str:
        """`bits`; '' where losses are compared by their ratio."""
        task = self.plan.runner.task
        return "" if self.plan.is_point_mass else task.unit or task.loss_name

    def estimate(self, member: int) -> Interval:
        """The loss of a member over the streams, estimated on the logarithm if losses are compared
        as ratios."""
        values = self._scaled(self.losses[member])
        scaled = interval(values)
        if self.unit:
            return scaled
        ends = (scaled.estimate, scaled.low, scaled.high)
        estimate, low, high = (math.inf if end > 700 else math.exp(end) for end in ends)
        return Interval(estimate, low, high, scaled.n)

    def loss(self, member: int) -> float | None:
        """The point estimate of the loss; None if most streams diverged."""
        return _finite(self.estimate(member).estimate)

    def against(self, member: int, other: int, comparisons: int = 1) -> PairedComparison:
        """Compare two members at the level at which `comparisons` comparisons hold together."""
        level = simultaneous(comparisons)
        return compare(self.losses[member], self.losses[other], self.unit, level=level)

    @property
    def best(self) -> int:
        """The member with the lowest loss. Raises RefusedInput where none is computed."""
        if not self.order:
            raise RefusedInput("no member is computed on all streams yet")
        return self.order[0]

    @cached_property
    def equals(self) -> list[int]:
        """The members that do not differ from the best beyond chance, the best of them first."""
        rest = [i for i in self.order if i != self.best]
        pairs = [(i, self.against(self.best, i, len(rest))) for i in rest]
        return [i for i, compared in pairs if compared.outcome != "better"]

    @cached_property
    def verdict(self) -> str:
        """The best member, and whether it is better than the default, in a sentence."""
        best, names = self.best, self.plan.members
        if best == 0:
            return "the default is the best of what was tried"
        rivals = max(1, len(self.there) - 1)
        compared = self.against(best, 0, rivals)
        if compared.outcome == "too few" and compared.n >= fewest():
            return (
                f"{names[best].name} is {compared.amount} than the default, better on "
                f"{compared.wins} of {compared.n} streams; that is too few for the best of "
                f"{rivals + 1}, which takes {fewest(rivals)}: test it again on fresh ones"
            )
        if self.plan.confirms:
            verdict = compared.verdict(names[best].name, "the default", "fresh streams")
            return verdict if best == 1 else f"not confirmed: {verdict}"
        return compared.verdict(names[best].name, "the default")

    def command(self, member: int) -> str:
        """The command line that runs a session with the settings of a member."""
        plan, task = self.plan, self.plan.runner.task
        known, words = task.all_settings(), ["tttui", "run"]
        if not plan.is_point_mass:
            words += ["--task", plan.task]
            if "file" in known:
                words += ["--file", plan.data if Path(plan.data).is_file() else "FILE"]
        for name, value in plan.values_of(member).items():
            words += known[name].words(_typed(value))
        return command_line(*words)

    @cached_property
    def effects(self) -> list[Effect]:
        """The effect of every setting that has several values, in the order of the settings."""
        members = self._tried()
        values = {name: [self.plan.members[i].values[name] for i in members] for name in self._axes}
        columns, contrasts = list[Floats](), list[tuple[str, str, str]]()
        for name, own in values.items():
            for column, value, against in self._contrasts(name, own):
                columns.append(column)
                contrasts.append((name, value, against))
        if not columns or len(members) <= len(columns):
            return []
        design = np.column_stack([np.ones(len(members)), *columns])
        if np.linalg.matrix_rank(design) < design.shape[1]:
            return []
        scaled = np.array([self._scaled(self.losses[i]) for i in members])
        fitted = np.linalg.lstsq(design, _bounded(scaled), rcond=None)[0][1:]
        return [
            Effect(name, value, against, self._comparison(-changes))
            for (name, value, against), changes in zip(contrasts, fitted, strict=True)
        ]

    def document(self) -> dict[str, Any]:
        """For results.json and `--json`."""
        task = self.plan.runner.task
        content: dict[str, Any] = {
            "complete": self.complete,
            "task": self.plan.task,
            "by": self.plan.by,
            "loss": task.loss_name,
            "unit": task.unit,
            "members": len(self.plan.members),
            "streams": len(self.plan.streams),
            "streams_are": self.plan.streams_text,
            "computed": self.rows,
            "seconds": self.seconds,
        }
        if not self.order:
            return content
        return content | {
            "table": [self._line(i) for i in self.order],
            "effects": [
                {"setting": e.setting, "value": e.value, "against": e.against}
                | document(e.compared)
                for e in self.effects
            ],
            "best": self.plan.members[self.best].name,
            "equal_to_best": [self.plan.members[i].name for i in self.equals],
            "verdict": self.verdict,
        }

    def _line(self, member: int) -> dict[str, Any]:
        estimate, own = self.estimate(member), self.plan.members[member]
        line = {
            "name": own.name,
            "values": dict(own.values),
            "loss": _finite(estimate.estimate),
            "low": _finite(estimate.low),
            "high": _finite(estimate.high),
            "frozen": _finite(float(np.median(self.frozen[member]))),
            "diverged": int((~np.isfinite(self.losses[member])).sum()),
            "losses": [_finite(v) for v in self.losses[member]],
        }
        if member and 0 in self.there:
            line["than_default"] = document(self.against(member, 0))
        return line

    def _scaled(self, losses: Floats) -> Floats:
        """Losses as they are subtracted: their logarithms where they are ratios."""
        values = np.where(np.isfinite(losses), losses, np.inf)
        if self.unit:
            return values
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(values))

    def _comparison(self, better: Floats) -> PairedComparison:
        wins, losses = int((better > 0).sum()), int((better < 0).sum())
        return PairedComparison(interval(better), wins, losses, not self.unit, self.unit)

    @property
    def _axes(self) -> list[str]:
        """The settings that have several values among the members."""
        names = self.plan.names
        tried = [self.plan.members[i].values for i in self._tried()]
        return [n for n in names if len({repr(values[n]) for values in tried}) > 1]

    def _tried(self) -> list[int]:
        """The members that were asked for; the default only where its values are among them."""
        own = [i for i in self.there if i]
        if 0 not in self.there:
            return own
        default = self.plan.members[0].values
        tried = [self.plan.members[i].values for i in own]
        known = all(
            n in default and any(default[n] == values[n] for values in tried)
            for n in self.plan.names
        )
        return [0, *own] if known else own

    def _contrasts(self, name: str, own: Sequence[Any]) -> list[tuple[Floats, str, str]]:
        """Columns of the additive model for a setting, each with its value and the reference
        value."""
        from tttui.lab.sweeps.plan import known_settings

        text = known_settings(self.plan.runner.task)[name].text
        numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in own)
        levels = sorted(set(own)) if numbers else list(dict.fromkeys(own))
        if numbers and len(levels) > LEVELS:
            values = np.array(own, dtype=np.float64)
            if values.min() > 0 and values.max() >= 10 * values.min():
                values = np.log(values)
            column = (values - values.min()) / np.ptp(values)
            return [(column, text(levels[-1]), text(levels[0]))]
        default = self.plan.members[0].values.get(name)
        reference = default if default in levels else levels[0]
        return [
            (np.array([v == level for v in own], dtype=np.float64), text(level), text(reference))
            for level in levels
            if level != reference
        ]


def _typed(value: Any) -> str:
    """The value in the form in which it is typed."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value))
    return "" if value is None else str(value)


def _bounded(scaled: Floats) -> Floats:
    finite = scaled[np.isfinite(scaled)]
    worst = (float(finite.max()) if finite.size else 0.0) + WORSE_THAN_ALL
    return np.where(np.isfinite(scaled), scaled, worst)


def _number(value: Any) -> float:
    """A loss from a file; infinite if it is missing or not finite, as of a run that diverged."""
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else math.inf


def _finite(value: float) -> float | None:
    return float(f"{value:.8g}") if math.isfinite(value) else None
