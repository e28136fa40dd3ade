"""The strip of a what-if: its knobs, what it found so far, and a table of more when asked for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.geometry import Size
from textual.widgets import Input

from tttui.draw.canvas import Canvas
from tttui.draw.cells import fit, padded, wrapped
from tttui.draw.colours import Colour
from tttui.draw.look import Look
from tttui.model.dataclass import dataclass
from tttui.model.verdict import Verdict
from tttui.widgets.drawn import Drawn
from tttui.widgets.textfield import TextField

if TYPE_CHECKING:
    from tttui.runs.whatif.knob import Knob

Tone = Literal["better", "worse", "unclear"]

MARKS = {"better": "+", "worse": "!", "unclear": "?"}

TITLE = " What if "

ROOMY = 32
"""Rows of the screen from which the strip has two rows of knobs and a verdict of its own."""


@dataclass(frozen=True, slots=True, eq=False)
class StripState:
    """The state of the strip at one moment."""

    knobs: Sequence["Knob"] = ()
    turned: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Values by name, of the knobs that differ from what is recorded."""
    chosen: int = 0
    """The knob that keys turn."""
    at: int = 0
    """The step to branch from."""
    turning: bool = True
    """Keys turn knobs; else they are those of the tab."""
    sentence: str = ""
    tone: Tone = "unclear"
    progress: str = ""
    """`45 %`, `0.21 s`"""
    verdict: Verdict | None = None
    wrong: str = ""
    """Why the values of the knobs cannot be computed."""
    finding: str = ""
    """The result of other seeds or knobs: a sentence above the table."""
    table: Sequence[Sequence[str]] = ()
    """Its rows of cells."""


def _shorter(sentence: str) -> list[str]:
    """Shorter and shorter texts of a result: without the commits, then the difference alone."""
    forms = [sentence, sentence.rpartition(", ")[0]]
    forms.append(sentence.partition("(")[2].partition(")")[0])
    return [text for text in forms if text]


def below_knobs(state: StripState, width: int) -> list[str]:
    """The sentence of other seeds or knobs, and the rows of its table, columns aligned."""
    lines = wrapped(state.finding, width - 2) if state.finding else []
    widths = [max(map(cell_len, column)) for column in zip(*state.table, strict=True)]
    for row in state.table:
        lines.append("  ".join(padded(cell, w) for cell, w in zip(row, widths, strict=True)))
    return lines


class KnobStrip(Vertical):
    """Stands above the scrubber of every tab while a what-if is open."""

    DEFAULT_CSS = """
    KnobStrip { height: 3; }
    KnobStrip TextField { border: none; height: 1; padding: 0; display: none; }
    KnobStrip TextField:focus { border: none; }
    KnobStrip.typing TextField { display: block; }
    """

    typed: Callable[[str | None], object] = staticmethod(lambda _text: None)
    """Called with what was typed for the chosen knob; None: given up."""

    def __init__(self) -> None:
        super().__init__()
        self._drawn = Knobs()

    def compose(self) -> ComposeResult:
        yield self._drawn
        yield ValueField(select_on_focus=False)

    @staticmethod
    def rows_of(state: StripState, screen: Size) -> int:
        """Rows that the strip takes on a screen of this size."""
        below = len(below_knobs(state, screen.width))
        return 3 + 2 * (screen.height >= ROOMY) + min(below, screen.height // 3)

    def show(self, state: StripState, look: Look) -> None:
        self._drawn.set_look(look)
        self._drawn.show(state)

    def type(self, text: str) -> None:
        """Let the person type a value, which begins as `text`."""
        self.add_class("typing")
        value = self.query_one(ValueField)
        value.value = text
        value.cursor_position = len(text)
        value.focus()

    @property
    def typing(self) -> bool:
        return self.has_class("typing")

    @on(Input.Submitted)
    def _on_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._leave(event.value.strip())

    def _leave(self, text: str | None) -> None:
        self.screen.set_focus(None)
        self.remove_class("typing")
        self.typed(text)


class ValueField(TextField):
    """Escape gives up, enter takes the value."""

    BINDINGS = [("escape", "give_up", "give up")]

    def action_give_up(self) -> None:
        strip = self.parent
        if isinstance(strip, KnobStrip):
            strip._leave(None)


class Knobs(Drawn):
    """The cells of the strip."""

    def __init__(self) -> None:
        super().__init__()
        self._state = StripState()

    def show(self, state: StripState) -> None:
        self._state = state
        self.changed()

    def paint(self, width: int, height: int) -> Canvas:
        canvas, state = Canvas(height, width), self._state
        if height < 1 or not state.knobs:
            return canvas
        whole = below_knobs(state, width)
        below = whole[: max(height - 3, 0)]
        above = height - len(below)
        self._paint_title(canvas)
        rows = 1 if above < 5 else 2
        self._paint_knobs(canvas, 1, rows)
        if above > 1 + rows:
            self._paint_help(canvas, 1 + rows)
        if above > 2 + rows:
            self._paint_verdict(canvas, 2 + rows)
        for i, line in enumerate(below):
            canvas.write(above + i, 1, fit(line, width - 2), self.palette.text)
        left = len(whole) - len(below)
        if left:
            more = f" {left} more "
            canvas.write(height - 1, width - len(more), more, self.palette.muted)
        return canvas

    def _paint_title(self, canvas: Canvas) -> None:
        state, palette, width = self._state, self.palette, canvas.columns
        ink = palette.accent if state.turning else palette.muted
        x = canvas.write(0, 0, TITLE, palette.cursor, palette.selected_paper, bold=True)
        branch = "from the start" if state.at == 0 else f"from step {state.at}"
        right = f" {state.progress} "
        inks = {"better": palette.good, "worse": palette.bad, "unclear": palette.warn}
        sentence = (
            state.wrong or state.sentence.removeprefix("what-if").lstrip(": ") or "computing ..."
        )
        mark = "!" if state.wrong else MARKS[state.tone]
        tone = palette.bad if state.wrong else inks[state.tone]
        room = width - x - len(right) - 3
        shorter = [(b, s) for b in (f"{branch}  ", "") for s in _shorter(sentence)]
        branch, sentence = next(((b, s) for b, s in shorter if len(b + s) <= room), shorter[-1])
        x = canvas.write(0, x + 1, branch, ink)
        x = canvas.write(0, x, f"{mark} ", tone, bold=True)
        canvas.write(0, x, fit(sentence, max(width - x - len(right), 0)), tone)
        canvas.write(0, width - len(right), right, palette.muted)

    def _paint_knobs(self, canvas: Canvas, top: int, rows: int) -> None:
        """As many knobs as fit, the chosen one among them."""
        state, width = self._state, canvas.columns
        texts = [self._text(knob) for knob in state.knobs]
        pages, page, used = list[list[int]](), list[int](), 0
        for i, text in enumerate(texts):
            if page and used + len(text) + 2 > width - 9:
                pages.append(page)
                page, used = [], 0
            page.append(i)
            used += len(text) + 2
        pages.append(page)
        here = next(i for i, page in enumerate(pages) if state.chosen in page)
        first = min(here // rows * rows, max(len(pages) - rows, 0))
        for row, page in enumerate(pages[first : first + rows]):
            x = 1
            for i in page:
                x = self._write_knob(canvas, top + row, x, i, texts[i]) + 2
        where = f"{state.chosen + 1}/{len(texts)}"
        canvas.write(top, width - len(where) - 1, where, self.palette.muted)

    def _text(self, knob: "Knob") -> str:
        recorded, turned = knob.text(knob.value), self._state.turned.get(knob.name)
        shown = recorded
        if knob.name in self._state.turned:
            shown = f"{recorded} -> {knob.text(turned)}"
        return f"{knob.label} {shown}"

    def _write_knob(self, canvas: Canvas, row: int, x: int, i: int, text: str) -> int:
        state, palette = self._state, self.palette
        knob, changed = state.knobs[i], state.knobs[i].name in state.turned
        label = f"{knob.label} "
        ink: Colour = palette.muted if not knob.refused else palette.faint
        value = palette.accent if changed else palette.faint if knob.refused else palette.text
        paper = palette.selected_paper if i == state.chosen and state.turning else None
        if i == state.chosen:
            canvas.write(row, x - 1, self.glyphs.play, palette.accent, bold=True)
        end = canvas.write(row, x, label, ink, paper)
        return canvas.write(row, end, text[len(label) :], value, paper, bold=changed)

    def _paint_help(self, canvas: Canvas, row: int) -> None:
        state, palette = self._state, self.palette
        knob = state.knobs[state.chosen]
        help_text = knob.refused or knob.help
        more = ", ".join(part for part in (knob.unit, knob.range) if part)
        if not knob.refused and more:
            help_text += f" ({more})"
        ink = palette.warn if knob.refused else palette.muted
        canvas.write(row, 1, fit(f"{knob.label}: {help_text}", canvas.columns - 2), ink)

    def _paint_verdict(self, canvas: Canvas, row: int) -> None:
        verdict, room = self._state.verdict, canvas.columns - 2
        if verdict is not None:
            text = verdict.shortened(lambda text: cell_len(text) <= room, self.glyphs.ellipsis)
            canvas.write(row, 1, text, self.palette.text)
