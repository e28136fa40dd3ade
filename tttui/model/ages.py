"""Times, durations and sizes in words."""

import time


def duration_text(seconds: float) -> str:
    """`12 s`, `3 min`, `5 h`, `12 days`: one unit, as people say it."""
    seconds = max(0.0, seconds)
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86400:.0f} days"


def age_text(created_at: float | None, now: float | None = None) -> str:
    """The time since a Unix time; '' if unknown."""
    if created_at is None:
        return ""
    elapsed = (time.time() if now is None else now) - created_at
    return "in the future" if elapsed < -60 else duration_text(elapsed)


def ago_text(created_at: float | None, now: float | None = None) -> str:
    """`3 h ago`; `in the future` by a clock that was set back, '' where it is unknown."""
    age = age_text(created_at, now)
    return f"{age} ago" if age[:1].isdigit() else age


def size_text(size: float) -> str:
    """Bytes as `950 B`, `12 kB`, `3.4 MB`."""
    for unit, power in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= power:
            return f"{size / power:.3g} {unit}"
    return f"{size:.0f} B"
