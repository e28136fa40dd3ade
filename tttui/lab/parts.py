"""parts.jsonl: the finished parts of a job, a line each; what is finished is never done again."""

from pathlib import Path
from typing import Any

from tttui.artifacts.jsonfile import decode
from tttui.artifacts.regular import LARGEST_TABLE, read_bytes


def read_parts(path: Path) -> tuple[dict[str, Any], int]:
    """The results of the finished parts by name, and where the whole lines end (bytes).

    Half a line that a killed process left, and what follows a damaged one, is ignored. Raises
    OSError where the file cannot be read.
    """
    try:
        data = read_bytes(path, LARGEST_TABLE)
    except FileNotFoundError:
        return {}, 0
    parts: dict[str, Any] = {}
    end = 0
    while (stop := data.find(b"\n", end)) >= 0:
        part = _part_in(data[end:stop])
        if part is None:
            break
        parts[part[0]] = part[1]
        end = stop + 1
    return parts, end


def _part_in(line: bytes) -> tuple[str, Any] | None:
    try:
        raw = decode(line)
    except ValueError:
        return None
    if not isinstance(raw, dict) or not isinstance(raw.get("part"), str) or "result" not in raw:
        return None
    return raw["part"], raw["result"]
