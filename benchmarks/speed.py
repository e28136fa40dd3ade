"""How fast, as ratios to the obvious loop measured in the same run.

python -m benchmarks.speed [--rounds N] [--device cuda]
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import numpy as np
import torch

from benchmarks.cells import CELLS, HELD_OUT, base_of, settings_of
from benchmarks.predecessor import Loop
from tttui.dynamics.ssm import rollout
from tttui.model.pointmass.settings import PRESETS, Settings
from tttui.tasks.pointmass.engine.learner import Learner
from tttui.tasks.pointmass.engine.many import run_on, worlds
from tttui.tasks.pointmass.world import WorldStream

STEPS = 640
"""Steps of one session in a round."""


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def one_session(settings: Settings) -> Callable[[], None]:
    """Simulate, frozen, adaptive and all transactions with their records, as the runner does."""
    base = base_of(settings)

    def run() -> None:
        stream, learner = WorldStream(settings), Learner(settings, base)
        for t in range(0, STEPS, settings.plasticity.chunk):
            if learner.due(t):
                learner.update(t)
            z, a, _ = stream.advance(settings.plasticity.chunk)
            learner.predict(z, a)

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sessions", type=int, default=128, help="sessions at once on the CPU")
    parser.add_argument("--device", default="cpu", help="cuda: many sessions on the GPU as well")
    parser.add_argument("--gpu-sessions", type=int, default=16384)
    args = parser.parse_args()
    torch.set_num_threads(1)

    stable = replace(settings_of(CELLS[1], "spread", STEPS), seed=HELD_OUT)
    plain = replace(stable, plasticity=PRESETS["plain"])
    base = base_of(stable)
    loop = Loop(plain, base, 0.1)
    z, a, _ = worlds(replace(stable, steps=65536), [HELD_OUT])
    many = worlds(stable, range(HELD_OUT, HELD_OUT + args.sessions))
    work: dict[str, tuple[Callable[[], object], int]] = {
        "the obvious loop": (lambda: loop.run(STEPS), STEPS),
        "one session, plain": (one_session(plain), STEPS),
        "one session, stable": (one_session(stable), STEPS),
        "frozen rollout": (lambda: rollout(base, 1.0, z[0, :-1], a[0]), a.shape[1]),
        f"{args.sessions} sessions, stable": (
            lambda: run_on(stable, base, *many),
            args.sessions * STEPS,
        ),
    }
    if args.device != "cpu":
        on_gpu = replace(stable, device=args.device)
        crowd = [np.repeat(v, args.gpu_sessions // args.sessions, axis=0) for v in many]
        work[f"{len(crowd[0])} sessions, stable, {args.device}"] = (
            lambda: run_on(on_gpu, base, *crowd, block=len(crowd[0])),
            len(crowd[0]) * STEPS,
        )
    for run, _ in work.values():
        run()  # warm up
    rates: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(args.rounds):
        for name, (run, steps) in work.items():
            rates[name].append(steps / seconds(run))
    reference = rates["the obvious loop"]
    print("what | session-steps/s, median | ratio to the obvious loop, median of rounds")
    for name, values in rates.items():
        ratio = median(v / r for v, r in zip(values, reference, strict=True))
        print(f"{name:28s} | {median(values):12,.0f} | {ratio:8.2f}")


if __name__ == "__main__":
    main()
