"""The keys of the view of benchmarks, and what its help says."""

from tttui.keys.command import Command
from tttui.keys.lab import paging

KEYS: tuple[Command, ...] = (
    Command("pane('open')", "enter", "job", "Show the job among the jobs", "Benchmarks"),
    Command(
        "pane('start')",
        "B",
        "benchmark",
        "Start a benchmark: a form of the options of `tttui bench run`",
        "Benchmarks",
        footer=True,
    ),
    Command(
        "pane('test')",
        "T",
        "test",
        "Start an A/B test of a version: a form of the options of `tttui model test`",
        "Benchmarks",
    ),
    Command(
        "pane('contender')",
        "c",
        "contender",
        "The next contender of the ranking",
        "Benchmarks",
        footer=True,
    ),
    Command(
        "pane('other')",
        "o",
        "other",
        "Compare the chosen contender with the next other one",
        "Benchmarks",
        footer=True,
    ),
    Command(
        "pane('more')",
        "v",
        "history ...",
        "Go through the history, the answers of endpoints, and all comparisons",
        "Benchmarks",
        footer=True,
    ),
    Command("pane('prompt')", "m", "prompt", "The answers to the next prompt", "Benchmarks"),
    *paging(),
)

MEANING = (
    "Benchmarks and A/B tests: contenders that learned on the same held-out streams. The ranking "
    "draws each contender's difference from the first one with its confidence interval; the "
    "intervals of all pairs hold together with 95 %. A filled mark is a difference beyond chance, "
    "an open one is none. Below it the chosen contender (c) and another one (o) stand side by "
    "side, with their difference on every stream, the best first: bars up are streams on which it "
    "is better. v goes through the history of the chosen contender, the answers of endpoints (m "
    "turns to the next prompt), and all comparisons in words. No interval is shown before all "
    "parts are computed: stopping at a result that one likes finds differences where none are."
)
