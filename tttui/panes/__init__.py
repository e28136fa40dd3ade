"""The six tabs."""

from tttui.panes.architecture import ArchitecturePane
from tttui.panes.later import LaterPane
from tttui.panes.overview import OverviewPane
from tttui.panes.physics import PhysicsPane
from tttui.panes.sessions import SessionsPane
from tttui.panes.transactions import TransactionsPane
from tttui.panes.view import Pane
from tttui.panes.weights import WeightsPane

PANES: dict[str, type[Pane]] = {
    "overview": OverviewPane,
    "sessions": SessionsPane,
    "weights": WeightsPane,
    "transactions": TransactionsPane,
    "physics": PhysicsPane,
    "architecture": ArchitecturePane,
}


def make_pane(tab: str) -> Pane:
    """The pane of a tab by its name."""
    kind = PANES.get(tab)
    return LaterPane(tab) if kind is None else kind()
