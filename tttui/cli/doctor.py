"""`tttui doctor`: checks of this machine, one line each, with remedies."""

import locale
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from tttui.cli.options import json_option, root_option
from tttui.model.dataclass import dataclass
from tttui.model.here import LOST, absolute, reachable, working_directory

WATCHES_WANTED = 1000
"""Watches of the kernel that a root with many sessions may take."""


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """The result of one check; `ok` is None if unknown."""

    name: str
    ok: bool | None
    detail: str
    remedy: str = ""


@click.command("doctor")
@root_option
@json_option
def command(root: Path, as_json: bool) -> None:
    """Tell what works on this machine and in this terminal, and what to do where it does not."""
    from tttui.cli.output import json_document, result

    findings = list(examine(root))
    if as_json:
        json_document([asdict(finding) for finding in findings])
        return
    width = max(len(finding.name) for finding in findings)
    words = {True: "ok  ", False: "look", None: "?   "}
    for f in findings:
        remedy = f"; {f.remedy}" if f.remedy else ""
        result(f"{words[f.ok]}  {f.name:<{width}}  {f.detail}{remedy}")


def examine(root: Path) -> Iterator[HealthCheck]:
    """All checks, the cheap ones first."""
    yield terminal()
    yield colours()
    yield text_encoding()
    yield clipboard()
    yield run_root(root)
    yield file_watching(root)
    yield background()
    yield torch_devices()


def terminal() -> HealthCheck:
    if not sys.stdout.isatty():
        return HealthCheck("terminal", None, "the output is not a terminal")
    size = shutil.get_terminal_size()
    detail = f"{os.environ.get('TERM', 'TERM is not set')}, {size.columns}x{size.lines}"
    if size.columns < 80 or size.lines < 24:
        return HealthCheck("terminal", False, detail, "make the window 80x24 or larger")
    return HealthCheck("terminal", True, detail)


def colours() -> HealthCheck:
    term = os.environ.get("TERM", "")
    if "NO_COLOR" in os.environ:
        return HealthCheck("colours", True, "none, since NO_COLOR is set")
    if os.environ.get("COLORTERM", "") in ("truecolor", "24bit"):
        return HealthCheck("colours", True, "16 million")
    if "256color" in term or "direct" in term:
        remedy = "for all colours: export COLORTERM=truecolor (ssh does not forward it)"
        return HealthCheck("colours", True, "256", remedy)
    return HealthCheck(
        "colours", False, "16", "export TERM=xterm-256color if the terminal has them"
    )


def text_encoding() -> HealthCheck:
    encoding = locale.getpreferredencoding(False)
    if encoding.lower().replace("-", "") == "utf8":
        return HealthCheck("locale", True, encoding)
    remedy = "export LANG=C.UTF-8; until then plain ASCII is drawn"
    return HealthCheck("locale", False, encoding, remedy)


def clipboard() -> HealthCheck:
    if "TMUX" not in os.environ:
        detail = "copies go through OSC 52, which most terminals take"
        return HealthCheck("clipboard", True, detail)
    setting = _output("tmux", "show-options", "-sv", "set-clipboard")
    if setting is None:
        return HealthCheck("clipboard", None, "tmux does not report its set-clipboard option")
    if setting == "on":
        return HealthCheck("clipboard", True, "tmux passes OSC 52 on")
    remedy = "tmux set -s set-clipboard on"
    return HealthCheck("clipboard", False, f"tmux has set-clipboard {setting}", remedy)


def run_root(root: Path) -> HealthCheck:
    if not reachable(root):
        return HealthCheck("run root", False, f"{root} means nothing here", LOST)
    place = root if root.exists() else absolute(root).parent
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        return HealthCheck("run root", False, f"{root} cannot be written", "choose another --root")
    free = shutil.disk_usage(place).free
    detail = f"{root} can be written, {free / 1e9:.1f} GB free"
    return HealthCheck("run root", free > 1e8, detail, "" if free > 1e8 else "free some space")


def file_watching(root: Path) -> HealthCheck:
    from tttui.artifacts.watch import POLL_S, on_network

    place = root if root.exists() else Path()
    if on_network(place):
        detail = f"{root} is on a network filesystem, so it is polled every {POLL_S:g} s"
        return HealthCheck("file watching", True, detail)
    limit = Path("/proc/sys/fs/inotify/max_user_watches")
    try:
        watches = int(limit.read_text())
    except (OSError, ValueError):
        return HealthCheck("file watching", True, "by the messages of the kernel")
    if watches < WATCHES_WANTED:
        remedy = f"sysctl fs.inotify.max_user_watches={WATCHES_WANTED * 100}, or start with --poll"
        return HealthCheck("file watching", False, f"the kernel allows {watches} watches", remedy)
    return HealthCheck("file watching", True, f"by the messages of the kernel, {watches} watches")


def background() -> HealthCheck:
    """Whether logind ends a user's processes at logout (KillUserProcesses without lingering)."""
    name = "background"
    if not Path("/run/systemd/system").exists():
        return HealthCheck(name, True, "nothing here ends background processes at logout")
    user = os.environ.get("USER") or str(os.getuid())
    if Path("/var/lib/systemd/linger", user).exists():
        return HealthCheck(name, True, f"processes survive logout: {user} lingers")
    service = "org.freedesktop.login1"
    kills = _output(
        "busctl",
        "get-property",
        service,
        "/org/freedesktop/login1",
        f"{service}.Manager",
        "KillUserProcesses",
    )
    if kills is None:
        remedy = "loginctl enable-linger makes sure"
        return HealthCheck(
            name, None, "logind does not report whether processes survive logout", remedy
        )
    if kills == "b false":
        return HealthCheck(name, True, "processes survive logout")
    remedy = "loginctl enable-linger, or start with: systemd-run --user tttui run ..."
    return HealthCheck(name, False, "logout ends all of a user's processes here", remedy)


def torch_devices() -> HealthCheck:
    if working_directory() is None:  # a library that torch loads would end the process
        return HealthCheck("torch", None, LOST)
    try:
        import torch
    except ImportError as error:
        return HealthCheck("torch", False, f"cannot be imported: {error}", "pip install torch")
    devices = ["cpu"]
    if torch.cuda.is_available():
        count = torch.cuda.device_count()
        devices += [f"cuda:{i} {torch.cuda.get_device_name(i)}" for i in range(count)]
    return HealthCheck("torch", True, f"{torch.__version__}: {', '.join(devices)}")


def _output(*words: str) -> str | None:
    """The output of a program; None if it is missing or fails."""
    try:
        done = subprocess.run(words, capture_output=True, timeout=3, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode(errors="replace").strip()
