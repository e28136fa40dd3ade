"""One prompt to an endpoint, timed: latency to the first token, tokens a second, cost, answer."""

import time

from tttui.lab.providers.base import Deadline, Provider
from tttui.lab.providers.endpoint import Endpoint
from tttui.lab.providers.measuring import LONGEST_REASON
from tttui.model.dataclass import dataclass
from tttui.model.errors import RefusedInput, TttuiError
from tttui.model.text import shortened

MOST_TOKENS = 256

LIMIT_S = 120.0


@dataclass(frozen=True, slots=True)
class PromptAnswer:
    """The answer to one prompt; unknown values are None."""

    provider: str
    prompt: str
    text: str = ""
    """The endpoint's text: untrusted data."""
    error: str = ""
    """Why there is no answer, one line; '' where there is one."""
    first_s: float | None = None
    """Seconds to the first token."""
    seconds: float | None = None
    """Seconds to the last."""
    tokens_in: int | None = None
    tokens_out: int | None = None
    counted: bool = True
    """Whether the endpoint counted the tokens; else they are the pieces of its stream."""
    tokens_per_s: float | None = None
    """After the first token."""
    cost: float | None = None
    """Dollars, where providers.toml has the prices."""


def endpoint(provider: Provider) -> Endpoint:
    """The provider as one that takes prompts. Raises RefusedInput where it takes none."""
    if not isinstance(provider, Endpoint):
        raise RefusedInput(f"{provider.name}: is an engine, which takes no prompts")
    return provider


def ask(
    provider: Provider,
    prompt: str,
    *,
    most_tokens: int = MOST_TOKENS,
    limit_s: float = LIMIT_S,
) -> PromptAnswer:
    """Send a prompt to an endpoint and time it; a failure is `error`, without the key.

    Waits at most `limit_s` seconds, or slightly longer if the endpoint sends byte after byte.
    Raises RefusedInput where the provider is no endpoint.
    """
    endpoint_asked, deadline = endpoint(provider), Deadline(limit_s)
    began = time.perf_counter()
    try:
        endpoint_asked.connect()
        made = endpoint_asked.call(
            deadline,
            lambda: endpoint_asked.generate(prompt, deadline, most_tokens=most_tokens, stream=True),
        )
    except TttuiError as error:
        message = " ".join(endpoint_asked.clean(str(error)).split())
        return PromptAnswer(provider.name, prompt, error=shortened(message, LONGEST_REASON))
    seconds = time.perf_counter() - began
    rest = None if made.first_s is None else seconds - made.first_s
    return PromptAnswer(
        provider.name,
        prompt,
        text=endpoint_asked.clean(made.text),
        first_s=made.first_s,
        seconds=seconds,
        tokens_in=made.tokens_in,
        tokens_out=made.tokens_out,
        counted=made.counted,
        tokens_per_s=(made.tokens_out - 1) / rest if rest and made.tokens_out > 1 else None,
        cost=_cost(endpoint_asked, made.tokens_in, made.tokens_out if made.counted else None),
    )


def _cost(endpoint_asked: Endpoint, read: int | None, written: int | None) -> float | None:
    d = endpoint_asked.definition
    if d.price_in is None or d.price_out is None or read is None or written is None:
        return None
    return (read * d.price_in + written * d.price_out) / 1e6
