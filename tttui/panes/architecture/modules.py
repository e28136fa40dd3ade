"""Modules: the architecture of any model as a tree, what of it learns, and how."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from tttui.draw.names import shortened
from tttui.draw.numbers import short
from tttui.draw.palette import Palette
from tttui.draw.prose import Prose, stacked
from tttui.model.moduletree import ModuleRow, folded_at_first, from_names, tree, unfolded
from tttui.model.numbers import count, count_forms
from tttui.model.parameters import specs_of
from tttui.model.session import SessionData
from tttui.model.setting import shown as shown_value
from tttui.model.transactions import Transactions
from tttui.panes.regions import Pages, RegionPane
from tttui.panes.view import View
from tttui.widgets.page import Page
from tttui.widgets.table import Table
from tttui.widgets.table_columns import TEXTS, Cell, TableColumn

REGIONS = ("tree", "shares", "optimizer")
"""The regions that `w` cycles through."""

COLUMNS = (
    TableColumn("name", "module", 16, left=True, grows=True, most=22, orders=TEXTS),
    TableColumn("kind", "type", 12, left=True, drop=3, most=20, orders=TEXTS),
    TableColumn("shape", "shape", 12, left=True, drop=4, orders=TEXTS),
    TableColumn("size", "elements", 11),
    TableColumn("plastic", "learns", 7, left=True, orders=TEXTS),
)

WIDE, NARROW = 116, 96
"""Columns from which the tree and the panels stand side by side."""

RECENT = 200
"""Transactions that are looked at for gates."""

SHARES = 8
"""Rows from which what learns has a place below the tree."""

SHOWN_AT_MOST = 40
"""Settings that are listed."""


class ModuleRows:
    """`TableSource` of the tree."""

    columns = COLUMNS

    def __init__(self, rows: Sequence[ModuleRow], folded: frozenset[str], palette: Palette) -> None:
        self._rows, self._folded, self._palette = rows, folded, palette

    def __len__(self) -> int:
        return len(self._rows)

    def sorting(self, key: str) -> Any:
        return np.arange(len(self._rows))

    def cell(self, row: int, key: str) -> Cell:
        one, palette = self._rows[row], self._palette
        module = one.spec is None
        match key:
            case "name":
                sign = " " if not one.folds or not module else "-"
                sign = "+" if module and one.folds and one.path in self._folded else sign
                text = f"{'  ' * one.depth}{sign} {one.name}"
                return text, palette.text if module else palette.muted, module
            case "kind":
                return one.kind, palette.muted, False
            case "shape":
                text = "" if one.spec is None else one.spec.shape_text.replace(" x ", "x")
                return text, palette.muted, False
            case "size":
                return count_forms(one.size) if one.count else ("",), palette.text, False
            case "plastic":
                return self._learns(one)
        raise KeyError(key)

    def _learns(self, row: ModuleRow) -> Cell:
        palette = self._palette
        if not row.plastic:
            return ("frozen" if row.count else ""), palette.muted, False
        if row.plastic == row.size:
            return "learns", palette.adaptive, True
        return (f"{100 * row.plastic / row.size:.2g} %"), palette.adaptive, False


class ModulesPane(RegionPane):
    """The tree of modules, the share of what learns, and how this session learns."""

    region_names: ClassVar[Sequence[str]] = REGIONS

    DEFAULT_CSS = """
    ModulesPane { height: 1fr; layout: horizontal; }
    ModulesPane #trunk { width: 1fr; margin-right: 2; }
    ModulesPane #title { height: 1; }
    ModulesPane #told { width: 44; }
    ModulesPane.wide #told { width: 64; }
    ModulesPane #shares { height: 14; }
    ModulesPane #optimizer { height: 1fr; }
    ModulesPane.single #told { display: none; }
    ModulesPane.single Horizontal { layout: vertical; }
    ModulesPane.single.low #told { display: block; width: 1fr; height: 1fr; }
    ModulesPane.single.low #shares { height: 1fr; }
    ModulesPane.single.low #optimizer { display: none; }
    ModulesPane.single.beside #told { display: block; width: 1fr; }
    ModulesPane.single.beside #trunk { display: none; }
    ModulesPane.treeless #trunk { display: none; }
    ModulesPane.treeless #told { display: block; width: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._view: View | None = None
        self._of: tuple[object, ...] = ()
        self._place: object = None
        self._rows: tuple[ModuleRow, ...] = ()
        self._folded: frozenset[str] = frozenset()
        self._at = 0
        """The row of the tree that is selected."""

    def compose(self) -> ComposeResult:
        with Horizontal():
            with Vertical(id="trunk"):
                yield Page("Modules", id="title")
                yield Table(id="tree")
            with Vertical(id="told"):
                yield Page("Parameters", id="shares")
                yield Page("How it learns", id="optimizer")

    def use_room(self) -> None:
        width, _ = self.room
        self.set_class(width >= 150, "wide")
        self.set_class(width < NARROW, "single")
        super().use_room()

    @property
    def _low(self) -> bool:
        """The tree leaves room for what learns below it."""
        shown = len(unfolded(self._rows, self._folded))
        return self.room.height - shown - 2 >= SHARES

    def pages(self) -> Pages:
        if self.has_class("single") and self._rows:
            return (REGIONS[:2] if self._low else REGIONS[:1]), REGIONS[1:]
        return super().pages()

    def look_changed(self) -> None:
        self._of = ()

    def show(self, view: View) -> None:
        self._view = view
        data = view.data
        key = (data.meta, specs_of(data), data.transactions)
        known = len(self._of) == len(key) and self._of[:2] == key[:2] and self._of[2] is key[2]
        if known:
            return
        self._of = key
        made_up = not data.meta.schema.model
        parts = from_names(specs_of(data)) if made_up else data.meta.schema.model
        self._rows = tree(parts) if parts else ()
        place = (data.place, data.run)
        if place != self._place:
            self._place, self._at = place, 0
            self._folded = folded_at_first(self._rows, max(self.room.height - 2, 8))
        self.set_class(not self._rows, "treeless")
        self._show_tree(view)
        self.show_regions()
        title = "Modules" if not made_up else "Modules, as the names of what learns tell them"
        self.query_one("#title", Page).set_content(lambda _: None, title, title)
        rows = self._rows
        self._page("shares").set_content(lambda p: _write_shares(p, rows, made_up), None)
        self._page("optimizer").set_content(lambda p: _write_learning(p, data), None)

    def _show_tree(self, view: View) -> None:
        table = self.query_one(Table)
        shown = np.zeros(len(self._rows), dtype=np.bool_)
        shown[unfolded(self._rows, self._folded)] = True
        table.set_rows(ModuleRows(self._rows, self._folded, view.palette), shown)
        table.set_selected(self._at)

    def _page(self, name: str) -> Page:
        return self.query_one(f"#{name}", Page)

    def show_regions(self) -> None:
        at = self.acting
        self.query_one(Table).set_active(at == "tree")
        self.query_one("#title", Page).set_chosen(at == "tree")
        for name in ("shares", "optimizer"):
            self._page(name).set_chosen(at == name)
        low = self.has_class("single") and "tree" in self.regions and "shares" in self.regions
        self.set_class(low, "low")
        self.set_class("tree" not in self.regions, "beside")
        rows = len(unfolded(self._rows, self._folded)) + 2
        self.query_one("#trunk").styles.height = rows if low else "1fr"

    # Keys

    def do_up(self) -> None:
        self._move(-1)

    def do_down(self) -> None:
        self._move(1)

    def _move(self, by: int) -> None:
        if self.acting != "tree":
            self._page(self.acting).scroll_lines(by)
            return
        row = self.query_one(Table).neighbour(by)
        if row is not None:
            self._select(row)

    def _select(self, row: int) -> None:
        self._at = row
        self.query_one(Table).set_selected(row)

    def enter(self) -> bool:
        """Fold or unfold the selected module."""
        if self.acting != "tree" or not self._rows:
            return True
        row = self._rows[self._at]
        if row.folds:
            self._fold(self._folded ^ {row.path})
        return True

    def do_unfold(self) -> None:
        """Show everything in all modules."""
        self._fold(frozenset())

    def do_fold(self) -> None:
        """Show the outermost modules alone."""
        self._fold(frozenset(r.path for r in self._rows if r.spec is None and r.depth > 0))

    def _fold(self, folded: frozenset[str]) -> None:
        self._folded = folded
        seen = unfolded(self._rows, folded)
        self._at = max((i for i in seen if i <= self._at), default=0)
        if self._view is not None:
            self._show_tree(self._view)
            self.show_regions()

    @on(Table.RowPicked)
    def _on_row(self, message: Table.RowPicked) -> None:
        self._select(message.row)
        if message.again:
            self.enter()

    def copyable(self) -> list[tuple[str, str]]:
        if self.acting != "tree":
            lines = self._page(self.acting).lines(100)
            text = "\n".join("".join(part[0] for part in line).rstrip() for line in lines)
            return [(self.acting.capitalize(), text)] if text else []
        if not self._rows:
            return []
        row = self._rows[self._at]
        name = row.path if row.spec is None else f"{row.path}.{row.name}".lstrip(".")
        return [("Name", name or "model")]

    def exportable(self) -> str:
        return "architecture"


def _write_shares(prose: Prose, rows: Sequence[ModuleRow], made_up: bool) -> None:
    """How much of the model learns, and where it is."""
    palette = prose.palette
    if not rows:
        prose.say("Nothing is recorded of the model: the recorder was given numbers alone.")
        return
    root = rows[0]
    frozen = root.size - root.plastic
    if made_up:
        prose.say(f"{count(root.plastic)} elements in {count(root.count)} parameters learn.")
        prose.say("What is frozen beside them is not recorded.", palette.muted)
    else:
        share = 100 * root.plastic / root.size if root.size else 0.0
        prose.say(
            f"{count(root.plastic)} of {count(root.size)} elements learn ({share:.3g} %), "
            f"in {count(sum(1 for r in rows if r.spec is not None and r.plastic))} of "
            f"{count(root.count)} parameters."
        )
        parts = [
            ("learns", float(root.plastic), palette.adaptive),
            ("frozen", float(frozen), palette.muted),
        ]
        prose.lines.append(stacked(parts, prose.width, "█░" if prose.glyphs.braille else "#."))
    _write_where(prose, rows)


def _write_where(prose: Prose, rows: Sequence[ModuleRow]) -> None:
    """The kinds of parameters that learn: `down_proj.weight`, of all blocks together."""
    sizes: dict[str, tuple[int, int]] = {}
    for row in rows:
        if row.spec is not None and row.plastic:
            name = kind_of(row.path, row.name)
            size, n = sizes.get(name, (0, 0))
            sizes[name] = size + row.size, n + 1
    largest = sorted(sizes.items(), key=lambda item: -item[1][0])
    every = sum(size for size, _ in sizes.values()) or 1
    if largest:
        prose.head("What learns")
    sizes_of = [size for _, (size, _) in largest[:6]]
    labels = [name if n == 1 else f"{n} x {name}" for name, (_, n) in largest[:6]]
    room = min(max(map(len, labels), default=0) + 1, max(prose.width - 18, prose.width // 2))
    labels = [*shortened(labels, room - 1, prose.glyphs.ellipsis)]
    for label, size in zip(labels, sizes_of, strict=True):
        prose.bar(label, size / every, f"{count(size):>9}", prose.palette.adaptive, room)
    if len(largest) > 6:
        prose.say(f"and {len(largest) - 6} kinds more", prose.palette.muted)


def kind_of(path: str, name: str) -> str:
    """What parameters of many blocks have in common: `down_proj.weight`, of an adapter
    `down_proj.lora_A`."""
    parts = [part for part in path.split(".") if part and not part.isdigit()]
    if len(parts) > 1 and parts[-2].startswith("lora_"):
        return ".".join(parts[-3:-1])
    return f"{parts[-1]}.{name}" if path.rpartition(".")[2] in parts[-1:] else name


def _write_learning(prose: Prose, data: SessionData) -> None:
    """The optimizer and the gates of this session, as far as they are recorded."""
    palette, schema = prose.palette, data.meta.schema
    cfg = data.meta.plasticity_cfg
    if cfg:
        prose.head("Updates")
        _fields(prose, cfg)
    if schema.recorder is not None:
        if not cfg:
            prose.say(
                "A recorder watched this session. It does not own the optimizer and knows only "
                "what it was told.",
                palette.muted,
            )
        prose.head("Recorder")
        _fields(prose, schema.recorder)
    if schema.task.settings:
        prose.head("Settings")
        _fields(prose, schema.task.settings)
    prose.head("Gates")
    gates = gates_of(data.transactions)
    if not gates:
        prose.say("No transaction recorded a gate.", palette.muted)
    for name, (limit, passed, failed) in gates.items():
        ink = palette.bad if failed else palette.good
        prose.line(
            (f"{name} ", palette.text, True),
            (f"limit {short(limit)}  " if limit is not None else "", palette.muted),
            (f"{passed} passed, {failed} failed", ink),
        )


def gates_of(events: Transactions) -> dict[str, tuple[float | None, int, int]]:
    """The gates that the newest transactions recorded: last limit, how many passed and failed."""
    gates: dict[str, tuple[float | None, int, int]] = {}
    for i in range(max(len(events) - RECENT, 0), len(events)):
        for gate in events[i].gates:
            _, passed, failed = gates.get(gate.name, (None, 0, 0))
            gates[gate.name] = (gate.limit, passed + gate.passed, failed + (not gate.passed))
    return gates


def _as_typed(value: Any) -> str:
    """A setting as a person types it: `on`, `lora, head`."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return value if isinstance(value, str) else shown_value(value)


def _fields(prose: Prose, values: Mapping[str, Any]) -> None:
    """Keys and values as they are recorded."""
    known = [(k, v) for k, v in values.items() if v is not None]
    room = min(max((len(str(k)) for k, _ in known), default=0) + 2, 22)
    for key, value in known[:SHOWN_AT_MOST]:
        text = _as_typed(value)
        prose.field(str(key)[: room - 1], text, room)
    if len(known) > SHOWN_AT_MOST:
        prose.say(f"and {len(known) - SHOWN_AT_MOST} more", prose.palette.muted)
