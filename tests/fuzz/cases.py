"""One case: a session with spoiled files, what is done to it, and what may not happen."""

import contextlib
import io
import os
import re
import shutil
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

import tttui.defect
from tests.fuzz.mutations import spoil
from tests.recorded import make_recorded, module, small_module
from tests.rundirs import make_run
from tests.tasks.pointmass.runs.sessions import create, run_through, settings
from tests.textruns import PROSE, make_text_run
from tttui.artifacts.discover import find_sessions
from tttui.artifacts.reader import SessionReader
from tttui.artifacts.summary import read_summary
from tttui.cli.main import main
from tttui.export.request import WHATS
from tttui.model.errors import TttuiError
from tttui.model.parameters import inventory, specs_of
from tttui.model.session import Place
from tttui.model.statistics import summarised
from tttui.model.tensors import figures
from tttui.store import Store
from tttui.store.core import FEEDS
from tttui.tasks.pointmass.runs.fork import fork
from tttui.tasks.pointmass.runs.planned import plan_session

SECRET = "a-secret-of-somebody-else"
PATIENCE_S = 3.0
"""Seconds after which a command that runs on is asked to end."""

LARGE_MB = 500


def make_templates(at: Path, data: Path | None) -> None:
    """The sessions that are spoiled, each in a root of its own beside a whole one."""
    good = make_run(at / "native" / "good", steps=120)
    made = create(at / "native" / "demo", settings(steps=60))
    made.advance(40)
    made.intervene("mu", 0.2)
    made.close("interrupted")
    make_run(at / "drawn" / "demo", steps=120, status="crashed")
    parent = run_through(at / "fork" / "mother", settings(steps=40))
    forked = fork(find_sessions([parent])[0], at / "fork", name="demo")
    forked.close("queued")
    make_run(at / "flat" / "demo", layout="flat", steps=100)
    make_recorded(
        at / "recorded" / "demo",
        steps=120,
        model=small_module(),
        series=("entropy", "norm"),
        controls=("bn",),
        frozen_every=4,
    )
    make_recorded(at / "large" / "demo", steps=80, model=module(3), loss="accuracy", large=True)
    text = PROSE.encode()
    make_text_run(at / "text" / "demo", text, scored=960, plastic="*norm.weight")
    tokens = [match.start() for match in re.finditer(rb"\w+|\W", text)]
    make_text_run(at / "tokens" / "demo", text, chunk=16, tokens=tokens, plastic="*norm.weight")
    make_run(at / "store" / "sessions" / "demo", layout="store", steps=100, runs=2)
    plan_session(at / "planned" / "demo", settings(steps=30, pretrain_steps=3, pretrain_seed=9))
    if data is not None:
        shutil.copytree(data / "flat" / "linear", at / "theirs" / "demo")
        shutil.copytree(data / "store", at / "their-store")
        (at / "their-store" / "sessions" / "mu_high").rename(at / "their-store/sessions/demo")
    for root in at.iterdir():
        if not (root / "good").exists():
            shutil.copytree(good.path, root / "good")
    outside = at.parent / "outside"
    shutil.copytree(at / "native" / "demo", outside)
    for path in (outside / "session").iterdir():
        shutil.copy(path, outside / path.name)
    meta = outside / "meta.json"
    meta.write_text(meta.read_text().replace('"demo"', f'"{SECRET}"'))
    shutil.copy(meta, outside / "session" / "meta.json")
    (outside / "control").mkdir(exist_ok=True)
    (outside / "control" / "1.json").write_text('{"verb": "pause"}')


@dataclass(slots=True)
class Case:
    """What was spoiled and what became of it."""

    number: int
    spoiled: list[str] = field(default_factory=list[str])
    done: list[str] = field(default_factory=list[str])
    wrong: list[str] = field(default_factory=list[str])
    megabytes: int = 0
    slowest: tuple[float, str] = (0.0, "")

    def document(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "spoiled": self.spoiled,
            "done": self.done,
            "wrong": self.wrong,
            "megabytes": self.megabytes,
            "slowest": self.slowest,
        }


class Runner:
    """Runs cases in a directory that has the templates."""

    def __init__(
        self, at: Path, seed: int, *, longest_s: float, app: bool, of: Sequence[str] = ()
    ) -> None:
        """`of` are the names of the templates that are spoiled, all where there are none."""
        self._at, self._seed, self._longest_s, self._app = at, seed, longest_s, app
        templates = sorted((at / "templates").iterdir())
        self._templates = [path for path in templates if not of or path.name in of]
        self._outside = at / "outside"
        self._untouched = contents(self._outside)
        self._traces: list[str] = []
        tttui.defect.report = self._report
        threading.excepthook = lambda args: self._traces.append(
            "".join(traceback.format_exception(args.exc_type, args.exc_value, args.exc_traceback))
        )
        # Syncing guards against a power failure, which no case has; it takes most of the time.
        for name in ("fsync", "fdatasync"):
            setattr(os, name, lambda _handle: None)

    def run(self, number: int) -> Case:
        """Case `number`, always the same for one seed."""
        rng = Random(f"{self._seed} {number}")
        case = Case(number)
        root = self._at / f"root-{os.getpid()}" / str(number)
        template = rng.choice(self._templates)
        shutil.copytree(template, root, symlinks=True)
        session = root / ("sessions/demo" if (root / "sessions").is_dir() else "demo")
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            files = [p for p in session.rglob("*") if p.is_file() and not p.is_symlink()]
            if not files:
                break
            path = rng.choice(sorted(files))
            with contextlib.suppress(ValueError, RecursionError):
                how = spoil(rng, path, session, self._outside)
                case.spoiled.append(f"{template.name}/{path.relative_to(root)} {how}")
        beside = contents(root / "good")
        reset_peak()
        for name, action in self._actions(rng, root, session):
            case.done.append(name)
            self._do(case, name, action)
        case.megabytes = peak_mb()
        if case.megabytes > LARGE_MB:
            case.wrong.append(f"took {case.megabytes} MB")
        if contents(self._outside) != self._untouched:
            case.wrong.append("changed files outside of the session")
            self._untouched = contents(self._outside)
        if contents(root / "good") != beside:
            case.wrong.append("changed another session")
        shutil.rmtree(root, ignore_errors=True)
        return case

    def _actions(
        self, rng: Random, root: Path, session: Path
    ) -> Iterator[tuple[str, Callable[[], object]]]:
        name = str(session)
        yield "reader", lambda: read_all(session)
        yield "ls", lambda: self._main("ls", str(root), *rng.choice([(), ("--json",)]))
        yield "show", lambda: self._main("show", name, *rng.choice([(), ("--json",)]))
        out = root.parent / f"out-{root.name}"
        what = rng.choice(sorted(WHATS))
        form = "csv" if what == "sessions" or rng.random() < 0.8 else "svg"
        export = ("export", name, "--what", what, "--format", form, "--out", str(out))
        more = (str(root / "good"),) if what == "comparison" else ()
        yield f"export {what}", lambda: self._main(*export, *more)
        others: list[tuple[str, ...]] = [
            ("compare", name, str(root / "good")),
            ("watch", name),
            ("verify", name),
            ("fork", name, "--root", str(root), "--name", "forked"),
            ("whatif", name, "--set", "lr=0.01", "--at", rng.choice("0009"), "--seeds", "2"),
            ("resume", name, "--root", str(root), "--steps", "5", "--quiet"),
            ("stop", name),
            ("set", name, "mu=0.1"),
            ("fsck", name),
            ("fsck", name, "--repair"),
        ]
        rng.shuffle(others)
        for words in others[:3]:
            yield words[0], partial(self._main, *words)
        if rng.random() < 0.25:
            yield "store", lambda: look(root, session)
        if self._app:
            from tests.fuzz.tabs import every_tab

            yield "app", lambda: every_tab(root, session)
        shutil.rmtree(out, ignore_errors=True)

    def _do(self, case: Case, name: str, action: Callable[[], object]) -> None:
        began = time.process_time()
        try:
            action()
        except KeyboardInterrupt:
            case.wrong.append(f"{name}: an interrupt was not handled")
        except BaseException:
            case.wrong.append(f"{name}: {short(traceback.format_exc())}")
        took = time.process_time() - began
        case.slowest = max(case.slowest, (round(took, 2), name))
        if took > self._longest_s:
            case.wrong.append(f"{name}: took {took:.1f} s")
        case.wrong += [f"{name}: {short(trace)}" for trace in self._traces]
        self._traces.clear()

    def _main(self, *words: str) -> None:
        """A command, with what it may print."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), interrupted():
            code = main(words)
        said = out.getvalue() + err.getvalue()
        if code not in (0, 1, 2, 130):
            raise AssertionError(f"exit code {code}")
        if SECRET in said:
            raise AssertionError(f"{words[0]} shows a file outside of the session")
        odd = {c for c in said if not c.isprintable() and c != "\n"}
        if odd:
            raise AssertionError(f"{words[0]} prints {odd!r}")
        if code in (1, 2) and words[0] not in ("verify", "fsck") and not err.getvalue().strip():
            raise AssertionError(f"{words[0]} ended with {code} without a word")

    def _report(self, error: BaseException) -> str:
        self._traces.append("".join(traceback.format_exception(error)))
        return f"unexpected {error!r}"


@contextlib.contextmanager
def interrupted() -> Iterator[None]:
    """Ask the person's way (ctrl-C) for an end where something runs on."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGALRM)
    signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    signal.setitimer(signal.ITIMER_REAL, PATIENCE_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def read_all(session: Path) -> None:
    """All parts of what is found at a path, down to single records."""
    for place in find_sessions([session]):
        reader = SessionReader(place)
        reader.refresh(budget_rows=10)
        reader.trajectory()
        reader.series()
        reader.log()
        data = reader.refresh()
        for i in range(min(len(data.transactions), 50)):
            assert data.transactions[i].t == data.transactions.t[i]
        if data.history is not None:
            with np.errstate(all="ignore"):
                summarised(data.history)
                summarised(data.history, [spec.name for spec in specs_of(data)][:20])
        inventory(data, 60)
        for tensors in (data.checkpoint, data.begun):
            for name in list(tensors.specs if tensors is not None else ())[:20]:
                with contextlib.suppress(TttuiError):
                    figures(tensors, name)  # type: ignore[arg-type]
        for problem in data.problems:
            assert "\n" not in problem.reason, problem
        read_summary(place)


def look(root: Path, session: Path) -> None:
    """What the app's store makes of it, with everything that it can be asked for."""
    store = Store([root])
    store.want([feed.part.name for feed in FEEDS])
    store.start()
    place = next((p for p in find_sessions([root]) if p.path == session), None)
    if place is not None:
        store.open(place)
        store.list_files(place)
        store.compare(Place(root / "good", "native"))
        store.put_side_by_side([(place, None), (Place(root / "good", "native"), None)])
    store.trash(Place(session, "flat"))  # refused: it only has to be answered
    end = time.monotonic() + 20
    while store.snapshot.noted == 0 and time.monotonic() < end and store._thread.is_alive():
        time.sleep(0.005)
    store.stop()
    store._thread.join(20)
    assert store.snapshot.noted, "the store did not answer"
    assert not store._thread.is_alive(), "the store did not stop"
    # That a link is not followed is said as a failure to list what is behind it.
    failures = [said for said in store.snapshot.failures.values() if "leads out" not in said]
    assert not failures, failures


def short(trace: str) -> str:
    """The end of a traceback, where the defect is."""
    lines = [line for line in trace.splitlines() if not set(line) <= set(" ^~|")]
    return "\n".join(lines[-9:])


def contents(directory: Path) -> dict[str, tuple[int, int, int]]:
    """What would show that something was changed."""
    results = {}
    for path in [directory, *directory.rglob("*")]:
        stat = path.lstat()
        results[str(path)] = (stat.st_size, stat.st_mtime_ns, stat.st_mode)
    return results


def reset_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_mb() -> int:
    """The most memory that this process had since `reset_peak`."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) // 1024
    return 0
