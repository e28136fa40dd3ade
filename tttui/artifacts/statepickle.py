"""The pickle in a torch checkpoint, read as data: a small interpreter that runs no code.

It knows the opcodes that torch.save writes and the handful of names that a state dict consists of;
whatever else a pickle asks for refuses the file. What it costs is bounded by what it may do: each
opcode and each object that a pickle refers to again counts, objects are copied where they are
referred to again (so that the result is a tree, as large as the work that made it), keys are texts
and small numbers (whose hashes nobody can make collide), and tensors are views of what is stored.
"""

import math
import struct
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

MOST_STEPS = 1_000_000
"""Opcodes and copied objects; a checkpoint of 10 000 tensors takes 300 000."""

COPYING = 2
"""Steps that the copy of an object counts."""

DEEPEST = 64
"""Containers within containers."""

LONGEST_NAME = 200
"""Characters of a name of a module, a class or a device."""

LARGEST_KEY = 1 << 31
"""Whole numbers as keys: those of a state dict count parameters."""

MOST_AXES = 32

Array = np.ndarray[Any, Any]

Storage = Callable[[str, str, int], Array]
"""The elements of a storage, by its class, its key and their number."""


class AsksForCode(Exception):
    """The pickle refers to something that is no plain data; `args` name it."""


class _Function:
    """The function that a name of the pickle refers to; it is no value of a checkpoint."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self.call = call


class _Mark:
    """Stands on the stack where a group of items begins."""


_MARK = _Mark()
_PLAIN = (type(None), bool, int, float, str, bytes, np.ndarray)


def interpret(program: bytes, storage: Storage, storage_names: Collection[str], room: int) -> Any:
    """The object that a pickle describes. `room` is how many bytes what it makes may take.

    Raises AsksForCode, and ValueError for what is damaged or more than a checkpoint.
    """
    return _Interpreter(program, storage, storage_names, room).run()


class _Interpreter:
    def __init__(
        self, program: bytes, storage: Storage, storage_names: Collection[str], room: int
    ) -> None:
        self._program, self._at = program, 0
        self._storage, self._names, self._room = storage, storage_names, room
        self._left = MOST_STEPS
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._complete: dict[int, Any] = {}
        """What was referred to again, by identity: to add to it would put it into itself."""

    def run(self) -> Any:
        while True:
            self._spend(1)
            code = self._bytes(1)
            if code == b".":
                break
            operation = _OPERATIONS.get(code)
            if operation is None:
                raise ValueError(f"opcode {code!r} is none of a checkpoint")
            operation(self)
        if len(self._stack) != 1:
            raise ValueError("its pickle is incomplete")
        _check(self._stack[0])
        return self._stack[0]

    def _spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise ValueError(f"it takes more than {MOST_STEPS} steps to read")

    def _bytes(self, n: int) -> bytes:
        data = self._program[self._at : self._at + n]
        if len(data) < n:
            raise ValueError("its pickle is cut off")
        self._at += n
        return data

    def _number(self, code: str) -> Any:
        return struct.unpack(code, self._bytes(struct.calcsize(code)))[0]

    def _line(self) -> str:
        end = self._program.find(b"\n", self._at, self._at + LONGEST_NAME)
        if end < 0:
            raise ValueError("a name in its pickle is too long")
        line = self._bytes(end - self._at).decode()
        self._at += 1
        return line

    # The stack.

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _pop(self) -> Any:
        if not self._stack or self._stack[-1] is _MARK:
            raise ValueError("its pickle takes what is not there")
        return self._stack.pop()

    def _pop_group(self) -> list[Any]:
        """All items since the last mark."""
        at = len(self._stack) - 1
        while at >= 0 and self._stack[at] is not _MARK:
            at -= 1
        if at < 0:
            raise ValueError("its pickle takes what is not there")
        items = self._stack[at + 1 :]
        del self._stack[at:]
        return items

    def _top(self, kind: type) -> Any:
        if not self._stack or not isinstance(self._stack[-1], kind):
            raise ValueError(f"its pickle adds to what is no {kind.__name__}")
        if id(self._stack[-1]) in self._complete:
            raise ValueError("an object in its pickle contains itself")
        return self._stack[-1]

    # Plain values.

    def _push_number(self, code: str) -> None:
        self._push(self._number(code))

    def _push_long(self) -> None:
        self._push(int.from_bytes(self._bytes(self._number("<B")), "little", signed=True))

    def _push_text(self, code: str) -> None:
        self._push(self._bytes(self._number(code)).decode("utf-8", "surrogatepass"))

    def _push_old_text(self) -> None:
        self._push(self._bytes(self._number("<B")).decode("latin-1"))

    def _push_bytes(self, code: str) -> None:
        self._push(self._bytes(self._number(code)))

    # Containers.

    def _push_tuple(self, n: int) -> None:
        items = [self._pop() for _ in range(n)]
        self._push(tuple(reversed(items)))

    def _append(self) -> None:
        value = self._pop()
        self._top(list).append(value)

    def _append_group(self) -> None:
        items = self._pop_group()
        self._top(list).extend(items)

    def _set_item(self) -> None:
        value, key = self._pop(), self._pop()
        self._top(dict)[_key(key)] = value

    def _set_items(self) -> None:
        items = self._pop_group()
        if len(items) % 2:
            raise ValueError("a key in its pickle has no value")
        into = self._top(dict)
        for key, value in zip(items[::2], items[1::2], strict=True):
            into[_key(key)] = value

    def _build(self) -> None:
        """Attributes of an object: those that a state dict may have (`_metadata`) are dropped."""
        self._pop()
        self._top(OrderedDict)

    # What was there before.

    def _remember(self, at: int) -> None:
        if not self._stack or self._stack[-1] is _MARK:
            raise ValueError("its pickle remembers what is not there")
        self._memo[at] = self._stack[-1]

    def _recall(self, at: int) -> None:
        if at not in self._memo:
            raise ValueError("its pickle refers to what is not there")
        value = self._memo[at]
        self._complete[id(value)] = value
        self._push(self._copy(value, DEEPEST))

    def _copy(self, value: Any, deep: int) -> Any:
        if not isinstance(value, (list, dict, tuple)):
            return value
        self._spend(COPYING * (1 + len(value)))
        if not deep:
            raise ValueError(f"it holds more than {DEEPEST} containers in each other")
        if isinstance(value, dict):
            return type(value)((key, self._copy(v, deep - 1)) for key, v in value.items())
        return type(value)([self._copy(v, deep - 1) for v in value])

    # Names and what is made with them.

    def _push_global(self) -> None:
        module = self._line()
        self._push_named(module, self._line())

    def _push_stack_global(self) -> None:
        name, module = self._pop(), self._pop()
        if not (isinstance(name, str) and isinstance(module, str)):
            raise ValueError("a name in its pickle is no text")
        self._push_named(module, name)

    def _push_named(self, module: str, name: str) -> None:
        functions: Mapping[tuple[str, str], Callable[..., Any]] = {
            ("collections", "OrderedDict"): _ordered,
            ("torch._utils", "_rebuild_tensor_v2"): self._tensor,
            ("torch._utils", "_rebuild_parameter"): _parameter,
            ("torch", "Size"): _size,
            ("torch", "device"): _device,
            ("_codecs", "encode"): self._encoded,
        }
        if len(module) > LONGEST_NAME or len(name) > LONGEST_NAME:
            raise ValueError("a name in its pickle is too long")
        if (module, name) in functions:
            self._push(_Function(functions[module, name]))
        elif module in ("torch", "torch.storage") and (
            name in self._names or name == "UntypedStorage"
        ):
            self._push(name)
        elif module == "torch" and name.isalnum() and name.islower():
            self._push(f"torch.{name}")  # a dtype such as torch.float32
        else:
            raise AsksForCode(f"{module}.{name}")

    def _reduce(self) -> None:
        arguments, function = self._pop(), self._pop()
        if not isinstance(function, _Function) or not isinstance(arguments, tuple):
            raise ValueError("its pickle calls what is no function")
        self._push(function.call(*arguments))

    def _persistent(self) -> None:
        match self._pop():
            case ("storage", str(name), str(key), _, int(count)) if name in self._names:
                self._push(self._storage(name, key, count))
            case ("storage", str(name), *_):
                raise ValueError(f"has a tensor of an unknown kind {name[:60]!r}")
            case _:
                raise ValueError("has a tensor of an unknown kind")

    def _tensor(self, storage: Any, offset: Any, shape: Any, stride: Any, *_: Any) -> Array:
        if not isinstance(storage, np.ndarray) or not isinstance(offset, int):
            raise ValueError("a tensor in its pickle has no storage")
        shape, stride = _axes(shape), _axes(stride)
        self._take_room(math.prod(shape) * storage.itemsize, f"tensor of shape {shape}")
        if 0 in shape:
            return np.empty(shape, dtype=storage.dtype)
        # numpy checks that offset, shape and strides stay inside the buffer.
        return np.ndarray(
            shape,
            storage.dtype,
            buffer=storage.data,
            offset=offset * storage.itemsize,
            strides=tuple(s * storage.itemsize for s in stride),
        )

    def _encoded(self, text: Any, *_: Any) -> bytes:
        if not isinstance(text, str):
            raise ValueError("bytes in its pickle are none")
        self._take_room(len(text), "a text")
        return text.encode("latin-1")

    def _take_room(self, size: int, what: str) -> None:
        self._room -= size
        if self._room < 0:
            raise ValueError(f"{what} is larger than the file")


def _axes(value: Any) -> tuple[int, ...]:
    if (
        not isinstance(value, tuple)
        or len(value) > MOST_AXES
        or not all(type(n) is int and 0 <= n < 1 << 48 for n in value)
    ):
        raise ValueError("a tensor in its pickle has no shape")
    return value


def _key(key: Any) -> Any:
    plain = key is None or isinstance(key, (str, bytes))
    small = isinstance(key, int) and abs(key) < LARGEST_KEY
    if not (plain or small):
        raise ValueError("a key in its pickle is neither text nor a small number")
    return key


def _ordered(*pairs: Any) -> OrderedDict[Any, Any]:
    mapping = OrderedDict[Any, Any]()
    for pair in pairs[0] if pairs else ():
        key, value = pair
        mapping[_key(key)] = value
    return mapping


def _size(*axes: Any) -> Any:
    return axes[0] if axes else ()


def _device(*parts: Any) -> str:
    if len(parts) > 2 or not all(isinstance(part, (str, int)) for part in parts):
        raise ValueError("a device in its pickle is none")
    texts = [str(part)[:LONGEST_NAME] for part in parts]
    return ":".join(texts)


def _parameter(tensor: Any, *_: Any) -> Any:
    return tensor


_OPERATIONS: Mapping[bytes, Callable[[_Interpreter], object]] = {
    b"\x80": lambda i: i._bytes(1),  # PROTO
    b"\x95": lambda i: i._bytes(8),  # FRAME
    b"N": lambda i: i._push(None),
    b"\x88": lambda i: i._push(True),
    b"\x89": lambda i: i._push(False),
    b"J": lambda i: i._push_number("<i"),
    b"K": lambda i: i._push_number("<B"),
    b"M": lambda i: i._push_number("<H"),
    b"G": lambda i: i._push_number(">d"),
    b"\x8a": lambda i: i._push_long(),
    b"X": lambda i: i._push_text("<I"),
    b"\x8c": lambda i: i._push_text("<B"),
    b"U": lambda i: i._push_old_text(),
    b"B": lambda i: i._push_bytes("<I"),
    b"C": lambda i: i._push_bytes("<B"),
    b"(": lambda i: i._stack.append(_MARK),
    b")": lambda i: i._push(()),
    b"]": lambda i: i._push([]),
    b"}": lambda i: i._push({}),
    b"\x85": lambda i: i._push_tuple(1),
    b"\x86": lambda i: i._push_tuple(2),
    b"\x87": lambda i: i._push_tuple(3),
    b"t": lambda i: i._push(tuple(i._pop_group())),
    b"a": lambda i: i._append(),
    b"e": lambda i: i._append_group(),
    b"s": lambda i: i._set_item(),
    b"u": lambda i: i._set_items(),
    b"b": lambda i: i._build(),
    b"q": lambda i: i._remember(i._number("<B")),
    b"r": lambda i: i._remember(i._number("<I")),
    b"\x94": lambda i: i._remember(len(i._memo)),  # MEMOIZE
    b"h": lambda i: i._recall(i._number("<B")),
    b"j": lambda i: i._recall(i._number("<I")),
    b"c": lambda i: i._push_global(),
    b"\x93": lambda i: i._push_stack_global(),
    b"R": lambda i: i._reduce(),
    b"Q": lambda i: i._persistent(),
}


def _check(value: Any) -> None:
    """Raise ValueError where an object holds what is no data, or is nested too deeply."""
    level = [value]
    for _ in range(DEEPEST):
        inner: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                inner += one.values()
            elif isinstance(one, (list, tuple)):
                inner += one
            elif not isinstance(one, _PLAIN):
                raise ValueError("its pickle holds what is no data")
        if not inner:
            return
        level = inner
    raise ValueError(f"it holds more than {DEEPEST} containers in each other")
