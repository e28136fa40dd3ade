"""Endpoints that speak the API of OpenAI: OpenAI, Ollama, vLLM, llama.cpp, Together ..."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tttui.lab.providers.base import Deadline, Done, Failure
from tttui.lab.providers.endpoint import (
    ABOUT_TOOL,
    MOST_TEXT,
    PROMPT,
    QUESTION,
    TOOL,
    TOOL_INPUT,
    Endpoint,
    Generated,
)

THOUGHTS = ("reasoning_content", "reasoning")
"""Where servers stream what a model thinks before it answers."""


class OpenAICompatible(Endpoint):
    """Asks through the client `openai`."""

    kind = "openai"
    library = "openai"
    url_hint = ", which mostly ends in /v1"

    @property
    def base_url(self) -> str:
        return self.definition.base_url or "https://api.openai.com/v1"

    def _made(self, library: Any, key: str, http_client: Any) -> Any:
        return library.OpenAI(
            api_key=key, base_url=self.base_url, http_client=http_client, max_retries=0
        )

    def _model_names(self, deadline: Deadline) -> Sequence[str]:
        return [str(model.id) for model in self.client(deadline).models.list().data or ()]

    def _models(self, deadline: Deadline) -> Done:
        names = self._model_names(deadline)
        if not names:
            raise Failure("its list of models is empty")
        model = self.definition.model
        if model and model not in names and f"{model}:latest" not in names:
            raise Failure(
                f"it has no model {model}; it has {', '.join(names[:5])}"
                + (f" and {len(names) - 5} more" if len(names) > 5 else "")
            )
        return Done(1)

    def generate(
        self, prompt: str, deadline: Deadline, *, most_tokens: int, stream: bool
    ) -> Generated:
        arguments: dict[str, Any] = {
            "model": self.model(deadline),
            "messages": [{"role": "user", "content": prompt}],
        }
        create = self.client(deadline).chat.completions.create
        if stream:
            return self._streamed(create, arguments, most_tokens)
        answer = self._limited(create, arguments, most_tokens)
        if not answer.choices:
            raise Failure("its answer has no choices")
        text = answer.choices[0].message.content or ""
        usage = answer.usage
        if usage is None:
            return Generated(text, tokens_out=len(text.split()), counted=False)
        return Generated(text, usage.prompt_tokens, usage.completion_tokens or 0)

    def _limited(self, create: Callable[..., Any], arguments: dict[str, Any], most: int) -> Any:
        """Make a request with a token limit, whose name newer models have changed, and without
        parameters that an older server does not know."""
        words = {**arguments, "max_tokens": most}
        while True:
            try:
                return create(**words)
            except Exception as error:
                complaint = str(error) if getattr(error, "status_code", 0) in (400, 422) else ""
                if "max_completion_tokens" in complaint and "max_tokens" in words:
                    words["max_completion_tokens"] = words.pop("max_tokens")
                elif "stream_options" in complaint and "stream_options" in words:
                    del words["stream_options"]
                else:
                    raise

    def _streamed(
        self, create: Callable[..., Any], arguments: dict[str, Any], most: int
    ) -> Generated:
        began, first = time.perf_counter(), None
        pieces, size, finished, usage = list[str](), 0, False, None
        with self._open(create, arguments, most) as answer:
            for chunk in answer:
                usage = chunk.usage or usage
                for choice in chunk.choices or ():
                    text = choice.delta.content or ""
                    thought = any(getattr(choice.delta, name, None) for name in THOUGHTS)
                    if (text or thought or choice.finish_reason == "length") and first is None:
                        first = time.perf_counter() - began
                    pieces.append(text)
                    size += len(text)
                    finished = finished or choice.finish_reason is not None
                if size > MOST_TEXT:
                    raise Failure(f"its stream is longer than {MOST_TEXT} characters")
        if not finished:
            raise Failure("its stream ended in the middle of the answer", again=True)
        text = "".join(pieces)
        if usage is not None and usage.completion_tokens:
            return Generated(text, usage.prompt_tokens, usage.completion_tokens, first)
        return Generated(text, None, sum(map(bool, pieces)), first, counted=False)

    @contextmanager
    def _open(
        self, create: Callable[..., Any], arguments: dict[str, Any], most: int
    ) -> Iterator[Any]:
        answer = self._limited(
            create, {**arguments, "stream": True, "stream_options": {"include_usage": True}}, most
        )
        try:
            yield answer
        finally:
            answer.close()

    def _embed(self, deadline: Deadline) -> Done:
        model = self.definition.embedding_model or self.model(deadline)
        answer = self.client(deadline).embeddings.create(
            model=model, input=[PROMPT], encoding_format="float"
        )
        vector = answer.data[0].embedding if answer.data else []
        if not vector:
            raise Failure("its embedding is empty")
        return Done(1)

    def _tool_call(self, deadline: Deadline) -> tuple[str, Any] | None:
        function = {"name": TOOL, "description": ABOUT_TOOL, "parameters": TOOL_INPUT}
        answer = self.client(deadline).chat.completions.create(
            model=self.model(deadline),
            messages=[{"role": "user", "content": QUESTION}],
            tools=[{"type": "function", "function": function}],
        )
        for call in (answer.choices[0].message.tool_calls or ()) if answer.choices else ():
            try:
                return str(call.function.name), json.loads(call.function.arguments)
            except ValueError:
                return str(call.function.name), None
        return None

    def _tuning(self, deadline: Deadline) -> Done:
        self.client(deadline).fine_tuning.jobs.list(limit=1)
        return Done(1)
