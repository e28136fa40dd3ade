"""The view of models: versions of skills, and the personas that point to them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from tttui.keys.command import Command
from tttui.keys.lab import paging
from tttui.lab.registry.difference import VersionDifference, difference
from tttui.lab.registry.version import Version
from tttui.model.arrays import Bools
from tttui.model.shell import command_line
from tttui.model.start import StartView
from tttui.panes.lab.base import Export, LabState, LabView
from tttui.panes.lab.models import facts
from tttui.panes.lab.models.actions import ModelActions
from tttui.panes.lab.models.rows import (
    COLUMNS,
    MODEL_WORDS,
    RECORDED,
    ModelRows,
    matching,
    record,
)
from tttui.panes.lab.tabled import NARROW
from tttui.panes.latest import Latest
from tttui.panes.listing import TABLE
from tttui.panes.regions import Pages
from tttui.store.lab.models import MODELS
from tttui.widgets.page import Page

ROOMY = 16
"""Rows from which on the details have a place below the table."""

ASIDE = ("lineage", "personas", "results")
"""What stands below each other."""

PAGES = ("facts", "settings", *ASIDE, "diff")

VersionPair = tuple[Version, Version]

KEYS: tuple[Command, ...] = (
    Command(
        "pane('open')",
        "enter,o",
        "open",
        "Open the session or the job that the version comes from",
        "Models",
        footer=True,
    ),
    Command(
        "pane('deploy')",
        "d",
        "deploy",
        "Point a persona to the version; asks for the persona first",
        "Models",
        footer=True,
    ),
    Command(
        "pane('rollback')",
        "R",
        "roll back",
        "Point a persona to what it had in use before; asks first",
        "Models",
        footer=True,
    ),
    Command(
        "pane('test')",
        "t",
        "test",
        "Test the version against another one, or its base, on held-out streams",
        "Models",
        footer=True,
    ),
    Command(
        "pane('compare')",
        "x",
        "diff",
        "Compare weights, settings and results with those of another version",
        "Models",
        footer=True,
    ),
    Command(
        "pane('remove')",
        "D",
        "remove",
        "Take the version out of the registry; asks first, and what is needed stays",
        "Models",
    ),
    *paging(),
)

MEANING = (
    "The versions of all skills: where the weights of each come from, what was measured, its "
    "newest test, and the personas that point to it. Below is the version under the cursor: all "
    "about it, how it learns, its lineage (what stands on the same base, which version was trained "
    "from which, and the sessions that started from them), the personas with what each goes back "
    "to, and its results beside those of other versions. d "
    "points a persona to the version; one that is worse than what is in use, or was never tested "
    "against it (t), is refused unless it is forced. R takes a persona back. x compares two "
    "versions. A query narrows the table: skill:walker persona:helper task:text test:worse "
    "age<24 (hours), or any text. Everything is asked for first, with the command that does the "
    "same, which c copies."
)


class ModelsView(ModelActions):
    """A table of all versions; below it, or on pages of their own, what is known of one."""

    needs = frozenset({"models"})
    words = MODEL_WORDS
    region_names = (TABLE, *PAGES)
    sorts = ("newest", *(column.key for column in COLUMNS))
    keyed = frozenset({TABLE, *PAGES})
    short_names: ClassVar[Mapping[str, str]] = {"facts": "details"}
    keys = KEYS
    meaning = MEANING
    thing, things = "version", "versions"
    hint = "text  skill:walker  persona:helper  test:worse  age<24"
    empty_text = (
        "No versions here yet. n and `train start` with a skill trains one and registers it; n and "
        "`model register` keeps what a session has learned (`tttui model register RUN --skill "
        "NAME`)."
    )
    shown_columns = COLUMNS
    DEFAULT_CSS = """
    ModelsView #below { margin-top: 1; }
    ModelsView #below Page { width: 1fr; margin-right: 2; }
    ModelsView #aside { width: 1fr; }
    ModelsView #aside Page { height: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._differences: Latest[VersionPair, VersionDifference] = Latest(
            lambda pair: difference(*pair), lambda: self.post_message(self.Derived())
        )

    def compose(self) -> ComposeResult:
        yield from self.list_widgets()
        with Horizontal(id="below"):
            yield Page("", id="facts")
            yield Page("How it learns", id="settings")
            with Vertical(id="aside"):
                for name in ASIDE:
                    yield Page("", id=name)
            yield Page("", id="diff")

    # Regions

    def pages(self) -> Pages:
        width, height = self.room
        if width >= NARROW and height >= ROOMY:
            return ((TABLE, "facts", "settings", *ASIDE), ("diff",))
        if width >= NARROW:
            return ((TABLE,), ("facts", "settings", *ASIDE), ("diff",))
        each = (("settings",), ("lineage", "personas"), ("results",), ("diff",))
        return ((TABLE, "facts"), *each) if height >= ROOMY else ((TABLE,), ("facts",), *each)

    def show_regions(self) -> None:
        self.query_one("#aside").display = any(name in self.regions for name in ASIDE)
        super().show_regions()

    # Drawing

    def update(self, view: LabState) -> None:
        self.registry = view.of(MODELS) or self.registry
        self.items, self.known = self.registry.versions, self.registry.known

    def key_of(self, item: Version) -> str:
        return item.name

    def drawn_from(self, view: LabState) -> tuple[object, ...]:
        return self.registry, int(view.now // 10)

    def source(self, view: LabState) -> ModelRows:
        return ModelRows(self.registry, view.look, view.now)

    def matching(self, view: LabState) -> Bools | None:
        return matching(self.registry, self.query_now, view.now)

    def reading_text(self, view: LabState) -> str:
        return "Reading the registry ..."

    def problem(self, view: LabState) -> str:
        return " ".join((view.failure(MODELS), *self.registry.problems)).strip()

    def summary(self, view: LabState) -> str:
        count = len(self.registry.personas)
        trouble = view.failure(MODELS) or next(iter(self.registry.problems), "")
        personas = f", {count} personas" if count != 1 else ", 1 persona"
        return f"{personas}   {trouble}" if trouble else personas

    def show_one(self, view: LabState) -> None:
        version, registry = self.version, self.registry
        if version is None:
            return
        now = view.now
        key = (version, registry, int(now // 10))
        page = self.query_one("#facts", Page)
        page.set_content(facts.summary(version, registry, now), key, version.name)
        page = self.query_one("#settings", Page)
        page.set_content(facts.settings(version), version)
        page = self.query_one("#lineage", Page)
        page.set_content(facts.lineage(version, registry), (version, registry), "Lineage")
        page = self.query_one("#personas", Page)
        page.set_content(facts.people(registry, version, now), key, "Personas")
        page = self.query_one("#results", Page)
        page.set_content(facts.beside(version, registry), (version, registry), "Beside others")
        self._size_aside()
        self._show_difference()

    def _size_aside(self) -> None:
        """What stands above others takes the rows of its lines, up to a third of the room."""
        shown = [name for name in ASIDE if name in self.regions]
        most = max(self.room.height // 3, 4)
        for name in shown:
            page = self.query_one(f"#{name}", Page)
            rows = min(len(page.lines(max(page.size.width, 30))) + 2, most)
            page.styles.height = "1fr" if name == shown[-1] else rows

    def _show_difference(self) -> None:
        page, latest = self.query_one("#diff", Page), self._differences
        compared = latest.newest
        if latest.failure:
            page.set_content(lambda prose: prose.say(latest.failure), latest.failure, "Diff")
        elif compared is not None and compared[0] == latest.question:
            page.set_content(facts.compared(*compared[0], compared[1]), compared, "Diff")
        else:
            text = "comparing ..." if latest.busy else "x compares two versions."
            page.set_content(lambda prose: prose.say(text), text, "Diff")

    @on(LabView.Derived)
    def _on_derived(self, message: LabView.Derived) -> None:
        message.stop()
        self._show_difference()

    # Keys

    def natural_order(self, descending: bool) -> str:
        return "By skill, oldest first" if descending else "By skill, newest first"

    def compare_with(self, name: str | None, /) -> None:
        version, other = self.version, self.registry.by_name.get(name or "")
        if version is not None and other is not None:
            self._differences.ask((other, version))
            self.turn_to("diff")
            self._show_difference()

    def label(self, command: Command) -> str:
        if command.action == "pane('rollback')":
            movable = any(one.stack[1:] for one in self.registry.personas)
            return command.label if movable else ""
        return command.label

    def picked_again(self) -> str | None:
        return self.do_open()

    # What leaves the view

    def copyable(self) -> Sequence[tuple[str, str]]:
        version = self.version
        if version is None:
            return ()
        start = command_line(*("tttui", "run", "--from", version.name), *self.command_words()[2:])
        return [
            ("Name", version.name),
            ("Command to start from it", start),
            ("Command to show it", command_line(*self.command_words("show", version.name))),
            ("SHA-256 of its weights", version.weights_sha256),
            ("Directory", str(version.path)),
        ]

    def exportable(self) -> Export:
        rows = [record(self.registry, version) for version in self.shown_items]
        return Export("models", RECORDED, rows)

    def look(self, start: StartView) -> StartView:
        return replace(super().look(start), item=self.cursor or None)

    def recall(self, start: StartView) -> None:
        if start.item:
            self.linked = start.item
        super().recall(start)
