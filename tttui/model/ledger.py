"""Score first: whether any step was scored by weights that had already learned from it.

Every score names the version of the weights that made it, every update the version before, the
version after and the steps that it was trained on. What a version has seen is what its ancestors
were trained on; weights that equal earlier ones bit by bit (a reset to the base, a rollback) have
seen what those had seen. What cannot be told is counted as such and never as clean.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Literal

from tttui.model.dataclass import dataclass

Ranges = Sequence[tuple[int, int]]
"""Steps [first, last] with both ends."""

HARMLESS = ("reset", "restore")
"""Kinds of change that only bring back what the base had: nothing is learned from any step."""


@dataclass(frozen=True, slots=True)
class VersionChange:
    """The versions before and after an event."""

    t: int
    """The first step that the new weights can score."""
    before: str | None
    after: str | None
    trained_on: Ranges | None
    """None: it was not recorded."""
    why: str = ""
    since: int | None = None
    """It may have happened any time after this step was scored; None: it is as `t` says."""


@dataclass(frozen=True, slots=True)
class LedgerRecords:
    """The version records of a session."""

    steps: Sequence[int]
    """Every step that was recorded."""
    scores: Sequence[tuple[int, str]]
    """Steps and the versions that scored them, ascending."""
    changes: Sequence[VersionChange]
    """In the order in which they happened."""
    base: str | None
    """The version of the weights at the start."""
    buffers_moved: bool = False
    """Buffers (statistics of batches) changed, which versions do not cover."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A score that was made by weights which had learned from the step."""

    t: int
    version: str
    learned_at: int
    """The step of the event in which they learned from it."""


Answer = Literal["clean", "violated", "unknown"]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The verdict on the order of scores and updates, with the number of scores."""

    steps: int
    clean: int
    violated: int
    unknown: int
    first: Violation | None = None
    first_unknown: int | None = None
    why_unknown: str = ""
    notes: tuple[str, ...] = ()

    @property
    def answer(self) -> Answer:
        if self.violated:
            return "violated"
        return "unknown" if self.unknown or not self.steps else "clean"

    @property
    def sentence(self) -> str:
        """For a person, one line."""
        if not self.steps:
            return "no step was scored yet"
        if self.first is not None:
            v = self.first
            return (
                f"{self.violated} of {self.steps} scores were made by weights that had already "
                f"learned from the step; the first is step {v.t}, scored by version {v.version}, "
                f"which had learned from it in the update before step {v.learned_at}"
            )
        if self.unknown:
            start = f"{self.clean} of {self.steps} scores are provably made before learning"
            return f"{start}; from step {self.first_unknown} on some cannot be told: " + (
                self.why_unknown
            )
        return (
            f"all {self.steps} scores were made by weights that had not learned from the step yet"
        )


def judge(records: LedgerRecords) -> Ledger:
    """Whether any score was made by weights that had already seen it; names the first."""
    seen = _Lineage(records.base)
    for change in records.changes:
        seen.add(change)
    unsure = [(c.since, c.t) for c in records.changes if c.since is not None]
    versions = dict(records.scores)
    clean = violated = unknown = 0
    first: Violation | None = None
    first_unknown: int | None = None
    why = ""
    for t in records.steps:
        version = versions.get(t)
        learned_at: int | str | None
        if version is None:
            learned_at = (
                "it is not recorded which weights made them"
                if versions
                else "there is no scores.csv: no score says which weights made it"
            )
        else:
            learned_at = seen.learned(version, t)
            if learned_at is None and any(since < t < at for since, at in unsure):
                learned_at = "weights changed at a moment that was not seen"
        if learned_at is None:
            clean += 1
        elif isinstance(learned_at, int):
            violated += 1
            first = first or Violation(t, version or "", learned_at)
        else:
            unknown += 1
            if first_unknown is None:
                first_unknown, why = t, learned_at
    notes: tuple[str, ...] = ()
    if records.buffers_moved:
        notes = (
            "buffers (statistics of batches) changed as well; versions are those of the plastic "
            "weights, and say nothing of what buffers have seen",
        )
    return Ledger(len(records.steps), clean, violated, unknown, first, first_unknown, why, notes)


@dataclass(slots=True)
class _Chain:
    """Versions that follow on each other, and when each step was first learned from on the way."""

    parent: "tuple[_Chain, int] | None" = None
    """The chain and the place in it that this one starts from."""
    length: int = 0
    starts: list[int] = field(default_factory=list[int])
    stretches: list[tuple[int, int, int, int]] = field(
        default_factory=list[tuple[int, int, int, int]]
    )
    """First and last step, place of the change that learned from them first, and its t; these
    do not overlap and ascend, as do `starts`."""
    unknown_from: int | None = None
    """The place from which on it is not known what was learned from."""
    why: str = ""

    def learn(self, first: int, last: int, place: int, t: int) -> None:
        """Add the steps of [first, last] that were not learned from before."""
        while first <= last:
            i = bisect_right(self.starts, first) - 1
            if i >= 0 and self.stretches[i][1] >= first:
                first = self.stretches[i][1] + 1
                continue
            stop = last
            if i + 1 < len(self.starts):
                stop = min(last, self.starts[i + 1] - 1)
            self.starts.insert(i + 1, first)
            self.stretches.insert(i + 1, (first, stop, place, t))
            first = stop + 1

    def learned(self, t: int, place: int) -> int | None:
        """The t of the change up to this place that learned from step t."""
        i = bisect_right(self.starts, t) - 1
        if i >= 0:
            _, last, at, event_t = self.stretches[i]
            if last >= t and at <= place:
                return event_t
        return None


class _Lineage:
    """The steps from which every version had learned."""

    def __init__(self, base: str | None) -> None:
        self._places: dict[str, tuple[_Chain, int]] = {}
        if base is not None:
            self._places[base] = (_Chain(), 0)

    def add(self, change: VersionChange) -> None:
        if change.after is None or change.after in self._places:
            return
        parent = self._places.get(change.before) if change.before is not None else None
        if parent is None:
            chain = _Chain(unknown_from=1, why="weights came from a version that no event made")
        elif parent[1] == parent[0].length:
            chain = parent[0]
        else:
            chain = _Chain(parent=parent)
        chain.length += 1
        place = chain.length
        self._places[change.after] = (chain, place)
        if change.trained_on is not None:
            for first, last in change.trained_on:
                chain.learn(first, last, place, change.t)
        elif change.why not in HARMLESS and chain.unknown_from is None:
            chain.unknown_from = place
            chain.why = f"the change before step {change.t} does not say what it was trained on"

    def learned(self, version: str, t: int) -> int | str | None:
        """The t of the event in which this version learned from step t; None: it did not; a
        sentence where that cannot be told."""
        at = self._places.get(version)
        if at is None:
            return "they were made by weights that no event made"
        why: str | None = None
        while at is not None:
            chain, place = at
            if (step := chain.learned(t, place)) is not None:
                return step
            if chain.unknown_from is not None and chain.unknown_from <= place:
                why = chain.why
            at = chain.parent
        return why


def as_ranges(trained_on: object) -> Ranges | None:
    """`[3, 5]` or `[[0, 31], 40]` of a file as ranges; None for anything else."""
    if not isinstance(trained_on, list):
        return None
    ranges = []
    for entry in trained_on:
        pair = entry if isinstance(entry, list) else [entry, entry]
        if len(pair) != 2 or not all(type(t) is int for t in pair):
            return None
        ranges.append((pair[0], pair[1]))
    return ranges


def as_json(ledger: Ledger) -> Mapping[str, object]:
    """The ledger for programs."""
    first = ledger.first
    return {
        "answer": ledger.answer,
        "steps": ledger.steps,
        "clean": ledger.clean,
        "violated": ledger.violated,
        "unknown": ledger.unknown,
        "first_violation": None
        if first is None
        else {"t": first.t, "version": first.version, "learned_at": first.learned_at},
        "first_unknown": ledger.first_unknown,
        "why_unknown": ledger.why_unknown,
        "notes": list(ledger.notes),
        "sentence": ledger.sentence,
    }
