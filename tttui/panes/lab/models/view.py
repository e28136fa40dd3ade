"""The view of models: versions of skills, and the personas that point to them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal

from tttui.keys.command import Command
from tttui.lab.registry.difference import Difference, difference
from tttui.lab.registry.overview import Registry
from tttui.lab.registry.version import Version
from tttui.model.shell import command_line
from tttui.model.start import StartView
from tttui.panes.lab.base import Export, LabState, LabView
from tttui.panes.lab.models import facts
from tttui.panes.lab.models.actions import ModelActions
from tttui.panes.lab.models.keys import KEYS, MEANING
from tttui.panes.lab.models.rows import (
    COLUMNS,
    MODEL_WORDS,
    RECORDED,
    ModelRows,
    matching,
    record,
)
from tttui.panes.lab.tabled import TableView
from tttui.panes.latest import Latest
from tttui.panes.listing import TABLE
from tttui.panes.regions import Pages
from tttui.store.lab.models import MODELS
from tttui.widgets.page import Page
from tttui.widgets.querybar import QueryBar
from tttui.widgets.table import Table
from tttui.widgets.table_columns import Column

NARROW = 100
"""Columns below which nothing stands beside another thing."""

ROOMY = 28
"""Rows from which on the details have a place below the table."""

PAGES = ("facts", "lineage", "personas", "diff")

HINT = "text  skill:walker  persona:helper  test:worse  age<24"

EMPTY = (
    "No versions here yet. `tttui model register RUN --skill NAME` keeps what a session has "
    "learned; `tttui train start --skill NAME` trains a skill and registers it."
)

Pair = tuple[Version, Version]


class ModelsView(TableView):
    """A table of all versions; below it, or on pages of their own, what is known of one."""

    needs = frozenset({"models"})
    words = MODEL_WORDS
    region_names = (TABLE, *PAGES)
    sorts = ("newest", *(column.key for column in COLUMNS))
    keyed = frozenset({TABLE, *PAGES})
    short_names: ClassVar[Mapping[str, str]] = {"facts": "details"}
    keys = KEYS
    meaning = MEANING
    DEFAULT_CSS = """
    ModelsView { layout: vertical; height: 1fr; }
    ModelsView Table { width: 1fr; height: 1fr; }
    ModelsView #nothing { display: none; height: 1fr; padding: 1 2; }
    ModelsView.empty #nothing { display: block; }
    ModelsView.empty Table, ModelsView.empty #below { display: none; }
    ModelsView #below { height: 1fr; margin-top: 1; }
    ModelsView #below Page { width: 1fr; margin-right: 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.registry = Registry()
        self._at = ""
        """The name of the version under the cursor."""
        self._wanted = ""
        """The version that a link asks for."""
        self._built: tuple[object, ...] = ()
        self._actions = ModelActions(self)
        self._differences: Latest[Pair, Difference] = Latest(
            lambda pair: difference(*pair), lambda: self.post_message(self.Derived())
        )

    def compose(self) -> ComposeResult:
        yield QueryBar(HINT)
        yield Table()
        yield Page("Models", id="nothing")
        with Horizontal(id="below"):
            for name in PAGES:
                yield Page("", id=name)

    # Regions

    def pages(self) -> Pages:
        width, height = self.room
        if width >= NARROW and height >= ROOMY:
            return ((TABLE, "facts", "lineage", "personas"), ("diff",))
        if width >= NARROW:
            return ((TABLE,), ("facts", "lineage", "personas"), ("diff",))
        if height >= ROOMY:
            return ((TABLE, "facts"), ("lineage",), ("personas",), ("diff",))
        return ((TABLE,), *((name,) for name in PAGES))

    def show_regions(self) -> None:
        shown = set(self.regions)
        table = self.query_one(Table)
        table.display = TABLE in shown
        self.query_one("#below").display = bool(shown - {TABLE})
        for name in PAGES:
            page = self.query_one(f"#{name}", Page)
            page.display = name in shown
            page.set_chosen(self.acting == name)
        table.set_active(self.acting == TABLE)
        self.size_table(len(self.registry.versions))

    # Drawing

    def show(self, view: LabState) -> None:
        self.view = view
        if view.of(MODELS) is not self.registry:
            grown = len(view.of(MODELS).versions) != len(self.registry.versions)
            self.registry = view.of(MODELS)
            if grown:
                self.size_table(len(self.registry.versions))
        self.set_class(self.registry.known and not self.registry.versions, "empty")
        self.fill(view)
        self._show_one(view)

    def fill(self, view: LabState) -> None:
        registry = self.registry
        if self._wanted and registry.known:
            found = registry.by_name.get(self._wanted)
            if found is None:
                self.desk.say(f"There is no version {self._wanted!r} here.")
            self._at, self._wanted = (found.name if found else self._at), ""
        if self._at not in registry.by_name:
            self._at = registry.versions[0].name if registry.versions else ""
        table = self.query_one(Table)
        built = (registry, view.look, self.query_now, int(view.now // 10))
        if built != self._built:
            self._built = built
            shown = matching(registry, self.query_now, view.now)
            none = "No version passes the query."
            table.set_rows(
                ModelRows(registry, view.look, view.now),
                shown,
                none if registry.versions else "Reading the registry ...",
            )
            table.set_selected(self._row())
        bar = self.query_one(QueryBar)
        if not self.tell_typed(bar, view.palette):
            bar.say(self._said(view), False, view.palette)
        if not registry.versions:
            why = " ".join((view.failure(MODELS), *registry.problems)) or EMPTY
            self.query_one("#nothing", Page).set_content(lambda prose: prose.say(why), why)

    def _said(self, view: LabState) -> str:
        registry = self.registry
        total, shown = len(registry.versions), len(self.query_one(Table).order)
        said = f"{total} versions" if total != 1 else "1 version"
        if shown != total:
            said = f"{shown} of {said}   {self.query_now.filter_text}"
        people = len(registry.personas)
        said += f", {people} personas" if people != 1 else ", 1 persona"
        trouble = view.failure(MODELS) or next(iter(registry.problems), "")
        return f"{said}   {trouble}" if trouble else said

    def _row(self) -> int | None:
        """The row of the version under the cursor."""
        names = [one.name for one in self.registry.versions]
        return names.index(self._at) if self._at in names else None

    @property
    def version(self) -> Version | None:
        """The version under the cursor."""
        return self.registry.by_name.get(self._at)

    @property
    def root(self) -> Path:
        """The run root."""
        return Path("runs") if self.view is None else self.view.root

    def _show_one(self, view: LabState) -> None:
        version, registry = self.version, self.registry
        if version is None:
            return
        now = view.now
        key = (version, registry, int(now // 10))
        page = self.query_one("#facts", Page)
        page.set_content(facts.summary(version, registry, now), key, version.name)
        page = self.query_one("#lineage", Page)
        page.set_content(facts.lineage(version, registry), (version, registry), "Lineage")
        page = self.query_one("#personas", Page)
        page.set_content(facts.people(registry, version, now), key, "Personas")
        self._show_difference()

    def _show_difference(self) -> None:
        page, latest = self.query_one("#diff", Page), self._differences
        found = latest.found
        if latest.failure:
            page.set_content(lambda prose: prose.say(latest.failure), latest.failure, "Diff")
        elif found is not None and found[0] == latest.asked:
            page.set_content(facts.compared(*found[0], found[1]), found, "Diff")
        else:
            said = "comparing ..." if latest.busy else "x compares two versions."
            page.set_content(lambda prose: prose.say(said), said, "Diff")

    @on(LabView.Derived)
    def _on_derived(self, message: LabView.Derived) -> None:
        message.stop()
        self._show_difference()

    # Keys

    def columns(self) -> tuple[Column, ...]:
        return COLUMNS

    def go(self, row: int) -> None:
        self._at = self.registry.versions[row].name
        self.query_one(Table).set_selected(row)
        if self.view is not None:
            self._show_one(self.view)

    def natural_order(self, descending: bool) -> str:
        return "By skill, oldest first" if descending else "By skill, newest first"

    def do_open(self) -> str | None:
        return self._actions.open()

    def do_deploy(self) -> str | None:
        return self._actions.deploy()

    def do_rollback(self) -> str | None:
        return self._actions.rollback()

    def do_test(self) -> str | None:
        return self._actions.test()

    def do_compare(self) -> str | None:
        return self._actions.compare()

    def do_remove(self) -> str | None:
        return self._actions.remove()

    def compare_with(self, name: str | None, /) -> None:
        version, other = self.version, self.registry.by_name.get(name or "")
        if version is not None and other is not None:
            self._differences.ask((other, version))
            self.turn_to("diff")
            self._show_difference()

    def label(self, command: Command) -> str:
        if command.action == "pane('region')":
            return self.region_hint or command.label
        if command.action == "pane('rollback')":
            movable = any(one.stack[1:] for one in self.registry.personas)
            return command.label if movable else ""
        return command.label if self.version is not None else ""

    # The mouse

    @on(Table.RowPicked)
    def _on_row_picked(self, message: Table.RowPicked) -> None:
        message.stop()
        if message.again:
            self._actions.open()
        else:
            self.go(message.row)

    # What leaves the view

    def copyable(self) -> Sequence[tuple[str, str]]:
        version = self.version
        if version is None:
            return ()
        start = command_line(*("tttui", "run", "--from", version.name), *self._actions.words()[2:])
        return [
            ("Name", version.name),
            ("Command to start from it", start),
            ("Command to show it", command_line(*self._actions.words("show", version.name))),
            ("SHA-256 of its weights", version.weights_sha256),
            ("Directory", str(version.path)),
        ]

    def exportable(self) -> Export:
        registry, order = self.registry, self.query_one(Table).order.tolist()
        return Export(
            "models", RECORDED, [record(registry, registry.versions[row]) for row in order]
        )

    def look(self, start: StartView) -> StartView:
        return replace(super().look(start), item=self._at or None)

    def recall(self, start: StartView) -> None:
        if start.item:
            self._wanted = start.item
        super().recall(start)
