"""A session that waits for its base: a directory from the first moment, pretrained, then built.

Its meta.json has every setting, but no base yet; status.json says `queued` and how far the
pretraining is (`BaseRun`). So it can be seen, paused, stopped and resumed as any session. With
the base the session is built in its place.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tttui.artifacts.atomic import refuse_links, remove_temporaries
from tttui.artifacts.intervention_writer import record
from tttui.artifacts.interventions import Intervention, recorded
from tttui.artifacts.jsonfile import read_object
from tttui.artifacts.lock import OnWait, SessionLock
from tttui.artifacts.meta import read_meta_of
from tttui.artifacts.status_file import StatusFile
from tttui.artifacts.writer import write_meta
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.pointmass.settings import Settings
from tttui.runs.answering import answers_given, take_over
from tttui.runs.control import Inbox
from tttui.runs.creating import new_session
from tttui.tasks.pointmass.runs.base import find_base, make_room
from tttui.tasks.pointmass.runs.baserun import BaseRun, OnNotice, Progress
from tttui.tasks.pointmass.runs.build import build_in_place, unbuilt_meta
from tttui.tasks.pointmass.runs.recorded import settings_of


def plan_session(
    directory: Path, settings: Settings, *, interventions: Sequence[Intervention] = ()
) -> None:
    """Make the directory of a session whose base is still to be trained.

    Raises RefusedInput where it exists or may not be made, or where the base could not be kept.
    """
    make_room(directory.parent, settings)

    def fill(building: Path) -> None:
        write_meta(building, unbuilt_meta(directory.name, settings), parents=True)
        for intervention in interventions:
            record(building, intervention)
        _say_queued(building, settings)

    new_session(directory, fill)


def _say_queued(
    directory: Path, settings: Settings, answers: Sequence[Mapping[str, Any]] = ()
) -> None:
    """The next owner begins the session, and carries out what is asked of it until then;
    `answers` are those that were given."""
    said = {"answers": [*answers]} if answers else {}
    StatusFile(directory, said).write(
        state="queued", t=0, steps_total=settings.steps, device=settings.device
    )


def is_planned(directory: Path) -> bool:
    """Whether the session of a directory still waits for its base."""
    try:
        meta = read_object(directory / "session" / "meta.json")
    except (TttuiError, OSError):
        return False
    return "run_cfg" in meta and meta.get("base_ckpt_hash", "") is None


def replan(
    directory: Path,
    steps: int | None,
    changes: Mapping[str, Any],
    on_wait: OnWait | None = None,
) -> None:
    """Let a planned session run another number of steps, where `steps` is one.

    `on_wait` is as for `SessionLock`. Raises RefusedInput for other changes, SessionHeld where
    its base is being trained.
    """
    for name, value in changes.items():
        raise RefusedInput(
            f"--{name.replace('_', '-')} {value}: {directory} waits for its base and has not "
            "begun; leave the option out, or start a new session with it"
        )
    with SessionLock(directory, on_wait):
        if steps is not None:
            meta = read_meta_of(directory)
            run_cfg = {**meta["run_cfg"], "steps": steps}
            write_meta(directory, {**meta, "run_cfg": run_cfg})


def prepare(
    directory: Path,
    *,
    should_stop: Callable[[], bool],
    on_progress: Progress | None = None,
    on_wait: OnWait | None = None,
    on_notice: OnNotice | None = None,
    on_turn: OnNotice | None = None,
) -> bool:
    """Pretrain the base of a planned session and build it; False: it was asked to stop.

    `on_wait` is as for `SessionLock`; `on_notice` gets what was damaged or cut off of what was
    trained before, a line each; `on_turn` which session trains the base meanwhile. Raises
    TttuiError where that fails; what was trained is kept.
    """
    with SessionLock(directory, on_wait) as lock:
        refuse_links(directory)
        remove_temporaries(directory)
        meta = read_meta_of(directory)
        settings = settings_of(meta, directory)
        if answers := take_over(directory, Inbox(directory)):
            _say_queued(directory, settings, answers)
        created_at = meta.get("created_at_unix")
        base = find_base(directory.parent, settings)
        if base is None:
            training = BaseRun(directory, settings, lock, created_at)
            base = training.train(should_stop, on_progress, on_notice, on_turn)
        if base is None:
            return False
        lock.check()
        answers = answers_given(directory)
        build_in_place(directory, settings, base, recorded(directory), created_at=created_at)
        if answers:
            _say_queued(directory, settings, answers)
    return True
