"""The thresholds that were in force for every transaction: a run can be given others."""

import numpy as np

from tttui.model.arrays import Floats
from tttui.model.explain import threshold
from tttui.model.session import SessionData


def limits(data: SessionData, key: str) -> Floats:
    """A number of plasticity_cfg for every transaction [n]; NaN where it is not recorded."""
    first = threshold(data.meta.plasticity_cfg, key)
    found = np.full(len(data.transactions), np.nan if first is None else first)
    for at, values in data.settings_changes:
        if key in values:
            value = threshold(values, key)
            found[data.transactions.t >= at] = np.nan if value is None else value
    return found
