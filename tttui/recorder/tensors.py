"""Tensors of numpy, torch and JAX by their methods, without importing torch or JAX.

A torch tensor counts its changes in `_version`, which is a first and cheap test; writing through
`.data` leaves no trace there, so contents are compared as well.
"""

import ctypes
import sys
from typing import Any

import numpy as np

from tttui.artifacts.tensorwriter import Stored
from tttui.model.errors import RecorderError

Tensor = Any
"""An array of numpy, torch or JAX, on any device."""

LARGE = 1 << 18
"""Bytes from which on others may run while they are compared; letting them costs a microsecond."""

_memcmp_alone, _memcmp = ctypes.PyDLL(None).memcmp, ctypes.CDLL(None).memcmp
_memcmp_alone.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
_memcmp.argtypes = _memcmp_alone.argtypes


BLOCK, BLOCKS = 256, 64
"""Stretches of elements that stand for a large tensor: memory is read in stretches."""


def differ(here: int, there: int, size: int) -> bool:
    """Whether `size` bytes at two addresses differ."""
    compare = _memcmp if size > LARGE else _memcmp_alone
    return bool(compare(here, there, size))


def is_torch(x: Tensor) -> bool:
    """Whether it is a tensor of torch, whose in-place changes are counted."""
    return hasattr(x, "data_ptr") and hasattr(x, "_version")


def is_elsewhere(x: Tensor) -> bool:
    """Whether it is a tensor of torch that is not in host memory."""
    return is_torch(x) and x.device.type != "cpu"


def is_mutable(x: Tensor) -> bool:
    """Whether its elements can be written in place."""
    return is_torch(x) or (isinstance(x, np.ndarray) and x.flags.writeable)


def dtype_name(x: Tensor) -> str:
    """`float32`, `bfloat16`, ..."""
    return str(x.dtype).removeprefix("torch.")


def check_floating(name: str, x: Tensor) -> None:
    """Raise RecorderError where a tensor cannot be plastic."""
    if not hasattr(x, "shape") or not hasattr(x, "dtype"):
        raise RecorderError(f"plastic: {name} is a {type(x).__name__}, not a tensor")
    if dtype_name(x) not in ("float64", "float32", "float16", "bfloat16"):
        raise RecorderError(
            f"plastic: {name} holds {dtype_name(x)}, but only floating point weights can be "
            "plastic; leave it out"
        )


def device_name(x: Tensor) -> str:
    """`cpu`, `cuda:0`, ..."""
    return str(getattr(x, "device", "cpu"))


def copied(x: Tensor) -> Tensor:
    """A copy on the same device; an immutable tensor is its own copy."""
    if is_torch(x):
        return x.detach().clone()
    return x.copy() if isinstance(x, np.ndarray) else x


def copy_into(x: Tensor, copy: Tensor) -> Tensor:
    """Update a copy, in place if it fits; returns the copy."""
    if is_torch(x) and copy.shape == x.shape and copy.dtype == x.dtype:
        copy.copy_(x.detach())
        return copy
    if isinstance(x, np.ndarray) and isinstance(copy, np.ndarray) and copy.shape == x.shape:
        copy[...] = x
        return copy
    return copied(x)


def write_back(x: Tensor, copy: Tensor) -> bool:
    """Write the elements of a copy back into the tensor, bit for bit; False if impossible."""
    if tuple(x.shape) != tuple(copy.shape) or not is_mutable(x):
        return False
    if is_torch(x):
        x.detach().copy_(copy)
    else:
        x[...] = copy
    return True


def address(x: Tensor) -> tuple[int, int]:
    """Address and size in bytes of contiguous elements in host memory, else (0, 0)."""
    if is_torch(x):
        if x.device.type != "cpu" or not x.is_contiguous() or x.is_neg():
            return 0, 0
        return x.data_ptr(), x.numel() * x.element_size()
    if isinstance(x, np.ndarray) and x.flags.c_contiguous:
        return x.ctypes.data, x.nbytes
    return 0, 0


def write_host(x: Tensor, stored: Stored) -> bool:
    """Write elements from host memory into a tensor; False if impossible."""
    if tuple(x.shape) != stored.shape or not is_mutable(x):
        return False
    numbers = stored.numbers()
    if is_torch(x):
        x.detach().copy_(sys.modules["torch"].from_numpy(np.ascontiguousarray(numbers)))
    else:
        x[...] = numbers
    return True


def same(x: Tensor, copy: Tensor) -> bool:
    """Whether a tensor and its copy have the same bits."""
    if x is copy:
        return True
    if tuple(x.shape) != tuple(copy.shape) or x.dtype != copy.dtype:
        return False
    (here, size), (there, _) = address(x), address(copy)
    if here and there:
        return not differ(here, there, size)
    if is_torch(x):
        return _same_on_device(x.detach(), copy)
    return bool(_raw(x).tobytes() == _raw(copy).tobytes())


def host(x: Tensor) -> Stored:
    """The tensor in host memory; of numpy and of torch on the CPU a view, not a copy."""
    return Stored(dtype_name(x), _raw(x))


def numbers(x: Tensor) -> np.ndarray[Any, Any]:
    """The elements in host memory as numpy computes with them."""
    return host(x).numbers()


def sample(x: Tensor) -> np.ndarray[Any, Any]:
    """Elements [n], BLOCKS stretches of BLOCK of them evenly spread, always the same places; all
    of a small tensor."""
    flat = (x.detach() if is_torch(x) else x).reshape(-1)
    if flat.shape[0] <= BLOCK * BLOCKS:
        return numbers(flat)
    apart = flat.shape[0] // BLOCKS
    return numbers(flat[: apart * BLOCKS].reshape(BLOCKS, apart)[:, :BLOCK]).reshape(-1)


def _raw(x: Tensor) -> np.ndarray[Any, Any]:
    if is_torch(x):
        x = x.detach()
        if x.device.type != "cpu":
            x = x.cpu()
        x = x.resolve_neg() if x.is_neg() else x
        if dtype_name(x) == "bfloat16":
            x = x.contiguous().view(sys.modules["torch"].int16)
            return np.asarray(x.numpy()).view(np.uint16)
        return np.asarray(x.numpy())
    array = np.asarray(x)
    return array.view(np.uint16) if dtype_name(x) == "bfloat16" else array


def _same_on_device(x: Tensor, copy: Tensor) -> bool:
    """By bits, so that NaN equals itself and -0 differs from 0."""
    torch = sys.modules["torch"]
    bits = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[x.element_size()]
    return bool(torch.equal(x.contiguous().view(bits), copy.contiguous().view(bits)))
