"""The words of the header of the lab."""

from pathlib import Path

from rich.style import Style

from tttui.draw.colours import style
from tttui.draw.look import Look
from tttui.draw.states import state_ink, state_mark
from tttui.model.numbers import Forms
from tttui.store.lab.jobs import Jobs


def named(root: Path, jobs: Jobs) -> tuple[str, ...]:
    """The name of the shown view, the most important part first."""
    n = len(jobs.all)
    if jobs.unread:
        return "lab", str(root), f"reading {jobs.unread} more jobs ..."
    if not jobs.known:
        return "lab", str(root)
    return "lab", str(root), "no jobs" if not n else "1 job" if n == 1 else f"{n} jobs"


def stated(jobs: Jobs, look: Look) -> tuple[Forms, Style]:
    """The current activity, from the fullest to the shortest text, and its style."""
    live = jobs.live
    running = sum(job.state != "queued" for job in live)
    queued = len(live) - running
    parts = [f"{running} running"] if running else []
    parts += [f"{queued} queued"] if queued else []
    if parts:
        state = "running" if running else "queued"
        mark = state_mark(state, look.glyphs)
        ink = style(state_ink(state, look.palette), bold=True)
        return (f"{mark} {', '.join(parts)}", f"{mark} {len(live)}"), ink
    return ("idle",), style(look.palette.muted)
