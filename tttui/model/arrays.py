"""Names for the numpy array types that the package passes around."""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.integer[Any]]
Bools = npt.NDArray[np.bool_]
Weights = dict[str, Floats]
"""Matrices by name: W_u [u_dim, z_dim+act_dim], B [n_state, u_dim], W_o [z_dim, n_state]."""

PLASTIC = ("W_u", "B", "W_o")
"""Names of the plastic matrices, in the order of the data flow."""
