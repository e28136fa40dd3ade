"""The machine with its GPUs; who holds it, as a table; curves of both."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from textual.app import ComposeResult
from textual.containers import Horizontal

from tttui.draw.look import HasLook, Look
from tttui.keys.command import Command
from tttui.lab.job import SESSION
from tttui.lab.machine import ForeignProcess, LocalProcess, MachineState
from tttui.model.ages import size_text
from tttui.model.arrays import Bools, Floats
from tttui.model.query import Vocabulary
from tttui.panes.lab.base import Export, LabState
from tttui.panes.lab.system import drawings
from tttui.panes.lab.tabled import NARROW, TableView, passing, ranks
from tttui.panes.listing import TABLE
from tttui.panes.regions import Pages
from tttui.store.lab.machine import MACHINE, MACHINE_USE
from tttui.widgets.page import Page
from tttui.widgets.plotext import PlotextView
from tttui.widgets.querybar import QueryBar
from tttui.widgets.table import Table
from tttui.widgets.table_columns import TEXTS, Cell, TableColumn

ROOMY, LEAST = 26, 16
"""Rows below which not all is shown together, and below which nothing is."""

COLUMNS = (
    TableColumn("who", "held by", 10, left=True, orders=TEXTS, most=14),
    TableColumn("kind", "kind", 9, left=True, orders=TEXTS, drop=2),
    TableColumn("pid", "process", 8, drop=4),
    TableColumn("cpu", "cpu", 6),
    TableColumn("memory", "memory", 8),
    TableColumn("gpu", "gpu", 16, left=True, drop=1),
    TableColumn("doing", "now", 16, left=True, grows=True, orders=TEXTS, drop=3),
)

KEYS = (
    Command("pane('open')", "enter,o", "open", "Go to the job or session", "System", footer=True),
    Command("pane('curve')", "v", "curve", "The next curve of the chosen one", "System",
            footer=True),
)  # fmt: skip

MEANING = (
    "The machine that this app runs on: processors, memory, disk, and each GPU with its use, "
    "memory, heat and power, as far as the driver tells. The table has the jobs and sessions of "
    "this run root that run here, and other processes that hold a GPU. Beside it is what the one "
    "under the cursor has used since it began (v goes through its curves), from its system.csv. "
    "Enter goes to it. `tttui system --watch` shows the same in a shell."
)

One = LocalProcess | ForeignProcess


IDLE_ROWS = 4
"""Of the table and the curves of a process, while none runs."""


class SystemView(TableView[One]):
    """Bars and a table on the left, curves on the right, or one after the other."""

    needs = frozenset({MACHINE.name, MACHINE_USE.name})
    words = Vocabulary(
        numbers={"cpu": "cpu", "pid": "pid"},
        texts={"who": "who", "kind": "kind", "now": "doing"},
        bare="any",
    )
    region_names = (TABLE, "machine", "curves")
    sorts = ("use", *(column.key for column in COLUMNS))
    keyed = frozenset({TABLE, "machine"})
    short_names: ClassVar[Mapping[str, str]] = {TABLE: "holders"}
    thing, things = "row", "rows"
    hint = "text  kind:session  cpu>50"
    empty_text = "Nothing of this root runs on this machine."
    shown_columns = COLUMNS
    keys = KEYS
    meaning = MEANING
    DEFAULT_CSS = """
    SystemView #upper, SystemView #lower { height: 1fr; }
    SystemView #machine, SystemView Table { width: 1fr; margin-right: 2; }
    SystemView #minutes, SystemView #used { width: 1fr; }
    SystemView.narrow #machine, SystemView.narrow Table { width: 1fr; margin-right: 0; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._machine: MachineState | None = None
        self._read_last: object = None
        """The directory whose samples the store was asked to read last."""
        self._curve = 0

    def compose(self) -> ComposeResult:
        yield QueryBar(self.hint)
        with Horizontal(id="upper"):
            yield Page("", id="machine")
            yield PlotextView(id="minutes")
        with Horizontal(id="lower"):
            yield Table()
            yield PlotextView(id="used")

    # Regions

    def pages(self) -> Pages:
        width, height = self.room
        if width >= NARROW and height >= ROOMY:
            return ((TABLE, "machine", "curves"),)
        if height >= LEAST:
            return ((TABLE, "machine"), ("curves",))
        return ((TABLE,), ("machine",), ("curves",))

    @property
    def empty(self) -> bool:
        """Never: the table itself says why it has no rows."""
        return False

    def show_regions(self) -> None:
        shown = set(self.regions)
        wide = self.room.width >= NARROW
        table, page = self.query_one(Table), self.query_one("#machine", Page)
        table.display, page.display = TABLE in shown, "machine" in shown
        for name in ("#minutes", "#used"):
            self.query_one(name).display = "curves" in shown
        self.query_one("#upper").display = bool(shown & {"machine", "curves"})
        self.query_one("#lower").display = bool(shown & {TABLE, "curves"})
        self.set_class(not (wide and len(shown) == 3), "narrow")
        self.size_regions()
        table.set_active(self.acting == TABLE)
        page.set_chosen(self.acting == "machine")

    def size_regions(self) -> None:
        """The machine takes the rows that it needs where the table is below it, and nearly all
        beside curves while nothing runs."""
        most = self.room.height - (8 if len(self.regions) == 2 else self.room.height // 2)
        rows = min(drawings.rows_of(self._machine), most)
        together = {TABLE, "machine"} <= set(self.regions) and len(self.regions) == 2
        self.query_one("#upper").styles.height = rows if together else "1fr"
        idle = self._machine is not None and not self.items and len(self.regions) == 3
        self.query_one("#lower").styles.height = IDLE_ROWS if idle else "1fr"

    # Drawing

    def update(self, view: LabState) -> None:
        before, self._machine = self._machine, view.of(MACHINE)
        if self._machine is not None and self._machine is not before:
            ran = bool(self.items)
            self.items = (*self._machine.holders, *self._machine.strangers)
            if before is None or ran != bool(self.items):
                self.size_regions()

    def key_of(self, item: One) -> str:
        return str(item.pid) if isinstance(item, LocalProcess) else f"{item.pid}/{item.gpu}"

    def drawn_from(self, view: LabState) -> tuple[object, ...]:
        return (self._machine,)

    def source(self, view: LabState) -> "HolderRows":
        return HolderRows(self.items, self.columns(), view.look)

    def matching(self, view: LabState) -> Bools | None:
        return passing(self.items, self.query_now, lambda name: _numbers(self.items, name), _text)

    def reading_text(self, view: LabState) -> str:
        if self._machine is None:
            return view.failure(MACHINE) or "looking ..."
        return self.empty_text

    def summary(self, view: LabState) -> str:
        machine = self._machine
        if machine is None:
            return "looking at the machine ..."
        jobs = sum(1 for one in machine.holders if one.kind != SESSION)
        sessions = len(machine.holders) - jobs
        counts = f"{jobs} job{'s' * (jobs != 1)}, {sessions} session{'s' * (sessions != 1)}"
        return f"{machine.host}   {counts} of this root run here"

    def counted(self, shown: int) -> str:
        return ""

    def show_one(self, view: LabState) -> None:
        machine, chosen, use = self._machine, self.item, view.of(MACHINE_USE)
        page = self.query_one("#machine", Page)
        page.set_content(drawings.machine(machine), (machine,), "Machine")
        self.query_one("#minutes", PlotextView).show_plot(drawings.of_machine(machine))
        path = chosen.path if isinstance(chosen, LocalProcess) else None
        if path != self._read_last:
            self._read_last = path
            self.desk.tell(MACHINE_USE.name, lambda feed: feed.choose(path))
        name, table = "", None
        if isinstance(chosen, LocalProcess):
            name = f"{chosen.kind} {chosen.short}"
            table = use.table if use.path == chosen.path else None
        kinds = drawings.kinds_in(table)
        plot = drawings.of_holder(name, table, kinds[self._curve % len(kinds)])
        self.query_one("#used", PlotextView).show_plot(plot)

    # Keys

    def columns(self) -> tuple[TableColumn, ...]:
        machine = self._machine
        return tuple(c for c in COLUMNS if c.key != "gpu" or machine is None or machine.gpus)

    def move_in(self, region: str, by: int) -> bool:
        return region == "machine" and self.query_one("#machine", Page).scroll_lines(by)

    def natural_order(self, descending: bool) -> str:
        return "The least busy first" if descending else "Jobs first, the busiest first"

    def do_curve(self) -> None:
        """Show the next curve of the chosen one."""
        if not self.turned_to("curves"):
            self._curve += 1
            self.desk.again()

    def do_open(self) -> str | None:
        one = self.item
        if isinstance(one, LocalProcess):
            if one.kind == SESSION:
                self.desk.open_session(one.path)
            else:
                self.desk.go_to("jobs", one.handle)
            return None
        if one is None:
            return "Nothing of this root runs on this machine."
        return f"Process {one.pid} is none of this run root's."

    def picked_again(self) -> str | None:
        return self.do_open()

    # What leaves the view

    def copyable(self) -> Sequence[tuple[str, str]]:
        one = self.item
        if one is None:
            return ()
        texts = [("Process", str(one.pid))]
        if isinstance(one, LocalProcess):
            texts = [("Handle", one.handle), ("Directory", str(one.path)), *texts]
        return texts

    def exportable(self) -> Export:
        header = ("held_by", "kind", "pid", "cpu_percent", "memory_bytes", "gpus", "doing")
        return Export("system", header, [_record(one) for one in self.shown_items])


class HolderRows(HasLook):
    """`TableSource` of the table over those who hold the machine."""

    def __init__(self, rows: Sequence[One], columns: tuple[TableColumn, ...], look: Look) -> None:
        self._rows, self.columns, self.look = rows, columns, look

    def __len__(self) -> int:
        return len(self._rows)

    def sorting(self, key: str) -> Any:
        if key in ("pid", "cpu", "memory"):
            return _numbers(self._rows, key)
        return ranks([_text(one, key) for one in self._rows])

    def cell(self, row: int, key: str) -> Cell:
        one, palette = self._rows[row], self.palette
        holder = one if isinstance(one, LocalProcess) else None
        match key:
            case "who":
                ink = palette.text if holder else palette.warn
                return (holder.short if holder else _text(one, "who")), ink, holder is not None
            case "kind":
                return _text(one, "kind"), palette.muted, False
            case "pid":
                return str(one.pid), palette.muted, False
            case "cpu":
                known = holder.cpu if holder else None
                return "" if known is None else f"{known:.0f} %", palette.text, False
            case "memory":
                return (size_text(holder.memory) if holder else ""), palette.text, False
            case "gpu":
                return _gpus(one), palette.accent, False
            case "doing":
                return _text(one, "doing"), palette.muted, False
        raise KeyError(key)


def _text(one: One, name: str) -> str:
    if name == "any":
        return " ".join(_text(one, each) for each in ("who", "kind", "doing"))
    if name == "gpu":
        return _gpus(one)
    if isinstance(one, LocalProcess):
        return {"who": one.handle, "kind": one.kind, "doing": one.doing}[name]
    who = f"{one.name or 'a process'}{f' of {one.user}' if one.user else ''}"
    return {"who": who, "kind": "other", "doing": ""}[name]


def _numbers(rows: Sequence[One], name: str) -> Floats:
    """A number of every row [n], NaN where it has none."""
    of: Mapping[str, Callable[[One], float | None]] = {
        "pid": lambda one: one.pid,
        "cpu": lambda one: one.cpu if isinstance(one, LocalProcess) else None,
        "memory": lambda one: one.memory if isinstance(one, LocalProcess) else None,
    }
    values = [of[name](one) for one in rows]
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _gpus(one: One) -> str:
    gpus = one.gpus if isinstance(one, LocalProcess) else {one.gpu: one.memory}
    return ", ".join(
        str(gpu) if size is None else f"{gpu}: {size_text(size)}"
        for gpu, size in sorted(gpus.items())
    )


def _record(one: One) -> list[object]:
    cpu, memory = (one.cpu, one.memory) if isinstance(one, LocalProcess) else (None, None)
    who, kind, doing = (_text(one, name) for name in ("who", "kind", "doing"))
    return [who, kind, one.pid, cpu, memory, _gpus(one), doing]
