"""The screen as text with styles, compared with a file.

`pytest --update-grids` writes the files; read the difference before committing it.
"""

from pathlib import Path
from string import ascii_letters
from typing import Any

from rich.cells import cell_len
from rich.style import Style
from textual.app import App

GRIDS = Path(__file__).parent / "grids"


def grid_of(app: App[Any]) -> str:
    """The screen's text, then the same cells as style letters, then what the letters mean."""
    names: dict[str, str] = {}
    text, styles = [], []
    for strip in app.screen._compositor.render_strips():
        row, marks = "", ""
        for segment in strip:
            row += segment.text
            marks += _letter(names, segment.style) * cell_len(segment.text)
        text.append(row.rstrip())
        styles.append(marks)
    legend = [f"{letter} {name}" for name, letter in names.items()]
    return "\n".join([*text, "=" * 20, *styles, "=" * 20, *legend, ""])


def check_grid(app: App[Any], name: str, update: bool) -> None:
    """Compare the screen with the grid file `name`, or write it."""
    path = GRIDS / f"{name}.txt"
    seen = grid_of(app)
    if update:
        path.parent.mkdir(exist_ok=True)
        path.write_text(seen, encoding="utf-8")
        return
    assert path.exists(), f"no grid {name}; run pytest --update-grids and look at it"
    assert seen == path.read_text(encoding="utf-8")


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
