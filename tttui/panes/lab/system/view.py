"""The machine with its GPUs; who holds it, as a table; curves of both."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal

from tttui.draw.look import HasLook, Look
from tttui.keys.command import Command
from tttui.lab.job import SESSION
from tttui.lab.machine import Holder, Machine, Stranger
from tttui.model.ages import size_text
from tttui.model.arrays import Bools, Floats
from tttui.model.query import Vocabulary
from tttui.panes.lab.base import LISTING, Export, LabState, LabView
from tttui.panes.lab.system import drawings
from tttui.panes.listing import TABLE, Listing
from tttui.panes.regions import Pages
from tttui.store.lab.around import MACHINE
from tttui.store.lab.used import USED
from tttui.widgets.page import Page
from tttui.widgets.plotext import PlotextView
from tttui.widgets.querybar import QueryBar
from tttui.widgets.table import Table
from tttui.widgets.table_columns import TEXTS, Cell, Column, Sort

NARROW, ROOMY, LEAST = 100, 26, 16
"""Columns and rows below which not all is shown together, and rows below which nothing is."""

COLUMNS = (
    Column("who", "held by", 10, left=True, orders=TEXTS, most=14),
    Column("kind", "kind", 9, left=True, orders=TEXTS, drop=2),
    Column("pid", "process", 8, drop=4),
    Column("cpu", "cpu", 6),
    Column("memory", "memory", 8),
    Column("gpu", "gpu", 16, left=True, drop=1),
    Column("doing", "now", 16, left=True, grows=True, orders=TEXTS, drop=3),
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

One = Holder | Stranger


class SystemView(Listing[LabState], LabView):
    """Bars and a table on the left, curves on the right, or one after the other."""

    needs = frozenset({MACHINE.name, USED.name})
    words = Vocabulary(
        numbers={"cpu": "cpu", "pid": "pid"},
        texts={"who": "who", "kind": "kind", "now": "doing"},
        bare="any",
    )
    region_names = (TABLE, "machine", "curves")
    sorts = ("use", *(column.key for column in COLUMNS))
    keyed = frozenset({TABLE, "machine"})
    short_names: ClassVar[Mapping[str, str]] = {TABLE: "holders"}
    shares = (*LISTING, "pane('region')")
    keys = KEYS
    meaning = MEANING
    DEFAULT_CSS = """
    SystemView { layout: vertical; height: 1fr; }
    SystemView #upper, SystemView #lower { height: 1fr; }
    SystemView #machine, SystemView Table { width: 1fr; margin-right: 2; }
    SystemView Table { height: 1fr; }
    SystemView #minutes, SystemView #used { width: 1fr; }
    SystemView.narrow #machine, SystemView.narrow Table { width: 1fr; margin-right: 0; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[One, ...] = ()
        self._at = 0
        """The process under the cursor."""
        self._columns: tuple[Column, ...] = ()
        """Those of this machine, once it is known."""
        self._asked: object = None
        self._curve = 0
        self._built: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        yield QueryBar("text  kind:session  cpu>50")
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
        self._share_room()
        table.set_active(self.acting == TABLE)
        page.set_chosen(self.acting == "machine")

    def _share_room(self) -> None:
        """The machine takes the rows that it needs where the table is below it."""
        machine = None if self.view is None else self.view.of(MACHINE)
        most = self.room.height - (8 if len(self.regions) == 2 else self.room.height // 2)
        rows = min(drawings.rows_of(machine), most)
        together = {TABLE, "machine"} <= set(self.regions) and len(self.regions) == 2
        self.query_one("#upper").styles.height = rows if together else "1fr"

    # Drawing

    def show(self, view: LabState) -> None:
        self.view = view
        machine = view.of(MACHINE)
        if machine is not None:
            first = not self._columns
            self._columns = tuple(c for c in COLUMNS if c.key != "gpu" or machine.gpus)
            self._rows = (*machine.holders, *machine.strangers)
            if first:
                self._share_room()
        self.fill(view)
        page = self.query_one("#machine", Page)
        page.set_content(drawings.machine(machine), (machine,), "Machine")
        self.query_one("#minutes", PlotextView).show_plot(drawings.of_machine(machine))
        self._read()
        self._show_curve(view)

    def fill(self, view: LabState) -> None:
        table, machine = self.query_one(Table), view.of(MACHINE)
        built = (machine, view.look, self.query_now)
        if built != self._built:
            self._built = built
            none = "Nothing of this root runs on this machine."
            message = "No row passes the query." if self._rows else none
            if machine is None:
                message = view.failure(MACHINE) or "looking ..."
            table.set_rows(
                HolderRows(self._rows, self.columns(), view.look), self._matching(), message
            )
            table.set_selected(self._row)
        bar = self.query_one(QueryBar)
        if not self.tell_typed(bar, view.palette):
            bar.say(self._said(machine), False, view.palette)

    def _said(self, machine: Machine | None) -> str:
        if machine is None:
            return "looking at the machine ..."
        jobs = sum(1 for one in machine.holders if one.kind != SESSION)
        sessions = len(machine.holders) - jobs
        told = f"{jobs} job{'s' * (jobs != 1)}, {sessions} session{'s' * (sessions != 1)}"
        return f"{machine.host}   {told} of this root run here"

    def _matching(self) -> Bools | None:
        query, rows = self.query_now, self._rows
        if not query:
            return None

        def number(name: str) -> Floats:
            return _numbers(rows, name)

        def holds(name: str, word: str) -> Bools:
            return np.array([word in _text(one, name).lower() for one in rows], dtype=np.bool_)

        return query.select(len(rows), number, holds)

    @property
    def _row(self) -> int | None:
        """The row of the process under the cursor, else the first."""
        found = next((i for i, one in enumerate(self._rows) if one.pid == self._at), None)
        return found if found is not None else 0 if self._rows else None

    @property
    def chosen(self) -> One | None:
        """Who is under the cursor."""
        row = self._row
        return None if row is None else self._rows[row]

    def _read(self) -> None:
        """Have the store read the samples of the chosen one."""
        chosen = self.chosen
        path = chosen.path if isinstance(chosen, Holder) else None
        if path != self._asked:
            self._asked = path
            self.desk.tell(USED.name, lambda feed: feed.choose(path))

    def _show_curve(self, view: LabState) -> None:
        chosen, found = self.chosen, view.of(USED)
        name, table = "", None
        if isinstance(chosen, Holder):
            name = f"{chosen.kind} {chosen.short}"
            table = found.table if found.path == chosen.path else None
        kinds = drawings.kinds_in(table)
        kind = kinds[self._curve % len(kinds)]
        plot = drawings.of_holder(name, table, kind)
        self.query_one("#used", PlotextView).show_plot(plot)

    # Keys

    def columns(self) -> tuple[Column, ...]:
        return self._columns or COLUMNS

    def go(self, row: int) -> None:
        self._at = self._rows[row].pid
        self.query_one(Table).set_selected(row)
        self._read()
        if self.view is not None:
            self._show_curve(self.view)

    def move_in(self, region: str, by: int) -> bool:
        return region == "machine" and self.query_one("#machine", Page).scroll_lines(by)

    def natural_order(self, descending: bool) -> str:
        return "The least busy first" if descending else "Jobs first, the busiest first"

    def sorted_by(self, sort: Sort) -> None:
        """Nothing else depends on the order."""

    def do_curve(self) -> str | None:
        """Show the next curve of the chosen one."""
        if "curves" not in self.regions:
            self.turn_to("curves")
            return None
        self._curve += 1
        self.desk.again()
        return None

    def do_open(self) -> str | None:
        one = self.chosen
        if isinstance(one, Holder):
            if one.kind == SESSION:
                self.desk.open_session(one.path)
            else:
                self.desk.go_to("jobs", one.handle)
            return None
        if one is None:
            return "Nothing of this root runs on this machine."
        return f"Process {one.pid} is none of this run root's."

    def label(self, command: Command) -> str:
        if command.action == "pane('region')":
            return self.region_hint or command.label
        return command.label

    @on(Table.RowPicked)
    def _on_row_picked(self, message: Table.RowPicked) -> None:
        message.stop()
        self.go(message.row)
        said = self.do_open() if message.again else None
        if said:
            self.desk.say(said)

    # What leaves the view

    def copyable(self) -> Sequence[tuple[str, str]]:
        one = self.chosen
        if one is None:
            return ()
        found = [("Process", str(one.pid))]
        if isinstance(one, Holder):
            found = [("Handle", one.handle), ("Directory", str(one.path)), *found]
        return found

    def exportable(self) -> Export:
        header = ("held_by", "kind", "pid", "cpu_percent", "memory_bytes", "gpus", "doing")
        order = self.query_one(Table).order.tolist()
        return Export("system", header, [_record(self._rows[row]) for row in order])


class HolderRows(HasLook):
    """`Source` of the table over those who hold the machine."""

    def __init__(self, rows: Sequence[One], columns: tuple[Column, ...], look: Look) -> None:
        self._rows, self.columns, self.look = rows, columns, look

    def __len__(self) -> int:
        return len(self._rows)

    def sorting(self, key: str) -> Any:
        if key in ("pid", "cpu", "memory"):
            return _numbers(self._rows, key)
        texts = np.array([_text(one, key) for one in self._rows], dtype=str)
        return np.unique(texts, return_inverse=True)[1]

    def cell(self, row: int, key: str) -> Cell:
        one, palette = self._rows[row], self.palette
        holder = one if isinstance(one, Holder) else None
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
    if isinstance(one, Holder):
        return {"who": one.handle, "kind": one.kind, "doing": one.doing}[name]
    who = f"{one.name or 'a process'}{f' of {one.user}' if one.user else ''}"
    return {"who": who, "kind": "other", "doing": ""}[name]


def _numbers(rows: Sequence[One], name: str) -> Floats:
    """A number of every row [n], NaN where it has none."""
    of: Mapping[str, Callable[[One], float | None]] = {
        "pid": lambda one: one.pid,
        "cpu": lambda one: one.cpu if isinstance(one, Holder) else None,
        "memory": lambda one: one.memory if isinstance(one, Holder) else None,
    }
    found = [of[name](one) for one in rows]
    return np.array([np.nan if value is None else value for value in found], dtype=np.float64)


def _gpus(one: One) -> str:
    held = one.gpus if isinstance(one, Holder) else {one.gpu: one.memory}
    return ", ".join(
        str(gpu) if size is None else f"{gpu}: {size_text(size)}"
        for gpu, size in sorted(held.items())
    )


def _record(one: One) -> list[object]:
    cpu, memory = (one.cpu, one.memory) if isinstance(one, Holder) else (None, None)
    who, kind, doing = (_text(one, name) for name in ("who", "kind", "doing"))
    return [who, kind, one.pid, cpu, memory, _gpus(one), doing]
