"""A real OpenAI-compatible server on loopback, with a tiny model that is made here."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cli.test_commands import Shell, shell
from tests.lab.test_endpoints import answer_of, environment, tried
from tests.live import wait_until
from tttui.lab.providers.configuration import Definition

__all__ = ["environment", "shell"]


@pytest.fixture(scope="module")
def real_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The URL of `transformers serve` with a tiny model, and the model's name."""
    if any(find_spec(name) is None for name in ("transformers", "fastapi", "uvicorn")):
        pytest.skip("transformers[serving] is not installed")
    from tests.tasks.hfmodels import make_model

    folder = tmp_path_factory.mktemp("served")
    model = make_model(folder / "model")
    template = "{% for m in messages %}{{ m['content'] }}\n{% endfor %}"
    (model / "chat_template.jinja").write_text(template)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("transformers")
    words: list[str | Path] = [
        program,
        "serve",
        model,
        "--device",
        "cpu",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            words,
            stdout=log,
            stderr=log,
            cwd=folder,
            env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(folder)},
        )
    try:

        def listens() -> bool:
            assert process.poll() is None, (folder / "log").read_text()
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return True
            return False

        wait_until(listens)
        yield f"http://127.0.0.1:{port}/v1", str(model)
    finally:
        process.kill()
        process.wait()


def test_a_real_server_is_tested_and_answers_a_prompt(
    real_server: tuple[str, str], shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, model = real_server
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    add = ("provider", "add", "tiny", "--base-url", url, "--model", model)
    assert shell(*add, root=False) == 0
    assert shell("provider", "test", "tiny", "--repeat", "2", "--wait", "--json") == 0, shell.out
    results = {one["capability"]: one for one in json.loads(shell.out)["measurements"]}
    for capability in ("models", "text-generation", "streaming"):
        assert results[capability]["status"] == "works", results[capability]
        assert results[capability]["n"] == 2
    assert results["text-generation"]["throughput"] > 1.0
    assert results["streaming"]["median_s"] < results["text-generation"]["p95_s"] * 10
    for capability in ("embeddings", "fine-tuning"):
        assert results[capability]["status"] == "not offered"
        assert "404" in results[capability]["reason"]
    assert results["tool-use"]["status"] == "not offered"
    answer = answer_of(Definition("t", "openai", url, model), most_tokens=8)
    assert answer.error == ""
    assert answer.tokens_out == 8
    assert answer.text
    with tried(Definition("t", "openai", url, "nobody/has-this")) as prober:
        assert "it has no model nobody/has-this" in prober.measure("models").reason
