"""Anthropic, and servers that speak its Messages API."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from tttui.lab.providers.base import Deadline, Done, Failure
from tttui.lab.providers.endpoint import (
    ABOUT_TOOL,
    MOST_TEXT,
    QUESTION,
    TOOL,
    TOOL_INPUT,
    Endpoint,
    Generated,
)


class AnthropicMessages(Endpoint):
    """Asks through the client `anthropic`."""

    kind = "anthropic"
    library = "anthropic"

    @property
    def base_url(self) -> str:
        # The client itself adds /v1, which people know from other endpoints.
        url = self.definition.base_url.rstrip("/").removesuffix("/v1")
        return url or "https://api.anthropic.com"

    def _made(self, library: Any, key: str, http_client: Any) -> Any:
        return library.Anthropic(
            api_key=key, base_url=self.base_url, http_client=http_client, max_retries=0
        )

    def _model_names(self, deadline: Deadline) -> Sequence[str]:
        return [str(model.id) for model in self.client(deadline).models.list(limit=1).data or ()]

    def _models(self, deadline: Deadline) -> Done:
        # A name may stand for a newer one, which the list does not have.
        model = self.model(deadline)
        if not self.client(deadline).models.retrieve(model).id:
            raise Failure(f"its answer about the model {model} names no model")
        return Done(1)

    def generate(
        self, prompt: str, deadline: Deadline, *, most_tokens: int, stream: bool
    ) -> Generated:
        create = self.client(deadline).messages.create
        arguments: dict[str, Any] = {
            "model": self.model(deadline),
            "max_tokens": most_tokens,
            "messages": [{"role": "user", "content": prompt}],
        }
        if stream:
            return self._streamed(create, arguments)
        answer = create(**arguments)
        text = "".join(part.text for part in answer.content or () if part.type == "text")
        return Generated(text, answer.usage.input_tokens, answer.usage.output_tokens)

    def _streamed(self, create: Callable[..., Any], arguments: dict[str, Any]) -> Generated:
        began, first, finished = time.perf_counter(), None, False
        pieces, size = list[str](), 0
        read: int | None = None
        written: int | None = None
        answer = create(**arguments, stream=True)
        try:
            for event in answer:
                if event.type == "message_start":
                    read = event.message.usage.input_tokens
                elif event.type == "content_block_delta" and event.delta.type == "text_delta":
                    first = time.perf_counter() - began if first is None else first
                    pieces.append(event.delta.text)
                    size += len(event.delta.text)
                elif event.type == "message_delta":
                    written = event.usage.output_tokens
                elif event.type == "message_stop":
                    finished = True
                if size > MOST_TEXT:
                    raise Failure(f"its stream is longer than {MOST_TEXT} characters")
        finally:
            answer.close()
        if not finished:
            raise Failure("its stream ended in the middle of the answer", again=True)
        count = len(pieces) if written is None else written
        return Generated("".join(pieces), read, count, first, counted=written is not None)

    def _tool_call(self, deadline: Deadline) -> tuple[str, Any] | None:
        answer = self.client(deadline).messages.create(
            model=self.model(deadline),
            max_tokens=200,
            messages=[{"role": "user", "content": QUESTION}],
            tools=[{"name": TOOL, "description": ABOUT_TOOL, "input_schema": TOOL_INPUT}],
        )
        for part in answer.content or ():
            if part.type == "tool_use":
                return str(part.name), part.input
        return None
