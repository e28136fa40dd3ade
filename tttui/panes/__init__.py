"""The six tabs: the app starts with one of them and imports the others once that one is shown."""

import gc
from importlib import import_module
from threading import Thread

from tttui.keys.command import OTHER_PANES
from tttui.model.document import HF, TEXT
from tttui.model.errors import RefusedInput
from tttui.model.session import SessionData
from tttui.model.start import StartView
from tttui.model.weights import has_point_mass_weights
from tttui.panes.body import Body
from tttui.panes.view import Pane

DEFAULT_TAB = "overview"

PANES = {
    "overview": ("overview.pane", "OverviewPane"),
    "weights": ("weights.pane", "WeightsPane"),
    "transactions": ("transactions.pane", "TransactionsPane"),
    "physics": ("physics.pane", "PhysicsPane"),
    "architecture": ("architecture.pane", "ArchitecturePane"),
    "sessions": ("sessions.pane", "SessionsPane"),
}
"""The module and the class of each tab for the point mass."""

OTHERS = {
    "parameters": ("weights.parameters", "ParametersPane"),
    "series": ("physics.series", "SeriesPane"),
    "text": ("text.pane", "TextPane"),
    "modules": ("architecture.modules", "ModulesPane"),
}
"""The panes of other tasks; `keys.OTHER_PANES` has their tabs."""

BY_TASK = {TEXT: "text", HF: "text"}
"""What tab 4 shows for the sessions of a task, but for the point mass: a pane of OTHERS, which
`keys.OTHER_PANES` must know. All other tasks have their series."""


def pane_of(tab: str, data: SessionData | None) -> str:
    """The name of the pane that a tab shows for a session."""
    if data is None or has_point_mass_weights(data):
        return tab
    if tab == "physics":
        # A session that names no task may still have weights of its own, and a recorder may call
        # what it records as it likes.
        schema = data.meta.schema
        named = schema.task.name if schema.recorder is None else ""
        return BY_TASK.get(named, "series")
    return next((pane for pane, at in OTHER_PANES.items() if at == tab), tab)


def pane_class(name: str) -> type[Pane]:
    """The class of a pane by its name."""
    module, cls = {**PANES, **OTHERS}[name]
    pane: type[Pane] = getattr(import_module(f"tttui.panes.{module}"), cls)
    return pane


def _panes_of(tab: str) -> list[type[Pane]]:
    """All panes that a tab may show."""
    others = [name for name, at in OTHER_PANES.items() if at == tab]
    return [pane_class(name) for name in (tab, *others)]


def refuse_unknown(start: StartView) -> None:
    """Raise RefusedInput for a part of the view that its tab lacks, with the choices."""
    if start.lab is not None or start.item is not None:
        _refuse_unknown_in_lab(start)
        return
    tab = start.tab or DEFAULT_TAB
    if start.transaction is not None and start.transaction < 1:
        raise RefusedInput(f"--transaction: {start.transaction} is less than 1")
    if start.ghost is not None and not 0 <= start.ghost <= 1:
        raise RefusedInput(f"--ghost: {start.ghost:g} is not between 0 and 1")
    named = {"--view": start.view, "--region": start.region, "--sort": start.sort}
    if not any((*named.values(), start.query)):
        return
    panes = _panes_of(tab)
    pane = panes[0]
    known = {
        "--view": [name for p in panes for name in p.views],
        "--region": [name for p in panes for name in p.region_names],
        "--sort": list(pane.sorts),
    }
    for option, value in named.items():
        if value is None:
            continue
        name, _, order = value.partition(":") if option == "--sort" else (value, "", "")
        if name not in known[option] or order not in ("", "desc"):
            choices = ", ".join(dict.fromkeys(known[option])) or "none: there is nothing to choose"
            raise RefusedInput(f"{option}: {value!r} is unknown in {tab}; known are {choices}")
    if start.query and pane.words is None:
        raise RefusedInput(f"--query: {tab} has no table; transactions and sessions have one")
    _refuse_query(start, pane)


def _refuse_query(start: StartView, body: type[Body]) -> None:
    if start.query and body.words is not None:
        from tttui.model.query import QueryError, parse

        try:
            parse(start.query, body.words)
        except QueryError as error:
            raise RefusedInput(f"--query: {error}") from error


def _refuse_unknown_in_lab(start: StartView) -> None:
    """The same for a view of the lab."""
    from tttui.panes.lab.base import registered

    if start.lab is None:
        raise RefusedInput("--item needs --lab VIEW, of which it selects something")
    view = registered(start.lab).load()
    if start.query and view.words is None:
        raise RefusedInput(f"--query: the view {start.lab} has no table that takes one")
    for option, value, known in (
        ("--region", start.region, view.region_names),
        ("--sort", start.sort and start.sort.partition(":")[0], view.sorts),
    ):
        if value and value not in known:
            there = ", ".join(known) or "none"
            raise RefusedInput(f"{option}: {value!r} is unknown in {start.lab}; known are {there}")
    _refuse_query(start, view)


def prepare() -> None:
    """Import all tabs in the background, so that the first visit of one need not."""

    def work() -> None:
        for pane in (*PANES, *OTHERS):
            pane_class(pane)
        gc.freeze()  # modules stay: no collection has to look at them again

    Thread(target=work, name="tabs", daemon=True).start()
