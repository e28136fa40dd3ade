"""Skills of the point mass: the base's weights trained on in worlds of some frictions."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

from tttui.model.arrays import PLASTIC
from tttui.model.errors import RefusedInput, SettingError
from tttui.model.pointmass.settings import OWNER, Settings
from tttui.model.setting import Group
from tttui.model.training import TrainSettings
from tttui.runs.training import PreparedTraining, TaskTraining, TrainingRequest, refuse_other_base
from tttui.tasks.pointmass.pretraining import EPOCH, HELD_OUT, Ranges, Training, base_cfg
from tttui.tasks.pointmass.runs.base import Base, chosen_base, find_base
from tttui.tasks.pointmass.task import PointMass
from tttui.tasks.pointmass.world import WorldStream

SEEDS = "seeds:"
MOST_SEEDS = 10_000


class PointMassTraining(TaskTraining):
    """By the training of the base itself, with its rate, batch and worlds."""

    defaults: ClassVar[TrainSettings] = TrainSettings(
        epochs=10, batch=32, lr=2e-3, optimizer="muon", patience=0
    )
    skip = ("optimizer", "warmup", "weight_decay", "grad_clip", "held_out", "threads")
    takes_files = False

    def groups(self) -> tuple[Group, ...]:
        return PointMass.groups_of_base()

    def why_not(self, data: str, values: Mapping[str, Any]) -> str:
        try:
            frictions_of(data, Settings().updated(dict(values)).validate())
        except SettingError as error:
            return str(error).removeprefix("mu: ")
        return ""

    def check(self, request: TrainingRequest) -> str:
        settings = self._settings(request)
        frictions_of(request.data, settings)
        self._trained(request, settings)
        if request.device != "cpu":
            raise RefusedInput(
                "--provider: the point mass is trained with numpy, on one core; leave it out"
            )
        sha256 = self._base(request, settings).sha256
        refuse_other_base(request, sha256, "the base of these settings")
        return sha256

    def ready(self, request: TrainingRequest) -> PreparedTraining:
        settings = self._settings(request)
        frictions = frictions_of(request.data, settings)
        base = self._base(request, settings)
        refuse_other_base(request, base.sha256, "the base of these settings")
        chosen = self._trained(request, settings)
        start = dict(base.weights)
        if request.begin is not None:
            start |= request.begin.weights
        worlds = json.dumps([frictions, base_cfg(settings)], sort_keys=True)
        return PreparedTraining(
            trainer=Training(chosen, start, frictions),
            base_sha256=base.sha256,
            base_source=str(base.source),
            base_content=base.content,
            fixed=[name for name in base.weights if name not in PLASTIC],
            task_settings={k: v for k, v in settings.flat().items() if OWNER[k] != "plasticity"},
            settings=asdict(settings.plasticity),
            data_sha256=sha256(worlds.encode()).hexdigest(),
            about_data=f"worlds of mu {request.data}; {HELD_OUT // chosen.pretraining.pretrain_seq}"
            " others are held out",
        )

    def _settings(self, request: TrainingRequest) -> Settings:
        return Settings().updated(dict(request.values)).validate()

    def _trained(self, request: TrainingRequest, settings: Settings) -> Settings:
        """The settings of the training itself, which is that of a base."""
        t = request.training
        options = {"steps": t.length(EPOCH), "lr": t.lr, "batch": t.batch, "seed": t.seed}
        try:
            return settings.updated({f"pretrain_{k}": v for k, v in options.items()}).validate()
        except SettingError as error:
            name = error.name.removeprefix("pretrain_")
            raise SettingError(name, str(error).partition(": ")[2]) from None

    def _base(self, request: TrainingRequest, settings: Settings) -> Base:
        base = find_base(request.root, settings)
        if request.base:
            return chosen_base(Path(request.base), settings)
        if base is None:
            raise RefusedInput(
                f"no base under {request.root} fits these settings; `tttui pretrain` with the same "
                "options trains it"
            )
        return base


def frictions_of(text: str, settings: Settings) -> Ranges:
    """The frictions that `0.15`, `0.1:0.2`, `0.1,0.3:0.4` or `seeds:0:64` stand for.

    Those of seeds are what sessions of these seeds draw. Raises SettingError.
    """
    if not text.strip():
        raise SettingError("mu", "name the frictions of the worlds: 0.15, 0.1:0.2, or seeds:0:64")
    ranges: list[tuple[float, float]] = []
    for part in text.replace(" ", "").split(","):
        if part.startswith(SEEDS):
            for seed in _range(part):
                mu = WorldStream(settings.updated({"seed": seed, "mu": None})).mu
                ranges.append((mu, mu))
            continue
        low, colon, high = part.partition(":")
        try:
            ends = float(low), float(high if colon else low)
        except ValueError:
            raise SettingError(
                "mu", f"{part!r} is no friction; write 0.15, a range 0.1:0.2, or seeds:0:64"
            ) from None
        if not 0.0 <= ends[0] <= ends[1] <= 1.0:
            raise SettingError("mu", f"{part}: needs 0 <= low <= high <= 1")
        ranges.append(ends)
    return ranges


def _range(part: str) -> range:
    first, _, last = part.removeprefix(SEEDS).partition(":")
    if not (first.isdecimal() and last.isdecimal() and 0 < int(last) - int(first) <= MOST_SEEDS):
        raise SettingError(
            "mu", f"{part!r}: write seeds:FIRST:LAST, at most {MOST_SEEDS}, the last left out"
        )
    return range(int(first), int(last))
