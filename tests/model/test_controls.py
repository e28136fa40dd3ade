"""What controls come to beside a session's own two losses, on the same steps."""

import numpy as np

from tttui.model.controls import controls_of, with_controls
from tttui.model.steps import SeriesTable, Steps
from tttui.model.verdict import Verdict

FROZEN = np.array([4.0, 3.0, 2.0, 5.0, np.nan])
ADAPTIVE = np.array([4.0, 2.0, 1.0, 1.0, 9.0])


def steps() -> Steps:
    flags = np.zeros(5, dtype=bool)
    return Steps(np.arange(5), FROZEN, ADAPTIVE, flags, flags)


def table(**columns: list[float]) -> SeriesTable:
    results = {name.replace("_", " "): np.array(values) for name, values in columns.items()}
    named = {name if name == "entropy" else f"control:{name}": y for name, y in results.items()}
    return SeriesTable(np.arange(5), named, {name: ~np.isnan(y) for name, y in named.items()})


NONE = float("nan")


def test_a_control_is_compared_at_its_own_steps() -> None:
    result = controls_of(steps(), table(wide=[3.0, NONE, 1.0, NONE, NONE], entropy=[1.0] * 5))
    assert [(c.name, c.loss, c.frozen, c.adaptive, c.count) for c in result] == [
        ("wide", 2.0, 3.0, 2.5, 2)
    ]


def test_a_value_for_all_so_far_is_compared_over_all_so_far() -> None:
    result = controls_of(steps(), table(zlib_so_far=[NONE, 9.0, NONE, 2.5, NONE]))
    assert [(c.name, c.loss, c.frozen, c.adaptive, c.last) for c in result] == [
        ("zlib", 2.5, 3.5, 2.0, 3)
    ]
    assert result[0].where == "over all steps up to 3"


def test_what_rests_on_the_same_steps_is_said_together() -> None:
    both = table(zlib_so_far=[NONE, 3.0, NONE, NONE, NONE], lzma_so_far=[NONE, 2.5] + 3 * [NONE])
    said = with_controls(Verdict.plain("Better.", "better"), controls_of(steps(), both)).sentence
    both_models = "frozen 3.50, adaptive 3.00"
    assert said == f"Better. Over all steps up to 1: {both_models}, zlib 3.00, lzma 2.50."


def test_without_controls_the_verdict_is_what_it_was() -> None:
    judged = Verdict.plain("Better.", "better")
    assert with_controls(judged, controls_of(steps(), None)) is judged
