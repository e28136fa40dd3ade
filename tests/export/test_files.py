"""Where exports go, and what is said when they cannot."""

import errno
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.export.data import request_for
from tttui.artifacts import atomic
from tttui.export.files import default_directory, export, owner, write
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.session import Place


def test_names_are_free_ones(tmp_path: Path) -> None:
    request = request_for(tmp_path, "reasons")
    names = [export(request, "csv", tmp_path / "out").name for _ in range(3)]
    assert names == ["demo-reasons.csv", "demo-reasons-2.csv", "demo-reasons-3.csv"]


def test_the_name_tells_the_step_or_the_window(tmp_path: Path) -> None:
    weights = export(request_for(tmp_path, "weights", t=64), "csv", tmp_path / "out")
    errors = export(request_for(tmp_path / "b", "mse", window=(5, 9)), "csv", tmp_path / "out")
    assert (weights.name, errors.name) == ("demo-weights-t64.csv", "demo-mse-5-9.csv")


def test_a_file_that_is_named_gets_exactly_that_name(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "figure.pdf"
    assert export(request_for(tmp_path, "mse"), "pdf", target) == target
    assert target.read_bytes().startswith(b"%PDF")


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedInput, match="png, svg, pdf, csv"):
        export(request_for(tmp_path, "mse"), "gif", tmp_path)


def test_exports_go_beside_the_runs(tmp_path: Path) -> None:
    places = [Place(tmp_path / "runs" / "a", "native")]
    assert default_directory(places, tmp_path, tmp_path / "home") == tmp_path / "exports"


def test_exports_never_go_into_a_session(tmp_path: Path) -> None:
    places = [Place(tmp_path / "a", "flat")]
    home = tmp_path / "home"
    assert default_directory(places, tmp_path / "a", home) == home / "tttui-exports"


def test_all_of_a_foreign_store_belongs_to_its_owner(tmp_path: Path) -> None:
    place = Place(tmp_path / "store" / "sessions" / "a", "store")
    assert owner(tmp_path / "store" / "figure.png", [place]) == tmp_path / "store"
    assert owner(tmp_path / "figure.png", [place]) is None


@pytest.mark.parametrize(
    ("code", "words"), [(errno.ENOSPC, "disk is full"), (errno.EACCES, "may not be written")]
)
def test_a_failed_write_names_the_file_and_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, words: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(atomic, "write_all", fail)
    with pytest.raises(TttuiError, match=words) as caught:
        write(b"x", tmp_path, "a.csv")
    assert str(tmp_path / "a.csv") in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_directory_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "exports").write_text("")
    with pytest.raises(TttuiError, match="is no directory"):
        write(b"x", tmp_path / "exports" / "a.csv", "a.csv")


def test_the_table_of_sessions_has_no_figure(tmp_path: Path) -> None:
    request = request_for(tmp_path, "sessions")
    assert export(request, "csv", tmp_path / "out").name == "sessions.csv"
    with pytest.raises(RefusedInput, match="choose csv"):
        export(request, "png", tmp_path / "out")


def test_any_name_of_a_session_becomes_part_of_a_file_name(tmp_path: Path) -> None:
    request = request_for(tmp_path / "data", "mse")
    for name in ("x" * 255, "-rf $(a)\x1b\n", "\udcff" * 255, "名" * 85):
        place = replace(request.data.place, path=Path(name))
        path = export(replace(request, data=replace(request.data, place=place)), "csv", tmp_path)
        assert path.parent == tmp_path
        assert re.fullmatch(r"[\w.][\w.-]*-mse\.csv", path.name)
