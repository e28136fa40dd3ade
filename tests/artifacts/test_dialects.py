"""per_step.csv as other tools write it: the same numbers, wherever they are read."""

import csv
import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.rundirs import make_run
from tttui.artifacts import growing
from tttui.artifacts.reader import SessionReader
from tttui.artifacts.steps_csv import StepsFile
from tttui.artifacts.summary import read_summary
from tttui.artifacts.tail import read_tail
from tttui.model.session import Place

NAMES = ["t", "baseline_mse", "adaptive_mse", "did_update", "update_ok"]

Rows = list[list[str]]
Dialect = Callable[[Rows], str]


def joined(rows: Rows, separator: str = ",", end: str = "\n") -> str:
    return "".join(separator.join(row) + end for row in rows)


def reordered(rows: Rows) -> str:
    return joined([[row[i] for i in (3, 2, 0, 4, 1)] for row in rows])


def with_columns(*values: str) -> Dialect:
    """Further columns, at the end and in front."""

    def write(rows: Rows) -> str:
        first = ["wall_time", *rows[0], *(f"extra{i}" for i in range(len(values)))]
        return joined([first, *(["12:30:01", *row, *values] for row in rows[1:])])

    return write


def words(yes: str, no: str) -> Dialect:
    def write(rows: Rows) -> str:
        flags = {"1": yes, "0": no}
        return joined([rows[0], *([*row[:3], *(flags[v] for v in row[3:])] for row in rows[1:])])

    return write


def quoted(rows: Rows) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)
    return out.getvalue()


def of_pandas(rows: Rows) -> str:
    """`to_csv` with its index."""
    return joined([["", *rows[0]], *([str(i), *row] for i, row in enumerate(rows[1:]))])


def of_r(rows: Rows) -> str:
    """`write.table(sep = ",")`: the names of the rows have no name themselves."""
    header = ",".join(f'"{name}"' for name in rows[0])
    return "\n".join([header, *(f'"{i}",' + ",".join(row) for i, row in enumerate(rows[1:], 1))])


def of_r_in_german(rows: Rows) -> str:
    """`write.csv2`: semicolons, decimal commas, names of rows."""
    header = '"";' + ";".join(f'"{name}"' for name in rows[0])
    body = (f'"{i}";' + ";".join(row).replace(".", ",") for i, row in enumerate(rows[1:], 1))
    return "\n".join([header, *body]) + "\n"


def of_numpy(rows: Rows) -> str:
    """`savetxt(delimiter=",", header=...)`."""
    body = (",".join(f"{float(v):.18e}" for v in row) for row in rows[1:])
    return "\n".join(["# " + ",".join(rows[0]), *body]) + "\n"


DIALECTS: dict[str, Dialect] = {
    "plain": joined,
    "another order": reordered,
    "columns of numbers": with_columns("0.5", "3"),
    "columns of texts": with_columns("warm up, slowly".replace(",", ";"), "", "nan", "True"),
    "quoted texts with commas": with_columns('"a, b"', '"say ""hi"""'),
    "CRLF": lambda rows: joined(rows, end="\r\n"),
    "CRCRLF": lambda rows: joined(rows, end="\r\r\n"),
    "byte order mark": lambda rows: "\ufeff" + joined(rows),
    "separators at the end": lambda rows: joined(rows, end=",\n"),
    "separators at the end of rows": lambda rows: joined(rows[:1]) + joined(rows[1:], end=",,\n"),
    "quotes": quoted,
    "True and False": words("True", "False"),
    "TRUE and FALSE": words("TRUE", "FALSE"),
    "1.0 and 0.0": words("1.0", "0.0"),
    "spaces": lambda rows: joined(rows, " , "),
    "spaces after commas": lambda rows: joined(rows, ", "),
    "semicolons": lambda rows: joined(rows, ";"),
    "tabs": lambda rows: joined(rows, "\t"),
    "comments": lambda rows: (
        "# made by x, at t 5\n#\n\n" + joined(rows[:50]) + "# half\n" + joined(rows[50:])
    ),
    "blank lines": lambda rows: joined(rows, end="\n\n"),
    "step": lambda rows: joined([["step", *rows[0][1:]], *rows[1:]]),
    "floats": lambda rows: joined([rows[0], *([f"{float(v):.17e}" for v in r] for r in rows[1:])]),
    "pandas": of_pandas,
    "R": of_r,
    "R in German": of_r_in_german,
    "numpy": of_numpy,
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A run without metrics.json, so that everything comes from per_step.csv."""
    place = make_run(tmp_path_factory.mktemp("dialects") / "a", steps=300, layout="flat")
    (place.path / "session" / "metrics.json").unlink()
    return place


@pytest.fixture(scope="module")
def rows(place: Place) -> Rows:
    with (place.path / "per_step.csv").open(newline="") as file:
        return list(csv.reader(file))


def columns(path: Path) -> dict[str, list[float]]:
    file = StepsFile(path)
    file.refresh()
    assert file.problems() == []
    steps = file.steps
    return {
        "t": steps.t.tolist(),
        "baseline_mse": steps.frozen.tolist(),
        "adaptive_mse": steps.adaptive.tolist(),
        "did_update": steps.did_update.astype(float).tolist(),
        "update_ok": steps.update_ok.astype(float).tolist(),
    }


def expected(rows: Rows) -> dict[str, list[float]]:
    return {name: [float(row[i]) for row in rows[1:]] for i, name in enumerate(NAMES)}


@pytest.mark.parametrize("name", DIALECTS)
def test_every_number_is_read(name: str, place: Place, rows: Rows) -> None:
    path = place.path / "per_step.csv"
    path.write_text(DIALECTS[name](rows), newline="")
    assert columns(path) == expected(rows)


@pytest.mark.parametrize("name", DIALECTS)
def test_the_table_of_sessions_and_the_open_session_agree(
    name: str, place: Place, rows: Rows
) -> None:
    path = place.path / "per_step.csv"
    path.write_text(joined(rows))
    plain, tail = read_summary(place), read_tail(path)
    path.write_text(DIALECTS[name](rows), newline="")
    summary, steps = read_summary(place), SessionReader(place).refresh().steps
    assert replace(summary, recent=()) == replace(plain, recent=())
    assert summary.recent == tail.recent[-len(summary.recent) :]
    assert summary.steps == len(steps)
    assert summary.adaptive_last100 == np.mean(steps.adaptive[-100:])


@pytest.mark.parametrize("name", DIALECTS)
def test_a_file_that_grows_line_by_line_gives_the_same(
    name: str, rows: Rows, tmp_path: Path
) -> None:
    path = tmp_path / "per_step.csv"
    file = StepsFile(path)
    for line in re.findall(rb"[^\n]*\n|[^\n]+", DIALECTS[name](rows[:70]).encode()):
        with path.open("ab") as out:
            out.write(line)
        file.refresh()
    assert file.steps.adaptive.tolist() == expected(rows[:70])["adaptive_mse"]
    assert file.problems() == []


@pytest.mark.parametrize("name", DIALECTS)
def test_the_end_of_a_long_file_is_read_by_its_header(name: str, tmp_path: Path) -> None:
    long = [NAMES, *([str(t), "0.5", f"{t / 7:.9f}", "0", "0"] for t in range(3000))]
    path = tmp_path / "per_step.csv"
    path.write_text(joined(long))
    plain = read_tail(path)
    path.write_text(DIALECTS[name](long), newline="")
    tail = read_tail(path)
    assert tail.steps == plain.steps == 3000
    assert len(tail.recent) > 3  # wider rows reach less far back
    assert tail.recent == plain.recent[-len(tail.recent) :]


@pytest.mark.parametrize("name", DIALECTS)
def test_a_damaged_line_is_named_in_every_dialect(
    name: str, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growing, "BLOCK", 512)
    text = DIALECTS[name](rows)
    lines = re.findall("[^\n]*\n|[^\n]+", text)
    at = len(lines) // 2 + len(lines) % 2  # a row, where every second line is blank
    at += not lines[at].strip()
    path = tmp_path / "per_step.csv"
    path.write_text("".join([*lines[:at], "what\n", *lines[at:]]), newline="")
    file = StepsFile(path)
    file.refresh()
    assert file.steps.t.tolist() == list(range(300))
    (problem,) = file.problems()
    assert problem.reason.startswith(f"line {at + 1} has 1 field instead of ")


# -- what is wrong is named ---------------------------------------------------------------------


def steps_of(tmp_path: Path, text: str) -> tuple[StepsFile, list[str]]:
    path = tmp_path / "per_step.csv"
    path.write_text(text, newline="")
    file = StepsFile(path)
    file.refresh()
    return file, [p.reason for p in file.problems()]


@pytest.mark.parametrize("missing", NAMES[1:])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_missing_column_is_named(missing: str, separator: str, tmp_path: Path) -> None:
    names = [name for name in NAMES if name != missing]
    file, reasons = steps_of(tmp_path, joined([names, ["0"] * 4, ["1"] + ["0"] * 3], separator))
    wanted = "baseline_mse or base_mse" if missing == "baseline_mse" else missing
    assert reasons == [f"has no column {wanted}"]
    assert len(file.steps) == 2


@pytest.mark.parametrize("word", ["", "NA", "N/A", "null", "None", "nan", "NaN"])
def test_a_missing_value_is_nan(word: str, tmp_path: Path) -> None:
    row = ["1", "0.5", word, "0", "0"]
    file, reasons = steps_of(tmp_path, joined([NAMES, ["0", "1", "2", "0", "0"], row]))
    assert np.array_equal(file.steps.adaptive, [2.0, np.nan], equal_nan=True)
    assert reasons == []


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1,True,1,False,False", "has 'True' for baseline_mse, which is no number"),
        ("1,1,1,yes,False", "has 'yes' for did_update, not 0 or 1"),
        ("1,1,1,,False", "has '' for did_update, not 0 or 1"),
        ("1,1_0,1,False,False", "has '1_0' for baseline_mse, which is no number"),
        ('1,1"0,1,False,False', "has '1\"0' for baseline_mse, which is no number"),
        ('1,"1,5",1,False,False', "has '1,5' for baseline_mse, which is no number"),
        ('1,"1,1,False,False', "has 2 fields instead of 5"),
        (",1,1,False,False", "has nan for t, which is no step"),
    ],
)
def test_a_wrong_value_is_named(row: str, reason: str, tmp_path: Path) -> None:
    lines = ["0,1,1,False,True", row, "2,1,1,True,False"]
    file, reasons = steps_of(tmp_path, "\n".join([",".join(NAMES), *lines]) + "\n")
    assert file.steps.t.tolist() == [0, 2]
    assert reasons == [f"line 3 {reason}; the rest is shown"]


def test_a_comment_that_mentions_t_is_no_header(tmp_path: Path) -> None:
    file, reasons = steps_of(tmp_path, "# x,t,y\n" + joined([NAMES, ["0", "1", "2", "0", "0"]]))
    assert file.steps.adaptive.tolist() == [2.0]
    assert reasons == []


def test_a_first_row_with_a_field_too_many_does_not_shift_the_others(tmp_path: Path) -> None:
    first = ["0", "1", "2", "0", "0", "1"]
    rest = [[str(t), "1", "2", "0", "0"] for t in range(1, 5)]
    file, reasons = steps_of(tmp_path, joined([NAMES, first, *rest]))
    assert file.steps.t.tolist() == [1, 2, 3, 4]
    assert reasons == ["line 2 has 6 fields instead of 5; the rest is shown"]
