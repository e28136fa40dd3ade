"""Does the adaptive model beat the frozen one, by how much, and how far is it from the possible?

python -m benchmarks.evidence [--sessions N] [--cells 0,1,...] [--decays spread,equal]

Held-out seeds; 600 steps unless said otherwise; errors are medians over the sessions of the mean
squared error, of the last 100 steps unless said otherwise.
"""

import argparse
from dataclasses import replace

import numpy as np
import torch

from benchmarks.cells import CELLS, HELD_OUT, Cell, base_of, final, run_cell, settings_of
from tttui.model.arrays import Floats, Weights
from tttui.model.transactions import STATUSES
from tttui.tasks.pointmass.engine.many import ManyRuns, run_many, worlds
from tttui.tasks.pointmass.identify import implied_mu, transfer_matrix
from tttui.tasks.pointmass.yardsticks import estimated, least_squares, oracle

UNSEEN = 32
"""Steps before the first transaction; the comparison with least squares starts after them."""


def median(values: Floats) -> float:
    """The median over sessions."""
    return float(np.median(values))


def comparison(decay_init: str, cell: Cell, sessions: int) -> None:
    """One cell: frozen against adaptive, the worst tenth, the whole run, the yardsticks."""
    settings = settings_of(cell, decay_init)
    runs = run_cell(settings, cell, sessions)
    frozen, adaptive = final(runs.frozen), final(runs.adaptive)
    least = least_squares(runs.z, runs.a)
    forgetful = least_squares(runs.z, runs.a, 0.98)
    physics = oracle(runs.z, runs.a, runs.mu, settings.world)
    fitted = estimated(runs.z, runs.a, settings.world)
    gain = 1.0 - adaptive / frozen
    later = runs.adaptive[:, UNSEEN:].mean(axis=1)
    ratio = final(runs.adaptive) / final(least)
    later_ratio = later / least[:, UNSEEN:].mean(axis=1)
    print(
        f"{decay_init:6s} | {cell!s:28s} | {median(frozen):.2e} -> {median(adaptive):.2e} "
        f"({median(gain):6.1%}) | {np.quantile(adaptive, 0.9):.2e} ({np.quantile(gain, 0.1):6.1%})"
        f" | {np.mean(adaptive < frozen):6.1%} | {median(runs.adaptive.mean(axis=1)):.2e} "
        f"{median(least.mean(axis=1)):.2e} | {median(ratio):6.2f} {median(later_ratio):6.2f} | "
        f"{median(final(least)):.2e} {median(final(forgetful)):.2e} {median(final(fitted)):.2e} "
        f"{median(final(physics)):.2e} | {outcomes(runs)}",
        flush=True,
    )


def outcomes(runs: ManyRuns) -> str:
    """How the transactions ended."""
    share = np.bincount(runs.status.ravel(), minlength=len(STATUSES)) / max(1, runs.status.size)
    return ", ".join(f"{name} {s:.1%}" for name, s in zip(STATUSES, share, strict=True) if s)


def drift(sessions: int, steps: int = 20_000) -> None:
    """Whether a long run stays where it got: its error over time."""
    for cell in (CELLS[0], CELLS[1], CELLS[4]):
        runs = run_cell(settings_of(cell, "spread", steps), cell, sessions)
        windows = [slice(500, 1000), slice(steps // 2 - 1000, steps // 2), slice(-1000, None)]
        levels = [runs.adaptive[:, w].mean(axis=1) for w in windows]
        worst = float(np.max(levels[-1] / runs.frozen[:, -1000:].mean(axis=1)))
        print(
            f"drift  | {cell!s:28s} | steps 500 to 1000 {median(levels[0]):.2e}, "
            f"middle {median(levels[1]):.2e}, last 1000 {median(levels[2]):.2e}, frozen there "
            f"{median(runs.frozen[:, -1000:].mean(axis=1)):.2e}; worst session's last 1000 "
            f"{worst:.1%} of its frozen model's | {outcomes(runs)}",
            flush=True,
        )


def switch(sessions: int) -> None:
    """How many chunks a change of mu from 0.05 to 0.3 takes to be re-learned."""
    for env_mode in ("linear", "nonlinear"):
        cell = Cell(env_mode, 0.01, (0.05, 0.05))
        settings = replace(settings_of(cell, "spread", 1600), mu_schedule=((640, 0.3),))
        runs = run_cell(settings, cell, sessions)
        chunk = settings.plasticity.chunk
        errors = runs.adaptive[:, 640:].reshape(sessions, -1, chunk).mean(axis=2)
        settled = np.median(errors[:, -10:], axis=1)
        learned = np.argmax(errors <= 2.0 * settled[:, None], axis=1)
        print(
            f"switch | {env_mode}, 0.01, 0.05 to 0.3 | chunks until within 2 x of the final error: "
            f"median {median(learned):g}, worst tenth {np.quantile(learned, 0.9):g}, worst "
            f"{learned.max()}; median error by chunk: "
            + " ".join(f"{e:.1e}" for e in np.median(errors, axis=0)[:8]),
            flush=True,
        )


def adapted(env_mode: str, mus: list[float], steps: int, seed: int) -> list[Weights]:
    """Weights (with a_raw) after so many noise-free steps; the last transaction included."""
    cell = Cell(env_mode, 0.0, (0.0, 1.0))
    # The transaction at a chunk's end runs before the next step is predicted.
    settings = settings_of(cell, "spread", steps + 1)
    base = base_of(settings)
    runs = run_many(settings, base, range(seed, seed + len(mus)), mus)
    return [
        {**{k: w[i] for k, w in runs.weights.items()}, "a_raw": base["a_raw"]}
        for i in range(len(mus))
    ]


def identification(sessions: int) -> None:
    """Mean absolute error of the implied friction after 64 and 128 steps."""
    for env_mode in ("linear", "nonlinear"):
        law = settings_of(Cell(env_mode, 0.0, (0.0, 1.0)), "spread").world
        mus = list(np.random.default_rng(HELD_OUT).uniform(0.02, 0.25, sessions))
        for steps in (64, 128):
            weights = adapted(env_mode, mus, steps, HELD_OUT)
            errors = np.abs([implied_mu(w, law) - mu for w, mu in zip(weights, mus, strict=True)])
            print(
                f"mu     | {env_mode}, 0, 0.02 to 0.25 | after {steps} steps: mean absolute error "
                f"{errors.mean():.2e}, median {np.median(errors):.2e}, "
                f"worst tenth {np.quantile(errors, 0.9):.2e}",
                flush=True,
            )


def transfer() -> None:
    """Whether weights adapted in one world are best in that world."""
    mus = list(np.linspace(0.03, 0.37, 8))
    for env_mode in ("linear", "nonlinear"):
        settings = settings_of(Cell(env_mode, 0.0, (0.0, 1.0)), "spread", 300)
        weights = adapted(env_mode, mus, 320, HELD_OUT)
        z, a, _ = worlds(settings, range(HELD_OUT + 100, HELD_OUT + 108), mus)
        matrix = transfer_matrix(weights, list(zip(z, a, strict=True)), settings.world.dt)
        won = int((np.argmin(matrix, axis=0) == np.arange(len(mus))).sum())
        off = np.median(matrix[~np.eye(len(mus), dtype=bool)])
        print(
            f"transfer | {env_mode} | the diagonal wins {won} of {len(mus)} worlds; median error "
            f"on it {np.median(np.diag(matrix)):.2e}, off it {off:.2e}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=128)
    parser.add_argument("--cells", default=",".join(str(i) for i in range(len(CELLS))))
    parser.add_argument("--decays", default="equal,spread")
    parser.add_argument("--only-cells", action="store_true", help="no drift, switch, mu, transfer")
    args = parser.parse_args()
    torch.set_num_threads(1)
    print(
        "decays | mode, noise_std, mu | frozen -> adaptive | adaptive, worst tenth | runs won | "
        "whole run: adaptive, RLS | adaptive / RLS: last 100, from step 32 | last 100: RLS, "
        "RLS 0.98, estimated physics, true physics | transactions"
    )
    for decay_init in args.decays.split(","):
        for i in args.cells.split(","):
            comparison(decay_init, CELLS[int(i)], args.sessions)
    if not args.only_cells:
        identification(args.sessions)
        transfer()
        switch(args.sessions)
        drift(min(args.sessions, 32))


if __name__ == "__main__":
    main()
