"""The end of per_step.csv."""

from pathlib import Path

import numpy as np
import pytest

from tests.drawnrun import content
from tests.rundirs import make_run, steps_path
from tttui.artifacts.tail import STRETCH, STRETCHES, Tail, read_tail
from tttui.model.session import Layout

HEADER = "t,baseline_mse,adaptive_mse,did_update,update_ok\n"


@pytest.mark.parametrize("layout", ["native", "flat", "store"])
def test_stretches_are_means_of_the_adaptive_error(layout: Layout, tmp_path: Path) -> None:
    path = tmp_path / ("store/sessions/a" if layout == "store" else "a")
    tail = read_tail(steps_path(make_run(path, layout=layout, steps=100)))
    made = content(100).adaptive.astype(np.float64)
    assert tail.steps == 100
    assert tail.recent == pytest.approx(
        [made[i : i + STRETCH].mean() for i in range(0, 100, STRETCH)], rel=1e-5
    )


def test_only_the_newest_stretches_of_a_long_run_are_kept(tmp_path: Path) -> None:
    tail = read_tail(steps_path(make_run(tmp_path / "a", steps=20_000)))
    last = content(20_000).adaptive[-STRETCH:].astype(np.float64)
    assert len(tail.recent) == STRETCHES
    assert tail.recent[-1] == pytest.approx(last.mean(), rel=1e-5)


def test_finished_stretches_stay_as_the_run_goes_on(tmp_path: Path) -> None:
    path = steps_path(make_run(tmp_path / "a", steps=96))
    before = read_tail(path).recent
    with path.open("a") as file:
        file.write("96,1,2,0,0\n97,1,4,0,0\n98,1,")
    tail = read_tail(path)
    assert (tail.steps, tail.recent) == (98, (*before, 3.0))


def test_a_stretch_with_a_value_that_is_not_finite_has_none(tmp_path: Path) -> None:
    path = tmp_path / "per_step.csv"
    path.write_text(HEADER + "31,1,5,0,0\n32,1,nan,0,0\n33,1,1,0,0\n64,1,inf,0,0\n")
    tail = read_tail(path)
    assert (tail.steps, tail.recent) == (65, (5.0, None, None))


def test_a_damaged_line_leaves_the_number_of_steps(tmp_path: Path) -> None:
    path = tmp_path / "per_step.csv"
    path.write_text(HEADER + "0,1,1,0,0\n1,what,1,0,0\n2,1,7,0,0\n")
    assert read_tail(path).steps == 3


@pytest.mark.parametrize("layout", ["native", "flat", "store"])
@pytest.mark.parametrize("steps", [7, 100, 3000])
def test_the_final_errors_are_means_over_the_last_steps(
    layout: Layout, steps: int, tmp_path: Path
) -> None:
    path = tmp_path / ("store/sessions/a" if layout == "store" else "a")
    tail = read_tail(steps_path(make_run(path, layout=layout, steps=steps)))
    made = content(steps)
    expected = [np.mean(errors[-100:]) for errors in (made.frozen, made.adaptive)]
    assert tail.last == pytest.approx(expected, rel=1e-5)


def test_a_damaged_line_leaves_no_final_errors(tmp_path: Path) -> None:
    path = tmp_path / "per_step.csv"
    path.write_text(HEADER + "0,1,1,0,0\n1,what,1,0,0\n2,1,7,0,0\n")
    assert read_tail(path).last is None


@pytest.mark.parametrize("text", ["", HEADER, "t,x\n3,4\n", HEADER + "0,1,", "\n\n", "nan\nnan\n"])
def test_what_has_no_errors_has_no_stretches(text: str, tmp_path: Path) -> None:
    path = tmp_path / "per_step.csv"
    path.write_text(text)
    assert read_tail(path).recent == ()


def test_a_file_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert read_tail(tmp_path / "per_step.csv") == Tail()
