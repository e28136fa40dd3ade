"""The texts about one cell of the matrix: its newest result, and all earlier ones."""

from collections.abc import Callable, Sequence

from tttui.draw.prose import Prose
from tttui.lab.providers.results import BEFORE, Matrix, MatrixCell
from tttui.lab.providers.words import health_text, latency_text, throughput_text
from tttui.model.ages import ago_text

ROOM = 12
"""Columns of the names of fields."""

EXPORTED = (
    "provider",
    "capability",
    "status",
    "median_s",
    "p95_s",
    "throughput",
    "unit",
    "n",
    "error_rate",
    "time_unix",
    "mark",
    "reason",
)


def facts(matrix: Matrix, cell: MatrixCell, now: float) -> Callable[[Prose], object]:
    """What came of a cell, and what its provider is."""

    def write(prose: Prose) -> None:
        palette, m = prose.palette, cell.newest
        if matrix.problem:
            prose.say(f"! {matrix.problem}", palette.warn)
        if m is None:
            prose.say("Never tested; t tests the provider, c this cell.", palette.muted)
        else:
            ink = {"works": palette.good, "fails": palette.bad}.get(m.status, palette.muted)
            prose.say(m.status, ink, bold=True)
            if cell.mark:
                before = latency_text(cell.before_s)
                prose.say(f"! {cell.mark}; before: {before}", palette.warn, bold=True)
                if cell.busy:
                    prose.say("The machine was busy then, which may be why.", palette.muted)
            if m.reason:
                prose.say(m.reason, palette.warn)
            if m.status == "works":
                prose.field("median", latency_text(m.median_s), ROOM)
                prose.field("p95", latency_text(m.p95_s), ROOM)
                prose.field("throughput", throughput_text(m.throughput, m.unit), ROOM)
                prose.field("repeated", f"{m.n} times", ROOM)
            prose.field("errors", f"{100 * m.error_rate:.0f} %", ROOM)
            if m.what:
                prose.field("each time", m.what, ROOM)
            prose.field("tested", f"{ago_text(m.time, now)} on {m.host}", ROOM)
            if m.load is not None:
                prose.field("load", f"{m.load:g} busy processes a core before it", ROOM)
        one = matrix.providers[cell.provider]
        prose.gap().field("provider", one.detail, ROOM)
        prose.field("health", health_text(matrix, cell.provider), ROOM)
        _write_all(prose, matrix, cell)

    return write


def _write_all(prose: Prose, matrix: Matrix, chosen: MatrixCell) -> None:
    """What every capability of the provider was measured to take, below each other."""
    palette = prose.palette
    cells = [c for c in matrix.cells.values() if c.provider == chosen.provider]
    if not any(cell.newest for cell in cells):
        return
    prose.head(f"All of {chosen.provider}")
    prose.line((f"{'':<{ROOM}}{'median':>9}{'p95':>9}  throughput", palette.muted))
    for cell in cells:
        m, here = cell.newest, cell is chosen
        name = (f"{cell.capability:<{ROOM}}", palette.text if here else palette.muted, here)
        if m is None or m.status != "works":
            prose.line(name, ("never tested" if m is None else m.status, palette.muted))
            continue
        median, p95 = latency_text(m.median_s), latency_text(m.p95_s)
        rate = throughput_text(m.throughput, m.unit)
        prose.line(name, (f"{median:>9}{p95:>9}  {rate}", palette.text, here))


def trend(matrix: Matrix, cell: MatrixCell, now: float) -> Callable[[Prose], object]:
    """The medians of all results, the newest first; then those of every provider."""

    def write(prose: Prose) -> None:
        palette = prose.palette
        if not cell.history:
            prose.say("No results yet.", palette.muted)
        most = max((m.median_s or 0.0 for m in cell.history), default=0.0)
        if len(cell.history) > 1:
            prose.say(f"Median latencies; ! compares with the {BEFORE} before.", palette.muted)
        results = cell.history[::-1]
        for i, m in enumerate(results):
            newest = i == 0
            if not newest and m.detail and m.detail != results[i - 1].detail:
                prose.say(f"then it was {m.detail}", palette.muted)
            age = ago_text(m.time, now)
            if m.status != "works" or not m.median_s:
                prose.line((f"{age:<{ROOM}}", palette.muted), (m.status, palette.bad))
                continue
            ink = palette.warn if newest and cell.mark else palette.accent
            value = f"{latency_text(m.median_s):>8}"
            prose.bar(age, m.median_s / most, value, ink, ROOM)
        names = dict.fromkeys(capability for _, capability in matrix.cells)
        for capability in sorted(names, key=lambda name: name != cell.capability):
            _write_providers(prose, matrix, cell, capability)

    return write


def _write_providers(prose: Prose, matrix: Matrix, chosen: MatrixCell, capability: str) -> None:
    """The newest medians of all providers that have a capability, the fastest first."""
    found = [
        (c.newest.median_s, c.provider)
        for c in matrix.cells.values()
        if c.capability == capability and c.newest is not None and c.newest.status == "works"
        if c.newest.median_s
    ]
    if len(found) < 2:
        return
    prose.head(f"{capability} by provider")
    room = max(ROOM, min(max(len(name) for _, name in found) + 1, prose.width // 3))
    for seconds, name in sorted(found):
        mine = (name, capability) == (chosen.provider, chosen.capability)
        ink = prose.palette.accent if mine else prose.palette.muted
        value = f"{latency_text(seconds):>8}"
        prose.bar(name[: room - 1], seconds / max(found)[0], value, ink, room)


def record(cell: MatrixCell) -> Sequence[object]:
    """A row of the table that is exported."""
    m = cell.newest
    if m is None:
        return (cell.provider, cell.capability, "never tested", *([""] * 9))
    values = (m.median_s, m.p95_s, m.throughput, m.unit, m.n, m.error_rate, m.time)
    return (cell.provider, cell.capability, m.status, *values, cell.mark, m.reason)
