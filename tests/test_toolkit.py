"""Nothing but the two modules for it touches the privates of Textual and Rich, and all is there."""

import ast
import importlib
import inspect
import re
from collections.abc import Iterator, Set
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest
import rich
import textual

import tests.toolkit
import tttui.toolkit

ROOT = Path(__file__).parent.parent
OURS = tuple(
    path
    for folder in ("tttui", "tests", "benchmarks")
    for path in sorted((ROOT / folder).rglob("*.py"))
)
TOOLKITS = tuple(Path(inspect.getfile(module)) for module in (tttui.toolkit, tests.toolkit))
THEIRS = tuple(
    path
    for module in (textual, rich)
    for path in sorted(Path(inspect.getfile(module)).parent.rglob("*.py"))
)
PRIVATE = re.compile(r"_[a-z]\w*$")
ANY_PRIVATE = re.compile(r"(?<!\w)_[a-z]\w*")
BESIDE = {"_ready"}
"""Of asyncio's event loop."""


@cache
def mentioned(path: Path) -> frozenset[str]:
    """The private names in the text of a module, which is found sooner than it is parsed."""
    return frozenset(ANY_PRIVATE.findall(path.read_text(encoding="utf-8")))


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def defined(path: Path) -> Iterator[str]:
    """The private names that a module gives to functions and to attributes."""
    for node in nodes(path):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name


def used(path: Path) -> dict[str, int]:
    """The private attributes, and modules and names of the toolkit, that a module uses: lines."""
    results: dict[str, int] = {}
    for node in nodes(path):
        match node:
            case ast.Attribute(value=ast.Name("os")):
                pass
            case ast.Attribute(attr=name) if PRIVATE.match(name):
                results.setdefault(name, node.lineno)
            case ast.ImportFrom(module=str(module), names=names):
                if module.partition(".")[0] in ("textual", "rich"):
                    parts = [*module.split("."), *(name.name for name in names)]
                    results.update({part: node.lineno for part in parts if PRIVATE.match(part)})
    return results


def privates(names: Set[str]) -> set[str]:
    """Those of the names that are private ones of Textual and Rich."""
    modules = {path.stem for path in THEIRS}
    asked = names - modules
    results = {name for path in THEIRS if mentioned(path) & asked for name in defined(path)}
    return (results | modules) & names


@pytest.mark.parametrize("toolkit", TOOLKITS, ids=lambda path: path.parent.name)
def test_all_that_we_use_beside_the_public_interfaces_is_still_there(toolkit: Path) -> None:
    importlib.import_module(f"{toolkit.parent.name}.toolkit")
    result = used(toolkit)
    there = privates(result.keys()) | BESIDE
    lost = {name: line for name, line in result.items() if name not in there}
    assert not lost, (
        f"Textual {version('textual')} and Rich {version('rich')} no longer have {lost} "
        f"(by line of {toolkit.relative_to(ROOT)}): see what took their place"
    )


def test_nothing_else_touches_the_privates_of_the_toolkit() -> None:
    theirs = {name for path in THEIRS for name in (path.stem, *mentioned(path))}
    concerned = [path for path in OURS if path not in TOOLKITS and mentioned(path) & theirs]
    ours = {name for path in concerned for name in defined(path)}
    strange = {path: result for path in concerned if (result := used(path)).keys() - ours}
    private = privates({name for result in strange.values() for name in result} - ours)
    touching = {
        f"{path.relative_to(ROOT)}:{line}": name
        for path, result in strange.items()
        for name, line in result.items()
        if name in private
    }
    assert not touching, f"what reaches into Textual or Rich belongs into a toolkit: {touching}"
