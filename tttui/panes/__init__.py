"""The six tabs: the app starts with one of them and imports the others once that one is shown."""

from importlib import import_module
from threading import Thread

from tttui.panes.view import Pane

PANES = {
    "overview": "OverviewPane",
    "weights": "WeightsPane",
    "transactions": "TransactionsPane",
    "physics": "PhysicsPane",
    "architecture": "ArchitecturePane",
    "sessions": "SessionsPane",
}
"""The class of each tab, in the module of the tab's name."""


def make_pane(tab: str) -> Pane:
    """The pane of a tab by its name."""
    pane: Pane = getattr(import_module(f"tttui.panes.{tab}"), PANES[tab])()
    return pane


def prepare() -> None:
    """Import all tabs in the background, so that the first visit of one need not."""

    def work() -> None:
        for tab in PANES:
            import_module(f"tttui.panes.{tab}")

    Thread(target=work, name="tabs", daemon=True).start()
