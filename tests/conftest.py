"""What every test can use."""

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-grids", action="store_true", help="write the screen grids anew")


@pytest.fixture
def foreign_data() -> Path:
    """Real runs of another program; skipped where they are not at hand."""
    path = REPOSITORY.parent / "shared" / "data"
    if not path.is_dir():
        pytest.skip("the directory ../shared/data is not here")
    return path
