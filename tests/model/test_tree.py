"""Which session is whose parent, and in what order the forest is shown."""

from pathlib import Path

from tttui.model.session import Layout, Meta, Place, SessionSummary
from tttui.model.tree import forest, parents_of


def session(
    path: str,
    parent: str | None = None,
    created: float = 0.0,
    layout: Layout = "native",
    session_id: str | None = None,
    parent_path: str | None = None,
) -> SessionSummary:
    place = Place(Path(path), layout)
    raw = {} if parent_path is None else {"parent_path": parent_path}
    meta = Meta(
        session_id=session_id or place.name,
        parent_session_id=parent,
        created_at=created,
        raw=raw,
    )
    return SessionSummary(place, meta=meta)


def test_children_follow_their_parent_and_siblings_their_age() -> None:
    results = [
        session("/r/late", "root", created=3.0),
        session("/r/early", "root", created=2.0),
        session("/r/grandchild", "early", created=9.0),
        session("/r/root", created=1.0),
    ]
    shown = [(results[b.index].place.name, b.trunk) for b in forest(results)]
    assert shown == [
        ("root", ()),
        ("early", (True,)),
        ("grandchild", (True, False)),
        ("late", (False,)),
    ]


def test_the_parent_is_the_one_below_the_same_root() -> None:
    results = [
        session("/a/sessions/base"),
        session("/b/sessions/base"),
        session("/b/sessions/fork", "base"),
    ]
    assert parents_of(results) == [None, None, 1]


def test_a_recorded_path_is_worth_more_than_an_id() -> None:
    results = [
        session("/elsewhere/base"),
        session("/r/base"),
        session("/r/fork", "base", parent_path="/elsewhere/base"),
    ]
    assert parents_of(results)[2] == 0


def test_a_flat_session_is_known_by_its_directory_not_by_its_id() -> None:
    results = [
        session("/r/linear", layout="flat", session_id="session_001"),
        session("/r/one", "session_001"),
        session("/r/two", "linear"),
    ]
    assert parents_of(results) == [None, None, 0]


def test_a_parent_that_is_not_there_makes_a_root() -> None:
    assert parents_of([session("/r/orphan", "gone")]) == [None]


def test_parents_in_a_circle_are_all_shown_once() -> None:
    results = [
        session("/r/a", "b"),
        session("/r/b", "c"),
        session("/r/c", "a"),
        session("/r/d", "d"),
    ]
    assert sorted(b.index for b in forest(results)) == [0, 1, 2, 3]


def test_a_chain_of_thousands_of_forks_is_shown() -> None:
    results = [session(f"/r/{i}", str(i - 1) if i else None) for i in range(5000)]
    assert forest(results)[-1].depth == 4999
