"""The tokens of a document: made once, kept beside the session's files with their places."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.atomic import write_whole
from tttui.artifacts.regular import read_bytes
from tttui.model.arrays import Ints
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput

IDS, OFFSETS = "tokens.ids", "tokens.offsets"
"""Little-endian 32 bits each. Token i is bytes [offsets[i], offsets[i + 1]) of the document;
there is one offset more than there are tokens."""

LARGEST = 16_000_000
"""Bytes of a document that are read."""


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """A document as a model reads it."""

    ids: Ints
    """int64 [count]"""
    offsets: Ints
    """int64 [count + 1], ascending, the byte at which each begins; then the document's length"""

    def keep(self, directory: Path) -> None:
        """Write both files."""
        for name, values in ((IDS, self.ids), (OFFSETS, self.offsets)):
            write_whole(directory / name, values.astype("<u4").tobytes())

    def after(self, count: int) -> "Tokens | None":
        """Without the first `count`, as tokens of what is left of the document; None if none is."""
        if count >= len(self.ids):
            return None
        return Tokens(self.ids[count:], self.offsets[count:] - self.offsets[count])

    @classmethod
    def stored(cls, directory: Path, length: int) -> "Tokens":
        """Those of a session whose document has `length` bytes. Raises RefusedInput."""
        ids, offsets = (_read(directory / name) for name in (IDS, OFFSETS))
        if not len(ids) or len(offsets) != len(ids) + 1:
            raise RefusedInput(f"{directory / OFFSETS}: does not belong to {IDS}")
        if offsets[0] or offsets[-1] != length or np.any(np.diff(offsets) < 0):
            raise RefusedInput(f"{directory / OFFSETS}: does not belong to the document")
        return cls(ids, offsets)


def _read(path: Path) -> Ints:
    try:
        content = read_bytes(path, 4 * LARGEST + 4)
    except OSError as error:
        raise RefusedInput(
            f"{path}: {error.strerror or error}; without its tokens the session cannot go on"
        ) from None
    return np.frombuffer(content[: len(content) // 4 * 4], dtype="<u4").astype(np.int64)


def text_of(content: bytes, file: str) -> str:
    """A document as text, without a character that it was cut in. Raises RefusedInput."""
    for cut in range(4):
        try:
            return content[: len(content) - cut].decode()
        except UnicodeDecodeError as error:
            if error.end < len(content) - cut or len(content) < LARGEST:
                raise RefusedInput(
                    f"--file {file}: byte {error.start} is not of UTF-8 text; the task `text` "
                    "reads any file, byte by byte"
                ) from None
    raise RefusedInput(f"--file {file}: is not UTF-8 text")


def tokenized(text: str, tokenizer: Any, model: Path) -> Tokens:
    """The tokens of a text. Raises RefusedInput where the tokenizer cannot say where they are."""
    if not getattr(tokenizer, "is_fast", False):
        raise RefusedInput(f"--model {model}: has no tokenizer.json, which says where tokens begin")
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    ids = np.array(encoded["input_ids"], dtype=np.int64)
    if not len(ids):
        raise RefusedInput(f"--model {model}: its tokenizer makes no token of the document")
    lengths = _byte_lengths(tokenizer.convert_ids_to_tokens(encoded["input_ids"]))
    size = len(text.encode())
    if lengths.sum() == size and _is_byte_level(tokenizer):
        return Tokens(ids, np.concatenate([[0], np.cumsum(lengths)]))
    begins = np.array([begin for begin, _ in encoded["offset_mapping"]], dtype=np.int64)
    offsets = np.maximum.accumulate(_bytes_before(text)[begins])
    offsets[0] = 0  # what a tokenizer leaves out belongs to the token before
    return Tokens(ids, np.concatenate([offsets, [size]]))


def bytes_of(tokenizer: Any, token: int) -> bytes:
    """What a token stands for in a text; parts of a character are bytes of it."""
    name = str(tokenizer.convert_ids_to_tokens(token))
    if token in tokenizer.all_special_ids:
        return name.encode()
    if _is_byte_level(tokenizer):
        known = _bytes_by_character()
        if all(character in known for character in name):
            return bytes(known[character] for character in name)
    return name.replace("\u2581", " ").encode("utf-8", "replace")


@cache
def _bytes_by_character() -> dict[str, int]:
    """Which byte each character of a byte-level token's name stands for: printable ones for
    themselves, the others for those from U+0100 on, in their order (GPT-2)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in set(printable)]
    known = {chr(byte): byte for byte in printable}
    return known | {chr(0x100 + i): byte for i, byte in enumerate(others)}


def _is_byte_level(tokenizer: Any) -> bool:
    """Whether each character of a token's name stands for one byte (GPT-2 and its kin)."""
    return "ByteLevel" in repr(tokenizer.backend_tokenizer.pre_tokenizer)


def _byte_lengths(names: list[str]) -> Ints:
    return np.array([len(name) for name in names], dtype=np.int64)


def _bytes_before(text: str) -> Ints:
    """How many bytes of UTF-8 stand before each character, and in all. [len(text) + 1]"""
    codes = np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
    widths = 1 + (codes >= 0x80).astype(np.int64) + (codes >= 0x800) + (codes >= 0x10000)
    return np.concatenate([[0], np.cumsum(widths)])
