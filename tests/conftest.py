"""What every test can use."""

import gc
import os
import signal
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Before torch is imported: tests that run side by side must not spin while they wait.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

REPOSITORY = Path(__file__).parent.parent


# The same examples in every run; HYPOTHESIS_PROFILE=search looks for new ones. How long one takes
# to be made or tried decides nothing: the machine may be busy.
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("repeatable", settings.get_profile("search"), derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


# Below a `&` of a shell ctrl-C is ignored, below nohup the end of the terminal, and so by all that
# a test starts.
for number, usual in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGHUP, signal.SIG_DFL),
):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-grids", action="store_true", help="write the screen grids anew")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect no garbage among what is imported, which is never any: half of the time went there.

    Nor look at it again later: each look at all of it takes as long as an app of a test.
    """
    gc.disable()
    result = yield
    gc.collect()
    gc.freeze()
    gc.enable()
    return result


@pytest.fixture
def foreign_data() -> Path:
    """Real runs of another program; skipped where they are not at hand."""
    path = REPOSITORY.parent / "shared" / "data"
    if not path.is_dir():
        pytest.skip("the directory ../shared/data is not here")
    return path
