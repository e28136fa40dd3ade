"""The regions of the Weights tab, and where they stand by the room there is."""

from tttui.model.arrays import PLASTIC
from tttui.panes.regions import Pages

REGIONS = (*PLASTIC, "statistics", "spectrum", "moved")
"""The regions that `w` cycles through."""

WIDE_LOWER, MEDIUM_LOWER = 19, 14
"""Rows that the statistics and the rest need below the matrices."""

BELOW = ("statistics", "spectrum", "moved")
"""The regions other than matrices."""

SHAPES: tuple[tuple[int, int], ...] = ((16, 6), (32, 16), (4, 32))
"""Of the matrices of the usual model, used until others are known, so that layout happens once."""

CSS = """
WeightsPane { layout: vertical; height: 1fr; }
WeightsPane #reading { height: 2; }
WeightsPane #maps { height: 1fr; }
WeightsPane .weightmap { margin-right: 1; }
WeightsPane #w_o { margin-right: 0; }
WeightsPane #lower { height: 1fr; layout: horizontal; }
WeightsPane #statistics { layout: grid; grid-size: 2 2; grid-gutter: 0 2; width: 1fr; }
WeightsPane #nothing { display: none; }
WeightsPane.no-history #nothing { display: block; }
WeightsPane.no-history StatChart { display: none; }
WeightsPane.no-history #statistics { layout: vertical; }
WeightsPane #spectra { width: 1fr; }
WeightsPane #spectrum { height: 13; }
WeightsPane #trends { height: 1fr; layout: horizontal; }
WeightsPane #trends StatChart { width: 1fr; margin-right: 1; }
WeightsPane #moved { width: 1fr; }

WeightsPane.wide #statistics { width: 11fr; margin-right: 2; }
WeightsPane.wide.no-history #statistics { width: 40; }
WeightsPane.wide #spectra { width: 10fr; margin-right: 2; }
WeightsPane.wide #moved { width: 8fr; }

WeightsPane.medium.at-statistics #spectra, WeightsPane.medium.at-statistics #moved,
WeightsPane.medium.at-spectrum #statistics, WeightsPane.medium.at-spectrum #moved,
WeightsPane.medium.at-moved #spectra, WeightsPane.medium.at-moved #statistics,
WeightsPane.medium.at-map #spectra { display: none; }
WeightsPane.medium.at-map #statistics { grid-size: 2 1; margin-right: 2; }
WeightsPane.medium.at-map #mean, WeightsPane.medium.at-map #std { display: none; }
WeightsPane.medium.at-map #moved { width: 44; }
WeightsPane.medium.at-map.no-history #statistics { width: 24; }
WeightsPane.medium.at-map.no-history #spectra { display: block; margin-right: 2; }
WeightsPane.medium #trends { display: none; }
WeightsPane.medium.at-spectrum #trends { display: block; width: 1fr; }
WeightsPane.medium.at-spectrum #spectra { layout: horizontal; }
WeightsPane.medium.at-spectrum #spectrum { width: 3fr; margin-right: 2; }
WeightsPane.medium.at-spectrum #trends { width: 2fr; layout: vertical; }
WeightsPane.medium.at-spectrum #trends StatChart { height: 1fr; width: 1fr; }

WeightsPane.small #lower { display: none; }
WeightsPane.small.below #lower { display: block; }
WeightsPane.small.below #maps, WeightsPane.small.below #reading { display: none; }
WeightsPane.small.at-statistics #spectra, WeightsPane.small.at-statistics #moved,
WeightsPane.small.at-spectrum #statistics, WeightsPane.small.at-spectrum #moved,
WeightsPane.small.at-moved #spectra, WeightsPane.small.at-moved #statistics { display: none; }
WeightsPane.small #spectra { height: 1fr; }
WeightsPane.narrow #maps > .weightmap { display: none; margin-right: 0; width: 1fr; }
WeightsPane.narrow #maps > .weightmap.chosen { display: block; }
"""


def map_rows(tallest: int, height: int, *, wide: bool) -> int:
    """Rows of the matrices in a tab of `height` rows, the tallest of which has so many rows."""
    room = max(height - 2 - (WIDE_LOWER if wide else MEDIUM_LOWER), 8)
    while -(-tallest // 2) + 3 > room:  # several rows of the matrix share one
        tallest = -(-tallest // 2)
    return max(-(-tallest // 2) + 3, 8)


def pages(
    names: tuple[str, ...], beside: tuple[str, ...], *, wide: bool, medium: bool, narrow: bool
) -> Pages:
    """The regions that are shown together; `beside`: those that stand with the matrices where
    the tab is of medium size."""
    maps = tuple(name for name in names if name not in BELOW)
    if wide:
        return (names,)
    if medium:
        apart = [name for name in BELOW if name not in beside]
        return (*maps, *beside), *((*maps, name) for name in apart)
    each = tuple((name,) for name in maps) if narrow else (maps,)
    return (*each, *((name,) for name in BELOW))
