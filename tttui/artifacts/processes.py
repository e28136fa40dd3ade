"""The identity of a process, recorded so that another one can tell later whether it still runs.

A process id counts only on one kernel and in one PID namespace, and is given out again later.
So the host, the kernel's boot id and the namespaces stand beside it, and when the process
started, in ticks of the kernel since it booted: nobody can set that clock, as they can the
time of day. Where a system has no such things (macOS has no boot id), those keys are absent.
"""

import os
import re
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from tttui.artifacts.jsonfile import number, whole
from tttui.model.dataclass import dataclass

INITIAL_PID_NAMESPACE = 0xEFFFFFFC
"""The namespace of a machine itself, by the number that Linux has fixed for it."""

PROC = Path("/proc")

_MOST_PID = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Process:
    """The recorded identity of a process; unknown values are None."""

    pid: int | None = None
    host: str | None = None
    boot_id: str | None = None
    pid_namespace: int | None = None
    time_namespace: int | None = None
    start_ticks: int | None = None
    """Ticks of the kernel (`SC_CLK_TCK` a second) from its boot to the start."""
    started_at: float | None = None
    """The same in Unix seconds, by a clock that may have been set since."""

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """The process in the keys of status.json or of a lock's note."""
        host, boot_id = raw.get("host"), raw.get("boot_id")
        return cls(
            pid=whole(raw.get("pid")),
            host=host if isinstance(host, str) else None,
            boot_id=boot_id if isinstance(boot_id, str) else None,
            pid_namespace=whole(raw.get("pid_namespace")),
            time_namespace=whole(raw.get("time_namespace")),
            start_ticks=whole(raw.get("process_start_ticks")),
            started_at=number(raw.get("process_started_at")),
        )

    @property
    def is_here(self) -> bool:
        """Whether its id is valid in this PID namespace; older files record only the host."""
        me = this_process()
        return (
            self.host in (None, me.host)
            and self.boot_id in (None, me.boot_id)
            and self.pid_namespace in (None, me.pid_namespace)
        )

    @property
    def is_this(self) -> bool:
        """Whether it is this process."""
        return self.pid == os.getpid() and self.is_here and self._started_as(this_process())

    @property
    def shares_clock(self) -> bool:
        """Whether its `boottime` has the same origin as ours, also in another container."""
        me = this_process()
        return self.boot_id is not None and (self.boot_id, self.time_namespace) == (
            me.boot_id,
            me.time_namespace,
        )

    @property
    def where(self) -> str:
        """`elsewhere`, for a person, with what differs if the host has the same name."""
        host, me = self.host or "an unknown host", this_process()
        if host != me.host:
            return host
        if self.boot_id not in (None, me.boot_id):
            return f"{host} (before it restarted, or another machine of that name)"
        return host if self.is_here else f"{host} (another container)"

    def runs(self) -> bool:
        """Whether it runs now. Ask only of one that `is_here`."""
        pid = self.pid
        if pid is None or not 0 < pid <= _MOST_PID:
            return False
        if pid == 1 and not self._may_be_first():
            return False
        if not PROC.is_dir():
            return _runs_since(pid, self.started_at)
        if not _proc_is_ours():
            return _exists(pid)
        process = _stat(pid)
        if process is None:
            return _exists(pid)
        state, ticks = process
        if state in "ZXx":
            return False
        return self._started_as(Process(pid, time_namespace=_namespace("time"), start_ticks=ticks))

    def _may_be_first(self) -> bool:
        """Whether process 1 can be a run: only in a container."""
        return self.pid_namespace not in (None, INITIAL_PID_NAMESPACE) and (
            self.start_ticks is not None
        )

    def _started_as(self, other: "Process") -> bool:
        """Whether it started when `other` did, which has the same id."""
        if self.start_ticks is not None and other.start_ticks is not None:
            # Each time namespace counts from a moment of its own.
            return self.time_namespace != other.time_namespace or (
                self.start_ticks == other.start_ticks
            )
        return other.pid is None or _runs_since(other.pid, self.started_at)


def own_process() -> dict[str, Any]:
    """This process, as the keys of status.json and of a lock's note."""
    me = this_process()
    fields = {
        "pid": me.pid,
        "host": me.host,
        "boot_id": me.boot_id,
        "pid_namespace": me.pid_namespace,
        "time_namespace": me.time_namespace,
        "process_start_ticks": me.start_ticks,
        "process_started_at": me.started_at,
    }
    return {key: value for key, value in fields.items() if value is not None}


def process_keys(pid: int) -> dict[str, Any]:
    """Another process of this machine (a child that was just started), as the same keys."""
    process, keys = _stat(pid), own_process() | {"pid": pid}
    keys.pop("process_started_at", None)
    if process is not None:
        return keys | {"process_start_ticks": process[1]}
    keys.pop("process_start_ticks", None)
    return keys


def this_process() -> Process:
    return _this_process(os.getpid())


def boottime() -> float:
    """Seconds since this machine booted; nobody can set this clock. Counts sleep where it can."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


@lru_cache(maxsize=1)
def _this_process(pid: int) -> Process:
    stat = _parse_stat(_read(PROC / "self" / "stat"))
    ticks = stat[1] if stat is not None else None
    if ticks is not None:
        started_at: float | None = time.time() - (boottime() - ticks / os.sysconf("SC_CLK_TCK"))
    else:
        started_at = _started_at(pid)
    return Process(
        pid=pid,
        host=socket.gethostname(),
        boot_id=_read(PROC / "sys" / "kernel" / "random" / "boot_id").strip() or None,
        pid_namespace=_namespace("pid"),
        time_namespace=_namespace("time"),
        start_ticks=ticks,
        started_at=started_at,
    )


def _namespace(kind: str) -> int | None:
    """The number of a namespace of this process; None where there are none."""
    with suppress(OSError):
        if match := re.search(r"\[(\d+)\]", os.readlink(PROC / "self" / "ns" / kind)):
            return int(match[1])
    return None


def _proc_is_ours() -> bool:
    """Whether /proc exists and belongs to the PID namespace of this process."""
    try:
        return os.readlink(PROC / "self") == str(os.getpid())
    except OSError:
        return False


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)  # sends nothing
    except ProcessLookupError:
        return False
    except OSError:
        return True  # somebody else's
    return True


def _stat(pid: int) -> tuple[str, int] | None:
    """State and start (ticks since boot) of a process; None if it has ended or is hidden."""
    return _parse_stat(_read(PROC / str(pid) / "stat"))


def _parse_stat(line: str) -> tuple[str, int] | None:
    # The name in parentheses may hold anything, spaces and parentheses too.
    fields = line.rpartition(")")[2].split()
    try:
        return fields[0], int(fields[19])
    except (IndexError, ValueError):
        return None


def _runs_since(pid: int, started_at: float | None) -> bool:
    """Whether a process runs that started at a time (Unix seconds; None: any)."""
    import psutil  # only for older files, and for systems without /proc

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        # A second is rounding, more is another process that got the same id.
        return started_at is None or abs(process.create_time() - started_at) < 2.0
    except psutil.AccessDenied:
        return True
    except (psutil.Error, OverflowError, ValueError, OSError):
        return False


def _started_at(pid: int) -> float | None:
    import psutil

    try:
        return float(psutil.Process(pid).create_time())
    except (psutil.Error, OSError):
        return None


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
