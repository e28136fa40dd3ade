"""The list of events and its lines say the same, however the blocks are cut that are read."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tttui.artifacts import regular
from tttui.artifacts.listed import listed, unlisted, wrong_from

TEXTS = st.text(alphabet='{}"a],[ \n', max_size=60).map(str.encode)
CUTS = st.integers(1, 7)


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[i : i + size] for i in range(0, len(data), size)]


@given(lines=TEXTS, size=CUTS)
def test_a_list_has_the_lines_without_the_newlines_at_the_end(lines: bytes, size: int) -> None:
    expected = b"[" + lines.rstrip(b"\n").replace(b"\n", b",\n ") + b"]\n"
    assert b"".join(listed(cut(lines, size))) == expected


@given(content=TEXTS, size=CUTS)
def test_the_lines_of_a_list_do_not_depend_on_the_blocks(content: bytes, size: int) -> None:
    text = content.removeprefix(b"[").removesuffix(b"]\n").replace(b",\n ", b"\n")
    assert b"".join(unlisted(cut(content, size))) == text + b"\n"


LINES = b'{"t": 1}\n{"t": 2}\n{"t": 3}\n'
LIST = b'[{"t": 1},\n {"t": 2},\n {"t": 3}]\n'


@pytest.mark.parametrize("block", [1, 2, 5, 1 << 18])
@pytest.mark.parametrize(
    ("content", "at"),
    [
        (LIST, None),
        (b"[]\n", None),
        (b'[{"t": 1},\n {"t": 2}]\n', None),
        (b'[{"t": 1}]\n', None),
        (b"", 0),
        (b"[]", 1),
        (b'[{"t": 1},\n {"t": 4}]\n', 18),
        (b'[{"t": 1}]', 9),
        (LIST + b"\n", len(LIST)),
        (LIST[:-1], len(LIST) - 1),
        (b'[{"t": 1},\n {"t": 2},\n]\n', 22),
    ],
)
def test_the_first_wrong_byte_of_a_list_is_found(
    content: bytes, at: int | None, block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regular, "BLOCK", block)
    (tmp_path / "a.json").write_bytes(content)
    (tmp_path / "a.jsonl").write_bytes(LINES)
    assert wrong_from(tmp_path / "a.json", tmp_path / "a.jsonl", None) == at
