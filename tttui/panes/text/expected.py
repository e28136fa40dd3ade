"""The panel of what both models expect at the cursor, worked out in a thread."""

from collections.abc import Callable, Sequence
from typing import Protocol

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from tttui.model.document import Document
from tttui.model.text import visible
from tttui.panes.latest import Latest
from tttui.panes.text.continued import Told, here_of, prose_of
from tttui.panes.view import View
from tttui.tasks.text.continuations import Asked, Continued, Reader
from tttui.widgets.page import Page


class Answers(Protocol):
    """Works out what both models of a session expect; for one thread at a time."""

    def continued(self, asked: Asked) -> Continued:
        """What both models expect at a byte, or why that cannot be worked out."""

    def close(self) -> None:
        """Give back what is held for that."""


class ExpectedPanel(Vertical):
    """The place of the cursor, and the most probable continuations of both models there."""

    DEFAULT_CSS = """
    ExpectedPanel #here { height: 2; }
    ExpectedPanel #models { height: 1fr; }
    """

    def __init__(self, tell: Callable[[], object], *, id: str | None = None) -> None:
        """`tell` is called in a thread when something was worked out."""
        super().__init__(id=id)
        self._tell = tell
        self._answers: Answers | None = None
        self._by_token: bool | None = None
        self._continuing: Latest[Asked, Continued] | None = None
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
    def told(self) -> Continued | None:
        """What both models expect at the cursor, as soon as it is known."""
        found = None if self._continuing is None else self._continuing.found
        return found[1] if found is not None and self._about_here(found[0]) else None

    @property
    def settled(self) -> bool:
        """What is expected at the cursor is known, or why it is not."""
        return self.told is not None or bool(self._continuing and self._continuing.failure)

    def shows(self, at: int) -> bool:
        """Whether a byte is the one that it shows."""
        return self._view is not None and at == self._at

    def show(self, view: View, document: Document, at: int, lines: int) -> None:
        """Show another place, with so many lines about it above the models."""
        self._view, self._at = view, at
        continuing = self._of(document)
        told, failure = self.told, continuing.failure
        if told is None:
            if not self._about_here(continuing.asked):
                continuing.ask(Asked(view.data, document, at))
                failure = ""
            found = continuing.found
            if found is not None and found[0].data.place == view.data.place:
                told = found[1]  # until the new one is there, a moment later
        begin = document.span(at)[0]
        losses = document.source.losses(begin, begin + 1)[0].tolist()
        here = here_of(document, at, (losses[0], losses[1]), lines)
        self.query_one("#here", Page).set_content(here.write, here.key, here.title)
        for name, model in (("frozen", 0), ("adaptive", 1)):
            page = self.query_one(f"#{name}", Page)
            shown = Told(told, model, failure, document.unit)
            page.set_content(prose_of(shown), shown.key, shown.title)

    def copyable(self) -> Sequence[tuple[str, str]]:
        """The continuations at the cursor."""
        told, values = self.told, list[tuple[str, str]]()
        for expected in () if told is None else (told.frozen, told.adaptive):
            texts = ", ".join(
                f"{visible(each.text.decode('utf-8', 'replace'))!r} {each.share:.3f}"
                for each in expected.likely
            )
            if texts:
                values.append((f"Expected by {expected.source}", texts))
        return values

    def _of(self, document: Document) -> Latest[Asked, Continued]:
        """What answers for a document."""
        by_token = document.places is not None
        if self._continuing is None or by_token != self._by_token:
            if self._answers is not None:
                self._answers.close()
            self._by_token, self._answers = by_token, _answers(by_token)
            self._continuing = Latest(self._answers.continued, self._tell)
        return self._continuing

    def _about_here(self, asked: Asked | None) -> bool:
        """A question is about the cursor, and the weights that are there now."""
        view = self._view
        if asked is None or view is None or view.data.place != asked.data.place:
            return False
        same = asked.data.history is view.data.history and asked.data.begun is view.data.begun
        return same and asked.offset == self._at


def _answers(by_token: bool) -> Answers:
    if by_token:
        from tttui.panes.text.pane.modelprocess import ModelProcess

        return ModelProcess()
    return Reader()
