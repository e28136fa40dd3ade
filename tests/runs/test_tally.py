"""Running sums from which metrics.json is made."""

import numpy as np

from tttui.runs.tally import Tally


def commit(t: int, mu: float) -> dict[str, object]:
    return {"t": t, "status": "commit", "implied_mu": mu}


def test_the_sums_do_not_depend_on_the_cuts() -> None:
    rng = np.random.default_rng(0)
    baseline, adaptive = rng.random((2, 500), dtype=np.float32)
    whole, parts = Tally(), Tally()
    whole.add_rows(baseline, adaptive)
    for cut in np.split(np.arange(500), [3, 64, 65, 300]):
        parts.add_rows(baseline[cut], adaptive[cut])
        reloaded = Tally()
        reloaded.load(parts.state())
        parts = reloaded
    assert parts.metrics() == whole.metrics()


def test_the_implied_mu_is_that_of_the_weights_in_force() -> None:
    tally = Tally()
    tally.add_event(commit(32, 0.1))
    tally.add_event(commit(64, 0.2))
    assert tally.implied == 0.2
    tally.add_event({"t": 96, "status": "rollback_live_regression", "to_t": 32})
    assert tally.implied == 0.1
    tally.add_event({"t": 128, "status": "rollback_live_regression", "to_t": 0})
    assert tally.implied is None
    assert (tally.attempted, tally.committed) == (4, 2)


def test_without_a_step_there_are_no_metrics() -> None:
    assert set(Tally().metrics()) == {"notes"}


def test_an_error_that_is_not_finite_is_not_hidden() -> None:
    tally = Tally()
    tally.add_rows(np.ones(30, np.float32), np.full(30, np.nan, np.float32))
    assert np.isnan(tally.metrics()["adaptive_mse_mean"])
