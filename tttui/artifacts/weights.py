"""plastic_state.pt and base_checkpoint.pt -> matrices by name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.ptfile import read_pt
from tttui.artifacts.wrapped import unwrapped_state
from tttui.model.arrays import PLASTIC, Weights
from tttui.model.configuration import checked_options
from tttui.model.errors import TttuiError
from tttui.model.session import Problem


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
