"""Documents to evaluate on: those of a person, else sources that every Python carries."""

import hashlib
import os
import stat
import sysconfig
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np

from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput
from tttui.tasks.corpus import JSON_LINES, is_text, of_lines, read_corpus

MOST_FILES = 10_000
"""Files of a directory that are looked at."""

BEGINNING = 1 << 16
"""Bytes that are looked at to decide whether a file of a directory is text."""


@dataclass(frozen=True, slots=True)
class DocumentPart:
    """Some bytes of a document."""

    path: Path
    begin: int
    end: int
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def read_part(path: Path, begin: int, end: int) -> bytes:
    """Bytes of a document: of a file as they are, of JSON lines of their texts with empty lines
    between. Raises OSError, and RefusedInput for a line that is no document."""
    if path.suffix in JSON_LINES:
        return _joined(path)[begin:end]
    with path.open("rb") as file:
        file.seek(begin)
        return file.read(end - begin)


def choose_parts(
    data: Path | None,
    count: int,
    *,
    length: int,
    least: int,
    order: np.random.Generator,
    without: Collection[str] = (),
) -> list[DocumentPart]:
    """Choose `count` parts of `least` to `length` bytes from documents below `data`.

    They are beginnings of different documents if there are enough, else disjoint parts. Skips
    documents whose sha256 is in `without`. Raises RefusedInput that names what is missing.
    """
    if data is not None:
        data = Path(os.path.abspath(data))
        _refuse_learned(data, without)
    known = _library() if data is None else _files(data)
    files = [(path, size) for path, size in known if size >= least]
    if not files:
        raise RefusedInput(f"--data {data}: holds no document of {least} bytes or more")
    files = _unknown([files[i] for i in order.permutation(len(files))], count, data, without)
    if len(files) >= count:
        chosen = [(path, 0, min(size, length)) for path, size in files[:count]]
    else:
        chosen = _disjoint(files, count, length, least, data)
    return [_whole_characters(*one) for one in chosen]


def called(path: Path, data: Path | None) -> str:
    """A document as a person reads it: its path below the directory that was named."""
    top = _stdlib() if data is None else Path(os.path.abspath(data))
    return path.name if path == top else str(path.relative_to(top))


def _joined(path: Path) -> bytes:
    return b"\n\n".join(of_lines(path, path.read_bytes()))


def _refuse_learned(data: Path, without: Collection[str]) -> None:
    """Raise RefusedInput for data that a contender was trained on."""
    if not without:
        return
    try:
        known = read_corpus(data, include="", share=0.1, seed=0).sha256
    except RefusedInput:
        return  # no corpus that could have been trained on
    if known in without:
        raise RefusedInput(f"--data {data}: a contender was trained on it; name other documents")


def _unknown(
    files: list[tuple[Path, int]], count: int, data: Path | None, without: Collection[str]
) -> list[tuple[Path, int]]:
    """The first `count` documents that no model was trained on. Raises RefusedInput for none."""
    if not without:
        return files
    left = []
    for path, size in files:
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() not in without:
                left.append((path, size))
        if len(left) == count:
            break
    if not left:
        raise RefusedInput(f"--data {data}: a contender was trained on it; name other documents")
    return left


def _disjoint(
    files: list[tuple[Path, int]], count: int, length: int, least: int, data: Path | None
) -> list[tuple[Path, int, int]]:
    """`count` disjoint parts of one length, in turn from all documents."""
    length = min(length, max(least, sum(size for _, size in files) // count))
    while True:
        parts = [
            (path, begin, begin + length)
            for path, size in files
            for begin in range(0, size - length + 1, length)
        ]
        if len(parts) >= count:
            break
        if length == least:
            raise RefusedInput(
                f"--data {data}: gives {len(parts)} parts of {least} bytes, not {count}; take "
                f"fewer streams or more text"
            )
        length = max(least, int(length * 0.9))
    parts.sort(key=lambda part: part[1])
    return parts[:count]


def _whole_characters(path: Path, begin: int, end: int) -> DocumentPart:
    """The part without the UTF-8 characters that its ends cut in two."""
    try:
        content = read_part(path, begin, end)
    except OSError as error:
        raise RefusedInput(f"{path}: cannot be read: {error.strerror}") from error
    skipped = 0
    while skipped < min(3, len(content)) and content[skipped] & 0xC0 == 0x80:
        skipped += 1
    cut = len(content)
    while cut > max(skipped, len(content) - 4) and not _ends_whole(content[:cut]):
        cut -= 1
    return DocumentPart(path, begin + skipped, begin + cut, content[skipped:cut])


def _ends_whole(content: bytes) -> bool:
    """Whether bytes end with a whole character, where they are UTF-8."""
    tail = content[-4:]
    for back in range(1, len(tail) + 1):
        byte = tail[-back]
        if byte & 0xC0 != 0x80:
            needs = 1 if byte < 0xC0 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return needs <= back
    return True


def _stdlib() -> Path:
    return Path(sysconfig.get_paths()["stdlib"])


def _library() -> list[tuple[Path, int]]:
    """Sources of Python's standard library but for its tests and for `pydoc_data`, which holds
    what the shipped base was trained on."""
    top = _stdlib()
    without = ("test", "tests", "site-packages", "pydoc_data", "idlelib", "lib2to3", "encodings")
    return [
        (path, size)
        for path, size in _below(top, without)
        if path.suffix == ".py" and not path.name.startswith("_sysconfigdata")
    ]


def _files(data: Path) -> list[tuple[Path, int]]:
    try:
        info = data.stat()
    except FileNotFoundError:
        raise RefusedInput(f"--data {data}: there is no such file or directory") from None
    except OSError as error:
        raise RefusedInput(f"--data {data}: cannot be read: {error.strerror}") from None
    if stat.S_ISDIR(info.st_mode):
        return [_sized(path, size) for path, size in _below(data, ()) if _holds_text(path)]
    if not stat.S_ISREG(info.st_mode):
        raise RefusedInput(f"--data {data}: is neither a file nor a directory")
    return [_sized(data, info.st_size)]


def _sized(path: Path, size: int) -> tuple[Path, int]:
    """A document with its size: that of its texts where it has lines of JSON."""
    return path, len(_joined(path)) if path.suffix in JSON_LINES else size


def _holds_text(path: Path) -> bool:
    """Whether a file is text, judged by its beginning."""
    try:
        with path.open("rb") as file:
            begins = file.read(BEGINNING)
    except OSError:
        return False
    cut = len(begins)
    while cut > max(0, len(begins) - 4) and not _ends_whole(begins[:cut]):
        cut -= 1
    return is_text(begins[:cut])


def _below(top: Path, without: tuple[str, ...]) -> Iterator[tuple[Path, int]]:
    """Regular files below a directory with their sizes, in order of their names."""
    seen = 0
    for folder, folders, names in os.walk(top):
        folders[:] = sorted(f for f in folders if f not in without and not f.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            if name.startswith(".") or path.is_symlink() or not path.is_file():
                continue
            seen += 1
            if seen > MOST_FILES:
                return
            yield path, path.stat().st_size
