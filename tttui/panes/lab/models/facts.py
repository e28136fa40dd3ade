"""The texts about a version: itself, where it comes from and leads to, the personas."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from tttui.draw.prose import Prose
from tttui.lab.registry.difference import ValuePair, VersionDifference
from tttui.lab.registry.overview import Registry
from tttui.lab.registry.personas import Persona
from tttui.lab.registry.version import Version
from tttui.model.ages import ago_text
from tttui.model.numbers import count, short
from tttui.panes.lab.models.rows import FIRST, IMPROVEMENT, origin_of, result_forms
from tttui.widgets.page import Content

ROOM = 12
"""Columns of the names of fields."""

MOST = 400
"""Lines of a list that are shown."""

APART = "Each in the run that it comes from; t tests two on the same streams."

NOT_BESIDE = ("updates_", IMPROVEMENT)
"""Counts say nothing of versions, and the table has how much better each is than frozen."""

BESIDE = 6
"""Versions whose results stand beside each other."""

SESSIONS = 5
"""Sessions of a version that are named."""


def summary(version: Version, registry: Registry, now: float) -> Content:
    """All about a version."""

    def write(prose: Prose) -> None:
        palette, origin = prose.palette, version.origin
        for persona in registry.used_by(version):
            since = ago_text(persona.current.time, now)
            prose.say(f"{persona.called} points to it, since {since}", palette.accent, bold=True)
        step = origin.get("step")
        at = f" at step {step}" if isinstance(step, int) else ""
        numbers = sum(math.prod(shape) for shape in version.shapes.values())
        prose.field("type", f"{version.type} of the task {version.task}", ROOM)
        prose.field("registered", ago_text(version.created_at, now) or "unknown", ROOM)
        prose.field("from", f"{origin_of(version)}{at}", ROOM)
        if version.parents:
            prose.field("parents", ", ".join(version.parents), ROOM)
        base = version.base_sha256.rpartition(":")[2][:12]
        prose.field("base", f"{base} {version.base_source}".strip(), ROOM)
        prose.field("weights", f"{len(version.shapes)} tensors, {count(numbers)} numbers", ROOM)
        prose.field("sha256", version.weights_sha256[:16], ROOM)
        if registry.tests(version):
            prose.gap()
        for one in registry.tests(version)[::-1]:
            inks = {"better": palette.good, "worse": palette.bad}
            ink = inks.get(str(one.get("verdict")), palette.text)
            prose.say(str(one.get("sentence") or one.get("verdict")), ink)
        if not registry.tests(version):
            prose.gap().say("Not tested yet (t).", palette.warn)
        if version.results:
            prose.head("Measured when it was registered")
            _values(prose, version.results)

    return write


def settings(version: Version) -> Content:
    """How a version learns, and the command that registered it."""

    def write(prose: Prose) -> None:
        _values(prose, version.settings)
        prose.gap().say(version.command, prose.palette.accent)
        prose.field("directory", str(version.path), ROOM)

    return write


def beside(version: Version, registry: Registry) -> Content:
    """What was measured of a version beside what was measured of others of its task, as bars."""

    def write(prose: Prose) -> None:
        palette = prose.palette
        others = [one for one in registry.versions if one.task == version.task]
        shared = {
            name: [(one, value) for one in others if (value := _number(one, name)) is not None]
            for name in sorted(version.results, key=lambda name: name not in FIRST)
            if _number(version, name) is not None and not name.startswith(NOT_BESIDE)
        }
        shared = {name: results for name, results in shared.items() if len(results) > 1}
        if shared:
            prose.say(APART, palette.muted)
        for name, results in shared.items():
            at = next(i for i, (one, _) in enumerate(results) if one is version)
            first = max(0, min(at - BESIDE // 2, len(results) - BESIDE))
            most = max(abs(value) for _, value in results) or 1.0
            prose.head(name)
            for one, value in results[first : first + BESIDE]:
                mine = one is version
                label = f"{prose.glyphs.play if mine else ' '} {one.name}"
                ink = palette.adaptive if mine else palette.muted
                prose.bar(label[: ROOM + 1], abs(value) / most, f"{short(value):>8}", ink, ROOM + 2)
            if len(results) > BESIDE:
                prose.say(f"and {len(results) - BESIDE} more", palette.muted)
        if not shared:
            prose.say("The same was measured of no other version of its task.", palette.muted)

    return write


def _number(version: Version, name: str) -> float | None:
    value = version.results.get(name)
    known = isinstance(value, int | float) and math.isfinite(value)
    return float(value) if known else None  # type: ignore[arg-type]


def lineage(version: Version, registry: Registry) -> Content:
    """The versions over the same base as a tree, with the sessions that started from them."""

    def write(prose: Prose) -> None:
        palette = prose.palette
        base = version.base_sha256.rpartition(":")[2][:12]
        prose.line((f"base {base}", palette.muted))
        corner = prose.glyphs.corner
        for depth, text, of in _tree(version, registry):
            indent = "  " * depth + corner + " "
            if isinstance(of, Version):
                used = " ".join(one.called for one in registry.used_by(of))
                chosen = of.name == version.name
                mark = f"{prose.glyphs.play} " if chosen else ""
                ink = palette.accent if chosen else palette.text
                prose.line(
                    (indent, palette.frame),
                    (f"{mark}{text}", ink, chosen),
                    (f"  {used}" if used else "", palette.accent, True),
                )
            else:
                prose.line((indent, palette.frame), (text, palette.muted))
        if len(prose.lines) > MOST:
            prose.lines[MOST:] = []
            prose.say("...", palette.muted)

    return write


def _tree(version: Version, registry: Registry) -> Iterator[tuple[int, str, Version | None]]:
    """Depth, text and version (None: a session) of what stands on the base of a version."""
    same = [one for one in registry.versions if one.base_sha256 == version.base_sha256]
    same.sort(key=lambda one: (one.skill, one.number))
    names = {one.name for one in same}
    roots = [one for one in same if not one.parents or one.parents[0] not in names]
    listed: set[str] = set()
    # Then those whose parents go in a circle, which a registry of others may have.
    waiting = [(one, 0) for one in reversed([*roots, *same])]
    while waiting:
        one, depth = waiting.pop()
        if one.name in listed:
            continue
        listed.add(one.name)
        yield depth, f"{one.name}{_others(one)}", one
        sessions = registry.sessions.get(one.name, ())
        for session in sessions[:SESSIONS]:
            yield depth + 1, f"session {session}", None
        if sessions[SESSIONS:]:
            yield depth + 1, f"and {len(sessions) - SESSIONS} sessions more", None
        children = [c for c in registry.children(one) if c.parents[0] == one.name]
        waiting += [(child, depth + 1) for child in reversed(children)]


def _others(version: Version) -> str:
    """Of a version of several parents, all of them."""
    if len(version.parents) < 2:
        return ""
    how = "composed of" if version.origin.get("kind") == "genome" else "from"
    return f" ({how} {', '.join(version.parents)})"


def people(registry: Registry, version: Version, now: float) -> Content:
    """The personas: what each points to, and what it would go back to."""

    def write(prose: Prose) -> None:
        palette = prose.palette
        if not registry.personas:
            prose.say("No persona points to a version yet; d deploys one.", palette.muted)
        for persona in registry.personas:
            ours = persona.current.version == version.name
            ink = palette.accent if ours else palette.text
            prose.line(
                (persona.called, ink, True),
                (f"  {persona.current.version}", ink),
                (f"  {ago_text(persona.current.time, now)}", palette.muted),
            )
            if why := registry.points(persona):
                prose.say(f"! {why}", palette.bad)
            if persona.current.forced:
                prose.say(f"! forced: {persona.current.forced}", palette.warn)
            prose.say(_before(persona), palette.muted).gap()
        for problem in registry.problems:
            prose.say(f"! {problem}", palette.warn)

    return write


def _before(persona: Persona) -> str:
    earlier = [move.version for move in persona.stack[-2::-1]]
    if not earlier:
        return "nothing to go back to"
    more = f" and {len(earlier) - 3} more" if len(earlier) > 3 else ""
    return f"goes back to {', '.join(earlier[:3])}{more}"


def compared(one: Version, other: Version, difference: VersionDifference) -> Content:
    """What differs between two versions."""

    def write(prose: Prose) -> None:
        palette = prose.palette
        changed = f"weights changed by {100 * difference.relative:.3g} %"
        prose.say(f"{one.name} to {other.name}: {changed}", palette.text, bold=True)
        if not difference.same_base:
            prose.say("They stand on different bases.", palette.warn)
        most = max(
            (c.relative for c in difference.parameters if math.isfinite(c.relative)), default=0
        )
        room = min(
            max((len(c.name) for c in difference.parameters), default=0) + 1, prose.width // 2
        )
        prose.gap()
        for change in difference.parameters[:MOST]:
            share = change.relative / most if most and math.isfinite(change.relative) else 0.0
            value = f"{100 * change.relative:.3g} %"
            prose.bar(change.name[: room - 1], share, value, palette.adaptive, room)
        for name, why in difference.only:
            prose.field(name, why, room)
        _pairs(prose, "Settings", difference.settings)
        _pairs(prose, "Results", difference.results)

    return write


def _pairs(prose: Prose, title: str, pairs: tuple[ValuePair, ...]) -> None:
    prose.head(title if pairs else f"{title}: no difference")
    for name, a, b in pairs:
        prose.field(name, f"{_text(a)} -> {_text(b)}", 2 * ROOM)


def _values(prose: Prose, values: Mapping[str, Any]) -> None:
    room = max([2 * ROOM, *(len(name) + 2 for name in values)])
    for name, value in values.items():
        improved = name == IMPROVEMENT and isinstance(value, int | float)
        if improved:
            prose.field("than frozen", result_forms(name, value)[0], room)
        else:
            prose.field(name, _text(value), room)


def _text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "-" if value is None else "on" if value else "off"
    return short(value) if isinstance(value, float) else str(value)[:200]
