"""The six tabs: the app starts with one of them and imports the others once that one is shown."""

from importlib import import_module
from threading import Thread

from tttui.model.errors import RefusedInput
from tttui.model.query import QueryError, parse
from tttui.model.start import StartView
from tttui.panes.view import Pane

DEFAULT_TAB = "overview"

PANES = {
    "overview": "OverviewPane",
    "weights": "WeightsPane",
    "transactions": "TransactionsPane",
    "physics": "PhysicsPane",
    "architecture": "ArchitecturePane",
    "sessions": "SessionsPane",
}
"""The class of each tab, in the module of the tab's name."""


def pane_class(tab: str) -> type[Pane]:
    """The class of the pane of a tab."""
    pane: type[Pane] = getattr(import_module(f"tttui.panes.{tab}"), PANES[tab])
    return pane


def refuse_unknown(start: StartView) -> None:
    """Raise RefusedInput for what the tab of this view has not, with what it has."""
    tab = start.tab or DEFAULT_TAB
    if start.transaction is not None and start.transaction < 1:
        raise RefusedInput(f"--transaction: {start.transaction} is less than 1")
    if start.ghost is not None and not 0 <= start.ghost <= 1:
        raise RefusedInput(f"--ghost: {start.ghost:g} is not between 0 and 1")
    named = {"--view": start.view, "--region": start.region, "--sort": start.sort}
    if not any((*named.values(), start.query)):
        return
    pane = pane_class(tab)
    known = {"--view": pane.views, "--region": pane.region_names, "--sort": pane.sorts}
    for option, value in named.items():
        if value is None:
            continue
        name, _, order = value.partition(":") if option == "--sort" else (value, "", "")
        if name not in known[option] or order not in ("", "desc"):
            choices = ", ".join(known[option]) or "none: there is nothing to choose"
            raise RefusedInput(f"{option}: {value!r} is unknown in {tab}; known are {choices}")
    if start.query and pane.words is None:
        raise RefusedInput(f"--query: {tab} has no table; transactions and sessions have one")
    if start.query and pane.words is not None:
        try:
            parse(start.query, pane.words)
        except QueryError as error:
            raise RefusedInput(f"--query: {error}") from error


def prepare() -> None:
    """Import all tabs in the background, so that the first visit of one need not."""

    def work() -> None:
        for tab in PANES:
            import_module(f"tttui.panes.{tab}")

    Thread(target=work, name="tabs", daemon=True).start()
