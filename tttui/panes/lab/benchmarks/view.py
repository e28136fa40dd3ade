"""Benchmarks: the table, the ranking of the chosen one, two contenders side by side, history."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal

from tttui.keys.command import Command
from tttui.lab.job import Job, job_command
from tttui.model.query import Query
from tttui.model.start import StartView
from tttui.panes.lab.base import Export, LabState
from tttui.panes.lab.benchmarks import facts
from tttui.panes.lab.benchmarks.drawings import Ranking, SideBySide, chosen_pair
from tttui.panes.lab.benchmarks.keys import KEYS, MEANING
from tttui.panes.lab.benchmarks.rows import COLUMNS, RECORDED, WORDS, ContestRows, Contests
from tttui.panes.lab.tabled import TableView
from tttui.panes.listing import TABLE
from tttui.panes.regions import Pages
from tttui.store.lab.benchmarks import BENCHMARKS, KINDS, Benchmarks
from tttui.store.lab.jobs import JOBS, Jobs
from tttui.widgets.page import Page
from tttui.widgets.querybar import QueryBar
from tttui.widgets.table import Table
from tttui.widgets.table_columns import Column

NARROW = 100
"""Columns below which nothing stands beside another thing."""

ROOMY = 30
"""Rows from which on the drawings have a place below the table."""

AIRY = 36
"""Rows from which on they are set apart."""

MORE = ("history", "comparisons", "answers")
"""What `v` goes through."""

HINT = "text  state:running  kind:abtest  contender:plain  age<24"

EMPTY = (
    "No benchmarks here yet. `tttui bench run --presets stable,plain` compares two ways to learn "
    "on the same held-out streams, `tttui model test SKILL@v2` tests a version; B starts one here."
)


class BenchmarksView(TableView):
    """A table of benchmarks and tests; below it, or on pages of their own, what came of one."""

    needs = frozenset({"jobs", "benchmarks"})
    words = WORDS
    region_names = (TABLE, "ranking", "pair", "more")
    sorts = ("newest", *(column.key for column in COLUMNS))
    keyed = frozenset({TABLE, "ranking", "pair", "more"})
    short_names: ClassVar[Mapping[str, str]] = {"pair": "side by side", "more": "history"}
    keys = KEYS
    meaning = MEANING
    DEFAULT_CSS = """
    BenchmarksView { layout: vertical; height: 1fr; }
    BenchmarksView Table { width: 1fr; height: 1fr; }
    BenchmarksView #nothing { display: none; height: 1fr; padding: 1 2; }
    BenchmarksView.empty #nothing { display: block; }
    BenchmarksView.empty Table, BenchmarksView.empty #ranking,
    BenchmarksView.empty #below { display: none; }
    BenchmarksView #ranking { height: 1fr; }
    BenchmarksView #below { height: 1fr; }
    BenchmarksView #pair { width: 3fr; margin-right: 1; }
    BenchmarksView #more { width: 2fr; }
    BenchmarksView.narrow #pair { margin-right: 0; }
    BenchmarksView.airy #ranking, BenchmarksView.airy #below { margin-top: 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._jobs = Jobs()
        self._contests = Contests((), Benchmarks())
        self._at = ""
        """The handle of the job under the cursor."""
        self._wanted = ""
        """The job (the beginning of its handle) that a link asks for."""
        self._asked: object = None
        """The job whose results the store was asked to read last."""
        self._found = Benchmarks()
        self._built: tuple[object, ...] = ()
        self._more = MORE[0]
        self._contender = self._other = self._prompt = 0

    def compose(self) -> ComposeResult:
        yield QueryBar(HINT)
        yield Table()
        yield Page("Benchmarks", id="nothing")
        yield Ranking(id="ranking")
        with Horizontal(id="below"):
            yield SideBySide(id="pair")
            yield Page("", id="more")

    # Regions

    def pages(self) -> Pages:
        width, height = self.room
        if width >= NARROW and height >= ROOMY:
            return ((TABLE, "ranking", "pair", "more"),)
        if width >= NARROW:
            return ((TABLE, "ranking"), ("pair", "more"))
        if height >= ROOMY:
            return ((TABLE, "ranking"), ("pair",), ("more",))
        return ((TABLE,), ("ranking",), ("pair",), ("more",))

    def show_regions(self) -> None:
        shown = set(self.regions)
        for name, widget in (("ranking", "#ranking"), ("pair", "#pair"), ("more", "#more")):
            self.query_one(widget).display = name in shown
        table = self.query_one(Table)
        table.display = TABLE in shown
        self.query_one("#below").display = bool(shown & {"pair", "more"})
        self.set_class(self.room.width < NARROW, "narrow")
        self.set_class(self.room.height >= AIRY, "airy")
        table.set_active(self.acting == TABLE)
        self.query_one("#more", Page).set_chosen(self.acting == "more")
        self._share_room()

    def _share_room(self) -> None:
        """The table and the ranking take the rows that they need where others follow."""
        height = self.room.height - 1
        shown = set(self.regions)
        table, ranking = self.query_one(Table), self.query_one("#ranking")
        table.styles.height = ranking.styles.height = "1fr"
        if shown != {TABLE} and TABLE in shown:
            rows = max(len(self._contests.jobs) + 1, 4)
            table.styles.height = min(rows, max(height // 4, 5))
        if "pair" in shown and "ranking" in shown:
            rows = len(self._found.contenders) + 6
            ranking.styles.height = min(rows, max(height * 2 // 5, 8))

    # Drawing

    def show(self, view: LabState) -> None:
        self.view = view
        jobs, found = view.of(JOBS), view.of(BENCHMARKS)
        if jobs is not self._jobs or found is not self._found:
            before = len(self._contests.jobs), len(self._found.contenders)
            if found.path != self._found.path:
                self._contender = self._other = self._prompt = 0
            self._jobs, self._found = jobs, found
            contests = [job for job in jobs.all if job.kind in KINDS]
            self._contests = Contests(contests, found)
            if before != (len(contests), len(found.contenders)):
                self._share_room()
        known = self._jobs.known and not self._jobs.unread
        self.set_class(known and not self._contests.jobs, "empty")
        self.fill(view)
        self._read()
        self._show_one(view)

    def fill(self, view: LabState) -> None:
        jobs = self._contests.jobs
        if self._wanted and self._jobs.known:
            found = next((job for job in jobs if job.handle.startswith(self._wanted)), None)
            if found is not None:
                self._at, self._wanted = found.handle, ""
            elif not self._jobs.unread:
                self.desk.say(f"There is no benchmark {self._wanted!r} here.")
                self._wanted = ""
        if self.job is None:
            self._at = jobs[0].handle if jobs else ""
        table = self.query_one(Table)
        built = (self._contests, view.look, self.query_now, int(view.now // 10))
        if built != self._built:
            self._built = built
            shown = self._contests.matching(self.query_now, view.now)
            message = "No benchmark passes the query." if jobs else "Reading the jobs ..."
            table.set_rows(ContestRows(self._contests, view.look, view.now), shown, message)
            table.set_selected(self._row())
        bar = self.query_one(QueryBar)
        if not self.tell_typed(bar, view.palette):
            bar.say(self._said(), False, view.palette)
        if not jobs:
            why = self._jobs.problem or EMPTY
            self.query_one("#nothing", Page).set_content(lambda prose: prose.say(why), why)

    def _said(self) -> str:
        total, shown = len(self._contests.jobs), len(self.query_one(Table).order)
        said = f"{total} benchmarks and tests" if total != 1 else "1 benchmark"
        if shown != total:
            said = f"{shown} of {said}   {self.query_now.filter_text}"
        return said + (f"   reading {self._jobs.unread} more ..." if self._jobs.unread else "")

    def _row(self) -> int | None:
        """The row of the job under the cursor."""
        jobs = enumerate(self._contests.jobs)
        return next((i for i, job in jobs if job.handle == self._at), None)

    @property
    def job(self) -> Job | None:
        """The job under the cursor."""
        return next((job for job in self._contests.jobs if job.handle == self._at), None)

    @property
    def found(self) -> Benchmarks:
        """What is read of it, as far as it is."""
        job = self.job
        mine = job is not None and self._found.path == job.path
        return self._found if mine else Benchmarks(self._found.history, progress="reading")

    def _read(self) -> None:
        """Have the store read the results of the job under the cursor."""
        job = self.job
        if job is not None and self._asked != job.path:
            self._asked = job.path
            self.desk.tell("benchmarks", lambda feed: feed.choose(job))

    def _show_one(self, view: LabState) -> None:
        found, at = self.found, self._place
        active = self.acting == "ranking"
        self.query_one(Ranking).show(found, at, active=active)
        pair = chosen_pair(len(found.contenders), at, self._other)
        self.query_one(SideBySide).show(found, pair, active=self.acting == "pair")
        page = self.query_one("#more", Page)
        name = str(found.contenders[at]["name"]) if found.contenders else ""
        title = f"{self._more.capitalize()} (v)"
        if self._more == "history":
            content, title = facts.history(found, at), f"History of {name} (v)".replace("  ", " ")
        elif self._more == "answers":
            content = facts.answers(found, self._prompt)
        else:
            content = facts.comparisons(found)
        page.set_content(content, (found, at, self._more, self._prompt, view.look), title)

    @property
    def _place(self) -> int:
        """The place of the chosen contender in the ranking."""
        return min(self._contender, max(len(self.found.contenders) - 1, 0))

    # Keys

    def columns(self) -> tuple[Column, ...]:
        return COLUMNS

    def go(self, row: int) -> None:
        self._at = self._contests.jobs[row].handle
        self.query_one(Table).set_selected(row)
        self._read()
        if self.view is not None:
            self._show_one(self.view)

    def check(self, query: Query, view: LabState) -> None:
        """All words can hold for a row."""

    def move_in(self, region: str, by: int) -> bool:
        if region == "ranking":
            last = max(len(self.found.contenders) - 1, 0)
            self._contender = min(max(self._place + by, 0), last)
            self.desk.again()
            return True
        return super().move_in(region, by)

    def do_contender(self) -> str | None:
        """Choose the next contender of the ranking."""
        n = len(self.found.contenders)
        if not n:
            return "There is no ranking yet."
        if not {"ranking", "pair"} & set(self.regions):
            self.turn_to("ranking")
            return None
        self._contender = (self._place + 1) % n
        self.desk.again()
        return f"Chosen: {self.found.contenders[self._contender]['name']}"

    def do_other(self) -> str | None:
        """Compare the chosen contender with the next other one."""
        n = len(self.found.contenders)
        if n < 2:
            return "There is no ranking yet."
        if "pair" not in self.regions:
            self.turn_to("pair")
            return None
        self._other = (self._other + 1) % (n - 1)
        self.desk.again()
        return None

    def do_more(self) -> str | None:
        """Show the next of the texts."""
        if "more" not in self.regions:
            self.turn_to("more")
            return None
        known = self._texts
        self._more = known[(known.index(self._more) + 1) % len(known)]
        self.desk.again()
        return None

    @property
    def _texts(self) -> Sequence[str]:
        results = self.found.results
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
                return command.label if self.found.contenders else ""
            case "pane('more')":
                known = self._texts
                at = known.index(self._more) + ("more" in self.regions)
                return known[at % len(known)] if self.job is not None else ""
            case "pane('region')":
                return self.region_hint or command.label
        return command.label

    # The mouse

    @on(Table.RowPicked)
    def _on_row_picked(self, message: Table.RowPicked) -> None:
        message.stop()
        self.go(message.row)

    # What leaves the view

    def copyable(self) -> Sequence[tuple[str, str]]:
        job, results = self.job, self.found.results
        if job is None:
            return ()
        found = [("Verdict", str(results["verdict"]))] if results is not None else []
        found += [("Command", job.command), ("Handle", job.handle)]
        found += [("Command to show it", job_command(job, "results"))]
        return [(what, text) for what, text in found if text]

    def exportable(self) -> Export:
        contenders = self.found.contenders
        if self.acting != TABLE and contenders:
            header = ("contender", *self._streams())
            rows = [
                [one["name"], *values.tolist()]
                for one, values in zip(contenders, self.found.values, strict=True)
            ]
            return Export(f"benchmark-{self._at[:8]}", header, rows)
        jobs = self._contests.jobs
        order = self.query_one(Table).order.tolist()
        return Export("benchmarks", RECORDED, [self._contests.record(jobs[row]) for row in order])

    def _streams(self) -> list[str]:
        """A name of each stream."""
        results = self.found.results or {}
        named = results.get("stream_names") or results.get("prompts") or ()
        n = len(self.found.values[0])
        return [str(name) for name in named] if len(named) == n else [f"{k + 1}" for k in range(n)]

    def look(self, start: StartView) -> StartView:
        more = None if self._more == MORE[0] else self._more
        return replace(super().look(start), item=self._at[:8] or None, view=more)

    def recall(self, start: StartView) -> None:
        if start.item:
            self._wanted = start.item.lower()
        if start.view in MORE:
            self._more = start.view
        super().recall(start)
