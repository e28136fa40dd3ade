"""Names in few cells."""

from hypothesis import given
from hypothesis import strategies as st

from tttui.draw.names import shortened


def test_names_that_fit_are_left_alone() -> None:
    assert shortened(("demo", "other"), 5) == ("demo", "other")


def test_the_middle_goes_first() -> None:
    assert shortened(("never-updated-in-linear",), 11) == ("never…inear",)


def test_names_that_differ_at_their_ends_keep_these() -> None:
    long = ("sweep-of-the-learning-rate-1", "sweep-of-the-learning-rate-2")
    assert shortened(long, 9) == ("swee…te-1", "swee…te-2")


def test_names_that_differ_in_the_middle_are_told_apart_where_the_room_allows() -> None:
    long = ("seed-1-of-the-long-sweep", "seed-2-of-the-long-sweep")
    result = shortened(long, 10)
    assert len(set(result)) == 2


@given(st.lists(st.text("ab-", min_size=1), min_size=1, max_size=5), st.integers(1, 12))
def test_no_name_is_wider_than_its_room(names: list[str], width: int) -> None:
    result = shortened(names, width)
    assert all(len(name) <= width for name in result)
    assert [short for name, short in zip(names, result, strict=True) if len(name) <= width] == [
        name for name in names if len(name) <= width
    ]
