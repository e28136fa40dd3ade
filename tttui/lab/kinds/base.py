"""What a kind of job is. A new one is one file in `lab/kinds/` with a `KIND`."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from tttui.model.dataclass import dataclass

if TYPE_CHECKING:
    from tttui.lab.context import Context


@dataclass(frozen=True, slots=True)
class Needs:
    """What a job takes of the machine while it runs."""

    cores: int = 1
    gpus: int = 0
    env: tuple[str, ...] = ()
    """Names of environment variables, such as that of a key: they are in no file, so the job is
    started by somebody who has them set."""


class JobKind(ABC):
    """One kind of job: what its command starts and a process of its own executes.

    The command checks what the person typed and hands over `settings`, which are JSON: numbers,
    texts, lists and tables, with absolute paths and without secrets. They never name code that
    did not come from the person's own command line.
    """

    name: ClassVar[str]
    """As `tttui job list` shows it; also the name of the kind's module."""
    collection: ClassVar[str]
    """Of its events: `data:<collection>:<action>`."""
    command: ClassVar[tuple[str, ...]]
    """The words of the command that starts it; its options are those of a form for it."""
    saves: ClassVar[bool] = False
    """It saves checkpoints by name, from any of which a job can go on."""
    only_once: ClassVar[str] = "it has no named checkpoints to go on from"
    """Why a job that is complete cannot go on from an earlier checkpoint; empty where it can."""

    def needs(self, settings: Mapping[str, Any]) -> Needs:
        """Cores and GPUs that it takes; one core where nothing else is said."""
        return Needs()

    @abstractmethod
    def run(self, context: "Context") -> None:
        """Execute the job, from `context.state` where it is resumed; return when it is complete.

        Call `context.safe_point()` wherever it can end without loss, at least every second or
        so; `context.progress` as it goes on, `context.save` for checkpoints, and
        `context.results` for what came of it so far. A job of many parts asks `context.remaining`
        for those that are not done. Raises TttuiError for what a person can put right, and
        FinalFailure where resuming would only fail again.
        """
