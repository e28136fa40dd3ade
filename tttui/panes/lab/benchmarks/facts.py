"""The texts about a benchmark: its history, answers side by side, all comparisons."""

import time
from collections.abc import Mapping
from typing import Any

from tttui.draw.cells import padded, wrapped
from tttui.draw.prose import Prose
from tttui.draw.sparks import sparks
from tttui.lab.evaluation.history import Step
from tttui.model.numbers import short
from tttui.store.lab.benchmarks import Benchmarks
from tttui.widgets.page import Content

MOST = 60
"""Results of a history that are shown."""

LONGEST_ANSWER = 3000
"""Characters of an answer that are shown."""


def history(benchmarks: Benchmarks, at: int) -> Content:
    """The results of the chosen contender, the newest first, each beside the one before it."""

    def write(prose: Prose) -> None:
        palette = prose.palette
        mine = _steps(benchmarks, at)
        if not mine:
            prose.say("No results yet.", palette.muted)
            return
        flagged = [s for s in mine if {"worse", "slower", "failing"} & {*s.flags}]
        if len(mine) == 1:
            prose.say("1 result, and none before it to compare with", palette.muted)
        elif flagged:
            sentence = f"{len(flagged)} of {len(mine)} results worse or slower than the one before"
            prose.say(sentence, palette.bad)
        else:
            sentence = f"{len(mine)} results, none worse than the one before beyond chance"
            prose.say(sentence, palette.muted)
        if len(mine) > 1:
            glyphs = prose.glyphs
            for name, title in ((None, "loss"), ("steps_per_s", "speed")):
                values = [_figure(step, name) for step in mine[-prose.width + 8 :]]
                if any(value is not None for value in values):
                    drawn = sparks(values, glyphs)
                    prose.line((f"{title:<7}", palette.muted), (drawn, palette.adaptive))
        for step in mine[: -MOST - 1 : -1]:
            one = step.result
            when = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.time))
            loss = _figure(step)
            bad = bool({"worse", "slower", "failing"} & {*step.flags})
            sentence = step.text or "the first on these streams"
            prose.gap().line(
                (f"{when}  ", palette.muted),
                ("diverged" if loss is None else short(loss), palette.text, True),
            ).say(f"  {'! ' if bad else ''}{sentence}", palette.bad if bad else palette.text)
            pace = one.figures["steps_per_s"]
            busy = " on a busy machine" if one.raw.get("busy") else ""
            parts = [f"{short(pace)} {_pace(one.task)}{busy}"] if pace else []
            parts += [one.code, f"torch {one.torch}" if one.torch else "", one.machine]
            prose.say("  " + ", ".join(filter(None, parts)), palette.muted)

    return write


def comparisons(benchmarks: Benchmarks) -> Content:
    """All pairs in words, and what they rest on."""

    def write(prose: Prose) -> None:
        results = benchmarks.results
        if results is None:
            prose.say(benchmarks.progress or "No results yet.", prose.palette.muted)
            return
        prose.say(str(results["verdict"]), prose.palette.accent, bold=True)
        if sentence := results.get("streams_are"):
            prose.say(f"on {sentence}", prose.palette.muted)
        for pair in results.get("pairs", ()):
            if pair.get("verdict") != results["verdict"]:
                prose.gap().say(str(pair.get("verdict", "")))
            if isinstance(pace := pair.get("tokens_per_s"), Mapping):
                prose.say(str(pace.get("verdict", "")))
        for one in benchmarks.contenders:
            prose.gap().say(str(one["name"]), prose.palette.accent, bold=True)
            for name, text in _figures(results, one):
                prose.field(name, text, 16)

    return write


def answers(benchmarks: Benchmarks, prompt: int) -> Content:
    """The answers of all endpoints to one prompt, in columns where there is room."""

    def write(prose: Prose) -> None:
        results, palette = benchmarks.results, prose.palette
        if results is None or "prompts" not in results:
            prose.say("Only endpoints give answers.", palette.muted)
            return
        prompts = results["prompts"]
        k = prompt % len(prompts)
        prose.say(f"prompt {k + 1} of {len(prompts)} (m): {prompts[k]}", palette.accent)
        prose.gap()
        columns = max(1, min(len(benchmarks.contenders), prose.width // 34))
        each = (prose.width - 2 * (columns - 1)) // columns
        for first in range(0, len(benchmarks.contenders), columns):
            some = benchmarks.contenders[first : first + columns]
            texts = [_answer(one, k, each) for one in some]
            heads = [(padded(str(one["name"])[:each], each), palette.accent, True) for one in some]
            prose.line(*_joined(heads))
            inks = [palette.bad if one["answers"][k]["error"] else palette.text for one in some]
            for row in range(max(map(len, texts))):
                cells = [
                    (padded(text[row] if row < len(text) else "", each), ink, False)
                    for text, ink in zip(texts, inks, strict=True)
                ]
                prose.line(*_joined(cells))
            prose.gap()

    return write


def _steps(benchmarks: Benchmarks, at: int) -> list[Step]:
    """The history of the contender at a place of the ranking."""
    if benchmarks.path is None or at >= len(benchmarks.contenders):
        return []
    handle, name = benchmarks.path.name, benchmarks.contenders[at]["name"]
    lines = {
        s.result.line
        for s in benchmarks.history
        if s.result.job == handle and s.result.contender == name
    }
    return [step for step in benchmarks.history if step.result.line in lines]


def _figure(step: Step, name: str | None = None) -> float | None:
    """A figure of a result; the loss that decides where no name is said."""
    one = step.result
    return one.figures[name or ("whole" if one.by == "whole" else "last")]


def _figures(results: Mapping[str, Any], one: Mapping[str, Any]) -> list[tuple[str, str]]:
    speeds = results.get("speeds", {}).get(one["name"], {})
    figures = [
        ("whole stream", one.get("whole")),
        ("last 100 steps", one.get("last")),
        ("worst tenth", one.get("worst_tenth")),
        ("wins", one.get("wins")),
        ("than frozen", (one.get("improvement") or {}).get("text")),
        ("commits", one.get("commits")),
        ("rollbacks", one.get("rollbacks")),
        ("steps/s", speeds.get("steps_per_s")),
        ("ms an update", speeds.get("latency_ms")),
        ("first token s", one.get("first_s")),
        ("tokens/s", one.get("tokens_per_s")),
        ("errors", one.get("errors")),
        ("cost in dollars", one.get("cost")),
    ]
    return [(name, _text(value)) for name, value in figures if value is not None]


def _text(value: Any) -> str:
    return short(value) if isinstance(value, float) else str(value)


def _pace(task: str) -> str:
    return "tokens/s" if task == "prompts" else "steps/s"


def _answer(one: Mapping[str, Any], k: int, width: int) -> list[str]:
    answer = one["answers"][k]
    text = str(answer["text"])[:LONGEST_ANSWER]
    if answer["error"]:
        text = f"error: {answer['error']}"
    lines = [row for part in text.splitlines() for row in (wrapped(part, width) or [""])]
    first, cost = answer.get("first_s"), answer.get("cost")
    facts = [f"first token {first:.2f} s"] if isinstance(first, (int, float)) else []
    facts += [f"${cost:.2g}"] if isinstance(cost, (int, float)) else []
    return [*lines, ", ".join(facts)[:width]]


def _joined(cells: list[tuple[str, Any, bool]]) -> list[tuple[str, Any, bool]]:
    """Cells of a line with two spaces between."""
    out: list[tuple[str, Any, bool]] = []
    for k, (text, ink, bold) in enumerate(cells):
        out.append((f"  {text}" if k else text, ink, bold))
    return out
