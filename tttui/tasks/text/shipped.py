"""The weights of the decoder that ships with the package, as arrays."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.ptfile import read_pt
from tttui.model.arrays import Floats

BASE = Path(__file__).with_name("base.pt")
"""See benchmarks/text_base.py, which trains it."""


@lru_cache(maxsize=1)
def shipped() -> tuple[Mapping[str, Any], Mapping[str, Floats]]:
    """The sizes of the decoder (the fields of `model.Shape`), and its weights in float32."""
    held = read_pt(BASE)
    return held["shape"], {k: np.asarray(v, dtype=np.float32) for k, v in held["weights"].items()}
