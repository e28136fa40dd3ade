"""The four themes: Textual's colours and the palette of the drawings, under one name."""

from dataclasses import replace

from textual.theme import BUILTIN_THEMES, Theme

from tttui.draw.palette import PALETTES, Palette

DEFAULT_THEME = "dark"

THEMES: dict[str, Theme] = {
    "dark": Theme(
        name="dark",
        primary="#3ddcff",
        secondary="#a98bff",
        accent="#3ddcff",
        warning="#e3b341",
        error="#ff6b61",
        success="#4ac46a",
        foreground="#e6edf3",
        background="#0d1117",
        surface="#0d1117",
        panel="#161c25",
        boost="#1c2430",
    ),
    "light": Theme(
        name="light",
        dark=False,
        primary="#0067c0",
        secondary="#7a3fd0",
        accent="#0067c0",
        warning="#9a6700",
        error="#c52a23",
        success="#1a7f37",
        foreground="#1f2328",
        background="#ffffff",
        surface="#ffffff",
        panel="#eef1f4",
        boost="#e4e8ec",
    ),
    "ansi": replace(BUILTIN_THEMES["ansi-dark"], name="ansi"),
    "colour-blind": Theme(
        name="colour-blind",
        primary="#56b4e9",
        secondary="#cc79a7",
        accent="#56b4e9",
        warning="#f0e442",
        error="#e69f00",
        success="#56b4e9",
        foreground="#e6edf3",
        background="#0d1117",
        surface="#0d1117",
        panel="#161c25",
        boost="#1c2430",
    ),
}


def palette_of(theme: str) -> Palette:
    """The palette of a theme; a theme of Textual's own gets the dark or the light one."""
    if theme in PALETTES:
        return PALETTES[theme]
    known = BUILTIN_THEMES.get(theme)
    return PALETTES["dark" if known is None or known.dark else "light"]
