"""The skills of a root over their bases: what each changes, layer by layer, and what a merge does.

What is costly (a norm, a comparison, a merge of one layer) is worked out once, a moment at a time.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from itertools import combinations
from pathlib import Path

from tttui.lab.audit import audit_path
from tttui.lab.genome.composing import Weighted, composition_of
from tttui.lab.genome.effect import Effects, LayerChange
from tttui.lab.genome.holders import SkillHost, host_of
from tttui.lab.genome.layers import Layer
from tttui.lab.genome.methods import Recipe
from tttui.lab.genome.testing import newest_test
from tttui.lab.job import Job
from tttui.lab.registry import Version, versions
from tttui.model.dataclass import dataclass
from tttui.model.errors import TttuiError
from tttui.store.lab.feed import LabFeed, file_state
from tttui.store.snapshot import Part

WORK_S = 0.05
"""Seconds of work in one look."""

MOST = 24
"""Versions over one base that are shown, the newest ones."""


@dataclass(frozen=True, slots=True)
class SkillOnBase:
    """One version over a base."""

    version: Version
    method: str = ""
    """How it was composed; '' where it was not."""
    parents: str = ""
    """`0.7 A@v2 + 0.3 B@v1`"""
    outcome: str = ""
    """Of its newest test against its parents."""

    @property
    def name(self) -> str:
        return self.version.name


@dataclass(frozen=True, slots=True)
class GenomeSelection:
    """The selection of a person: a base, and a merge of skills over it."""

    base: str = ""
    """Its sha256; '' for the first there is."""
    weights: tuple[tuple[str, float], ...] = ()
    """Names of versions and their weights."""
    recipe: Recipe = field(default_factory=Recipe)


@dataclass(frozen=True, slots=True, eq=False)
class Genome:
    """The versions of a root over their bases, and what is known so far of one base."""

    known: bool = False
    """Whether the registry was read."""
    bases: tuple[tuple[SkillOnBase, ...], ...] = ()
    """The versions over each base, those of one base together; by age of their newest."""
    selection: GenomeSelection = field(default_factory=GenomeSelection)
    skills: tuple[SkillOnBase, ...] = ()
    """Over the base that is looked at, by name."""
    left_out: int = 0
    """Older versions over it that are not shown."""
    layers: tuple[LayerChange, ...] = ()
    composed: Mapping[str, float] = field(default_factory=dict[str, float])
    """The norm of what the merge adds, by layer."""
    todo: int = 0
    """Pieces of work left."""
    problems: tuple[str, ...] = ()
    refused: str = ""
    """Why the merge cannot be made."""
    holders: tuple[SkillHost, ...] = ()
    """Processes that hold skills now."""


GENOME = Part("genome", Genome())

WorkKey = tuple[str, ...]


class GenomeFeed(LabFeed[Genome]):
    """Reads the registry when its audit grows, and the processes that hold skills."""

    part = GENOME
    every_s = 1.0

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._seen: object = None
        self._jobs: tuple[Job, ...] = ()
        self._selection = GenomeSelection()
        self._effects: Effects | None = None
        self._open_for: tuple[str, ...] = ()
        self._unread: list[str] = []
        """What is wrong with the weights of some."""
        self._numbers: dict[WorkKey, float | None] = {}
        """Results of work by what they are of."""
        self._reasons: dict[WorkKey, str] = {}
        """Why some of it could not be done."""
        self._work: Iterator[tuple[WorkKey, Callable[[], float | None]]] = iter(())
        self._busy = False

    def select(self, selection: GenomeSelection) -> None:
        """Select this base and this merge."""
        self._selection = selection

    def choose(self, jobs: tuple[Job, ...]) -> None:
        """Set the jobs that hold skills."""
        self._jobs = jobs

    @property
    def unfinished(self) -> bool:
        return self._busy

    def refresh(self, now: float) -> Genome:
        value = self.value
        if (seen := file_state(audit_path(self.root))) != self._seen or not value.known:
            self._seen = seen
            value = self._read()
        if value.selection != self._selection or value.skills != self._over_base(value)[0]:
            value = self._turned_to(value)
        if (holders := tuple(map(host_of, self._jobs))) != value.holders:
            value = replace(value, holders=holders)
        return self._worked(value)

    def _read(self) -> Genome:
        problems: list[str] = []
        by_base: dict[tuple[str, str], list[SkillOnBase]] = {}
        for version in versions(self.root, problems=problems):
            if version.type != "skill":
                continue
            made = composition_of(version)
            test = newest_test(self.root, version) if made is not None else None
            one = SkillOnBase(
                version,
                "" if made is None else made.method,
                "" if made is None else made.skills,
                "" if test is None else str(test.get("outcome", "")),
            )
            by_base.setdefault((version.task, version.base_sha256), []).append(one)
        bases = sorted(by_base.values(), key=lambda of: -max(s.version.created_at for s in of))
        return Genome(True, tuple(tuple(one) for one in bases), problems=tuple(problems))

    def _over_base(self, value: Genome) -> tuple[tuple[SkillOnBase, ...], int]:
        """The versions over the base that is looked at, and how many are left out."""
        base = self._selection.base
        of = next((o for o in value.bases if o[0].version.base_sha256 == base), None)
        if of is None:
            of = value.bases[0] if value.bases else ()
        chosen = {name for name, _ in self._selection.weights}
        order = sorted(of, key=lambda s: (s.name not in chosen, -s.version.created_at))
        names = {skill.name for skill in order[:MOST]}
        return tuple(skill for skill in of if skill.name in names), len(of) - len(names)

    def _turned_to(self, value: Genome) -> Genome:
        """The value for the current selection, reusing known results."""
        skills, left_out = self._over_base(value)
        names = tuple(skill.name for skill in skills)
        problems = [p for p in value.problems if not p.startswith("layers: ")]
        if names != self._open_for:
            self._close()
            self._unread = []
            try:
                if skills:
                    opened = [skill.version for skill in skills]
                    self._effects = Effects(self.root, opened, self._unread)
            except TttuiError as error:
                self._unread.append(str(error))
            self._open_for = names
        problems += [f"layers: {why}" for why in self._unread]
        value = replace(
            value,
            selection=self._selection,
            skills=skills,
            left_out=left_out,
            problems=tuple(problems),
            refused="",
        )
        self._work = self._pieces(value)
        self._busy = True
        return value

    def _close(self) -> None:
        if self._effects is not None:
            self._effects.__exit__()
        self._effects = None

    def _pieces(self, value: Genome) -> Iterator[tuple[WorkKey, Callable[[], float | None]]]:
        """The pieces of work by key, the most urgent first."""
        effects = self._effects
        if effects is None:
            return
        hashes = {skill.name: skill.version.content for skill in value.skills}
        base = value.skills[0].version.base_sha256

        def norm(layer: Layer, name: str) -> Callable[[], float | None]:
            return lambda: effects.norm(layer, name)

        def base_norm(layer: Layer) -> Callable[[], float | None]:
            return lambda: effects.base_norm(layer)

        def conflict(layer: Layer, a: str, b: str) -> Callable[[], float | None]:
            return lambda: effects.conflict(layer, a, b)

        for layer in effects.layers.values():
            yield ("base", base, layer.name), base_norm(layer)
            for name in effects.holders(layer):
                yield ("norm", hashes[name], layer.name), norm(layer, name)
        parts = _parts(value)

        def composed(layer: Layer) -> Callable[[], float | None]:
            return lambda: effects.composed(layer, parts, value.selection.recipe)

        for layer in effects.layers.values() if parts else ():
            yield ("merge", repr(value.selection), layer.name), composed(layer)
        for layer in effects.layers.values():
            there = [p.version.name for p in parts if p.version.name in effects.holders(layer)]
            for a, b in combinations(there, 2):
                yield ("signs", hashes[a], hashes[b], layer.name), conflict(layer, a, b)

    def _worked(self, value: Genome) -> Genome:
        """Work for a slice of time; returns the value with the results."""
        if not self._busy:
            return value
        end, problems = time.monotonic() + WORK_S, list(value.problems)
        refused = value.refused
        while time.monotonic() < end:
            piece = next(self._work, None)
            if piece is None:
                self._busy = False
                break
            key, work = piece
            if key not in self._numbers:
                try:
                    self._numbers[key] = work()
                except TttuiError as error:
                    self._numbers[key] = None
                    self._reasons[key] = str(error)
            if (why := self._reasons.get(key)) is None:
                continue
            if key[0] == "merge":
                refused = why
            elif f"layers: {why}" not in problems:
                problems.append(f"layers: {why}")
        return replace(
            value,
            layers=self._layers(value),
            composed=self._composed(value),
            todo=int(self._busy),
            problems=tuple(problems),
            refused=refused,
        )

    def _layers(self, value: Genome) -> tuple[LayerChange, ...]:
        if self._effects is None:
            return ()
        base = value.skills[0].version.base_sha256
        chosen = [part.version for part in _parts(value)]

        def known(layer: Layer) -> LayerChange:
            norms = {
                skill.name: number
                for skill in value.skills
                if (number := self._numbers.get(("norm", skill.version.content, layer.name)))
                is not None
            }
            conflicts = {
                (a.name, b.name): number
                for a, b in combinations(chosen, 2)
                if (number := self._numbers.get(("signs", a.content, b.content, layer.name)))
                is not None
            }
            norm = self._numbers.get(("base", base, layer.name))
            return LayerChange(layer.name, layer.shape, norm, norms, conflicts)

        return tuple(known(layer) for layer in self._effects.layers.values())

    def _composed(self, value: Genome) -> Mapping[str, float]:
        norms = {
            layer: self._numbers.get(("merge", repr(value.selection), layer))
            for layer in (self._effects.layers if self._effects is not None else ())
        }
        return {layer: norm for layer, norm in norms.items() if norm is not None}


def _parts(value: Genome) -> list[Weighted]:
    """The existing skills of the merge."""
    by_name = {skill.name: skill.version for skill in value.skills}
    return [Weighted(by_name[n], weight) for n, weight in value.selection.weights if n in by_name]
