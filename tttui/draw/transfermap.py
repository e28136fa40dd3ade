"""The transfer matrix as a map: errors as numbers, their ratio to the frozen base as colour."""

from collections.abc import Sequence

import numpy as np

from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit, padded, wrapped
from tttui.draw.colours import Colour, blend, ramp
from tttui.draw.look import Look
from tttui.draw.names import shortened
from tttui.draw.numbers import count, short
from tttui.draw.palette import Palette
from tttui.draw.sidebyside import ink
from tttui.model.transfer import BASE, Transfer, transfer_sentence

WIDEST, NARROWEST = 11, 8
"""Columns of one number: in full, and with two digits."""

LABEL = 18
"""Columns that the names of the rows have at least."""

STOPS = 33
"""Shades from the best ratio over 1 to the worst."""

LEAST = 10.0
"""The ratio to the base at which the colour is full, at least."""


def paint(
    tested: Transfer,
    names: Sequence[str],
    size: tuple[int, int],
    look: Look,
) -> Canvas:
    """What the matrix says, the matrix, who is left out, and how it is to be read."""
    palette = look.palette
    width, height = size
    canvas = Canvas(height, width)
    if width < 1:
        return canvas
    sentence_lines, left_out, notes = _texts(tested, names, width, palette)
    n, matrix = len(tested.sessions), _matrix_rows(tested)
    room = height - len(sentence_lines) - matrix
    notes = notes if len(left_out) + len(notes) <= room else []
    if len(left_out) > room:
        more = len(left_out) - max(room - 1, 0)
        left_out = [*left_out[: max(room - 1, 0)], fit(f"and {more} more lines", width)]
    for row, line in enumerate(sentence_lines):
        canvas.write(row, 0, line, palette.text, bold=True)
    if n:
        _matrix(canvas, tested, names, len(sentence_lines), look)
    row = len(sentence_lines) + matrix
    for lines, colour in ((left_out, palette.warn), (notes, palette.muted)):
        for line in lines:
            canvas.write(row, 0, line, colour)
            row += 1
    return canvas


def rows(tested: Transfer, names: Sequence[str], width: int, palette: Palette) -> int:
    """Rows that all of it takes."""
    return _matrix_rows(tested) + sum(map(len, _texts(tested, names, width, palette)))


def _matrix_rows(tested: Transfer) -> int:
    n = len(tested.sessions)
    return n + 4 if n else 0


def _texts(
    tested: Transfer, names: Sequence[str], width: int, palette: Palette
) -> tuple[list[str], list[str], list[str]]:
    """The lines of the conclusion, of who is left out, and of how the map is to be read."""
    lines = wrapped(transfer_sentence(tested, names), width)
    left_out = [line for text in tested.missing for line in wrapped(f"Left out: {text}.", width)]
    n = len(tested.sessions)
    if not n:
        return lines, left_out, []
    return lines, left_out, wrapped(note(tested, n - _columns(n, width)[0], palette), width)


def _columns(n: int, width: int) -> tuple[int, int]:
    """How many of n worlds have a column, and the width of a column."""
    room = width - LABEL
    cell = min(max(room // max(n, 1), NARROWEST), WIDEST)
    return min(n, max(room // cell, 1)), cell


def note(tested: Transfer, hidden: int, palette: Palette) -> str:
    text = f"Mean squared error over {tested.steps} fresh noise-free steps; * best of a world."
    if palette.tinted:
        most = count(round(min(full_colour(tested), 1e12)))
        text += f" Colour: error against the frozen base's, from 1/{most} (better) to {most} x."
    return f"{text} {hidden} more worlds do not fit." if hidden else text


def full_colour(tested: Transfer) -> float:
    """The ratio to the base (or its inverse) that has the full colour."""
    with np.errstate(all="ignore"):
        logs = np.abs(np.log10(tested.ratios))
    known = logs[np.isfinite(logs)]
    return float(max(LEAST, 10.0 ** np.ceil(known.max(initial=0.0))))


def _matrix(
    canvas: Canvas,
    tested: Transfer,
    names: Sequence[str],
    top: int,
    look: Look,
) -> None:
    """Rows are weights, columns worlds."""
    palette, glyphs = look
    width, dots = canvas.columns, glyphs.ellipsis
    shown, cell = _columns(len(tested.sessions), width)
    sessions, worlds = tested.sessions, tested.worlds
    longest = max(len(names[i]) for i in sessions) + max(map(len, worlds)) + 5
    label = min(max(longest, LABEL), max(width - shown * cell, LABEL))
    heads = shortened([names[i] for i in sessions], cell - 4, dots)
    rows = shortened([names[i] for i in sessions], max(label - 5 - max(map(len, worlds)), 1), dots)
    canvas.write(top, 0, fit("weights of", label - 1, dots), palette.muted)
    canvas.write(top, label, fit("in the world of", width - label, dots), palette.muted)
    for j in range(shown):
        at, colour = label + j * cell, ink(sessions[j], palette)
        canvas.write(
            top + 1, at, padded(f"{sessions[j] + 1} {heads[j]}", cell - 1, right=True), colour
        )
        head = worlds[j] if len(worlds[j]) < cell else worlds[j].rpartition(" ")[2]
        canvas.write(top + 2, at, head.rjust(cell - 1), colour)
    canvas.write(top + 3, 0, fit("frozen base", label - 1, dots), palette.frozen)
    for i, session in enumerate(sessions):
        text = padded(f"{session + 1} {rows[i]}", label - 2 - len(worlds[i])) + f" {worlds[i]}"
        canvas.write(top + 4 + i, 0, text, ink(session, palette))
    ratios, limit, winners = tested.ratios, full_colour(tested), tested.winners
    for j in range(shown):
        column = {BASE: (float(tested.base[j]), 1.0)}
        column |= {i: (float(tested.errors[i, j]), float(ratios[i, j])) for i in range(len(worlds))}
        for i, (error, ratio) in column.items():
            best = winners[j] == i
            background = paper(ratio, limit, palette)
            colour = palette.text if background is None else contrasting(background)
            row = top + 3 if i == BASE else top + 4 + i
            text = _number(error, cell - 1, best=best, own=i == j)
            canvas.write(row, label + j * cell, text, colour, background, bold=best)


def _number(error: float, width: int, *, best: bool, own: bool) -> str:
    """An error in `width` columns; the best with a star, the own world's in brackets if these
    fit."""
    wide = width >= WIDEST - 1
    room = width - (3 if wide else 1)
    texts = (text for digits in (3, 2, 1) if len(text := short(error, digits)) <= room)
    text = next(texts, short(error, 1)) + ("*" if best else " ")
    if wide:
        text = f"[{text.strip()}]" if own else f" {text}"
    return text.rjust(width)


def paper(ratio: float, most: float, palette: Palette) -> Colour | None:
    """The colour of an error by its ratio to the base's, full from `most` times on; None where
    the theme has none."""
    if not palette.tinted:
        return None
    if np.isnan(ratio):
        return palette.missing
    with np.errstate(divide="ignore"):
        part = float(np.clip(np.log10(ratio) / np.log10(most), -1.0, 1.0))
    return ramp(palette.diverging, STOPS)[round((STOPS - 1) * (part + 1) / 2)]


def contrasting(paper: Colour) -> Colour:
    """Black or white, whichever can be read on a 24-bit colour."""
    red, green, blue = paper >> 16, paper >> 8 & 0xFF, paper & 0xFF
    light = 0.299 * red + 0.587 * green + 0.114 * blue > 140
    return blend(0x000000, 0xFFFFFF, 0.0 if light else 1.0)
