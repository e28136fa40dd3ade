"""Whether a session is of a task, told without importing what runs one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tttui.model.errors import RefusedInput
from tttui.runs.recordedmeta import read_meta_of


def is_task_session(meta: Mapping[str, Any]) -> bool:
    """Whether the engine for tasks wrote a session, by its meta.json."""
    task = meta.get("task")
    return isinstance(task, Mapping) and "recorder" not in meta and "run_cfg" in meta


def holds_task(directory: Path) -> bool:
    """Whether a directory holds a session that the engine for tasks can continue."""
    try:
        return is_task_session(read_meta_of(directory))
    except RefusedInput:
        return False
