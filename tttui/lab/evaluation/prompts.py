"""Endpoints asked the same prompts, in turn: how fast they answer, what, and what it costs."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from tttui.lab.evaluation.ranking import document, middle, ranks_of, verdict
from tttui.lab.evaluation.statistics import PairedComparison, fewest, paired, simultaneous
from tttui.model.arrays import Floats
from tttui.model.errors import RefusedInput
from tttui.model.improvement import percentiles

if TYPE_CHECKING:
    from tttui.lab.context import Context

PROMPTS = (
    "Name three uses of a magnet.",
    "Explain in two sentences why the sky is blue.",
    "Write a Python function that returns the sum of the squares of a list.",
    "What is 17 times 23? Show the steps.",
    "Translate into German: the train leaves at nine.",
    "Summarise in one sentence: bees make honey from nectar and store it for the winter.",
    "List the planets of the solar system by distance from the sun.",
    "What does the word friction mean in physics?",
    "Write a haiku about rain.",
    "Give an example of a loss that is not convex.",
    "Which is heavier, a kilogram of iron or a kilogram of feathers, and why?",
    "Correct the grammar: he go to school every days.",
)
"""Asked where nothing else is said: each once, since a repeated one may come from a cache."""

LONGEST_PROMPT = 20_000
MOST_PROMPTS = 200


def read_prompts(text: str, where: str) -> list[str]:
    """Prompts of a file, with empty lines between them. Raises RefusedInput naming the file."""
    prompts = [part.strip() for part in text.replace("\r\n", "\n").split("\n\n") if part.strip()]
    if not prompts:
        raise RefusedInput(f"{where}: holds no prompt; write some, with empty lines between")
    if len(prompts) > MOST_PROMPTS or max(map(len, prompts)) > LONGEST_PROMPT:
        raise RefusedInput(
            f"{where}: at most {MOST_PROMPTS} prompts of {LONGEST_PROMPT} characters are asked"
        )
    return prompts


def chosen(prompts: Sequence[str], count: int | None, endpoints: int) -> list[str]:
    """`count` prompts, repeated from the first if there are fewer.

    Raises RefusedInput where a difference between the endpoints could not be told from chance.
    """
    n = len(prompts) if count is None else count
    least = fewest(endpoints * (endpoints - 1) // 2)
    if not least <= n <= MOST_PROMPTS:
        raise RefusedInput(
            f"{n} prompts: no difference between {endpoints} endpoints could be told from chance; "
            f"take {least} to {MOST_PROMPTS}"
        )
    return [prompts[i % len(prompts)] for i in range(n)]


def answers(context: "Context", providers: Sequence[str], prompts: Sequence[str]) -> dict[str, Any]:
    """Ask every prompt that has no answer yet; returns results.json."""
    from tttui.lab.providers import providers_named
    from tttui.lab.providers.prompting import ask

    by_name = {one.name: one for one in providers_named(providers)}
    plan = {}
    for k, prompt in enumerate(prompts):
        at = k % len(providers)
        for name in (*providers[at:], *providers[:at]):
            plan[f"{name}: prompt {k + 1}"] = (name, k, prompt)
    try:
        for part in context.remaining(list(plan)):
            name, _, prompt = plan[part]
            answer = ask(by_name[name], prompt)
            context.finish_part(
                part,
                {
                    "text": answer.text,
                    "error": answer.error,
                    "first_s": answer.first_s,
                    "seconds": answer.seconds,
                    "tokens_in": answer.tokens_in,
                    "tokens_out": answer.tokens_out,
                    "tokens_per_s": answer.tokens_per_s,
                    "cost": answer.cost,
                },
            )
            context.results(
                {"complete": False, "parts": len(context.parts), "parts_in_all": len(plan)}
            )
    finally:
        for provider in by_name.values():
            provider.close()
    rows = [
        [context.parts[f"{name}: prompt {k + 1}"] for k in range(len(prompts))]
        for name in providers
    ]
    return summary(list(providers), [by_name[n].identity for n in providers], list(prompts), rows)


def summary(
    names: Sequence[str],
    identities: Sequence[str],
    prompts: Sequence[str],
    rows: Sequence[Sequence[Mapping[str, Any]]],
) -> dict[str, Any]:
    """results.json: ranked by the latency to the first token; `rows` [endpoints][prompts]."""
    first = [_column(of_one, "first_s") for of_one in rows]
    pace = [_column(of_one, "tokens_per_s") for of_one in rows]
    level = simultaneous(len(names) * (len(names) - 1) // 2)
    compared: dict[tuple[int, int], PairedComparison] = {}
    pairs = []
    for i, j in combinations(range(len(names)), 2):
        compared[i, j] = one = paired(first[i], first[j], level=level)
        faster = paired(pace[i], pace[j], lower_is_better=False, level=level)
        sentence = one.verdict(names[i], names[j], "prompts")
        pairs.append(
            {
                "a": names[i],
                "b": names[j],
                **document(one),
                "verdict": f"latency to the first token: {sentence}",
                "tokens_per_s": {
                    **document(faster),
                    "verdict": f"tokens a second: {faster.verdict(names[i], names[j], 'prompts')}",
                },
            }
        )
    ranks = ranks_of(len(names), compared)
    lines = [
        {
            "name": name,
            "identity": identities[i],
            "provider": name,
            "rank": ranks[i],
            "first_s": _middle(first[i]),
            "first_p95_s": _high(first[i]),
            "tokens_per_s": _middle(pace[i]),
            "seconds": _middle(_column(rows[i], "seconds")),
            "errors": sum(bool(row["error"]) for row in rows[i]),
            "cost": _sum(rows[i]),
            "answers": list(rows[i]),
        }
        for i, name in enumerate(names)
    ]
    result = {
        "complete": True,
        "prompts": list(prompts),
        "streams": len(prompts),
        "comparisons": len(pairs),
        "contenders": sorted(lines, key=lambda one: (one["rank"], one["first_s"] or np.inf)),
        "pairs": pairs,
    }
    return {**result, "verdict": verdict(result, "prompts, by the latency to the first token")}


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> Floats:
    """One value per answer; NaN, which counts as worst, if there is none."""
    values = [row[name] if not row["error"] else None for row in rows]
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


def _middle(values: Floats) -> float | None:
    there = values[np.isfinite(values)]
    return middle(there) if len(there) else None


def _high(values: Floats) -> float | None:
    there = values[np.isfinite(values)]
    return percentiles(there, [95.0])[0] if len(there) else None


def _sum(rows: Sequence[Mapping[str, Any]]) -> float | None:
    costs = [row["cost"] for row in rows if row["cost"] is not None]
    return sum(costs) if costs else None
