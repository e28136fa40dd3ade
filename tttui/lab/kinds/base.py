"""The base class of a kind of job; a new kind is a module in `lab/kinds/` with a `KIND`."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from tttui.model.dataclass import dataclass

if TYPE_CHECKING:
    from tttui.lab.context import Context


@dataclass(frozen=True, slots=True)
class Needs:
    """The resources that a job needs while it runs."""

    cores: int = 1
    gpus: int = 0
    env: tuple[str, ...] = ()
    """Names of secret environment variables, such as an API key: no file holds them, so the job
    starts only from a process that has them set."""


class JobKind(ABC):
    """One kind of job: what its command starts and a process of its own executes.

    The command checks what the person typed and hands over `settings`, which are JSON: numbers,
    texts, lists and tables, with absolute paths and without secrets. They never name code that
    did not come from the person's own command line.
    """

    name: ClassVar[str]
    """As `tttui job list` shows it; also the name of the kind's module."""
    collection: ClassVar[str]
    """The collection of its events, `data:<collection>:<action>`."""
    command: ClassVar[tuple[str, ...]]
    """The words of the command that starts it; its options are those of a form for it."""
    saves: ClassVar[bool] = False
    """Whether it saves named checkpoints, from any of which a job can resume."""
    only_once: ClassVar[str] = "it has no named checkpoints to go on from"
    """Why a complete job cannot resume from an earlier checkpoint; '' if it can."""

    def needs(self, settings: Mapping[str, Any]) -> Needs:
        """The resources of a job; by default one core."""
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
