"""Devices: checks before anything is written, and torch's device of a name."""

import os
import re
from pathlib import Path
from typing import Any

from tttui.engine.machine import gpu_count
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.here import LOST, working_directory

ROCM = Path("/dev/kfd")
"""There where the driver of AMD's GPUs is, which torch calls cuda as well."""


def check_device_name(name: str) -> None:
    """Raise RefusedInput if `name` is no device, or one that this machine lacks.

    Asks the driver, not torch, whose import takes seconds, so it can be called at every key.
    """
    match = re.fullmatch(r"cpu|cuda(?::(\d+))?", name)
    if match is None:
        raise RefusedInput(f"device: {name!r} is none; choose cpu, cuda or cuda:N")
    if name == "cpu":
        return
    count = gpu_count()
    if count is None and ROCM.exists():
        return  # nothing but torch can tell
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if count and visible is not None:
        count = min(count, len([one for one in visible.split(",") if one.strip()]))
    index = int(match.group(1) or 0)
    if not count:
        raise RefusedInput(f"device: {name}: this machine has no GPU; choose cpu with --device cpu")
    if index >= count:
        has = "one GPU, cuda:0" if count == 1 else f"{count} GPUs, cuda:0 to cuda:{count - 1}"
        raise RefusedInput(f"device: {name}: this machine has {has}")


def check_device(name: str) -> None:
    """Raise RefusedInput where the engine cannot compute on the device `name`.

    The CPU always works and is not checked (importing torch takes seconds).
    """
    check_device_name(name)
    if name == "cpu":
        return

    try:
        torch_device(name)
    except TttuiError as error:
        raise RefusedInput(str(error)) from error


def torch_device(name: str) -> tuple[Any, Any]:
    """torch's device of a name, and its array namespace. Raises TttuiError if it is missing."""
    if working_directory() is None:  # a library that torch loads would end the process
        raise TttuiError(f"device {name}: {LOST}")
    import array_api_compat
    import torch

    try:
        device = torch.device(name)
        probe = torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise TttuiError(f"device {name}: {reason}; choose cpu with --device cpu") from error
    return device, array_api_compat.array_namespace(probe)
