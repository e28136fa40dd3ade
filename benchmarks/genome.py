"""What compositions of skills are worth: `python -m benchmarks.genome pointmass|text`.

Two skills over one base are merged by each method, and the merge learns on held-out streams beside
its parents and the base. The point mass: skills of mu 0.15 and 0.35, worlds of mu 0.25, several
pairs of skills. Text: a skill of English prose and one of Python, READMEs that mix both.
"""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np

from benchmarks.cells import HELD_OUT, Cell, base_of, settings_of
from tttui.lab.evaluation import Contender, HeldOutStream, StreamOutcome, evaluate, paired
from tttui.lab.genome.methods import MergePart, Recipe, merge
from tttui.model.arrays import PLASTIC, Weights
from tttui.tasks.pointmass.engine.many import run_many

RECIPES = {
    "linear 0.5 + 0.5": Recipe("linear"),
    "mean": Recipe("mean"),
    "ties 0.2": Recipe("ties", 0.2),
    "ties 1.0": Recipe("ties", 1.0),
    "dare 0.5": Recipe("dare", 0.5),
    "sum (linear 1 + 1)": Recipe("linear"),
}

FIRST = 32
"""Steps at the beginning, before anything was learned from the stream (one chunk)."""

PAIRS = 8
WORLDS = 64

PROSE = ("scikit-learn", "datasets/descr/")
READMES = (
    *("pydantic", "tqdm", "openai", "rich", "typer", "psutil", "regex", "fastapi", "narwhals"),
    *("pathspec", "wcwidth", "huggingface_hub", "transformers", "sortedcontainers"),
)
SIZE = 64 * 1024
"""Bytes that a skill reads."""

README = 64 * 128
"""Bytes of a held-out document."""


def merged(base: Weights, skills: Sequence[Weights], recipe: Recipe, weight: float) -> Weights:
    """The merge of some skills of equal weight."""

    def part(i: int, name: str) -> MergePart:
        return MergePart(f"skill {i}", f"{i}", weight, lambda: skills[i][name])

    return {
        name: merge(base[name], [part(i, name) for i in range(len(skills))], recipe, name)
        for name in skills[0]
    }


def all_merges(base: Weights, skills: Sequence[Weights]) -> dict[str, Weights]:
    """By what the table calls them."""
    return {
        name: merged(base, skills, recipe, 1.0 if "sum" in name else 0.5)
        for name, recipe in RECIPES.items()
    }


def table(
    parents: Sequence[str], found: Mapping[str, Sequence[StreamOutcome]], *, unit: str, first: int
) -> None:
    """Medians over the streams, and each against the best parent."""
    whole = {name: [one.whole for one in outcomes] for name, outcomes in found.items()}
    best = min(parents, key=lambda name: float(np.median(whole[name])))
    print(f"{'':20} {f'first {first}':>10} {'whole':>10} {'last 100':>10}  against {best}")
    for name, outcomes in found.items():
        begin = np.median([one.adaptive[:first].mean() for one in outcomes])
        last = np.median([one.last for one in outcomes])
        row = f"{name:20} {begin:10.4g} {np.median(whole[name]):10.4g} {last:10.4g}"
        if name != best:
            one = paired(whole[name], whole[best], ratio=not unit, unit=unit)
            row += f"  {one.amount} ({one.between}), better on {one.wins} of {one.n}"
        print(row)


def point_mass() -> None:
    """Pairs of skills, each on the same worlds; the rows of all pairs together."""
    cell = Cell("linear", 0.01, (0.25, 0.25))
    settings = settings_of(cell, "spread")
    base = base_of(settings)
    plastic = {name: np.asarray(base[name], np.float32) for name in PLASTIC}
    trained: dict[float, Weights] = {}
    for mu in (0.15, 0.35):
        seeds = range(HELD_OUT, HELD_OUT + PAIRS)
        trained[mu] = run_many(settings, base, seeds, [mu] * PAIRS).weights
    streams = [
        HeldOutStream(f"world {i}", {"seed": HELD_OUT + 1000 + i, "mu": 0.25, "noise_std": 0.01})
        for i in range(WORLDS)
    ]
    found: dict[str, list[StreamOutcome]] = {}
    for pair in range(PAIRS):
        skills = [{name: W[pair] for name, W in trained[mu].items()} for mu in trained]
        starts: dict[str, Weights | None] = {"base": None}
        starts |= dict(zip(("mu 0.15", "mu 0.35"), skills, strict=True))
        starts |= all_merges(plastic, skills)
        for name, tensors in starts.items():
            contender = Contender(name, "pointmass", {}, tensors)
            found.setdefault(name, []).extend(evaluate(contender, streams))
    print(f"point mass, mu 0.25, noise 0.01: {PAIRS} pairs of skills, {WORLDS} worlds each")
    table(("mu 0.15", "mu 0.35"), found, unit="", first=FIRST)


def prose() -> bytes:
    """English prose that scikit-learn carries."""
    package, folder = PROSE
    paths = [f for f in distribution(package).files or () if folder in str(f)]
    parts = [Path(str(p.locate())).read_bytes() for p in sorted(paths) if p.suffix == ".rst"]
    return b"\n\n".join(parts)[:SIZE]


def python() -> bytes:
    """Sources of Python's standard library."""
    import argparse
    import inspect

    return b"\n".join(Path(inspect.getfile(m)).read_bytes() for m in (argparse, inspect))[:SIZE]


def readmes() -> dict[str, bytes]:
    """What packages say of themselves, where they are installed."""
    found = {}
    for name in READMES:
        try:
            text = str(distribution(name).metadata.json.get("description", "")).encode()
        except PackageNotFoundError:
            continue
        if len(text) >= README:
            found[name] = text[:README]
    return found


def text() -> None:
    """Skills that have read documents of two kinds, on documents that mix them."""
    from tttui.runs.tasksettings import TaskSettings
    from tttui.runs.taskstepper import new_learner
    from tttui.tasks.text.shipped import shipped
    from tttui.tasks.text.task import TextTask

    with tempfile.TemporaryDirectory() as folder:

        def stream(name: str, content: bytes) -> HeldOutStream:
            path = Path(folder, name.replace("/", "-"))
            path.write_bytes(content)
            return HeldOutStream(name, {"file": str(path)})

        skills: dict[str, Weights] = {}
        for name, content in (("prose", prose()), ("Python", python())):
            values = dict(stream(name, content).values)
            task, learner = new_learner(TaskSettings.chosen(TextTask, values), None)
            for t in range(task.steps or 0):
                learner.observe(task.batch(t))
            skills[name] = {k: p.detach().numpy().copy() for k, p in learner.plastic.items()}
            print(f"{name}: read {len(content)} bytes", file=sys.stderr)
        base: Weights = dict(shipped()[1])
        starts: dict[str, Weights | None] = {"base": None, **skills}
        starts |= all_merges({k: np.asarray(base[k]) for k in skills["prose"]}, [*skills.values()])
        streams = [stream(name, content) for name, content in readmes().items()]
        found = {}
        for name, tensors in starts.items():
            found[name] = evaluate(Contender(name, "text", {}, tensors), streams)
            print(f"{name}: done", file=sys.stderr)
    print(f"text: {len(streams)} READMEs of {README} bytes; bits a byte")
    table(tuple(skills), found, unit="bits", first=FIRST)


if __name__ == "__main__":
    {"pointmass": point_mass, "text": text}[sys.argv[1] if len(sys.argv) > 1 else "pointmass"]()
