"""Measuring one capability of a provider: a probe again and again, within a time limit."""

import os
import platform
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import field
from typing import Literal

import numpy as np

from tttui.lab.providers.base import Deadline, Failure, OutOfTime, Probe, Provider
from tttui.model.dataclass import dataclass
from tttui.model.errors import TttuiError
from tttui.model.text import shortened

ProbeStatus = Literal["works", "fails", "not offered"]

LOOK_S = 0.1
"""Seconds between two looks whether the job was asked to end."""

SETUP_S = 120.0
"""Seconds that libraries may take to be imported, beside the limit."""

GRACE_S = 2.0
"""Seconds after its limit in which a probe that listens to it has ended."""

MOST_FAILURES = 0.5
"""Share of repetitions that may fail where a capability still works."""

LONGEST_REASON = 300
"""Bytes of a reason."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """The result of a probe of one capability."""

    provider: str
    capability: str
    status: ProbeStatus
    reason: str = ""
    """Why it failed, or which repetitions failed; one line."""
    what: str = ""
    """One repetition, for a person."""
    n: int = 0
    """Repetitions that worked."""
    median_s: float | None = None
    """Latency of a repetition, in seconds."""
    p95_s: float | None = None
    throughput: float | None = None
    """Units a second, over all repetitions."""
    unit: str = ""
    error_rate: float = 0.0
    identity: str = ""
    """`Provider.identity`, on which the result depends."""
    detail: str = ""
    """`Provider.detail`, with the versions of its libraries."""
    host: str = field(default_factory=socket.gethostname)
    time: float = field(default_factory=time.time)
    """Unix seconds."""
    load: float | None = None
    """Load of the machine before, in waiting processes per core."""


class Prober:
    """Measures one provider; after a probe that hangs it tries nothing more."""

    def __init__(
        self,
        provider: Provider,
        limit_s: float,
        repeat: int | None = None,
        safe_point: Callable[[], None] = lambda: None,
    ) -> None:
        """`safe_point` is called every moment and may raise to end it all."""
        self._provider, self._limit_s, self._repeat = provider, limit_s, repeat
        self._safe_point = safe_point
        self._hangs = ""

    def measure(self, capability: str) -> Measurement:
        """The measurement of one capability. Raises only what `safe_point` raises."""
        load = _load()
        run = _Run(self._provider, capability, self._repeat, self._limit_s)
        if capability not in self._provider.capabilities:
            reason = f"{self._provider.name} is another kind of provider now; test it anew"
            return run.result(load, Failure(reason))
        if self._hangs:
            reason = f"not tried, since {self._hangs} of this provider hangs"
            return run.result(load, Failure(reason))
        thread = threading.Thread(target=run.go, daemon=True, name=f"probe {capability}")
        thread.start()
        try:
            while thread.is_alive() and not run.overdue():
                thread.join(LOOK_S)
                self._safe_point()
        finally:
            run.deadline.give_up()
        if thread.is_alive():
            self._hangs = capability
            return run.result(load, OutOfTime(run.late))
        return run.result(load, run.failure)

    def close(self) -> None:
        """Free what the provider holds, unless a probe hangs that may still use it."""
        if not self._hangs:
            self._provider.close()


class _Run:
    """The repetitions of one probe, in a thread of their own."""

    def __init__(
        self, provider: Provider, capability: str, repeat: int | None, limit_s: float
    ) -> None:
        self._provider, self._capability, self._repeat = provider, capability, repeat
        self._limit_s = limit_s
        self.deadline = Deadline(limit_s + SETUP_S)
        """Of what is prepared first, which imports libraries; then that of the repetitions."""
        self.failure: Exception | None = None
        self._probe: Probe | None = None
        self._latencies: list[float] = []
        self._units = self._seconds = 0.0
        self._failed = 0

    def go(self) -> None:
        try:
            probe = self._probe = self._provider.probe(self._capability)
            self.deadline = Deadline(self._limit_s)
            for _ in range(probe.warm_up):
                probe.prepare()
                probe.once(self.deadline)
            for _ in range(self._repeat or probe.repeat):
                if self.deadline.left <= 0.0:
                    break
                self._once(probe)
            if not self._latencies and self.failure is None:
                self.deadline.check()
        except Exception as error:  # whatever a library raises is a reason, never a traceback
            self.failure = error

    def _once(self, probe: Probe) -> None:
        probe.prepare()
        began = time.perf_counter()
        try:
            done = probe.once(self.deadline)
        except OutOfTime as error:
            if not self._latencies:
                raise
            self.failure = error
            self._failed += self.deadline.left > 0.0
        except Failure as error:
            self._failed += 1
            self.failure = error
            if not error.again:
                raise
        else:
            seconds = time.perf_counter() - began
            self._latencies.append(seconds if done.latency_s is None else done.latency_s)
            self._seconds += seconds
            self._units += done.units

    @property
    def late(self) -> str:
        """The message for an overdue probe."""
        if self._probe is None:
            return f"was not ready within {self.deadline.limit:g} s: its library is being imported"
        return f"hangs: no answer within {self._limit_s:g} s"

    def overdue(self) -> bool:
        """Whether it should have ended by now; a probe that listens to its deadline has."""
        return self.deadline.over_s > GRACE_S

    def result(self, load: float | None, failure: Exception | None) -> Measurement:
        latencies, failed = list(self._latencies), self._failed
        tried = len(latencies) + failed
        works = bool(latencies) and failed <= MOST_FAILURES * tried
        offered = not isinstance(failure, Failure) or failure.offered
        offered = offered or self._capability in self._provider.needed
        fatal = failure is not None and not isinstance(failure, Failure)  # such as other bits
        ok = works and not fatal
        probe = self._probe
        reason = "" if failure is None or (ok and not failed) else self._reason(failure)
        return Measurement(
            self._provider.name,
            self._capability,
            "works" if ok else "fails" if offered else "not offered",
            reason,
            what="" if probe is None else probe.what,
            n=len(latencies),
            median_s=float(np.median(latencies)) if ok else None,
            p95_s=float(np.percentile(latencies, 95)) if ok else None,
            throughput=self._units / self._seconds if ok and self._seconds > 0.0 else None,
            unit="" if probe is None else probe.unit,
            error_rate=failed / tried if tried else 0.0 if failure is None else 1.0,
            identity=self._provider.identity,
            detail=self._provider.detail,
            load=load,
        )

    def _reason(self, failure: Exception) -> str:
        text = str(failure) if isinstance(failure, TttuiError) else _of_library(failure)
        line = " ".join(self._provider.clean(text).split()) or type(failure).__name__
        return shortened(line, LONGEST_REASON)


def _of_library(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


def _load() -> float | None:
    with suppress(OSError):
        return round(os.getloadavg()[0] / (os.cpu_count() or 1), 2)
    return None


def machine() -> str:
    """This machine's processor, on which the results of an engine depend."""
    return f"{socket.gethostname()} {platform.machine()} {os.cpu_count()} cores"
