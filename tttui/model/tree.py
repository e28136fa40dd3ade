"""Sessions as a forest: every fork below the session that it started from."""

from collections.abc import Sequence
from pathlib import Path

from tttui.model.dataclass import dataclass
from tttui.model.here import absolute
from tttui.model.natural import natural_path
from tttui.model.session import SessionSummary


@dataclass(frozen=True, slots=True)
class Branch:
    """A session's place in the forest."""

    index: int
    """Number of the summary."""
    parent: int | None
    trunk: tuple[bool, ...] = ()
    """For every ancestor below the root and for itself: it has a later sibling."""

    @property
    def depth(self) -> int:
        return len(self.trunk)


def forest(summaries: Sequence[SessionSummary]) -> list[Branch]:
    """All sessions, parents before their children, siblings by the time they were created.

    Parents in a circle (a damaged meta.json) are shown as if they had none.
    """
    parents = parents_of(summaries)
    children: dict[int | None, list[int]] = {}
    for i in sorted(range(len(summaries)), key=lambda i: _age(summaries[i])):
        children.setdefault(parents[i], []).append(i)
    out: list[Branch] = []
    waiting = [Branch(i, None) for i in reversed(children.get(None, []))]
    while waiting:
        branch = waiting.pop()
        out.append(branch)
        inner = children.get(branch.index, [])
        for k in range(len(inner) - 1, -1, -1):
            trunk = (*branch.trunk, k < len(inner) - 1)
            waiting.append(Branch(inner[k], branch.index, trunk))
    return out


def parents_of(summaries: Sequence[SessionSummary]) -> list[int | None]:
    """The number of each session's parent; None where it has none or it was not found.

    The parent is the session at the recorded path, else the one with the recorded id whose
    directory is nearest: ids are unique below one root only.
    """
    by_path = {str(absolute(s.place.path)): i for i, s in enumerate(summaries)}
    by_id: dict[str, list[int]] = {}
    for i, summary in enumerate(summaries):
        names = {summary.place.name}
        # every flat session has the same id, which therefore names none of them
        if summary.meta.session_id and summary.place.layout != "flat":
            names.add(summary.meta.session_id)
        for name in names:
            by_id.setdefault(name, []).append(i)
    parents: list[int | None] = []
    for i, summary in enumerate(summaries):
        at = by_path.get(str(summary.meta.raw.get("parent_path")))
        parent_id = summary.meta.parent_session_id
        if at is None and parent_id is not None:
            at = _nearest(summaries, i, by_id.get(parent_id, []))
        parents.append(at if at != i else None)
    return _without_circles(parents)


def _nearest(summaries: Sequence[SessionSummary], i: int, candidates: Sequence[int]) -> int | None:
    """The candidate that shares the longest path with session i."""
    here = summaries[i].place.path
    others = [k for k in candidates if k != i]
    return max(others, key=lambda k: _shared(here, summaries[k].place.path), default=None)


def _shared(a: Path, b: Path) -> int:
    """How many leading parts two paths have in common."""
    n = 0
    for x, y in zip(a.parts, b.parts, strict=False):
        if x != y:
            break
        n += 1
    return n


def _without_circles(parents: list[int | None]) -> list[int | None]:
    """The same with a link taken out of every circle."""
    safe: set[int] = set()
    for i in range(len(parents)):
        path: list[int] = []
        on_path: set[int] = set()
        at: int | None = i
        while at is not None and at not in safe:
            if at in on_path:
                parents[at] = None
                break
            path.append(at)
            on_path.add(at)
            at = parents[at]
        safe.update(path)
    return parents


def _age(summary: SessionSummary) -> tuple[float, tuple[str, str]]:
    created = summary.meta.created_at
    return (float("inf") if created is None else created, natural_path(summary.place.path))
