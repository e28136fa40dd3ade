"""Choosing the checkpoint from which a damaged or interrupted session resumes."""

from dataclasses import replace
from pathlib import Path

from tttui.artifacts.again import EVENT_LIST, EVENTS, has_lines_again, lines_again
from tttui.artifacts.atomic import write_whole
from tttui.artifacts.checkpoint import ENGINE, PREVIOUS, Checkpoint, read_generation, why_not
from tttui.artifacts.contents import differing, grown, lacks_end
from tttui.artifacts.findings import Finding
from tttui.artifacts.tail import read_tail
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, TttuiError

APPENDED = ("interventions.jsonl", "pretraining.csv")
"""Files that no checkpoint cuts back."""


@dataclass(frozen=True, slots=True, eq=False)
class Recovery:
    """The checkpoint to resume from, with notices for a person."""

    checkpoint: Checkpoint
    newest: bool
    """Whether it is the one in engine_state.pt."""
    reached: int
    """The step that the session had reached before the damage."""
    notices: tuple[str, ...] = ()


def recover(directory: Path, *, stride: int) -> Recovery:
    """The newest checkpoint whose files are whole, which may be the one before the newest.

    Where both are damaged, the newest to whose files can be appended: what was recorded stays
    as damaged as it is, the session itself goes on exactly. The lock of the session is the
    caller's: transactions that are damaged are restored from their second copy first. `stride`
    as for `differing`. Raises TttuiError where the session cannot be continued.
    """
    known: list[tuple[Checkpoint, list[Finding]]] = []
    errors: list[TttuiError] = []
    notices: list[str] = []
    for name in (ENGINE, PREVIOUS):
        try:
            checkpoint = read_generation(directory, name)
        except TttuiError as error:
            errors.append(error)
            continue
        notices += _restore_lines(directory, checkpoint)
        findings = [
            finding
            for file in grown(checkpoint)
            for finding in differing(directory, checkpoint, file, stride=stride)
        ]
        known.append((checkpoint, findings))
        if not findings:
            break
    if not known:
        raise errors[0]
    newest, wrong = known[0]
    _refuse_lost_interventions(directory, newest)
    usable = sorted((one for one in known if not lacks_end(one[1])), key=lambda one: len(one[1]))
    if not usable:
        raise TttuiError(
            f"{wrong[0]}; the session cannot be continued exactly: restore the file, or fork"
        )
    checkpoint, left = usable[0]
    if errors and newest.path.name != ENGINE:
        path = newest.path.with_name(ENGINE)
        notices.append(f"{path}: {why_not(errors[0], path)}; {newest}, the one before, counts")
    if checkpoint is not newest:
        notices += [f"{one}; {checkpoint} is before that, and counts" for one in wrong]
    notices += [f"{one}; it stays so, as no checkpoint is before that" for one in left]
    notices += [f"{one}; it stays so" for one in _pretraining(directory, newest)]
    is_newest = checkpoint.path.name == ENGINE
    if is_newest:
        notices += [
            f"{p.path}: {p.reason}" for p in checkpoint.problems if p.path.parent != directory
        ]
    appended = {k: v for k, v in newest.checksums.items() if k in APPENDED}
    return Recovery(
        replace(
            checkpoint,
            checksums={**checkpoint.checksums, **appended} if checkpoint.checksums else {},
            copies=newest.copies,
        ),
        is_newest,
        _reached(directory, checkpoint, newest, is_newest),
        tuple(notices),
    )


def _restore_lines(directory: Path, checkpoint: Checkpoint) -> list[str]:
    """Restore damaged transactions from their second copy."""
    findings = differing(directory, checkpoint, EVENTS, stride=1)
    if not findings or not has_lines_again(directory, checkpoint):
        return []
    write_whole(directory / EVENTS, lines_again(directory, checkpoint))
    return [f"{finding}; it was restored from {EVENT_LIST}" for finding in findings]


def _reached(directory: Path, checkpoint: Checkpoint, newest: Checkpoint, is_newest: bool) -> int:
    step = checkpoint.step or 0
    if is_newest:
        return step
    if newest is not checkpoint:
        return max(step, newest.step or 0)
    return max(step, read_tail(directory / "per_step.csv").steps or 0)


def _refuse_lost_interventions(directory: Path, checkpoint: Checkpoint) -> None:
    """Raise TttuiError for lost interventions, which a replay needs and no other file holds."""
    name = APPENDED[0]
    for finding in differing(directory, checkpoint, name, stride=1):
        if name in checkpoint.checksums:
            raise RefusedInput(
                f"{finding}; `tttui fsck --repair {directory}` restores it where that is possible"
            )


def _pretraining(directory: Path, checkpoint: Checkpoint) -> list[Finding]:
    name = APPENDED[1]
    return differing(directory, checkpoint, name, stride=1) if name in checkpoint.checksums else []
