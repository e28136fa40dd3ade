"""One transaction in full: what happened, why, how close each gate was, what moved."""

from collections.abc import Mapping
from typing import Any

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from tttui.draw.colours import Colour, style
from tttui.draw.glyphs import UNICODE, Glyphs
from tttui.draw.numbers import short
from tttui.draw.palette import DARK, Palette
from tttui.model.arrays import PLASTIC
from tttui.model.explain import Gate, explain, gates
from tttui.model.transactions import Transaction

BAR = 10
"""Cells of a gate's bar; the threshold lies at its end."""

FIELDS = (
    ("pre_loss", "pre_loss"),
    ("post_loss", "post_loss"),
    ("grad_norm", "grad_norm"),
    ("pre_max_h", "pre_max_h"),
    ("post_max_h", "post_max_h"),
    ("lr", "lr taken"),
    ("inner_steps", "inner steps"),
    ("duration_ms", "duration ms"),
    ("implied_mu", "implied mu"),
    ("to_t", "restored t"),
)


class TransactionPanel(VerticalScroll, can_focus=False):
    """The details of the selected transaction."""

    DEFAULT_CSS = """
    TransactionPanel { padding: 0 1; border-left: solid $panel; }
    TransactionPanel Static { height: auto; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._palette, self._glyphs = DARK, UNICODE
        self._shown: tuple[object, ...] = ()
        self._lines = -1

    def compose(self) -> ComposeResult:
        yield Static()

    def show(
        self,
        event: Transaction | None,
        index: int,
        total: int,
        plasticity: Mapping[str, Any],
        palette: Palette,
        glyphs: Glyphs,
    ) -> None:
        """Draw this transaction, number `index` (from 0) of `total`."""
        if self._shown == (event, total, palette, glyphs):
            return
        self._shown = (event, total, palette, glyphs)
        self._palette, self._glyphs = palette, glyphs
        text = Text("No transaction was recorded.", style=self._ink(palette.muted))
        if event is not None:
            text = self._describe(event, index, total, plasticity)
        lines = text.plain.count("\n")
        self.query_one(Static).update(text, layout=lines != self._lines)
        self._lines = lines

    def _describe(
        self, event: Transaction, index: int, total: int, plasticity: Mapping[str, Any]
    ) -> Text:
        palette, glyphs = self._palette, self._glyphs
        colour = palette.status(event.status)
        out = Text()
        out.append(f"{glyphs.status(event.status)} ", self._ink(colour, bold=True))
        out.append(event.status.replace("_", " "), self._ink(colour, bold=True))
        out.append(f"\nt {event.t}", self._ink(palette.text, bold=True))
        out.append(f"   attempt {index + 1} of {total}\n\n", self._ink(palette.muted))
        out.append(explain(event, plasticity) + "\n", self._ink(palette.text))
        self._losses(out, event)
        met = gates(event, plasticity)
        if met:
            self._head(out, "Gates, value against threshold")
            for gate in met:
                self._gate(out, gate)
        self._head(out, "Recorded")
        for key, label in FIELDS:
            value = getattr(event, key)
            if value is not None:
                shown = short(value, 4) if isinstance(value, float) else str(value)
                out.append(f"{label:<12}", self._ink(palette.muted))
                out.append(f"{shown}\n", self._ink(palette.text))
        self._matrices(out, event)
        return out

    def _losses(self, out: Text, event: Transaction) -> None:
        pre, post = event.pre_loss, event.post_loss
        if pre is None or post is None:
            return
        palette = self._palette
        lower = post <= pre
        arrow = self._glyphs.down if lower else self._glyphs.up
        out.append("\nloss ", self._ink(palette.muted))
        out.append(f"{short(pre)} -> {short(post)} ", self._ink(palette.text, bold=True))
        change = f" {100 * (post - pre) / pre:+.3g} %" if pre else ""
        out.append(f"{arrow}{change}\n", self._ink(palette.good if lower else palette.bad))

    def _gate(self, out: Text, gate: Gate) -> None:
        palette, glyphs = self._palette, self._glyphs
        share = min(max(gate.share, 0.0), 1.0) if gate.share == gate.share else 1.0
        full, part = divmod(round(share * BAR * 8), 8)
        bar = glyphs.fills[-1] * full + (glyphs.fills[part] if part else "")
        out.append(f"{gate.name:<14}", self._ink(palette.muted))
        out.append(f"{bar:<{BAR}}", self._ink(palette.good if gate.passed else palette.bad))
        out.append("|" if gate.passed else "!", self._ink(palette.threshold))
        out.append(f" {short(gate.value)} / {short(gate.limit)}\n", self._ink(palette.text))

    def _matrices(self, out: Text, event: Transaction) -> None:
        rows = [(name, event.raw.get(name)) for name in PLASTIC]
        known = [(name, stats) for name, stats in rows if isinstance(stats, dict)]
        if not known:
            return
        self._head(out, "What changed in the weights")
        out.append(f"{'':<5}{'|delta|':>9}{'|W|':>9}{'max':>9}{'top sv':>9}\n", "dim")
        for name, stats in known:
            out.append(f"{name:<5}", self._ink(self._palette.text, bold=True))
            for key in ("delta_fro", "fro", "max_abs", "top_sv"):
                value = stats.get(key)
                shown = short(float(value)) if isinstance(value, (int, float)) else "-"
                out.append(f"{shown:>9}", self._ink(self._palette.text))
            out.append("\n")

    def _head(self, out: Text, title: str) -> None:
        out.append(f"\n{title}\n", self._ink(self._palette.accent))

    @staticmethod
    def _ink(colour: Colour, bold: bool = False) -> Style:
        return style(colour, bold=bold)
