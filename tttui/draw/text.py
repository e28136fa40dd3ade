"""Styled text for the widgets that draw no cells themselves: what is put in is made visible.

The only place that makes rich's Text: names and messages may come from files of others.
"""

from collections.abc import Iterable
from typing import Any, Self

import rich.text
from rich.style import Style

from tttui.model.text import visible


class Text(rich.text.Text):
    """rich's Text of one line after the other: a break is a "\\n" appended by itself."""

    def __init__(self, text: str = "", style: str | Style = "", **more: Any) -> None:
        super().__init__(_shown(text), style, **more)

    def append(self, text: rich.text.Text | str, style: str | Style | None = None) -> Self:
        super().append(_shown(text) if isinstance(text, str) else text, style)
        return self


def lines(texts: Iterable[str], style: str | Style = "") -> Text:
    """A text of these lines."""
    text = Text(style=style)
    for i, line in enumerate(texts):
        text.append("\n" if i else "").append(line)
    return text


def _shown(text: str) -> str:
    return text if text == "\n" else visible(text)
