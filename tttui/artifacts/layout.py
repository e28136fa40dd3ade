"""The paths of a session's parts in every layout, and why a part may be missing."""

from pathlib import Path

import tttui
from tttui.model.dataclass import dataclass
from tttui.model.schema import UNKNOWN_MODEL, Schema
from tttui.model.session import Place

BASE = "base_checkpoint.pt"
"""The base of a session of the point mass."""

SHIPPED_BASES = Path(tttui.__file__).parent / "bases"

SCORES = "scores.csv"
"""What names the version of the weights that every step was scored with."""


@dataclass(frozen=True, slots=True)
class SessionPaths:
    """The paths of one session's parts; None where its layout has no such file."""

    meta: Path
    metrics: Path
    weights: Path
    base: Path
    steps: Path | None
    event_list: Path | None
    event_lines: Path | None
    trajectory: Path | None
    history: Path | None
    status: Path | None


def files_of(place: Place, run: str | None = None) -> SessionPaths:
    """The files of a session and, in a store, of one of its runs (None: it has none)."""
    path = place.path
    if place.base_only:
        return SessionPaths(
            meta=path / "base_meta.json",
            metrics=path / "metrics.json",
            weights=path / "plastic_state.pt",
            base=path / BASE,
            steps=None,
            event_list=None,
            event_lines=None,
            trajectory=None,
            history=None,
            status=None,
        )
    if place.layout == "store":
        at = path / "runs" / run if run is not None else None
        return SessionPaths(
            meta=path / "meta.json",
            metrics=path / "metrics.json",
            weights=path / "plastic_state.pt",
            base=path.parent.parent / "base" / BASE,
            steps=at and at / "per_step.csv",
            event_list=at and at / "update_events.json",
            event_lines=path / "update_events.jsonl",
            trajectory=at and at / "trajectory.json",
            history=None,
            status=None,
        )
    native = place.layout == "native"
    return SessionPaths(
        meta=path / "session" / "meta.json",
        metrics=path / "session" / "metrics.json",
        weights=path / "session" / "plastic_state.pt",
        base=path / BASE,
        steps=path / "per_step.csv",
        event_list=path / "update_events.json",
        event_lines=path / "update_events.jsonl",
        # A flat directory may be one run copied out of a store.
        trajectory=path / ("trajectory.csv" if native else "trajectory.json"),
        history=path / "weights_history.npy" if native else None,
        status=path / "status.json" if native else None,
    )


NOUNS = {
    "trajectory": "trajectory file",
    "history": "history of the weights",
    "status": "status file",
}


def why_missing(
    place: Place,
    part: str,
    run: str | None,
    *,
    waits_for_base: bool = False,
    unknown_model: bool = False,
) -> str:
    """One sentence for a part whose file is not there."""
    if waits_for_base:
        return "its base has to be pretrained first"
    if place.base_only:
        return "this store holds a base and no session yet"
    if place.layout == "store" and run is None and part in ("steps", "transactions", "trajectory"):
        return "this session never ran"
    if place.layout == "store" and part == "trajectory":
        return "this run was saved without a trajectory"
    if place.layout != "native" and part in NOUNS:
        return f"this layout has no {NOUNS[part]}"
    if unknown_model and part == "meta":
        return "the file is not there, so what the model and its loss are is not known"
    if place.layout == "native" and part in ("weights", "metrics", "checkpoint"):
        return "the file is not there; it is written at the first checkpoint"
    if place.layout == "native" and part in ("transactions", "history", "trajectory", "steps"):
        return "the file is not there; it is written while the session runs"
    return "the file is not there"


def usual_absence(schema: Schema, part: str) -> str | None:
    """One sentence for a part that a session of this task need not have; None: it should."""
    if schema.is_point_mass and schema.recorder is None:
        return None
    if schema.task.name == UNKNOWN_MODEL and part not in ("meta", "steps"):
        return "whether there should be any is not known without meta.json"
    if part == "trajectory" and not schema.is_point_mass:
        return "sessions of this task have no trajectory"
    if schema.recorder is None:
        return None
    plain = "the recorder was given no parameters" if not schema.plastic else ""
    return {
        "weights": plain or "the recorder has written no weights yet",
        "base": plain or "the recorder has not kept the weights at the start",
        "history": plain or "the recorder has kept no snapshot of the weights",
        "transactions": "no update was recorded yet",
        "metrics": "the recorder writes them at the end",
        "optimizer": "the recorder does not write the optimizer's state",
        "trajectory": "the recorder has no trajectory",
    }.get(part)
