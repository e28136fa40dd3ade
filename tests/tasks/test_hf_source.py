"""Models of one's own, before a library is asked for: what is refused, and what is named."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tttui.cli.main import main
from tttui.model.errors import RefusedInput
from tttui.tasks.find import find_task
from tttui.tasks.hf import known, source
from tttui.tasks.hf.source import find_source, fingerprint
from tttui.tasks.hf.tokens import IDS, OFFSETS, Tokens, text_of


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A directory that looks like a model."""
    made = tmp_path / "model"
    made.mkdir()
    (made / "config.json").write_text(json.dumps({"model_type": "llama"}))
    (made / "model.safetensors").write_bytes(bytes(range(200)))
    return made


def refusal(path: Path | str) -> str:
    with pytest.raises(RefusedInput) as refused:
        find_source(str(path))
    return str(refused.value)


def test_a_run_without_the_libraries_says_what_to_install(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    root = tmp_path / "runs"
    words = ("run", "--task", "hf", "--model", str(model), "--file", __file__)
    assert main([*words, "--root", str(root)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "error: --task hf: needs transformers, which is missing: pip install 'tttui[hf]'\n"
    )
    assert not list(root.glob("*"))


def test_the_task_and_its_options_are_found_without_the_libraries() -> None:
    program = (
        "import sys\n"
        "sys.modules.update(transformers=None, peft=None, tokenizers=None, gguf=None)\n"
        "from tttui.cli.main import main\n"
        "sys.exit(main(['run', '--task', 'hf', '--help']))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "--rank" in done.stdout
    assert find_task("hf").name == "hf"


def test_a_directory_of_safetensors_is_a_model(model: Path) -> None:
    source = find_source(str(model))
    assert source.path == model
    assert source.weights == (model / "model.safetensors",)
    assert source.size == 200


def test_the_parts_of_an_index_are_the_weights(model: Path) -> None:
    (model / "model.safetensors").rename(model / "b.safetensors")
    (model / "a.safetensors").write_bytes(b"a")
    (model / "other.safetensors").write_bytes(b"o")
    index = {"weight_map": {"x": "b.safetensors", "y": "a.safetensors"}}
    (model / source.INDEX).write_text(json.dumps(index))
    assert [file.name for file in find_source(str(model)).weights] == [
        "a.safetensors",
        "b.safetensors",
    ]


@pytest.mark.parametrize("part", ["../elsewhere.safetensors", "pytorch_model.bin"])
def test_an_index_names_nothing_but_safetensors_beside_it(model: Path, part: str) -> None:
    (model / part).write_bytes(b"")
    (model / "model.safetensors").rename(model / "a.safetensors")
    (model / source.INDEX).write_text(json.dumps({"weight_map": {"x": part}}))
    assert f"names {part!r}" in refusal(model)


def test_the_one_gguf_file_of_a_directory_is_a_model(tmp_path: Path) -> None:
    (tmp_path / "small.gguf").write_bytes(b"GGUF")
    assert find_source(str(tmp_path)) == find_source(str(tmp_path / "small.gguf"))
    assert find_source(str(tmp_path)).path == tmp_path / "small.gguf"
    (tmp_path / "large.gguf").write_bytes(b"GGUF")
    assert "holds 2 .gguf files; name one of them, such as large.gguf" in refusal(tmp_path)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "consolidated.00.pth"])
def test_pickles_are_refused_by_name(model: Path, name: str) -> None:
    (model / "model.safetensors").rename(model / name)
    assert f"holds its weights as {name}, a pickle, which can run code" in refusal(model)


@pytest.mark.parametrize("weights", ["model.safetensors", "model.gguf"])
@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
def test_a_model_that_brings_code_is_refused(model: Path, name: str, weights: str) -> None:
    (model / "model.safetensors").rename(model / weights)
    (model / name).write_text(json.dumps({"auto_map": {"AutoModel": "modeling.Model"}}))
    assert f"asks to run Python code of its own (auto_map in {name})" in refusal(model)


@pytest.mark.parametrize("weights", ["model.safetensors", "model.gguf"])
def test_an_adapter_which_names_a_model_elsewhere_is_refused(model: Path, weights: str) -> None:
    (model / "model.safetensors").rename(model / weights)
    (model / "adapter_config.json").write_text("{}")
    assert "holds an adapter" in refusal(model)
    assert "holds an adapter" in refusal(model / weights if weights.endswith("gguf") else model)


def test_what_is_no_directory_of_a_model_is_told_in_a_line(tmp_path: Path) -> None:
    assert "is no directory" in refusal(tmp_path / "none")
    assert "holds no weights" in refusal(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"")
    assert "lacks config.json" in refusal(tmp_path)
    (tmp_path / "config.json").write_text("[")
    assert "config.json: cannot be read" in refusal(tmp_path)


@pytest.mark.parametrize("whole", [1_000, 10])
@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_changed_byte_is_another_model(
    model: Path, name: str, whole: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "WHOLE", whole)
    before = fingerprint(find_source(str(model)))
    content = (model / name).read_bytes()
    (model / name).write_bytes(content.replace(b"a", b"A", 1))
    assert (model / name).read_bytes() != content
    assert fingerprint(find_source(str(model))) != before


def test_a_large_model_is_known_by_samples_of_it(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "WHOLE", 10)
    monkeypatch.setattr(source, "SAMPLE", 8)
    monkeypatch.setattr(source, "SAMPLES", 3)
    assert fingerprint(find_source(str(model))).startswith("sha256-of-samples:")
    with open(model / "model.safetensors", "rb") as file:
        read = b"".join(source._blocks(file, sampled=True))
    assert read == bytes([*range(8), *range(96, 104), *range(192, 200)])


def test_a_session_goes_on_with_a_model_that_was_named_here_only(model: Path) -> None:
    print_of = fingerprint(find_source(str(model)))
    with pytest.raises(RefusedInput, match=r"sessions do not choose files to load.*--model"):
        known.model_of(print_of, str(model))
    known.name_model(str(model))
    assert known.model_of(print_of, "wherever it was").path == model


def test_what_was_named_is_remembered_by_the_machine(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, print_of = known.name_model(str(model))
    monkeypatch.setattr(known, "_named", {})  # as in another process
    assert known.model_of(print_of, "").path == model


def test_without_a_home_it_is_remembered_by_the_process(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known, "models_path", lambda: None)
    _, print_of = known.name_model(str(model))
    assert known.model_of(print_of, "").path == model


def test_a_model_that_was_changed_or_is_gone_is_refused(model: Path) -> None:
    _, print_of = known.name_model(str(model))
    (model / "model.safetensors").write_bytes(b"other")
    with pytest.raises(RefusedInput, match="was changed since the session began"):
        known.model_of(print_of, "")
    model.rename(model.with_name("moved"))
    with pytest.raises(RefusedInput, match=r"is no directory.*name the model of this session"):
        known.model_of(print_of, "")


def test_only_a_session_that_reads_with_a_model_is_told_where_one_is(
    model: Path, tmp_path: Path
) -> None:
    (tmp_path / "a" / "session").mkdir(parents=True)
    (tmp_path / "a" / "session" / "meta.json").write_text(json.dumps({"task": {"name": "text"}}))
    with pytest.raises(RefusedInput, match="names no model that the session reads with"):
        known.name_model_of(tmp_path / "a", str(model))


def test_tokens_are_read_as_they_were_kept(tmp_path: Path) -> None:
    Tokens(np.array([7, 300, 7]), np.array([0, 2, 2, 9])).keep(tmp_path)
    result = Tokens.stored(tmp_path, 9)
    assert result.ids.tolist() == [7, 300, 7]
    assert result.offsets.tolist() == [0, 2, 2, 9]


@pytest.mark.parametrize(
    ("ids", "offsets"),
    [([], [0]), ([1, 2], [0, 9]), ([1, 2], [0, 4, 8]), ([1, 2], [5, 2, 9]), ([1], [3, 9])],
)
def test_tokens_of_another_document_are_refused(
    tmp_path: Path, ids: list[int], offsets: list[int]
) -> None:
    for name, values in ((IDS, ids), (OFFSETS, offsets)):
        (tmp_path / name).write_bytes(np.array(values, dtype="<u4").tobytes())
    with pytest.raises(RefusedInput, match="does not belong"):
        Tokens.stored(tmp_path, 9)


def test_what_is_left_of_tokens_counts_from_its_own_beginning() -> None:
    tokens = Tokens(np.array([1, 2, 3]), np.array([0, 4, 6, 9]))
    rest = tokens.after(1)
    assert rest is not None
    assert rest.ids.tolist() == [2, 3]
    assert rest.offsets.tolist() == [0, 2, 5]
    assert tokens.after(3) is None


def test_a_document_is_utf_8_text(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RefusedInput, match="byte 2 is not of UTF-8 text; the task `text` reads"):
        text_of(b"ab\xffcd", "x")
    monkeypatch.setattr("tttui.tasks.hf.tokens.LARGEST", 5)
    assert text_of("abcd€".encode()[:5], "x") == "abcd"
