"""Beginning or resuming a session."""

import sys
import time
import warnings
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import tttui
from tttui.artifacts.atomic import refuse_links, write_error
from tttui.artifacts.jsonfile import decode
from tttui.artifacts.recording import BASE, Reopened, SessionWriter, recorded_meta, refuse_occupied
from tttui.artifacts.regular import LARGEST_TABLE, read_bytes
from tttui.artifacts.tensorwriter import Tensors, read_tensors
from tttui.model.dataclass import dataclass
from tttui.model.errors import RecorderError, RefusedInput
from tttui.model.lora import fit
from tttui.model.schema import TensorSpec
from tttui.recorder.files import SessionFiles
from tttui.recorder.journal import Journal
from tttui.recorder.modules import Module, buffer_places, current, is_module, module_tree
from tttui.recorder.observed import Observed
from tttui.recorder.observer import Observer
from tttui.recorder.sources import Sources, chosen_for_history, weights_meta
from tttui.recorder.tensors import Tensor, device_name, write_host
from tttui.recorder.values import plain_settings
from tttui.recorder.watched import Watched

End = Callable[[str, str | None], None]
"""Ends a session in a state, with what went wrong."""


@dataclass(frozen=True, slots=True)
class Wish:
    """The arguments of `Recorder`."""

    directory: Path
    model: Module | None
    plastic: Any
    settings: Mapping[str, Any]
    loss: Mapping[str, Any]
    task: str
    optimizer: Any
    frozen_every: int
    keep: str | Sequence[str] | None
    pairs: Mapping[str, Sequence[Any]]
    history_bytes: int
    seed: int | None
    resume: bool | int


def begin(wish: Wish, owner: object) -> tuple[Observer, End]:
    """Make or reopen the session; it ends at the latest with `owner` or the program.

    Raises TttuiError.
    """
    model = wish.model
    if model is not None and not is_module(model):
        raise RecorderError(f"the model is a {type(model).__name__}, not a torch.nn.Module")
    if wish.frozen_every < 1:
        raise RecorderError(f"frozen_every is {wish.frozen_every}, but it counts scores from 1 on")
    if wish.optimizer is not None and not hasattr(wish.optimizer, "load_state_dict"):
        raise RecorderError(f"the optimizer is a {type(wish.optimizer).__name__}, not one of torch")
    sources = Sources(model, wish.plastic)
    weights = Watched(sources) if sources() else None
    buffers = None
    if model is not None:
        places = buffer_places(model)
        buffers = Watched(lambda: current(places)) if places else None
    tensors = {} if weights is None else weights.stored()
    if tensors:
        chosen_for_history(tensors, wish.keep, wish.history_bytes)  # before anything is written
    declared = _declared_pairs(wish.pairs, tensors)
    goes_on = wish.resume is not False and _holds_session(wish.directory)
    if not goes_on:
        _refuse_occupied(wish.directory)
    files = _open_files(wish, weights)
    journal = Journal(
        files, lambda by_name: chosen_for_history(by_name, wish.keep, wish.history_bytes)
    )
    try:
        base = {} if weights is None else weights.copies()
        if goes_on:
            reopened = _reopen(files.writer, wish, weights)
            journal.go_on(reopened, [n for n in files.writer.meta.get("kept", []) if n in tensors])
            if weights is not None:
                _load_base(wish.directory, base)
        elif weights is not None:
            journal.begin(weights)
        observed = Observed(journal, sources, weights, buffers, base, wish.optimizer)
        observer = Observer(journal, observed, model, wish.frozen_every)
        if goes_on:
            observed.compare_with(_last_version(files.writer), str(wish.directory))
        else:
            meta = _meta(wish, weights, journal.kept)
            files.writer.begin(meta | ({"pairs": declared} if declared else {}), tensors)
        files.start(observer.t)
    except BaseException:
        files.abandon()
        raise
    stored = observed.stored
    end = weakref.finalize(owner, _end_with_program, files, stored)

    def finish(state: str, error: str | None) -> None:
        observer.close()
        end.detach()
        files.close(state, error, stored)

    return observer, finish


def _declared_pairs(pairs: Mapping[str, Sequence[Any]], tensors: Tensors) -> list[dict[str, Any]]:
    """The pairs for meta.json. Raises RecorderError for an invalid pair."""
    declared = []
    for name, pair in pairs.items():
        a, b, scale = (*pair, 1.0)[:3] if len(pair) in (2, 3) else (None, None, 1.0)
        here = [TensorSpec(k, tensors[k].shape) for k in (a, b) if k in tensors]
        if name in tensors or len(here) < 2 or not fit(*here):
            raise RecorderError(
                f"pairs: {name} is {pair!r:.80}, not the names of plastic weights A [rank, in] and "
                "B [out, rank] and a scale, under a name of its own"
            )
        declared.append({"name": str(name), "a": a, "b": b, "scale": float(scale)})
    return declared


def _open_files(wish: Wish, weights: Watched | None) -> SessionFiles:
    directory = wish.directory
    try:
        refuse_links(directory)
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(directory, error) from error
    devices = [] if weights is None else [device_name(x) for x in weights.now.values()]
    writer = SessionWriter(directory, history_bytes=wish.history_bytes)
    return SessionFiles(writer, devices[0] if devices else "cpu")


def _holds_session(directory: Path) -> bool:
    try:
        refuse_occupied(directory)
    except RefusedInput:
        return directory.is_dir()
    return False


def _refuse_occupied(directory: Path) -> None:
    try:
        refuse_occupied(directory)
    except RefusedInput as error:
        if not directory.is_dir():
            raise
        raise RecorderError(
            f"{directory}: holds a session already; go on with it by Recorder(..., resume=True), "
            "or choose another directory"
        ) from error


def _reopen(writer: SessionWriter, wish: Wish, weights: Watched | None) -> Reopened:
    meta = recorded_meta(wish.directory)
    if "recorder" not in meta:
        raise RecorderError(
            f"{wish.directory}: was not made by a Recorder; choose another directory"
        )
    recorded = {entry.get("name"): entry for entry in meta.get("plastic") or []}
    entries = [] if weights is None else weights_meta(weights)["plastic"]
    now = {entry["name"]: entry for entry in entries}
    if recorded != now:
        odd = sorted({str(n) for n in recorded.keys() ^ now.keys()}) or [
            n for n in now if recorded[n] != now[n]
        ]
        raise RecorderError(
            f"{wish.directory}: its plastic weights are others than those of this model "
            f"({', '.join(odd[:3])}); choose another directory"
        )
    before = None if wish.resume is True else int(wish.resume)
    reopened = writer.reopen(before)
    for cut in reopened.cuts:
        if before is None:
            warnings.warn(f"tttui.Recorder: {cut}", RuntimeWarning, stacklevel=4)
    resumed = [*writer.meta.get("resumed_at", []), reopened.t + 1]
    writer.update_meta({"resumed_at": resumed})
    return reopened


def _meta(wish: Wish, weights: Watched | None, kept: list[str]) -> dict[str, Any]:
    torch = sys.modules.get("torch")
    name = wish.directory.name or wish.directory.resolve().name
    meta: dict[str, Any] = {
        "session_id": name,
        "root_session_id": name,
        "parent_session_id": None,
        "created_at_unix": time.time(),
        "tttui_version": tttui.__version__,
        "torch_version": None if torch is None else str(torch.__version__),
        "task": {"name": wish.task, "version": "1", "settings": plain_settings(wish.settings)},
        "loss": dict(wish.loss),
        "plastic": [],
        "kept": kept,
        "recorder": {
            "form": "plain" if wish.model is None else "module",
            "frozen_every": wish.frozen_every,
        },
    }
    if wish.seed is not None:
        meta["seed"] = int(wish.seed)
    if weights is not None:
        meta["device"] = next(map(device_name, weights.now.values()))
        meta |= weights_meta(weights)
    if wish.model is not None:
        meta["model"] = module_tree(wish.model, set(weights.names if weights else ()))
    return meta


def _load_base(directory: Path, base: Mapping[str, Tensor]) -> None:
    """Load these tensors as the weights with which the session began."""
    stored = read_tensors(directory / BASE)
    for name, x in base.items():
        if name not in stored or not write_host(x, stored[name]):
            raise RecorderError(f"{directory / BASE}: does not hold {name} as this model has it")


def _last_version(writer: SessionWriter) -> str | None:
    """The version that the last event says is in force."""
    lines = read_bytes(writer.directory / "update_events.jsonl", LARGEST_TABLE).splitlines()
    for line in reversed(lines):
        version = decode(line).get("version")
        if isinstance(version, str):
            return version
    version = writer.meta.get("base_version")
    return version if isinstance(version, str) else None


def _end_with_program(files: SessionFiles, stored: Callable[[], Tensors]) -> None:
    """Close the session when the recorder is dropped or the program ends; failed if an exception
    ends it."""
    ended_by = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
    if ended_by is None:
        files.close("completed", None, stored)
    elif isinstance(ended_by, KeyboardInterrupt):
        files.close("interrupted", None, stored)
    else:
        files.close("failed", f"{type(ended_by).__name__}: {ended_by}", stored)
