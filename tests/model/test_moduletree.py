"""The tree of a model: counts of all that is in a module, and which lines are seen."""

from tttui.model.moduletree import folded_at_first, from_names, tree, unfolded
from tttui.model.schema import ModelModule, TensorSpec

W = TensorSpec("weight", (4, 3))
B = TensorSpec("bias", (4,))

MODEL = (
    ModelModule("", "Net"),
    ModelModule("blocks.0.mlp", "MLP", ((W, True), (B, False))),
    ModelModule("blocks.1.mlp", "MLP", ((W, False),)),
    ModelModule("head", "Linear", ((B, True),)),
)


def test_a_module_counts_all_that_is_in_it() -> None:
    rows = {row.path: row for row in tree(MODEL) if row.spec is None}
    assert (rows[""].size, rows[""].plastic, rows[""].count) == (32, 16, 4)
    assert (rows["blocks"].size, rows["blocks"].plastic) == (28, 12)
    assert rows["blocks.1.mlp"].plastic == 0


def test_modules_that_only_others_name_are_there() -> None:
    assert [row.path for row in tree(MODEL) if row.spec is None] == [
        "",
        "blocks",
        "blocks.0",
        "blocks.0.mlp",
        "blocks.1",
        "blocks.1.mlp",
        "head",
    ]


def test_what_is_in_a_folded_module_is_hidden() -> None:
    rows = tree(MODEL)
    seen = [rows[i].path for i in unfolded(rows, {"blocks"}) if rows[i].spec is None]
    assert seen == ["", "blocks", "head"]


def test_at_first_about_as_much_is_unfolded_as_fits() -> None:
    rows = tree(MODEL)
    assert folded_at_first(rows, 100) == frozenset()
    assert len(unfolded(rows, folded_at_first(rows, 7))) <= 7
    assert len(unfolded(rows, folded_at_first(rows, 1))) == 3


def test_names_of_parameters_tell_their_modules() -> None:
    parts = from_names([TensorSpec("a.b.weight", (2,)), TensorSpec("scale", (1,))])
    rows = tree(parts)
    assert [row.name for row in rows] == ["model", "scale", "a", "b", "weight"]
    assert rows[0].plastic == 3
