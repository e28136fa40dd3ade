"""The weights of the decoder that ships with the package, as arrays, and how far each may step."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.ptfile import read_pt
from tttui.artifacts.regular import sha256_of
from tttui.model.arrays import Floats

BASE = Path(__file__).with_name("base.pt")
"""See benchmarks/text_base.py, which trains it."""

TYPICAL = 5e-3
"""The RMS of a gradient of which a step is taken as it is: about that of the base."""

LEAST = 0.2
"""Of the RMS of a whole tensor: what seldom had a gradient is not moved without bound."""


@lru_cache(maxsize=1)
def shipped() -> tuple[Mapping[str, Any], Mapping[str, Floats]]:
    """The sizes of the decoder (the fields of `model.Shape`), and its weights in float32."""
    content = _read()
    return content["shape"], {
        k: np.asarray(v, dtype=np.float32) for k, v in content["weights"].items()
    }


@lru_cache(maxsize=1)
def base_sha256() -> str:
    """The SHA-256 of the file that the weights ship in."""
    return sha256_of(BASE)


@lru_cache(maxsize=1)
def step_scales() -> Mapping[str, Floats]:
    """Factors of SGD's steps, by parameter and of its shape, in float32.

    They are the inverse of how large the gradients were at the end of the base's own training
    (Krause et al. 2018), of a matrix by its rows and columns (Shazeer and Stern 2018).
    """
    return {name: _scale([np.asarray(m) for m in by]) for name, by in _read()["moments"].items()}


@lru_cache(maxsize=1)
def _read() -> Mapping[str, Any]:
    content: Mapping[str, Any] = read_pt(BASE)
    return content


def _scale(moments: list[Floats]) -> Floats:
    """Of the mean squares of gradients, by element of a vector or by row and column."""
    square = moments[0]
    if len(moments) == 2:
        square = moments[0][:, None] * moments[1] / moments[0].mean()
    size = np.sqrt(square) + np.float32(LEAST) * np.sqrt(square.mean())
    return np.asarray(np.float32(TYPICAL) / size)
