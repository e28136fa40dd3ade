"""Terminals without Unicode get ASCII of the same width, chosen by the locale where nobody says."""

import ast
from pathlib import Path

import pytest
from rich.cells import cell_len

import tttui
from tttui.terminal.filters import ascii_text, locale_is_ascii

ANYWHERE = sorted(
    {
        char
        for path in Path(tttui.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for char in node.value
        if not char.isascii()
    }
)
"""All characters of the program's texts that are not ASCII."""


def test_signs_keep_the_first() -> None:
    assert ascii_text("± ∓") == "+ -"


def test_every_character_becomes_ascii_of_its_width() -> None:
    for char in [*ANYWHERE, "é", "日", "\N{BRAILLE PATTERN DOTS-1}"]:
        assert ascii_text(char).isascii()
        assert len(ascii_text(char)) == cell_len(char)


@pytest.mark.parametrize(
    ("set_to", "is_ascii"),
    [
        ({}, False),
        ({"LANG": "C"}, True),
        ({"LANG": "en_US.UTF-8"}, False),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "POSIX"}, True),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, True),
    ],
)
def test_the_locale_tells_whether_there_is_unicode(
    set_to: dict[str, str], is_ascii: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in set_to.items():
        monkeypatch.setenv(name, value)
    assert locale_is_ascii() is is_ascii
