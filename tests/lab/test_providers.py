"""Providers from the shell: found, tested as a job, shown in the matrix, chosen from."""

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.cli.test_commands import Shell, shell
from tttui.lab.jobs import list_jobs, results
from tttui.lab.launchers import local
from tttui.lab.providers import find_providers, measuring
from tttui.lab.providers.configuration import Definition, add_definition, read_definitions
from tttui.lab.providers.engines import NumpyEngine, TorchEngine, engines
from tttui.lab.providers.measuring import Measurement, Prober
from tttui.lab.providers.results import MEASURED, Results
from tttui.model.errors import RefusedInput
from tttui.tasks.pointmass.engine.learner import Learner

__all__ = ["shell"]


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """providers.toml of a person of the test, which is not there yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    yield tmp_path / "config" / "tttui" / "providers.toml"
    for child in local.children:
        child.wait()


def measured(capability: str = "predict", median_s: float = 0.01, **more: object) -> Measurement:
    result = Measurement(
        "numpy",
        capability,
        "works",
        n=20,
        median_s=median_s,
        p95_s=2 * median_s,
        throughput=1 / median_s,
        unit="steps",
        identity=NumpyEngine("numpy").identity,
    )
    return replace(result, **more)  # type: ignore[arg-type]


def test_engines_do_all_that_they_are_asked_for(shell: Shell) -> None:
    words = ("provider", "test", "numpy", "torch-cpu", "--repeat", "2", "--wait", "--json")
    assert shell(*words) == 0, shell.err
    told = json.loads(shell.out)
    assert told["providers"] == {
        name: {"healthy": True, "why": ""} for name in ("numpy", "torch-cpu")
    }
    assert len(told["measurements"]) == 12
    for one in told["measurements"]:
        assert one["status"] == "works", one
        assert one["n"] == 2
        assert 0.0 < one["median_s"] <= one["p95_s"]
        assert one["throughput"] > 0.0
        assert one["error_rate"] == 0.0
    assert shell("provider", "matrix") == 0
    rows = [line.split() for line in shell.out.splitlines()]
    assert rows[0] == ["provider", "predict", "adapt", "pretrain", "rollback", "resume", "batch"]
    assert [row[0] for row in rows[1::2]] == ["numpy", "torch-cpu"]
    assert all(row.count("ms") + row.count("s") >= 6 for row in rows[1::2])
    (job,) = list_jobs(shell.root)
    assert results(job)["works"] == 12


@pytest.mark.parametrize(
    ("capability", "spoiled"), [("rollback", "update"), ("resume", "load"), ("batch", "predict")]
)
def test_an_engine_that_is_one_bit_off_fails(
    capability: str, spoiled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = getattr(Learner, spoiled)

    def off(learner: Learner, *args: object, **more: object) -> object:
        out = whole(learner, *args, **more)
        if spoiled == "predict" and learner.sessions is None:
            return replace(out, baseline_mse=1.1 * out.baseline_mse)
        w = learner._s["W_u"]
        learner._s["W_u"] = np.nextafter(w, np.float32(2)).astype(np.float32)
        return out

    monkeypatch.setattr(Learner, spoiled, off)
    result = Prober(NumpyEngine("numpy"), 10.0, 3).measure(capability)
    assert result.status == "fails"
    assert "bits" in result.reason or "batch" in result.reason


def test_a_probe_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "GRACE_S", 0.0)
    go_on = threading.Event()
    monkeypatch.setattr(Learner, "predict", lambda *_: go_on.wait())
    prober = Prober(NumpyEngine("numpy"), 0.1)
    monkeypatch.setattr(measuring, "SETUP_S", 0.1)
    assert prober.measure("predict").status == "fails"
    assert "predict of this provider hangs" in prober.measure("adapt").reason
    go_on.set()


def test_a_gpu_that_torch_cannot_use_fails_with_the_reason() -> None:
    if any(engine.gpu is not None for engine in engines()):
        pytest.skip("there is a GPU")
    result = Prober(TorchEngine("cuda:0", "cuda:0", "a GPU"), 10.0).measure("pretrain")
    assert result.status == "fails"
    assert result.reason.startswith("device cuda:0: ")


def test_the_matrix_marks_what_became_worse_and_forgets_nothing(shell: Shell) -> None:
    kept = Results(shell.root)
    for median_s in (0.010, 0.011, 0.009, 0.016):
        kept.add(measured(median_s=median_s))
    for one in (measured("adapt"), measured("adapt", status="fails", reason="other bits")):
        kept.add(one)
    kept.add(measured("resume", identity="another machine"))
    kept.add(measured("batch"))
    kept._log.append(MEASURED, provider="numpy", capability="pretrain", status="\x1b[2J")
    assert shell("provider", "matrix", "--json") == 0
    cells = {c["capability"]: c for c in json.loads(shell.out)["providers"][0]["cells"]}
    assert cells["predict"]["mark"] == "1.6 times slower"
    assert cells["predict"]["medians_s"] == [0.010, 0.011, 0.009, 0.016]
    assert cells["adapt"]["mark"] == "fails now"
    assert cells["resume"]["status"] == "never tested"
    assert cells["batch"]["mark"] is None
    assert cells["pretrain"]["status"] == "never tested"
    assert shell("provider", "matrix") == 0
    assert "1.6 times slower than before (10 ms)" in shell.out
    assert "numpy adapt: fails, other bits, it worked before" in shell.out


def test_results_that_are_no_file_are_told_in_one_line(shell: Shell) -> None:
    path = shell.root / ".lab" / "providers" / "events.jsonl"
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    assert shell("provider", "matrix") == 1
    assert shell.err == f"error: {path}: is a named pipe, not a file: remove it\n"


def test_find_lists_those_that_qualify_the_best_first(shell: Shell) -> None:
    kept, torch = Results(shell.root), find_providers().providers["torch-cpu"]
    kept.add(measured(median_s=0.01))
    kept.add(measured(median_s=0.005, provider="torch-cpu", identity=torch.identity))
    words = ("provider", "find", "--capability", "predict")
    assert shell(*words, "--json") == 0
    assert [one["provider"] for one in json.loads(shell.out)] == ["torch-cpu", "numpy"]
    assert shell(*words, "--max-p95", "15ms") == 0
    assert [line.split()[0] for line in shell.out.splitlines()] == ["provider", "torch-cpu"]
    assert shell(*words, "--min-throughput", "1000") == 1
    assert shell.out == ""
    assert "no provider qualifies" in shell.err
    assert shell(*words, "--max-age", "0s") == 1
    assert "not tested lately: numpy, torch-cpu" in shell.err
    assert "100ms" in shell.refused(*words, "--max-p95", "soon")
    assert "predict" in shell.refused("provider", "find", "--capability", "fly")


def test_refresh_tests_only_what_is_missing(shell: Shell) -> None:
    kept = Results(shell.root)
    names = [
        (p.name, p.identity, c) for p in find_providers().providers.values() for c in p.capabilities
    ]
    for name, identity, capability in names:
        if (name, capability) != ("numpy", "pretrain"):
            kept.add(measured(capability, provider=name, identity=identity))
    assert shell("provider", "matrix", "--refresh", "--json") == 0
    (job,) = list_jobs(shell.root)
    assert [one["capability"] for one in results(job)["measurements"]] == ["pretrain"]
    assert shell("provider", "matrix", "--refresh", "--json") == 0
    assert len(list_jobs(shell.root)) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[a\n", "is no TOML"),
        ('[a]\nkind = "opnai"\n', "[a]: kind: 'opnai' is none"),
        ("[a]\nbase_url = 3\n", "base_url: has to be a text"),
        ('[a]\nkind = "openai"\nbase_ulr = "http://x/v1"\n', "did you mean base_url?"),
        ('[a]\nkind = "openai"\nbase_url = "localhost:1"\n', "base_url: is no URL"),
        ('[a]\nkind = "openai"\nbase_url = "http://u:SECRET@h/v1"\n', "name that in key_env"),
        ('[a]\nkind = "openai"\nkey_env = "sk-SECRET"\n', "key_env: is no name"),
        ('[a]\nkind = "openai"\napi_key = "sk-SECRET"\n', "a key never stands in this file"),
        ('[numpy]\nkind = "openai"\n', "the name of an engine"),
        ('kind = "openai"\n', "stands outside an endpoint"),
        ('[a]\nmodel = "m"\n', "kind: is missing"),
    ],
)
def test_a_typo_in_providers_toml_is_one_line_that_names_it(
    text: str, said: str, shell: Shell, config: Path
) -> None:
    config.parent.mkdir(parents=True)
    config.write_text(text)
    line = shell.refused("provider", "test", "a")
    assert said in line
    assert str(config) in line
    assert "SECRET" not in line
    assert shell("provider", "matrix") == 0, "engines work without the file"
    assert said in shell.err
    assert "SECRET" not in shell.err + shell.out


def test_endpoints_are_added_and_removed_and_all_else_in_the_file_stays(
    shell: Shell, config: Path
) -> None:
    add = ("provider", "add", "ollama", "--base-url", "http://localhost:11434/v1")
    assert shell(*add, "--model", 'a "b" \x7f', root=False) == 0
    with config.open("a") as file:
        file.write('\n# mine\n["x.y"]\nkind = "anthropic" # note\n\n# the last\n')
    assert "there is an endpoint of this name" in shell.refused(*add, root=False)
    assert shell(*add, "--model", "m", "--price-in", "1", "--replace", root=False) == 0
    definitions = read_definitions(config)
    assert definitions["ollama"] == Definition(
        "ollama", "openai", "http://localhost:11434/v1", "m", price_in=1.0
    )
    assert '# mine\n["x.y"]\nkind = "anthropic" # note\n' in config.read_text()
    assert shell("provider", "list", "--json") == 0
    assert [p["name"] for p in json.loads(shell.out)][-2:] == ["x.y", "ollama"]
    assert shell("provider", "remove", "ollama", root=False) == 0
    assert "ollama" not in config.read_text()
    assert "# the last" in config.read_text()
    assert "is no endpoint" in shell.refused("provider", "remove", "ollama", root=False)
    secret = ("provider", "add", "b", "--key-env", "sk-SECRET")
    assert "SECRET" not in shell.refused(*secret, root=False)
    with pytest.raises(RefusedInput, match="price_in"):
        add_definition(config, Definition("c", "openai", price_in=float("nan")))


def test_training_is_validated_check_by_check(shell: Shell) -> None:
    validate = ("provider", "validate-training")
    assert shell(*validate, "numpy") == 0, shell.out
    assert shell(*validate, "torch-cpu", "--task", "text", "--json") == 0, shell.out
    names = [check["name"] for check in json.loads(shell.out)]
    assert names == ["device", "dependencies", "dtype", "memory", "disk", "base"]
    assert shell(*validate, "numpy", "--task", "text") == 1
    assert "choose torch-cpu" in shell.out
    gone = ("--set", "model=/nowhere")
    assert shell(*validate, "torch-cpu", "--task", "hf", *gone) == 1
    assert "model: there is no such directory" in shell.out
    assert "no provider" in shell.refused(*validate, "cuda:7")


def test_unknown_names_are_refused_with_those_that_there_are(shell: Shell) -> None:
    assert "did you mean numpy?" in shell.refused("provider", "test", "numpi")
    assert "predict" in shell.refused("provider", "test", "numpy", "--capability", "fly")
    assert "--max-age" in shell.refused("provider", "matrix", "--max-age", "long")
    assert not os.path.lexists(shell.root / ".lab" / "jobs")
