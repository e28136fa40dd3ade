"""Models that learn inside `forward`."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from tttui.recorder.observer import Observer

Adapting = TypeVar("Adapting", bound=Callable[..., Any])


def wrapped(observer: "Observer", model: Adapting) -> Adapting:
    """The model, whose calls the observer is told of before and after."""
    if hasattr(model, "register_forward_pre_hook"):
        module = cast(Any, model)
        module.register_forward_pre_hook(lambda *_: observer.forward_begins())
        module.register_forward_hook(lambda *_: observer.forward_ended(), always_call=True)
        return model

    @wraps(model)
    def call(*args: Any, **kwargs: Any) -> Any:
        observer.forward_begins()
        try:
            return model(*args, **kwargs)
        finally:
            observer.forward_ended()

    return cast(Adapting, call)
