"""A session that somebody is about to start: what was typed, checked, and the command for it."""

import os
import shutil
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from tttui.artifacts.names import run_directory
from tttui.engine.device import check_device_name
from tttui.engine.faults import parse_fault
from tttui.model.ages import duration_text, size_text
from tttui.model.errors import RefusedInput, SettingError, TttuiError
from tttui.model.faults import FAULTS
from tttui.model.here import absolute
from tttui.model.session import Place, SessionData, Status
from tttui.model.setting import SWITCH, Setting, options
from tttui.model.settings import PRESETS, Model, Plasticity, Pretraining, Settings, World
from tttui.model.shell import command_line
from tttui.runs.recordedmeta import settings_of

Kind = Literal["run", "fork", "resume"]

RECORDED = tuple(kind for kind in FAULTS if kind != "disk")
"""Faults of a session; a full disk is one of a process."""

FIRST = (
    "name",
    "preset",
    "env_mode",
    "mu",
    "steps",
    "seed",
    "noise_std",
    "lr",
    "chunk",
    "rollback_tol",
    "grad_norm_max",
    "state_norm_max",
    "device",
    "base",
    "speed_limit",
    "paused",
    "mu_schedule",
    "fault",
)
"""What people change most, before all other settings."""

SPECS: Mapping[str, Setting] = {
    one.name: one
    for group in (World, Plasticity, Settings, Model, Pretraining)
    for one in options(group)
    if one.varies and one.kind != "list"
}

OWN: Mapping[str, str] = {
    "name": "name of the session's directory; empty takes one from its settings",
    "preset": f"a named set of settings: {', '.join(PRESETS)}",
    "base": "base checkpoint to start from; empty takes one that fits, else pretrains",
    "at": "step of the parent whose weights it starts from",
    "speed_limit": "steps a second; empty is as fast as it goes",
    "paused": "begin paused, to be stepped: on or off",
    "mu_schedule": "friction that changes on the way: MU@STEP, such as 0.3@200, 0.1@400",
    "fault": f"faults on purpose: KIND@STEP, such as nan@200; {', '.join(RECORDED)}",
}
"""Fields that are no single settings, with their help."""

REPEATED = ("mu_schedule", "fault")
"""Fields that hold a list; their option is given once for each."""

BYTES_A_STEP = 360
"""Bytes on disk for one step with the shipped settings, where no session tells."""

MEMORY_MB = 75
"""Memory of a process that runs a session with the shipped settings."""

PRETRAIN_S = 1.5e-6
"""Seconds of pretraining for each step of each sequence of a batch, with the shipped model."""

GROUPS: Mapping[str, str] = {
    spec.name: title
    for title, group in (
        ("world", World),
        ("update transaction", Plasticity),
        ("run", Settings),
        ("model", Model),
        ("pretraining", Pretraining),
    )
    for spec in options(group)
}
"""The heading under which a setting stands that is not one of the first."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A session to start; `typed` holds a text by field, empty ones are left to the default."""

    kind: Kind
    root: Path
    typed: Mapping[str, str] = field(default_factory=dict[str, str])
    source: Place | None = None
    """What is forked or resumed."""
    like: Settings = field(default_factory=Settings)
    """The settings that hold where nothing is typed."""
    last: int | None = None
    """Steps that the source has run, where that is known."""

    @property
    def names(self) -> tuple[str, ...]:
        """The fields of this kind of plan, in order."""
        if self.kind == "resume":
            return ("steps", "speed_limit", "paused")
        if self.kind == "run":
            return (*FIRST, *(name for name in SPECS if name not in FIRST))
        groups = (Model, Pretraining)
        fixed = {spec.name for group in groups for spec in fields(group)} | {"base", "fault"}
        rest = (name for name in SPECS if name not in FIRST)
        chosen = ["name", "at", *FIRST[1:], *rest]
        return tuple(name for name in chosen if name not in fixed or name == "dt")

    def group(self, name: str) -> str:
        """The heading of a field; '' for those that come first."""
        return "" if name in (*OWN, *FIRST) else GROUPS[name]

    def choices(self, name: str) -> tuple[str, ...]:
        """What can be chosen, where that is one of a few words."""
        spec = SPECS.get(name)
        if name == "preset":
            return tuple(PRESETS)
        if name == "paused":
            return ("on", "off")
        return spec.words_to_choose if spec is not None else ()

    def help(self, name: str) -> str:
        """One sentence, with the range, for a field."""
        if self.kind == "resume" and name == "steps":
            return "steps to run from where it stands; empty runs what is left"
        if name in OWN:
            return OWN[name]
        return "; ".join(filter(None, (SPECS[name].help, SPECS[name].range)))

    def defaults(self) -> dict[str, str]:
        """What holds where nothing is typed, by field."""
        own = {"paused": "off", "preset": "" if self.kind == "fork" else "stable"}
        flat = self._before_typing().flat()
        found: dict[str, str] = {}
        for name in self.names:
            if name in OWN or (self.kind == "resume" and name == "steps"):
                found[name] = own.get(name, "")
            else:
                found[name] = SPECS[name].text(flat[name])
        return found

    def problems(self) -> dict[str, str]:
        """What is wrong, by field; empty where it can be started."""
        wrong: dict[str, str] = {}
        values: dict[str, Any] = {}
        for name in self.names:
            text = self.text(name)
            if not text:
                continue
            try:
                if name in OWN:
                    self._check_own(name, text)
                else:
                    values[name] = SPECS[name].parsed(text)
                    if name == "device":
                        check_device_name(text)
            except RefusedInput as error:
                wrong[name] = _without_name(name, error)
        if not wrong and self.kind != "resume":
            try:
                settings = self._settings(values)
            except SettingError as error:
                wrong[error.name] = _without_name(error.name, error)
            else:
                wrong |= self._wrong_base(settings)
        return wrong

    def _wrong_base(self, settings: Settings) -> dict[str, str]:
        """What is wrong with the chosen base, as far as it was not found yet."""
        if not self.text("base"):
            return {}
        path = Path(self.text("base"))
        reason = _no_base(path, path.stat().st_mtime_ns, settings)
        return {"base": reason} if reason else {}

    def _settings(self, values: Mapping[str, Any]) -> Settings:
        """All settings as typed. Raises SettingError where they contradict each other."""
        schedule = tuple(sorted(_at_steps(self.text("mu_schedule"), float)))
        settings = self._before_typing().updated(values)
        return (replace(settings, mu_schedule=schedule) if schedule else settings).validate()

    def text(self, name: str) -> str:
        return self.typed.get(name, "").strip()

    def words(self) -> list[str]:
        """The command line behind `tttui`, as a person would type it."""
        found: list[str] = [self.kind]
        if self.source is not None:
            found.append(str(absolute(self.source.path)))
        if self.kind != "resume":
            found += ["--root", str(absolute(self.root))]
        for name in self.names:
            text, flag = self.text(name), "--" + name.replace("_", "-")
            spec = SPECS.get(name)
            if spec is not None:
                found += spec.words(text)
            elif name == "paused":
                found += [flag] if SWITCH.get(text) else []
            elif name in REPEATED:
                found += [word for part in _parts(text) for word in (flag, part)]
            elif text:
                found += [flag, text]
        return found

    def command(self) -> str:
        return command_line("tttui", *self.words(), "--detach")

    def estimate(self, speed: float | None, bytes_a_step: float | None) -> str:
        """Time, memory and disk that it will take; `speed` in steps a second as measured."""
        steps = self._steps()
        if steps is None:
            return ""
        first = self._pretraining()
        limit = _above_0(self.text("speed_limit"))
        if limit is not None:
            speed = min(speed, limit) if speed is not None else limit
        if speed is None:
            time = "time not known, no run was measured here yet"
        else:
            time = f"about {duration_text(max(1.0, steps / speed))} at {_speed(speed)} steps/s"
        size = steps * (bytes_a_step or BYTES_A_STEP)
        space = f"{size_text(size)} on disk"
        with suppress(OSError):
            free = shutil.disk_usage(_there(self.root)).free
            space += f" ({size_text(free)} free{'' if size < free else ': TOO LITTLE'})"
        return f"{first}{steps} steps: {time}, {MEMORY_MB} MB of memory, {space}"

    def _pretraining(self) -> str:
        """What comes before the first step where no base fits."""
        if self.kind != "run" or self.text("base"):
            return ""
        from tttui.runs.base import cache_path  # not before somebody fills in a form

        typed = {n: self.text(n) for n in self.names if n in SPECS and self.text(n)}
        settings = self._before_typing()
        with suppress(SettingError):
            settings = settings.updated({n: SPECS[n].parsed(text) for n, text in typed.items()})
        if not _lacks_base(self.root, cache_path(self.root, settings).exists(), settings):
            return ""
        p = settings.pretraining
        seconds = PRETRAIN_S * p.pretrain_steps * p.pretrain_batch * p.pretrain_seq
        takes = duration_text(max(1.0, seconds))
        return f"no base fits: pretraining {p.pretrain_steps} steps first, {takes}; "

    def _steps(self) -> int | None:
        if self.text("steps"):
            try:
                return int(SPECS["steps"].parsed(self.text("steps")))
            except SettingError:
                return None
        return None if self.kind == "resume" else self._before_typing().steps

    def _before_typing(self) -> Settings:
        preset = self.text("preset")
        return self.like.with_preset(preset) if preset in PRESETS else self.like

    def _check_own(self, name: str, text: str) -> None:
        if name == "name":
            if run_directory(self.root, text).exists():
                raise RefusedInput(f"name: {text} exists already under {self.root}")
        elif name == "preset" and text not in PRESETS:
            raise RefusedInput(f"preset: choose from {', '.join(PRESETS)}")
        elif name == "base" and not Path(text).is_file():
            raise RefusedInput("base: there is no such file")
        elif name == "paused" and text not in SWITCH:
            raise RefusedInput("paused: choose on or off")
        elif name == "at" and not text.isdecimal():
            raise RefusedInput("at: is not a step")
        elif name == "at" and self.last is not None and int(text) > self.last:
            raise RefusedInput(f"at: it has run {self.last} steps so far")
        elif name == "mu_schedule":
            try:
                _at_steps(text, float)
            except ValueError:
                raise RefusedInput("mu_schedule: write MU@STEP, such as 0.3@200") from None
        elif name == "fault":
            for part in _parts(text):
                if parse_fault(part).kind not in RECORDED:
                    raise RefusedInput(f"fault: choose from {', '.join(RECORDED)}")
        elif name == "speed_limit" and _above_0(text) is None:
            raise RefusedInput("speed_limit: is not a number above 0")


def planned_fork(root: Path, data: SessionData, at: int | None) -> Plan:
    """A fork of a session, with its settings where nothing is typed."""
    like = Settings()
    with suppress(TttuiError):
        like = settings_of(data.meta.raw, data.place.path)
    native = data.place.layout == "native"
    mu = like.world.mu if data.mu_now is None else data.mu_now
    like = replace(
        like, world=replace(like.world, mu=mu), seed=like.seed + 1 if native else like.seed
    )
    typed = {} if at is None else {"at": str(at)}
    last = int(data.steps.t[-1]) + 1 if len(data.steps) else None
    return Plan("fork", root, typed, data.place, like, last)


def measured_speed(found: Iterable[Status | None]) -> float | None:
    """The median speed in steps a second of runs that nobody slowed down."""
    speeds = [
        s.steps_per_second
        for s in found
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


GROWING = (
    "per_step.csv",
    "trajectory.csv",
    "update_events.jsonl",
    "update_events.json",
    "weights_history.npy",
)


def _above_0(text: str) -> float | None:
    """A number above 0 that was typed; None where it is none."""
    try:
        rate = float(text)
    except ValueError:
        return None
    return rate if rate > 0 else None


@lru_cache(maxsize=16)
def _no_base(path: Path, changed_at: int, settings: Settings) -> str:  # noqa: ARG001
    """Why a session with these settings cannot start from a base; '' where it can."""
    from tttui.runs.base import chosen_base

    try:
        chosen_base(path, settings)
    except (TttuiError, OSError) as error:
        return str(error).removeprefix(f"{path}: ")
    return ""


@lru_cache(maxsize=16)
def _lacks_base(root: Path, cached: bool, settings: Settings) -> bool:  # noqa: ARG001
    """No base fits these settings, so that one has to be pretrained."""
    from tttui.runs.base import find_base

    return find_base(root, settings) is None


def _parts(text: str) -> list[str]:
    return [part for part in text.replace(",", " ").split() if part]


def _at_steps(text: str, kind: Callable[[str], Any]) -> list[tuple[int, Any]]:
    """`0.3@200, 0.1@400` as steps and values. Raises ValueError."""
    pairs = [part.partition("@") for part in _parts(text)]
    return [(int(step), kind(value)) for value, _, step in pairs]


def _there(path: Path) -> Path:
    """The path, or the nearest directory above that exists."""
    path = absolute(path)
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def _speed(rate: float) -> str:
    return f"{rate:.0f}" if rate >= 10 else f"{rate:.2g}"


def _without_name(name: str, error: RefusedInput) -> str:
    return str(error).removeprefix(f"{name}: ")
