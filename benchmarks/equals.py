"""Of comparisons of equals, how many are said to differ: `python -m benchmarks.equals [N]`.

The engine itself on held-out worlds: both sides of each comparison have the same settings and
other worlds, so that neither is better. About 5 % should be said to differ, whether the losses
lie close together (`stable`) or differ by orders of magnitude (`plain`, which diverges).
"""

import sys
from collections import Counter

import numpy as np

from tttui.lab.evaluation import Contender, evaluate, held_out, paired

WORLDS = 16
"""Of each side of a comparison."""

AT_ONCE = 25
"""Comparisons whose worlds are drawn together."""

SHARED = {"steps": 200, "noise_std": 0.01}


def outcomes(preset: str, by: str, comparisons: int, first: int) -> Counter[str]:
    """How so many comparisons ended, on worlds from the seed `first` on."""
    contender, told = Contender(preset, "pointmass", {"preset": preset}), Counter[str]()
    for k in range(-(-comparisons // AT_ONCE)):
        streams = held_out("pointmass", SHARED, 2 * WORLDS * AT_ONCE, seed=first + k)
        losses = [getattr(one, by) for one in evaluate(contender, streams)]
        for a, b in np.array(losses).reshape(AT_ONCE, 2, WORLDS):
            told[paired(a, b).outcome] += 1
    return told


def main() -> None:
    comparisons = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    rows = [(preset, by) for preset in ("stable", "plain") for by in ("whole", "last")]
    for k, (preset, by) in enumerate(rows):
        told = outcomes(preset, by, comparisons, 1 + 10_000 * k)  # worlds of its own
        n = told.total()
        differ = n - told["no difference"]
        print(f"{preset}, {by}: {differ} of {n} differ ({100 * differ / n:.1f} %)", flush=True)


if __name__ == "__main__":
    main()
