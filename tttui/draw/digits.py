"""A number three rows high."""

from tttui.draw.canvas import Canvas
from tttui.draw.colours import Colour
from tttui.draw.glyphs import Glyphs

_ROWS = {
    "0": ("┏━┓", "┃ ┃", "┗━┛"),
    "1": (" ╻ ", " ┃ ", " ╹ "),
    "2": ("╺━┓", "┏━┛", "┗━╸"),
    "3": ("╺━┓", " ━┫", "╺━┛"),
    "4": ("╻ ╻", "┗━┫", "  ╹"),
    "5": ("┏━╸", "┗━┓", "╺━┛"),
    "6": ("┏━╸", "┣━┓", "┗━┛"),
    "7": ("╺━┓", "  ┃", "  ╹"),
    "8": ("┏━┓", "┣━┫", "┗━┛"),
    "9": ("┏━┓", "┗━┫", "╺━┛"),
    ".": (" ", " ", "▪"),
    "-": ("   ", "╺━╸", "   "),
}


def width(text: str) -> int:
    """Columns that `write` takes."""
    return sum(len(_ROWS[char][0]) for char in text if char in _ROWS)


def write(canvas: Canvas, row: int, column: int, text: str, ink: Colour, glyphs: Glyphs) -> int:
    """Write digits, points and minus signs; returns the column after them.

    Without line-drawing characters the number is written once, in the middle row.
    """
    if not glyphs.braille or any(char not in _ROWS for char in text):
        return canvas.write(row + 1, column, text, ink, bold=True)
    for char in text:
        for k, part in enumerate(_ROWS[char]):
            canvas.write(row + k, column, part, ink, bold=True)
        column += len(_ROWS[char][0])
    return column
