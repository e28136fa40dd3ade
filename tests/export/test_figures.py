"""Figures are whole files of their format, drawn from the data."""

import io
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.image import imread

from tests.export.data import request_for
from tttui.draw.palette import PALETTES
from tttui.export import look
from tttui.export.figures import rendered
from tttui.export.request import TABLES_ONLY, THEMES, WHATS, Theme
from tttui.model.errors import TttuiError
from tttui.model.session import SessionData
from tttui.model.steps import Steps, Trajectory


@pytest.mark.parametrize("what", sorted(set(WHATS) - TABLES_ONLY))
def test_every_figure_is_a_picture_with_something_on_it(tmp_path: Path, what: str) -> None:
    data = rendered(request_for(tmp_path, what, t=320, log=True).checked(), "png")
    assert data.startswith(b"\x89PNG\r\n")
    picture = imread(io.BytesIO(data))
    assert picture.shape[1] == 1350
    assert (picture[..., :3] < 0.9).any()


@pytest.mark.parametrize("theme", THEMES)
def test_a_figure_has_the_ground_of_its_theme(tmp_path: Path, theme: Theme) -> None:
    data = rendered(request_for(tmp_path, "mse", theme=theme).checked(), "png")
    corner = imread(io.BytesIO(data))[0, 0, :3]
    assert look.hexed(PALETTES[theme].ground) == to_hex(tuple(corner.tolist()))


def test_a_run_without_predictions_says_so(tmp_path: Path) -> None:
    request = request_for(tmp_path, "predictions")
    assert request.trajectory is not None
    motion = replace(request.trajectory, frozen=None, adaptive=None)
    with pytest.raises(TttuiError, match="no predictions to export"):
        rendered(replace(request, trajectory=motion).checked(), "svg")


def test_a_map_has_one_scale_for_the_whole_history(tmp_path: Path) -> None:
    from tttui.export import pictures

    request = request_for(tmp_path, "weights", t=0).checked()
    assert request.data.history is not None
    for axes, name in zip(pictures.weights(request).axes, ("W_u", "B", "W_o"), strict=False):
        largest = np.abs(np.asarray(request.data.history.weights[name])).max()
        assert axes.images[0].get_clim() == (-largest, largest)


def test_the_scale_of_the_transfer_matrix_is_labelled_with_plain_text(tmp_path: Path) -> None:
    svg = rendered(request_for(tmp_path, "transfer"), "svg")
    assert b"mathdefault" not in svg
    assert "10⁻¹".encode() in svg


def test_svg_is_xml_without_pixels(tmp_path: Path) -> None:
    request = request_for(tmp_path, "mse").checked()
    root = ET.fromstring(rendered(request, "svg"))
    assert root.tag.endswith("svg")
    assert not [node for node in root.iter() if node.tag.endswith("image")]


def test_pdf_has_its_header_and_its_end(tmp_path: Path) -> None:
    data = rendered(request_for(tmp_path, "trajectory").checked(), "pdf")
    assert data.startswith(b"%PDF-")
    assert data.rstrip().endswith(b"%%EOF")


def test_the_window_and_the_scale_change_the_picture(tmp_path: Path) -> None:
    whole = rendered(request_for(tmp_path, "mse").checked(), "svg")
    part = rendered(request_for(tmp_path, "mse", window=(100, 200)).checked(), "svg")
    log = rendered(request_for(tmp_path, "mse", log=True).checked(), "svg")
    assert len({whole, part, log}) == 3


def test_changes_of_the_run_are_drawn_over_the_steps(tmp_path: Path) -> None:
    request = request_for(tmp_path, "gates")
    told = replace(request, data=replace(request.data, interventions=((300, "mu 0.1 -> 0.3"),)))
    assert rendered(request.checked(), "svg") != rendered(told.checked(), "svg")


@pytest.mark.parametrize("what", ["mse", "trajectory", "state"])
def test_values_that_are_not_finite_are_left_out(tmp_path: Path, what: str) -> None:
    request = request_for(tmp_path, what)
    steps, motion = request.data.steps, request.trajectory
    assert motion is not None
    bad = np.arange(len(steps)) % 7 == 0
    adaptive = np.where(bad, np.inf, steps.adaptive)
    z = np.where(bad[:, None], np.nan, motion.z)
    data = SessionData(
        request.data.place,
        steps=Steps(steps.t, steps.frozen, adaptive, steps.did_update, steps.update_ok),
    )
    broken = type(request)(what, data, Trajectory(motion.t, z, motion.a))
    assert rendered(broken.checked(), "png").startswith(b"\x89PNG")


def test_gates_are_drawn_of_the_transactions_that_pass_alone(tmp_path: Path) -> None:
    from tttui.export import over_time

    request = request_for(tmp_path, "gates", statuses=frozenset({"commit"})).checked()
    events, passed = request.transactions()
    assert 0 < passed.sum() < len(events)
    lines = over_time.gates(request).axes[0].get_lines()
    (norms,) = [line for line in lines if line.get_label() == "gradient norm"]
    assert norms.get_ydata().tolist() == events.grad_norm[passed].tolist()  # type: ignore[union-attr]


@pytest.mark.parametrize("what", ["mse", "transactions"])
def test_commits_that_were_undone_have_a_mark_of_their_own(tmp_path: Path, what: str) -> None:
    request = request_for(tmp_path, what)
    undone = replace(request.data.transactions, restored=((request.last, 0),))
    svg = rendered(
        replace(request, data=replace(request.data, transactions=undone)).checked(), "svg"
    )
    assert svg.count(b"<!-- commit, undone later") == 1


def test_a_run_of_a_single_step_has_figures(tmp_path: Path) -> None:
    request = request_for(tmp_path, "mse", window=(5, 5))
    assert rendered(request.checked(), "png").startswith(b"\x89PNG")


def test_a_long_curve_keeps_its_extremes() -> None:
    from matplotlib.figure import Figure

    y = np.ones(200_000)
    y[123_456] = 500.0
    axes = Figure().subplots()
    look.curve(axes, np.arange(len(y)), y, "blue", "adaptive")
    assert axes.dataLim.y1 == 500.0
    assert len(axes.lines[0].get_xdata()) <= look.MOST  # type: ignore[arg-type]


def test_curves_of_statistics_differ_by_pattern_and_colour(tmp_path: Path) -> None:
    from tttui.export import over_time

    figure = over_time.weight_statistics(request_for(tmp_path, "weight-statistics").checked())
    for axes in figure.axes:
        lines = axes.get_lines()
        assert len({line.get_linestyle() for line in lines}) == len(lines) == 3


def test_a_comparison_of_different_trajectories_says_so_below(tmp_path: Path) -> None:
    svg = rendered(request_for(tmp_path, "comparison"), "svg")
    assert b"! Different trajectories" in svg


def test_rows_and_columns_of_weights_are_named(tmp_path: Path) -> None:
    svg = rendered(request_for(tmp_path, "weights"), "svg")
    assert svg.count(b"vx") > 1
    assert b"predicted" in svg


def test_negative_weights_carry_a_minus(tmp_path: Path) -> None:
    from tttui.export import pictures

    request = request_for(tmp_path, "weights").checked()
    figure = pictures.weights(request)
    assert request.data.history is not None
    B = request.data.history.weights["B"][-1]
    marks = figure.axes[1].collections[0].get_offsets()
    assert len(marks) == int((B < 0).sum())  # type: ignore[arg-type]


@pytest.mark.parametrize("what", sorted(set(WHATS) - TABLES_ONLY))
def test_no_name_is_read_as_mathematics_or_spoils_the_file(tmp_path: Path, what: str) -> None:
    made = request_for(tmp_path, what, t=320, log=True)
    name = "$\\foo$ a_{b}$ \x1b]52;c;\x07\u202e\udcff 名--\n"
    statuses = tuple(f"rollback_{status}{name}" for status in made.data.transactions.statuses[1:])
    transactions = replace(made.data.transactions, statuses=("commit", *statuses))
    data = replace(
        made.data,
        place=replace(made.data.place, path=Path(name)),
        transactions=transactions,
        interventions=((300, name),),
    )
    compared = made.compared and replace(
        made.compared, names=tuple(f"{i}{name}" for i in range(len(made.compared.names)))
    )
    request = replace(made, data=data, compared=compared).checked()
    ET.fromstring(rendered(request, "svg"))
    if what == "comparison":
        assert rendered(request, "pdf").startswith(b"%PDF-")


def test_a_file_of_settings_in_the_working_directory_changes_no_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = request_for(tmp_path, "mse").checked()
    before = rendered(request, "png")
    monkeypatch.setitem(matplotlib.rcParams, "text.usetex", True)
    monkeypatch.setitem(matplotlib.rcParams, "figure.facecolor", "red")
    assert rendered(request, "png") == before


@pytest.mark.parametrize(
    ("value", "label"), [(1e-3, "10⁻³"), (1.0, "1"), (1e12, "10¹²"), (2e-4, "2×10⁻⁴")]
)
def test_logarithmic_axes_are_labelled_with_powers_of_ten(value: float, label: str) -> None:
    axes = look.figure(2, "").subplots()
    axes.set_ylim(1e-4, 9e-4)
    look.log_scale(axes)
    axes.set_ylim(value * 0.9, value * 3)
    axes.yaxis.get_minorticklocs()
    formatter = axes.yaxis.get_minor_formatter()
    formatter.set_locs(axes.yaxis.get_minorticklocs().tolist())
    assert formatter(value) == label


def test_what_is_not_a_number_is_marked_at_the_lower_edge() -> None:
    axes = look.figure(2.0, "a").add_subplot()
    look.curve(axes, np.arange(5), np.array([1.0, np.nan, 3.0, np.inf, 5.0]), "red", "a")
    marks = [line for line in axes.lines if line.get_marker() == "x"]
    assert [line.get_xdata().tolist() for line in marks] == [[1]]  # type: ignore[union-attr]


def test_a_value_between_two_that_are_none_is_a_mark() -> None:
    axes = look.figure(2.0, "a").add_subplot()
    look.curve(axes, np.arange(6), np.array([1.0, 2.0, np.inf, 3.0, np.inf, 4.0]), "red", "a")
    marks = [line for line in axes.lines if line.get_marker() == "o"]
    assert [line.get_xdata().tolist() for line in marks] == [[3, 5]]  # type: ignore[union-attr]


def test_countless_marks_are_thinned() -> None:
    axes = look.figure(2.0, "a").add_subplot()
    y = np.full(100_000, np.nan)
    y[0] = 1.0
    look.curve(axes, np.arange(100_000), y, "red", "a")
    (marks,) = [line for line in axes.lines if line.get_marker() == "x"]
    assert len(marks.get_xdata()) <= look.MOST  # type: ignore[arg-type]
