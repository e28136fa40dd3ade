"""Searching lines with a regular expression that may never end.

`(a+)+$` takes longer than the universe on a line of a hundred letters, and nothing else of the
process runs meanwhile. So a process of its own searches, which gives up by itself.
"""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

from tttui.model.errors import RefusedInput, TttuiError

LONGEST_S = 2.0
"""Seconds of a processor that one batch of lines may take; they take some milliseconds."""

BATCH = 1000
"""Lines that are searched at a time."""

PLAIN = re.compile(r"[\w\s\-:,/'\"=<>@%&;!~`#]*")
"""What has no character that means something else in a regular expression."""

_CHILD = """
import json, re, signal, sys
class Late(BaseException):
    pass
def late(*_):
    raise Late
signal.signal(signal.SIGVTALRM, late)
search = re.compile(sys.argv[1]).search
for batch in sys.stdin:
    signal.setitimer(signal.ITIMER_VIRTUAL, float(sys.argv[2]))
    try:
        found = "".join("01"[search(text) is not None] for text in json.loads(batch))
    except Late:
        found = "late"
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    print(found, flush=True)
"""


class Grep:
    """A regular expression of Python; its process starts with the first search.

    Raises RefusedInput that names the option `flag` if it is invalid.
    """

    def __init__(self, pattern: str, flag: str = "--grep") -> None:
        try:
            re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            raise RefusedInput(f"{flag} {pattern!r} is no regular expression: {error}") from None
        self.pattern, self._flag = pattern, flag
        self._process: subprocess.Popen[str] | None = None

    def matches(self, texts: Sequence[str]) -> list[bool]:
        """Whether each of the texts contains a match.

        Raises RefusedInput where it takes too long, TttuiError where no process can be started.
        """
        if PLAIN.fullmatch(self.pattern):
            return [self.pattern in text for text in texts]
        matched = list[bool]()
        for i in range(0, len(texts), BATCH):
            answer = self._ask(texts[i : i + BATCH])
            if answer == "late":
                raise RefusedInput(
                    f"{self._flag} {self.pattern!r} tries for more than {LONGEST_S:g} s without "
                    "an end: leave out repeats within repeats, such as (a+)+"
                )
            matched += [one == "1" for one in answer]
        return matched

    def close(self) -> None:
        """End its process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _ask(self, texts: Sequence[str]) -> str:
        try:
            if self._process is None:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-S", "-c", _CHILD, self.pattern, str(LONGEST_S)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                    start_new_session=True,  # ctrl+c is for whoever reads the logs
                )
            process = self._process
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(list(texts)) + "\n")
            process.stdin.flush()
            if answer := process.stdout.readline().strip():
                return answer
            raise OSError(0, "its process ended")
        except (OSError, ValueError) as error:
            with suppress(OSError):
                self.close()
            raise TttuiError(f"{self._flag}: the search failed: {error}") from error
