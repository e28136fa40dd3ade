"""The texts of the header, and of the screen without an open session."""

from collections.abc import Sequence
from pathlib import Path

from rich.style import Style

from tttui.draw.cells import fit
from tttui.draw.colours import style
from tttui.draw.look import Look
from tttui.draw.numbers import count
from tttui.draw.states import state_ink, state_mark
from tttui.draw.text import Text, lines
from tttui.model.session import SessionData
from tttui.store import Snapshot

REASON = 60
"""Cells that the reason of a failure may take in the header where it does not fit whole."""


def named(data: SessionData) -> tuple[str, ...]:
    """The name of the open session, the most important part first."""
    meta = data.meta
    parts = [data.place.name if data.run is None else f"{data.place.name} / {data.run}"]
    if data.damage:
        n = len(data.damage)
        many = f"{n} files damaged or lost"
        parts.append(f"! {data.damage[0].path.name if n == 1 else many}")
    if not meta.is_point_mass:
        parts += [meta.schema.task.name, meta.loss.label]
    if meta.env_mode:
        parts.append(meta.env_mode)
    if data.truth_now is not None and not data.loading:
        parts.append(data.truth_named)
    if not (_planned(data) or data.loading):
        parts.append(f"{count(data.steps_done)} steps")
    if data.place.layout != "native":
        parts.append(f"{data.place.layout} layout")
    return tuple(parts)


def stated(data: SessionData, look: Look) -> tuple[tuple[str, ...], Style]:
    """The state of the open session, from the fullest to the shortest text, and its style."""
    status = data.status
    if data.loading:
        return (f"reading {data.read_percent}",), Style(bold=True)
    if status is None:
        return ("read-only",), Style(dim=True)
    mark = f"{state_mark(status.state, look.glyphs)} "
    whole = mark + (status.detail or status.state)
    states = [whole, whole.partition(":")[0], mark + status.state]
    if status.error:  # the beginning of the reason says more than the state alone
        states = [whole, fit(whole, REASON), mark + status.state]
    if total := _planned(data):
        whole += f"  {count(data.steps_done)} of {count(total)} steps"
        states.insert(0, whole)
        if status.steps_per_second and status.state == "running":
            states.insert(0, f"{whole}  {count(round(status.steps_per_second))} steps/s")
    return tuple(states), style(state_ink(status.state, look.palette), bold=True)


def _planned(data: SessionData) -> int:
    """The steps that a live run is to take, 0 where that is not known."""
    status = data.status
    if status is None or not status.live or status.pretraining:
        return 0
    return status.steps_total or 0


def why_nothing(snapshot: Snapshot, paths: Sequence[Path]) -> Text:
    """Why no session is open, and how to make one."""
    if snapshot.error:
        return Text(snapshot.error)
    if not snapshot.scanned:
        return Text("Looking for sessions ...")
    if snapshot.places:
        return Text("Reading ...")
    where = ", ".join(str(path) for path in paths)
    return lines(
        (
            f"No session found in {where}.",
            "",
            "tttui demo             make a real session and watch it learn",
            "tttui run --name NAME  run one with your settings",
            "tttui PATH             look into another directory",
            "n                      fill in a form and start one here",
            "",
            "This screen shows the first session as soon as it appears.",
        )
    )
