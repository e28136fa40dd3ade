"""The characters of the drawings, in full and for terminals without braille and blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from types import MappingProxyType

from tttui.model.dataclass import dataclass
from tttui.model.transactions import STATUSES, UNDONE

SEVERITY = (
    "rollback_non_finite",
    "rollback_live_regression",
    "rollback_state_norm",
    "rollback_grad_norm",
    "rollback_loss_regression",
    UNDONE,
    "commit",
)
"""Outcomes from the gravest down; where several share a cell, the gravest is shown."""


OWN_STATUSES, OWN_STATUSES_ASCII = "★◣◥▮◢◤♦♠", "@&$abcde"
"""Signs of statuses that tttui does not know, in the order in which a session has them."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One character for each purpose; all are one cell wide."""

    name: str
    braille: bool
    """Curves are drawn in braille; otherwise with `curve` and friends, one sample a cell."""
    statuses: Mapping[str, str]
    other_status: str
    heavy: str
    """Legend of the main curve."""
    light: str
    """Legend of the other curves."""
    cursor: str
    vertical: str
    horizontal: str
    corner: str
    tick_left: str
    """On the vertical axis, where a label points."""
    tick_down: str
    axis_cut: str
    """At the end of a value axis that does not reach to zero."""
    grid: str
    threshold: str
    above: str
    below: str
    better: str
    worse: str
    """Hatches of the two areas."""
    change: str
    """A step at which somebody changed the run."""
    change_line: str
    """Through the drawings at that step."""
    edge: str
    """Between commits."""
    stub_top: str
    """On the edge, where a rolled-back transaction branches off."""
    play: str
    pause: str
    follow: str
    track: str
    to_come: str
    """The track where a run is yet to go."""
    thumb: str
    bars: str
    """Nine fillings of a cell from empty to full, from below."""
    fills: str
    """Nine fillings of a cell from empty to full, from the left."""
    up: str
    down: str
    ellipsis: str
    raw: str
    """Without braille: samples behind an average."""
    samples: str
    """A sample that no line reaches: of the main curve, of others."""
    curve_marks: str
    """Without braille: the main curve, the second, the third."""
    words: Mapping[str, str] = field(default_factory=dict[str, str])
    """Texts for statuses of the user's code."""

    @property
    def not_a_number(self) -> str:
        """Where a value is NaN."""
        return self.statuses["rollback_non_finite"]

    def status(self, name: str) -> str:
        return self.statuses.get(name, self.other_status)

    def with_statuses(self, names: Sequence[str], words: Mapping[str, str]) -> "Glyphs":
        """With signs for statuses of a person's own, each the next one there is, and the words
        that the person has for them."""
        if not names:
            return self
        pool = OWN_STATUSES if self.braille else OWN_STATUSES_ASCII
        own = {name: pool[i % len(pool)] for i, name in enumerate(names)}
        return replace(self, statuses=MappingProxyType({**own, **self.statuses}), words=words)


def _statuses(glyphs: str) -> Mapping[str, str]:
    """One glyph for each of STATUSES, in their order, and one for UNDONE."""
    return MappingProxyType(dict(zip((*STATUSES, UNDONE), glyphs, strict=True)))


UNICODE = Glyphs(
    name="unicode",
    braille=True,
    statuses=_statuses("●▲◆■✕▼⊘"),
    other_status="?",
    heavy="━",
    light="─",
    cursor="│",
    vertical="│",
    horizontal="─",
    corner="└",
    tick_left="┤",
    tick_down="┬",
    axis_cut="≈",
    grid="⠂",
    threshold="╌",
    above="↑",
    below="↓",
    better="·",
    worse="╱",
    change="◇",
    change_line="┊",
    edge="━",
    stub_top="┯",
    play="▶",
    pause="‖",
    follow="»",
    track="─",
    to_come="·",
    thumb="█",
    bars=" ▁▂▃▄▅▆▇█",
    fills=" ▏▎▍▌▋▊▉█",
    up="▲",
    down="▼",
    ellipsis="…",
    raw="·",
    samples="●○",
    curve_marks="●·∘",
)

ASCII = Glyphs(
    name="ascii",
    braille=False,
    statuses=_statuses("o^*#xv%"),
    other_status="?",
    heavy="=",
    light="-",
    cursor="|",
    vertical="|",
    horizontal="-",
    corner="+",
    tick_left="+",
    tick_down="+",
    axis_cut="~",
    grid=".",
    threshold="-",
    above="^",
    below="v",
    better=" ",
    worse="/",
    change="!",
    change_line="!",
    edge="=",
    stub_top="+",
    play=">",
    pause="|",
    follow=">",
    track="-",
    to_come=".",
    thumb="#",
    bars="  ..::-=#",
    fills="    ----#",
    up="^",
    down="v",
    ellipsis="~",
    raw=":",
    samples="*+",
    curve_marks="*-+",
)

GLYPHS: Mapping[str, Glyphs] = MappingProxyType({g.name: g for g in (UNICODE, ASCII)})
