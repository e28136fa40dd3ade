"""Files of weights: those of the point mass, by matrix, and those of any other model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.ptfile import read_pt
from tttui.artifacts.safetensors import read_safetensors
from tttui.artifacts.schema import LONGEST_NAME, MOST_TENSORS
from tttui.artifacts.wholefile import WholeFile
from tttui.artifacts.wrapped import unwrapped_state
from tttui.model.arrays import PLASTIC, Floats, Weights
from tttui.model.errors import TttuiError
from tttui.model.pointmass.configuration import checked_options
from tttui.model.session import Problem
from tttui.model.tensors import Loaded, Tensors


def read_plastic(path: Path) -> tuple[Weights, list[Problem]]:
    """The plastic matrices; what is no matrix is left out and named. Raises TttuiError."""
    weights, wrong = _matrices(read_pt(path), path)
    absent = [name for name in PLASTIC if name not in weights and not wrong]
    if absent:
        wrong.append(f"has no {', '.join(absent)}")
    return weights, [Problem("weights", path, "; ".join(wrong))] if wrong else []


def read_base(path: Path) -> tuple[tuple[Weights, Mapping[str, Any]], list[Problem]]:
    """The base's matrices with a_raw, and its cfg. Raises TttuiError."""
    content = read_pt(path)
    if not isinstance(content, dict):
        raise TttuiError(f"{path}: holds a {type(content).__name__}, not a model_state")
    state = content.get("model_state", content)
    weights, wrong = _matrices(state, path)
    absent = [name for name in (*PLASTIC, "a_raw") if name not in weights and not wrong]
    if absent:
        wrong.append(f"has no {', '.join(absent)}")
    cfg, odd = checked_options(content.get("cfg"), "cfg")
    wrong += odd
    problems = [Problem("base", path, "; ".join(wrong))] if wrong else []
    return (weights, cfg), problems


def _matrices(state: Any, path: Path) -> tuple[Weights, list[str]]:
    """The arrays of floats in a state dict: vectors for a_raw, matrices for all else."""
    if not isinstance(state, dict):
        raise TttuiError(f"{path}: holds a {type(state).__name__}, not tensors by name")
    state = unwrapped_state(state)
    weights: Weights = {}
    wrong: list[str] = []
    for name in (*PLASTIC, "a_raw"):
        value = state.get(name)
        if value is None:
            continue
        dims = 1 if name == "a_raw" else 2
        if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
            wrong.append(f"{name} is no tensor of floats")
        elif value.ndim != dims or not value.size:
            wrong.append(f"{name} has the shape {list(value.shape)}, which is no {dims}-d weight")
        else:
            weights[name] = value
    if all(name in weights for name in PLASTIC):
        W_u, B, W_o = (weights[name].shape for name in PLASTIC)
        if B[1] != W_u[0] or W_o[1] != B[0]:
            wrong.append(f"the shapes {list(W_u)}, {list(B)}, {list(W_o)} do not fit together")
    return weights, wrong


class TensorsFile:
    """`STEM.safetensors` or `STEM.pt`, whichever is there."""

    def __init__(self, stem: Path, part: str) -> None:
        self._large = WholeFile[Tensors](
            stem.with_name(f"{stem.name}.safetensors"), part, read_safetensors
        )
        self._small = WholeFile[Tensors](stem.with_name(f"{stem.name}.pt"), part, read_tensors)
        self._part = part

    def refresh(self) -> None:
        """Look at the file, and read it again if it changed."""
        self._large.refresh()
        if not self._large.exists:
            self._small.refresh()

    @property
    def _file(self) -> WholeFile[Tensors]:
        return self._large if self._large.exists or self._large.problems else self._small

    @property
    def path(self) -> Path:
        return self._file.path

    @property
    def exists(self) -> bool:
        return self._file.exists

    @property
    def value(self) -> Tensors | None:
        return self._file.value

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(
            Problem(self._part, p.path, p.reason, p.missing, p.loading) for p in self._file.problems
        )


def read_tensors(path: Path) -> tuple[Tensors, list[Problem]]:
    """The tensors by name in a .pt file; what is none is left out and named. Raises TttuiError."""
    state = read_pt(path)
    if not isinstance(state, dict):
        raise TttuiError(f"{path}: holds a {type(state).__name__}, not tensors by name")
    values: dict[str, Floats] = {}
    wrong: list[str] = []
    for name, value in list(state.items())[:MOST_TENSORS]:
        if name == "checksum" and not isinstance(value, np.ndarray):
            continue
        tensor = _floats(value)
        if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
            wrong.append(f"{str(name)[:40]!r} is no name of a tensor")
        elif tensor is None:
            wrong.append(f"{name} is no tensor of numbers")
        else:
            values[name] = tensor
    reason = "; ".join(wrong[:5])
    return Loaded.of(values), [Problem("weights", path, reason)] if wrong else []


def _floats(value: Any) -> Floats | None:
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiub":
        return None
    return value if value.dtype.kind == "f" else value.astype(np.float32)
