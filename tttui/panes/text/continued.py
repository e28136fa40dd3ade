"""Predictions of both models at a byte or token, in words and bars."""

import math
from collections.abc import Callable, Sequence
from typing import Protocol

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from tttui.draw.cells import fit
from tttui.draw.characters import text_of
from tttui.draw.numbers import count
from tttui.draw.prose import Prose, filling
from tttui.model.dataclass import dataclass
from tttui.model.document import Document
from tttui.model.text import visible
from tttui.panes.latest import Latest
from tttui.panes.view import View
from tttui.tasks.text.continuations import (
    LONGEST,
    ContinuationRequest,
    Continued,
    Expected,
    Likely,
    Reader,
)
from tttui.widgets.page import Page

BEFORE = 48
"""Bytes before the cursor that are told."""

SHORT = 24
"""Characters of that which the title has room for."""

TITLES = "Frozen", "Adaptive"

PERCENT = 6
"""Cells of a probability."""

BAR = 12
"""Cells of its bar, at most."""


@dataclass(frozen=True, slots=True)
class Here:
    """The place of the cursor."""

    title: str
    before: str
    came: str
    recorded: tuple[float, float]
    unit: str
    lines: int

    @property
    def key(self) -> tuple[object, ...]:
        return (self.title, self.before, self.came, str(self.recorded), self.unit, self.lines)

    def write(self, prose: Prose) -> None:
        """The text before the item, the item itself, and what was recorded of it."""
        palette = prose.palette
        if not self.lines:
            return
        room = max(prose.width - len(self.came) - 2, 0)
        before = self.before[-room:] if room else ""
        frozen, adaptive = self.recorded
        known = not math.isnan(adaptive)
        beside = (
            f"   recorded: frozen {frozen:.2f}, adaptive {_loss(adaptive, self.unit)}"
            if known
            else ""
        )
        beside = beside if self.lines < 2 and len(beside) + SHORT < room else ""
        before = before[-(room - len(beside)) :] if beside else before
        prose.line(
            (before, palette.muted),
            (f"[{self.came}]", palette.text, True),
            (beside, palette.muted),
        )
        if self.lines < 2 or not known:
            return
        saved = frozen - adaptive
        prose.gap().line(
            ("Recorded: frozen ", palette.muted),
            (_loss(frozen, self.unit), palette.text),
            (", adaptive ", palette.muted),
            (_loss(adaptive, self.unit), palette.text, True),
        )
        if not math.isnan(saved):
            ink = palette.good if saved > 0 else palette.bad
            prose.line(("saved ", palette.muted), (f"{saved:+.2f} {self.unit}", ink, True))


def here_of(document: Document, at: int, recorded: tuple[float, float], lines: int) -> Here:
    """The place of an item, by a byte of it; all in the title where there are no `lines` below."""
    number, (first, last) = document.number(at), document.span(at)
    t, byte = number // document.chunk, f"byte {count(first)}"
    size = min(document.chunk, document.count - t * document.chunk)
    place = f"{document.item.capitalize()} {count(number)}"
    place = f"{place} ({byte})" if document.places is not None else place
    title = f"{place}: {number % document.chunk + 1} of {size} in window {count(t)}"
    before = text_of(document.source.read(max(first - BEFORE, 0), first))
    came = text_of(document.source.read(first, min(last, first + LONGEST)))
    if not lines:
        title = f"{title}   {before[-SHORT:]}[{came}]"
    return Here(title, before, came, recorded, document.unit, lines)


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """The answer of one model; `continued` is None until it is known."""

    continued: Continued | None
    model: int
    why_not: str = ""
    """Why it cannot be computed."""
    unit: str = "bits"

    @property
    def key(self) -> object:
        return (self.continued, self.model, self.why_not)

    @property
    def expected(self) -> Expected | None:
        if self.continued is None:
            return None
        return self.continued.adaptive if self.model else self.continued.frozen

    @property
    def title(self) -> str:
        expected, name = self.expected, TITLES[self.model]
        if expected is None or not expected.source:
            return name
        return f"{name} ({expected.source})"


def prose_of(shown: ModelAnswer) -> Callable[[Prose], object]:
    """Writes the most probable continuations, and the byte that came."""

    def write(prose: Prose) -> None:
        expected, palette = shown.expected, prose.palette
        if shown.why_not:
            prose.say(f"cannot be worked out: {shown.why_not}", palette.warn)
            return
        if expected is None or shown.continued is None:
            prose.say("working out ...", palette.muted)
            return
        if expected.why_not:
            prose.say(expected.why_not, palette.warn)
            return
        came = shown.continued.came
        for likely in expected.likely:
            _line(prose, likely, likely.text[: likely.item] == came)
        rank = f" #{expected.rank}" if expected.rank > len(expected.likely) else ""
        loss = -math.log(expected.came) if expected.came > 0 else math.inf
        loss = loss / math.log(2) if shown.unit == "bits" else loss
        figures = f"  {_percent(expected.came)}, {_loss(loss, shown.unit)}{rank}"
        room = max(prose.width - len("came ") - len(figures), 4)
        prose.line(
            ("came ", palette.muted),
            (fit(text_of(came, _blank(prose)), room, prose.glyphs.ellipsis), palette.text, True),
            (figures, palette.text),
        )

    return write


def _line(prose: Prose, likely: Likely, came: bool) -> None:
    """One continuation: what it is, how probable its first item is; marked where that came."""
    palette, glyphs = prose.look
    text, n, share = likely.text, likely.item, likely.share
    mark = glyphs.play if came else " "
    first, rest = text_of(text[:n], _blank(prose)), text_of(text[n:], _blank(prose))
    if n == 1 and text[0] >= 0x80:  # a character of several bytes
        first, rest = "", text_of(text, _blank(prose))
    room = max(min(LONGEST + 2, prose.width - PERCENT - 4), 4)
    first = fit(first, room, glyphs.ellipsis)
    rest = rest[: max(room - len(first), 0)]
    ink = palette.good if came else palette.text
    bar = filling(share, max(min(prose.width - room - PERCENT - 5, BAR), 0), glyphs)
    prose.line(
        (f"{mark} ", ink, True),
        (first, ink, True),
        (f"{rest:<{room - len(first)}}", palette.muted if first else ink),
        (f"{_percent(share):>{PERCENT}} ", ink, came),
        (bar, ink),
    )


def _blank(prose: Prose) -> str:
    return "␣" if prose.glyphs.braille else "_"


def _percent(share: float) -> str:
    percent = 100 * share
    if percent >= 9.95:
        return f"{percent:.0f} %"
    return f"{percent:.1f} %" if percent >= 0.05 else "<0.1 %"


def _loss(loss: float, unit: str) -> str:
    return "not scored" if math.isnan(loss) else f"{loss:.2f} {unit}"


class Answers(Protocol):
    """Computes the predictions of both models of a session; for one thread at a time."""

    def continued(self, request: ContinuationRequest) -> Continued:
        """The predictions of both models at a byte, or why they cannot be computed."""

    def close(self) -> None:
        """Give back what is held for that."""


class ExpectedPanel(Vertical):
    """The place of the cursor, and the most probable continuations of both models there."""

    DEFAULT_CSS = """
    ExpectedPanel #here { height: 2; }
    ExpectedPanel #models { height: 1fr; }
    """

    def __init__(self, tell: Callable[[], object], *, id: str | None = None) -> None:
        """`tell` is called in a thread after each answer."""
        super().__init__(id=id)
        self._tell = tell
        self._answers: Answers | None = None
        self._by_token: bool | None = None
        self._continuing: Latest[ContinuationRequest, Continued] | None = None
        self._view: View | None = None
        self._at = 0

    def compose(self) -> ComposeResult:
        yield Page("", id="here")
        with Horizontal(id="models"):
            yield Page("Frozen", id="frozen")
            yield Page("Adaptive", id="adaptive")

    def on_unmount(self) -> None:
        if self._answers is not None:
            self._answers.close()

    @property
    def answer(self) -> Continued | None:
        """The predictions at the cursor; None until they are computed."""
        answer = None if self._continuing is None else self._continuing.newest
        return answer[1] if answer is not None and self._about_here(answer[0]) else None

    @property
    def settled(self) -> bool:
        """Whether the predictions at the cursor are computed, or have failed."""
        return self.answer is not None or bool(self._continuing and self._continuing.failure)

    def shows(self, at: int) -> bool:
        """Whether a byte is the one that it shows."""
        return self._view is not None and at == self._at

    def show(self, view: View, document: Document, at: int, lines: int) -> None:
        """Show another place, with so many lines about it above the models."""
        self._view, self._at = view, at
        continuing = self._of(document)
        continued, failure = self.answer, continuing.failure
        if continued is None:
            if not self._about_here(continuing.question):
                continuing.ask(ContinuationRequest(view.data, document, at))
                failure = ""
            earlier = continuing.newest
            if earlier is not None and earlier[0].data.place == view.data.place:
                continued = earlier[1]  # until the new one is there, a moment later
        begin = document.span(at)[0]
        losses = document.source.losses(begin, begin + 1)[0].tolist()
        here = here_of(document, at, (losses[0], losses[1]), lines)
        self.query_one("#here", Page).set_content(here.write, here.key, here.title)
        for name, model in (("frozen", 0), ("adaptive", 1)):
            page = self.query_one(f"#{name}", Page)
            shown = ModelAnswer(continued, model, failure, document.unit)
            page.set_content(prose_of(shown), shown.key, shown.title)

    def copyable(self) -> Sequence[tuple[str, str]]:
        """The continuations at the cursor."""
        continued, values = self.answer, list[tuple[str, str]]()
        for expected in () if continued is None else (continued.frozen, continued.adaptive):
            texts = ", ".join(
                f"{visible(each.text.decode('utf-8', 'replace'))!r} {each.share:.3f}"
                for each in expected.likely
            )
            if texts:
                values.append((f"Expected by {expected.source}", texts))
        return values

    def _of(self, document: Document) -> Latest[ContinuationRequest, Continued]:
        """What answers for a document."""
        by_token = document.places is not None
        if self._continuing is None or by_token != self._by_token:
            if self._answers is not None:
                self._answers.close()
            self._by_token, self._answers = by_token, _answers(by_token)
            self._continuing = Latest(self._answers.continued, self._tell)
        return self._continuing

    def _about_here(self, request: ContinuationRequest | None) -> bool:
        """Whether a question is about the cursor and the current weights."""
        view = self._view
        if request is None or view is None or view.data.place != request.data.place:
            return False
        same = request.data.history is view.data.history and request.data.begun is view.data.begun
        return same and request.offset == self._at


def _answers(by_token: bool) -> Answers:
    if by_token:
        from tttui.tasks.hf.modelprocess import ModelProcess

        return ModelProcess()
    return Reader()
