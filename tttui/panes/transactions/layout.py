"""Which regions of the Transactions tab are shown together, and where, by the room there is."""

from tttui.panes.regions import Pages

WIDE = 170
"""Columns from which the outcomes stand beside the table."""

TABLE, DETAIL = 96, 48
"""Columns of the table, where it is that wide, and of the detail beside the rest."""

NARROW = 100
"""Columns below which the detail has no place beside the table."""

TALL = 32
"""Rows from which the table is only as high as its rows, and the rest stands below."""

OUTCOMES, GATES = 14, 11
"""Least rows of the outcomes (with what one transaction changed), and of the gates over time."""

LOW = 7
"""Least rows of the outcomes with their bars beside their stacks, and without the change."""

CHANGE, CHANGED = 10, 35
"""Least rows of what one transaction changed, and its columns beside the outcomes."""

ENOUGH = 12
"""Rows of a table with its header that may not be taken from it."""

CSS = """
TransactionsPane { layout: horizontal; height: 1fr; }
TransactionsPane #left { width: 1fr; }
TransactionsPane #upper { height: 1fr; }
TransactionsPane #list { width: 1fr; }
TransactionsPane #line { height: 2; padding: 0 1; }
TransactionsPane #outcomes { height: 30%; min-height: 8; }
TransactionsPane #outcomes.alone { height: 1fr; }
TransactionsPane #reasons { width: 1fr; layout: horizontal; }
TransactionsPane Reasons { width: 2fr; min-width: 32; max-width: 56; margin: 0 1; }
TransactionsPane TransactionsOverTime { width: 3fr; }
TransactionsPane #outcomes ChangeMap { width: 34; height: 1fr; margin: 0 0 0 1; }
TransactionsPane .fitted #list { height: auto; }
TransactionsPane .fitted #outcomes { height: 1fr; }
TransactionsPane .fitted #reasons { layout: vertical; }
TransactionsPane .fitted Reasons { width: 1fr; max-width: 84; }
TransactionsPane .fitted TransactionsOverTime { width: 1fr; height: 1fr; }
TransactionsPane .low #reasons { layout: horizontal; }
TransactionsPane .low Reasons { min-width: 32; max-width: 38; }
TransactionsPane .wide #upper { layout: horizontal; }
TransactionsPane .wide #list { width: 96; }
TransactionsPane .wide #outcomes { layout: vertical; width: 1fr; height: 100%; }
TransactionsPane .wide #outcomes ChangeMap { width: 1fr; }
TransactionsPane #detail { width: 48; }
TransactionsPane #detail.alone { width: 1fr; layout: horizontal; }
TransactionsPane #detail.alone ChangeMap { width: 34; height: 1fr; }
TransactionsPane #gates { height: 1fr; layout: horizontal; }
TransactionsPane #gates.alone { layout: vertical; }
TransactionsPane #gates Chart { width: 1fr; height: 1fr; margin-right: 1; }
"""


def pages(width: int, height: int, rows: int) -> Pages:
    """The regions that are shown together in a pane of width x height cells over a table of
    `rows` transactions."""
    if width >= NARROW:
        below = GATES if width >= WIDE else LOW + GATES
        if height >= TALL and height - 1 - below >= min(rows + 1, ENOUGH):
            return (("table", "reasons", "detail", "gates"),)
        if height >= 26:
            return ("table", "detail", "reasons"), ("gates",)
        return ("table", "detail"), ("reasons",), ("gates",)
    first = ("table", "line") if height >= 8 else ("table",)
    if height >= 30:
        return (*first, "reasons"), ("detail",), ("gates",)
    return first, ("detail",), ("reasons",), ("gates",)


def is_low(width: int, height: int, rows: int) -> bool:
    """Whether the outcomes have only `LOW` rows, since table, outcomes and gates share a column."""
    room = height - 1 - OUTCOMES - GATES
    return NARROW <= width < WIDE and height >= TALL and room < min(rows + 1, ENOUGH)
