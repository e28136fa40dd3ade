"""The six tabs, each imported when it is first shown: the app starts with one of them."""

from importlib import import_module

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
