"""Nothing but the two modules for it touches the privates of Textual and Rich, and all is there."""

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
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
PRIVATE = re.compile(r"_[a-z]\w*$")
BESIDE = {"_ready"}
"""Of asyncio's event loop."""


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def defined(path: Path) -> Iterator[str]:
    """The private names that a module gives to functions and to attributes."""
    for node in ast.walk(tree_of(path)):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name


def used(path: Path) -> dict[str, int]:
    """The private attributes, and modules and names of the toolkit, that a module uses: lines."""
    found: dict[str, int] = {}
    for node in ast.walk(tree_of(path)):
        match node:
            case ast.Attribute(value=ast.Name("os")):
                pass
            case ast.Attribute(attr=name) if PRIVATE.match(name):
                found.setdefault(name, node.lineno)
            case ast.ImportFrom(module=str(module), names=names):
                if module.partition(".")[0] in ("textual", "rich"):
                    parts = [*module.split("."), *(name.name for name in names)]
                    found.update({part: node.lineno for part in parts if PRIVATE.match(part)})
    return found


@cache
def privates() -> frozenset[str]:
    """Every private name of Textual and Rich."""
    files = [f for m in (textual, rich) for f in Path(inspect.getfile(m)).parent.rglob("*.py")]
    modules = {path.stem for path in files if PRIVATE.match(path.stem)}
    names = {name for path in files for name in defined(path) if PRIVATE.match(name)}
    return frozenset(modules | names)


@pytest.mark.parametrize("toolkit", TOOLKITS, ids=lambda path: path.parent.name)
def test_all_that_we_use_beside_the_public_interfaces_is_still_there(toolkit: Path) -> None:
    importlib.import_module(f"{toolkit.parent.name}.toolkit")
    lost = {name: line for name, line in used(toolkit).items() if name not in privates() | BESIDE}
    assert not lost, (
        f"Textual {version('textual')} and Rich {version('rich')} no longer have {lost} "
        f"(by line of {toolkit.relative_to(ROOT)}): see what took their place"
    )


def test_nothing_else_touches_the_privates_of_the_toolkit() -> None:
    ours = {name for path in OURS if path not in TOOLKITS for name in defined(path)}
    touching = {
        f"{path.relative_to(ROOT)}:{line}": name
        for path in OURS
        if path not in TOOLKITS
        for name, line in used(path).items()
        if name in privates() - ours
    }
    assert not touching, f"what reaches into Textual or Rich belongs into a toolkit: {touching}"
