"""Benchmarks: the table, the ranking of the chosen one, two contenders side by side, history."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal

from tttui.keys.command import Command
from tttui.keys.lab import paging
from tttui.lab.job import job_command
from tttui.model.arrays import Bools
from tttui.model.start import StartView
from tttui.panes.lab.base import Export, LabState
from tttui.panes.lab.benchmarks import facts
from tttui.panes.lab.benchmarks.drawings import ContenderPair, Ranking, chosen_pair
from tttui.panes.lab.benchmarks.rows import COLUMNS, RECORDED, WORDS, ContestRows, Contests
from tttui.panes.lab.jobs.table import JobTable
from tttui.panes.lab.tabled import NARROW
from tttui.panes.listing import TABLE
from tttui.panes.regions import Pages
from tttui.store.lab.benchmarks import BENCHMARKS, KINDS, Benchmarks
from tttui.widgets.page import Page
from tttui.widgets.table import Table

ROOMY = 30
"""Rows from which on the drawings have a place below the table."""

LOW = 16
"""Rows below which the ranking has no place below the table."""

AIRY = 36
"""Rows from which on they are set apart."""

MORE = ("history", "comparisons", "answers")
"""What `v` goes through."""

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


class BenchmarksView(JobTable):
    """A table of benchmarks and tests; below it, or on pages of their own, the results of one."""

    needs = frozenset({"jobs", "benchmarks"})
    words = WORDS
    region_names = (TABLE, "ranking", "pair", "more")
    sorts = ("newest", *(column.key for column in COLUMNS))
    keyed = frozenset({TABLE, "ranking", "pair", "more"})
    short_names: ClassVar[Mapping[str, str]] = {"pair": "side by side", "more": "history"}
    keys = KEYS
    meaning = MEANING
    kinds = KINDS
    reads = "benchmarks"
    thing, things = "benchmark", "benchmarks and tests"
    hint = "text  state:running  kind:abtest  contender:plain  age<24"
    empty_text = (
        "No benchmarks here yet. B starts one: the presets stable,plain compare two ways to learn "
        "on the same held-out streams. Models (6) tests a version against another. In the shell "
        "those are `tttui bench run --presets stable,plain` and `tttui model test SKILL@v2`."
    )
    shown_columns = COLUMNS
    DEFAULT_CSS = """
    BenchmarksView #ranking { height: 1fr; }
    BenchmarksView #pair { width: 3fr; margin-right: 1; }
    BenchmarksView #more { width: 2fr; }
    BenchmarksView.narrow #pair { margin-right: 0; }
    BenchmarksView.airy #ranking, BenchmarksView.airy #below { margin-top: 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._contests = Contests((), Benchmarks())
        self._contest = Benchmarks()
        self._more = MORE[0]
        self._contender = self._other = self._prompt = 0

    def compose(self) -> ComposeResult:
        yield from self.list_widgets()
        yield Ranking(id="ranking")
        with Horizontal(id="below"):
            yield ContenderPair(id="pair")
            yield Page("", id="more")

    # Regions

    def pages(self) -> Pages:
        width, height = self.room
        if width >= NARROW and height >= ROOMY:
            return ((TABLE, "ranking", "pair", "more"),)
        if width >= NARROW:
            return ((TABLE, "ranking"), ("pair", "more"))
        if height >= LOW:
            return ((TABLE, "ranking", "pair"), ("more",))
        return ((TABLE,), ("ranking",), ("pair",), ("more",))

    def size_regions(self) -> None:
        """The table and the ranking take the rows that they need where others follow."""
        self.set_class(self.room.height >= AIRY, "airy")
        height = self.room.height - 1
        shown = set(self.regions)
        table, ranking = self.query_one(Table), self.query_one("#ranking")
        table.styles.height = ranking.styles.height = "1fr"
        if shown != {TABLE} and TABLE in shown:
            rows = max(len(self.items) + 1, 4)
            table.styles.height = min(rows, max(height // 4, 5))
        if "pair" in shown and "ranking" in shown:
            rows = len(self._contest.contenders) + 6
            ranking.styles.height = min(rows, max(height * 2 // 5, 8))

    # Drawing

    def update(self, view: LabState) -> None:
        super().update(view)
        before, self._contest = self._contest, view.of(BENCHMARKS)
        if self._contest.path != before.path:
            self._contender = self._other = self._prompt = 0
        if self._contest is not before or self.items is not self._contests.jobs:
            self._contests = Contests(self.items, self._contest)
        if len(self._contest.contenders) != len(before.contenders):
            self.size_regions()

    def drawn_from(self, view: LabState) -> tuple[object, ...]:
        return self._contests, int(view.now // 10)

    def source(self, view: LabState) -> ContestRows:
        return ContestRows(self._contests, view.look, view.now)

    def matching(self, view: LabState) -> Bools | None:
        return self._contests.matching(self.query_now, view.now)

    @property
    def contest(self) -> Benchmarks:
        """The shown contest as far as it is read."""
        job = self.job
        mine = job is not None and self._contest.path == job.path
        return self._contest if mine else Benchmarks(self._contest.history, progress="reading")

    def show_one(self, view: LabState) -> None:
        super().show_one(view)
        contest, at = self.contest, self._place
        active = self.acting == "ranking"
        self.query_one(Ranking).show(contest, at, active=active)
        pair = chosen_pair(len(contest.contenders), at, self._other)
        self.query_one(ContenderPair).show(contest, pair, active=self.acting == "pair")
        page = self.query_one("#more", Page)
        name = str(contest.contenders[at]["name"]) if contest.contenders else ""
        title = f"{self._more.capitalize()} (v)"
        if self._more == "history":
            content, title = facts.history(contest, at), f"History of {name} (v)".replace("  ", " ")
        elif self._more == "answers":
            content = facts.answers(contest, self._prompt)
        else:
            content = facts.comparisons(contest)
        page.set_content(content, (contest, at, self._more, self._prompt, view.look), title)

    @property
    def _place(self) -> int:
        """The place of the chosen contender in the ranking."""
        return min(self._contender, max(len(self.contest.contenders) - 1, 0))

    # Keys

    def move_in(self, region: str, by: int) -> bool:
        if region == "ranking":
            last = max(len(self.contest.contenders) - 1, 0)
            self._contender = min(max(self._place + by, 0), last)
            self.desk.again()
            return True
        return super().move_in(region, by)

    def do_contender(self) -> str | None:
        """Choose the next contender of the ranking."""
        n = len(self.contest.contenders)
        if not n:
            return "There is no ranking yet."
        if not {"ranking", "pair"} & set(self.regions):
            self.turn_to("ranking")
            return None
        self._contender = (self._place + 1) % n
        self.desk.again()
        return f"Chosen: {self.contest.contenders[self._contender]['name']}"

    def do_other(self) -> str | None:
        """Compare the chosen contender with the next other one."""
        n = len(self.contest.contenders)
        if n < 2:
            return "There is no ranking yet."
        if not self.turned_to("pair"):
            self._other = (self._other + 1) % (n - 1)
            self.desk.again()
        return None

    def do_more(self) -> None:
        """Show the next of the texts."""
        if not self.turned_to("more"):
            known = self._texts
            self._more = known[(known.index(self._more) + 1) % len(known)]
            self.desk.again()

    @property
    def _texts(self) -> Sequence[str]:
        results = self.contest.results
        with_answers = results is not None and "prompts" in results
        return MORE if with_answers or self._more == "answers" else MORE[:2]

    def do_prompt(self) -> str | None:
        """Show the answers to the next prompt."""
        if "answers" not in self._texts:
            return "Only endpoints give answers."
        if self._more == "answers" and "more" in self.regions:
            self._prompt += 1
        self._more = "answers"
        self.turn_to("more")
        self.desk.again()
        return None

    def do_open(self) -> str | None:
        job = self.job
        if job is None:
            return "There is no benchmark under the cursor."
        self.desk.go_to("jobs", job.short)
        return None

    def do_start(self) -> None:
        """Ask for the options of a benchmark, and start it."""
        self.desk.form(("bench", "run"))

    def do_test(self) -> None:
        """Ask for the options of an A/B test, and start it."""
        self.desk.form(("model", "test"))

    def label(self, command: Command) -> str:
        match command.action:
            case "pane('contender')" | "pane('other')":
                return command.label if self.contest.contenders else ""
            case "pane('more')":
                known = self._texts
                at = known.index(self._more) + ("more" in self.regions)
                return known[at % len(known)] if self.job is not None else ""
        return super().label(command)

    # What leaves the view

    def copyable(self) -> Sequence[tuple[str, str]]:
        job, results = self.job, self.contest.results
        if job is None:
            return ()
        texts = [("Verdict", str(results["verdict"]))] if results is not None else []
        texts += [("Command", job.command), ("Handle", job.handle)]
        texts += [("Command to show it", job_command(job, "results"))]
        return [(what, text) for what, text in texts if text]

    def exportable(self) -> Export:
        contenders = self.contest.contenders
        if self.acting != TABLE and contenders:
            header = ("contender", *self._streams())
            rows = [
                [one["name"], *values.tolist()]
                for one, values in zip(contenders, self.contest.values, strict=True)
            ]
            return Export(f"benchmark-{self.cursor[:8]}", header, rows)
        rows = [self._contests.record(job) for job in self.shown_items]
        return Export("benchmarks", RECORDED, rows)

    def _streams(self) -> list[str]:
        """A name of each stream."""
        results = self.contest.results or {}
        named = results.get("stream_names") or results.get("prompts") or ()
        n = len(self.contest.values[0])
        return [str(name) for name in named] if len(named) == n else [f"{k + 1}" for k in range(n)]

    def look(self, start: StartView) -> StartView:
        more = None if self._more == MORE[0] else self._more
        return replace(super().look(start), view=more)

    def recall(self, start: StartView) -> None:
        if start.view in MORE:
            self._more = start.view
        super().recall(start)
