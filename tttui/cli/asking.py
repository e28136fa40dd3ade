"""Requests to the owner of a run, with waiting for the answers."""

import socket
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.shell import command_line

if TYPE_CHECKING:
    from tttui.model.status import State, Status
    from tttui.runs.control import Pending, Verb

PATIENCE_S = 10.0
"""Seconds within which a run answers unless something is wrong with it."""

LOOK_S = 0.02

ENDED: "Collection[State]" = ("crashed", "stalled", "failed", "completed", "interrupted")
"""States in which nobody is there to answer."""

DOING: "Mapping[Verb, str]" = {
    "mu": "change its friction",
    "set": "change its options",
    "speed": "change its speed",
}
"""Requests whose names are no words for a person."""


def ask_and_wait(
    root: Path,
    run: str,
    requests: "Sequence[tuple[Verb, Any]]",
    *,
    until: "State | None" = None,
    wait_s: float,
) -> None:
    """Send requests to the owner of a run and return when all are done (and its state is `until`,
    if given).

    Raises RefusedInput if the run is not live or refuses, TttuiError if its owner does not answer
    (the requests are withdrawn, and nothing is killed).
    """
    from tttui.artifacts.status import HeartbeatWatch, last_heard, status_of
    from tttui.cli.output import result
    from tttui.cli.places import find_run
    from tttui.runs.control import Pending

    place = find_run(root, run)
    watch = HeartbeatWatch()
    status = status_of(place.path, watch)
    if status is None or not status.live:
        verb = "has" if status is not None and status.state in ("crashed", "failed") else "is"
        state = "was not written by tttui" if status is None else f"{verb} {status.state}"
        what = " and ".join(DOING.get(verb, verb) for verb, _ in requests)
        raise RefusedInput(
            f"{place.path} {state}, so there is nobody to ask to {what}; "
            + instead(place.path, status)
        )
    pending = Pending.leave(place.path, () if status.state == until else requests, wait_s)
    while True:
        refusal = pending.refusal(status.answers) if status is not None else ""
        if refusal:
            raise RefusedInput(f"{place.path}: {refusal}")
        if status is not None and _is_done(status, pending, until):
            break
        if status is not None and status.state in ENDED:
            taken_back = pending.withdraw(status.answers)
            raise TttuiError(
                f"{place.path}: {status.detail or status.state}"
                + ("" if taken_back else "; whether it did what was asked before is not known")
            )
        if pending.overdue:
            taken_back = pending.withdraw({} if status is None else status.answers)
            if status is not None and status.state == "queued" and taken_back:
                raise TttuiError(
                    f"{place.path}: no process came to run it within {wait_s:g} s, so nothing was "
                    f"done; " + instead(place.path, status)
                )
            if status is None:
                raise TttuiError(
                    f"{place.path}: its status.json is missing, so its owner is unknown"
                )
            still = "" if watch.moved else ", nor did its heartbeat move"
            since = last_heard(status) or still
            raise TttuiError(
                f"{place.path}: {_owner(status)} did not answer within {wait_s:g} s{since}; "
                + ("" if taken_back else "it has the request, and may still carry it out; ")
                + _left_alone(status)
            )
        time.sleep(LOOK_S)
        status = status_of(place.path, watch)
    result(f"{place.path}: {status.state} at step {status.t}")


def instead(path: Path, status: "Status | None") -> str:
    """The remedy for a session that no process runs."""
    if status is None:
        return f"`{command_line('tttui', 'fork', path)}` goes on from its weights"
    resume = command_line("tttui", "resume", path)
    match status.state:
        case "completed":
            return f"`{resume} --steps N` runs N steps more"
        case "stalled" if status.runs_here:
            return f"see whether {_owner(status)} still works, or end it and `{resume}`"
        case "stalled":
            return f"`{resume}` goes on, unless {_owner(status)} reports meanwhile"
        case "crashed" | "failed":
            return f"`{resume}` goes on from its last checkpoint"
        case _:
            return f"`{resume}` goes on where it stopped"


def _left_alone(status: "Status") -> str:
    """The remedy for an owner that does not answer. It suggests `kill` only for a process that is
    certainly the run's: status.json may hold any number, or that of another machine."""
    if status.runs_here and status.pid is not None and status.pid > 1:
        return f"it was left alone, end it yourself with `kill {status.pid}`"
    return "it was left alone; look for it where it runs"


def _owner(status: "Status") -> str:
    who = "its owner" if status.pid is None else f"process {status.pid}"
    return who + _elsewhere(status)


def _elsewhere(status: "Status") -> str:
    """The machine of its process, if it is another."""
    here = status.host is None or status.host == socket.gethostname()
    return "" if here else f" on {status.host}"


def _is_done(status: "Status", pending: "Pending", until: "State | None") -> bool:
    went_on = until == "running" and status.state in ("pretraining", "completed")
    if until is not None and not went_on:
        return status.state == until
    return pending.answered(status.answers)
