"""The base class of a provider: an engine or endpoint, with a probe for each capability."""

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
    """A provider failed a request; the message is one line for a person.

    `offered` is False if it lacks the capability, which is no fault; `again` is False if a retry
    cannot help.
    """

    def __init__(self, message: str, *, offered: bool = True, again: bool = False) -> None:
        super().__init__(message)
        self.offered, self.again = offered, again


class OutOfTime(Failure):
    """A probe exceeded its time limit."""


class Deadline:
    """A time limit that can also be ended early."""

    def __init__(self, seconds: float) -> None:
        self.limit = seconds
        self._end = time.monotonic() + seconds
        self._given_up = threading.Event()

    @property
    def left(self) -> float:
        """Seconds left; 0 after the end."""
        return 0.0 if self._given_up.is_set() else max(0.0, self._end - time.monotonic())

    @property
    def over_s(self) -> float:
        """Seconds since the end; below 0 before it."""
        return time.monotonic() - self._end

    def give_up(self) -> None:
        """End it now."""
        self._given_up.set()

    def wait(self, seconds: float) -> None:
        """Wait some seconds, at most until the end."""
        self._given_up.wait(min(seconds, self.left))

    def check(self) -> None:
        """Raise OutOfTime after the end."""
        if self.left <= 0.0:
            raise OutOfTime(f"did not answer within {self.limit:g} s")


@dataclass(frozen=True, slots=True)
class Done:
    """The result of one repetition of a probe: the number of units, such as tokens."""

    units: float
    latency_s: float | None = None
    """Latency, if it is not the total time: that to the first token."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A real request that is repeated to measure a capability."""

    what: str
    """One repetition, for a person."""
    unit: str
    """What throughput counts, such as `tokens`."""
    once: Callable[[Deadline], Done]
    """Do it once. Raises Failure."""
    prepare: Callable[[], object] = lambda: None
    """Called before each repetition, not timed."""
    repeat: int = 20
    """Repetitions, where the time limit allows them."""
    warm_up: int = 1
    """Repetitions before those that count."""


@dataclass(frozen=True, slots=True)
class TrainingCheck:
    """One requirement of training: whether it is met, and else the remedy."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


class Provider(ABC):
    """Where something can be executed."""

    capabilities: ClassVar[Sequence[str]]
    """The capabilities that it may have."""
    needed: ClassVar[Sequence[str]]
    """The capabilities that a healthy one must have."""
    kind: ClassVar[str]
    """`engine`, or the kind of an endpoint as providers.toml has it."""
    is_local: ClassVar[bool] = False
    """It runs on this machine, so a probe costs only time."""

    name: str
    """Its name in commands and tables."""

    @property
    @abstractmethod
    def detail(self) -> str:
        """What it is, for a person."""

    @property
    @abstractmethod
    def identity(self) -> str:
        """A text of all that its results depend on; results of another identity do not count."""

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
        """The probe of a capability. Raises Failure if it cannot be tried."""

    @abstractmethod
    def training_checks(
        self, task: Any, values: Mapping[str, Any], root: Path
    ) -> Sequence[TrainingCheck]:
        """Whether it can train a task (`tasks.base.AnyTask`) here with these settings."""

    def clean(self, text: str) -> str:
        """A text without the provider's key, to be stored and shown."""
        return text

    def close(self) -> None:  # noqa: B027, most hold nothing
        """Free what it holds."""


@dataclass(frozen=True, slots=True)
class KnownProviders:
    """All providers, and what is wrong with the configuration."""

    providers: Mapping[str, Provider] = field(default_factory=dict[str, Provider])
    problem: str = ""
