"""The plan of a session to start: typed fields, checks, and its command."""

import os
import shutil
import statistics
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import field, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from tttui.artifacts.names import run_directory
from tttui.engine.device import check_device_name
from tttui.model.ages import duration_text, size_text
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.here import absolute
from tttui.model.schema import POINT_MASS
from tttui.model.session import Place, SessionData, SessionSummary
from tttui.model.setting import Setting, option, setting_of
from tttui.model.shell import command_line
from tttui.model.status import Status
from tttui.runs.runner import Runner, named_runner, session_runner
from tttui.tasks.find import offered

Kind = Literal["run", "fork", "resume"]

GROWING = (
    "per_step.csv",
    "trajectory.csv",
    "update_events.jsonl",
    "update_events.json",
    "weights_history.npy",
    "tokens.f16",
    "scores.csv",
)
"""Files that grow with the steps of a session."""


@dataclass(frozen=True, slots=True)
class Fork:
    """Fields that only a fork has."""

    at: int | None = option(
        None, "step of the parent whose weights it starts from", minimum=0, absent="the last"
    )


@dataclass(frozen=True, slots=True)
class Resume:
    """Fields of a resumed session."""

    steps: int | None = option(
        None, "steps to run from where it stands", minimum=1, absent="what is left"
    )


@dataclass(frozen=True, slots=True)
class LaunchPlan:
    """A session to start; `typed` holds a text by field, empty for the default."""

    kind: Kind
    root: Path
    typed: Mapping[str, str] = field(default_factory=dict[str, str])
    source: Place | None = None
    """The session that is forked or resumed."""
    runner: Runner = field(default_factory=lambda: named_runner(POINT_MASS))
    """The runner of its task."""
    like: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Settings of the source, the defaults of the fields."""
    last: int | None = None
    """Steps that the source has run, if known."""

    @property
    def is_new(self) -> bool:
        return self.kind == "run"

    @property
    def settings(self) -> Mapping[str, Setting]:
        """The fields of this kind of plan, by name and in order."""
        return _fields(self.kind, self.runner)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fields, in order."""
        return tuple(self.settings)

    def group(self, name: str) -> str:
        """The heading of a field; '' for those that come first."""
        return "" if self.kind == "resume" else _headings(self.runner).get(name, "")

    def choices(self, name: str) -> tuple[str, ...]:
        """The choices of a field with a fixed set of values."""
        return self.settings[name].words_to_choose

    def help(self, name: str) -> str:
        """One sentence, with the range, for a field."""
        one = self.settings[name]
        return "; ".join(filter(None, (one.help, one.range or one.shape)))

    def defaults(self) -> dict[str, str]:
        """Default values as text, by field."""
        preset = {k: v for k, v in self._typed_values().items() if k == "preset"}
        flat = self.runner.flat(self.runner.upon(self.like, preset))
        own = {"task": self.runner.task.name}
        if self.kind == "fork":
            own |= {"name": "from its parent", "file": "what was left"}
        elif self.kind == "resume":
            own |= {"steps": self.settings["steps"].absent}
        else:
            own |= {"preset": "stable"}
            own |= {name: "a path" for name, one in self.settings.items() if one.default == "-"}
        return {
            name: own[name] if name in own else one.text(flat.get(name, one.default))
            for name, one in self.settings.items()
        }

    def with_typed(self, name: str, text: str) -> "LaunchPlan":
        """The plan with another text in a field; another task has fields of its own."""
        plan = replace(self, typed={**self.typed, name: text})
        called = text.strip() or POINT_MASS
        if name == "task" and called in self.choices("task") and called != self.runner.task.name:
            return replace(plan, runner=named_runner(called))
        return plan

    def problems(self) -> dict[str, str]:
        """What is wrong, by field; empty where it can be started."""
        wrong: dict[str, str] = {}
        values: dict[str, Any] = {}
        for name, one in self.settings.items():
            try:
                if text := self.text(name):
                    values[name] = one.parsed(text)
                    self._check(name, values[name])
            except RefusedInput as error:
                wrong[name] = str(error).removeprefix(f"{name}: ")
        if self.kind != "resume":
            usable = {
                name: value for name, value in _of_session(values).items() if name not in wrong
            }
            for name, why in self.runner.wrong(usable, self.like).items():
                wrong.setdefault(name if name in self.settings else "name", why)
        return wrong

    def text(self, name: str) -> str:
        return self.typed.get(name, "").strip()

    def words(self) -> list[str]:
        """The command line behind `tttui`, as a person would type it."""
        words: list[str] = [self.kind]
        if self.source is not None:
            words.append(str(absolute(self.source.path)))
        if self.kind != "resume":
            words += ["--root", str(absolute(self.root))]
        for name, one in self.settings.items():
            if one.kind == "file" and self.text(name):
                words += [one.flag, str(absolute(Path(self.text(name))))]
            else:
                words += one.words(self.text(name))
        return words

    def command_line(self) -> str:
        return command_line("tttui", *self.words(), "--detach")

    def estimate(self, speed: float | None, bytes_a_step: float | None) -> str:
        """Time, memory and disk that it will take; `speed` in steps a second as measured."""
        values = self._typed_values()
        steps, task = self._steps(values), self.runner.task
        if steps is None:
            return ""
        first = self.runner.preparation(self.root, _of_session(values)) if self.is_new else ""
        limit = values.get("speed_limit")
        if limit is not None:
            speed = min(speed, limit) if speed is not None else limit
        if speed is None:
            time = f"time not known, no run of {task.name} was measured here yet"
        else:
            time = f"about {duration_text(max(1.0, steps / speed))} at {_speed(speed)} steps/s"
        size = steps * bytes_a_step if bytes_a_step else task.bytes_with(steps, self._flat(values))
        space = f"{size_text(size)} on disk"
        with suppress(OSError):
            free = shutil.disk_usage(_there(self.root)).free
            space += f" ({size_text(free)} free{'' if size < free else ': TOO LITTLE'})"
        return f"{first}{steps} steps: {time}, {task.memory_mb} MB of memory, {space}"

    def _typed_values(self) -> dict[str, Any]:
        """What was typed, without what is wrong."""
        values: dict[str, Any] = {}
        for name, one in self.settings.items():
            with suppress(RefusedInput):
                if self.text(name):
                    values[name] = one.parsed(self.text(name))
        return values

    def _steps(self, values: Mapping[str, Any]) -> int | None:
        if self.text("steps") or self.kind == "resume":
            steps = values.get("steps")
            return steps if isinstance(steps, int) else None
        flat = self._flat(values)
        return self.runner.task.steps_with(flat) if flat else None

    def _flat(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """All settings by name; none where they contradict each other."""
        try:
            return self.runner.flat(self.runner.upon(self.like, _of_session(values)))
        except RefusedInput:
            return {}

    def _check(self, name: str, value: Any) -> None:
        """Raise RefusedInput where a value cannot be used here and now."""
        if name == "name" and run_directory(self.root, value).exists():
            raise RefusedInput(f"name: {value} exists already under {self.root}")
        if name == "device":
            check_device_name(value)
        if name == "at" and self.last is not None and value > self.last:
            raise RefusedInput(f"at: it has run {self.last} steps so far")


def planned_fork(root: Path, data: SessionData, at: int | None) -> LaunchPlan:
    """A fork of a session, with its settings where nothing is typed.

    Raises RefusedInput where its task is not known here.
    """
    runner = session_runner(data.place)
    like: dict[str, Any] = {}
    with suppress(TttuiError):
        like = dict(runner.forked(data.meta.raw, data.place))
    if like and (hidden := data.meta.schema.hidden) and data.truth_now is not None:
        like[hidden.name] = data.truth_now
    typed = {} if at is None else {"at": str(at)}
    last = int(data.steps.t[-1]) + 1 if len(data.steps) else None
    return LaunchPlan("fork", root, typed, data.place, runner, like, last)


def planned_resume(place: Place, typed: Mapping[str, str]) -> LaunchPlan:
    """The continuation of a session. Raises RefusedInput where its task is not known here."""
    return LaunchPlan("resume", place.path.parent, typed, place, session_runner(place))


class Measured:
    """Speeds and sizes of the sessions that are shown, for estimates, by task."""

    def __init__(self, data: SessionData | None, rows: Sequence[SessionSummary]) -> None:
        self._data, self._rows = data, rows

    def speed(self, task: str) -> float | None:
        """Steps a second of runs of this task."""
        statuses = [s.status for s in self._rows if s.meta.schema.task.name == task]
        if self._data is not None and self._data.meta.schema.task.name == task:
            statuses.append(self._data.status)
        return measured_speed(statuses)

    def bytes_a_step(self, task: str) -> float | None:
        """What a step takes on the disk, by the open session where it is of this task."""
        data = self._data
        if data is None or task != POINT_MASS or not data.meta.is_point_mass:
            return None  # of others the snapshots of weights are what counts
        return measured_size(data.place, len(data.steps), GROWING)


def measured_speed(statuses: Iterable[Status | None]) -> float | None:
    """The median speed in steps a second of runs that nobody slowed down."""
    speeds = [
        s.steps_per_second
        for s in statuses
        if s is not None and s.steps_per_second and s.speed_limit is None and s.state != "paused"
    ]
    return statistics.median(speeds) if speeds else None


def measured_size(place: Place, steps: int, files: Sequence[str]) -> float | None:
    """Bytes on disk for each step of a session; `files` are those that grow with it."""
    if place.layout != "native" or steps < 1:
        return None
    total = 0
    for name in files:
        with suppress(OSError):
            total += os.stat(place.path / name).st_size
    return total / steps if total else None


@cache
def _fields(kind: Kind, runner: Runner) -> Mapping[str, Setting]:
    """The fields of a kind of plan for a task, by name and in order."""
    task, known = runner.task, dict(runner.task.all_settings())
    if kind == "resume":
        return {"steps": setting_of(Resume, "steps")} | _only(known, ("speed_limit", "paused"))
    if kind == "run":
        chosen = Setting("task", "choice", POINT_MASS, "what is run", choices=offered())
        return {"task": chosen} | _only(known, ("name", *task.first, *known))
    forkable = ("preset", "speed_limit", "paused", *task.forkable())
    names = [name for name in (*task.first, *forkable) if name in forkable]
    return _only({**known, "at": setting_of(Fork, "at")}, ("name", "at", *names))


@cache
def _headings(runner: Runner) -> Mapping[str, str]:
    """The headings of the fields that are not among the first."""
    task = runner.task
    groups = ((g.heading, one.name) for g in task.groups() for one in g.settings)
    return {name: heading.lower() for heading, name in groups if name not in task.first}


def _only(known: Mapping[str, Setting], names: Iterable[str]) -> dict[str, Setting]:
    """The settings of these names, each once, in their order."""
    return {name: known[name] for name in dict.fromkeys(names) if name in known}


def _of_session(values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings without those that are fields of the plan itself."""
    return {name: value for name, value in values.items() if name not in ("task", "at")}


def _there(path: Path) -> Path:
    """The path, or the nearest directory above that exists."""
    path = absolute(path)
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def _speed(rate: float) -> str:
    return f"{rate:.0f}" if rate >= 10 else f"{rate:.2g}"
