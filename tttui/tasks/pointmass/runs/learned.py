"""The learned weights of a session of the point mass, and starting one from such weights."""

import hashlib
import json
from pathlib import Path

from tttui.artifacts.tensorwriter import Stored
from tttui.model.errors import RefusedInput
from tttui.model.pointmass.settings import OWNER, Settings
from tttui.model.schema import POINT_MASS
from tttui.model.session import Place
from tttui.runs.start import Learned, StartWeights, short
from tttui.tasks.pointmass.runs.base import Base, chosen_base, find_base
from tttui.tasks.pointmass.runs.build import Begun
from tttui.tasks.pointmass.runs.fork import begun_with, parent_at


def learned_by(place: Place, *, at: int | None = None, run: str | None = None) -> Learned:
    """The plastic weights in force at step `at`, by default the last. Raises RefusedInput."""
    data, settings, base, parent = parent_at(place, at=at, run=run)
    flat = settings.flat()
    world = {name: value for name, value in flat.items() if OWNER[name] == "world"}
    seen = {**world, "seed": settings.seed, "mu_schedule": flat["mu_schedule"]}
    return Learned(
        step=parent.t,
        tensors={name: Stored.of(matrix) for name, matrix in parent.weights.items()},
        task=POINT_MASS,
        task_settings={k: v for k, v in flat.items() if OWNER[k] != "plasticity"},
        settings={k: v for k, v in flat.items() if OWNER[k] == "plasticity"},
        base_sha256=base.sha256,
        base_source=str(base.source),
        base_content=base.content,
        seed=settings.seed,
        data=hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest(),
        meta=data.meta.raw,
        metrics=data.metrics,
    )


def start_of(
    start: StartWeights, root: Path, settings: Settings, base: str | None
) -> tuple[Base, Begun | None]:
    """The base of some weights, and the beginning of a session that starts from them.

    `base` is the one that the person named. Raises RefusedInput if they do not fit, or the base is
    missing.
    """
    chosen: Base | None
    if base:
        chosen = chosen_base(Path(base), settings)
    elif start.base_file is not None and start.base_file.is_file():
        chosen = chosen_base(start.base_file, settings)
    else:
        chosen = find_base(root, settings)
    if chosen is None:
        raise RefusedInput(
            f"{start.called} stands on the base {short(start.base_sha256)}, which is not here; "
            "name its file with --base"
        )
    return chosen, begun_with(start, chosen, settings.model)
