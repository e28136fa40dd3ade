"""Ways to spoil the files of a session, each drawn from a generator."""

import json
import os
import shutil
import socket
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from tttui.artifacts.checksum import Carried, pt_bytes, pt_checksum
from tttui.artifacts.ptfile import read_pt, write_pt
from tttui.model.errors import TttuiError

NUMBERS: tuple[Any, ...] = (
    0,
    -1,
    1,
    0.5,
    1e-320,
    1e308,
    -1e308,
    float("nan"),
    float("inf"),
    float("-inf"),
    (1 << 31) - 1,
    1 << 31,
    (1 << 53) + 1,
    (1 << 63) - 1,
    1 << 63,
    -(1 << 63) - 1,
    10**400,
    -(10**400),
    10**12,
)


def odd_value(rng: Random, depth: int = 0) -> Any:
    """Anything that JSON can hold but nobody expects."""
    kind = rng.randrange(12)
    if kind < 5:
        return rng.choice(NUMBERS)
    if kind == 5:
        return rng.choice([None, True, False])
    if kind == 6:
        return rng.choice(["", "abc", "0.5", "../../x", "\x1b[2J\n", "\ud800", "x" * 100_000])
    if kind == 7:
        return rng.choice([[], {}, [[]], [{}], {"": None}])
    if kind == 8:
        deep: Any = 1
        for _ in range(rng.choice([50, 99, 101, 900])):
            deep = [deep] if rng.random() < 0.5 else {"a": deep}
        return deep
    if kind == 9:
        return [rng.choice(NUMBERS) for _ in range(rng.choice([1, 3, 1000]))]
    if depth > 3:
        return None
    if kind == 10:
        return [odd_value(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {rng.choice(["t", "mu", "a", "0"]): odd_value(rng, depth + 1) for _ in range(3)}


def spoil_value(rng: Random, value: Any) -> Any:
    """The value with one part of it changed, removed or added."""
    if isinstance(value, dict) and value and rng.random() < 0.85:
        key = rng.choice(list(value))
        changed = dict(value)
        way = rng.random()
        if way < 0.1:
            del changed[key]
        elif way < 0.15:
            changed[rng.choice(["t", "mu", "status", "x" * 300, "\x00"])] = odd_value(rng)
        else:
            changed[key] = spoil_value(rng, value[key])
        return changed
    if isinstance(value, list) and value and rng.random() < 0.8:
        i = rng.randrange(len(value))
        return [*value[:i], spoil_value(rng, value[i]), *value[i + 1 :]]
    return odd_value(rng)


def dumped(value: Any) -> bytes:
    try:
        text = json.dumps(value)
    except (RecursionError, ValueError):
        text = "[" * 2000
    return text.encode("utf-8", "surrogatepass")


def bytes_flipped(rng: Random, path: Path) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(rng.choice([1, 1, 3, 20])):
        if data:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def cut(rng: Random, path: Path) -> None:
    size = path.stat().st_size
    os.truncate(path, rng.choice([0, 1, rng.randrange(size + 1), max(0, size - rng.randrange(9))]))


def piece_removed(rng: Random, path: Path) -> None:
    data = path.read_bytes()
    i, j = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    path.write_bytes(data[:i] + data[j:])


def piece_repeated(rng: Random, path: Path) -> None:
    data = path.read_bytes()
    i = rng.randrange(len(data) + 1)
    j = min(len(data), i + rng.choice([1, 50, 5000]))
    path.write_bytes(data[:j] + data[i:j] * rng.choice([1, 3, 100]) + data[j:])


JUNK = (
    b"\x00" * 1000,
    b"\xff\xfe",
    b"\n" * 1000,
    b"[" * 3000,
    b'{"a":' * 3000,
    b"1" * 5000,
    b"," * 5000,
    b"nan,inf,-inf,1e999\n",
    b"\x1b[2J\x07\x9b",
    b'{"t": 1e300, "status": "commit"}\n',
    b'{"t": 5, "status": "commit", "pre_loss": 1e999}\n',
    b"9007199254740993,1,1,0,0\n",
    b"1000000000000,0.1,0.2,1,1\n",
    b"\r\r\n",
    b"PK\x05\x06" + bytes(18),
)


def junk_inserted(rng: Random, path: Path) -> None:
    data = path.read_bytes()
    i = rng.choice([0, len(data), rng.randrange(len(data) + 1)])
    path.write_bytes(data[:i] + rng.choice(JUNK) * rng.choice([1, 1, 50]) + data[i:])


def field_changed(rng: Random, path: Path) -> None:
    """One field of a table, or one line."""
    lines = path.read_bytes().split(b"\n")
    i = rng.randrange(len(lines))
    fields = lines[i].split(b",")
    if rng.random() < 0.2:
        lines[i] = rng.choice(JUNK).replace(b"\n", b"")
    else:
        odd = [str(rng.choice(NUMBERS))[:400], "", "abc", "1e999", "-0", "0x10", "1_0", '"1"', "١"]
        fields[rng.randrange(len(fields))] = rng.choice(odd).encode()
        lines[i] = b",".join(fields)
    path.write_bytes(b"\n".join(lines))


def json_changed(rng: Random, path: Path) -> None:
    """One value of a JSON file, or of one of its lines."""
    data = path.read_bytes()
    if path.suffix == ".jsonl":
        lines = data.splitlines()
        if lines:
            i = rng.randrange(len(lines))
            lines[i] = dumped(spoil_value(rng, json.loads(lines[i])))
        path.write_bytes(b"".join(line + b"\n" for line in lines))
        return
    value = json.loads(data) if data.strip() else {}
    path.write_bytes(dumped(spoil_value(rng, value)))


def checkpoint_changed(rng: Random, path: Path) -> None:
    """One part of what a checkpoint holds, in a file that is whole, with a checksum if it had
    one: whoever sends a session can make both."""
    try:
        value = read_pt(path)
    except TttuiError:
        return
    with path.open("rb") as file:
        carried = pt_checksum(file)
    data = write_pt(spoil_state(rng, value))
    path.write_bytes(data if carried is Carried.NONE else pt_bytes(data))


def spoil_state(rng: Random, value: Any) -> Any:
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(list(value))
        changed = dict(value)
        if rng.random() < 0.1:
            del changed[key]
        else:
            changed[key] = spoil_state(rng, value[key])
        return changed
    return odd_tensor(rng, value)


def odd_tensor(rng: Random, value: Any) -> Any:
    shape = value.shape if isinstance(value, np.ndarray) else ()
    return rng.choice(
        [
            None,
            -1,
            10**12,
            float("nan"),
            "abc",
            [],
            {},
            [1, [2, "x"]],
            {"a": 1},
            np.zeros((), dtype=np.float32),
            np.zeros((0, 3), dtype=np.float32),
            np.zeros((3, 3, 3), dtype=np.float32),
            np.full(shape, np.nan, dtype=np.float32),
            np.full(shape, np.inf, dtype=np.float64),
            np.full(shape, 1e38, dtype=np.float32),
            np.ones(shape, dtype=np.int64),
            np.ones(shape[::-1], dtype=np.float32),
            np.ones((1 << 12, 1), dtype=np.float32),
        ]
    )


def pickle_replaced(rng: Random, path: Path) -> None:
    """A small program in a checkpoint that would cost a plain interpreter everything."""
    program = rng.choice(PROGRAMS)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", program)
        archive.writestr("archive/data/a", b"\0" * 4)


PROGRAMS = (
    b"}(K\0q\0" + b"".join(b"h%ch%c\x86q%c" % (i, i, i + 1) for i in range(100)) + b"Nu.",
    b"]q\0" + b"".join(b"](h%ch%ceq%c" % (i, i, i + 1) for i in range(100)) + b"e.",
    b"ctorch\ndevice\n]q\0"
    + b"".join(b"](h%ch%ceq%c" % (i, i, i + 1) for i in range(100))
    + b"\x85R.",
    b"\x96" + struct.pack("<Q", 1 << 40) + b"x.",
    b"cposix\nsystem\nX\x02\0\0\0id\x85R.",
    b"]" * 5000 + b"a" * 4999 + b".",
    b"}X\x0b\0\0\0model_state}X\x03\0\0\0W_u]su.",
)


def link_out(rng: Random, path: Path, outside: Path) -> None:
    """A link to somebody else's file of the same name, or to something that is no file."""
    targets = [outside / path.name, outside / path.name, outside, Path("/dev/zero"), path]
    remove(path)
    path.symlink_to(rng.choice(targets))


def hole(rng: Random, path: Path, _: Path) -> None:
    """A file of up to a terabyte of nothing, after what it holds."""
    if rng.random() < 0.3:
        os.truncate(path, 0)
    os.truncate(path, path.stat().st_size + rng.choice([1 << 22, 1 << 28, 1 << 31, 1 << 40]))


def something_else(rng: Random, path: Path, _: Path) -> None:
    remove(path)
    kind = rng.randrange(4)
    if kind == 0:
        os.mkfifo(path)
    elif kind == 1:
        path.mkdir()
    elif kind == 2:
        with socket.socket(socket.AF_UNIX) as plug:
            folder = os.open(path.parent, os.O_RDONLY)
            plug.bind(f"/proc/self/fd/{folder}/{path.name}")
            os.close(folder)


def folder_replaced(rng: Random, path: Path, outside: Path) -> None:
    """A folder of the session that is a link, a pipe or a file."""
    folder = path.parent
    remove(folder)
    kind = rng.randrange(4)
    if kind < 2:
        folder.symlink_to(outside)
    elif kind == 2:
        os.mkfifo(folder)
    else:
        folder.write_bytes(b"x")


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


ANY: tuple[Callable[[Random, Path], None], ...] = (
    bytes_flipped,
    cut,
    piece_removed,
    piece_repeated,
    junk_inserted,
)
PLACED: tuple[Callable[[Random, Path, Path], None], ...] = (link_out, hole, something_else)


LARGEST = 1 << 26
"""Bytes of a file that is still read to be spoiled; those with a hole are larger."""


def spoil(rng: Random, path: Path, session: Path, outside: Path) -> str:
    """Spoil one file; returns how, in a word."""
    ways: list[Callable[..., None]] = [rng.choice(ANY), rng.choice(ANY)]
    if path.suffix in (".json", ".jsonl"):
        ways += [json_changed] * 6
    elif path.suffix == ".csv":
        ways += [field_changed] * 4
    elif path.suffix == ".pt":
        ways += [checkpoint_changed] * 5 + [pickle_replaced]
    ways += [rng.choice(PLACED)]
    if path.parent != session and rng.random() < 0.2:
        ways = [folder_replaced]
    way = rng.choice(ways)
    if way in PLACED or way is folder_replaced:
        way(rng, path, outside)
    elif path.stat().st_size > LARGEST:
        way = cut
        cut(rng, path)
    else:
        way(rng, path)
    return way.__name__
