"""Weights of earlier steps in the files of a session, to be restored exactly."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tttui.artifacts.again import EVENTS
from tttui.artifacts.contenthash import tensor_digest, version_of
from tttui.artifacts.history import HistoryFile
from tttui.artifacts.jsonfile import decode
from tttui.artifacts.recording import SessionWriter
from tttui.artifacts.regular import LARGEST_TABLE, read_bytes
from tttui.artifacts.tensorwriter import Stored
from tttui.artifacts.writer import HISTORY
from tttui.model.errors import RecorderError, TttuiError

COMMIT = "commit"
"""The weights of the last update that committed."""

Target = tuple[int, str]
"""The step of the event that put weights in force (-1: the start), and their version."""


def target_of(writer: SessionWriter, to: str | int) -> Target:
    """The snapshot and version in force when step `to` was scored, or after the last commit.

    Raises RecorderError if the files do not tell.
    """
    base = writer.meta.get("base_version")
    target: Target | None = (-1, base) if isinstance(base, str) and to != COMMIT else None
    for line in read_bytes(writer.directory / EVENTS, LARGEST_TABLE).splitlines():
        event = decode(line)
        version = event.get("version")
        if not isinstance(version, str):
            continue
        if to == COMMIT:
            counts = event["status"] == "commit" and not event.get("outside")
        else:
            counts = event["t"] <= to
        if counts:
            target = (event["t"], version)
    if target is None:
        raise RecorderError(f"rollback(to={to!r}): no update was committed yet")
    return target


def weights_of(
    writer: SessionWriter, target: Target, expected: Mapping[str, Stored], to: str | int
) -> dict[str, Stored]:
    """The weights of a target from the history; `expected` has their names, dtypes and shapes.

    Raises RecorderError where the history does not hold all of them bit by bit.
    """
    t, version = target
    lead = f"rollback(to={to!r}): the weights of step {t}"
    try:
        history = HistoryFile(writer.directory / HISTORY).read(any_shape=True)
    except (TttuiError, OSError):
        raise RecorderError(f"{lead} are not held: there are no snapshots{_REMEDY}") from None
    missing = [name for name in expected if name not in history.weights]
    if missing:
        more = f" and {len(missing) - 1} others" if len(missing) > 1 else ""
        raise RecorderError(f"{lead} are not held: no snapshots of {missing[0]}{more}{_REMEDY}")
    i = int(np.searchsorted(history.t, t, side="right")) - 1
    if i < 0:
        raise RecorderError(f"{lead} are not held: the snapshots begin later{_REMEDY}")
    weights = {
        name: _as_stored(np.asarray(history.weights[name][i]), like)
        for name, like in expected.items()
    }
    parts = ((k, x.dtype, x.shape, tensor_digest(x.array)) for k, x in weights.items())
    if version_of(parts) != version:
        raise RecorderError(
            f"{lead} are not held: their snapshot was thinned out, or float32 does not hold them "
            f"exactly{_REMEDY}"
        )
    return weights


_REMEDY = "; keep= and history_mb= say which are kept, and to='base' goes back to the start"


def _as_stored(numbers: np.ndarray[Any, Any], like: Stored) -> Stored:
    """Numbers of float32 in another dtype and shape."""
    numbers = np.ascontiguousarray(numbers, np.float32).reshape(like.shape)
    if like.dtype == "bfloat16":
        return Stored("bfloat16", (numbers.view(np.uint32) >> 16).astype(np.uint16))
    with np.errstate(over="ignore"):
        return Stored(like.dtype, numbers.astype(like.dtype))
