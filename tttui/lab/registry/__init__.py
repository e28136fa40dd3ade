"""The registry: skills with immutable versions, and personas that point to them.

    version = register(root, "walker", tensors, task=..., base=BaseRef(...), ...)   # walker@v1
    resolve(root, "walker"), resolve(root, "walker@v1"), resolve(root, "@helper")
    resolve(root, "@helper").tensors()      # {name: array}, checked against its sha256

A run root that somebody sends is data: reading it is bounded and follows no link, and no name in it
is used as a path.
"""

from tttui.lab.registry.finding import dependents, remove, resolve, sessions_from, versions
from tttui.lab.registry.personas import Persona, deploy, find_persona, personas, rollback
from tttui.lab.registry.registering import (
    record_result,
    refuse_other_line,
    register,
    results_of,
)
from tttui.lab.registry.starting import start_from, start_weights
from tttui.lab.registry.version import BaseRef, Version

__all__ = [
    "BaseRef",
    "Persona",
    "Version",
    "dependents",
    "deploy",
    "find_persona",
    "personas",
    "record_result",
    "refuse_other_line",
    "register",
    "remove",
    "resolve",
    "results_of",
    "rollback",
    "sessions_from",
    "start_from",
    "start_weights",
    "versions",
]
