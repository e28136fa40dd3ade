"""The screen, or a widget of it, as text with styles, compared with files.

A test compares the widget that it is about; a dozen whole screens are kept as well (test_screens).
`pytest --update-grids` writes the files; read the difference before committing it.
"""

import re
from itertools import groupby, zip_longest
from pathlib import Path
from string import ascii_letters
from typing import Any

from rich.cells import cell_len
from rich.style import Style
from textual.app import App
from textual.widget import Widget

from tests.toolkit import screen_strips

GRIDS = Path(__file__).parent / "grids"

RULE = "=" * 20
"""Stands between the text, the style letters and what the letters mean."""

TOLD = 8
"""Rows of a differing screen that are told in full."""


def grid_of(app: App[Any], of: Widget | None = None) -> str:
    """The text, then the same cells as style letters, then what the letters mean.

    `of` is the widget whose cells these are; None: the whole screen. A letter stands for one cell,
    or for as many as the number after it says.
    """
    names: dict[str, str] = {}
    text, styles = [], []
    area = (app.screen if of is None else of).region
    for strip in screen_strips(app)[area.y : area.bottom]:
        row, marks = "", ""
        for segment in strip.crop(area.x, area.right):
            row += segment.text
            marks += _letter(names, segment.style) * cell_len(segment.text)
        text.append(row.rstrip())
        styles.append(_joined(marks))
    legend = [f"{letter} {name}" for name, letter in names.items()]
    return "\n".join([*text, RULE, *styles, RULE, *legend, ""])


class Grids:
    """Compares screens with the files of their names, or writes them, and tells all at the end."""

    def __init__(self, update: bool) -> None:
        self._update = update
        self._wrong: list[str] = []

    def check(self, app: App[Any], name: str, of: Widget | None = None) -> None:
        """Compare a widget, or the whole screen, with the grid file `name`, or write it."""
        path = GRIDS / f"{name}.txt"
        seen = grid_of(app, of)
        if self._update:
            path.parent.mkdir(exist_ok=True)
            path.write_text(seen, encoding="utf-8")
        elif not path.exists():
            self._wrong.append(f"{name}: no such grid; run pytest --update-grids and look at it")
        elif rows := differences(path.read_text(encoding="utf-8"), seen):
            more = len(rows) - TOLD
            told = [*rows[:TOLD], *([f"  and {more} more rows"] if more > 0 else [])]
            self._wrong.append("\n".join([f"{name}: {len(rows)} rows differ", *told]))

    def tell(self) -> None:
        """Fail with everything that was different."""
        assert not self._wrong, "\n\n".join(
            ["screens are not as they were looked at", *self._wrong]
        )


def differences(kept: str, seen: str) -> list[str]:
    """What differs between two grids, a text for each row of the screen: its words, else styles."""
    told = []
    pairs = zip_longest(_rows(kept), _rows(seen), fillvalue=("", ()))
    for y, ((old, old_styles), (new, new_styles)) in enumerate(pairs, start=1):
        if old != new:
            told.append(f"  row {y} was |{old}|\n  {'':{len(str(y))}}  now  |{new}|")
        elif old_styles != new_styles:
            told.append(f"  row {y} {_changed(old_styles, new_styles)}\n      in   |{new}|")
    return told


def _rows(grid: str) -> list[tuple[str, tuple[str, ...]]]:
    """Each row's text and the meanings of its styles, cell by cell."""
    text, styles, legend = (part.split("\n") for part in grid.split(f"\n{RULE}\n"))
    meaning = {line[0]: line[2:] for line in legend if line}
    return [
        (row, tuple(meaning[letter] for letter in _apart(marks)))
        for row, marks in zip(text, styles, strict=True)
    ]


def _joined(marks: str) -> str:
    """`aaab` as `a3b`."""
    runs = [(letter, len(list(same))) for letter, same in groupby(marks)]
    return "".join(letter if n == 1 else f"{letter}{n}" for letter, n in runs)


def _apart(runs: str) -> str:
    """`a3b` as `aaab`."""
    return "".join(letter * int(n or 1) for letter, n in re.findall(r"(\D)(\d*)", runs))


def _changed(old: tuple[str, ...], new: tuple[str, ...]) -> str:
    """The stretches of cells that changed their style in the same way."""
    stretches, x = [], 1
    for pair, cells in groupby(zip_longest(old, new, fillvalue="nothing")):
        wide = len(list(cells))
        if pair[0] != pair[1]:
            stretches.append(f"cells {x} to {x + wide - 1}: was {pair[0]}, now {pair[1]}")
        x += wide
    return "; ".join(stretches[:3]) + (" ..." if len(stretches) > 3 else "")


def _letter(names: dict[str, str], style: Style | None) -> str:
    name = "plain" if style is None else _describe(style)
    if name not in names:
        names[name] = (ascii_letters + "".join(map(chr, range(0xC0, 0x250))))[len(names)]
    return names[name]


def _describe(style: Style) -> str:
    parts = [
        f"ink {style.color.name}" if style.color else "",
        f"paper {style.bgcolor.name}" if style.bgcolor else "",
        *(
            word
            for word in ("bold", "dim", "reverse", "underline", "italic")
            if getattr(style, word)
        ),
    ]
    return " ".join(part for part in parts if part) or "plain"
