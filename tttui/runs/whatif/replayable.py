"""Whether a session can be computed again in memory, and what would make it possible."""

from tttui.model.dataclass import dataclass
from tttui.model.session import SessionData
from tttui.model.shell import command_line

SHIPPED = ("text",)
"""Tasks beside the point mass whose sessions hold all that computing them again needs."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a session cannot be computed again."""

    why: str
    remedy: str
    """The remedy."""

    def __str__(self) -> str:
        return f"{self.why}; {self.remedy}"


def can_replay(data: SessionData) -> Reason | None:
    """Why a session cannot be computed again; None if it can.

    Quick: uses data that was read, and opens no file. A session that is being written can be
    computed and is compared as far as it is recorded.
    """
    path = data.place.path
    schema = data.meta.schema
    if schema.recorder is not None:
        return Reason(
            "its own program computed it, tttui only recorded what it did",
            "a program that is written as a task and run with `tttui run --task` can be",
        )
    if data.place.layout != "native":
        return Reason(
            "another program wrote it, whose updates tttui cannot compute again",
            f"fork it with `{command_line('tttui', 'fork', path)}`: the fork can be",
        )
    if not data.meta.raw:
        missing = data.problem("meta")
        why = missing.reason if missing is not None else "is empty"
        return Reason(f"meta.json {why}", _repair(data))
    if schema.task.name == "hf":
        return Reason(
            "its model is not kept with it, and may be larger than fits here",
            "`tttui fork --with-past --set NAME=VALUE` makes such a session where it has room",
        )
    if not schema.is_point_mass and schema.task.name not in SHIPPED:
        return Reason(
            f"its task {schema.task.name!r} is code of somebody's own, which a session never names",
            "sessions of the point mass and of the task text can be",
        )
    if data.meta.raw.get("base_ckpt_hash", "") is None:
        return Reason("it waits for its base", "it can be as soon as that is trained")
    wrong = data.meta.configuration.wrong
    if wrong:
        return Reason(f"meta.json: {wrong[0]}", _repair(data))
    if schema.is_point_mass and data.base is None:
        problem = data.problem("base")
        why = problem.reason if problem is not None else "is not there"
        return Reason(f"base_checkpoint.pt {why}", _repair(data))
    return None


def _repair(data: SessionData) -> str:
    command = command_line("tttui", "fsck", "--repair", data.place.path)
    return f"`{command}` restores what can be"
