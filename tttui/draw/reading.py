"""The title row of a time chart: legend and reading in one, shortened to the room there is."""

import math

from tttui.draw import numbers, plot
from tttui.draw.axis import TimeAxis
from tttui.draw.cells import fit
from tttui.draw.colours import Colour
from tttui.draw.glyphs import Glyphs
from tttui.draw.look import Look
from tttui.draw.marks import Marks
from tttui.draw.palette import Palette
from tttui.draw.plot import Plot, Trace
from tttui.model import improvement
from tttui.model.transactions import UNDONE

Part = tuple[str, Colour, bool]
"""Text, its colour, and whether it is bold."""

_GAP = "  "


_WORDS = {
    "rollback_loss_regression": "loss",
    "rollback_grad_norm": "gradient",
    "rollback_state_norm": "state norm",
    "rollback_non_finite": "non-finite",
    "rollback_live_regression": "live loss",
    UNDONE: "undone",
}


def status_words(status: str, glyphs: Glyphs | None = None) -> str:
    """A status in one or two words: `rollback_grad_norm` -> `gradient`; in a person's own where
    the look of the session has some."""
    own = None if glyphs is None else glyphs.words.get(status)
    if own is not None:
        return own
    return _WORDS.get(status, status.removeprefix("rollback_").replace("_", " "))


def title_row(
    shown: Plot,
    t: int | None,
    axis: TimeAxis,
    width: int,
    look: Look,
    log: bool,
    change: str = "",
    *,
    values_below: bool = False,
) -> list[Part]:
    """Title, scale and note; then the step t, every trace's value there, the gap, the transaction,
    and what was changed there (`change`, in words).

    `values_below`: names and values of the traces stand in a legend of their own.

    t None (an empty run) leaves the legend. Where the row is too short the note goes first,
    then the transaction, the values of all but the main traces (the compared ones), the gap, the
    step, the names of the traces, all but the main traces, the values from the last on; a change
    is rare and stays before any of them.
    """
    palette, glyphs = look
    head: list[Part] = [(shown.title, palette.text, True)]
    head += [(f" {m}", palette.muted, False) for m in (shown.unit, "log" if log else "") if m]
    notes: list[Part] = [(f"  {shown.note}", palette.muted, False)] if shown.note else []
    step: list[Part] = [] if t is None else [(f"{_GAP}t ", palette.muted, False)]
    if t is not None:
        step.append((str(t), palette.text, True))
    traces = () if values_below else shown.traces[::-1]
    values = [value_parts(trace, t, look) for trace in traces]
    main = shown.compare or [i for i, trace in enumerate(shown.traces) if trace.heavy]
    mixed = [
        value if len(shown.traces) - 1 - i in main else value[:2] for i, value in enumerate(values)
    ]
    bare = [value_parts(trace, t, look, named=False) for trace in traces]
    mains = [value for value, some in zip(values, mixed, strict=True) if value == some]
    gap = _gap(shown, t, palette)
    transaction = _transaction(shown.marks, t, axis, look)
    changed = change_parts(change, look)
    rows: list[list[list[Part]]] = [
        [notes, step, *values, gap, transaction, changed],
        [step, *values, gap, transaction, changed],
        [step, *values, gap, transaction[:1], changed],
        [step, *mixed, gap, changed],
        [step, *bare, gap, changed],
        [step, *bare, changed],
        [step, changed],
    ]
    for tail in (
        *(rows if change else ()),
        [notes, step, *values, gap, transaction],
        [step, *values, gap, transaction],
        [step, *values, gap, transaction[:1]],
        [step, *values, gap],
        [step, *mixed, gap],
        [step, *mixed],
        [*mixed],  # the axis says the step as well
        [step, *bare, gap],
        [step, *bare],
        [*(mains or bare[:1])],
        [step, *bare[:1]],
        [*bare[:1]],
        [step],
        [],
    ):
        parts = [*head, *(part for group in tail for part in group)]
        if sum(len(text) for text, _, _ in parts) <= width:
            return parts
    return [(fit(shown.title, width, glyphs.ellipsis), palette.text, True)]


def change_parts(change: str, look: Look) -> list[Part]:
    """A change of the run as parts of a reading; nothing where there was none."""
    if not change:
        return []
    return [
        (_GAP + look.glyphs.change, look.palette.accent, True),
        (f" {change}", look.palette.text, False),
    ]


def value_parts(trace: Trace, t: int | None, look: Look, *, named: bool = True) -> list[Part]:
    """A trace's sign, its name (if `named`), and its value at step t."""
    palette, glyphs = look
    ink = plot.ink(trace.role, palette)
    mark = glyphs.heavy if trace.heavy else glyphs.light
    parts: list[Part] = [(f"{_GAP}{mark} ", ink, trace.heavy)]
    if named:
        parts.append((trace.name, ink if trace.heavy else palette.muted, False))
    if t is not None:
        text = value_text(trace, t, named=named)
        parts.append((f" {text}" if named else text, ink, True))
    return parts


def value_text(trace: Trace, t: int, *, named: bool = True) -> str:
    """The value of a trace at step t; of a curve that ends before it says so (if `named`)."""
    point = trace.series.at(t)
    if point is None:
        return "-"
    at, value = point
    text = numbers.short(value)
    if trace.absent is not None and math.isnan(value):
        text = trace.absent(at) or text
    if not trace.end or at == t:
        return text
    if at < trace.series.t[-1]:  # this step is missing
        return "-"
    if trace.end == "ended":
        return f"ended at t {int(at)}" if named else "ended"
    return f"{text} (t {int(at)})" if named else text


def gap(shown: Plot, t: int) -> tuple[float, float] | None:
    """The values (frozen, adaptive) of the compared traces at step t; None where there are not
    two numbers, of which the first is above 0."""
    if shown.compare is None or max(shown.compare) >= len(shown.traces):
        return None
    a, b = (shown.traces[i].series.at(t) for i in shown.compare)
    if a is None or b is None or not b[1] > 0 or not math.isfinite(b[1]) or math.isnan(a[1]):
        return None
    return b[1], a[1]


def _gap(shown: Plot, t: int | None, palette: Palette) -> list[Part]:
    """How far the first compared trace is better or worse than the second, in words."""
    pair = None if t is None else gap(shown, t)
    if pair is None:
        return []
    b, a = pair
    lower = shown.lower_is_better
    ink = palette.text if a == b else palette.good if (a < b) == lower else palette.bad
    return [(_GAP + improvement.compared(b, a, lower=lower)[0], ink, True)]


def _transaction(marks: Marks | None, t: int | None, axis: TimeAxis, look: Look) -> list[Part]:
    """The transaction at step t, or else the nearest one in its column of the axis."""
    if marks is None or t is None:
        return []
    index = marks.nearest(t)
    if index is None or axis.column(t) != axis.column(int(marks.t[index])):
        return []
    name = marks.statuses[int(marks.status[index])]
    ink = look.palette.status(name)
    return [
        (_GAP + look.glyphs.status(name), ink, True),
        (" " + status_words(name, look.glyphs), ink, False),
    ]
