"""Parameters: the plastic weights of any model, one of them chosen from the list of all."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from tttui.draw.numbers import forms, short
from tttui.draw.palette import Palette
from tttui.model.names import name_forms
from tttui.model.numbers import count
from tttui.model.parameters import Inventory, listed, moves_known, specs_of
from tttui.model.schema import Schema, TensorSpec
from tttui.model.statistics import Statistics
from tttui.model.weights import commits_behind, commits_between, history_of, index_at
from tttui.panes.view import View
from tttui.panes.weights.pane import WeightsPane
from tttui.panes.weights.weight_figures import no_history
from tttui.panes.weights.weights_at import WeightsAnswer
from tttui.widgets.heatmap import Heatmap
from tttui.widgets.page import Page
from tttui.widgets.table import Table
from tttui.widgets.table_columns import TEXTS, Cell, Sort, TableColumn
from tttui.widgets.weightmap import WeightMap

REGIONS = ("parameters", "map", "statistics", "spectrum", "moved")
"""The regions that `w` cycles through."""

COLUMNS = (
    TableColumn("name", "parameter", 18, left=True, grows=True, orders=TEXTS),
    TableColumn("shape", "shape", 11, left=True, drop=4, orders=TEXTS),
    TableColumn("share", "share", 6, drop=3),
    TableColumn("norm", "norm", 7, drop=2),
    TableColumn("moved", "moved", 7),
    TableColumn("since", "last", 7, drop=1),
)

LISTS = ((150, 84), (116, 60), (100, 46), (72, 38))
"""Columns of the tab from which on the list takes how many of them."""

SORTS = ("order", *(column.key for column in COLUMNS))
"""The orders of the list: that of the model first."""

NOT_MOVED = "How far they moved is not recorded."

NONE = Statistics(progress=0.0)
"""While they are worked out."""


class ParameterRows:
    """`TableSource` of the list."""

    columns = COLUMNS

    def __init__(self, known: Inventory, palette: Palette) -> None:
        self._known, self._palette = known, palette

    def __len__(self) -> int:
        return len(self._known)

    def sorting(self, key: str) -> Any:
        known = self._known
        if key in ("name", "shape"):
            texts = [s.name if key == "name" else s.shape_text for s in known.specs]
            return np.array(texts, dtype=object).astype(str)
        return {
            "share": known.share,
            "norm": known.norm,
            "moved": known.moved,
            "since": known.since,
        }[key]

    def cell(self, row: int, key: str) -> Cell:
        known, palette = self._known, self._palette
        spec = known.specs[row]
        match key:
            case "name":
                ink = palette.text if known.kept[row] else palette.muted
                return name_forms(spec.name), ink, False
            case "shape":
                return spec.shape_text.replace(" x ", "x"), palette.muted, False
            case "share":
                return _share(known.share[row]), palette.muted, False
            case "norm":
                return _number(known.norm[row], palette)
            case "moved":
                return _number(known.moved[row], palette)
            case "since":
                return _number(known.since[row], palette)
        raise KeyError(key)


def _share(part: float) -> Sequence[str]:
    if np.isnan(part):
        return ("-",)
    percent = 100 * float(part)
    return (f"{percent:.2g} %", f"{percent:.1g} %", f"{percent:.0f}%")


def _number(value: float, palette: Palette) -> Cell:
    if np.isnan(value):
        return "-", palette.faint, False
    return forms(float(value)), palette.text, False


class ParametersPane(WeightsPane):
    """The list of all parameters, beside it the chosen one: heatmap, statistics, spectrum."""

    region_names: ClassVar[Sequence[str]] = REGIONS
    first = REGIONS[0]
    beside_maps = ()
    sorts = SORTS

    DEFAULT_CSS = """
    ParametersPane { layout: vertical; }
    ParametersPane #halves { height: 1fr; }
    ParametersPane #list { height: 1fr; }
    ParametersPane #every { margin-right: 1; }
    ParametersPane #which { height: 1; }
    ParametersPane #one { width: 1fr; height: 1fr; }
    ParametersPane .weightmap { width: 1fr; margin-right: 0; }
    ParametersPane.medium #maps { height: 1fr; }
    ParametersPane.medium #lower { height: 14; }
    ParametersPane.medium.at-map #statistics { display: block; }
    ParametersPane.medium.at-map #spectra, ParametersPane.medium.at-map #moved { display: none; }
    ParametersPane.wide #lower { height: 19; }
    ParametersPane.wide #statistics, ParametersPane.wide #spectra { width: 9fr; }
    ParametersPane.wide #moved { width: 10fr; }
    ParametersPane.small.below #every { display: none; }
    ParametersPane.narrow #every { margin-right: 0; }
    ParametersPane.narrow.at-map #every { display: none; }
    ParametersPane.narrow.at-map.at-parameters #every { display: block; }
    ParametersPane.narrow.at-map.at-parameters #one { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._chosen: tuple[str, ...] = ("",)
        """The parameter that is shown; the same object as long as it is the same one."""
        self._specs: tuple[TensorSpec, ...] = ()
        self._place: object = None
        self._known: Inventory | None = None
        self._sort = Sort()
        self._looked = False

    def _make_maps(self) -> tuple[WeightMap, ...]:
        return (WeightMap("", id="chosen-map", roles=False),)

    @property
    def _names(self) -> tuple[str, ...]:
        return self._chosen

    @property
    def _at_map(self) -> bool:
        return self.acting in ("parameters", "map")

    def compose(self) -> ComposeResult:
        with Horizontal(id="halves"):
            with Vertical(id="every"):
                yield Page("Parameters", id="which")
                yield Table(id="list")
            with Vertical(id="one"):
                yield from super().compose()

    def use_room(self) -> None:
        width, height = self.room
        columns = next((n for least, n in LISTS if width >= least), width)
        rest = width - columns
        wide = rest >= 110 and height >= 38
        self._arrange(wide, not wide and rest >= 60 and height >= 30)
        self.set_class(width < 72, "narrow")
        self.show_regions()
        if self.is_mounted:
            self.query_one("#every").styles.width = columns

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(Table).set_sort(self._sort)

    # What is shown

    def show(self, view: View) -> None:
        place = (view.data.place, view.data.run)
        specs = listed(view.data)
        names = [spec.name for spec in specs]
        if place != self._place:
            self._place, self._known = place, None
        if names and self._chosen[0] not in names:
            self._choose(names[0])
        elif not self._looked and names:
            self._choose(self._chosen[0])
        self._specs = specs
        spec = next((spec for spec in specs if spec.name == self._chosen[0]), None)
        if spec is not None:
            self._maps[0].set_matrix(spec.name, _shape_of(spec, view.data.meta.schema))
        super().show(view)
        self._show_list(view)

    def _show_list(self, view: View) -> None:
        table, answer = self.query_one(Table), self._current
        which = self.query_one("#which", Page)
        known = answer.inventory if answer is not None else None
        if known is not None and (known is not self._known or view.palette is not self._palette):
            self._known, self._palette = known, view.palette
            table.set_rows(ParameterRows(known, view.palette), None, "no parameters are recorded")
        at = next((i for i, s in enumerate(self._specs) if s.name == self._chosen[0]), None)
        table.set_selected(at)
        table.set_active(self.acting == "parameters")
        which.set_chosen(self.acting == "parameters")
        own = specs_of(view.data)
        title = f"{count(len(own))} parameters"
        if own:
            title += f", {count(sum(spec.size for spec in own))} elements"
        if pairs := view.data.meta.schema.pairs:
            more = f"{title}, {count(len(pairs))} LoRA pair{'s' * (len(pairs) > 1)}"
            title = more if len(more) + 2 <= which.content_size.width else title
        why = "" if known is None or moves_known(known) else NOT_MOVED
        why = why or _as_of(view)
        which.styles.height = 2 if why else 1
        which.set_content(
            lambda prose: prose.line((why, prose.palette.muted)) if why else None,
            (title, why),
            title,
        )

    _palette: Palette | None = None
    """What the rows were drawn with."""

    def _choose(self, name: str) -> None:
        """Show this parameter from now on."""
        self._looked = True
        if name != self._chosen[0]:
            self._chosen = (name,)
            self._maps[0].set_values(None, "", message="working out ...")
        self.post_message(self.ParameterPicked(name))

    def _statistics_of(self, view: View, answer: WeightsAnswer | None) -> Statistics:
        """Those of the snapshots; of a parameter without any those that commits recorded."""
        name = self._chosen[0]
        if history_of(view.data, self._names) is not None:
            statistics = super()._statistics_of(view, answer)
        else:
            statistics = NONE if answer is None or answer.recorded is None else answer.recorded
        return statistics if name in statistics.columns else NONE

    def _why_no_curves(self, view: View) -> str:
        if not self._specs:
            return no_history(view.data)
        statistics = self._statistics
        if (
            history_of(view.data, self._names) is not None
            or statistics is NONE
            or len(statistics.t)
        ):
            return ""
        return "No figures of this parameter are recorded."

    @property
    def settled(self) -> bool:
        answer, view = self._current, self._view
        if view is None or answer is None or answer.request is not self._request:
            return view is not None and not self._specs
        if history_of(view.data, self._names) is None:
            return True
        return self._chosen[0] in self._statistics.columns and self._statistics.complete

    def awaits(self, action: str) -> bool:
        return bool(self._specs) and super().awaits(action)

    # Keys

    def show_regions(self) -> None:
        super().show_regions()
        self._maps[0].set_chosen(self.acting == "map")
        self._maps[0].add_class("chosen")
        self.set_class(self.acting == "parameters", "at-parameters")
        if self._view is not None and self.is_mounted:
            self._show_list(self._view)

    def _move(self, down: int, right: int) -> None:
        if self.acting != "parameters":
            super()._move(down, right)
            return
        if right:
            return
        row = self.query_one(Table).neighbour(down)
        if row is not None:
            self._pick(row)

    def _pick(self, row: int) -> None:
        self._choose(self._specs[row].name)
        if self._view is not None:
            self.show(self._view)

    @on(Table.RowPicked)
    def _on_row(self, message: Table.RowPicked) -> None:
        if not message.again:
            self._pick(message.row)

    @on(Table.SortPicked)
    def _on_sort(self, message: Table.SortPicked) -> None:
        same = self._sort.key == message.key
        column = next(c for c in COLUMNS if c.key == message.key)
        self._use_sort(Sort(message.key, not self._sort.descending if same else column.falls))

    def do_sort_next(self) -> str:
        """Order the list by its next column."""
        return self._sort_by(1)

    def do_sort_previous(self) -> str:
        """Order the list by the column before."""
        return self._sort_by(-1)

    def _sort_by(self, by: int) -> str:
        key = SORTS[(SORTS.index(self._sort.key or "order") + by) % len(SORTS)]
        column = next((c for c in COLUMNS if c.key == key), None)
        self._use_sort(Sort() if column is None else Sort(key, column.falls))
        return "In the order of the model" if column is None else f"By {column.title}"

    def do_sort_turn(self) -> None:
        """Turn the order around."""
        self._use_sort(Sort(self._sort.key, not self._sort.descending))

    def _use_sort(self, sort: Sort) -> None:
        self._sort = sort
        if self.is_mounted:
            self.query_one(Table).set_sort(sort)

    @on(Heatmap.CellHovered)
    @on(Heatmap.CellPicked)
    def _on_cell(self, message: Heatmap.CellHovered | Heatmap.CellPicked) -> None:
        if isinstance(message, Heatmap.CellPicked) and self.acting != "map":
            self.acting = "map"
            self.show_regions()
        self._show_reading()

    def _heatmap(self) -> WeightMap:
        return self._maps[0]

    def copyable(self) -> list[tuple[str, str]]:
        known = self._known
        name = self._chosen[0]
        if self.acting == "parameters" and known is not None and name in known.names:
            i = known.names.index(name)
            figures = {"norm": known.norm[i], "moved": known.moved[i], "last": known.since[i]}
            text = ", ".join(f"{k} {short(float(v))}" for k, v in figures.items())
            return [("Parameter", name), ("Figures", f"{name}: {text}")]
        return super().copyable()


def _as_of(view: View) -> str:
    """Which snapshot the figures are of, where commits came after it; '' where none did."""
    history, t = view.data.history, view.timeline.cursor
    behind = commits_behind(view.data, t, tuple(history.weights) if history is not None else ())
    if history is None or not behind:
        return ""
    i = index_at(history, t) or 0
    text = f"As of t {int(history.t[i])}, {behind} commit{'s' * (behind != 1)} ago"
    over = commits_between(view.data, int(history.t[i - 1]), int(history.t[i])) if i else 0
    return f"{text}; last: of {over} commits" if over > 1 else text


def _shape_of(spec: TensorSpec, schema: Schema) -> str:
    """Its own shape, that it was flattened, and what it is the product of."""
    pair = schema.pair(spec.name)
    if pair is not None:
        scale = "" if pair.scale == 1 else f"{short(pair.scale)} "
        return f"{spec.shape_text}, {scale}B A of rank {pair.a.matrix[0]}"
    if not spec.flattened:
        return spec.shape_text
    rows, columns = spec.matrix
    return f"{spec.shape_text}, flattened to {rows} x {columns}"
