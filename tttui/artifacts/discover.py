"""Finding the sessions below some paths by the names of files, without opening any."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import field
from pathlib import Path

from tttui.artifacts.regular import leads_out
from tttui.artifacts.runs import runs_of
from tttui.model import here
from tttui.model.dataclass import dataclass
from tttui.model.natural import natural_path
from tttui.model.session import Place, Problem

MAX_DEPTH = 8
"""Levels below a given path that are searched."""

MOST_FOLDERS = 50_000
"""Directories that are searched; a link to a whole disk in a root must not take minutes."""

MOST_BESIDE = 2_000
"""Directories beside a session that are looked at: it may lie anywhere."""

RUN_FILES = frozenset(
    {
        "per_step.csv",
        "trajectory.csv",
        "update_events.jsonl",
        "update_events.json",
        "weights_history.npy",
        "status.json",
        "base_checkpoint.pt",
    }
)
"""One of these makes a directory a run directory (one that is being created has only some)."""

NATIVE_FILES = frozenset(
    {
        "trajectory.csv",
        "update_events.jsonl",
        "weights_history.npy",
        "status.json",
        "run.log",
        "run.lock",
    }
)
"""Files that no flat run directory has."""

STORE_FILES = frozenset({"meta.json", "metrics.json", "plastic_state.pt", "optim_state.pt"})
"""One of these, or runs/, makes a directory below `sessions/` a session of a store."""


@dataclass(slots=True)
class Scan:
    """The sessions found, ordered by path, and the paths that could not be searched."""

    places: list[Place] = field(default_factory=list[Place])
    problems: list[Problem] = field(default_factory=list[Problem])


def find_sessions(paths: Sequence[Path]) -> list[Place]:
    """The sessions at and below the paths, each once; see `scan` for what could not be read."""
    return scan(paths).places


def scan(paths: Sequence[Path], beside: Path | None = None) -> Scan:
    """Find every session at or below each path, in all three layouts.

    A path may be a root of any depth, a run directory, its session/, a file in either, a
    store, a session of a store, or one of its runs (the Place then carries that `run`).
    Hidden folders (the trash among them) and the base cache `bases/` are skipped, loops of
    symbolic links are cut, and links are followed only where they stay in the path. Nothing is
    raised: what cannot be read is a Problem.

    Of a session `beside` which others lie in the same directory, these are found as well: no
    deeper, behind no link that leads out of that directory, and without a word about what
    cannot be read there.
    """
    search = _Search()
    for path in paths:
        search.start(path)
    if beside is not None:
        search.beside(beside)
    search.scan.places.sort(key=lambda place: natural_path(place.path))
    return search.scan


@dataclass(slots=True)
class _Listing:
    """The names in one directory."""

    files: set[str]
    folders: dict[str, os.DirEntry[str]]


class _Search:
    def __init__(self) -> None:
        self.scan = Scan()
        self._seen: dict[tuple[int, int], int] = {}
        self._entered: set[tuple[int, int]] = set()
        self._given_up = False
        self._root = Path()
        """The path that is searched now, as the person named it."""

    def start(self, path: Path) -> None:
        """Search one path that the user gave."""
        try:
            path = path.expanduser()
            if not path.is_dir():
                if not path.exists():
                    self._problem(path, "there is no such file or directory", missing=True)
                    return
                path = path.parent
            # `.`, `..` and a trailing link get their real name, which is what people know it by.
            if path.name in ("", ".."):
                path = here.resolved(path)
        except (OSError, RuntimeError, ValueError) as error:
            self._problem(path, _reason_of(error))
            return
        if path.name == "session" and RUN_FILES & self._names(path.parent):
            path = path.parent
        absolute = here.absolute(path)
        if absolute.parent.name == "runs" and self._is_store_session(absolute.parent.parent):
            run, session = path.name, path.parent.parent
            if session.name in ("", ".."):
                session = here.resolved(session)
            self._add_store_session(session, self._list(session), run=run)
            return
        if self._is_store_session(absolute):
            self._add_store_session(path, self._list(path))
            return
        before = len(self._seen)
        self._root = path
        self._search(path, MAX_DEPTH)
        if len(self._seen) == before and absolute.name == "base":
            self._add_base(path)

    def beside(self, path: Path) -> None:
        """Add the sessions that lie in the same directory as the session at `path`."""
        known = list(self.scan.problems)
        self._root = path.parent
        listing = self._list(self._root)
        entries = sorted(listing.folders.values(), key=lambda e: e.name) if listing else []
        for entry in entries[:MOST_BESIDE]:
            if entry.name == "bases" or self._strays(entry):
                continue
            beside = self._root / entry.name
            if self._is_store_session(here.absolute(beside)):
                self._add_store_session(beside, self._list(beside))
            elif (inner := self._list(beside)) is not None and self._is_run(beside, inner):
                self._add_run(beside, inner)
        # of a session that was moved away, those beside it are left
        self.scan.problems = [p for p in known if not (p.path == path and p.missing)]

    def _is_store_session(self, path: Path) -> bool:
        """Whether a directory that the user named is sessions/<id> of a store."""
        names = self._names(path)
        if "per_step.csv" in names or not (STORE_FILES & names or "runs" in names):
            return False
        # meta.json beside the weights is also what a run's session/ looks like.
        return path.parent.name == "sessions" or ("meta.json" in names and path.name != "session")

    def _search(self, path: Path, depth: int) -> None:
        identity = self._identity(path)
        if identity is None or identity in self._entered:
            return
        if len(self._entered) >= MOST_FOLDERS:
            if not self._given_up:
                self._given_up = True
                reason = f"more than {MOST_FOLDERS} directories were searched; name a closer path"
                self._problem(path, reason)
            return
        self._entered.add(identity)
        listing = self._list(path)
        if listing is None:
            return
        if self._is_run(path, listing):
            self._add_run(path, listing)
            return
        if path.name == "sessions":
            self._add_sessions(path, listing, depth)
            return
        if "sessions" not in listing.folders and "base" in listing.folders:
            self._add_base(path / "base")
        # Links last, so that a directory is known by its own name where it has one.
        for entry in sorted(listing.folders.values(), key=lambda e: (e.is_symlink(), e.name)):
            if depth and entry.name != "bases" and not self._strays(entry):
                self._search(path / entry.name, depth - 1)

    def _strays(self, entry: os.DirEntry[str]) -> bool:
        """Whether a link leads out of the searched path; reports it as a problem."""
        strays = entry.is_symlink() and leads_out(Path(entry.path), self._root)
        if strays:
            reason = f"is a link that leads out of {self._root}: name it, too, to look there"
            self._problem(Path(entry.path), reason)
        return strays

    def _is_run(self, path: Path, listing: _Listing) -> bool:
        if "session" in listing.folders and self._inner_names(path) & STORE_FILES:
            return True
        if listing.files & (RUN_FILES - {"base_checkpoint.pt"}):
            # The events of a store's session lie beside its meta.json.
            return not (path.parent.name == "sessions" and "meta.json" in listing.files)
        # A base alone may also be the base of a store, or just a checkpoint.
        return (
            "base_checkpoint.pt" in listing.files
            and "base_meta.json" not in listing.files
            and path.name != "base"
        )

    def _add_run(self, path: Path, listing: _Listing) -> None:
        native = NATIVE_FILES & listing.files or "engine_state.pt" in self._inner_names(path)
        self._add(Place(path, "native" if native else "flat"))

    def _inner_names(self, path: Path) -> set[str]:
        """The names in the folder session/ of a run directory, unless it leads out of that."""
        inner = path / "session"
        return set() if leads_out(inner, path) else self._names(inner)

    def _add_sessions(self, path: Path, listing: _Listing, depth: int) -> None:
        """Add what lies below a folder `sessions/`: sessions of a store, or anything else."""
        for name in sorted(listing.folders):
            inner = self._list(path / name)
            if inner is None:
                continue
            if "per_step.csv" not in inner.files and (
                inner.files & STORE_FILES or "runs" in inner.folders
            ):
                self._add_store_session(path / name, inner)
            elif depth:
                self._search(path / name, depth - 1)
        if not listing.folders:
            self._add_base(path.parent / "base")

    def _add_store_session(
        self, path: Path, listing: _Listing | None, run: str | None = None
    ) -> None:
        has_runs = listing is not None and "runs" in listing.folders
        self._add(Place(path, "store", runs_of(path) if has_runs else (), run))

    def _add_base(self, path: Path) -> None:
        names = self._names(path)
        is_run = "session" in names or (RUN_FILES - {"base_checkpoint.pt"}) & names
        if names & {"base_checkpoint.pt", "base_meta.json"} and not is_run:
            self._add(Place(path, "store"))

    def _add(self, place: Place) -> None:
        identity = self._identity(place.path)
        if identity is None:
            return
        at = self._seen.setdefault(identity, len(self.scan.places))
        if at == len(self.scan.places):
            self.scan.places.append(place)
        elif place.run is not None:  # the run that the user named counts
            self.scan.places[at] = place

    def _identity(self, path: Path) -> tuple[int, int] | None:
        """The identity of a directory, independent of links to it."""
        try:
            stat = os.stat(path)
        except OSError as error:
            self._problem(path, _reason_of(error))
            return None
        return stat.st_dev, stat.st_ino

    def _list(self, path: Path) -> _Listing | None:
        try:
            with os.scandir(path) as entries:
                return _sorted_out(entries)
        except (OSError, ValueError) as error:
            self._problem(path, _reason_of(error))
            return None

    def _names(self, path: Path) -> set[str]:
        try:
            return set(os.listdir(path))
        except (OSError, ValueError):
            return set()

    def _problem(self, path: Path, reason: str, *, missing: bool = False) -> None:
        problem = Problem("directory", path, reason, missing)
        if problem not in self.scan.problems:
            self.scan.problems.append(problem)


def _sorted_out(entries: Iterable[os.DirEntry[str]]) -> _Listing:
    files: set[str] = set()
    folders: dict[str, os.DirEntry[str]] = {}
    for entry in entries:
        if entry.name.startswith("."):
            continue
        try:
            if entry.is_dir():
                folders[entry.name] = entry
            else:
                files.add(entry.name)
        except OSError:  # a link into a directory that may not be searched
            files.add(entry.name)
    return _Listing(files, folders)


def _reason_of(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"cannot be searched: {text}"
