"""How much memory a session needs while it runs, by its settings: they may come from anybody.

The numbers of bytes were measured, and are rather too large than too small.
"""

from typing import TYPE_CHECKING

from tttui.model.errors import SettingError

if TYPE_CHECKING:
    from tttui.model.settings import Settings

MOST = 400_000_000
"""Bytes that the arrays of a session may take together."""

MEMORIES = 128
"""Directions that the decays of a model span, at most as far as this matters (`dynamics.ssm`)."""

MEGABYTE = 1_000_000


def needed(settings: "Settings") -> dict[str, int]:
    """Bytes of the arrays that a session makes, by the setting that sizes them."""
    n, u = settings.model.n_state, settings.model.u_dim
    memories = 6 * min(n, MEMORIES)
    p, q = settings.plasticity, settings.pretraining
    fading = 0 if p.stored_state else 3 * n * memories
    trained = q.pretrain_batch * q.pretrain_seq * max(400 + 8 * (u + n), 16 * memories)
    return {
        "buffer_len": p.buffer_len * (200 + 20 * memories + 16 * n + fading),
        "chunk": p.chunk * (600 + 16 * memories),
        "n_state": n * (70 * n + 160 * memories),
        "u_dim": u * (60 * u + 30 * n),
        "pretrain_batch" if q.pretrain_batch > q.pretrain_seq else "pretrain_seq": trained,
    }


def refuse_too_large(settings: "Settings") -> None:
    """Raise SettingError naming the setting that takes the most, where all take too much."""
    parts = needed(settings)
    total = sum(parts.values())
    if total <= MOST:
        return
    name = max(parts, key=parts.__getitem__)
    model, pretraining = settings.model, settings.pretraining
    beside = f"n_state {model.n_state}, u_dim {model.u_dim}"
    if name.startswith("pretrain"):
        beside += f", {pretraining.pretrain_batch} worlds of {pretraining.pretrain_seq} steps"
    raise SettingError(
        name,
        f"{settings.flat()[name]} needs too much memory: with {beside} some "
        f"{total // MEGABYTE} MB, but {MOST // MEGABYTE} MB are the most",
    )
