"""What each ingredient of the stable preset is worth: the same sessions without it.

python -m benchmarks.leave_one_out [--sessions N] [--decays spread] [--cells 1,4]
"""

import argparse
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from benchmarks.cells import CELLS, Cell, final, run_cell, settings_of
from benchmarks.evidence import median, outcomes
from tttui.model.pointmass.settings import PRESETS

WITHOUT: dict[str, dict[str, Any]] = {
    "all of them": {},
    "replay from h = 0": {"stored_state": False},
    "no whitening": {"whiten": False},
    "no line search": {"line_search": False},
    "no line search, lr 0.001": {"line_search": False, "lr": 1e-3},
    "4 inner steps": {"inner_steps": 4},
    "8 inner steps": {"inner_steps": 8},
    "1 inner step": {"inner_steps": 1},
    "momentum 0.95": {"momentum": 0.95},
    "momentum 0.95, carried over": {"momentum": 0.95, "momentum_reset": False},
    "buffer of 128": {"buffer_len": 128},
    "buffer of 32": {"buffer_len": 32},
    "no anchor": {"anchor": 0.0},
    "no forgetting": {"forget": 0.0},
    "gate on the raw norm": {"gate_norm": "raw"},
    "no probation": {"probation": 0.0},
    "ridge of 1e-5": {"whiten_eps": 1e-5},
    "the preset plain": {},
}
"""What is left out, and the settings that do so."""


def row(name: str, changes: dict[str, Any], decay_init: str, cell: Cell, sessions: int) -> None:
    """One ingredient left out in one cell."""
    settings = settings_of(cell, decay_init).updated(changes).validate()
    if name == "the preset plain":
        settings = replace(settings, plasticity=PRESETS["plain"])
    runs = run_cell(settings, cell, sessions)
    frozen, adaptive = final(runs.frozen), final(runs.adaptive)
    gain = 1.0 - adaptive / frozen
    print(
        f"{decay_init:6s} | {cell!s:28s} | {name:28s} | {median(gain):9.1%} "
        f"({np.quantile(gain, 0.1):9.1%}) | {np.mean(adaptive < frozen):6.1%} | "
        f"{median(adaptive):.2e} | {median(runs.adaptive.mean(axis=1)):.2e} | {outcomes(runs)}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=128)
    parser.add_argument("--cells", default="1,4")
    parser.add_argument("--decays", default="spread,equal")
    args = parser.parse_args()
    torch.set_num_threads(1)
    print(
        "decays | mode, noise_std, mu | without | median improvement (worst tenth) | runs won | "
        "adaptive | whole run | transactions"
    )
    for decay_init in args.decays.split(","):
        for i in args.cells.split(","):
            for name, changes in WITHOUT.items():
                row(name, changes, decay_init, CELLS[int(i)], args.sessions)


if __name__ == "__main__":
    main()
