"""Making a session's directory: everything of its step 0, then one rename.

A session is built under a hidden name beside its place, so that whatever carries its real name
can be resumed, however early a crash came.
"""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tttui.artifacts import intervention_writer
from tttui.artifacts.atomic import write_error, write_whole
from tttui.artifacts.checksum import pt_bytes
from tttui.artifacts.interventions import Intervention
from tttui.artifacts.making import LOCK, hidden_directory, remove_abandoned
from tttui.artifacts.ptfile import read_pt, write_pt
from tttui.model.arrays import PLASTIC, Weights
from tttui.model.errors import TttuiError
from tttui.model.pointmass.settings import Plasticity, Settings
from tttui.model.setting import shown
from tttui.runs.creating import MEGABYTE, Origin, new_session, parent_keys
from tttui.runs.naming import free_directory, named_directory
from tttui.runs.saved import saved
from tttui.runs.tally import Tally
from tttui.tasks.pointmass.engine.stepper import Stepper
from tttui.tasks.pointmass.runs.base import Base
from tttui.tasks.pointmass.runs.writer import RunWriter, new_meta
from tttui.tasks.pointmass.world import WorldStream

START_FILE = "start_state.pt"
"""In session/, forks only: the weights and the momentum that the session began with."""

BASE_STEP = -1
"""What stands for the base's weights, where a step is named whose weights were restored: those of
step 0 are the ones that a fork began with."""


class Begun(NamedTuple):
    """The beginning of a fork: weights, momentum and their origin."""

    weights: Weights
    momentum: Weights
    base_t: int = BASE_STEP
    """The step number that stands for the base's weights; 0 in forks of earlier versions."""


def new_directory(root: Path, name: str | None, settings: Settings) -> Path:
    """The directory for a new session, which does not exist yet.

    Raises RefusedInput for a name that is taken or not allowed, or a root that is a file.
    """
    if name is None:
        return free_directory(root, f"{settings.world.env_mode}-seed{settings.seed}")
    return named_directory(root, name)


def build_session(
    directory: Path,
    settings: Settings,
    base: Base,
    *,
    begun: Begun | None = None,
    origin: Origin | None = None,
    interventions: Sequence[Intervention] = (),
) -> None:
    """Make the directory of a new session at step 0, complete with its first checkpoint.

    A fork has `begun` with other weights than the base's, or shares its parent's past. Raises
    RefusedInput where the directory exists or may not be made, TttuiError where writing fails;
    nothing is left behind then.
    """

    def fill(building: Path) -> None:
        _fill(building, directory.name, settings, base, begun, origin, interventions)

    new_session(directory, fill, origin)


def build_in_place(
    directory: Path,
    settings: Settings,
    base: Base,
    interventions: Sequence[Intervention],
    *,
    created_at: float | None,
) -> None:
    """Make the session of a directory that has only a name, a log and settings so far.

    Its meta.json, which is put there last, says that it is built.
    """
    last = directory / "session" / "meta.json"
    remove_abandoned(directory.parent)
    try:
        with hidden_directory(directory) as building:
            _fill(building, directory.name, settings, base, None, None, interventions, created_at)
            made = [p for p in building.rglob("*") if p.is_file() and p.name != LOCK]
            for path in sorted(made, key=lambda path: path.name == last.name):
                path.replace(directory / path.relative_to(building))
    except OSError as error:
        raise write_error(directory, error) from error


def unbuilt_meta(name: str, settings: Settings) -> dict[str, Any]:
    """meta.json of a session whose base is not trained yet: all but that base."""
    mu = WorldStream(settings).mu
    meta = _meta(name, settings, "", mu, None, None)
    return {**meta, "model_signature": None, "base_ckpt_hash": None}


def started_with(directory: Path) -> Begun | None:
    """What a fork began with, None for a session that is no fork. Raises TttuiError."""
    path = directory / "session" / START_FILE
    if not path.exists():
        return None
    state = read_pt(path)
    weights, momentum = (_matrices(state, part, path) for part in ("weights", "momentum"))
    base_t = state.get("base_t", 0)
    if not isinstance(base_t, int) or base_t not in (0, BASE_STEP):
        raise TttuiError(f"{path}: is not the start of a session: base_t is {shown(base_t)}")
    return Begun(weights, momentum, base_t)


def _matrices(state: Any, part: str, path: Path) -> Weights:
    tensors = state.get(part) if isinstance(state, dict) else None
    matrices: Weights = {}
    for name in PLASTIC:
        matrix = tensors.get(name) if isinstance(tensors, dict) else None
        if not isinstance(matrix, np.ndarray) or matrix.dtype.kind != "f" or matrix.ndim != 2:
            raise TttuiError(f"{path}: is not the start of a session: {part} has no matrix {name}")
        matrices[name] = matrix
    return matrices


def new_stepper(
    settings: Settings,
    base: Weights,
    start: Begun | None,
    **more: Any,
) -> Stepper:
    """A stepper at step 0, with the weights and the momentum that the session begins with."""
    for matrices in (start.weights, start.momentum) if start else ():
        for name in PLASTIC:
            if matrices[name].shape != base[name].shape:
                raise TttuiError(
                    f"session/{START_FILE}: {name} has the shape {list(matrices[name].shape)}, "
                    f"that of the base has {list(base[name].shape)}"
                )
    if start is None:
        return Stepper(settings, base, **more)
    stepper = Stepper(settings, base, start=start.weights, base_t=start.base_t, **more)
    stepper.learner.load(
        {**stepper.learner.state(), **{f"momentum_{k}": start.momentum[k] for k in PLASTIC}}
    )
    return stepper


def _meta(
    name: str,
    settings: Settings,
    base_ckpt_hash: str,
    mu: float,
    origin: Origin | None,
    created_at: float | None,
) -> dict[str, Any]:
    meta = new_meta(
        settings,
        session_id=name,
        base_ckpt_hash=base_ckpt_hash,
        mu=mu,
        created_at=created_at,
        parent_session_id=origin.parent_session_id if origin else None,
        root_session_id=origin.root_session_id if origin else None,
        forked_at_t=origin.forked_at_t if origin else None,
        torch_version=_version("torch"),
    )
    meta |= {"numpy_version": _version("numpy"), "mu_schedule": list(settings.mu_schedule)}
    return {**meta, **parent_keys(origin)}


def _fill(
    directory: Path,
    name: str,
    settings: Settings,
    base: Base,
    begun: Begun | None,
    origin: Origin | None,
    interventions: Sequence[Intervention],
    created_at: float | None = None,
) -> None:
    stepper = new_stepper(
        settings,
        base.weights,
        begun,
        interventions=interventions,
        on_event=lambda event: None,  # noqa: ARG005
        on_weights=lambda t, weights, from_t: None,  # noqa: ARG005
    )
    meta = _meta(name, settings, base.sha256, stepper.world.mu, origin, created_at)
    writer = RunWriter(directory, history_bytes=settings.history_mb * MEGABYTE)
    try:
        writer.begin(meta, base.content)
        for intervention in interventions:
            intervention_writer.record(directory, intervention)
        if begun:
            write_whole(directory / "session" / START_FILE, pt_bytes(write_pt(begun._asdict())))
        learner, tally = stepper.learner, Tally()
        writer.snapshot(0, learner.weights)
        writer.checkpoint(
            saved({"stepper": stepper.state(), "tally": tally.state()}),
            learner.weights,
            optimizer_state(learner.optimizer, settings.plasticity),
            tally.metrics(),
        )
        writer.status(state="queued", t=0, steps_total=settings.steps, device=settings.device)
        writer.finish()
    finally:
        writer.close()


def optimizer_state(momentum: Weights, plasticity: Plasticity) -> dict[str, Any]:
    """optim_state.pt: the state_dict of torch.optim.Muon over W_u, B, W_o in this order."""
    group = {
        "lr": plasticity.lr,
        "weight_decay": plasticity.weight_decay,
        "momentum": plasticity.momentum,
        "nesterov": plasticity.nesterov,
        "ns_steps": plasticity.ns_steps,
        "params": list(range(len(PLASTIC))),
    }
    buffers = {i: {"momentum_buffer": momentum[k]} for i, k in enumerate(PLASTIC)}
    return {"state": buffers, "param_groups": [group]}


def momentum_of(optim: Any, where: Path, weights: Weights | None = None) -> Weights:
    """The momentum buffers in an optimizer's state_dict (ours or torch's), by matrix.

    Raises TttuiError naming the file where they are not there, or not of the shapes of `weights`.
    """
    try:
        buffers = {k: optim["state"][i]["momentum_buffer"] for i, k in enumerate(PLASTIC)}
    except (KeyError, TypeError, IndexError) as error:
        raise TttuiError(f"{where}: holds no momentum for {', '.join(PLASTIC)}") from error
    for name, buffer in buffers.items():
        if not isinstance(buffer, np.ndarray) or buffer.dtype.kind != "f":
            raise TttuiError(f"{where}: the momentum of {name} is no tensor of numbers")
        if weights is not None and buffer.shape != weights[name].shape:
            raise TttuiError(
                f"{where}: the momentum of {name} has the shape {list(buffer.shape)}, "
                f"{name} has {list(weights[name].shape)}"
            )
        if weights is not None and not np.isfinite(buffer).all():
            raise TttuiError(f"{where}: the momentum of {name} holds values that are not finite")
    return {name: np.asarray(buffer, dtype=np.float32) for name, buffer in buffers.items()}


def fresh(weights: Weights) -> Weights:
    """The momentum of an optimizer that has not taken a step yet."""
    return {name: np.zeros_like(matrix) for name, matrix in weights.items()}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
