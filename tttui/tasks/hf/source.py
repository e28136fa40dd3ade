"""The directory of a model: its files, checks, and fingerprint.

Nothing in it may run code: weights are read from safetensors or GGUF, never from pickles, and
a model that brings its own Python files is refused.
"""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput
from tttui.model.here import plain

WHOLE = 1_000_000_000
"""Bytes of weights that are hashed whole; of more, samples are."""

SAMPLES = 64
"""Places of a large file that are hashed."""

SAMPLE = 1 << 20
"""Bytes at each of them."""

PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")

INDEX = "model.safetensors.index.json"

LARGEST_JSON = 64 << 20
"""Bytes of an index or a configuration; real: some KB, of large models a few MB."""


@dataclass(frozen=True, slots=True)
class ModelSource:
    """A model on this machine that may be loaded."""

    directory: Path
    weights: tuple[Path, ...]
    gguf: str = ""
    """The name of the one file of weights, where it is GGUF."""

    @property
    def path(self) -> Path:
        """What a person names."""
        return self.directory / self.gguf if self.gguf else self.directory

    @property
    def size(self) -> int:
        """Bytes of the weights."""
        return sum(file.stat().st_size for file in self.weights)


def find_source(called: str) -> ModelSource:
    """The model in a directory, or in a .gguf file. Raises RefusedInput."""
    path = plain(Path(called))
    named = path.name if path.suffix == ".gguf" and path.is_file() else ""
    directory = path.parent if named else path
    if not directory.is_dir():
        raise RefusedInput(
            f"--model {called}: is no directory; name one that holds config.json and "
            "*.safetensors, or a .gguf file (nothing is downloaded)"
        )
    try:
        names = {file.name for file in directory.iterdir() if file.is_file()}
    except OSError as error:
        raise RefusedInput(f"--model {called}: cannot be read: {error.strerror}") from None
    if "adapter_config.json" in names:
        raise RefusedInput(
            f"--model {called}: holds an adapter (adapter_config.json), which names a model "
            "elsewhere; merge them"
        )
    _refuse_remote_code(directory, names)
    tensors = sorted(name for name in names if name.endswith(".safetensors"))
    ggufs = [named] if named else sorted(name for name in names if name.endswith(".gguf"))
    if named or (len(ggufs) == 1 and not tensors):
        return ModelSource(directory, (directory / ggufs[0],), ggufs[0])
    if "config.json" in names and tensors:
        weights = _of_the_model(directory, names, tensors)
        return ModelSource(directory, tuple(directory / name for name in weights))
    raise RefusedInput(f"--model {called}: {_why_not(names, tensors, ggufs)}")


def _why_not(names: set[str], tensors: list[str], ggufs: list[str]) -> str:
    if tensors:
        return "lacks config.json, which says what its weights belong to"
    if ggufs:
        return f"holds {len(ggufs)} .gguf files; name one of them, such as {ggufs[0]}"
    pickled = sorted(name for name in names if name.endswith(PICKLED))
    if pickled:
        return (
            f"holds its weights as {pickled[0]}, a pickle, which can run code when it is read; "
            "save it as safetensors first (save_pretrained)"
        )
    return "holds no weights; looked for *.safetensors and *.gguf"


def _refuse_remote_code(path: Path, names: set[str]) -> None:
    for name in ("config.json", "tokenizer_config.json"):
        if name in names and "auto_map" in _object(path / name):
            raise RefusedInput(
                f"--model {path}: asks to run Python code of its own (auto_map in {name}), which "
                "tttui never does; where transformers knows the model without, remove that key"
            )


def _of_the_model(path: Path, names: set[str], tensors: list[str]) -> list[str]:
    """The files of the weights, those of an index if there is one."""
    if INDEX not in names or "model.safetensors" in names:
        return ["model.safetensors"] if "model.safetensors" in names else tensors
    parts = _object(path / INDEX).get("weight_map")
    named = sorted({str(part) for part in parts.values()}) if isinstance(parts, dict) else []
    for part in named or [""]:
        if part not in tensors:
            raise RefusedInput(
                f"--model {path}: {INDEX} names {part!r}, which is no .safetensors file there"
            )
    return named


def _object(path: Path) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            value = json.loads(file.read(LARGEST_JSON))
    except (OSError, ValueError, RecursionError) as error:
        raise RefusedInput(f"{path}: cannot be read: {error}") from None
    if not isinstance(value, dict):
        raise RefusedInput(f"{path}: holds no object of keys")
    return value


def fingerprint(source: ModelSource) -> str:
    """What a model is known by: a SHA-256 over its weights and the JSON files beside them.

    Of weights above a gigabyte it is over their sizes, their beginnings and samples of them.
    Raises RefusedInput where they cannot be read.
    """
    sampled = source.size > WHOLE
    total = sha256()
    beside = () if source.gguf else sorted(source.directory.glob("*.json"))
    try:
        for file in (*source.weights, *beside):
            total.update(f"{file.name} {file.stat().st_size}\n".encode())
            with open(file, "rb") as opened:
                for block in _blocks(opened, sampled and file in source.weights):
                    total.update(block)
    except OSError as error:
        raise RefusedInput(f"--model {source.path}: cannot be read: {error}") from None
    return f"sha256{'-of-samples' if sampled else ''}:{total.hexdigest()}"


def _blocks(file: BinaryIO, sampled: bool) -> Iterator[bytes]:
    if not sampled:
        while block := file.read(SAMPLE):
            yield block
        return
    size = file.seek(0, 2)
    for i in range(SAMPLES):
        file.seek(max(0, size - SAMPLE) * i // (SAMPLES - 1))
        yield file.read(SAMPLE)
