"""One session of many: its commands, files, base and comparable sessions."""

from collections.abc import Collection
from pathlib import Path

from tttui.artifacts.names import usable_name
from tttui.draw.cells import wrapped
from tttui.draw.numbers import count
from tttui.draw.prose import Prose
from tttui.model.ages import duration_text, size_text
from tttui.model.dataclass import dataclass
from tttui.model.here import home_directory, plain
from tttui.model.session import FileEntry, SessionSummary
from tttui.model.shell import command_line
from tttui.model.status import Status
from tttui.widgets.page import Page


@dataclass(frozen=True, slots=True)
class SessionCommands:
    """Shell commands that continue a session; '' if impossible, with the reason."""

    resume: str
    fork: str
    why_not: str = ""
    """Why it cannot be resumed."""


def commands_of(summary: SessionSummary, at: int | None, taken: Collection[str]) -> SessionCommands:
    """The commands that resume and fork a session, with paths that work from any directory.

    `at` is the step to fork at (None: its end); `taken` are the names that are in use.
    """
    place = summary.place
    path = plain(place.path)
    if place.base_only:
        return SessionCommands("", "", "this store holds a base and no session yet")
    if summary.meta.schema.recorder is not None:
        why = "a recorder wrote it; it goes on where its own program does"
        return SessionCommands("", "", why)
    fork = ["tttui", "fork", str(path)]
    if place.layout == "native":
        fork += ["--root", str(path.parent)]
    # of other programs' sessions there are only the last weights
    if at is not None and summary.steps and place.layout == "native":
        fork += ["--at", str(min(max(at, 0), summary.steps))]
    fork += ["--name", free_name(place.name, "-fork", taken)]
    if place.layout != "native":
        why = "another program wrote it, and tttui changes nothing there; fork it instead"
        return SessionCommands("", command_line(*fork), why)
    status = summary.status
    if status is not None and status.live:
        return SessionCommands("", command_line(*fork), f"it is {status.state}")
    resume = ["tttui", "resume", str(path)]
    total = status.steps_total if status is not None else None
    if summary.steps and total is not None and summary.steps >= total:
        # it ran all its steps, so it must be told how many more
        resume += ["--steps", str(total)]
    return SessionCommands(command_line(*resume), command_line(*fork))


def free_name(name: str, ending: str, taken: Collection[str]) -> str:
    """An allowed name with that ending, and with a number behind it where it is in use."""
    n, tried = 1, usable_name(name, ending)
    while tried in taken:
        n += 1
        tried = usable_name(name, f"{ending}-{n}")
    return tried


@dataclass(frozen=True, slots=True)
class PanelFacts:
    """The facts of the panel."""

    summary: SessionSummary
    commands: SessionCommands
    same_model: tuple[str, ...]
    """Names of the sessions with the same model signature."""
    same_base: int
    """How many of those have the same base file."""
    files: tuple[FileEntry, ...]
    now: float


class SessionPanel(Page):
    """The facts about the session under the cursor."""

    edge = True

    def __init__(self) -> None:
        super().__init__("")

    def show_facts(self, facts: PanelFacts | None) -> None:
        """Draw these facts; None: nothing."""
        if facts is None:
            self.set_content(lambda _: None, "nothing", "")
            return
        status = facts.summary.status
        detail = "read-only" if status is None else status.detail or status.state
        title = f"{facts.summary.place.name}   {detail}"
        self.set_content(lambda prose: _describe(prose, facts), facts, title)


def _describe(prose: Prose, facts: PanelFacts) -> None:
    summary, palette = facts.summary, prose.palette
    if summary.status is not None and summary.status.live:
        prose.say(progress_text(summary.status, summary.steps))
    prose.say(_home(summary.place.path), palette.muted)
    prose.head("Resume (y copies, again for the next)")
    if facts.commands.resume:
        _command(prose, facts.commands.resume)
    else:
        prose.say(f"cannot be resumed: {facts.commands.why_not}", palette.warn)
    if facts.commands.fork:
        prose.head("Fork")
        _command(prose, facts.commands.fork)
    _model(prose, facts)
    _files(prose, facts)
    if summary.problems:
        prose.gap()
    for problem in summary.problems:
        prose.say(f"! {problem.path.name}: {problem.reason}", palette.warn)


def _command(prose: Prose, command: str) -> None:
    """A command line, broken between words only where that is possible."""
    for row in wrapped(command, prose.width):
        prose.line((row, prose.palette.text))


def _model(prose: Prose, facts: PanelFacts) -> None:
    meta, palette = facts.summary.meta, prose.palette
    if not meta.is_point_mass:
        prose.head("Task")
        prose.field("task", meta.schema.task.name, 10)
        prose.field("loss", meta.loss.label, 10)
    prose.head("Model")
    for label, value in (
        ("id", meta.session_id),
        ("parent", meta.parent_session_id),
        ("seed", None if meta.seed is None else str(meta.seed)),
        ("signature", meta.model_signature),
        ("base", meta.base_ckpt_hash),
    ):
        if value is None and not meta.is_point_mass:
            continue
        cut = value is not None and len(value) > 40
        prose.field(
            label,
            f"{value[:16]}{prose.glyphs.ellipsis}" if cut and value else value or "-",
            10,
        )
    names = facts.same_model
    if not meta.is_point_mass and meta.model_signature is None:
        return
    if not names:
        prose.say("no other session has this model signature", palette.muted)
        return
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    base = "all" if facts.same_base == len(names) else str(facts.same_base)
    prose.say(f"compatible with {', '.join(names[:6])}{more} ({base} from the same base)")


def _files(prose: Prose, facts: PanelFacts) -> None:
    palette, glyphs = prose.look
    total = sum(entry.size for entry in facts.files)
    prose.head(f"Files, {size_text(total)}" if facts.files else "Files")
    if not facts.files:
        prose.say("looking ...", palette.muted)
    for entry in facts.files:
        age = duration_text(facts.now - entry.modified_at)
        prose.line(
            (f"{size_text(entry.size):>8}", palette.text),
            (f"{age:>9} ", palette.muted),
            (middle(entry.name, max(prose.width - 18, 12), glyphs.ellipsis), palette.text),
        )


def progress_text(status: Status, steps: int | None) -> str:
    """How far a live run is (the `steps` done), how fast, and what was asked of it last."""
    if status.pretraining is not None:
        return f"waits for its base, then runs {status.steps_total or '?'} steps"
    done = (status.t or 0) if steps is None else steps
    total = count(status.steps_total) if status.steps_total else "?"
    parts = [f"{count(done)} of {total} steps"]
    if status.waits_for and status.state == "running":
        parts.append(f"waiting for {status.waits_for}")
    elif status.steps_per_second and status.state == "running":
        parts.append(f"{count(round(status.steps_per_second))} steps/s")
        left = ((status.steps_total or 0) - done) / status.steps_per_second
        if left > 0:
            parts.append(f"{duration_text(left)} left")
    if status.speed_limit:
        parts.append(f"at most {status.speed_limit:g}")
    if status.last_command:
        parts.append(f"last: {status.last_command}")
    return ", ".join(parts)


def middle(name: str, width: int, ellipsis: str) -> str:
    """A path of at most `width` characters: its end, which is what differs, and some start."""
    if len(name) <= width:
        return name
    end = name.rpartition("/")[2][-(width - 6) :]
    return f"{name[: width - 2 - len(end)]}{ellipsis}/{end}"


def _home(path: Path) -> str:
    """A path with the user's home written as ~."""
    path, home = plain(path), home_directory()
    inside = home is not None and path.is_relative_to(home)
    return f"~/{path.relative_to(home)}" if home and inside else str(path)
