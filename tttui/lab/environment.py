"""The environment of a job: that of the process that requested it.

A job that waits is started by whoever comes by: another job that ended, another shell, cron. So
job.json keeps those variables of the asker on which results depend. What may hold a secret is
never written to a file: a kind that needs such a variable names it (`Needs.env`), and the job
waits for somebody who has it set.
"""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tttui.artifacts.gpus import VISIBLE, visible_gpus

OUTER = "TTTUI_OUTER_CUDA_VISIBLE_DEVICES"
"""What CUDA_VISIBLE_DEVICES is outside of a job: the GPUs that all jobs may share."""

_KEPT = re.compile(
    r"(CUDA|NVIDIA|NCCL|TORCH|PYTORCH|HF|TRANSFORMERS|TOKENIZERS|XDG|LC|MKL|OPENBLAS|OMP)_\w+"
    r"|PYTHON(PATH|HASHSEED|WARNINGS)|LD_LIBRARY_PATH|LANG|TZ|TMPDIR"
)
"""Variables on which results depend."""

_OWN = re.compile(r"(OMP|OPENBLAS|MKL)_NUM_THREADS|OMP_WAIT_POLICY|TOKENIZERS_PARALLELISM")
"""Variables that tttui sets for itself where they are not set."""

_SECRET = re.compile(r"TOKEN(?!IZERS)|KEY|SECRET|PASS|CREDENTIAL|AUTH", re.IGNORECASE)

_USER_IN_URL = re.compile(r"://[^/]*@")


def kept_of(env: Mapping[str, str]) -> dict[str, str]:
    """The variables of an environment that job.json stores: never a secret."""
    if OUTER in env:  # a job asks for another one
        env = {**env, VISIBLE: env[OUTER]}
    return {
        name: value
        for name, value in sorted(env.items())
        if _KEPT.fullmatch(name)
        and not _SECRET.search(name)
        and not _USER_IN_URL.search(value)
        and not (_OWN.fullmatch(name) and (value in ("1", "PASSIVE", "false") or OUTER in env))
    }


def environment_of(
    ours: Mapping[str, str], request: Mapping[str, Any], cores: int, gpus: Sequence[int]
) -> dict[str, str]:
    """The environment of the job of a job.json: `ours`, but with what its asker had of what is
    kept, and with its own cores and GPUs, as the driver numbers them."""
    env = asked_environment(ours, request)
    if gpus:
        env[OUTER] = env.get(VISIBLE, ",".join(map(str, gpus_in(env))))
        env[VISIBLE] = ",".join(map(str, gpus))
    elif VISIBLE in env:
        env[OUTER] = env[VISIBLE]
    env.setdefault("OMP_NUM_THREADS", str(cores))
    return env


def asked_environment(ours: Mapping[str, str], request: Mapping[str, Any]) -> dict[str, str]:
    """`ours` with what the asker of a job had; a job.json of an older version keeps nothing."""
    env = dict(ours)
    if OUTER in env:  # this process is a job itself, with cores and GPUs of its own
        env.pop("OMP_NUM_THREADS", None)
        env[VISIBLE] = env.pop(OUTER)
    recorded = request.get("environment")
    if isinstance(recorded, dict):
        for name in [n for n in env if _KEPT.fullmatch(n) and not _SECRET.search(n)]:
            del env[name]
        env |= {str(name): str(value) for name, value in recorded.items() if _KEPT.fullmatch(name)}
    return env


def gpus_in(env: Mapping[str, str]) -> list[int]:
    """The GPUs that an environment lets be seen, as the driver numbers them."""
    from tttui.engine.machine import gpu_count

    visible = env.get(OUTER, env.get(VISIBLE))
    return visible_gpus(gpu_count() or 0, {} if visible is None else {VISIBLE: visible})


def missing(needed: object, env: Mapping[str, str] = os.environ) -> list[str]:
    """The variables of `Needs.env`, as a file has them, that are not set here."""
    names = needed if isinstance(needed, list) else []
    return [name for name in names if isinstance(name, str) and not env.get(name)]
