"""Held-out streams: what contenders are evaluated on, and nothing was trained on."""

import hashlib
import json
import os
import stat
import sysconfig
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.setting import options
from tttui.model.settings import World
from tttui.tasks.base import AnyTask, Task

HELD_OUT = 1 << 40
"""Seeds from here on belong to held-out streams: sessions and training use smaller ones."""

OF_ONE_SEED = 1 << 20
"""Streams that one seed of `held_out` can give; those of two seeds have none in common."""

STREAMS, DOCUMENTS = 32, 12
"""Worlds and documents of an evaluation where nothing else is said."""

MOST = 1000
"""Streams of one evaluation: the means of all pairs of them are worked out."""

WINDOWS = 128
"""Steps of a stream that is read from a document, where nothing else is said."""

FEWEST_WINDOWS = 20
"""Steps of such a stream at least: less says nothing of what is learned."""

BYTES_A_TOKEN = 4

MOST_FILES = 10_000
"""Files of a directory that are looked at."""

WHERE_STREAM = ("begin", "end", "sha256")
"""Values of a stream that say which part of `file` it is; all others are settings."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One held-out stream: what every contender meets, and at which settings."""

    name: str
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Settings of the task that the stream fixes for all contenders (`seed`, `steps`, the world).
    Of a document `file`, and which bytes of it are read: `begin`, `end`, `sha256`."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """Those values that are settings of the task."""
        return {name: v for name, v in self.values.items() if name not in WHERE_STREAM}

    def part(self) -> bytes:
        """The bytes of a document's stream. Raises TttuiError where they are others by now."""
        path = Path(self.values["file"])
        try:
            with path.open("rb") as file:
                file.seek(self.values["begin"])
                content = file.read(self.values["end"] - self.values["begin"])
        except OSError as error:
            raise TttuiError(f"{path}: cannot be read: {error.strerror}") from error
        if hashlib.sha256(content).hexdigest() != self.values["sha256"]:
            raise TttuiError(f"{path}: has changed since the streams were chosen; start anew")
        return content


def held_out(
    task: str | type[AnyTask],
    values: Mapping[str, Any],
    count: int,
    seed: int = 0,
    *,
    data: Path | None = None,
    without: Collection[str] = (),
) -> list[Stream]:
    """Streams that no training and no session uses, the same ones for the same arguments.

    `values` are settings that all contenders share, of which those of the world (and `steps`)
    belong to the stream. A task without a document draws streams from seeds from HELD_OUT on.
    One with a document reads documents below `data` (a file or a directory), disjoint parts of
    them where there are fewer than `count`; without `data` sources of Python's standard library,
    which the shipped base was not trained on; never those of which the sha256 is among `without`.
    Raises RefusedInput.
    """
    if isinstance(task, str):
        from tttui.tasks.find import find_task

        task = find_task(task)
    if not 1 <= count <= MOST:
        raise RefusedInput(f"streams: {count} is not between 1 and {MOST}")
    if not 0 <= seed < OF_ONE_SEED:
        raise RefusedInput(f"seed: {seed} is not between 0 and {OF_ONE_SEED - 1}")
    if reads_documents(task):
        return _documents(task, values, count, seed, data, without)
    if data is not None:
        raise RefusedInput(f"--data: the task {task.name} reads no documents; leave it out")
    return _worlds(task, values, count, seed)


def reads_documents(task: type[AnyTask]) -> bool:
    """Whether the streams of a task are documents."""
    return "file" in task.session_settings()


def usual_count(task: type[AnyTask]) -> int:
    """How many streams where nobody says: documents take longer than worlds."""
    return DOCUMENTS if reads_documents(task) else STREAMS


def said_of(streams: Sequence[Stream], data: Path | None) -> str:
    """What the streams are and what an interval over them rests on, one sentence for a person."""
    n = len(streams)
    if "file" not in streams[0].values:
        return f"{n} held-out streams, each of a seed of its own"
    documents = len({stream.values["file"] for stream in streams})
    where = f"below {data}" if data is not None and data.is_dir() else str(data)
    if data is None:
        where = "of Python's standard library (source code; --data chooses others)"
    if documents == n:
        return f"the beginnings of {n} documents {where}"
    whole = "1 document" if documents == 1 else f"{documents} documents"
    return (
        f"{n} parts of {whole} {where if documents > 1 or data is None else f'({data})'}: parts of "
        f"one document are alike, so the interval speaks of {'it' if documents == 1 else 'them'} "
        "and not of others"
    )


def key_of(streams: Sequence[Stream]) -> str:
    """The same for the same streams, wherever their files lie."""
    known = [{k: v for k, v in one.values.items() if k != "file"} for one in streams]
    text = json.dumps(known, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _worlds(task: type[AnyTask], values: Mapping[str, Any], count: int, seed: int) -> list[Stream]:
    of_world = {one.name for one in options(World)} | {"steps", "mu_schedule"}
    if issubclass(task, Task):
        of_world = {one.name for one in options(task.settings_type)} | {"steps"}
    shared = {name: value for name, value in values.items() if name in of_world}
    first = HELD_OUT + seed * OF_ONE_SEED
    return [Stream(f"seed {first + i}", {**shared, "seed": first + i}) for i in range(count)]


def _documents(
    task: type[AnyTask],
    values: Mapping[str, Any],
    count: int,
    seed: int,
    data: Path | None,
    without: Collection[str],
) -> list[Stream]:
    chunk = values.get("chunk") or task.all_settings()["chunk"].default
    each = chunk * (1 if task.unit == "bits" else BYTES_A_TOKEN)
    steps = values.get("steps") or WINDOWS
    if steps < FEWEST_WINDOWS:
        raise RefusedInput(f"steps: {steps} are too few to learn from; take {FEWEST_WINDOWS}")
    length, least = steps * each, FEWEST_WINDOWS * each
    found = [(p, n) for p, n in (_library() if data is None else _files(data)) if n >= least]
    if not found:
        raise RefusedInput(
            f"--data {data}: holds no document of {least} bytes ({FEWEST_WINDOWS} windows) or more"
        )
    order = np.random.default_rng([HELD_OUT, seed]).permutation(len(found))
    found = _unknown([found[i] for i in order], count, data, without)
    if len(found) >= count:
        chosen = [(path, 0, min(size, length)) for path, size in found[:count]]
    else:
        chosen = _parts(found, count, length, least, data)
    return [_stream(*part, data) for part in chosen]


def _unknown(
    found: list[tuple[Path, int]], count: int, data: Path | None, without: Collection[str]
) -> list[tuple[Path, int]]:
    """The first `count` documents that nobody learned from. Raises RefusedInput for none."""
    if not without:
        return found
    left = []
    for path, size in found:
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() not in without:
                left.append((path, size))
        if len(left) == count:
            break
    if not left:
        raise RefusedInput(f"--data {data}: a contender was trained on it; name other documents")
    return left


def _parts(
    found: list[tuple[Path, int]], count: int, length: int, least: int, data: Path | None
) -> list[tuple[Path, int, int]]:
    """Disjoint parts of one length, as many as are wanted, in turn from all documents."""
    length = min(length, max(least, sum(size for _, size in found) // count))
    while True:
        parts = [
            (path, begin, begin + length)
            for path, size in found
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


def _stream(path: Path, begin: int, end: int, data: Path | None) -> Stream:
    try:
        with path.open("rb") as file:
            file.seek(begin)
            content = file.read(end - begin)
    except OSError as error:
        raise RefusedInput(f"{path}: cannot be read: {error.strerror}") from error
    skipped = 0
    while skipped < min(3, len(content)) and content[skipped] & 0xC0 == 0x80:
        skipped += 1  # begins within a character of UTF-8
    cut = len(content)
    while cut > max(skipped, len(content) - 4) and not _ends_whole(content[:cut]):
        cut -= 1
    content = content[skipped:cut]
    top = _stdlib() if data is None else Path(os.path.abspath(data))
    name = path.name if path == top else str(path.relative_to(top))
    values = {
        "file": str(path),
        "begin": begin + skipped,
        "end": begin + cut,
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    return Stream(f"{name} from {begin + skipped}" if begin else name, values)


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
    data = Path(os.path.abspath(data))
    try:
        info = data.stat()
    except FileNotFoundError:
        raise RefusedInput(f"--data {data}: there is no such file or directory") from None
    except OSError as error:
        raise RefusedInput(f"--data {data}: cannot be read: {error.strerror}") from None
    if stat.S_ISDIR(info.st_mode):
        return list(_below(data, ()))
    if not stat.S_ISREG(info.st_mode):
        raise RefusedInput(f"--data {data}: is neither a file nor a directory")
    return [(data, info.st_size)]


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
