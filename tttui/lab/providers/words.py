"""Results of providers in words: latencies, throughput, cells of the matrix."""

from tttui.lab.providers.results import Matrix, MatrixCell
from tttui.model.ages import ago_text
from tttui.model.errors import RefusedInput

GLYPHS = {"works": "✓", "fails": "✗", "not offered": "–", None: "?"}
PLAIN = {"works": "+", "fails": "x", "not offered": "-", None: "?"}
"""The same in ASCII."""


def latency_text(seconds: float | None) -> str:
    """`0.13 ms`, `24 ms`, `1.6 s`; '' if unknown."""
    if seconds is None:
        return ""
    if seconds < 0.9995:
        return f"{_digits(1e3 * seconds)} ms"
    return f"{_digits(seconds)} s"


def latency_of(text: str) -> float:
    """Seconds in `100ms`, `0.5 s`, `200us`. Raises RefusedInput for anything else."""
    written = text.strip().lower().replace(" ", "")
    for unit, scale in (("us", 1e-6), ("ms", 1e-3), ("s", 1.0)):
        if written.endswith(unit):
            try:
                seconds = float(written.removesuffix(unit)) * scale
            except ValueError:
                break
            if 0.0 < seconds < 1e6:
                return seconds
            break
    raise RefusedInput(f"{text!r} is no latency: write 100ms, 0.5s or 200us")


def throughput_text(value: float | None, unit: str) -> str:
    """`1200 steps/s`; '' if unknown."""
    return "" if value is None else f"{_digits(value)} {unit or 'times'}/s"


def cell_text(cell: MatrixCell, *, ascii_only: bool) -> str:
    """`✓ 2.8 ms`, `✗`, `–`, `?`, with a `!` where it became worse."""
    glyph = (PLAIN if ascii_only else GLYPHS)[cell.status]
    newest = cell.newest
    latency = latency_text(newest.median_s) if newest and newest.status == "works" else ""
    return " ".join(filter(None, (glyph, latency, "!" if cell.mark else "")))


def cell_line(cell: MatrixCell, now: float | None = None) -> str:
    """One cell in a sentence: its result, what became worse, and when it was measured."""
    m = cell.newest
    if m is None:
        return "never tested"
    parts = [m.status if m.status != "works" else f"median {latency_text(m.median_s)}"]
    if m.status == "works":
        parts.append(f"p95 {latency_text(m.p95_s)}")
        parts.append(throughput_text(m.throughput, m.unit))
        parts.append(f"n {m.n}")
    if m.error_rate > 0.0 and m.status == "works":
        parts.append(f"{100 * m.error_rate:.0f} % errors")
    if m.reason:
        parts.append(m.reason)
    if cell.mark and cell.mark != "fails now":
        busy = " on a busy machine" if cell.busy else ""
        parts.append(f"{cell.mark} than before ({latency_text(cell.before_s)}){busy}")
    elif cell.mark:
        parts.append(f"it worked before ({latency_text(cell.before_s)})")
    parts.append(ago_text(m.time, now))
    return ", ".join(filter(None, parts))


def health_text(matrix: Matrix, provider: str) -> str:
    """`healthy`, `not healthy: predict: ...`, `not tested`."""
    well, why = matrix.health(provider)
    if well is None:
        return why if any(c.newest for c in matrix.of(provider)) else "not tested"
    return "healthy" if well else f"not healthy: {why}"


def _digits(value: float) -> str:
    """A number with at least two digits, never in powers of ten."""
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"
