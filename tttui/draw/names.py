"""Names of sessions in few cells: shortened in the middle, and still told apart."""

from collections.abc import Sequence

SHARES = (0.5, 0.25, 0.75, 0.0, 1.0)
"""Parts of the room that a name's beginning gets, the best first."""


def shortened(names: Sequence[str], width: int, ellipsis: str = "…") -> tuple[str, ...]:
    """Every name in at most `width` cells, without its middle where it is too long.

    Beginnings and ends get equal parts of the room, or those parts by which most names differ.
    """
    best: tuple[str, ...] = ()
    for share in SHARES:
        candidates = tuple(_without_middle(name, width, share, ellipsis) for name in names)
        if len(set(candidates)) == len(set(names)):
            return candidates
        if len(set(candidates)) > len(set(best)):
            best = candidates
    return best


def _without_middle(name: str, width: int, share: float, ellipsis: str) -> str:
    if len(name) <= width:
        return name
    room = width - len(ellipsis)
    if room < 1:
        return name[: max(width, 0)]
    head = min(max(round(room * share), 0), room)
    return name[:head] + ellipsis + (name[len(name) - (room - head) :] if head < room else "")
