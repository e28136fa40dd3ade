"""The runner of the point mass, which has an engine of its own."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from tttui.model.ages import duration_text
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.pointmass.settings import OWNER, Settings
from tttui.model.session import Place
from tttui.runs.check import Check
from tttui.runs.owned import OwnedRun
from tttui.runs.runner import (
    ForkOptions,
    NewOptions,
    Progress,
    ReadyRun,
    ResumeOptions,
    Runner,
    fork_of,
)
from tttui.runs.start import Learned
from tttui.tasks.pointmass.runs.recorded import settings_of

if TYPE_CHECKING:
    from tttui.runs.turns import Host
    from tttui.runs.whatif.knobs import Turnable
    from tttui.runs.whatif.live import Live, PastStates
    from tttui.runs.whatif.luck import Pairs
    from tttui.runs.whatif.result import WhatIfRequest

PRETRAIN_S = 1.5e-6
"""Seconds of pretraining for each step of each sequence of a batch, with the shipped model."""


class PointMassRunner(Runner):
    """Sessions of one world; numpy computes them."""

    def choose(self, values: Mapping[str, Any]) -> Settings:
        settings = Settings()
        if values.get("preset") is not None:
            settings = settings.with_preset(values["preset"])
        return settings.updated(self._settings_in(values)).validate()

    def flat(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**self.choose(values).flat(), "mu_schedule": values.get("mu_schedule", ())}

    def forked(self, meta: Mapping[str, Any], place: Place) -> Mapping[str, Any]:
        settings = settings_of(meta, place.path)
        seed = settings.seed + 1 if place.layout == "native" else settings.seed
        return {**settings.flat(), "seed": seed, "mu_schedule": ()}

    def upon(self, like: Mapping[str, Any], values: Mapping[str, Any]) -> Mapping[str, Any]:
        if "preset" in values:
            like = {name: value for name, value in like.items() if OWNER[name] != "plasticity"}
        return {**like, **values}

    def wrong(self, values: Mapping[str, Any], like: Mapping[str, Any]) -> Mapping[str, str]:
        problems = super().wrong(values, like)
        base = values.get("base")
        if problems or not base:
            return problems
        path = Path(base)
        why = _no_base(path, path.stat().st_mtime_ns, self.choose(values))
        return {"base": why} if why else {}

    def preparation(self, root: Path, values: Mapping[str, Any]) -> str:
        if values.get("base"):
            return ""
        from tttui.tasks.pointmass.runs.base import cache_path

        settings = self.choose(values)
        if not _lacks_base(root, cache_path(root, settings).exists(), settings):
            return ""
        p = settings.pretraining
        takes = duration_text(pretraining_s(settings))
        return f"no base fits: pretraining {p.pretrain_steps} steps first, {takes}; "

    def new(self, root: Path, values: Mapping[str, Any], **how: Unpack[NewOptions]) -> ReadyRun:
        settings, name, start = self.choose(values), values.get("name"), how.get("start")

        from tttui.engine.device import check_device
        from tttui.runs.creating import Origin
        from tttui.runs.naming import make_in
        from tttui.tasks.pointmass.engine.faults import Fault, disk_fault, planned_faults
        from tttui.tasks.pointmass.runs.base import Base, chosen_base, find_base
        from tttui.tasks.pointmass.runs.build import new_directory
        from tttui.tasks.pointmass.runs.learned import start_of
        from tttui.tasks.pointmass.runs.planned import plan_session
        from tttui.tasks.pointmass.runs.session import SessionRun

        faults = [Fault(kind, step) for step, kind in values.get("fault") or ()]
        full_at = disk_fault(faults)
        if how["detached"] and full_at is not None:
            raise RefusedInput(
                "--fault disk fills the disk of this process only; leave --detach out"
            )
        check_device(settings.device)
        new_directory(root, name, settings)  # refused before a base is looked for
        base = values.get("base")
        chosen: Base | None
        if start is not None:
            chosen, begun = start_of(start, root, settings, base)
            origin = Origin(started_from=start.recorded)
        else:
            chosen = chosen_base(Path(base), settings) if base else find_base(root, settings)
            begun = origin = None

        def hold_planned(directory: Path) -> tuple[OwnedRun, int]:
            run = SessionRun.open(directory)
            run.disk_full_at = full_at
            return run, settings.steps

        def make(directory: Path) -> ReadyRun:
            if chosen is not None:
                run = SessionRun.create(
                    directory, settings, chosen, begun=begun, origin=origin, faults=faults
                )
                return ReadyRun.of(run, settings.steps)
            plan_session(directory, settings, interventions=planned_faults(faults))
            return ReadyRun(directory, lambda: hold_planned(directory), needs_base=True)

        return make_in(name, lambda: new_directory(root, name, settings), make)

    def resume(self, place: Place, root: Path, **how: Unpack[ResumeOptions]) -> ReadyRun:
        from tttui.tasks.pointmass.runs.planned import is_planned, replan
        from tttui.tasks.pointmass.runs.resume import resume

        more_steps, changes, on_wait = how.get("more_steps"), how["changes"], how.get("on_wait")
        self._refuse_unknown(place, changes)
        if place.layout != "native":
            return self._taken_over(place, root, how.get("name"), more_steps, changes)
        if is_planned(place.path):
            replan(place.path, more_steps, changes, on_wait=on_wait)
            return ReadyRun(
                place.path,
                lambda: resume(place.path, on_wait=on_wait),
                needs_base=True,
            )
        run, until = resume(
            place.path,
            more_steps=more_steps,
            changes=changes,
            override=how.get("override", False),
            on_wait=on_wait,
        )
        return ReadyRun.of(run, until)

    def _taken_over(
        self,
        place: Place,
        root: Path,
        name: str | None,
        more_steps: int | None,
        changes: Mapping[str, Any],
    ) -> ReadyRun:
        """A session of another program goes on in a directory of its own."""
        from tttui.tasks.pointmass.runs.fork import fork

        steps = {"steps": more_steps} if more_steps else {}
        run = fork(place, root, name=name, changes={**changes, **steps})
        named = name is not None or run.path.name.startswith(place.name)
        why = "" if named else ", since its own name cannot be used"
        other = "" if name else "; another --name chooses where"
        went = f"it goes on in {run.path}{why}{other}"
        return ReadyRun.of(
            run, run.settings.steps, [f"{place.path} was written by another program; {went}"]
        )

    def fork(self, place: Place, root: Path, **how: Unpack[ForkOptions]) -> OwnedRun:
        from tttui.tasks.pointmass.runs.fork import fork, fork_with_past

        at, name, changes, start = fork_of(how)
        from_run = how.get("from_run")
        self._refuse_unknown(place, changes)
        if how.get("with_past") and at is not None:
            if from_run is not None:
                raise RefusedInput("--from-run: has no past that could be computed again")
            return fork_with_past(place, root, at=at, name=name, changes=changes)
        changes = dict(changes)
        preset = changes.pop("preset", None)
        return fork(
            place,
            root,
            at=at,
            name=name,
            run=from_run,
            preset=preset,
            changes=changes,
            start=start,
        )

    def learned(
        self, place: Place, *, at: int | None = None, from_run: str | None = None
    ) -> Learned:
        from tttui.tasks.pointmass.runs.learned import learned_by

        return learned_by(place, at=at, run=from_run)

    def turnable(self) -> "Turnable":
        from tttui.tasks.pointmass.runs.knobs import PointMassTurnable

        return PointMassTurnable()

    def live(self, request: "WhatIfRequest", known: "PastStates") -> "Live":
        from tttui.tasks.pointmass.runs.whatif import live_branch

        return live_branch(request, known)

    def pairs(self, request: "WhatIfRequest", total: int) -> "Pairs":
        from tttui.tasks.pointmass.runs.whatif import pairs

        return pairs(request, total)

    def host(self, settings: Settings, base: Mapping[str, Any] | None) -> "Host":
        from tttui.tasks.pointmass.runs.host import PointMassHost

        assert base is not None
        return PointMassHost(settings, base)

    def carried(
        self, settings: Mapping[str, Any], task_settings: Mapping[str, Any]
    ) -> dict[str, Any]:
        own = ("model", "pretraining")
        model = {k: v for k, v in task_settings.items() if OWNER.get(k) in own or k == "dt"}
        return model | {k: v for k, v in settings.items() if OWNER.get(k) == "plasticity"}

    def verify(self, place: Place, progress: Progress | None = None) -> list[Check]:
        from tttui.tasks.pointmass.runs.verify import verify

        return verify(place, progress)

    @staticmethod
    def _refuse_unknown(place: Place, changes: Mapping[str, Any]) -> None:
        for name, value in changes.items():
            if name not in (*OWNER, "preset"):
                flag = "--" + name.replace("_", "-")
                raise RefusedInput(f"{flag} {value}: {place.path} is a session of the point mass")


def pretraining_s(settings: Settings) -> float:
    """About how many seconds the pretraining of a base takes on one core."""
    p = settings.pretraining
    return max(1.0, PRETRAIN_S * p.pretrain_steps * p.pretrain_batch * p.pretrain_seq)


@lru_cache(maxsize=16)
def _no_base(path: Path, changed_at: int, settings: Settings) -> str:  # noqa: ARG001
    """Why a session with these settings cannot start from a base; '' where it can."""
    from tttui.tasks.pointmass.runs.base import chosen_base

    try:
        chosen_base(path, settings)
    except (TttuiError, OSError) as error:
        return str(error).removeprefix(f"{path}: ")
    return ""


@lru_cache(maxsize=16)
def _lacks_base(root: Path, cached: bool, settings: Settings) -> bool:  # noqa: ARG001
    """No base fits these settings, so that one has to be pretrained."""
    from tttui.tasks.pointmass.runs.base import find_base

    return find_base(root, settings) is None
