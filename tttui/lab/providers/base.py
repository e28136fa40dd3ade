"""What a provider is: where something can be executed, and how what it can do is found out."""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any, ClassVar

from tttui.model.dataclass import dataclass
from tttui.model.errors import TttuiError


class Failure(TttuiError):
    """A provider did not do what it was asked for; the message is one line for a person.

    `offered` is False where it never does that: no fault, but a thing it does not have.
    `again` is False where there is no use in asking a second time.
    """

    def __init__(self, message: str, *, offered: bool = True, again: bool = False) -> None:
        super().__init__(message)
        self.offered, self.again = offered, again


class OutOfTime(Failure):
    """The time limit of a probe is over."""


class Deadline:
    """The end of the time that something may take, and whether it was given up before."""

    def __init__(self, seconds: float) -> None:
        self.limit = seconds
        self._end = time.monotonic() + seconds
        self._given_up = threading.Event()

    @property
    def left(self) -> float:
        """Seconds that are left; 0 where there are none."""
        return 0.0 if self._given_up.is_set() else max(0.0, self._end - time.monotonic())

    @property
    def over_s(self) -> float:
        """Seconds since the end; below 0 before it."""
        return time.monotonic() - self._end

    def give_up(self) -> None:
        """End it now."""
        self._given_up.set()

    def wait(self, seconds: float) -> None:
        """Wait so long, but not beyond the end."""
        self._given_up.wait(min(seconds, self.left))

    def check(self) -> None:
        """Raise OutOfTime after the end."""
        if self.left <= 0.0:
            raise OutOfTime(f"did not answer within {self.limit:g} s")


@dataclass(frozen=True, slots=True)
class Done:
    """One repetition of a probe: how many units that were, such as tokens."""

    units: float
    latency_s: float | None = None
    """Its latency, where that is not the time of all of it: that to the first token."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Something real that a provider is asked for, again and again."""

    what: str
    """One repetition, for a person."""
    unit: str
    """What throughput counts, such as `tokens`."""
    once: Callable[[Deadline], Done]
    """Do it once. Raises Failure."""
    prepare: Callable[[], object] = lambda: None
    """What comes before each repetition and is not timed."""
    repeat: int = 20
    """Repetitions, where the time limit allows them."""
    warm_up: int = 1
    """Repetitions before those that count."""


@dataclass(frozen=True, slots=True)
class TrainingCheck:
    """Whether one thing that training needs is there, and the remedy where it is not."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


class Provider(ABC):
    """Where something can be executed."""

    capabilities: ClassVar[Sequence[str]]
    """What it may be able to do."""
    needed: ClassVar[Sequence[str]]
    """What it must be able to do to be healthy."""
    kind: ClassVar[str]
    """`engine`, or the kind of an endpoint as providers.toml has it."""
    is_local: ClassVar[bool] = False
    """It is this machine: asking it costs time and nothing else."""

    name: str
    """As people call it."""

    @property
    @abstractmethod
    def detail(self) -> str:
        """What it is, for a person."""

    @property
    @abstractmethod
    def identity(self) -> str:
        """What its results depend on: others' results are not its own."""

    @property
    def gpu(self) -> int | None:
        """The GPU that it computes on."""
        return None

    @property
    def variables(self) -> Sequence[str]:
        """The environment variables in which it finds its key."""
        return ()

    @abstractmethod
    def probe(self, capability: str) -> Probe:
        """What finds out whether it can do that. Raises Failure where it cannot be tried."""

    @abstractmethod
    def training_checks(
        self, task: Any, values: Mapping[str, Any], root: Path
    ) -> Sequence[TrainingCheck]:
        """Whether it can train a task (`tasks.base.AnyTask`) here with these settings."""

    def clean(self, text: str) -> str:
        """A text of it as it may be kept and shown: without its key."""
        return text

    def close(self) -> None:  # noqa: B027, most hold nothing
        """Free what it holds."""


@dataclass(frozen=True, slots=True)
class KnownProviders:
    """The providers that there are, and what is wrong with the configuration."""

    providers: Mapping[str, Provider] = field(default_factory=dict[str, Provider])
    problem: str = ""
