"""Which regions of the Sessions tab are shown together, and where, by the room there is."""

from collections.abc import Collection

from tttui.model.dataclass import dataclass
from tttui.panes.regions import Pages
from tttui.panes.sessions.preview import LEAST

BESIDE = 180
"""Columns from which on the preview of a session stands beside a long table."""

WIDE = 150
"""Columns from which on a transfer matrix stands beside bars and differences."""

NARROW = 100
"""Columns below which nothing stands beside the table, nor two things below it."""

ROOMY = 28
"""Rows from which on a comparison has a place below the table; in a narrow tab `TALL`."""

TALL = 40

SHORT = 8
"""Rows below which the table is alone."""

CURVES, FEWEST = 12, 4
"""Rows that the curves of a comparison need below a table, apart from one a session; and those
that the table keeps above them."""

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


CSS = """
SessionsPane { layout: vertical; height: 1fr; }
SessionsPane #upper { height: 1fr; layout: vertical; }
SessionsPane.beside #upper { layout: horizontal; }
SessionsPane Table { width: 1fr; height: 1fr; }
SessionsPane #line { height: 2; }
SessionsPane #one { width: 1fr; height: 1fr; layout: horizontal; }
SessionsPane.beside #one { width: 40%; max-width: 76; layout: vertical; padding: 0 0 0 1; }
SessionsPane SessionPreview { width: 1fr; height: 1fr; }
SessionsPane.beside SessionPreview { height: 3fr; }
SessionsPane SessionPanel { width: 1fr; height: 1fr; }
SessionsPane.paired SessionPanel { width: 40%; max-width: 56; }
SessionsPane.beside.paired SessionPanel { width: 1fr; max-width: 100%; height: 2fr; }
SessionsPane ComparedCurves { height: 3fr; }
SessionsPane #numbers { height: 2fr; }
SessionsPane #numbers.narrow { layout: vertical; }
SessionsPane MetricBars, SessionsPane SettingsTable { width: 1fr; padding: 0 1; }
SessionsPane TransferMap { width: 1fr; padding: 0 1; }
"""
"""Of the tab. `beside`: the preview stands beside the table; `paired`: with the facts."""


@dataclass(frozen=True, slots=True)
class PaneLayout:
    """The pages, and how the first one is put together."""

    pages: Pages
    beside: bool = False
    """The preview stands beside the table, not below it."""
    table_rows: int | None = None
    """Rows of the table with its header above other things; None: all that there are."""


def layout(
    width: int, height: int, sessions: int, *, compared: int = 0, transfer: bool = False
) -> PaneLayout:
    """The layout for a tab of width x height cells with a table of so many sessions.

    So many of them are `compared`; `transfer`: their transfer matrix was asked for.
    """
    free, rows = height - 1, sessions + 1
    if compared:
        return _comparison(width, height, rows, compared, transfer)
    one = ("preview", "detail") if width >= NARROW else ("preview",)
    left = () if width >= NARROW else (("detail",),)
    stacked = free - max(LEAST + 1, free // 2)
    if rows <= stacked:
        return PaneLayout((("table", *one), *left), table_rows=rows)
    if width >= BESIDE and height >= LONG:
        return PaneLayout((("table", *one), *left), beside=True)
    if stacked >= LONG:
        return PaneLayout((("table", *one), *left), table_rows=stacked)
    if width >= NARROW and height >= LONG:
        return PaneLayout((("table", "preview"), ("detail",)), beside=True)
    first = ("table", "line") if height >= SHORT else ("table",)
    return PaneLayout((first, ("preview",), ("detail",)))


def _comparison(
    width: int, height: int, table_rows: int, compared: int, transfer: bool
) -> PaneLayout:
    """The same for several marked sessions, below a table that wants so many rows."""
    free, narrow = height - 1, width < NARROW
    matrix_page: Pages = (("transfer",),) if transfer else ()
    one: Pages = (("preview",), ("detail",)) if narrow else (("preview", "detail"),)
    rows = min(table_rows, max(free // 4, 4))
    if height >= (TALL if narrow else ROOMY):
        if width >= WIDE and transfer:
            return PaneLayout((("table", "curves", "numbers", "transfer"), *one), table_rows=rows)
        return PaneLayout((("table", "curves", "numbers"), *matrix_page, *one), table_rows=rows)
    rows = min(table_rows, free - CURVES - compared)
    if rows >= min(table_rows, FEWEST):
        return PaneLayout((("table", "curves"), ("numbers",), *matrix_page, *one), table_rows=rows)
    first = ("table", "line") if height >= SHORT else ("table",)
    return PaneLayout((first, ("curves",), ("numbers",), *matrix_page, *one))


def hidden(pages: Pages, shown: tuple[str, ...]) -> list[str]:
    """The regions that are not on the screen, for a person, in the order of the next pages."""
    at = pages.index(shown) if shown in pages else 0
    later = [name for page in (*pages[at + 1 :], *pages[:at]) for name in page]
    return [WORDS[name] for name in later if name in WORDS]


def containers(regions: Collection[str]) -> dict[str, bool]:
    """Which containers of regions are on the screen, by their selectors, with these regions."""
    shown = set(regions)
    return {
        "#line": "line" in shown,
        "#one": bool(shown & {"preview", "detail"}),
        "#upper": bool(shown & {"table", "preview", "detail"}),
        "#several": bool(shown & {"curves", "numbers", "transfer"}),
    }
