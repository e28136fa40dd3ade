"""Matrix: what providers can do and how fast, as a heatmap; one cell in detail, with its trend."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal

from tttui.keys.command import Command
from tttui.lab.providers.results import EXPIRES_S, Matrix, MatrixCell, parts_to_test
from tttui.model.shell import command_line
from tttui.model.start import StartView
from tttui.panes.lab.base import Export, LabState, LabView, Question
from tttui.panes.lab.matrix.facts import EXPORTED, facts, record, trend
from tttui.panes.regions import Pages, Regions
from tttui.store.lab.jobs import JOBS
from tttui.store.lab.matrix import MATRIX
from tttui.widgets.matrixgrid import At, MatrixGrid
from tttui.widgets.page import Page

NARROW = 100
"""Columns below which nothing stands beside another thing."""

LEAST = 7
"""Rows that details need below the grid."""

LIMIT_S = 20.0
"""Seconds that a probe may take."""

KEYS: tuple[Command, ...] = (
    Command("pane('left')", "left,h", "→ cell", "The capability before", "Matrix", footer=True),
    Command("pane('right')", "right,l", "cell", "The next capability", "Matrix", footer=True),
    Command(
        "pane('test')",
        "t,enter",
        "test",
        "Test the provider under the cursor, all that it can do; asks first",
        "Matrix",
        footer=True,
    ),
    Command(
        "pane('test_cell')",
        "c",
        "test cell",
        "Test only the capability under the cursor",
        "Matrix",
        footer=True,
    ),
    Command(
        "pane('test_old')",
        "R",
        "refresh",
        "Test what was never tested, or too long ago, of all providers; asks first",
        "Matrix",
        footer=True,
    ),
    Command(
        "pane('test_with')",
        "o",
        "options",
        "Test with other limits and repetitions, in a form",
        "Matrix",
        footer=True,
    ),
    Command("pane('add')", "a", "add", "Add an endpoint, in a form", "Matrix"),
)

MEANING = (
    "Providers by capabilities: engines of this machine, and the endpoints in providers.toml. A "
    "cell has a tick with the median latency, a cross where it fails, a dash for what an endpoint "
    "does not offer, a question mark where it was never tested; below that its age. The tint is "
    "the stronger, the nearer the cell comes to the fastest of its column. ! marks what became "
    "1.5 times slower than before, or fails now. Below is the cell under the cursor: what was "
    "done, its latencies, all earlier results, and the providers beside each other. Tests are jobs "
    "(`tttui provider test`)."
)


class MatrixView(Regions, LabView):
    """The heatmap; below it, or on pages of their own, the cell and its earlier results."""

    needs = frozenset({"matrix", "jobs"})
    region_names = ("grid", "cell", "trend")
    short_names: ClassVar = {"cell": "details"}
    shares = ("pane('up')", "pane('down')", "pane('region')")
    keys = KEYS
    meaning = MEANING
    DEFAULT_CSS = """
    MatrixView { layout: vertical; height: 1fr; }
    MatrixView MatrixGrid { width: 1fr; height: 1fr; }
    MatrixView #below { height: 1fr; }
    MatrixView #cell { width: 1fr; margin-right: 1; }
    MatrixView #trend { width: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._state: LabState | None = None
        self._at: At | None = None
        self._linked = ""
        """The cell (`numpy/predict`) that a link asks for."""
        self._ahead = (0, 0)
        """How far the cursor was moved before there was anything."""

    def compose(self) -> ComposeResult:
        yield MatrixGrid()
        with Horizontal(id="below"):
            yield Page("", id="cell")
            yield Page("Trend", id="trend")

    # Regions

    def pages(self) -> Pages:
        width, height = self.room
        grid = self.query_one(MatrixGrid).lines_needed(width) if self.is_mounted else 0
        if min(grid, 2 * height // 3) + LEAST > height:
            apart: Pages = (("grid",), ("cell",), ("trend",))
            return (("grid",), ("cell", "trend")) if width >= NARROW else apart
        return (self.region_names,) if width >= NARROW else (("grid", "cell"), ("trend",))

    def show_regions(self) -> None:
        shown, grid = set(self.regions), self.query_one(MatrixGrid)
        grid.display = "grid" in shown
        self.query_one("#below").display = bool(shown - {"grid"})
        for name in ("cell", "trend"):
            page = self.query_one(f"#{name}", Page)
            page.display = name in shown
            page.set_chosen(self.acting == name)
        grid.set_active(self.acting == "grid")
        alone = shown == {"grid"}
        needed = min(grid.lines_needed(self.room.width) + 1, max(2 * self.room.height // 3, 4))
        grid.styles.height = "1fr" if alone else needed

    # Drawing

    @property
    def matrix(self) -> Matrix | None:
        return None if self._state is None else self._state.of(MATRIX)

    @property
    def cell(self) -> MatrixCell | None:
        """The cell under the cursor."""
        matrix = self.matrix
        return None if matrix is None or self._at is None else matrix.cells.get(self._at)

    def show(self, state: LabState) -> None:
        before, self._state = self.matrix, state
        matrix = self.matrix
        if matrix is None:
            return
        self._choose(matrix)
        grid = self.query_one(MatrixGrid)
        testing = [
            (job.doing.partition("/")[0], job.doing.partition("/")[2])
            for job in state.of(JOBS).live
            if job.kind == "provider_test" and job.state == "running"
        ]
        grid.set_matrix(matrix, self._at, testing, state.now)
        if before is None or before.providers.keys() != matrix.providers.keys():
            self.show_regions()
            if self._ahead != (0, 0):
                (down, right), self._ahead = self._ahead, (0, 0)
                self._move(down, right)
        self._show_cell(state, matrix)

    def _choose(self, matrix: Matrix) -> None:
        """Have the cursor on a cell that there is."""
        if self._linked:
            provider, _, capability = self._linked.partition("/")
            if (provider, capability) in matrix.cells:
                self._at = (provider, capability)
            else:
                self.desk.say(f"There is no cell {self._linked!r} here.")
            self._linked = ""
        if self._at not in matrix.cells:
            self._at = next(iter(matrix.cells), None)

    def _show_cell(self, state: LabState, matrix: Matrix) -> None:
        cell = self.cell
        if cell is None:
            return
        key = (matrix, self._at, int(state.now // 10))
        title = f"{cell.provider} {cell.capability}"
        self.query_one("#cell", Page).set_content(facts(matrix, cell, state.now), key, title)
        self.query_one("#trend", Page).set_content(
            trend(matrix, cell, state.now), key, f"Trend of {title}"
        )

    # Keys

    def do_up(self) -> None:
        self._move(-1, 0)

    def do_down(self) -> None:
        self._move(1, 0)

    def do_left(self) -> None:
        self._move(0, -1)

    def do_right(self) -> None:
        self._move(0, 1)

    def _move(self, down: int, right: int) -> None:
        if self.acting != "grid" and down:
            self.query_one(f"#{self.acting}", Page).scroll_lines(down)
            return
        if self.matrix is None:
            self._ahead = self._ahead[0] + down, self._ahead[1] + right
        else:
            self._go(self.query_one(MatrixGrid).moved(down, right))

    def _go(self, at: At | None) -> None:
        if at is not None and at != self._at:
            self._at = at
            self.desk.again()

    @on(MatrixGrid.Picked)
    def _on_picked(self, message: MatrixGrid.Picked) -> None:
        message.stop()
        if message.again:
            self.do_test()
        else:
            self._go(message.at)

    def do_test(self) -> str | None:
        """Ask whether to test the provider under the cursor."""
        matrix, cell = self.matrix, self.cell
        if matrix is None or cell is None:
            return "There is no provider here."
        parts = [f"{cell.provider}/{c.capability}" for c in matrix.of(cell.provider)]
        self._ask(f"Test all that {cell.provider} can do?", parts, cell.provider)
        return None

    def do_test_cell(self) -> str | None:
        """Ask whether to test only this capability."""
        cell = self.cell
        if cell is None:
            return "There is no provider here."
        words = (cell.provider, "--capability", cell.capability)
        part = f"{cell.provider}/{cell.capability}"
        self._ask(f"Test whether {cell.provider} can {cell.capability}?", [part], *words)
        return None

    def do_test_old(self) -> str | None:
        """Ask whether to test what is missing."""
        matrix = self.matrix
        parts = [] if matrix is None else parts_to_test(matrix, list(matrix.providers), EXPIRES_S)
        if not parts or self._state is None:
            return "Everything was tested in the last 7 days; t tests a provider again."
        text = f"Test what was never tested, or longer ago than 7 days: {len(parts)} cells?"
        self._ask(text, parts)
        return None

    def do_test_with(self) -> None:
        """Show the form of the test, for this provider."""
        cell = self.cell
        self.desk.form(("provider", "test"), {"names": cell.provider} if cell else {})

    def do_add(self) -> None:
        """Show the form for another endpoint."""
        self.desk.form(("provider", "add"))

    def _ask(self, text: str, parts: Sequence[str], *words: str) -> None:
        """Start a job that tests these parts, after a question with the command for it."""
        assert self._state is not None
        root = self._state.root
        verb = ("test", *words) if words else ("matrix", "--refresh")
        line = ("tttui", "provider", *verb, "--root", str(root))
        if any(not self._engine(part) for part in parts):
            text += " An endpoint is asked for a few tokens, which may cost something."
        question = Question("Test", text, command_line(*line), "test")

        def do() -> str:
            from tttui.lab.kinds.provider_test import settings_of
            from tttui.lab.starting import start

            job = start(root, "provider_test", settings_of(parts, LIMIT_S, None), command=line)
            return f"Job {job.short} tests {len(parts)} cells; it is {job.state}"

        self.desk.act(do, question)

    def _engine(self, part: str) -> bool:
        """Whether a part costs nothing but time."""
        matrix = self.matrix
        one = None if matrix is None else matrix.providers.get(part.partition("/")[0])
        return one is not None and one.is_local

    def label(self, command: Command) -> str:
        if command.action == "pane('right')":
            return ""  # the key to the left stands for both
        return command.label

    # What leaves the view

    def copyable(self) -> Sequence[tuple[str, str]]:
        cell = self.cell
        if cell is None:
            return ()
        texts = [("Command to test it", command_line("tttui", "provider", "test", cell.provider))]
        if cell.newest is not None and cell.newest.reason:
            texts.append(("Reason", cell.newest.reason))
        return texts

    def exportable(self) -> Export:
        rows = [record(cell) for cell in (self.matrix.cells if self.matrix else {}).values()]
        return Export("matrix", EXPORTED, rows)

    def look(self, start: StartView) -> StartView:
        return replace(super().look(start), item="/".join(self._at) if self._at else None)

    def recall(self, start: StartView) -> None:
        self._linked = start.item or ""
        super().recall(start)
