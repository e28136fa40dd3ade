"""Watching paths for changes, by kernel notifications or by polling."""

import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

NETWORK = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "9p",
        "afs",
        "ceph",
        "lustre",
        "gpfs",
        "beegfs",
        "glusterfs",
        "fuse.sshfs",
        "fuse.glusterfs",
        "fuse.s3fs",
        "fuse.gcsfuse",
        "virtiofs",
    }
)
"""Filesystems that other hosts write to without this kernel noticing."""

POLL_S = 0.3
"""Seconds between two looks where polling was not asked for but is needed."""

MOST_FOLDERS = 20_000
"""Directories that are watched; changes in others are seen a little later."""

UNWATCHED_S = 1.0
"""Seconds between two looks where files have names that cannot be watched."""

LOOK_S = 0.5
"""Seconds between two looks whether a watched path appeared, went away or was replaced."""


class Watcher:
    """Calls `on_change()` from a thread of its own after files at or below the paths changed.

    Bursts are gathered for some 0.2 s. `poll` is the time between two looks in seconds, for
    filesystems without messages; None chooses by the filesystem, and falls back to polling
    where the kernel refuses (too many watches). Paths may appear later.
    """

    def __init__(
        self, paths: Sequence[Path], on_change: Callable[[], None], poll: float | None = None
    ) -> None:
        self._paths = tuple(paths)
        self._on_change = on_change
        self._poll = poll
        self._known = self._directories()
        self._stop = threading.Event()
        self._undecodable = False
        """A name is no UTF-8, which the watching library cannot tell of: look again and again."""
        self._thread = threading.Thread(target=self._work, name="tttui-watch", daemon=True)
        self.polling = poll is not None
        """Whether changes are looked for rather than told."""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread within some 0.1 s; returns at once."""
        self._stop.set()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the thread to end."""
        self._thread.join(timeout)

    def _work(self) -> None:
        if not self.polling:
            self.polling = any(on_network(path) for path in self._paths)
        while not self._stop.is_set():
            directories = self._directories()
            if directories != self._known:
                self._known = directories
                self._on_change()
            if not directories:
                self._stop.wait(LOOK_S)
                continue
            if self._undecodable:
                self._on_change()
                self._stop.wait(self._poll or UNWATCHED_S)
                continue
            try:
                self._watch(list(directories))
            except UnicodeError:  # a path that was given
                self._undecodable = True
            except (OSError, RuntimeError) as error:
                # A path below them, no more watches to be had, or a path went away.
                if "decode path" in str(error):
                    self._undecodable = True
                elif not self.polling and self._directories() == directories:
                    self.polling = True
                self._stop.wait(LOOK_S)

    def _watch(self, paths: Sequence[Path]) -> None:
        """Report changes until stopped, or until folders appear or one of the paths goes away."""
        import watchfiles  # here, in a thread of its own: looking at files need not wait for it

        begun = False
        folders = folders_below(paths)
        for changed in watchfiles.watch(
            *folders,
            watch_filter=None,
            recursive=False,  # it would follow links, to wherever they lead
            debounce=200,
            step=50,
            stop_event=self._stop,
            rust_timeout=int(LOOK_S * 1000),
            yield_on_timeout=True,
            raise_interrupt=False,
            force_polling=self.polling,
            poll_delay_ms=max(20, int((self._poll or POLL_S) * 1000)),
            ignore_permission_denied=True,
        ):
            # The first time also for what changed before the kernel was asked.
            if changed or not begun:
                begun = True
                self._on_change()
            if self._directories() != self._known:
                return
            if any(_is_folder(path) for kind, path in changed if kind is watchfiles.Change.added):
                return

    def _directories(self) -> dict[Path, int]:
        """The paths that are directories, with what tells one from another of the same name."""
        inodes: dict[Path, int] = {}
        for path in self._paths:
            with contextlib.suppress(OSError):
                if path.is_dir():
                    inodes[path] = path.stat().st_ino
        return inodes


def folders_below(paths: Sequence[Path]) -> list[Path]:
    """The directories at and below the paths, the upper ones first; links below are not followed.

    At most MOST_FOLDERS are found.
    """
    folders = list(dict.fromkeys(paths))
    for folder in folders:  # it grows meanwhile
        try:
            with os.scandir(folder) as entries:
                inner = [e.path for e in entries if e.is_dir(follow_symlinks=False)]
        except OSError:
            continue
        folders += [path for path in map(Path, sorted(inner)) if path not in paths]
        if len(folders) > MOST_FOLDERS:
            break
    return folders[:MOST_FOLDERS]


def _is_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def on_network(path: Path) -> bool:
    """Whether a path lies on a filesystem that other hosts may write to (Linux)."""
    try:
        mounts = Path("/proc/self/mounts").read_text(errors="replace").splitlines()
        real = path.resolve()
    except (OSError, RuntimeError):
        return False
    best, kind = "", ""
    for line in mounts:
        parts = line.split(" ")
        if len(parts) < 3:
            continue
        point = parts[1].replace("\\040", " ")
        if len(point) >= len(best) and real.is_relative_to(point):
            best, kind = point, parts[2]
    return kind in NETWORK
