"""The model as a flow of boxes, with the shapes of this session, in three widths."""

from collections.abc import Mapping

from tttui.draw.canvas import Canvas
from tttui.draw.glyphs import Glyphs
from tttui.draw.look import Look
from tttui.draw.prose import Line
from tttui.model.dataclass import dataclass

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BoxFrame:
    """The characters of a box: plastic parts have a double frame, frozen ones a single one."""

    corners: str
    """Upper left, upper right, lower left, lower right."""
    flat: str
    upright: str


PLASTIC_FRAME, FROZEN_FRAME = BoxFrame("╔╗╚╝", "═", "║"), BoxFrame("┌┐└┘", "─", "│")
PLASTIC_ASCII, FROZEN_ASCII = BoxFrame("####", "=", "#"), BoxFrame("++++", "-", "|")


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes along the flow, `?` where no file tells."""

    W_u: str
    B: str
    W_o: str
    a_raw: str
    inputs: str
    u: str
    h: str
    z: str
    a: str

    @classmethod
    def of(cls, shapes: Mapping[str, Shape]) -> "Sizes":
        """From the shapes of the matrices that are there."""

        def cross(name: str) -> str:
            return " x ".join(map(str, shapes[name])) if name in shapes else "?"

        def side(*places: tuple[str, int]) -> str:
            return next((str(shapes[n][i]) for n, i in places if n in shapes), "?")

        inputs, z = side(("W_u", 1)), side(("W_o", 0))
        known = inputs != "?" and z != "?"
        return cls(
            cross("W_u"),
            cross("B"),
            cross("W_o"),
            cross("a_raw"),
            inputs,
            side(("W_u", 0), ("B", 1)),
            side(("B", 0), ("a_raw", 0), ("W_o", 1)),
            z,
            str(int(inputs) - int(z)) if known else "?",
        )


def diagram(shapes: Mapping[str, Shape], width: int, height: int, look: Look) -> Canvas:
    """The flow in `width` x `height` cells: boxes side by side, compact, or below each other."""
    sizes, canvas = Sizes.of(shapes), Canvas(height, width)
    for rows in (
        _boxes(sizes, look, tight=False),
        _boxes(sizes, look, tight=True),
        _compact(sizes, look),
    ):
        if max(_length(row) for row in rows) <= width and len(rows) <= height:
            break
    else:
        rows = _stacked(sizes, look)
    for y, row in enumerate(rows[:height]):
        canvas.spans(y, 0, row)
    return canvas


def _length(row: Line) -> int:
    return sum(len(text) for text, _, _ in row)


def _frames(glyphs: Glyphs) -> tuple[BoxFrame, BoxFrame]:
    return (PLASTIC_FRAME, FROZEN_FRAME) if glyphs.braille else (PLASTIC_ASCII, FROZEN_ASCII)


def _head(glyphs: Glyphs) -> str:
    return "▶" if glyphs.braille else ">"


def _boxes(sizes: Sizes, look: Look, *, tight: bool) -> list[Line]:
    """Four rows: framed boxes joined by arrows that say what flows; what is frozen goes below."""
    palette, glyphs = look
    plastic, frozen = _frames(glyphs)
    line, head = glyphs.horizontal, _head(glyphs)
    rows: list[Line] = [[] for _ in range(6)]

    def put(texts: list[str], ink: int, bold: bool = False) -> None:
        wide = max(map(len, texts))
        for row, text in zip(rows, texts, strict=True):
            row.append((f"{text:<{wide}}", ink, bold))

    def box(inside: list[str], frame: BoxFrame, word: str, ink: int) -> None:
        wide = max(*(len(text) for text in inside), len(word) + 2) + 2
        tl, tr, bl, br = tuple(frame.corners)
        texts = [tl + frame.flat * wide + tr]
        texts += [f"{frame.upright} {text:<{wide - 1}}{frame.upright}" for text in inside]
        texts += [bl + f" {word} ".center(wide, frame.flat) + br]
        put([""] * (1 - (len(inside) - 1) // 2) + texts + [""] * (5 - len(texts)), ink, True)

    def arrow(label: str) -> None:
        if tight:
            text = f"{line}{label.replace(' ', '')}{head}"
        else:
            text = f"{line} {label} {line}{head}" if label else f"{line}{head}"
        put(["", "", text, "", "", ""], palette.muted)

    z, a = f"z_t [{sizes.z}] x y vx vy", f"a_t [{sizes.a}] ax ay"
    joint = "┐├┘" if glyphs.braille else "+++"
    wide = max(len(z), len(a)) + (0 if tight else 1)
    put(["", f"{z:<{wide}}", "", f"{a:<{wide}}", "", ""], palette.text)
    put(["", joint[0], joint[1], joint[2], "", ""], palette.muted)
    arrow(f"[{sizes.inputs}]")
    box([f"W_u {sizes.W_u}"], plastic, "plastic", palette.adaptive)
    arrow(f"u_t [{sizes.u}]")
    box([f"B {sizes.B}"], plastic, "plastic", palette.adaptive)
    arrow(f"[{sizes.h}]")
    inside = ["h' = decay * h + B u", f"decay: a_raw [{sizes.a_raw}]"]
    box(inside, frozen, "frozen", palette.frozen)
    arrow(f"h' [{sizes.h}]")
    box([f"W_o {sizes.W_o}"], plastic, "plastic", palette.adaptive)
    arrow("")
    put(["", "", f"{'' if tight else ' '}z' [{sizes.z}]", "", "", ""], palette.text)
    return [*rows[1:5], _legend(look, "h' = h_{t+1}, z' = z'_{t+1}")]


def _compact(sizes: Sizes, look: Look) -> list[Line]:
    """One line of boxes without lids, then what they compute."""
    palette, glyphs = look
    plastic, frozen = _frames(glyphs)
    line, head = glyphs.horizontal, _head(glyphs)

    def squeezed(text: str) -> str:
        return text.replace(" ", "")

    def box(text: str, frame: BoxFrame, ink: int) -> tuple[str, int, bool]:
        return (f"{frame.upright}{text}{frame.upright}", ink, True)

    def arrow(size: str) -> tuple[str, int, bool]:
        return (f"{line}{size}{head}", palette.muted, False)

    live, cold = palette.adaptive, palette.frozen
    flow: Line = [
        ("[z_t;a_t]", palette.text, False),
        arrow(sizes.inputs),
        box(f"W_u {squeezed(sizes.W_u)}", plastic, live),
        arrow(sizes.u),
        box(f"B {squeezed(sizes.B)}", plastic, live),
        arrow(sizes.h),
        box(f"decay*h+Bu {sizes.a_raw}", frozen, cold),
        arrow(sizes.h),
        box(f"W_o {squeezed(sizes.W_o)}", plastic, live),
        arrow(sizes.z),
        ("z'", palette.text, False),
    ]
    says = "u = W_u [z; a]    h' = decay * h + B u    z' = W_o h'"
    return [flow, [(says, palette.muted, False)], _legend(look, "")]


def _stacked(sizes: Sizes, look: Look) -> list[Line]:
    """From top to bottom, for the narrowest screens."""
    palette, glyphs = look
    plastic, frozen = _frames(glyphs)
    live, cold, muted = palette.adaptive, palette.frozen, palette.muted
    rows: list[Line] = [
        [(f"z_t [{sizes.z}], a_t [{sizes.a}]", palette.text, False)],
        [(f"{glyphs.vertical} [{sizes.inputs}]", muted, False)],
    ]
    for text, frame, ink, word, flow in (
        (f"W_u {sizes.W_u}", plastic, live, "plastic", f"u_t [{sizes.u}]"),
        (f"B {sizes.B}", plastic, live, "plastic", f"B u_t [{sizes.h}]"),
        (f"decay*h + B u [{sizes.a_raw}]", frozen, cold, "frozen", f"h' [{sizes.h}]"),
        (f"W_o {sizes.W_o}", plastic, live, "plastic", ""),
    ):
        rows.append(
            [(f"{frame.upright} {text} {frame.upright}", ink, True), (f" {word}", muted, False)]
        )
        if flow:
            rows.append([(f"{glyphs.vertical} {flow}", muted, False)])
    return [*rows, [(f"{glyphs.down} z' [{sizes.z}]", palette.text, False)]]


def _legend(look: Look, says: str) -> Line:
    palette, glyphs = look
    plastic, frozen = _frames(glyphs)
    return [
        (f"{plastic.upright}{plastic.upright} ", palette.adaptive, True),
        ("plastic: changes while the session runs   ", palette.muted, False),
        (f"{frozen.upright}{frozen.upright} ", palette.frozen, True),
        ("frozen: fixed since pretraining", palette.muted, False),
        (f"   {says}" if says else "", palette.muted, False),
    ]
