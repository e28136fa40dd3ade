"""Progress on stderr: a bar with the running verdict on a terminal, otherwise lines for pretraining
only."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO, cast

from tttui.model.ages import duration_text
from tttui.model.text import visible

if TYPE_CHECKING:
    from rich.progress import Progress

    from tttui.lab.job import Job
    from tttui.runs.owned import RunProgress


LINES = 20
"""Lines of progress where there is no terminal."""


@contextmanager
def run_bar(
    label: str, start: int, total: int | None, *, quiet: bool
) -> Iterator[Callable[["RunProgress"], None] | None]:
    """A callback for the progress of a run, or None without a terminal.

    `total` is None while the number of steps is unknown.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    with _bar() as bar:
        task = bar.add_task(visible(label), total=total, completed=start, note="")

        def show(frame: "RunProgress") -> None:
            speed = f"{frame.steps_per_second:,.0f}/s"
            if frame.waits_for:
                speed = f"waiting for {visible(frame.waits_for)}"
            bar.update(task, completed=frame.t, note=f"{speed}  {running(frame)}")

        yield show


@contextmanager
def pretraining_bar(total: int, *, quiet: bool) -> Iterator[Callable[[int, float], None] | None]:
    """A callback for pretraining's (step, loss), or None if quiet."""
    if quiet:
        yield None
        return
    if not sys.stderr.isatty():
        yield lambda step, loss: _line(step, total, loss)
        return
    with _bar() as bar:
        task = bar.add_task("pretraining a base", total=total, note="")

        def show(step: int, loss: float) -> None:
            if step % 10 == 0 or step == total:
                bar.update(task, completed=step, note=f"loss {loss:.3g}")

        yield show


@contextmanager
def job_bar(label: str, *, quiet: bool) -> Iterator[Callable[["Job"], object]]:
    """A callback for the progress of a job; without a terminal it prints a line at each new
    activity and tenth."""
    if quiet:
        yield lambda job: None  # noqa: ARG005
        return
    if not sys.stderr.isatty():
        shown_last: list[object] = []

        def tell(job: "Job") -> None:
            now = (job.state, int(10 * (job.progress or 0.0)))
            if shown_last != [now]:
                shown_last[:] = [now]
                with contextlib.suppress(OSError):
                    print(visible(f"{label}: {job_line(job)}"), file=sys.stderr, flush=True)

        yield tell
        return
    with _bar() as bar:
        task = bar.add_task(visible(label), total=100, note="")

        def show(job: "Job") -> None:
            note = visible(job_line(job, percent=False))
            bar.update(task, completed=round(100 * (job.progress or 0.0)), note=note)

        yield show


def job_line(job: "Job", *, percent: bool = True) -> str:
    """`running 45 %, step 270 of 600, 12 s left`."""
    parts = [job.state + (f" {100 * job.progress:.0f} %" if percent and job.progress else "")]
    if job.state == "running" and job.doing:
        parts.append(job.doing)
    if job.seconds_left is not None:
        parts.append(f"{duration_text(job.seconds_left)} left")
    if job.state not in ("running", "queued", "completed") and job.detail != job.state:
        parts = [job.detail]
    return ", ".join(parts)


def _line(step: int, total: int, loss: float) -> None:
    if step % max(1, total // LINES) == 0:
        with contextlib.suppress(OSError):  # nobody has to read it
            print(
                f"pretraining a base: step {step} of {total}, loss {loss:.3g}",
                file=sys.stderr,
                flush=True,
            )


def running(frame: "RunProgress") -> str:
    """The running verdict: `84 % better  15/18 committed`."""
    if frame.improvement is None:
        return f"{frame.committed}/{frame.attempted} committed"
    from tttui.model.improvement import difference

    return f"{difference(frame.improvement)[0]}  {frame.committed}/{frame.attempted} committed"


def _bar() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from tttui.terminal.safe_stream import Outlet

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        # A terminal that is gone must not end the run: it goes on in the background.
        console=Console(file=cast("TextIO", Outlet(sys.stderr))),
        refresh_per_second=8,
    )
