"""Texts of the panels of the Architecture tab, from this session's settings and files."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tttui.draw.numbers import count, short
from tttui.draw.prose import Line, Prose, stacked
from tttui.model.arrays import PLASTIC, Floats
from tttui.model.tensor_axes import OBSERVED
from tttui.tasks.pointmass.stability import Stability

FILLS = {"unicode": "█▓▒░", "ascii": "#=+."}
"""A filling of its own for every part of the stacked bar."""

FORMULA = "W_o diag(decay) W_o^+ + (W_o B W_u)[:, :4]"

BLOCK, BETWEEN = 36, 3
"""Columns of a printed 4 x 4 matrix, and between two of them."""

FAR_OFF = 0.05
"""Entries of the effective dynamics that are this far from the true ones are marked."""


def write_stability(prose: Prose, stability: Stability | None, dt: float, why: str) -> None:
    """A2: the decays in numbers, and why the model cannot blow up."""
    palette = prose.palette
    if stability is None:
        prose.say(f"The decays are not known: {why}.", palette.warn)
        return
    if not stability.stable:
        units = ", ".join(str(i) for i in stability.broken[:6].tolist())
        more = f" and {len(stability.broken) - 6} more" if len(stability.broken) > 6 else ""
        prose.say("NOT STABLE: a_raw breaks the guarantee.", palette.bad, bold=True)
        for i in stability.broken[:6].tolist():
            prose.say(f"unit {i}: decay {stability.decays[i]:.6g}", palette.bad)
        prose.say(
            f"The decay of unit {units}{more} is not inside (0, 1): its state does not fade, or "
            "is no number. Nothing that the session recorded after that can be trusted.",
            palette.bad,
        )
        prose.gap()
    prose.field("A", "-softplus(a_raw), below 0", 11)
    prose.field("decay", f"exp(A dt), dt = {dt:g}", 11)
    lives = stability.half_lives
    if len(lives):
        low, high = (
            stability.decays[np.isfinite(stability.decays)].min(),
            np.nanmax(stability.decays),
        )
        prose.field("decays", f"{low:.4f} to {high:.4f}, {len(stability.decays)} units", 11)
        prose.field(
            "half-lives",
            f"{short(float(lives[0]))} to {short(float(lives[-1]))} steps, "
            f"median {short(float(np.median(lives)))}",
            11,
        )
    if stability.stable:
        prose.gap()
        prose.say(
            "softplus is positive for every number, so A < 0 and every decay lies inside (0, 1) "
            "whatever a_raw holds. Without input each unit shrinks at every step, and with bounded "
            "input |h| stays below |B u| / (1 - decay). No update can change that: updates move "
            "W_u, B and W_o, and a_raw is frozen."
        )


def write_parameters(prose: Prose, shapes: Mapping[str, tuple[int, ...]], source: str) -> None:
    """A3: how many numbers there are, and which of them change."""
    palette = prose.palette
    if not shapes:
        prose.say("No weights could be read, so nothing can be counted.", palette.warn)
        return
    sizes = {name: int(np.prod(shape)) for name, shape in shapes.items()}
    total = sum(sizes.values())
    inks = dict(zip((*PLASTIC, "a_raw"), (*palette.series[:3], palette.frozen), strict=True))
    fills = FILLS["unicode" if prose.glyphs.braille else "ascii"]
    for (name, size), fill in zip(sizes.items(), fills, strict=False):
        shape = " x ".join(map(str, shapes[name]))
        kind = "plastic" if name in PLASTIC else "frozen"
        prose.line(
            (f"{fill}{fill} ", inks[name]),
            (f"{name:<6}", palette.text, True),
            (f"{shape:>9} = {count(size):>7}  {100 * size / total:4.1f} %  ", palette.text),
            (kind, palette.adaptive if name in PLASTIC else palette.muted),
        )
    plastic = sum(size for name, size in sizes.items() if name in PLASTIC)
    prose.lines.append(
        stacked([(n, float(s), inks[n]) for n, s in sizes.items()], prose.width, fills)
    )
    prose.say(f"{count(plastic)} plastic, {count(total - plastic)} frozen; counted from {source}.")


def write_optimizer(prose: Prose, settings: Mapping[str, Any]) -> None:
    """A4: what Muon does with these settings, beside AdamW."""
    palette = prose.palette

    def value(name: str) -> str:
        recorded = settings.get(name)
        if recorded is None:
            return "?"
        return f"{recorded:g}" if isinstance(recorded, float) else str(recorded)

    def on(name: str) -> bool:
        return settings.get(name) is True

    if not settings:
        prose.say("meta.json records no plasticity settings.", palette.warn)
    names = ("lr", "momentum", "nesterov", "ns_steps", "weight_decay", "inner_steps")
    known = ", ".join(f"{n} {value(n)}" for n in names if settings.get(n) is not None)
    prose.say(known or "No setting is recorded.", palette.text, bold=True)
    prose.head("Muon, this session's optimizer")
    ahead = ", looking one step ahead (Nesterov)" if on("nesterov") else ""
    reset = " It starts from zero in every transaction." if on("momentum_reset") else ""
    prose.say(f"1 Momentum {value('momentum')}: averages the gradients of a matrix{ahead}.{reset}")
    if on("whiten"):
        prose.say(
            "2 Whitening: G R with R = chol(C + eps tr(C) I)^-T, where C is the covariance of the "
            f"matrix's inputs over the buffer and eps is {value('whiten_eps')}. Large inputs, such "
            "as positions, then no longer own the step."
        )
    prose.say(
        f"{3 if on('whiten') else 2} Newton-Schulz, {value('ns_steps')} iterations: drives all "
        "singular values of the result towards 1 (to about 0.7 to 1.2). Every direction of the "
        "matrix gets about the same step, also those whose gradient is small."
    )
    scaled = "sqrt(max(1, rows / columns))"
    if on("line_search"):
        prose.say(
            f"{4 if on('whiten') else 3} Exact line search: along the step the prediction is a "
            "cubic in its length, so the loss is a polynomial of degree 6; the length in "
            f"[0, {value('lr')}] x {scaled} with the least loss is taken. Where the direction does "
            "not descend, the plain gradient is used."
        )
    else:
        prose.say(
            f"{4 if on('whiten') else 3} Step: W <- W - {value('lr')} {scaled} x that matrix. Its "
            "length is the same however small the gradient has become."
        )
    inner = settings.get("inner_steps", 1)
    if inner != 1:
        prose.say(f"All of it {value('inner_steps')} times in one transaction.")
    decay = settings.get("weight_decay")
    if decay is not None:
        text = "no weight decay" if decay == 0 else f"weight decay {value('weight_decay')}"
        prose.say(f"Also: {text}, decoupled (the weights shrink by lr x decay a step).")
    prose.head("AdamW, for comparison")
    prose.say(
        "Divides every entry by its own running root mean square, so every entry, not every "
        "direction, gets about the same step. It does not know that the entries form a matrix: "
        "where a few directions own the gradient they own the step as well. It keeps two buffers "
        "(mean and square) where Muon keeps one; its weight decay is decoupled too."
    )


def write_dynamics(
    prose: Prose,
    learned: Floats | str,
    fitted: Floats | str,
    true: Floats | None,
    friction: str,
    source: str,
) -> None:
    """E8: the map z -> z' that the weights amount to, beside the world's."""
    palette = prose.palette
    if isinstance(learned, str):
        prose.say(f"Not known: {learned}.", palette.muted)
        return
    if true is None:
        _blocks(prose, [_block(prose, "as the model predicts", fitted, None)])
        prose.say("The true matrix is not known: the session records no mu.", palette.muted)
    else:
        _blocks(
            prose,
            [
                _block(prose, "as the model predicts", fitted, true),
                _block(prose, "true", true, None),
            ],
        )
        text = f"True: {friction}."
        if not isinstance(fitted, str):
            off = np.abs(fitted - true)
            i, j = (int(k) for k in np.unravel_index(int(np.argmax(off)), off.shape))
            text = (
                f"Largest difference {off[i, j]:.4f}, from {OBSERVED[j]} to {OBSERVED[i]}' "
                f"(! marks more than {FAR_OFF}). {text}"
            )
        prose.say(text)
    _blocks(prose, [_block(prose, FORMULA, learned, None)])
    prose.say(
        f"Both of the {source}. The first is the least squares fit to their predictions over the "
        "last 128 steps. The formula assumes that h holds just what W_o can see of it, which is "
        "close where the decays are equal and a rough guide where they are spread.",
        palette.muted,
    )


def _block(prose: Prose, title: str, matrix: Floats | str, true: Floats | None) -> list[Line]:
    """A matrix [4, 4] as lines of BLOCK columns under its title, or why there is none."""
    inner = Prose(BLOCK, prose.look)
    palette = prose.palette
    inner.line((f"{title:<{BLOCK}}", palette.accent, True))
    if isinstance(matrix, str):
        return inner.say(f"Not known: {matrix}.", palette.muted).lines
    names = "".join(f"{'from ' + name:>8}" for name in OBSERVED)
    inner.line((f"{'':<{BLOCK - len(names)}}{names}", palette.muted))
    for i, name in enumerate(OBSERVED):
        row: Line = [(f"{name + chr(39):<4}", palette.muted, False)]
        for j in range(len(OBSERVED)):
            far = true is not None and bool(abs(matrix[i, j] - true[i, j]) > FAR_OFF)
            entry = round(float(matrix[i, j]), 4) + 0.0  # no -0.0000
            value = f"{entry:7.4f}" if abs(entry) < 10 else f"{matrix[i, j]:7.3g}"
            text = f"{value}{'!' if far else ' '}"
            row.append((text, palette.bad if far else palette.text, far))
        inner.lines.append(row)
    return inner.lines


def _blocks(prose: Prose, blocks: list[list[Line]]) -> None:
    """Blocks side by side where there is room, else below each other."""
    if prose.width < len(blocks) * (BLOCK + BETWEEN) - BETWEEN:
        for block in blocks:
            prose.lines += block
        return
    for i in range(max(map(len, blocks))):
        line: Line = []
        for k, block in enumerate(blocks):
            part = block[i] if i < len(block) else []
            done = sum(len(text) for text, _, _ in part)
            room = BLOCK + BETWEEN if k + 1 < len(blocks) else done
            line += [*part, (" " * (room - done), prose.palette.text, False)]
        prose.lines.append(line)
