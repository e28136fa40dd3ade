"""Endpoints: asked through their clients, on loopback, by servers that answer well and badly."""

import json
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.cli.test_commands import Shell, shell
from tests.lab.endpointserver import (
    Answer,
    Request,
    anthropic_answers,
    begin_stream,
    chat,
    chunk,
    openai_answers,
    send,
    serving,
)
from tttui.lab.launchers import local
from tttui.lab.providers import wire
from tttui.lab.providers.base import Deadline
from tttui.lab.providers.configuration import KINDS, Definition, add_definition, endpoint_of
from tttui.lab.providers.endpoint import CAPABILITIES
from tttui.lab.providers.measuring import Measurement, Prober
from tttui.lab.providers.prompting import PromptAnswer, ask

__all__ = ["shell"]

KEY = 'sk-test-4242/+x"y\\z'
"""A key that looks different in JSON and in a URL."""

OTHERS = "sk-of-another-service"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A key of the endpoint's own, and variables that belong to the clients' own services."""
    monkeypatch.setenv("TEST_KEY", KEY)
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.setenv(name, OTHERS)
    for name in ("OPENAI_CUSTOM_HEADERS", "ANTHROPIC_CUSTOM_HEADERS"):
        monkeypatch.setenv(name, f"X-Secret: {OTHERS}")
    monkeypatch.setenv("OPENAI_LOG", "debug")
    for name in ("http_proxy", "https_proxy", "all_proxy"):  # of the machine, for loopback
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    yield
    for child in local.children:
        child.wait()


def measure(
    answer: Answer, capability: str, kind: str = "openai", limit_s: float = 30.0, key: str = ""
) -> Measurement:
    with serving(answer) as server:
        url = f"{server.url}/v1" if kind == "openai" else server.url
        with tried(Definition("e", kind, url, "m", key_env=key), limit_s) as prober:
            return prober.measure(capability)


@contextmanager
def tried(definition: Definition, limit_s: float = 30.0) -> Iterator[Prober]:
    prober = Prober(endpoint_of(definition), limit_s, 2)
    try:
        yield prober
    finally:
        prober.close()


def answer_of(definition: Definition, prompt: str = "Count", most_tokens: int = 77) -> PromptAnswer:
    provider = endpoint_of(definition)
    try:
        return ask(provider, prompt, most_tokens=most_tokens)
    finally:
        provider.close()


def hangs(_: Request, connection: socket.socket) -> None:
    connection.recv(1)  # until the client has gone


def says(
    status: str,
    body: bytes | str | dict[str, object] = b"",
    kind: str = "application/json",
    **headers: str,
) -> Answer:
    return lambda _, connection: send(connection, status, body, kind, **headers)


def stops_in_the_middle(request: Request, connection: socket.socket) -> None:
    if request.json.get("stream"):
        begin_stream(connection)
        connection.sendall(chunk("one "))
    else:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{"
        connection.sendall(head)


def never_ends(request: Request, connection: socket.socket) -> None:
    begin_stream(connection, "text/event-stream" if request.json.get("stream") else "text/json")
    while True:
        connection.sendall(b": nothing yet\n\n" * 1000)


def drips(_: Request, connection: socket.socket) -> None:
    begin_stream(connection, "application/json")
    while True:
        connection.sendall(b" ")
        connection.settimeout(0.02)
        with suppress(TimeoutError):
            connection.recv(1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("answer", "limit_s", "said"),
    [
        (hangs, 0.3, "hangs: no answer within 0.3 s"),
        (drips, 0.3, "did not end within 0.3 s"),
        (stops_in_the_middle, 30, "in the middle of"),
        (says("200 OK", "<html>", "text/html"), 30, "it answers text/html, not JSON"),
        (says("200 OK", "[1]"), 30, "not as the API of"),
        (says("200 OK", b'{"a": '), 30, "no JSON, or only half of it"),
        (says("401 No", {"error": {"message": "bad\x1b[2J"}}), 30, "401 it refuses the key: bad"),
        (says("404 No", {"error": {"message": "no model m"}}), 30, "404 not found: no model m"),
        (says("500 No"), 30, "500 an error of the endpoint"),
        (says("302 Found", location="http://elsewhere/"), 30, "it redirects to http://elsewhere/"),
        (says("429 No", retry_after="99"), 30, "it asks to wait 99 s (limit 30 s)"),
        (says("200 OK", b"\x1f\x8b", content_encoding="gzip"), 30, "compressed (gzip)"),
        (never_ends, 30, "longer than 1 MB"),
    ],
)
def test_what_goes_wrong_is_one_line(
    kind: str, answer: Answer, limit_s: float, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "MOST_BYTES", 1 << 20)
    result = measure(answer, "text-generation", kind, limit_s)
    assert result.status == "fails"
    assert said in result.reason
    assert "\n" not in result.reason
    assert "Traceback" not in result.reason


def test_a_stream_that_breaks_off_is_no_answer() -> None:
    result = measure(stops_in_the_middle, "streaming")
    assert (result.status, result.reason) == (
        "fails",
        "its stream ended in the middle of the answer",
    )


def test_it_waits_as_long_as_the_endpoint_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, waits = list[Request](), list[float]()
    monkeypatch.setattr(Deadline, "wait", lambda _, seconds: waits.append(seconds))

    def busy(request: Request, connection: socket.socket) -> None:
        asked.append(request)
        if len(asked) == 1:
            send(connection, "429 Too Many Requests", retry_after="0.6")
        else:
            send(connection, "200 OK", chat("one two"))

    result = measure(busy, "text-generation")
    assert result.status == "works"
    assert result.n == 2
    assert result.error_rate == 0.0
    assert waits == [0.6]


def test_no_network_and_a_key_that_is_not_set_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    with tried(Definition("e", "openai", url, "m")) as prober:
        assert f"no connection to {url}" in prober.measure("models").reason
    monkeypatch.delenv("TEST_KEY")
    with tried(Definition("e", "openai", url, "m", key_env="TEST_KEY")) as prober:
        reason = prober.measure("models").reason
    assert reason.startswith("the key is not set: put it into the environment variable TEST_KEY")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key", ["TEST_KEY", ""])
def test_an_endpoint_gets_its_own_key_and_nothing_else_of_the_environment(
    kind: str, key: str
) -> None:
    seen = list[Request]()

    def look(request: Request, connection: socket.socket) -> None:
        seen.append(request)
        send(connection, "500 No")

    measure(look, "models", kind, key=key)
    headers = seen[0].headers
    assert OTHERS not in str(headers)
    sent = headers.get("authorization", "") + headers.get("x-api-key", "")
    assert sent.removeprefix("Bearer ") == (KEY if key else "")


@pytest.mark.parametrize("kind", KINDS)
def test_the_proxy_of_the_environment_is_used(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(says("500 No")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        with tried(Definition("e", kind, "http://models.example/v1", "m")) as prober:
            prober.measure("models")
    path = "/v1/models" if kind == "openai" else "/v1/models/m"
    assert proxy.requests[0].path == f"http://models.example{path}"


def test_a_key_stands_in_no_file_and_on_no_screen(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server echoes what it was sent, in every way that an error can."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    turn = [0]

    def echo(request: Request, connection: socket.socket) -> None:
        sent, turn[0] = request.headers["authorization"], turn[0] + 1
        if turn[0] % 4 == 0:
            send(connection, "302 Found", location=f"http://elsewhere/{KEY.replace(chr(34), '')}")
        elif turn[0] % 4 == 1:
            send(connection, "401 No", {"error": {"message": f"bad key {sent}"}})
        elif turn[0] % 4 == 2:
            send(connection, "200 OK", "", f"text/{KEY[:-5]}")
        else:
            send(connection, "200 OK", chat(f"{sent} {sent}"))

    with serving(echo) as server:
        path = tmp_path / "config" / "tttui" / "providers.toml"
        add_definition(path, Definition("e", "openai", f"{server.url}/v1", "m", key_env="TEST_KEY"))
        assert shell("provider", "test", "e", "--wait") == 1
        shown = shell.out + shell.err
        assert "bad key Bearer ***" in shown
        for words in (("matrix",), ("matrix", "--json"), ("list",)):
            assert shell("provider", *words) == 0
            shown += shell.out + shell.err
        assert shell("logs") == 0
        shown += shell.out + shell.err
        answer = answer_of(Definition("e", "openai", f"{server.url}/v1", "m", key_env="TEST_KEY"))
    everything = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    everything += (shown + str(answer)).encode()
    assert b"TEST_KEY" in everything
    for form in (KEY, KEY[:9], KEY[4:14]):
        assert form.encode() not in everything


def test_a_prompt_is_timed_and_priced_and_its_answer_kept() -> None:
    gate = []

    def answer(request: Request, connection: socket.socket) -> None:
        gate.append(request.json)
        begin_stream(connection)
        for word in ("one", " two", " three\x1b[2J"):
            connection.sendall(chunk(word))
        connection.sendall(chunk("", "stop"))
        usage = {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}
        last = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        end = {**last, "choices": [], "usage": usage}
        connection.sendall(b"data: " + json.dumps(end).encode() + b"\n\ndata: [DONE]\n\n")

    with serving(answer) as server:
        d = Definition("e", "openai", f"{server.url}/v1", "m", price_in=2.0, price_out=4.0)
        result = answer_of(d)
    assert result.error == ""
    assert result.text == "one two three\x1b[2J"
    assert result.first_s is not None
    assert result.seconds is not None
    assert 0.0 < result.first_s <= result.seconds
    assert (result.tokens_in, result.tokens_out, result.counted) == (1000, 500, True)
    assert result.cost == pytest.approx(0.004)
    assert gate[0]["max_tokens"] == 77
    with serving(says("500 No")) as server:
        d = Definition("e", "openai", f"{server.url}/v1", "m")
        assert answer_of(d).error.startswith("500 ")


@pytest.mark.parametrize("kind", KINDS)
def test_everything_that_an_api_has_is_understood(kind: str) -> None:
    answers = {"openai": openai_answers, "anthropic": anthropic_answers}[kind]
    with serving(answers) as server:
        url = f"{server.url}/v1" if kind == "openai" else server.url
        with tried(Definition("e", kind, url, "m")) as prober:
            results = {name: prober.measure(name) for name in CAPABILITIES}
    lacking = {"openai": set[str](), "anthropic": {"embeddings", "fine-tuning"}}[kind]
    for name, one in results.items():
        assert one.status == ("not offered" if name in lacking else "works"), one
        assert one.error_rate == (1.0 if name in lacking else 0.0)


def test_a_client_that_is_missing_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in KINDS:
        monkeypatch.setitem(sys.modules, kind, None)
        result = Prober(endpoint_of(Definition("e", kind, "http://127.0.0.1:9")), 1.0).measure(
            "models"
        )
        assert result.status == "fails"
        assert "pip install 'tttui[endpoints]'" in result.reason
