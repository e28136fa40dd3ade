"""Which jobs this user started: only those are executed.

A run root that somebody sends may hold queued jobs, and a job may run for days, or code that its
person named. So job.json is signed with a key of the user's own, which lies outside every run
root; what carries no such signature is shown like any other job, and never executed.
"""

import hmac
import os
import secrets
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from tttui.artifacts.regular import LARGEST_OBJECT, open_regular, read_bytes
from tttui.lab.job import JOB
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.here import user_directory
from tttui.model.shell import command_line

SIGNATURE = "signature"

KEY_BYTES = 32


def sign(directory: Path, content: bytes) -> bytes:
    """The signature of a job.json of this content in a directory of this name.

    Raises TttuiError where there is no key and none can be kept.
    """
    text = directory.name.encode() + b"\n" + content
    return hmac.new(_key(make=True), text, sha256).hexdigest().encode() + b"\n"


def is_own(directory: Path) -> bool:
    """Whether this user started the job in a directory, and its job.json is unchanged."""
    try:
        content = read_bytes(directory / JOB, LARGEST_OBJECT)
        signature = read_bytes(directory / SIGNATURE, 1 << 10)
        text = directory.name.encode() + b"\n" + content
        right = hmac.new(_key(make=False), text, sha256).hexdigest().encode()
    except (OSError, TttuiError):
        return False
    return hmac.compare_digest(signature.strip(), right)


def refuse_others(directory: Path) -> None:
    """Raise RefusedInput where the job in a directory is not one that this user started."""
    if not is_own(directory):
        remove = command_line("tttui", "job", "rm", directory.name)
        raise RefusedInput(
            f"{directory}: was not started by you, or its {JOB} was changed since, so it is not "
            f"executed; start it anew by its command, or remove it with `{remove}`"
        )


def _key(*, make: bool) -> bytes:
    folder = user_directory("XDG_STATE_HOME", ".local/state", os.environ)
    if folder is None:
        raise TttuiError("you have no home directory to keep a key in; set XDG_STATE_HOME to one")
    path = folder / "tttui" / "jobs.key"
    try:
        with suppress(FileNotFoundError):
            if len(key := read_bytes(path, KEY_BYTES)) == KEY_BYTES:
                return key
        if not make:
            raise TttuiError(f"{path}: there is no key")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _made(path)
    except OSError as error:
        raise TttuiError(
            f"{path}: the key that marks your jobs cannot be kept there "
            f"({error.strerror}); make room, or set XDG_STATE_HOME"
        ) from error


def _made(path: Path) -> bytes:
    """Create the key, or read that of a faster process."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
    handle = open_regular(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        key = secrets.token_bytes(KEY_BYTES)
        os.write(handle, key)
        os.fsync(handle)
        try:
            os.link(temporary, path)
        except FileExistsError:
            content = read_bytes(path, KEY_BYTES)
            if len(content) == KEY_BYTES:
                return content
            os.replace(temporary, path)
        return key
    finally:
        os.close(handle)
        temporary.unlink(missing_ok=True)
