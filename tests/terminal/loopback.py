"""An sshd of the test's own on the loopback address: nothing of the system's ssh is touched."""

import getpass
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import join

import psutil
import pytest

from tests.conftest import REPOSITORY
from tests.live import wait_until

SEPARATION = Path("/run/sshd")
"""An empty directory that sshd wants where it runs as root."""

ALIVE_S = 1
"""Seconds after which sshd asks a silent client whether it is there."""


@dataclass(frozen=True, slots=True)
class Server:
    """Takes connections of the current user, by a key made for it."""

    port: int
    key: Path
    process: psutil.Process

    def command(self, words: Sequence[str], environment: dict[str, str]) -> list[str]:
        """The ssh command that runs `words` on a terminal at the other end, in the repository."""
        variables = [f"{name}={value}" for name, value in environment.items()]
        remote = f"cd {join([str(REPOSITORY)])} && exec {join(['env', *variables, *words])}"
        options = [
            f"IdentityFile={self.key}",
            "IdentitiesOnly=yes",
            "IdentityAgent=none",
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "LogLevel=ERROR",
        ]
        results = [word for option in options for word in ("-o", option)]
        where = ["-p", str(self.port), f"{getpass.getuser()}@127.0.0.1"]
        return ["ssh", "-F", "none", "-tt", *results, *where, remote]

    def drop(self, program: psutil.Process) -> None:
        """Kill what serves the connection over which a program runs."""
        for process in program.parents():
            if process == self.process:
                break
            process.kill()


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A server with its keys and its log in `folder`; the test is skipped where none can run."""
    sshd = shutil.which("sshd", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if sshd is None or shutil.which("ssh") is None or shutil.which("ssh-keygen") is None:
        pytest.skip("sshd and ssh are not installed (Debian: openssh-server, openssh-client)")
    if os.geteuid() == 0:
        SEPARATION.mkdir(mode=0o755, exist_ok=True)
    for name in ("host", "user"):
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(make, check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "sshd.log"
    options = {
        "ListenAddress": f"127.0.0.1:{port}",
        "HostKey": folder / "host",
        "AuthorizedKeysFile": folder / "user.pub",
        "PidFile": "none",
        "StrictModes": "no",
        "UsePAM": "no",
        "PasswordAuthentication": "no",
        "PermitRootLogin": "prohibit-password",
        "PrintMotd": "no",
        "PrintLastLog": "no",
        "ClientAliveInterval": ALIVE_S,
        "ClientAliveCountMax": 1,
    }
    settings = folder / "sshd_config"
    settings.write_text("".join(f"{name} {value}\n" for name, value in options.items()))
    server = subprocess.Popen(
        [sshd, "-D", "-f", str(settings), "-E", str(log)],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_until(lambda: server.poll() is not None or "Server listening" in _text(log))
        assert server.poll() is None, _text(log)
        yield Server(port, folder / "user", psutil.Process(server.pid))
    finally:
        server.kill()
        server.wait()


def environment(folder: Path) -> dict[str, str]:
    """What the program at the other end needs of ours, with nothing of the user's remembered."""
    home = dict.fromkeys(("XDG_STATE_HOME", "XDG_CONFIG_HOME"), str(folder / "home"))
    here = {"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}
    return {"LC_ALL": "C.UTF-8", **home, **here}


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""
