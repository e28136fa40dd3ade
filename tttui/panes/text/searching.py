"""Searching a document: the query, the answers of a thread, and the byte to go to."""

from collections.abc import Callable

from tttui.model.document import Document
from tttui.model.search import TextMatch, TextQuery, search
from tttui.model.text import visible
from tttui.panes.latest import Latest

NO_QUERY = TextQuery(b"", False)

Searched = tuple[Document, TextQuery, int, int]
"""A document, what is looked for, from where, and which way."""


class Searching:
    """A search in the document of a session, in a thread that calls `on_answer`."""

    def __init__(self, on_answer: Callable[[], object]) -> None:
        self.query = NO_QUERY
        self.typed_from = 0
        """The byte at which the search began."""
        self._answers: Latest[Searched, TextMatch | None] = Latest(
            lambda query: search(*query), on_answer
        )
        self._gone_to: object = None
        """The answer that the cursor has followed."""

    @property
    def busy(self) -> bool:
        return self._answers.busy

    def look_for(self, document: Document | None, start: int, by: int) -> str | None:
        """Find the match `by` matches after a byte; returns why that is impossible, or ''."""
        if document is None:
            return None
        if not self.query:
            return "Nothing is searched for; / searches."
        self._answers.ask((document, self.query, start, by))
        return None

    def news(self) -> tuple[bool, int | None]:
        """Whether there is an answer that was not shown yet, and the byte to go to."""
        answer = self._answers.newest
        if answer is None or answer is self._gone_to:
            return False, None
        self._gone_to = answer
        leads = answer[0][1] == self.query and answer[1] is not None
        return True, answer[1].offset if leads and answer[1] is not None else None

    def says(self) -> tuple[str, bool]:
        """The result of the search in words, and whether there is no match."""
        answer = self._answers.newest
        word = visible(self.query.needle.decode("utf-8", "replace"))
        if not self.query:
            return "", False
        if answer is None or answer[0][1] != self.query:
            return f"{word}: searching ...", False
        if answer[1] is None:
            return f"{word}: not in the document", True
        return f"{word}: {answer[1].number} of {answer[1].total}   n, N: next, previous", False
