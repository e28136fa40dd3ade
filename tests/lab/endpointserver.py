"""A small server on loopback, which answers as a test tells it, well or badly."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Request:
    """One request as it came in."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.line.split()[1]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Answer = Callable[[Request, socket.socket], None]


@dataclass
class Server:
    """Where it listens, and what it was asked."""

    url: str
    closing: threading.Event
    requests: list[Request] = field(default_factory=list)


@contextmanager
def serving(answer: Answer) -> Iterator[Server]:
    """A server that answers every request by `answer`, each connection in a thread."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(f"http://127.0.0.1:{listener.getsockname()[1]}", threading.Event())

    def talk(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            request = _request(connection)
            if request is not None:
                server.requests.append(request)
                answer(request, connection)

    def listen() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    try:
        yield server
    finally:
        server.closing.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def send(
    connection: socket.socket,
    status: str,
    body: bytes | str | dict[str, Any] = b"",
    kind: str = "application/json",
    **headers: str,
) -> None:
    """A whole answer."""
    content = json.dumps(body).encode() if isinstance(body, dict) else body
    content = content.encode() if isinstance(content, str) else content
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    connection.sendall(
        f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(content)}\r\n"
        f"connection: close\r\n{more}\r\n".encode()
        + content
    )


def begin_stream(connection: socket.socket, kind: str = "text/event-stream") -> None:
    """The head of an answer that ends when the connection does."""
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n"
    connection.sendall(head.encode())


def chunk(text: str, finish: str | None = None) -> bytes:
    """A piece of a stream of a chat."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return b"data: " + json.dumps(_chat("chat.completion.chunk", [choice])).encode() + b"\n\n"


def chat(text: str, **message: Any) -> dict[str, Any]:
    """A whole answer of a chat."""
    said = {"role": "assistant", "content": text, **message}
    choice = {"index": 0, "message": said, "finish_reason": "stop"}
    usage = {"prompt_tokens": 7, "completion_tokens": 4, "total_tokens": 11}
    return {**_chat("chat.completion", [choice]), "usage": usage}


def openai_answers(request: Request, connection: socket.socket) -> None:
    """All that the API of OpenAI has."""
    if request.path.endswith("/models"):
        send(connection, "200 OK", {"object": "list", "data": [{"id": "m", "object": "model"}]})
    elif request.path.endswith("/embeddings"):
        vector = {"object": "embedding", "index": 0, "embedding": [0.5, 1.0]}
        send(connection, "200 OK", {"object": "list", "model": "m", "data": [vector]})
    elif "/fine_tuning/jobs" in request.path:
        send(connection, "200 OK", {"object": "list", "data": [], "has_more": False})
    elif request.json.get("tools"):
        name = request.json["tools"][0]["function"]["name"]
        function = {"name": name, "arguments": '{"city": "Paris"}'}
        calls = [{"id": "1", "type": "function", "function": function}]
        send(connection, "200 OK", chat("", tool_calls=calls))
    elif "max_tokens" in request.json or "stream_options" in request.json:  # as newer, older ones
        wrong = "max_tokens" if "max_tokens" in request.json else "stream_options"
        said = f"{wrong} is not taken; use max_completion_tokens"
        send(connection, "400 Bad Request", {"error": {"message": said}})
    elif request.json.get("stream"):
        begin_stream(connection)
        connection.sendall(chunk("one") + chunk(" two", "length") + b"data: [DONE]\n\n")
    else:
        send(connection, "200 OK", chat("one two"))


def anthropic_answers(request: Request, connection: socket.socket) -> None:
    """All that the Messages API has."""
    usage = {"input_tokens": 7, "output_tokens": 4}
    message = {"id": "1", "type": "message", "role": "assistant", "model": "m", "usage": usage}
    message |= {"stop_reason": "end_turn"}
    if "/models/" in request.path:
        model = {
            "id": "m",
            "type": "model",
            "display_name": "m",
            "created_at": "2026-01-01T00:00:00Z",
        }
        send(connection, "200 OK", model)
    elif request.json.get("tools"):
        call = {"type": "tool_use", "id": "1", "name": request.json["tools"][0]["name"]}
        send(connection, "200 OK", {**message, "content": [{**call, "input": {"city": "Paris"}}]})
    elif request.json.get("stream"):
        begin_stream(connection)
        delta = {"type": "text_delta", "text": "one two"}
        for event in (
            {"type": "message_start", "message": {**message, "content": []}},
            {
                "type": "content_block_start",
                "index": 0,
                "content_block": {"type": "text", "text": ""},
            },
            {"type": "content_block_delta", "index": 0, "delta": delta},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage},
            {"type": "message_stop"},
        ):
            text = f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
            connection.sendall(text.encode())
    else:
        content = [{"type": "text", "text": "one two"}]
        send(connection, "200 OK", {**message, "content": content})


def _chat(kind: str, choices: list[Any]) -> dict[str, Any]:
    return {"id": "1", "object": kind, "created": 1, "model": "m", "choices": choices}


def _request(connection: socket.socket) -> Request | None:
    data = b""
    while b"\r\n\r\n" not in data:
        block = connection.recv(1 << 16)
        if not block:
            return None
        data += block
    head, _, body = data.partition(b"\r\n\r\n")
    line, *rows = head.decode("latin-1").split("\r\n")
    headers = {row.partition(":")[0].lower(): row.partition(":")[2].strip() for row in rows}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(1 << 16)
    return Request(line, headers, body)
