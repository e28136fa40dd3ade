"""Jobs as cards: name, progress, current work, remaining time."""

from collections.abc import Sequence

from textual import events
from textual.message import Message

from tttui.draw import bars
from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit, wrapped
from tttui.draw.states import state_ink, state_mark
from tttui.lab.job import Job
from tttui.model.ages import ago_text, duration_text
from tttui.model.dataclass import dataclass
from tttui.panes.lab.jobs.rows import command_line, doing
from tttui.widgets.drawn import Drawn

LIVE_ROWS, ENDED_ROWS = 4, 3
"""Rows of a card with the empty one below it; of one that ended, without a bar."""

LEAST = 8
"""Columns that the options of a command need at least."""

WIDE = 52
"""Columns of a card at least where several stand beside each other."""


def card_rows(jobs: Sequence[Job]) -> int:
    """Rows of a card among these, which are all equally high."""
    return ENDED_ROWS if all(job.has_ended for job in jobs) else LIVE_ROWS


class JobCards(Drawn):
    """Cards in columns; those that find no room are counted in the title."""

    @dataclass
    class Picked(Message):
        """A card was clicked."""

        job: Job

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._jobs: Sequence[Job] = ()
        self._title = ""
        self._now = 0.0
        self._at: str | None = None
        """The handle of the marked job."""
        self._hint = ""

    def show_jobs(
        self, title: str, jobs: Sequence[Job], at: str | None, now: float, hint: str = ""
    ) -> None:
        """Show these jobs, one of them marked; `hint` says what to do where there are none."""
        shown = [(job.handle, job.state, _done(job, now)) for job in jobs]
        old = [(job.handle, job.state, _done(job, self._now)) for job in self._jobs]
        if (title, at, hint, shown) != (self._title, self._at, self._hint, old):
            self._title, self._jobs, self._at, self._now = title, tuple(jobs), at, now
            self._hint = hint
            self.changed()

    def columns_in(self, width: int) -> int:
        """How many cards stand beside each other."""
        return max(1, width // WIDE)

    def paint(self, width: int, height: int) -> Canvas:
        canvas, palette = Canvas(height, width), self.palette
        columns, rows = self.columns_in(width), card_rows(self._jobs)
        room = max((height - 1) // rows, 1) * columns if height >= rows else 0
        hidden = max(len(self._jobs) - room, 0)
        end = canvas.write(0, 0, self._title, palette.text, bold=True)
        more = f"{hidden} more in Jobs" if end + 20 < width else f"+{hidden}"
        if hidden:
            canvas.write(0, end + 2, more, palette.muted)
        if not self._jobs:
            for row, line in enumerate(wrapped(self._hint, max(width - 2, 8)), 2):
                canvas.write(row, 1, line, palette.muted)
            return canvas
        each = width // columns
        first = self._first(room)
        for i, job in enumerate(self._jobs[first : first + room]):
            row, column = 1 + i // columns * rows, i % columns * each
            self._card(canvas, job, row, column, each - 1)
        return canvas

    def _first(self, room: int) -> int:
        """The first card that is shown, so that the marked one is."""
        at = next((i for i, job in enumerate(self._jobs) if job.handle == self._at), 0)
        return max(0, at - room + 1) if room else 0

    def _card(self, canvas: Canvas, job: Job, row: int, column: int, width: int) -> None:
        palette, glyphs = self.look
        ink = state_ink(job.state, palette)
        chosen = job.handle == self._at
        edge = glyphs.fills[2] if glyphs.braille else glyphs.vertical
        for y in range(card_rows(self._jobs) - 1):
            canvas.write(row + y, column, edge, palette.accent if chosen else ink)
        left, room = column + 2, width - 2
        state = f"{state_mark(job.state, glyphs)} {job.state}"
        name = f"{job.kind} {job.short}" if not job.is_session else f"session {job.short}"
        pointer = f"{glyphs.play} " if chosen else ""
        most = max(room - len(state) - 1, 8)
        end = canvas.write(
            row, left, fit(pointer + name, most, glyphs.ellipsis), palette.text, bold=True
        )
        free = left + most - end - 2
        if free >= LEAST:
            options = fit(_options(job), free, glyphs.ellipsis)
            canvas.write(row, end + 2, options, palette.muted)
        canvas.write(row, left + room - len(state), state, ink, bold=True)
        time_text = _time_text(job, self._now)
        bar_room = room - len(time_text) - 1
        canvas.write(row + 1, left + room - len(time_text), time_text, palette.text)
        if job.has_ended:
            text = fit(_ended(job), bar_room - 1, glyphs.ellipsis)
            canvas.write(row + 1, left, text, ink if job.error else palette.muted)
            return
        if job.progress is not None and bar_room >= 6:
            bars.bar(canvas, (row + 1, left, bar_room), job.progress, ink, palette.faint, glyphs)
        canvas.write(row + 2, left, fit(doing(job), room, glyphs.ellipsis), palette.muted)

    def on_click(self, event: events.Click) -> None:
        columns = self.columns_in(self.size.width)
        rows, each = card_rows(self._jobs), max(self.size.width // columns, 1)
        row, column = (int(event.y) - 1) // rows, int(event.x) // each
        room = max((self.size.height - 1) // rows, 1) * columns
        at = self._first(room) + row * columns + column
        if event.y >= 1 and 0 <= at < len(self._jobs):
            self.post_message(self.Picked(self._jobs[at]))


def _options(job: Job) -> str:
    """The options of a job's command, which distinguish it from others of its kind."""
    _, dash, options = command_line(job).partition(" --")
    return f"--{options}" if dash and not job.is_session else ""


def _time_text(job: Job, now: float) -> str:
    """`42 %, 3 min left`, or when a job ended."""
    if job.has_ended:
        return ago_text(job.ended_at or job.created_at, now)
    share = "" if job.progress is None else f"{100 * job.progress:3.0f} %"
    left = "" if job.seconds_left is None else f"{duration_text(job.seconds_left)} left"
    return "  ".join(filter(None, (share, left))) or ago_text(job.created_at, now)


def _ended(job: Job) -> str:
    """How a job ended, how far it came and how long it took."""
    texts = [(job.error or doing(job)).rstrip(".")]
    if job.progress is not None and job.progress < 1:
        texts.append(f"at {100 * job.progress:.0f} %")
    if job.started_at is not None and job.ended_at is not None:
        texts.append(f"took {duration_text(job.ended_at - job.started_at)}")
    return ", ".join(filter(None, texts))


def _done(job: Job, now: float) -> tuple[object, ...]:
    """What a card shows of a job beside its state."""
    return job.progress, doing(job), _time_text(job, now)
