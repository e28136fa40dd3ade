"""The document of a text session: read once, and stored beside the session's files."""

import codecs
import errno
import os
import stat
import sys
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from tttui.artifacts.regular import read_bytes
from tttui.model.errors import RefusedInput

DOCUMENT = "document.bin"
"""In the session's directory, so that it can be resumed and shown when the file is gone."""

LARGEST = 64_000_000
"""Bytes that are read at most: some six hours."""

STDIN = "-"

BEGINNING = 1 << 16
"""Bytes by which a file is judged before it is read."""


def take_in(file: str) -> tuple[bytes, bool]:
    """The bytes of a file, or of standard input for `-`, and whether they were cut at the limit.

    Raises RefusedInput where there is nothing to read.
    """
    if file == STDIN:
        if sys.stdin.isatty():
            raise RefusedInput("--file: name a document, or pipe one into tttui")
        content = _read(sys.stdin.buffer)
        where = "standard input"
    else:
        where = file
        try:
            with open(file, "rb") as opened:
                if stat.S_ISDIR(os.fstat(opened.fileno()).st_mode):
                    raise IsADirectoryError
                content = _read(opened)
        except FileNotFoundError:
            raise RefusedInput(f"--file {file}: there is no such file") from None
        except IsADirectoryError:
            raise RefusedInput(f"--file {file}: is a directory, not a file") from None
        except OSError as error:
            raise RefusedInput(f"--file {file}: cannot be read: {error.strerror}") from None
    if not content:
        raise empty(where)
    return content[:LARGEST], len(content) > LARGEST


def why_not_read(file: str, *, text: bool = False) -> str:
    """Why a session that the app starts cannot read a file; '' where it can.

    `text`: it must be UTF-8, as far as its beginning tells.
    """
    if file == STDIN:
        return "type the path of a document"
    try:
        mode = os.stat(file).st_mode
        if stat.S_ISDIR(mode):
            return "is a directory, not a file"
        if not stat.S_ISREG(mode):
            return "is no regular file; the command line reads pipes"
        with open(file, "rb") as opened:
            begins = opened.read(BEGINNING)
    except OSError as error:
        missing = error.errno == errno.ENOENT
        return "there is no such file" if missing else f"cannot be read: {error.strerror}"
    if not begins:
        return "is empty; there is nothing to read"
    if text and not _is_text(begins):
        return "is binary, not UTF-8 text; the task text reads any file"
    return ""


def size_of(file: str) -> int:
    """The bytes that are read of a file; 0 where that is not known."""
    try:
        return min(Path(file).stat().st_size, LARGEST)
    except OSError:
        return 0


def _is_text(begins: bytes) -> bool:
    """Whether bytes are UTF-8, of which the last character may be cut."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(begins)
    except UnicodeDecodeError:
        return False
    return b"\0" not in begins


def empty(where: str) -> RefusedInput:
    """The error for an empty document."""
    return RefusedInput(f"--file {where}: is empty; there is nothing to read")


def _read(source: BinaryIO) -> bytes:
    parts, size = list[bytes](), 0
    while size <= LARGEST and (part := source.read(min(1 << 20, LARGEST + 1 - size))):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def stored_document(directory: Path) -> bytes:
    """The document of a session. Raises RefusedInput naming the file."""
    path = directory / DOCUMENT
    try:
        content = read_bytes(path, LARGEST)
    except OSError as error:
        raise RefusedInput(
            f"{path}: {error.strerror or error}; without its document the session cannot go on"
        ) from None
    if not content:
        raise RefusedInput(f"{path}: is empty; without its document the session cannot go on")
    return content


def fingerprint(content: bytes | bytearray) -> str:
    """Its SHA-256, in hexadecimal digits."""
    return sha256(content).hexdigest()
