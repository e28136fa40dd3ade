"""The hidden friction mu of a session: planned in meta.json, or set while it ran."""

from collections.abc import Iterable

MuChanges = tuple[tuple[int, float], ...]
"""Steps, ascending, before which mu changed, and its new values."""


def merged(planned: Iterable[tuple[int, float]], live: Iterable[tuple[int, float]]) -> MuChanges:
    """All changes; at the same step the one that was made while the run went on holds."""
    return tuple(sorted({**dict(planned), **dict(live)}.items()))


def mu_at(first: float | None, changes: MuChanges, t: int) -> float | None:
    """The friction in force at step t of a session that began with `first`; None: not known."""
    mu = first
    for at, value in changes:
        if at <= t:
            mu = value
    return mu


def mu_text(mu: float | None) -> str:
    """`0.1234`; `-` where it is not known."""
    return "-" if mu is None else f"{mu:.4g}"


def mu_since(now: float | None, first: float | None) -> str:
    """The present friction, with the first one where that was another: `0.3 (was 0.05)`."""
    changed = now is not None and first is not None and now != first
    return f"{mu_text(now)} (was {mu_text(first)})" if changed else mu_text(now)
