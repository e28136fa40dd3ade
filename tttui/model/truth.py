"""The true value of the hidden quantity of a session's world: planned in meta.json, or set while
it ran."""

from collections.abc import Iterable

TruthChanges = tuple[tuple[int, float], ...]
"""Steps, ascending, before which the value changed, and the new values."""


def merged(planned: Iterable[tuple[int, float]], live: Iterable[tuple[int, float]]) -> TruthChanges:
    """All changes; at the same step the one that was made while the run went on holds."""
    return tuple(sorted({**dict(planned), **dict(live)}.items()))


def value_at(first: float | None, changes: TruthChanges, t: int) -> float | None:
    """The value in force at step t of a session that began with `first`; None: not known."""
    value = first
    for at, then in changes:
        if at <= t:
            value = then
    return value


def value_text(value: float | None) -> str:
    """`0.1234`; `-` where it is not known."""
    return "-" if value is None else f"{value:.4g}"


def since_text(now: float | None, first: float | None) -> str:
    """The present value, with the first one where that was another: `0.3 (was 0.05)`."""
    changed = now is not None and first is not None and now != first
    return f"{value_text(now)} (was {value_text(first)})" if changed else value_text(now)
