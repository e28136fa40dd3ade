"""Every colour of the drawings, by its role, for every theme.

Colour is never the only sign: statuses have glyphs of their own (`glyphs`), the two curves
differ in weight, and a worse area is hatched.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from tttui.draw.colours import Colour, blend, parse
from tttui.model.dataclass import dataclass
from tttui.model.transactions import STATUSES, UNDONE

OWN_STATUSES = (1, 0, 6, 5, 2, 4)
"""Of `Palette.series`: the colours of statuses that tttui does not know, in this order."""

AREA = 0.4
"""How much of the ground is in the colour of an area."""


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one theme."""

    name: str
    ground: Colour
    """What papers are shades of: the screen's own."""
    text: Colour
    """Values and titles."""
    muted: Colour
    """Labels, units, what is secondary."""
    faint: Colour
    """Grid dots, empty tracks."""
    frame: Colour
    """Axis lines."""
    frozen: Colour
    frozen_raw: Colour
    """Single errors of the frozen model behind its average."""
    adaptive: Colour
    adaptive_raw: Colour
    third: Colour
    third_raw: Colour
    whatif: Colour
    """What another choice of settings would have brought."""
    better_tint: Colour
    """Behind the area where adaptive is below frozen."""
    worse_tint: Colour
    better_hatch: Colour
    """Marks in the better area where no tint is possible (sixteen colours)."""
    worse_hatch: Colour
    """Marks in the worse area; always drawn."""
    adaptive_tint: Colour
    """Behind the range of adaptive's single errors."""
    range_tint: Colour
    """The same for every other curve."""
    band_tint: Colour
    threshold: Colour
    cursor: Colour
    """The cursor's column, as ink on what has no ink of its own."""
    cursor_paper: Colour
    """Behind the cursor's column."""
    window: Colour
    """The visible window on the scrubber, as paper."""
    selected_paper: Colour
    good: Colour
    bad: Colour
    warn: Colour
    accent: Colour
    statuses: Mapping[str, Colour]
    other_status: Colour
    """A status that tttui does not know."""
    series: tuple[Colour, ...]
    """For curves that have no role: x, y, vx, vy, or several sessions."""
    diverging: tuple[Colour, ...]
    """Stops from most negative over zero to most positive."""
    tints: tuple[Colour, ...]
    """Papers of a text: what will be predicted better, what was little, more and much better, then
    the same of worse.
    All but the first are among the 240 fixed colours of terminals: shorter to send, and the same
    over ssh."""
    sequential: tuple[Colour, ...]
    """Stops from least to most."""
    missing: Colour
    """A cell whose value is NaN."""
    tinted: bool = True
    """Backgrounds can be shaded; otherwise areas are hatched."""
    signed: bool = False
    """Signs of weights are told by characters as well, unless a person wants hues alone."""

    def status(self, name: str) -> Colour:
        if name == UNDONE:
            return self.muted
        return self.statuses.get(name, self.other_status)

    def area(self, i: int) -> Colour:
        """The colour of curve i for whole areas, which would else outshine the curves."""
        return blend(self.series[i % len(self.series)], self.ground, AREA)

    def with_statuses(self, names: Sequence[str]) -> "Palette":
        """With colours for statuses of a person's own, each the next one there is."""
        if not names:
            return self
        inks = [self.series[k % len(self.series)] for k in OWN_STATUSES]
        own = {name: inks[i % len(inks)] for i, name in enumerate(names)}
        return replace(self, statuses=MappingProxyType({**own, **self.statuses}))


def _statuses(*names: str) -> Mapping[str, Colour]:
    """Colours in the order of STATUSES."""
    return MappingProxyType(dict(zip(STATUSES, map(parse, names), strict=True)))


def _all(*names: str) -> tuple[Colour, ...]:
    return tuple(map(parse, names))


DARK = Palette(
    name="dark",
    ground=parse("#0d1117"),
    text=parse("#e6edf3"),
    muted=parse("#8b949e"),
    faint=parse("#3b4049"),
    frame=parse("#4a5361"),
    frozen=parse("#98a1ae"),
    frozen_raw=parse("#4b535f"),
    adaptive=parse("#3ddcff"),
    adaptive_raw=parse("#1d5f75"),
    third=parse("#e3b341"),
    third_raw=parse("#6b5525"),
    whatif=parse("#ff7ee6"),
    better_tint=parse("#0d3330"),
    worse_tint=parse("#4d1118"),
    better_hatch=parse("#1f5a52"),
    worse_hatch=parse("#8a3a42"),
    adaptive_tint=parse("#0f1f3a"),
    range_tint=parse("#1d2125"),
    band_tint=parse("#1b2c46"),
    threshold=parse("#f0883e"),
    cursor=parse("#f5f7fa"),
    cursor_paper=parse("#3f454f"),
    window=parse("#2c323b"),
    selected_paper=parse("#454b56"),
    good=parse("#4ac46a"),
    bad=parse("#ff6b61"),
    warn=parse("#e3b341"),
    accent=parse("#3ddcff"),
    statuses=_statuses("#4ac46a", "#ff5c57", "#ff9e3d", "#a98bff", "#ff4fd8", "#ff7ee6"),
    other_status=parse("#c9d1d9"),
    series=_all("#3ddcff", "#e3b341", "#a98bff", "#4ac46a", "#ff9e3d", "#ff7ee6", "#98a1ae"),
    diverging=_all("#6cb6ff", "#2f6fd0", "#17345f", "#14181f", "#5f2420", "#d0483b", "#ff9a80"),
    tints=_all(
        "#00005f", "#005f87", "#0087d7", "#87d7ff", "#5f0000", "#870000", "#d75f5f", "#ffafaf"
    ),
    sequential=_all("#1b1530", "#443983", "#31688e", "#21918c", "#5ec962", "#fde725"),
    missing=parse("#30363d"),
)

LIGHT = Palette(
    name="light",
    ground=parse("#ffffff"),
    text=parse("#1f2328"),
    muted=parse("#636c76"),
    faint=parse("#c3cad2"),
    frame=parse("#9aa4ae"),
    frozen=parse("#7b8490"),
    frozen_raw=parse("#c5cbd2"),
    adaptive=parse("#0067c0"),
    adaptive_raw=parse("#a5cdee"),
    third=parse("#9a6700"),
    third_raw=parse("#dcc690"),
    whatif=parse("#b0208f"),
    better_tint=parse("#c8f0dc"),
    worse_tint=parse("#fbd0cc"),
    better_hatch=parse("#8ccbb0"),
    worse_hatch=parse("#e09a94"),
    adaptive_tint=parse("#d9e9fa"),
    range_tint=parse("#eceef0"),
    band_tint=parse("#dde8f8"),
    threshold=parse("#bc4c00"),
    cursor=parse("#0b0d10"),
    cursor_paper=parse("#cfd6de"),
    window=parse("#d7dee6"),
    selected_paper=parse("#c9d2dc"),
    good=parse("#1a7f37"),
    bad=parse("#c52a23"),
    warn=parse("#9a6700"),
    accent=parse("#0067c0"),
    statuses=_statuses("#1a7f37", "#cf222e", "#bc4c00", "#7a3fd0", "#b0208f", "#d0349f"),
    other_status=parse("#424a53"),
    series=_all("#0067c0", "#9a6700", "#7a3fd0", "#1a7f37", "#bc4c00", "#b0208f", "#636c76"),
    diverging=_all("#053c86", "#3a7cc9", "#a9cbec", "#ffffff", "#f3b9ae", "#cf4b3e", "#86100f"),
    tints=_all(
        "#d7d7ff", "#afd7ff", "#5fafff", "#005fd7", "#ffd7d7", "#ffafaf", "#ff5f5f", "#af0000"
    ),
    sequential=_all("#f3f0d8", "#b6de8b", "#4db88c", "#27808e", "#3b528b", "#3a0f54"),
    missing=parse("#d0d7de"),
)

ANSI = Palette(
    name="ansi",
    ground=parse("default"),
    text=parse("default"),
    muted=parse("white"),
    faint=parse("bright_black"),
    frame=parse("bright_black"),
    frozen=parse("white"),
    frozen_raw=parse("bright_black"),
    adaptive=parse("bright_cyan"),
    adaptive_raw=parse("blue"),
    third=parse("bright_yellow"),
    third_raw=parse("yellow"),
    whatif=parse("bright_magenta"),
    better_tint=parse("default"),
    worse_tint=parse("default"),
    better_hatch=parse("green"),
    worse_hatch=parse("red"),
    adaptive_tint=parse("default"),
    range_tint=parse("default"),
    band_tint=parse("default"),
    threshold=parse("yellow"),
    cursor=parse("default"),
    cursor_paper=parse("default"),
    window=parse("default"),
    selected_paper=parse("bright_black"),
    good=parse("bright_green"),
    bad=parse("bright_red"),
    warn=parse("bright_yellow"),
    accent=parse("bright_cyan"),
    statuses=_statuses("bright_green", "bright_red", "yellow", "blue", "bright_magenta", "magenta"),
    other_status=parse("white"),
    series=_all("bright_cyan", "bright_yellow", "bright_magenta", "bright_green", "red", "white"),
    diverging=_all("bright_blue", "blue", "black", "red", "bright_red"),
    tints=(),
    sequential=_all("black", "blue", "cyan", "green", "yellow", "bright_white"),
    missing=parse("bright_black"),
    tinted=False,
)

COLOUR_BLIND = replace(
    DARK,
    name="colour-blind",
    signed=True,
    frozen=parse("#a3abb5"),
    frozen_raw=parse("#50575f"),
    adaptive=parse("#56b4e9"),
    adaptive_raw=parse("#24506a"),
    third=parse("#f0e442"),
    third_raw=parse("#6d6820"),
    whatif=parse("#cc79a7"),
    adaptive_tint=parse("#24282d"),
    better_tint=parse("#0d2a4a"),
    worse_tint=parse("#4a2f06"),
    better_hatch=parse("#1f5486"),
    worse_hatch=parse("#a06a1c"),
    threshold=parse("#f0e442"),
    good=parse("#56b4e9"),
    bad=parse("#e69f00"),
    warn=parse("#f0e442"),
    accent=parse("#56b4e9"),
    statuses=_statuses("#56b4e9", "#d55e00", "#e69f00", "#f0e442", "#cc79a7", "#ffffff"),
    other_status=parse("#a3abb5"),
    series=_all("#56b4e9", "#e69f00", "#009e73", "#f0e442", "#cc79a7", "#d55e00", "#a3abb5"),
    diverging=_all("#9fd4f5", "#3d8fd0", "#153a5c", "#14181f", "#5a3a06", "#d08a1c", "#ffd28a"),
    tints=_all(
        "#00005f", "#005f87", "#0087d7", "#87d7ff", "#5f5f00", "#875f00", "#d78700", "#ffd75f"
    ),
    sequential=_all("#00204c", "#31446b", "#666970", "#958f78", "#cab969", "#ffe945"),
)

PALETTES: Mapping[str, Palette] = MappingProxyType(
    {p.name: p for p in (DARK, LIGHT, ANSI, COLOUR_BLIND)}
)
"""By name: dark, light, ansi, colour-blind."""
