"""A document and its losses are read as they are there, and what is wrong is told by name."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.textruns import drawn_losses, make_text_run, write_scores
from tttui.artifacts.documentfile import DocumentFiles
from tttui.artifacts.reader import SessionReader
from tttui.model.document import Document, Reading
from tttui.model.schema import Schema, TaskIdentity
from tttui.model.session import Meta, Place

CONTENT = b"one line\nand another, which is longer\n" * 20


def read(path: Path) -> Reading:
    return DocumentFiles(path).refresh(SessionReader(Place(path, "native")).refresh().meta)


def document_of(path: Path) -> Document:
    document = read(path).document
    assert document is not None
    return document


def meta_of(**settings: Any) -> Meta:
    return Meta(schema=Schema(TaskIdentity("text", "1", settings)))


def test_bytes_and_losses_are_those_of_the_files(tmp_path: Path) -> None:
    make_text_run(tmp_path / "run", CONTENT)
    document = document_of(tmp_path / "run")
    assert (document.size, document.scored) == (len(CONTENT), len(CONTENT))
    assert document.source.read(5, 30) == CONTENT[5:30]
    np.testing.assert_array_equal(document.source.losses(5, 30), drawn_losses(CONTENT)[5:30])
    assert read(tmp_path / "run").problems == ()


def test_what_was_not_scored_yet_is_no_number(tmp_path: Path) -> None:
    make_text_run(tmp_path / "run", CONTENT, scored=128)
    document = document_of(tmp_path / "run")
    assert document.scored == 128
    assert np.isnan(document.source.losses(100, 200)).all(axis=1).sum() == 72


def test_losses_that_are_appended_are_found(tmp_path: Path) -> None:
    place = make_text_run(tmp_path / "run", CONTENT, scored=128)
    files, meta = DocumentFiles(place.path), SessionReader(place).refresh().meta
    first = files.refresh(meta)
    assert files.refresh(meta) is first
    write_scores(place.path, drawn_losses(CONTENT), range(2, 4), 64)
    second = files.refresh(meta)
    assert second.document is not None
    assert second.document.scored == 256


def test_a_document_that_is_cut_off_is_told_and_shown_as_far_as_it_goes(tmp_path: Path) -> None:
    make_text_run(tmp_path / "run", CONTENT)
    (tmp_path / "run" / "document.bin").write_bytes(CONTENT[:100])
    result = read(tmp_path / "run")
    assert result.document is not None
    assert result.document.source.read(50, 500) == CONTENT[50:100]
    assert result.problems[0] == f"document.bin: has 100 of the {len(CONTENT)} bytes that were read"


def test_a_file_that_shrinks_while_it_is_looked_at_gives_what_is_left(tmp_path: Path) -> None:
    make_text_run(tmp_path / "run", CONTENT)
    document = document_of(tmp_path / "run")
    for name in ("document.bin", "tokens.f16"):
        with (tmp_path / "run" / name).open("r+b") as file:
            file.truncate(40)
    assert document.source.read(0, 100) == CONTENT[:40]
    assert np.isfinite(document.source.losses(0, 100)).all(axis=1).sum() == 10


@pytest.mark.parametrize("name", ["document.bin", "tokens.f16"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    make_text_run(tmp_path / "run", CONTENT)
    (tmp_path / "run" / name).unlink()
    result = read(tmp_path / "run")
    assert result.problems == (f"{name}: is missing",)
    assert (result.document is None) == (name == "document.bin")


@pytest.mark.parametrize("name", ["document.bin", "tokens.f16"])
def test_a_link_that_leads_out_is_not_followed(tmp_path: Path, name: str) -> None:
    make_text_run(tmp_path / "run", CONTENT)
    (tmp_path / "secret").write_bytes(b"secret" * 1000)
    (tmp_path / "run" / name).unlink()
    (tmp_path / "run" / name).symlink_to(tmp_path / "secret")
    result = read(tmp_path / "run")
    assert name in result.problems[0]
    assert "link that leads out" in result.problems[0]
    if result.document is not None:
        assert np.isnan(result.document.source.losses(0, 10)).all()


def test_an_empty_document_is_told(tmp_path: Path) -> None:
    make_text_run(tmp_path / "run", CONTENT)
    (tmp_path / "run" / "document.bin").write_bytes(b"")
    assert "document.bin: is empty" in read(tmp_path / "run").problems


def test_a_document_larger_than_any_run_reads_is_refused(tmp_path: Path) -> None:
    make_text_run(tmp_path / "run", CONTENT)
    with (tmp_path / "run" / "document.bin").open("r+b") as file:
        file.truncate(64_000_001)
    result = read(tmp_path / "run")
    assert result.document is None
    assert "64000000 are not read" in result.problems[0]


def test_losses_of_more_bytes_than_there_are_are_told(tmp_path: Path) -> None:
    make_text_run(tmp_path / "run", CONTENT)
    with (tmp_path / "run" / "tokens.f16").open("ab") as file:
        file.write(bytes(40))
    result = read(tmp_path / "run")
    assert result.problems == (
        f"tokens.f16: has losses of {len(CONTENT) + 10} bytes, the document has {len(CONTENT)}",
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"chunk": 0, "context": 128}, "task.settings.chunk is no number from 1 to 255"),
        ({"chunk": "64", "context": 128}, "task.settings.chunk"),
        ({"chunk": True, "context": 128}, "task.settings.chunk"),
        ({"chunk": 64, "context": 10**9}, "task.settings.context is no number from 2 to 256"),
        ({"chunk": 64, "context": 64}, "the context of 64 is not above the chunk of 64"),
        ({}, "task.settings.chunk"),
    ],
)
def test_settings_that_cannot_be_are_told(
    tmp_path: Path, settings: dict[str, Any], said: str
) -> None:
    make_text_run(tmp_path / "run", CONTENT)
    result = DocumentFiles(tmp_path / "run").refresh(meta_of(**settings))
    assert result.document is None
    assert said in result.problems[0]


TOKENS = "na\u00efve words, na\u00efve words".encode()
BEGINS = (0, 2, 3, 6, 12, 12, 13, 19)
"""The second of them is half of a character; those at 12 share one, and have one place."""


def test_a_token_is_scored_where_it_begins(tmp_path: Path) -> None:
    make_text_run(tmp_path / "run", TOKENS, chunk=3, tokens=BEGINS)
    document = read(tmp_path / "run").document
    assert document is not None
    assert (document.item, document.unit, document.count) == ("token", "nats", len(BEGINS))
    assert [document.window(t) for t in range(3)] == [(0, 6), (6, 13), (13, len(TOKENS))]
    assert [document.step_of(byte) for byte in (0, 5, 6, 12, 13)] == [0, 0, 1, 1, 2]
    assert document.span(4) == (3, 6)
    recorded = np.fromfile(tmp_path / "run" / "tokens.f16", "<f2").reshape(-1, 2).astype(float)
    result = document.source.losses(0, len(TOKENS))
    assert np.flatnonzero(np.isfinite(result[:, 0])).tolist() == sorted(set(BEGINS))
    assert result[3].tolist() == recorded[2].tolist()
    assert result[12].tolist() == (recorded[4] + recorded[5]).tolist()
    part = document.source.losses(4, 13)
    np.testing.assert_array_equal(part, result[4:13])


@pytest.mark.parametrize(
    ("begins", "said"),
    [
        ([0, 5, 99], "does not belong to document.bin"),
        ([1, 5, len(TOKENS)], "does not belong to document.bin"),
        ([0, 9, 5, len(TOKENS)], "does not ascend"),
        ([], "does not belong to document.bin"),
        (None, "is missing; without it nothing tells where the tokens are"),
    ],
)
def test_places_of_tokens_that_are_none_are_named(
    tmp_path: Path, begins: list[int] | None, said: str
) -> None:
    make_text_run(tmp_path / "run", TOKENS, chunk=3, tokens=BEGINS)
    path = tmp_path / "run" / "tokens.offsets"
    path.unlink() if begins is None else np.array(begins, "<u4").tofile(path)
    result = read(tmp_path / "run")
    assert result.document is None
    assert f"tokens.offsets: {said}" in result.problems
