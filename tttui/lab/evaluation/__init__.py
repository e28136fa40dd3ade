"""Evaluation on held-out streams: how contenders do on the same streams, and what that proves.

    streams = held_out("pointmass", {"noise_std": 0.01}, count=32, seed=0)
    a = evaluate(Contender("chunk 16", "pointmass", {"chunk": 16}), streams)
    b = evaluate(Contender("chunk 32", "pointmass", {"chunk": 32}), streams)
    compared = paired([one.whole for one in a], [one.whole for one in b])
    compared.verdict("chunk 16", "chunk 32")

`contender` says what is evaluated and what came of it, `streams` on what, `statistics` what that
says. Nothing here imports torch before something of a task that needs it is computed.
"""

from tttui.lab.evaluation.contender import Contender, StreamOutcome, evaluate
from tttui.lab.evaluation.statistics import Interval, PairedComparison, interval, paired
from tttui.lab.evaluation.streams import HELD_OUT, HeldOutStream, held_out

__all__ = [
    "HELD_OUT",
    "Contender",
    "HeldOutStream",
    "Interval",
    "PairedComparison",
    "StreamOutcome",
    "evaluate",
    "held_out",
    "interval",
    "paired",
]
