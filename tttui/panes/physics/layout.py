"""The regions of the Physics tab, what they are called, and where they stand."""

from tttui.panes.regions import Pages

MODES = ("path", "predictions", "ghost")
"""What `v` cycles through."""

REGIONS = ("path", "state", "friction", "below", "implied")
FIGURES = {
    "path": "trajectory",
    "state": "state",
    "friction": "mu",
    "below": "mse",
    "implied": "mu",
}
"""The figures that `e` exports for the regions; while the ghost is shown, it is the ghost."""

REGION_TITLES = {"state": "state over time", "friction": "hidden friction"}
REGION_TITLES |= {"below": "error over time", "implied": "implied mu"}

WIDE, TALL = 150, 34
"""Columns and rows from which everything is shown at once."""

NARROW = 100
"""Columns below which one region at a time is shown."""

CSS = """
PhysicsPane { layout: horizontal; height: 1fr; }
PhysicsPane #left { width: 1fr; }
PhysicsPane #right { width: 1fr; max-width: 96; margin-left: 1; }
PhysicsPane #path { height: 1fr; }
PhysicsPane #below { height: 10; }
PhysicsPane #implied { height: 8; }
PhysicsPane #state { height: 1fr; }
PhysicsPane #friction { height: 17; }
PhysicsPane.middle #right { max-width: 56; }
PhysicsPane.middle #implied { height: 1fr; }
PhysicsPane.pathless #path { height: 6; }
PhysicsPane.pathless #implied { height: 8; }
PhysicsPane.pathless #below, PhysicsPane.pathless #friction { height: 1fr; }
PhysicsPane.single #right { margin-left: 0; max-width: 100%; }
PhysicsPane.single PathView, PhysicsPane.single StackView,
PhysicsPane.single FrictionView { height: 1fr; }
PhysicsPane.single #below, PhysicsPane.single #implied { height: 1fr; }
"""


def arrangement(width: int, height: int) -> str:
    """`wide` (all regions at once), `middle` or `single`, for a tab of width x height cells."""
    if width >= WIDE and height >= TALL:
        return "wide"
    return "middle" if width >= NARROW and height >= 24 else "single"


def pages(arranged: str, *, pathless: bool, below: bool) -> Pages:
    """The regions that are shown together; `below`: the series below the path stays with it."""
    if arranged == "single":
        return tuple((name,) for name in REGIONS)
    if pathless:
        return (("path", "below", "friction", "implied"),)
    if arranged == "wide":
        return (REGIONS,)
    usual, extra = ("path", "state", "friction"), ("below",) if below else ()
    return (*usual, *extra), (*usual, "below"), ("path", "friction", *extra, "implied")
