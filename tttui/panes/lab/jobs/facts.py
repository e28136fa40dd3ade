"""The texts about one job: its state and command, its results, its parts and events."""

import json
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from tttui.artifacts.eventlog import Event
from tttui.draw.prose import Prose
from tttui.draw.states import state_ink, state_mark
from tttui.lab.job import Job
from tttui.lab.reader import JobData
from tttui.lab.sweeps.outcome import SweepOutcome
from tttui.model.ages import ago_text, duration_text
from tttui.model.natural import natural
from tttui.model.numbers import short
from tttui.model.session import SessionData
from tttui.panes.lab.jobs.rows import doing
from tttui.store.lab.job import JobDetail
from tttui.widgets.logpanel import SHORT_TIMES, TIME
from tttui.widgets.page import Content

ROOM = 12
"""Columns of the names of fields."""

INFO = re.compile(r"(?<=\d )INFO +")
"""The level that most lines have, and that is left out where room is scarce."""

EPOCH = re.compile(r"epoch-\d+")

FEW_EPOCHS = 4
"""Checkpoints of epochs up to which each is named."""

MOST = 400
"""Lines of a list that are shown."""


def summary(job: Job, detail: JobDetail, now: float) -> Content:
    """State, times, command and settings of a job."""
    data, session = detail.data, detail.session

    def write(prose: Prose) -> None:
        palette = prose.palette
        mark = state_mark(job.state, prose.glyphs)
        ink = state_ink(job.state, palette)
        state = job.state if job.detail in ("", job.state) else job.detail
        prose.say(f"{mark} {state}", ink, bold=True)
        if job.progress is not None and job.state != "completed":
            left = "" if job.seconds_left is None else f", {duration_text(job.seconds_left)} left"
            prose.bar("", job.progress, f"{100 * job.progress:.0f} %{left}", ink, 0)
        now_doing = doing(job)
        if now_doing and now_doing != state:
            prose.say(now_doing)
        prose.gap()
        prose.field("kind", job.kind, ROOM)
        prose.field("job", job.handle, ROOM)
        prose.field("created", ago_text(job.created_at, now) or "unknown", ROOM)
        if job.started_at is not None:
            end = job.ended_at if job.ended_at is not None else now
            word = "ran" if job.has_ended else "runs for"
            prose.field(word, duration_text(end - job.started_at), ROOM)
        prose.field("launcher", job.launcher, ROOM)
        prose.field("directory", str(job.path), ROOM)
        prose.gap().say(job.command or "its command is unknown", palette.accent)
        if data is not None:
            _of_job(prose, data)
        if session is not None:
            _of_session(prose, session)
        for problem in dict.fromkeys((*job.problems, *(data.problems if data else ()))):
            prose.say(f"! {problem}", palette.warn)

    return write


def _of_job(prose: Prose, data: JobData) -> None:
    if data.checkpoints:
        prose.gap().field("checkpoints", checkpoints_text(data.checkpoints), ROOM)
    table = data.metrics
    if table is not None and len(table):
        prose.head(f"Newest metrics, step {int(table.t[-1])}")
        for name in table.names:
            _, y = table.of(name)
            prose.field(f"{name} ", short(float(y[-1])) if len(y) else "-", _room(name))
    settings = data.request.get("settings")
    if isinstance(settings, Mapping) and settings:
        prose.head("Settings")
        tell(prose, {k: v for k, v in settings.items() if v not in (None, "", [], {})})
    versions = data.request.get("versions")
    if isinstance(versions, Mapping):
        prose.head("Made with")
        tell(prose, versions)
        if isinstance(commit := data.request.get("git_commit"), str):
            prose.field("git commit", commit, ROOM)


def checkpoints_text(names: Sequence[str]) -> str:
    """The names of checkpoints, many epochs as a range: `latest, epoch-3 to epoch-60 (20)`."""
    epochs = sorted((name for name in names if EPOCH.fullmatch(name)), key=natural)
    if len(epochs) <= FEW_EPOCHS:
        return ", ".join(names)
    others = [name for name in names if name not in epochs]
    return ", ".join((*others, f"{epochs[0]} to {epochs[-1]} ({len(epochs)})"))


def _of_session(prose: Prose, data: SessionData) -> None:
    meta = data.meta
    prose.gap().field("task", meta.schema.task.name or "point mass", ROOM)
    prose.field("steps", str(data.steps_done), ROOM)
    prose.say("enter opens the session in the tabs", prose.palette.muted)


def results(detail: JobDetail) -> Content:
    """results.json, key by key."""
    data, session = detail.data, detail.session
    if detail.sweep is not None and detail.sweep.order:
        return sweep(detail.sweep)

    def write(prose: Prose) -> None:
        values = data.results if data is not None else session.metrics if session else None
        if values:
            verdict = values.get("verdict")
            if isinstance(verdict, str) and verdict:
                prose.say(verdict, prose.palette.text, bold=True).gap()
            tell(prose, {key: value for key, value in values.items() if key != "verdict"})
        else:
            prose.say("No results yet.", prose.palette.muted)

    return write


def sweep(outcome: SweepOutcome) -> Content:
    """The best member and its command, then all of them with their losses, the best first."""

    def write(prose: Prose) -> None:
        palette, plan = prose.palette, outcome.plan
        prose.say(outcome.verdict, palette.text, bold=True)
        prose.gap().say(outcome.command(outcome.best), palette.accent)
        prose.head(f"{len(outcome.order)} of {len(plan.members)} members, the best first")
        if outcome.equals:
            prose.say("= cannot be told from the best", palette.muted)
        for i in outcome.order[:MOST]:
            mark = "*" if i == outcome.best else "=" if i in outcome.equals else " "
            ink = palette.good if i == outcome.best else palette.text
            loss = (f"{short(outcome.loss(i)):>8}  ", palette.muted)
            prose.line((f"{mark} ", palette.muted), loss, (plan.members[i].name, ink))

    return write


def parts(detail: JobDetail) -> Content:
    """The finished parts with their results, the newest first."""
    data = detail.data

    def write(prose: Prose) -> None:
        if data is None or not data.parts:
            prose.say("No finished parts: jobs of one piece have none.", prose.palette.muted)
            return
        prose.say(f"{len(data.parts)} finished; a resumed job does not repeat them.")
        for name, result in list(data.parts.items())[: -MOST - 1 : -1]:
            prose.line(
                (f"{state_mark('completed', prose.glyphs)} ", prose.palette.good),
                (name, prose.palette.text),
            )
            if isinstance(result, Mapping):
                tell(prose, result, 2)
            elif result is not None:
                prose.say(f"  {_value(result)}", prose.palette.muted)

    return write


def events(detail: JobDetail) -> Content:
    """What happened to the job, the newest first."""
    data = detail.data

    def write(prose: Prose) -> None:
        if data is None or not data.events:
            prose.say("No events yet.", prose.palette.muted)
            return
        for event in data.events[: -MOST - 1 : -1]:
            text = event_text(event)
            prose.line((f"{clock(event.time)} ", prose.palette.muted), (text, prose.palette.text))

    return write


def log(detail: JobDetail) -> Content:
    """The end of its log."""
    tail = detail.log

    def write(prose: Prose) -> None:
        if not tail.lines:
            prose.say("The log is empty so far.", prose.palette.muted)
            return
        palette = prose.palette
        inks = {"WARNING": palette.warn, "ERROR": palette.bad, "CRITICAL": palette.bad}
        for line in tail.lines[-MOST:]:
            text = line.text
            if prose.width < SHORT_TIMES:
                text = INFO.sub("", TIME.sub(r"\1 ", text), count=1)
            ink = inks.get(line.level, palette.text)
            prose.line((text, ink, line.level in inks))

    return write


def event_text(event: Event) -> str:
    """`training_jobs completed  id 3f2a`."""
    collection, _, action = event.name.removeprefix("data:").partition(":")
    fields = "  ".join(f"{key} {_value(value)}" for key, value in event.fields.items())
    return f"{collection} {action}  {fields}".rstrip()


def clock(seconds: float) -> str:
    """The time of day of a Unix time, with its day where it is not today's."""
    there, here = time.localtime(seconds), time.localtime(time.time())
    same = there[:3] == here[:3]
    return time.strftime("%H:%M:%S" if same else "%m-%d %H:%M", there)


def tell(prose: Prose, values: Mapping[str, Any], indent: int = 0) -> None:
    """The keys of a table with their values; tables in it are set in."""
    blank = " " * indent
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            prose.line((f"{blank}{key}", prose.palette.muted))
            tell(prose, value, indent + 2)
        else:
            prose.field(f"{blank}{key} ", _value(value), _room(blank + key))


def _room(name: str) -> int:
    """Columns of a name beside its value: those of most names, or more for a longer one."""
    return max(ROOM, len(name) + 1)


def _value(value: Any) -> str:
    if isinstance(value, float):
        return short(value)
    if isinstance(value, list) and value and all(isinstance(v, dict) for v in value):
        return f"{len(value)} entries" if len(value) > 1 else "1 entry"
    if isinstance(value, (dict, list)):
        text = json.dumps(value, default=str)
        return text if len(text) <= MOST else f"{text[:MOST]} ..."
    return str(value)
