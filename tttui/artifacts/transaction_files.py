"""The transactions of a session, from the better of the two files that hold them."""

from pathlib import Path

from tttui.artifacts.events import EventLines, EventList
from tttui.artifacts.layout import SessionPaths
from tttui.artifacts.regular import LARGEST_LIST, read_bytes
from tttui.artifacts.wholefile import WholeFile
from tttui.model.session import Layout, Problem
from tttui.model.transactions import Transactions


class TransactionFiles:
    """A file of a line for each transaction, and a list of them that is written at the end."""

    def __init__(self, files: SessionPaths, layout: Layout) -> None:
        self._layout: Layout = layout
        self._lines_path, self._list_path = files.event_lines, files.event_list
        foreign = layout != "native"
        self._lines = (
            EventLines(files.event_lines, one_a_step=foreign) if files.event_lines else None
        )
        self._list: WholeFile[Transactions] | None = None
        if files.event_list is not None:
            listed = EventList(files.event_list, one_a_step=foreign)
            self._list = WholeFile(files.event_list, "transactions", lambda _: _parsed(listed))

    @property
    def named(self) -> Path | None:
        """The file to name as missing if there are no transactions."""
        path = self._lines_path if self._layout == "native" else None
        return path or self._list_path

    def read(
        self,
        problems: list[Problem],
        budget: int | None,
        *,
        until: int | None = None,
        lone_run: bool,
    ) -> tuple[Transactions | None, float]:
        """The transactions (None where no file holds them), and the part of them that is read.

        About `budget` of them are read, and hardly any after the step `until`. `lone_run`: the
        session has no other run.
        """
        if self._layout == "store":
            return self._read_store(problems, budget, until, lone_run)
        lines = self._read_lines(problems, budget, until)
        wrong = [p for p in problems if p.part == "transactions"]
        if lines is not None and (lines.unread or (len(lines.transactions) and not wrong)):
            return lines.transactions, lines.share
        listed = self._read_list(problems)
        if lines is not None and (listed is None or len(lines.transactions) >= len(listed)):
            return lines.transactions, lines.share
        return listed, 1.0

    def _read_store(
        self, problems: list[Problem], budget: int | None, until: int | None, lone_run: bool
    ) -> tuple[Transactions | None, float]:
        listed = self._read_list(problems)
        if listed is not None:
            return listed, 1.0
        # The session's own file goes through all runs, so it can stand in only for a single one.
        lines = self._read_lines(problems, budget, until) if lone_run else None
        return (None, 1.0) if lines is None else (lines.transactions, lines.share)

    def _read_lines(
        self, problems: list[Problem], budget: int | None, until: int | None
    ) -> EventLines | None:
        lines = self._lines
        if lines is None:
            return None
        try:
            lines.refresh(budget, until)
        except OSError as error:
            problems.append(unreadable("transactions", lines.path, error))
            return None
        problems += lines.problems()
        return lines if lines.exists else None

    def _read_list(self, problems: list[Problem]) -> Transactions | None:
        if self._list is None:
            return None
        self._list.refresh()
        problems += self._list.problems
        return self._list.value


def _parsed(events: EventList) -> tuple[Transactions, list[Problem]]:
    events.parse(read_bytes(events.path, LARGEST_LIST))
    return events.transactions, events.problems()


def unreadable(part: str, path: Path, error: OSError) -> Problem:
    """The problem of a file that the system does not allow to read."""
    return Problem(part, path, f"cannot be read: {error.strerror or error}")
