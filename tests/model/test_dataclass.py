"""Our dataclasses are those of the standard library, written later."""

import copy
import dataclasses
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from tttui.model.dataclass import dataclass


def outcome(call: Callable[[], object]) -> object:
    """What comes of it: a value, or the error and what it says."""
    try:
        return call()
    except Exception as error:
        return type(error), str(error)


OPTIONS: list[dict[str, bool]] = [
    {},
    {"slots": True},
    {"frozen": True},
    {"frozen": True, "slots": True},
    {"frozen": True, "slots": True, "eq": False},
]

CALLS: list[Callable[[Any], object]] = [
    lambda c: repr(c(1)),
    lambda c: repr(c(1, "x", [2])),
    lambda c: c(1, "x", [2]) == c(1, "x", [2]),
    lambda c: c(1) == c(1),
    lambda c: c(1) == c(2),
    lambda c: c(1) == (1, "b", [], 0),
    lambda c: c(a=1, b="y").b,
    lambda c: c(1).made is c(1).made,
    lambda c: c(1).after,
    lambda c: c(),
    lambda c: c(1, 2, 3, 4),
    lambda c: c(1, z=4),
    lambda c: hash(c(1, made=())) == hash(c(1, made=())),
    lambda c: hash(c(1)) == 0,
    lambda c: setattr(c(1), "a", 2),
    lambda c: delattr(c(1), "a"),
    lambda c: repr(dataclasses.replace(c(1), b="z")),
    lambda c: dataclasses.asdict(c(1)),
    lambda c: [field.name for field in dataclasses.fields(c)],
    lambda c: copy.deepcopy(c(1, made=[[2]])).made,
    lambda c: c.__match_args__,
    lambda c: c.__doc__,
    lambda c: c.__init__.__qualname__,
]


def thing(made_by: Any, options: dict[str, bool]) -> Any:
    @made_by(**options)
    class Thing:
        """A thing."""

        a: int
        b: str = "b"
        made: Any = dataclasses.field(default_factory=list)
        after: int = dataclasses.field(default=0, init=False, repr=False, compare=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "after", self.a + 1)

    return Thing


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(options) or "plain")
def test_a_class_behaves_as_that_of_the_standard_library(options: dict[str, bool]) -> None:
    theirs, ours = thing(dataclasses.dataclass, options), thing(dataclass, options)
    for number, call in enumerate(CALLS):
        expected = outcome(lambda: call(theirs))  # noqa: B023
        assert (number, outcome(lambda: call(ours))) == (number, expected)  # noqa: B023


@pytest.mark.parametrize("made_by", [dataclasses.dataclass, dataclass])
def test_what_a_class_says_of_itself_stays(made_by: Any) -> None:
    class Named:
        a: int

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 7

        def __repr__(self) -> str:
            return "named"

    cls: Any = made_by(frozen=True)(Named)
    assert (cls(1) == cls(2), hash(cls(1)), repr(cls(1))) == (True, 7, "named")


@dataclass(frozen=True, slots=True)
class Sent:
    a: int
    b: float = 0.5


def test_a_value_is_copied_and_goes_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(Sent(3))) == copy.copy(Sent(3)) == Sent(3, 0.5)


def test_a_class_of_somebody_else_inherits_from_ours_by_the_rules_of_the_standard_library() -> None:
    @dataclasses.dataclass(frozen=True)
    class More(Sent):
        c: int = 2

    assert repr(More(1)).endswith("More(a=1, b=0.5, c=2)")
    with pytest.raises(dataclasses.FrozenInstanceError):
        More(1).a = 2  # type: ignore[misc]
    with pytest.raises(TypeError, match="cannot inherit non-frozen"):
        dataclasses.dataclass(type("Loose", (Sent,), {}))


def test_ours_inherits_too() -> None:
    @dataclass(frozen=True, slots=True)
    class More(Sent):
        c: int = 2

    assert (More(1), More(1).c) == (More(1, 0.5, 2), 2)
    assert More(1) != Sent(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        More(1).c = 3  # type: ignore[misc]


def test_the_first_value_and_the_later_ones_are_alike() -> None:
    @dataclass
    class Counted:
        n: int = 3

        def __post_init__(self) -> None:
            self.n += 1

    assert [Counted(), Counted(1), Counted()] == [Counted(3), Counted(n=1), Counted(3)]
    assert Counted().n == 4
