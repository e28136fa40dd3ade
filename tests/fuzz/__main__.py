"""Runs many cases in worker processes, so that one that hangs or dies is seen and replaced."""

import argparse
import contextlib
import faulthandler
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from tests.fuzz.cases import Runner, make_templates

REPOSITORY = Path(__file__).resolve().parents[2]

DEAD_S = 90.0
"""Seconds without an answer after which a worker hangs, however busy the machine is."""


def main() -> int:
    """Run the cases; returns 1 where anything went wrong."""
    options = _options()
    if options.worker is not None:
        _work(options)
        return 0
    directory = Path(tempfile.mkdtemp(prefix="tttui-fuzz-", dir=options.dir))
    data = options.data or REPOSITORY.parent / "shared" / "data"
    make_templates(directory / "templates", data if data.is_dir() else None)
    numbers = iter(options.only or range(options.begin, options.begin + options.cases))
    lock, results = threading.Lock(), list[dict[str, Any]]()

    def one_worker() -> None:
        worker = _Worker(directory, options)
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                worker.end()
                return
            answer = worker.ask(number)
            with lock:
                results.append(answer)
                _tell(answer, len(results))

    threads = [threading.Thread(target=one_worker) for _ in range(options.jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shutil.rmtree(directory, ignore_errors=True)
    return _sum_up(results)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("cases", type=int, nargs="?", default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--begin", type=int, default=0, help="number of the first case")
    parser.add_argument("--only", type=int, nargs="+", help="these cases only")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--app", action="store_true", help="open every tab of the app as well")
    parser.add_argument("--of", nargs="+", default=[], help="only of these templates: text ...")
    parser.add_argument("--longest", type=float, default=5.0, help="seconds that one may take")
    parser.add_argument("--data", type=Path, help="directory with sessions of other programs")
    parser.add_argument("--dir", type=Path, help="where the sessions are made")
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _work(options: argparse.Namespace) -> None:
    """Answer case by case, on a stream that nothing else can write to."""
    faulthandler.register(signal.SIGUSR1)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored below a `&` of a shell
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    runner = Runner(
        options.worker, options.seed, longest_s=options.longest, app=options.app, of=options.of
    )
    for line in sys.stdin:
        answers.write(json.dumps(runner.run(int(line)).document()) + "\n")
        answers.flush()


class _Worker:
    """A process that runs cases one by one, made anew when it hangs or dies."""

    def __init__(self, directory: Path, options: argparse.Namespace) -> None:
        more = ["--app"] if options.app else []
        more += ["--of", *options.of] if options.of else []
        seed = ["--seed", str(options.seed), "--longest", str(options.longest), *more]
        self._words = [sys.executable, "-m", "tests.fuzz", "--worker", str(directory), *seed]
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self._process = self._started()

    def _started(self) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            self._words,
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def ask(self, number: int) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{number}\n")
            self._process.stdin.flush()
        ready, _, _ = select.select([self._process.stdout], [], [], DEAD_S)
        line = self._process.stdout.readline() if ready else ""
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        why = f"hung for {DEAD_S:.0f} s" if not ready else f"died ({self._process.wait()})"
        self._process.send_signal(signal.SIGUSR1)  # it says where it hangs
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2)
        self._process.kill()
        self._process.wait()
        self._errors.seek(0)
        said = self._errors.read()[-3000:]
        self._errors.truncate(0)
        self._process = self._started()
        wrong = [f"the worker {why}: {said}"]
        return {"number": number, "wrong": wrong, "spoiled": [], "megabytes": 0, "slowest": [0, ""]}

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def _tell(answer: dict[str, Any], count: int) -> None:
    for wrong in answer["wrong"]:
        print(f"--- case {answer['number']}: {', '.join(answer['spoiled'])}\n{wrong}", flush=True)
    if count % 100 == 0:
        print(f"{count} cases", file=sys.stderr, flush=True)


def _sum_up(results: list[dict[str, Any]]) -> int:
    spoiled = sum(len(answer["spoiled"]) for answer in results)
    done = Counter(name.split(" ")[0] for answer in results for name in answer.get("done", ()))
    wrong = [answer for answer in results if answer["wrong"]]
    seconds, what = max((tuple(answer["slowest"]) for answer in results), default=(0, ""))
    print(f"{len(results)} cases, {spoiled} spoiled files, {sum(done.values())} actions:")
    print("  " + ", ".join(f"{name} {n}" for name, n in done.most_common()))
    print(f"slowest {seconds} s ({what}), most memory {max(a['megabytes'] for a in results)} MB")
    print(f"{len(wrong)} went wrong: {[answer['number'] for answer in wrong][:50]}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
