"""A cluster of one node: Debian's own slurmctld, slurmd and munged, for tests.

`python -m tests.lab.slurmcluster [SEED]`, by hand: a job of every kind is executed by it, killed
at a random moment (kill -9), resumed, and compared with one that nobody killed.
"""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.live import wait_until

DAEMONS = ("slurmctld", "slurmd", "munged")

CPUS = 4

CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ctld}
SlurmdPort={d}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/ctld.pid
SlurmdPidFile={folder}/d.pid
SlurmctldLogFile={folder}/ctld.log
SlurmdLogFile={folder}/d.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SchedulerParameters=batch_sched_delay=0,sched_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
KillWait=2
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus}
PartitionName=main Nodes={host} Default=YES
"""


def why_not() -> str:
    """Why there can be no cluster here; '' where there can."""
    if absent := [name for name in DAEMONS if _found(name) is None]:
        return f"{', '.join(absent)} not installed (apt-get install slurm-wlm)"
    if os.geteuid():
        return "only root may start the daemons of Slurm"
    try:
        import submitit  # noqa: F401
    except ImportError:
        return "submitit is not installed (pip install 'tttui[slurm]')"
    return ""


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """Starts the daemons; yields the name of the node. SLURM_CONF names their configuration."""
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    host = socket.gethostname().partition(".")[0]
    ctld, d = _free_ports()
    conf, key = folder / "slurm.conf", folder / "munge.key"
    conf.write_text(CONFIGURATION.format(host=host, ctld=ctld, d=d, folder=folder, cpus=CPUS))
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    munge = [
        "--foreground",
        "--force",
        f"--key-file={key}",
        f"--socket={folder}/munge.sock",
        f"--pid-file={folder}/munge.pid",
        f"--log-file={folder}/munge.log",
        f"--seed-file={folder}/munge.seed",
    ]
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("SLURM_CONF", str(conf))
        stack.enter_context(_daemon(folder, "munged", *munge))
        wait_until((folder / "munge.sock").exists)
        stack.enter_context(_daemon(folder, "slurmctld", "-D", "-c", "-f", str(conf)))
        stack.enter_context(_daemon(folder, "slurmd", "-D", "-N", host, "-f", str(conf)))
        wait_until(lambda: "idle" in output_of("sinfo", "--noheader", "--format=%T"))
        yield host


def output_of(*words: str) -> str:
    """What a command prints; '' where it fails."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


@contextmanager
def _daemon(folder: Path, name: str, *words: str) -> Iterator[None]:
    program = _found(name)
    assert program is not None
    with (folder / f"{name}.out").open("wb") as output:
        process = subprocess.Popen([program, *words], stdout=output, stderr=output)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _found(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def main() -> int:
    """1 where a job of some kind did not end as one does that nobody killed."""
    from tests.lab.killing import CASES, PREPARED, difference, left_alone
    from tttui.lab.job import Job, read_job
    from tttui.lab.starting import Launcher, start
    from tttui.lab.steering import look_again, resume, wait_for

    if why := why_not():
        print(why)
        return 1
    moments = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else None)
    wrong = 0
    with tempfile.TemporaryDirectory() as name, cluster(Path(name) / "cluster"):
        os.environ["XDG_STATE_HOME"] = name
        for kind, case in CASES.items():
            whole, root = left_alone(Path(name) / "whole" / kind, kind), Path(name) / kind
            if kind in PREPARED:
                PREPARED[kind](root)
            slurm = Launcher("slurm", {"partition": "main"})
            job = start(root, kind, case(), command=("tttui", kind), launcher=slurm)
            wait_until(lambda job=job: read_job(job.path).state != "queued")  # type: ignore[misc]
            time.sleep(moments.uniform(0.0, 1.0))  # the moment is the point
            with suppress(ProcessLookupError):
                os.kill(read_job(job.path).raw["pid"], signal.SIGKILL)

            def over(job: Job = job) -> bool:
                return look_again(job).has_ended

            wait_until(over)
            first = look_again(job)
            if first.state != "completed":
                resume(first)
            output_of = difference(wait_for(job, lambda _: None, 0.05), whole)
            wrong += bool(output_of)
            print(f"{kind}: {first.state}, then {output_of or 'as one that nobody killed'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
