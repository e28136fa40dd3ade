"""The view of benchmarks: the ranking with its intervals, two contenders side by side, history."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.app.conftest import NOW, Driver, OpenApp
from tests.jobdirs import handle_of, make_job
from tttui.lab.evaluation.contest import Contest, ContestEntry
from tttui.lab.evaluation.prompts import summary
from tttui.lab.evaluation.ranking import ranking
from tttui.model.arrays import Floats
from tttui.panes.lab.benchmarks.view import BenchmarksView

NAMES = ("stable", "nearly the same", "plain")

LOSSES = np.exp(np.random.default_rng(0).normal(0, 2, 16))


def rows(factors: Floats) -> list[dict[str, Any]]:
    """What a contender had on every stream, as factors of the losses of the first one."""
    kept = {"frozen_whole": 9.0, "frozen_last": 9.0, "seconds": 1.0, "steps": 600}
    kept |= {"commits": 18, "rollbacks": 0}
    losses = (LOSSES * factors).tolist()
    return [{**kept, "whole": v, "last": v, "latency_ms": [2.0]} for v in losses]


def answered(name: str, k: int) -> dict[str, Any]:
    error = "429 too many requests" if name == "beta" and k == 0 else ""
    seconds = (0.1 if name == "alpha" else 0.3) + 0.001 * k
    return {"text": f"{name} says \x1b[31m{k}", "error": error, "first_s": seconds,
            "seconds": 2 * seconds, "tokens_per_s": 50.0, "cost": None}  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with a benchmark, endpoints that were asked, a test that runs, and a damaged one."""
    path = tmp_path / "runs"
    contest = Contest("pointmass", tuple(ContestEntry(name) for name in NAMES), {}, 16)
    wobble = np.where(np.arange(16) % 2, 1.01, 0.99)
    table = [rows(f) for f in (np.ones(16), wobble, np.full(16, 3.0))]
    results = ranking(contest, contest.streams_of(path), table, [[], [], []])
    make_job(path, 1, kind="benchmark", created=NOW - 400, results=results)
    prompts = [f"question {k}" for k in range(8)]
    names = ("alpha", "beta")
    asked = [[answered(name, k) for k in range(8)] for name in names]
    endpoints = summary(names, names, prompts, asked)
    make_job(path, 2, kind="benchmark", created=NOW - 300, results=endpoints)
    make_job(path, 3, kind="abtest", created=NOW - 200, state="running", progress=0.5,
             results={"complete": False, "parts": 2, "parts_in_all": 4})  # fmt: skip
    make_job(path, 4, kind="abtest", created=NOW - 100, results={"complete": True})
    make_job(path, 5, created=NOW - 50)
    lines = [
        {"time": NOW - 400 - 100 * k, "job": "older" if k else handle_of(1), "task": "pointmass",
         "contender": "stable", "setup": "s", "streams_key": "k", "by": "whole", "unit": "",
         "values": (LOSSES if not k else LOSSES / 2).tolist(), "verdict": results["verdict"],
         "whole": 1.0, "steps_per_s": 3000.0, "machine": "m"}
        for k in (1, 0)
    ]  # fmt: skip
    (path / ".lab" / "benchmarks.jsonl").write_text("".join(f"{json.dumps(s)}\n" for s in lines))
    return path


def shown(driver: Driver) -> BenchmarksView:
    assert driver.app.lab is not None
    view = driver.app.lab.shown
    assert isinstance(view, BenchmarksView)
    return view


async def open_benchmarks(driver: Driver, number: int) -> BenchmarksView:
    """The view with the n-th job chosen and read."""
    await driver.press("b")
    while driver.app.lab is None or driver.app.lab.name_shown != "benchmarks":
        await driver.press("tab")
    view = shown(driver)
    await driver.until(lambda: len(view.items) == 4, "the benchmarks")
    while view.job is None or view.job.handle != handle_of(number):
        await driver.press("down")
    await driver.until(lambda: view.contest.path is not None, "its results")
    return view


async def test_the_ranking_draws_intervals_and_says_where_there_is_no_difference(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root) as driver:
        await open_benchmarks(driver, 1)
        text = driver.text()
        assert "no difference between stable and nearly the same; plain behind" in text
        plain = next(line for line in text.splitlines() if " 3 plain" in line)
        assert "●" in plain
        assert plain.rstrip().endswith("3.0 times worse")
        same = next(line for line in text.splitlines() if " 1 nearly the same" in line)
        assert "○" in same
        assert same.rstrip().endswith("no difference")
        assert "History of stable" in text
        assert "2.0 times worse" in text
        assert "1 of 2 results worse or slower than" in text


async def test_two_contenders_stand_side_by_side_and_answers_to_one_prompt(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root, size=(80, 24)) as driver:
        await open_benchmarks(driver, 1)
        assert "stable against nearly the same" in driver.text()
        await driver.press("o")
        assert "stable is 67 % better than plain" in driver.text().replace("\n", " ")
        await driver.press("c")
        assert "nearly the same against" in driver.text()
        while shown(driver).job.handle != handle_of(2):  # type: ignore[union-attr]
            await driver.press("up")
        await driver.press("m")
        assert "prompt 1 of 8 (m): question 0" in driver.text()
        assert "error: 429 too many requests" in driver.text()
        assert "alpha says \\x1b[31m0" in driver.text()
        await driver.press("m")
        assert "beta says \\x1b[31m1" in driver.text()


async def test_what_is_not_complete_or_damaged_says_so_and_tells_no_interval(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root, ascii=True) as driver:
        await open_benchmarks(driver, 3)
        assert "2 of 4 parts are computed; no interval before all are" in driver.text()
        await driver.press("up")
        await driver.until(lambda: "damaged" in driver.text(), "the damaged one")
        assert "results.json is damaged" in driver.text()
        assert driver.text().isascii()


async def test_a_benchmark_is_started_by_the_form_of_its_command(
    root: Path, open_app: OpenApp
) -> None:
    async with open_app(root) as driver:
        await open_benchmarks(driver, 1)
        await driver.press("B", "down", "down", *"stable", "comma", *"plain")
        await driver.until(lambda: "--presets stable,plain" in driver.text(), "the command line")
        await driver.press("escape", "T")
        assert "tttui model test" in driver.text()
