"""Held-out streams: contenders are evaluated on them, and no training uses them."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tttui.lab.evaluation.documents import called, choose_parts, read_part
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.pointmass.settings import World
from tttui.model.setting import options
from tttui.tasks.base import AnyTask, Task

DecidingLoss = Literal["whole", "last"]
"""The loss that decides: the mean over the whole stream, or over its last 100 steps."""

HELD_OUT = 1 << 40
"""Seeds from here on belong to held-out streams: sessions and training use smaller ones."""

OF_ONE_SEED = 1 << 20
"""Streams that one seed of `held_out` can give; those of two seeds have none in common."""

STREAMS, DOCUMENTS = 32, 12
"""Worlds and documents of an evaluation where nothing else is said."""

MOST = 1000
"""Streams of one evaluation: the means of all pairs of them are worked out."""

WINDOWS = 128
"""Steps of a stream that is read from a document, where nothing else is said."""

FEWEST_WINDOWS = 20
"""Steps of such a stream at least: less says nothing of what is learned."""

BYTES_A_TOKEN = 4

WHERE_STREAM = ("begin", "end", "sha256")
"""Values of a stream that say which part of `file` it is; all others are settings."""


@dataclass(frozen=True, slots=True)
class HeldOutStream:
    """One held-out stream: what every contender meets, and at which settings."""

    name: str
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Settings of the task that the stream fixes for all contenders (`seed`, `steps`, the world).
    Of a document `file`, and which bytes of it are read: `begin`, `end`, `sha256`."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """The `values` that are settings of the task."""
        return {name: v for name, v in self.values.items() if name not in WHERE_STREAM}

    def part(self) -> bytes:
        """The bytes of a document's stream. Raises TttuiError if the document has changed."""
        path = Path(self.values["file"])
        try:
            content = read_part(path, self.values["begin"], self.values["end"])
        except OSError as error:
            raise TttuiError(f"{path}: cannot be read: {error.strerror}") from error
        if hashlib.sha256(content).hexdigest() != self.values["sha256"]:
            raise TttuiError(f"{path}: has changed since the streams were chosen; start anew")
        return content


def held_out(
    task: str | type[AnyTask],
    values: Mapping[str, Any],
    count: int,
    seed: int = 0,
    *,
    data: Path | None = None,
    without: Collection[str] = (),
) -> list[HeldOutStream]:
    """Streams that no training and no session uses, the same ones for the same arguments.

    `values` are settings that all contenders share, of which those of the world (and `steps`)
    belong to the stream. A task without a document draws streams from seeds from HELD_OUT on.
    One with a document reads documents below `data` (a file or a directory), disjoint parts of
    them where there are fewer than `count`; without `data` sources of Python's standard library,
    which the shipped base was not trained on; never those of which the sha256 is among `without`.
    Raises RefusedInput.
    """
    if isinstance(task, str):
        from tttui.tasks.find import find_task

        task = find_task(task)
    if not 1 <= count <= MOST:
        raise RefusedInput(f"streams: {count} is not between 1 and {MOST}")
    if not 0 <= seed < OF_ONE_SEED:
        raise RefusedInput(f"seed: {seed} is not between 0 and {OF_ONE_SEED - 1}")
    if reads_documents(task):
        return _documents(task, values, count, seed, data, without)
    if data is not None:
        raise RefusedInput(f"--data: the task {task.name} reads no documents; leave it out")
    return _worlds(task, values, count, seed)


def reads_documents(task: type[AnyTask]) -> bool:
    """Whether the streams of a task are documents."""
    return "file" in task.session_settings()


def usual_count(task: type[AnyTask]) -> int:
    """The default number of streams: documents take longer than worlds."""
    return DOCUMENTS if reads_documents(task) else STREAMS


def streams_text(
    streams: Sequence[HeldOutStream], data: Path | None, usual: Mapping[str, Any] | None = None
) -> str:
    """What the streams are and what an interval over them rests on, one sentence for a person.

    `usual` are the defaults of settings: those that the streams have otherwise are named.
    """
    n, values = len(streams), streams[0].values
    if "file" not in values:
        known = usual or {}
        own = [
            f"{k} {v}"
            for k, v in values.items()
            if k in known and k != "seed" and v not in (known[k], [])
        ]
        which = f" ({', '.join(own)})" if own else ""
        return f"{n} held-out streams, each of a seed of its own{which}"
    documents = len({stream.values["file"] for stream in streams})
    where = f"below {data}" if data is not None and data.is_dir() else str(data)
    if data is None:
        where = "of Python's standard library (source code; --data chooses others)"
    if documents == n:
        return f"the beginnings of {n} documents {where}"
    whole = "1 document" if documents == 1 else f"{documents} documents"
    return (
        f"{n} parts of {whole} {where if documents > 1 or data is None else f'({data})'}: parts of "
        f"one document are alike, so the interval speaks of {'it' if documents == 1 else 'them'} "
        "and not of others"
    )


def key_of(streams: Sequence[HeldOutStream]) -> str:
    """A key of the streams that does not depend on where their files lie."""
    known = [{k: v for k, v in one.values.items() if k != "file"} for one in streams]
    text = json.dumps(known, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _worlds(
    task: type[AnyTask], values: Mapping[str, Any], count: int, seed: int
) -> list[HeldOutStream]:
    of_world = {one.name for one in options(World)} | {"steps", "mu_schedule"}
    if issubclass(task, Task):
        of_world = {one.name for one in options(task.settings_type)} | {"steps"}
    shared = {name: value for name, value in values.items() if name in of_world}
    first = HELD_OUT + seed * OF_ONE_SEED
    return [HeldOutStream(f"seed {first + i}", {**shared, "seed": first + i}) for i in range(count)]


def _documents(
    task: type[AnyTask],
    values: Mapping[str, Any],
    count: int,
    seed: int,
    data: Path | None,
    without: Collection[str],
) -> list[HeldOutStream]:
    chunk = values.get("chunk") or task.all_settings()["chunk"].default
    each = chunk * (1 if task.unit == "bits" else BYTES_A_TOKEN)
    steps = values.get("steps") or WINDOWS
    if steps < FEWEST_WINDOWS:
        raise RefusedInput(f"steps: {steps} are too few to learn from; take {FEWEST_WINDOWS}")
    parts = choose_parts(
        data,
        count,
        length=steps * each,
        least=FEWEST_WINDOWS * each,
        order=np.random.default_rng([HELD_OUT, seed]),
        without=without,
    )
    streams = []
    for part in parts:
        name = called(part.path, data)
        values = {"file": str(part.path), "begin": part.begin, "end": part.end}
        values["sha256"] = part.sha256
        streams.append(HeldOutStream(f"{name} from {part.begin}" if part.begin else name, values))
    return streams
