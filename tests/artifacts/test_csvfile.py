"""per_step.csv in all its forms: columns, damage by line number, extremes."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tttui.artifacts.csvparse import parse_clean
from tttui.artifacts.steps_csv import StepsFile

HEADER = "t,baseline_mse,adaptive_mse,did_update,update_ok\n"


def read(tmp_path: Path, text: str | bytes) -> StepsFile:
    path = tmp_path / "per_step.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    file = StepsFile(path)
    file.refresh()
    return file


def reasons(file: StepsFile) -> list[str]:
    return [problem.reason for problem in file.problems()]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.floats() | st.integers(0, 10**9), min_size=3, max_size=3)))
def test_numbers_are_parsed_exactly(rows: list[list[float]]) -> None:
    block = "".join(",".join(repr(v) for v in row) + "\n" for row in rows).encode()
    expected = np.array(rows, dtype=np.float64).reshape(-1, 3)
    parsed = parse_clean(block, 3)
    assert parsed is not None
    assert np.array_equal(parsed, expected, equal_nan=True)


@pytest.mark.parametrize(
    "block", [b"1,2\n3\n", b"1,2\n3,4,5\n", b"1,,2\n", b"1 2,3\n", b"1,0x2\n", b"1_0,2\n", b"a,b\n"]
)
def test_a_block_with_damage_is_not_clean(block: bytes) -> None:
    assert parse_clean(block, 2) is None


def test_carriage_returns_belong_to_the_line_end(tmp_path: Path) -> None:
    file = read(tmp_path, (HEADER + "0,1,2,0,0\n1,3,4,1,1\n").replace("\n", "\r\n"))
    assert file.steps.adaptive.tolist() == [2, 4]
    assert reasons(file) == []


@pytest.mark.parametrize("word", ["nan", "NaN", "inf", "-inf", "Infinity", "-Infinity", "1e999"])
def test_what_is_not_finite_is_shown_as_such(word: str, tmp_path: Path) -> None:
    file = read(tmp_path, HEADER + f"0,{word},1,0,0\n")
    assert np.array_equal(file.steps.frozen, [float(word)], equal_nan=True)
    assert reasons(file) == []


def test_three_curves_are_read(tmp_path: Path) -> None:
    header = "t,base_mse,session_no_update_mse,adaptive_mse,did_update,update_ok\n"
    steps = read(tmp_path, header + "0,1,2,3,0,0\n").steps
    assert (steps.frozen[0], steps.adaptive[0]) == (1, 3)
    assert steps.no_update is not None
    assert steps.no_update[0] == 2


def test_columns_are_found_by_name_in_any_order(tmp_path: Path) -> None:
    header = "extra,update_ok,did_update,adaptive_mse,baseline_mse,t\n"
    steps = read(tmp_path, header + "9,1,1,0.5,0.25,7\n").steps
    assert (steps.t[0], steps.frozen[0], steps.adaptive[0]) == (7, 0.25, 0.5)


def test_an_absent_column_is_named_and_shown_as_nan(tmp_path: Path) -> None:
    file = read(tmp_path, "t,adaptive_mse,did_update,update_ok\n0,1,0,0\n")
    assert np.isnan(file.steps.frozen).all()
    assert reasons(file) == ["has no column baseline_mse or base_mse"]


def test_a_file_without_a_header_is_read_by_its_number_of_columns(tmp_path: Path) -> None:
    file = read(tmp_path, "0,1,2,0,0\n1,1,2,0,0\n")
    assert len(file.steps) == 2
    assert reasons(file)[0].startswith("line 1 is no header")


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    file = read(tmp_path, b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    assert len(file.steps) == 0
    assert "is not a header" in reasons(file)[0]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,2", "has 2 fields instead of 5"),
        ("word", "has 1 field instead of 5"),
        ("1,abc,1,0,0", "has 'abc' for baseline_mse, which is no number"),
        ("1,1,1,2,0", "has 2 for did_update, not 0 or 1"),
        ("1,1,1,0,nan", "has nan for update_ok, not 0 or 1"),
        ("1.5,1,1,0,0", "has 1.5 for t, which is no step"),
        ("-1,1,1,0,0", "has -1 for t, which is no step"),
        ("nan,1,1,0,0", "has nan for t, which is no step"),
    ],
)
def test_a_wrong_line_is_named_and_left_out(line: str, reason: str, tmp_path: Path) -> None:
    file = read(tmp_path, HEADER + f"0,1,1,0,0\n{line}\n2,1,1,0,0\n")
    assert file.steps.t.tolist() == [0, 2]
    assert reasons(file) == [f"line 3 {reason}; the rest is shown"]


def test_blank_lines_are_no_damage_and_are_counted(tmp_path: Path) -> None:
    file = read(tmp_path, HEADER + "0,1,1,0,0\n\n\nx\n1,1,1,0,0\n")
    assert file.steps.t.tolist() == [0, 1]
    assert reasons(file)[0].startswith("line 5 ")


def test_many_wrong_lines_are_one_problem_with_numbers(tmp_path: Path) -> None:
    file = read(tmp_path, HEADER + "x\n" * 7)
    assert reasons(file) == [
        "line 2 has 1 field instead of 5; 6 more lines are wrong (3, 4, 5, 6, ...); "
        "the rest is shown"
    ]


def test_wrong_lines_beyond_the_first_block_have_their_own_numbers(tmp_path: Path) -> None:
    rows = "".join(f"{t},0.1234567,0.7654321,0,0\n" for t in range(10_000))
    file = read(tmp_path, HEADER + rows + "x\n")
    assert reasons(file)[0].startswith("line 10002 ")
    assert len(file.steps) == 10_000


def test_one_damaged_step_number_does_not_hide_the_rows_after_it(tmp_path: Path) -> None:
    file = read(tmp_path, HEADER + "".join(f"{t},1,1,0,0\n" for t in (0, 1, 2000, 3, 4)))
    assert file.steps.t.tolist() == [0, 1, 3, 4]
    assert len(reasons(file)) == 1


def test_a_complete_last_line_without_its_newline_is_shown(tmp_path: Path) -> None:
    assert len(read(tmp_path, HEADER + "0,1,1,0,0\n1,1,1,0,0").steps) == 2


def test_a_half_written_last_line_is_held_back(tmp_path: Path) -> None:
    file = read(tmp_path, HEADER + "0,1,1,0,0\n1,1,1,0,")
    assert len(file.steps) == 1
    assert reasons(file) == []
