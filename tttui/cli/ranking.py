"""Results of contests as lines of text."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tttui.cli.output import number, table

if TYPE_CHECKING:
    from tttui.lab.evaluation.history import Step

LONGEST_ANSWER = 300
"""Characters of an answer that are printed; --json has all."""


def ranking_lines(result: Mapping[str, Any]) -> list[str]:
    """The ranking and all comparisons, as lines of text."""
    if "prompts" in result:
        return _answer_lines(result)
    decides = "whole stream" if result["by"] == "whole" else "last 100 steps"
    rows = [
        (
            str(one["rank"]),
            one["name"],
            loss_text(one["whole"]),
            loss_text(one["last"]),
            loss_text(one["worst_tenth"]),
            str(one["wins"]),
            one["improvement"]["text"],
            number(result["speeds"][one["name"]]["steps_per_s"], 3),
            number(result["speeds"][one["name"]]["latency_ms"], 3),
        )
        for one in result["contenders"]
    ]
    losses = ("whole", "last 100", "worst 10th")
    headers = ("rank", "contender", *losses, "wins", "than frozen", "steps/s", "ms/update")
    together = "" if result["comparisons"] == 1 else ", which all hold together with 95 %"
    return [
        f"{result['loss']}, medians over {result['streams_are']};",
        f"ranked by the {decides}",
        *table(headers, rows, right={0, 2, 3, 4, 5, 7, 8}),
        "",
        f"confidence intervals{together}:",
        *(f"  {pair['verdict']}" for pair in result["pairs"]),
        "",
        result["verdict"],
        "speeds depend on what else the machine did; they were measured in turn",
    ]


def _answer_lines(result: Mapping[str, Any]) -> list[str]:
    """Endpoints ranked, and their answers to each prompt side by side."""
    rows = [
        (
            str(one["rank"]),
            one["name"],
            number(one["first_s"], 3),
            number(one["first_p95_s"], 3),
            number(one["tokens_per_s"], 3),
            str(one["errors"]),
            "-" if one["cost"] is None else f"${one['cost']:.4g}",
        )
        for one in result["contenders"]
    ]
    headers = ("rank", "endpoint", "first token s", "p95", "tokens/s", "errors", "cost")
    lines = table(headers, rows, right={0, 2, 3, 4, 5, 6})
    lines += ["", "confidence intervals, of the ranking all together with 95 %:"]
    for pair in result["pairs"]:
        lines += [f"  {pair['verdict']}", f"  {pair['tokens_per_s']['verdict']}"]
    for k, prompt in enumerate(result["prompts"]):
        lines += ["", f"prompt {k + 1}: {_one_line(prompt)}"]
        for one in result["contenders"]:
            answer = one["answers"][k]
            answer_text = f"error: {answer['error']}" if answer["error"] else answer["text"]
            lines.append(f"  {one['name']}: {_one_line(answer_text)}")
    return [*lines, "", result["verdict"]]


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_ANSWER else line[: LONGEST_ANSWER - 3] + "..."


def loss_text(value: float | None) -> str:
    return "diverged" if value is None else number(value)


def history_row(step: "Step") -> tuple[str, ...]:
    one = step.result
    return (
        time.strftime("%Y-%m-%d %H:%M", time.localtime(one.time)),
        one.contender[:30],
        one.task,
        loss_text(one.figures["whole" if one.by == "whole" else "last"]),
        step.text or "-",
        number(one.figures["steps_per_s"], 3) + (" busy" if one.raw.get("busy") else ""),
        one.code,
        one.torch.partition("+")[0] or "-",
    )


def history_document(step: "Step") -> dict[str, Any]:
    one = step.result
    return {
        **{k: v for k, v in one.raw.items() if k != "checksum"},
        "than_before": step.text,
        "flags": list(step.flags),
        "before": None if step.before is None else step.before.job,
    }
