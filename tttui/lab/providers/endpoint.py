"""What all endpoints for language models share: their probes, and errors as one line."""

import email.utils
import logging
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from tttui.lab.providers.base import (
    Deadline,
    Done,
    Failure,
    OutOfTime,
    Probe,
    Provider,
    TrainingCheck,
)
from tttui.lab.providers.configuration import Definition
from tttui.lab.providers.secrets import SecretKey
from tttui.lab.providers.wire import Wire
from tttui.model.dataclass import dataclass

T = TypeVar("T")

CAPABILITIES = (
    "models",
    "text-generation",
    "streaming",
    "embeddings",
    "tool-use",
    "fine-tuning",
)

MOST_TEXT = 1 << 20
"""Characters of a text that is streamed."""

MOST_TOKENS = 16
"""Tokens that a probe asks for: enough to be timed, and cheap."""

PROMPT = "Count from one to ten in words."

QUESTION = "What is the weather in Paris now? Use the tool."

TOOL, ABOUT_TOOL = "get_weather", "The weather in a city now"

TOOL_INPUT: Mapping[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}

EXTRA = "pip install 'tttui[endpoints]'"

LEAST_WAIT_S = 0.5
"""Seconds before it is asked again, whatever it says."""

NOT_THERE = (404, 405, 501)
"""Answers that say that an endpoint does not have something."""

NOT_TAKEN = (400, 403, 422)
"""Answers to a request that is right, where a model or an account does not take it."""

WORDS: Mapping[int, str] = {
    401: "it refuses the key",
    403: "the key may not do that",
    404: "not found",
    429: "too many requests",
    500: "an error of the endpoint",
    502: "what is behind the endpoint does not answer",
    503: "the endpoint is overloaded or starting",
}


@dataclass(frozen=True, slots=True)
class Generated:
    """A generated text; tokens are counted by the endpoint, or as pieces of the stream."""

    text: str
    tokens_in: int | None = None
    tokens_out: int = 0
    first_s: float | None = None
    """Seconds to the first token, where it was streamed."""
    counted: bool = True
    """Whether the endpoint counted the tokens."""


class Endpoint(Provider):
    """A service for language models, as a `Definition` names it."""

    capabilities = CAPABILITIES
    needed = ("text-generation",)

    library: ClassVar[str]
    """The client's package."""
    url_hint: ClassVar[str] = ""
    """What is to be known of base URLs."""

    def __init__(self, definition: Definition) -> None:
        self.definition, self.name = definition, definition.name
        self._key = SecretKey()
        self._client: Any = None
        self._wire = Wire(self._key)

    @property
    def detail(self) -> str:
        model = f", {self.definition.model}" if self.definition.model else ""
        return f"{self.base_url}{model}"

    @property
    def identity(self) -> str:
        d = self.definition
        return " ".join(filter(None, (d.kind, self.base_url, d.model, d.embedding_model)))

    @property
    def variables(self) -> Sequence[str]:
        return tuple(filter(None, (self.definition.key_env,)))

    @property
    @abstractmethod
    def base_url(self) -> str:
        """Where it is."""

    def clean(self, text: str) -> str:
        return self._key.hide(text)

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def probe(self, capability: str) -> Probe:
        """One request and its answer, again and again."""
        what, unit, once = self._probes()[capability]
        self.connect()

        def timed(deadline: Deadline) -> Done:
            began = time.perf_counter()
            done = once(deadline)
            seconds = time.perf_counter() - began  # without what it asked to wait before
            return done if done.latency_s is not None else Done(done.units, seconds)

        def guarded(deadline: Deadline) -> Done:
            return self.call(deadline, lambda: timed(deadline))

        return Probe(what, unit, guarded, repeat=5, warm_up=0)

    def training_checks(
        self, task: Any, values: Mapping[str, Any], root: Path
    ) -> Sequence[TrainingCheck]:
        remedy = "choose an engine: numpy, torch-cpu or cuda:N (`tttui provider list`)"
        return [TrainingCheck("device", False, "an endpoint keeps its weights to itself", remedy)]

    def _probes(self) -> Mapping[str, tuple[str, str, Callable[[Deadline], Done]]]:
        """By capability: one repetition in words, its unit, and the function."""
        return {
            "models": ("the list of its models", "requests", self._models),
            "text-generation": (f"{MOST_TOKENS} tokens", "tokens", self._text),
            "streaming": (f"{MOST_TOKENS} tokens; latency to the first", "tokens", self._stream),
            "embeddings": ("one sentence embedded", "texts", self._embed),
            "tool-use": ("a question that needs a tool", "requests", self._use_tool),
            "fine-tuning": ("the list of its fine-tuning jobs", "requests", self._tuning),
        }

    def _text(self, deadline: Deadline) -> Done:
        generated = self.generate(PROMPT, deadline, most_tokens=MOST_TOKENS, stream=False)
        if not generated.tokens_out:
            raise Failure("its answer is empty", again=True)
        return Done(generated.tokens_out)

    def _stream(self, deadline: Deadline) -> Done:
        generated = self.generate(PROMPT, deadline, most_tokens=MOST_TOKENS, stream=True)
        if generated.first_s is None:
            raise Failure("its stream holds no text", again=True)
        return Done(generated.tokens_out, generated.first_s)

    def _use_tool(self, deadline: Deadline) -> Done:
        call = self._tool_call(deadline)
        if call is None:
            raise Failure("the model answers in words and calls no tool", offered=False)
        name, arguments = call
        if name != TOOL or not isinstance(arguments, dict) or "city" not in arguments:
            raise Failure("the model calls the tool, but not as it is described", again=True)
        return Done(1)

    def model(self, deadline: Deadline) -> str:
        """The configured model, else the first that the endpoint lists. Raises Failure."""
        if self.definition.model:
            return self.definition.model
        if not (names := self._model_names(deadline)):
            raise Failure("names no models; write model into its configuration")
        return names[0]

    @abstractmethod
    def _made(self, library: Any, key: str, http_client: Any) -> Any:
        """The library's client."""

    @abstractmethod
    def _model_names(self, deadline: Deadline) -> Sequence[str]:
        """The models that it has, or the first of them."""

    @abstractmethod
    def _models(self, deadline: Deadline) -> Done:
        """Whether it has the model that is named, or any."""

    @abstractmethod
    def _tool_call(self, deadline: Deadline) -> tuple[str, Any] | None:
        """Ask `QUESTION` with the tool; its call's name and arguments, None where there is none."""

    def _embed(self, deadline: Deadline) -> Done:
        raise Failure(f"the API of {self.kind} has no embeddings", offered=False)

    def _tuning(self, deadline: Deadline) -> Done:
        raise Failure(f"the API of {self.kind} has no fine-tuning", offered=False)

    @abstractmethod
    def generate(
        self, prompt: str, deadline: Deadline, *, most_tokens: int, stream: bool
    ) -> Generated:
        """Have it answer a prompt. Raises what its client raises, which `call` puts in words."""

    # -- asking -------------------------------------------------------------------------------

    def connect(self) -> None:
        """Make the client. Raises Failure where it is not installed, or the key is not set."""
        if self._client is not None:
            return
        try:
            library = import_module(self.library)
        except ImportError:
            raise Failure(f"the client `{self.library}` is not installed: {EXTRA}") from None
        for name in (self.library, "httpx", "httpx2", "httpcore", "httpcore2"):
            logging.getLogger(name).setLevel(logging.WARNING)  # they would log headers
        self._key = SecretKey.of(self.definition.key_env)
        self._wire = Wire(self._key, self.url_hint)
        http_client = library.DefaultHttpxClient(
            follow_redirects=False,
            event_hooks={"request": [self._wire.sends], "response": [self._wire.receives]},
        )
        self._client = self._made(library, self._key.reveal() or "none", http_client)

    def call(self, deadline: Deadline, ask: Callable[[], T]) -> T:
        """Make a request before the deadline; retries after the wait that the endpoint asks for.

        Raises Failure in one line, without the key.
        """
        self._wire.deadline, waits = deadline, 0
        while True:
            deadline.check()
            try:
                with self._in_words(deadline):
                    return ask()
            except _Later as later:
                asks = "" if later.seconds is None else f"; it asks to wait {later.seconds:.3g} s"
                wait = max(LEAST_WAIT_S, later.seconds or 0.0)
                if later.seconds is None or wait >= deadline.left:
                    limit = f" (limit {deadline.limit:g} s)" if asks else ""
                    after = f", also after {waits} wait{'s' * (waits > 1)}" if waits else ""
                    raise Failure(f"429 {WORDS[429]}{after}{asks}{limit}") from None
                waits += 1
                deadline.wait(wait)

    def client(self, deadline: Deadline) -> Any:
        """The client, which gives up at the deadline."""
        return self._client.with_options(timeout=max(0.001, deadline.left), max_retries=0)

    @contextmanager
    def _in_words(self, deadline: Deadline) -> Iterator[None]:
        """Turn errors of the client and its transport into a Failure."""
        try:
            yield
        except Failure:
            raise
        except Exception as error:
            raise self._failure(error, deadline) from None  # a cause could hold the key

    def _failure(self, error: Exception, deadline: Deadline) -> Exception:
        status = getattr(error, "status_code", None)
        if isinstance(status, int):
            if status == 429:
                return _Later(_retry_after(getattr(error, "response", None)))
            message = self.clean(_message(error))
            tell = f"{status} {WORDS.get(status, 'refused')}{f': {message}' if message else ''}"
            remedy = self._remedy(status)
            return Failure(
                tell + (f"; {remedy}" if remedy else ""),
                offered=status not in (*NOT_THERE, *NOT_TAKEN),
                again=status >= 500 and status not in NOT_THERE,
            )
        for cause in _causes(error):
            if isinstance(cause, Failure):
                return cause
        names = {type(cause).__name__ for cause in _causes(error)}
        if names & {"APITimeoutError", "ReadTimeout", "ConnectTimeout", "WriteTimeout"}:
            return OutOfTime(f"hangs: no answer within {deadline.limit:g} s")
        message = self.clean(str(list(_causes(error))[-1])).strip()
        if names & {"ConnectError", "ConnectTimeout", "ProxyError"}:
            reason = f": {message}" if message else ""
            return Failure(
                f"no connection to {self.base_url}{reason}; is it running and reachable?"
            )
        if names & {"RemoteProtocolError", "ReadError", "StreamError", "IncompleteRead"}:
            return Failure("it closed the connection in the middle of its answer", again=True)
        if isinstance(error, ValueError):
            return Failure("its answer is no JSON, or only half of it", again=True)
        if isinstance(error, (AttributeError, LookupError, TypeError)):  # of what is not there
            return Failure(f"its answer is not as the API of {self.kind} has it; check base_url")
        return Failure(f"its answer cannot be parsed: {type(error).__name__}: {message}")

    def _remedy(self, status: int) -> str:
        if status == 401:
            variable = self.definition.key_env
            return f"check the key in {variable}" if variable else "name its variable in key_env"
        if status == 404:
            return "check base_url and model"
        return ""


class _Later(Exception):
    """Too many requests; `seconds` to wait, where the endpoint says so."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__()
        self.seconds = seconds


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what it was raised from, outermost first."""
    seen: BaseException | None = error
    for _ in range(10):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or seen.__context__


def _message(error: Exception) -> str:
    """An endpoint's error message in one short line; '' if it is no JSON."""
    body = getattr(error, "body", None)
    if isinstance(body, dict):
        inner = body.get("error", body)
        if isinstance(inner, dict):
            inner = inner.get("message") or inner.get("detail") or ""
        if isinstance(inner, str):
            return " ".join(inner.split())[:2000]
    return ""


def _retry_after(response: Any) -> float | None:
    """The seconds in Retry-After, which may be a date; None where there is none."""
    text = str(getattr(response, "headers", {}).get("retry-after", "")).strip()
    with suppress(ValueError):
        seconds = float(text)
        return seconds if 0.0 <= seconds < 1e9 else None
    with suppress(ValueError, TypeError):
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    return None
