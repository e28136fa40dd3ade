"""interventions.jsonl for who looks at a run: the steps at which it was changed, and how."""

from pathlib import Path

from tttui.artifacts.jsonfile import decode, whole
from tttui.model.session import Problem


def read_interventions(path: Path) -> tuple[tuple[tuple[int, str], ...], list[Problem]]:
    """Step and words of every change, ascending; damaged lines are named and left out."""
    found: list[tuple[int, str]] = []
    problems: list[Problem] = []
    lines = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines[:-1], 1):  # the last is being written, or empty
        try:
            raw = decode(line)
        except ValueError:
            raw = None
        t = whole(raw.get("t")) if isinstance(raw, dict) else None
        if not isinstance(raw, dict) or t is None or not isinstance(raw.get("kind"), str):
            if not problems:
                problems.append(Problem("interventions", path, f"line {number} is no intervention"))
            continue
        found.append((t, _words(raw["kind"], raw.get("value"))))
    return tuple(sorted(found, key=lambda change: change[0])), problems


def _words(kind: str, value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {new}" for name, new in value.items())
    return kind if value is None else f"{kind} {value}"
