"""The load of this machine, and the jobs and sessions of a run root that use it.

reader = MachineReader(Path("runs"))
reader.look()          # a frozen Machine; ask again every few seconds
"""

import os
import shutil
import socket
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from tttui.artifacts.discover import find_sessions
from tttui.artifacts.gpus import Gpu, GpuProcess, Nvml, gpus_of
from tttui.artifacts.jsonfile import read_object
from tttui.artifacts.processes import Process
from tttui.artifacts.sampling import ResourceUse, Usage
from tttui.artifacts.status import derive_status
from tttui.lab.job import SESSION, STATUS, jobs_folder, read_job
from tttui.lab.launchers.local import all_cores
from tttui.lab.queue import active
from tttui.model.dataclass import dataclass
from tttui.model.errors import TttuiError

RECENT = 300
"""Looks that are kept: ten minutes of one every 2 s."""

SEARCH_S = 10.0
"""Seconds after which sessions are searched for again; how those do that are known is read at
every look."""


@dataclass(frozen=True, slots=True)
class LocalProcess:
    """A job or session that a process of this machine executes, with its resource use."""

    handle: str
    """The UUID of a job, the name of a session."""
    kind: str
    """The kind of job, or `session`."""
    path: Path
    pid: int
    doing: str = ""
    cpu: float | None = None
    """Percent of one core, with all processes that it started; None at the first look."""
    memory: int = 0
    """Bytes, resident."""
    gpus: Mapping[int, int | None] = field(default_factory=dict[int, int | None])
    """Bytes by GPU; None where the driver does not report how much."""

    @property
    def short(self) -> str:
        """As lists name it."""
        return self.handle if self.kind == SESSION else self.handle[:8]


@dataclass(frozen=True, slots=True)
class ForeignProcess:
    """A process that holds a GPU and belongs to no job or session of the root."""

    pid: int
    gpu: int
    memory: int | None
    name: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """One point of the machine's curves; shares in percent, None if unknown."""

    at: float
    """Unix seconds."""
    cpu: float | None
    memory: float
    gpus: tuple[tuple[float | None, float | None], ...] = ()
    """Use and memory of each GPU."""


@dataclass(frozen=True, slots=True)
class MachineState:
    """This machine at one moment."""

    host: str
    at: float
    """Unix seconds."""
    cores: int
    """Those that this process may use."""
    cpu: float | None
    """Percent of all cores since the last look; None at the first."""
    load: tuple[float, ...]
    """Processes that run or wait, mean of the last 1, 5 and 15 minutes."""
    memory: int
    """Bytes in use."""
    memory_total: int
    disk_free: int | None
    """Bytes where the run root is."""
    disk_total: int | None
    gpus: tuple[Gpu, ...]
    no_gpus: str
    """Why there are none, for a person; empty where there are."""
    holders: tuple[LocalProcess, ...]
    """Jobs first; those that use the most of the processors first."""
    strangers: tuple[ForeignProcess, ...]
    recent: tuple[Sample, ...] = ()
    """This look and those before it, the newest at the end."""


class MachineReader:
    """Polls the machine and one run root; for one thread."""

    def __init__(self, root: Path) -> None:
        import psutil

        self._root, self._psutil = root, psutil
        self._nvml, self._usage = Nvml(), Usage()
        self._sessions: list[Path] = []
        self._search_at = 0.0
        self._looked = False
        self._recent = deque[Sample](maxlen=RECENT)
        psutil.cpu_percent(None)

    def look(self) -> MachineState:
        """The state of the machine now. Never raises for damaged files."""
        memory = self._psutil.virtual_memory()
        gpus = self._nvml.all()
        owned_here = [*self._jobs(), *self._running_sessions()]
        holders, strangers = self._with_usage(owned_here, gpus)
        free, total = _disk(self._root)
        cpu = float(self._psutil.cpu_percent(None))
        machine = MachineState(
            host=socket.gethostname(),
            at=time.time(),
            cores=all_cores(),
            cpu=cpu if self._looked else None,
            load=os.getloadavg() if hasattr(os, "getloadavg") else (),
            memory=int(memory.total - memory.available),
            memory_total=int(memory.total),
            disk_free=free,
            disk_total=total,
            gpus=gpus,
            no_gpus=self._nvml.why_none,
            holders=holders,
            strangers=strangers,
        )
        self._looked = True
        self._recent.append(_sample(machine))
        return replace(machine, recent=tuple(self._recent))

    def _jobs(self) -> list[tuple[LocalProcess, tuple[int, ...]]]:
        """The jobs that run here, with the GPUs that they were given."""
        holders = []
        for handle in active(self._root):
            job = read_job(jobs_folder(self._root) / handle)
            process = Process.of(job.raw)
            if job.state in ("running", "stalled") and process.is_here and process.runs():
                assigned = job.raw.get("gpus")
                gpus = tuple(g for g in assigned if isinstance(g, int)) if assigned else ()
                holder = LocalProcess(handle, job.kind, job.path, process.pid or 0, job.doing)
                holders.append((holder, gpus))
        return holders

    def _running_sessions(self) -> list[tuple[LocalProcess, tuple[int, ...]]]:
        """The sessions that a process of this machine writes, with their GPUs."""
        if time.monotonic() >= self._search_at:
            self._search_at = time.monotonic() + SEARCH_S
            self._sessions = [p.path for p in find_sessions([self._root]) if p.layout == "native"]
        holders = []
        for path in self._sessions:
            raw: Mapping[str, Any] = {}
            with suppress(TttuiError, OSError):
                raw = read_object(path / STATUS)
            status = derive_status(raw, time.time())
            if status.runs_here and status.pid is not None:
                t, total = status.t, status.steps_total
                step = "" if t is None else f"step {t}" + (f" of {total}" if total else "")
                doing = f"{status.state} at {step}" if status.state == "paused" else step
                name = (
                    str(path.relative_to(self._root)) if self._root in path.parents else path.name
                )
                holder = LocalProcess(name, SESSION, path, status.pid, doing)
                holders.append((holder, tuple(gpus_of(status.device or "", self._nvml))))
        return holders

    def _with_usage(
        self, owned_here: list[tuple[LocalProcess, tuple[int, ...]]], gpus: tuple[Gpu, ...]
    ) -> tuple[tuple[LocalProcess, ...], tuple[ForeignProcess, ...]]:
        used = self._usage.of([holder.pid for holder, _ in owned_here])
        holders, owned = list[LocalProcess](), set[int]()
        for holder, assigned in owned_here:
            mine = used[holder.pid]
            owned |= set(mine.pids)
            memory = dict.fromkeys(assigned) | _memory_of(mine, gpus)
            holders.append(
                LocalProcess(
                    holder.handle,
                    holder.kind,
                    holder.path,
                    holder.pid,
                    holder.doing,
                    mine.cpu,
                    mine.memory,
                    memory,
                )
            )
        strangers = [
            self._stranger(process, gpu.index)
            for gpu in gpus
            for process in gpu.processes
            if process.pid not in owned
        ]
        holders.sort(key=lambda one: (one.kind == SESSION, -(one.cpu or 0.0), one.handle))
        return tuple(holders), tuple(strangers)

    def _stranger(self, process: GpuProcess, gpu: int) -> ForeignProcess:
        name = user = ""
        with suppress(self._psutil.Error):
            known = self._psutil.Process(process.pid)
            name, user = known.name(), known.username()
        return ForeignProcess(process.pid, gpu, process.memory, name, user)


def look(root: Path, seconds: float = 0.5) -> MachineState:
    """The state of the machine once, with CPU shares measured over some seconds."""
    reader = MachineReader(root)
    reader.look()
    time.sleep(seconds)
    return reader.look()


def _sample(machine: MachineState) -> Sample:
    gpus = tuple(
        (
            None if gpu.use is None else float(gpu.use),
            100.0 * gpu.memory / gpu.memory_total if gpu.memory and gpu.memory_total else None,
        )
        for gpu in machine.gpus
    )
    memory = 100.0 * machine.memory / max(machine.memory_total, 1)
    return Sample(machine.at, machine.cpu, memory, gpus)


def _memory_of(used: ResourceUse, gpus: tuple[Gpu, ...]) -> dict[int, int | None]:
    """Bytes of each GPU that some processes hold."""
    by_gpu = dict[int, int | None]()
    for gpu in gpus:
        mine = [process.memory for process in gpu.processes if process.pid in used.pids]
        known = [memory for memory in mine if memory is not None]
        if mine:
            by_gpu[gpu.index] = sum(known) if known else None
    return by_gpu


def _disk(root: Path) -> tuple[int | None, int | None]:
    """Bytes that are free, and all of them, where a root is or would be."""
    for path in (root.absolute(), *root.absolute().parents):
        with suppress(OSError):
            usage = shutil.disk_usage(path)
            return usage.free, usage.total
    return None, None
