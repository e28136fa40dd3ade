"""Waiting for the layout: a tab passes through several sizes before its last one."""

from textual.widget import Widget

from tests.app.conftest import Driver
from tttui.panes.sessions.pane import SessionsPane
from tttui.panes.transactions.pane import TransactionsPane


def laid_out(driver: Driver) -> bool:
    """The shown tab has the regions that its size asks for, and they fill it."""
    pane = driver.pane
    assert isinstance(pane, TransactionsPane | SessionsPane)
    parent = pane.parent
    if not isinstance(parent, Widget) or pane.size != parent.size or not pane.size.area:
        return False
    regions = set(pane.regions)
    parts = [*pane.query("#line"), *pane.query("#reasons"), *pane.query("#gates")]
    parts += pane.query("#curves")
    for part in parts:
        if part.display != (part.id in regions):
            return False
    left = pane if isinstance(pane, SessionsPane) else pane.query_one("#left")
    inside = [child for child in left.children if child.display]
    return not left.display or sum(c.outer_size.height for c in inside) >= left.size.height
