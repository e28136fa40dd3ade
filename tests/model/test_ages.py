"""Times in words."""

import pytest

from tttui.model.ages import age_text, ago_text, duration_text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-3, "0 s"), (42, "42 s"), (180, "3 min"), (7200, "2 h"), (864000, "10 days")],
)
def test_a_duration_is_said_in_one_unit(seconds: float, words: str) -> None:
    assert duration_text(seconds) == words


def test_an_unknown_creation_time_has_no_age() -> None:
    assert age_text(None) == ""


def test_a_creation_time_ahead_of_the_clock_is_not_an_age() -> None:
    assert age_text(2000.0, now=1000.0) == "in the future"
    assert ago_text(2000.0, now=1000.0) == "in the future"


def test_how_long_ago_something_was_is_said_where_it_is_known() -> None:
    assert ago_text(1000.0, now=1180.0) == "3 min ago"
    assert ago_text(None) == ""
