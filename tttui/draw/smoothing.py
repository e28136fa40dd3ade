"""Exponential smoothing of a series."""

import numpy as np

from tttui.model.arrays import Floats

SPAN = 32
"""Span of the averages that the app draws, in steps."""

_CHUNK = 512


def exponential(y: Floats, span: float) -> Floats:
    """Exponentially weighted average of y [n] with weight 2 / (span + 1) on the newest sample.

    The weights are normalised from the start (no bias to zero) and missing samples (NaN,
    infinity) are skipped: the average carries on past them, but is NaN where y is.
    The recursion s_i = (1 - w) s_{i-1} + w y_i is evaluated in blocks, as a scaled cumulative
    sum inside a block and one carried value between blocks, so that n may be large.
    """
    n = len(y)
    if n == 0 or span <= 1:
        return np.array(y, dtype=np.float64)
    keep = 1.0 - 2.0 / (span + 1.0)
    chunk = max(1, min(_CHUNK, int(-600.0 / np.log10(keep) / 4)))
    good = np.isfinite(y)
    values = np.where(good, y, 0.0)
    rows = -(-n // chunk)
    padded = np.zeros((2, rows * chunk))
    padded[0, :n] = values
    padded[1, :n] = good
    blocks = padded.reshape(2, rows, chunk)
    powers = keep ** np.arange(chunk)
    inside = np.cumsum(blocks / powers, axis=2) * powers
    carried = np.zeros((2, rows, 1))
    step = keep**chunk
    total, weight = 0.0, 0.0
    ends = inside[:, :, -1].T.tolist()
    for row, (a, b) in enumerate(ends):
        carried[:, row, 0] = total, weight
        total, weight = total * step + a, weight * step + b
    summed = (inside + carried * (powers * keep)).reshape(2, -1)[:, :n]
    with np.errstate(invalid="ignore", divide="ignore"):
        smooth = summed[0] / summed[1]
    return np.where(good, smooth, np.nan)
