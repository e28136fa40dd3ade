"""Which regions of the Sessions tab are shown together, and where, by the room there is."""

from dataclasses import dataclass

from tttui.panes.listing import Pages
from tttui.panes.preview import LEAST

WIDE = 150
"""Columns from which on the preview of a session can stand beside a long table."""

NARROW = 100
"""Columns below which nothing stands beside the table, nor two things below it."""

ROOMY = 28
"""Rows from which on a comparison has a place below the table; in a narrow tab `TALL`."""

TALL = 40

SHORT = 8
"""Rows below which the table is alone."""

LONG = 12
"""Rows that a table must keep above a preview, unless it needs fewer."""

WORDS = {
    "table": "sessions",
    "preview": "preview",
    "detail": "commands and files",
    "curves": "curves",
    "numbers": "bars and differences",
    "transfer": "transfer matrix",
}
"""The regions for a person; what is shown with another one has no word of its own."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The pages, and how the first one is put together."""

    pages: Pages
    beside: bool = False
    """The preview stands beside the table, not below it."""
    table_rows: int | None = None
    """Rows of the table with its header above other things; None: all that there are."""


def layout(
    width: int, height: int, sessions: int, *, comparing: bool = False, transfer: bool = False
) -> Layout:
    """The layout for a tab of width x height cells with a table of so many sessions.

    `comparing`: several are marked; `transfer`: their transfer matrix was asked for.
    """
    free, wanted = height - 1, sessions + 1
    if comparing:
        return Layout(
            _comparison(width, height, transfer), table_rows=min(wanted, max(free // 4, 4))
        )
    one = ("preview", "detail") if width >= NARROW else ("preview",)
    left = () if width >= NARROW else (("detail",),)
    stacked = free - max(LEAST + 1, free // 2)
    if wanted <= stacked:
        return Layout((("table", *one), *left), table_rows=wanted)
    if width >= WIDE and height >= LONG:
        return Layout((("table", *one), *left), beside=True)
    if stacked >= LONG:
        return Layout((("table", *one), *left), table_rows=stacked)
    if width >= NARROW and height >= LONG:
        return Layout((("table", "preview"), ("detail",)), beside=True)
    first = ("table", "line") if height >= SHORT else ("table",)
    return Layout((first, ("preview",), ("detail",)))


def _comparison(width: int, height: int, transfer: bool) -> Pages:
    asked: Pages = (("transfer",),) if transfer else ()
    narrow = width < NARROW
    one: Pages = (("preview",), ("detail",)) if narrow else (("preview", "detail"),)
    if height >= (TALL if narrow else ROOMY):
        if width >= WIDE and transfer:
            return (("table", "curves", "numbers", "transfer"), *one)
        return (("table", "curves", "numbers"), *asked, *one)
    first = ("table", "line") if height >= SHORT else ("table",)
    return (first, ("curves",), ("numbers",), *asked, *one)
