"""`tttui.Recorder`: the recorder for a user's own loop. Importing it imports nothing else."""

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from tttui.recorder.score import Score
    from tttui.recorder.update import Update

Adapting = TypeVar("Adapting", bound=Callable[..., Any])


class Recorder:
    """Records a model that learns while it runs, for the screens and commands of tttui.

    It writes a session directory that may be looked at while it grows (`tttui PATH`) and may be
    cut off at any moment. It watches the plastic weights but owns neither them nor an optimizer:
    whatever changes them between two scores becomes an event.

    path: the directory of the session. model: a torch.nn.Module, before anybody configures or
    wraps it; its frozen twin is taken now. plastic: names of parameters with wildcards
    (`"*norm*.weight"`), a mapping of names to tensors (numpy, torch, JAX), or a function that
    gives one; with a model and without this, all parameters that take gradients. settings: what
    the session was run with, anything that JSON holds. loss_name, unit, lower_is_better: of the
    loss. task: a word for the table of sessions. optimizer: of torch, to be put back with the
    weights. frozen_every: of so many scores one evaluates the frozen twin and the controls. keep:
    names of the weights whose history is kept, with wildcards; without it those that fit.
    pairs: names of low-rank adapters and, of each, the names of its A [rank, in], its B [out, rank]
    and a scale; the screens show scale * B A. Without it those that peft named are known, scaled by
    settings["lora_alpha"] / rank.
    history_mb: megabytes that the history may take. seed: of the run, to be shown. resume: go on
    with the session that is there, after its last step; a number goes on before that step.

    Values are numbers, or arrays of one element of any library. Raises RecorderError (and
    SessionHeld where another process writes the directory) for what cannot be recorded. Once it
    runs, a full disk or a lost directory gives one warning, and the training goes on unrecorded.
    Not for several threads at once. Close it, or use it as a context manager, to say how the
    session ended; without that the end of the program does.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        model: Any = None,
        *,
        plastic: Any = None,
        settings: Mapping[str, Any] | None = None,
        loss_name: str = "loss",
        unit: str = "",
        lower_is_better: bool = True,
        task: str = "recorded",
        optimizer: Any = None,
        frozen_every: int = 1,
        keep: str | Sequence[str] | None = None,
        pairs: Mapping[str, Sequence[Any]] | None = None,
        history_mb: float = 64.0,
        seed: int | None = None,
        resume: bool | int = False,
    ) -> None:
        from tttui.recorder.beginning import Wish, begin

        loss = {"name": loss_name, "unit": unit, "lower_is_better": bool(lower_is_better)}
        wish = Wish(
            directory=Path(path),
            model=model,
            plastic=plastic,
            settings=settings or {},
            loss=loss,
            task=task,
            optimizer=optimizer,
            frozen_every=frozen_every,
            keep=keep,
            pairs=pairs or {},
            history_bytes=int(history_mb * 1e6),
            seed=seed,
            resume=resume,
        )
        self._observer, self._end = begin(wish, self)

    @property
    def directory(self) -> Path:
        """Where the session is."""
        return self._observer.files.writer.directory

    @property
    def t(self) -> int:
        """The last step that was recorded, -1 before the first: after `resume` go on from t + 1."""
        return self._observer.t

    @property
    def version(self) -> str | None:
        """The version of the plastic weights as they were last seen: 16 hexadecimal digits of a
        hash of their content. None where no weights were given."""
        return self._observer.observed.version

    def step(self, t: int, *, adaptive: Any, frozen: Any = None, **series: Any) -> None:
        """Record step t: the adaptive loss, the frozen one where there is one, other curves.

        Steps only go up. Raises RecorderError for a loss that is not one number.
        """
        from tttui.recorder.values import scalar, step_number

        self._observer.plain_step(
            step_number(t),
            scalar(adaptive, "the adaptive loss"),
            None if frozen is None else scalar(frozen, "the frozen loss"),
            {name: scalar(v, f"series {name}") for name, v in series.items() if v is not None},
        )

    def score(self, t: int) -> "Score":
        """A block in which step t is predicted: `with rec.score(t) as s: s.loss(...)`."""
        from tttui.recorder.score import Score
        from tttui.recorder.values import step_number

        return Score(self._observer, step_number(t))

    def update(self, t: int | None = None, *, trained_on: Any = None, loss: Any = None) -> "Update":
        """A block in which the weights learn: `with rec.update(trained_on=[t]) as u: ...`.

        t: the step that it belongs to; the event is that of the first step which the new weights
        can score. trained_on: the steps whose data it learns from (one, a range, a list), for
        `tttui ledger`. loss: before the update. The block commits at its end; `u.rollback(why)`,
        a failed `u.gate` and an exception put back weights, buffers and the optimizer that was
        given, and the exception goes on.
        """
        from tttui.recorder.update import Update
        from tttui.recorder.values import step_number, steps_of

        step = None if t is None else step_number(t)
        return Update(self._observer, step, steps_of(trained_on), loss)

    def rollback(self, to: str | int = "base", why: str = "by hand") -> None:
        """Put earlier weights back, bit by bit.

        to: "base" are those that the session began with, buffers and optimizer as well; "commit"
        those of the last update that committed, a step those that scored it. Of these two the
        history holds the weights alone: buffers and optimizer stay as they are. Raises
        RecorderError, and changes nothing, where the history does not hold them exactly.
        """
        self._observer.rollback(to, str(why))

    def wrap(self, model: Adapting) -> Adapting:
        """Let a model that learns inside its `forward` (TENT and its kin) be seen to do so.

        A call inside `rec.score(t)` then counts as a prediction with the weights before it and an
        update on step t. Returns what it was given (for a module; else a function that calls it).
        """
        from tttui.recorder.observer import wrapped

        return wrapped(self._observer, model)

    def state(self, getter: Callable[[], Mapping[str, Any]]) -> None:
        """Let fast weights that are no parameters count as plastic: `getter` gives them by name
        whenever it is asked. Call it before the first step."""
        self._observer.add_state(getter)

    def close(self, error: str | None = None) -> None:
        """End the session; `error` says that it failed, and why. Closing twice is fine."""
        self._end("completed" if error is None else "failed", error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._end("completed", None)
        elif isinstance(error, KeyboardInterrupt):
            self._end("interrupted", None)
        else:
            self._end("failed", f"{type(error).__name__}: {error}")
