"""The base that a session starts from: shipped, cached under the root, or trained now."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.atomic import write_whole
from tttui.artifacts.layout import BASE, SHIPPED_BASES
from tttui.artifacts.ptfile import read_pt, write_pt
from tttui.artifacts.regular import LARGEST_CHECKPOINT, read_bytes
from tttui.artifacts.wrapped import unwrapped_state
from tttui.dynamics.ssm import decay
from tttui.model.arrays import Weights
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.here import resolved
from tttui.model.pointmass.settings import Model, Settings
from tttui.tasks.pointmass.pretraining import base_cfg, pretrain

LOSS_FILE = "loss.csv"

LOSS_HEADER = b"step,loss\n"


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """A base checkpoint: W_u, B, W_o, a_raw (float32), what it was trained with, its bytes."""

    weights: Weights
    cfg: Mapping[str, Any]
    content: bytes
    source: Path

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def cache_path(root: Path, settings: Settings) -> Path:
    """Where the base of these settings is kept: <root>/bases/<hash>/base_checkpoint.pt."""
    text = json.dumps(base_cfg(settings), sort_keys=True)
    return root / "bases" / hashlib.sha256(text.encode()).hexdigest()[:16] / BASE


def find_base(root: Path, settings: Settings) -> Base | None:
    """A shipped or cached base that was trained with exactly these settings, or None.

    A damaged file in the cache counts as absent; it is replaced by the next training.
    """
    cfg = base_cfg(settings)
    for path in (cache_path(root, settings), *sorted(SHIPPED_BASES.glob("*.pt"))):
        try:
            base = read_base(resolved(path), settings.model)  # installers may make links
        except TttuiError:
            continue
        if dict(base.cfg) == cfg:
            return base
    return None


def train_base(
    root: Path, settings: Settings, progress: Callable[[int, float], None] | None = None
) -> Base:
    """Pretrain a base and keep it in the cache, with its loss curve beside it."""
    rows = [LOSS_HEADER]

    def note(step: int, loss: float) -> None:
        rows.append(loss_row(step, loss))
        if progress is not None:
            progress(step, loss)

    make_room(root, settings)
    return keep_base(root, settings, pretrain(settings, note), b"".join(rows))


def make_room(root: Path, settings: Settings) -> None:
    """Make the directory of the base, before the training is spent in vain.

    Raises RefusedInput.
    """
    place = cache_path(root, settings).parent
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RefusedInput(
            f"{place}: cannot be created for the base: {error.strerror}; choose another --root"
        ) from error


def keep_base(
    root: Path, settings: Settings, weights: Weights, losses: bytes | Iterable[bytes]
) -> Base:
    """Keep a trained base in the cache, with the table of its losses beside it.

    Raises TttuiError where the disk does not take it.
    """
    path = cache_path(root, settings)
    content = write_pt({"model_state": dict(weights), "cfg": base_cfg(settings)})
    write_whole(path.parent / LOSS_FILE, losses)
    write_whole(path, content)
    return Base(weights, base_cfg(settings), content, path)


def loss_row(step: int, loss: float) -> bytes:
    """A line of a table of losses."""
    return f"{step},{loss!r}\n".encode()


def read_base(path: Path, model: Model) -> Base:
    """The base in a checkpoint file, checked against the model's shapes.

    Raises RefusedInput naming the file and what is wrong with it.
    """
    try:
        content = read_bytes(path, LARGEST_CHECKPOINT)
        raw = read_pt(path)
    except (FileNotFoundError, NotADirectoryError):
        raise RefusedInput(f"{path}: there is no such base checkpoint") from None
    except OSError as error:
        raise RefusedInput(f"{path}: cannot be read: {error.strerror}") from error
    except TttuiError as error:
        raise RefusedInput(str(error)) from error
    state = raw.get("model_state") if isinstance(raw, Mapping) else None
    if not isinstance(state, Mapping):
        raise RefusedInput(f"{path}: is not a base checkpoint: it has no 'model_state'")
    cfg = raw.get("cfg")
    weights = _checked(path, unwrapped_state(state), model)
    return Base(weights, cfg if isinstance(cfg, Mapping) else {}, content, path)


def own_base(directory: Path, settings: Settings, meta: Mapping[str, Any]) -> Base:
    """The base that a session began with. Raises RefusedInput where its file is another now."""
    path, recorded = directory / BASE, str(meta.get("base_ckpt_hash"))
    remedy = f"`tttui fsck --repair {directory}` restores it where a base of its sha256 is at hand"
    try:
        base = read_base(path, settings.model)
    except RefusedInput as error:
        raise RefusedInput(f"{error}; {remedy}") from error
    if base.sha256 != recorded:
        raise RefusedInput(
            f"{path}: is not the base that the session began with (its sha256 is "
            f"{base.sha256[:12]}, meta.json says {recorded[:12]}); {remedy}"
        )
    return base


def chosen_base(path: Path, settings: Settings) -> Base:
    """The base that the person named, which need not have been trained with these settings.

    Raises RefusedInput where it was made for another model (shapes, dt, kind of decays).
    """
    base = read_base(path.resolve(), settings.model)  # the person may well name a link
    for name, mine in (("dt", settings.model.dt), ("decay_init", settings.model.decay_init)):
        theirs = base.cfg.get(name, mine)
        if theirs != mine:
            raise RefusedInput(
                f"{path}: was trained with {name} {theirs}, the session has {mine}; "
                f"add --{name.replace('_', '-')} {theirs}"
            )
    return base


def shapes(model: Model) -> dict[str, tuple[int, ...]]:
    """The shape of every weight of a model."""
    return {
        "W_u": (model.u_dim, model.z_dim + model.act_dim),
        "B": (model.n_state, model.u_dim),
        "W_o": (model.z_dim, model.n_state),
        "a_raw": (model.n_state,),
    }


def _checked(path: Path, state: Mapping[str, Any], model: Model) -> Weights:
    weights: Weights = {}
    for name, shape in shapes(model).items():
        value = state.get(name)
        if not isinstance(value, np.ndarray):
            raise RefusedInput(f"{path}: is not a base checkpoint: {name} is missing")
        if value.dtype.kind != "f":
            raise RefusedInput(f"{path}: {name} is no tensor of numbers, but of {value.dtype}")
        if value.shape != shape:
            raise RefusedInput(
                f"{path}: {name} has shape {list(value.shape)}, the model needs {list(shape)}; "
                "set --u-dim and --n-state as the base was trained"
            )
        if not np.isfinite(value).all():
            raise RefusedInput(f"{path}: {name} holds values that are not finite")
        weights[name] = np.ascontiguousarray(value, dtype=np.float32)
    decays = decay(weights["a_raw"], model.dt)
    if not ((decays > 0) & (decays < 1)).all():
        raise RefusedInput(f"{path}: a_raw gives decays outside (0, 1), so the model is unstable")
    return weights
