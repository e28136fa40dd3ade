"""Weights that a session starts from instead of its base's, and weights that a session learned.

Where they come from stands in meta.json as `started_from`: the version's name, its hashes, and
`through`, the parent, in the forks of such a session. The weights are in the session's own
files, so that going on and verifying need nothing else.
"""

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

import numpy as np

from tttui.artifacts.contenthash import content_of
from tttui.artifacts.tensorwriter import Stored
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput
from tttui.runs.check import Check

STARTED_FROM = "started_from"
"""The key of meta.json."""

FROM_WITH_PAST = (
    "--from: a session with its parent's past begins as its parent did; leave --with-past out"
)

Arrays = Mapping[str, np.ndarray[Any, Any]]


@dataclass(frozen=True, slots=True, eq=False)
class StartWeights:
    """The start weights of a session."""

    tensors: Arrays
    """All plastic parameters by name, in numpy's dtypes; none: the base itself."""
    origin: Mapping[str, str]
    """For meta.json: `version`, `weights_sha256`, `base_sha256`; `content` is added."""
    base_sha256: str
    base_file: Path | None = None
    """The file of the base, for the point mass."""
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Default settings of a new session, by name."""

    @property
    def recorded(self) -> dict[str, str]:
        """The entry for meta.json."""
        own = {"content": content_of(self.tensors)} if self.tensors else {}
        return {**self.origin, "base_sha256": self.base_sha256, **own}

    @property
    def called(self) -> str:
        return self.origin.get("version", "the weights")

    def refuse_other_base(self, sha256: str) -> None:
        """Raise RefusedInput if a session has another base than the weights."""
        if sha256 != self.base_sha256:
            raise RefusedInput(
                f"{self.called} stands on the base {short(self.base_sha256)}, the session on "
                f"{short(sha256)}: weights fit the base that they were learned on, so start from "
                "a version over this one, or leave --from out"
            )

    def refuse_other_shapes(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """Raise RefusedInput if the plastic parameters differ from those of the weights."""
        mine = {name: tuple(tensor.shape) for name, tensor in self.tensors.items()}
        for name in {**shapes, **mine}:
            if name not in mine or name not in shapes:
                who = "the session" if name in shapes else self.called
                raise RefusedInput(
                    f"{self.called}: only {who} has the plastic parameter {name}; "
                    "choose the --plastic that it was learned with"
                )
            if mine[name] != tuple(shapes[name]):
                raise RefusedInput(
                    f"{self.called}: {name} has the shape {list(mine[name])}, that of the "
                    f"session has {list(shapes[name])}"
                )


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """The weights of a session at a step, with their origin."""

    step: int
    tensors: Mapping[str, Stored]
    task: str
    task_settings: Mapping[str, Any]
    settings: Mapping[str, Any]
    """How it learns, by name."""
    base_sha256: str
    base_source: str
    base_content: bytes | None
    seed: int | None
    data: str
    """A hash of the data that it learned from."""
    meta: Mapping[str, Any]
    metrics: Mapping[str, Any]


def short(sha256: str) -> str:
    """The beginning of a hash, for people."""
    return sha256.rpartition(":")[2][:12]


def inherited(meta: Mapping[str, Any], parent: str) -> dict[str, str] | None:
    """`started_from` of a fork of a session that started from a version."""
    origin = meta.get(STARTED_FROM)
    if not isinstance(origin, Mapping):
        return None
    return {k: v for k, v in origin.items() if isinstance(v, str)} | {"through": parent}


def start_checks(meta: Mapping[str, Any], file: str, weights: Arrays | None) -> list[Check] | None:
    """Whether a session began with the weights of the version that it names.

    `weights` are those in its `file`. None where it names none, or its parent did.
    """
    origin = meta.get(STARTED_FROM)
    if not isinstance(origin, Mapping) or "through" in origin:
        return None
    version, content = origin.get("version"), origin.get("content")
    if content is None and weights is None:
        return []  # the base itself, which has a check of its own
    if weights is not None and content == content_of(weights):
        return [Check(file, True, f"holds the weights of {version}")]
    return [Check(file, False, f"does not hold the weights of {version}", 0)]
