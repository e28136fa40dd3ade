"""One transaction in full: outcome, reason, gates and changes."""

from collections.abc import Mapping, Sequence
from typing import Any

from tttui.draw.numbers import choose, short
from tttui.draw.prose import Prose, filling
from tttui.model.arrays import PLASTIC
from tttui.model.explain import Gate, explain, gates
from tttui.model.names import name_forms
from tttui.model.transactions import UNDONE, Transaction
from tttui.widgets.page import Page

BAR = 10
"""Cells of a gate's bar; the threshold lies at its end."""

MOST_PARAMETERS = 8
"""Parameters that are listed with what changed in them."""

MOST_RANGES = 6

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
    ("live_steps", "live steps"),
    ("live_mse", "live error"),
    ("live_frozen_mse", "live frozen"),
)


class TransactionPanel(Page):
    """The details of the selected transaction."""

    edge = True

    def __init__(self) -> None:
        super().__init__("Transaction")

    def show(
        self,
        event: Transaction | None,
        index: int,
        total: int,
        plasticity: Mapping[str, Any],
        undone_at: int | None = None,
    ) -> None:
        """Draw this transaction, number `index` (from 0) of `total`.

        `undone_at` is the step at which a commit was taken back.
        """

        def write(prose: Prose) -> None:
            if event is None:
                prose.say("No transaction was recorded.", prose.palette.muted)
            else:
                _describe(prose, event, plasticity, undone_at)

        title = (
            "Transaction" if event is None else f"t {event.t}, transaction {index + 1} of {total}"
        )
        self.set_content(write, (event, total, undone_at), title)


def _describe(
    prose: Prose, event: Transaction, plasticity: Mapping[str, Any], undone_at: int | None
) -> None:
    palette, glyphs = prose.look
    outcome = event.status if undone_at is None else UNDONE
    own = glyphs.words.get(event.status)
    words = f"rolled back: {own}" if own else event.status.replace("_", " ")
    words += ", undone" if undone_at is not None else ""
    prose.line((f"{glyphs.status(outcome)} {words}", palette.status(outcome), True))
    prose.say(explain(event, plasticity, undone_at))
    _losses(prose, event)
    met = gates(event, plasticity)
    if met:
        prose.head("Gates, value against threshold")
        for gate in met:
            _gate(prose, gate)
    prose.head("Recorded")
    for key, label in FIELDS:
        value = getattr(event, key)
        if key == "to_t" and value is not None and value < 0:
            prose.field(label, "of the base", 12)
        elif value is not None:
            prose.field(label, short(value, 4) if isinstance(value, float) else str(value), 12)
    for label, text in (("kind", event.kind), ("trained on", trained_on(event.raw))):
        if text:
            prose.field(label, text, 12)
    _matrices(prose, event)


def _losses(prose: Prose, event: Transaction) -> None:
    pre, post = event.pre_loss, event.post_loss
    if pre is None or post is None:
        return
    palette, lower = prose.palette, post <= pre
    arrow = prose.glyphs.down if lower else prose.glyphs.up
    change = f" {100 * (post - pre) / pre:+.3g} %" if pre else ""
    prose.gap().line(
        ("loss ", palette.muted),
        (f"{short(pre)} -> {short(post)} ", palette.text, True),
        (f"{arrow}{change}", palette.good if lower else palette.bad),
    )


def _gate(prose: Prose, gate: Gate) -> None:
    palette = prose.palette
    bar = filling(gate.share if gate.share == gate.share else 1.0, BAR, prose.glyphs)
    prose.line(
        (f"{gate.name:<14}", palette.muted),
        (f"{bar:<{BAR}}", palette.good if gate.passed else palette.bad),
        ("|" if gate.passed else "!", palette.threshold),
        (f" {short(gate.value)} / {short(gate.limit)}", palette.text),
    )


def _matrices(prose: Prose, event: Transaction) -> None:
    own = event.raw.get("weights")
    names = PLASTIC if not isinstance(own, Mapping) else [k for k in own if isinstance(k, str)]
    known = [(name, stats) for name in names if (stats := event.figures(name))]
    if not known:
        return
    if names is not PLASTIC:
        _parameters(prose, known)
        return
    palette = prose.palette
    prose.head("What changed in the weights")
    heads = ("|delta|", "|W|", "max", "top sv")
    prose.line((f"{'':<5}" + "".join(f"{head:>9}" for head in heads), palette.muted))
    for name, stats in known:
        shown = [short(stats.get(key)) for key in ("delta_fro", "fro", "max_abs", "top_sv")]
        row = "".join(f"{text:>9}" for text in shown)
        prose.line((f"{name:<5}", palette.text, True), (row, palette.text))


def _parameters(prose: Prose, known: Sequence[tuple[str, Mapping[str, float]]]) -> None:
    """The parameters that changed most, and how many more there are."""
    palette = prose.palette
    moved = sorted(known, key=lambda item: -item[1].get("delta_fro", 0.0))
    prose.head("What changed in the weights")
    room = max(prose.width - 20, 8)
    prose.line((f"{'':<{room}}{'|delta|':>10}{'|W|':>10}", palette.muted))
    for name, stats in moved[:MOST_PARAMETERS]:
        values = "".join(f"{short(stats.get(key)):>10}" for key in ("delta_fro", "fro"))
        shown = choose(name_forms(name), room - 1, prose.glyphs.ellipsis)
        prose.line((f"{shown:<{room}}", palette.text, True), (values, palette.text))
    if len(moved) > MOST_PARAMETERS:
        prose.say(f"and {len(moved) - MOST_PARAMETERS} more, which changed less", palette.muted)


def trained_on(raw: Mapping[str, Any]) -> str:
    """The steps that an update was trained on: `t 608 to 623`, `t 3, 5, 9`."""
    entries = raw.get("trained_on")
    if not isinstance(entries, list) or not entries:
        return ""
    parts = []
    for entry in entries[:MOST_RANGES]:
        match entry:
            case int(t):
                parts.append(str(t))
            case [int(first), int(last)]:
                parts.append(f"{first} to {last}")
            case _:
                return ""
    more = ", ..." if len(entries) > MOST_RANGES else ""
    return f"t {', '.join(parts)}{more}"
