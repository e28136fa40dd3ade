"""The optional libraries of the task `hf`, imported only here, offline."""

import importlib
import os
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from tttui.model.errors import RefusedInput

INSTALL = "pip install 'tttui[hf]'"
"""What a person types who lacks one of them."""


def library(name: str) -> Any:
    """One of the libraries, or a part of it. Raises RefusedInput where it is not installed."""
    # Read when the libraries are imported: they reach for no network and start no threads.
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        return importlib.import_module(name)
    except ImportError as error:
        missing = error.name or name
        raise RefusedInput(f"--task hf: needs {missing}, which is missing: {INSTALL}") from error


def transformers() -> Any:
    """transformers, without its progress bars and advice."""
    module = library("transformers")
    module.utils.logging.set_verbosity_error()
    module.utils.logging.disable_progress_bar()
    return module


def versions() -> dict[str, str]:
    """The versions of the libraries that are installed."""
    versions: dict[str, str] = {}
    for name in ("transformers", "peft"):
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions
