"""Dataclasses whose methods are written when they are first used, so that imports are fast.

`dataclasses.dataclass` compiles up to six methods of a class when that is defined, which takes
half a millisecond; the app defines some two hundred before its first chart and makes few of them.
"""

import dataclasses
from collections.abc import Callable, Sequence
from operator import attrgetter
from reprlib import recursive_repr
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(
        cls: type | None = None, *, frozen: bool = False, eq: bool = True, slots: bool = False
    ) -> Any:
        """As in the standard library, whose `fields`, `replace` and `asdict` work with it."""

        def decorate(cls: type) -> type:
            if any(dataclasses.is_dataclass(base) for base in cls.__mro__[1:]):
                return dataclasses.dataclass(cls, frozen=frozen, eq=eq, slots=slots)
            return _made(cls, frozen=frozen, eq=eq, slots=slots)

        return decorate if cls is None else decorate(cls)


Method = Callable[..., Any]


def _made(cls: type, *, frozen: bool, eq: bool, slots: bool) -> type:
    explicit = _has_hash(cls)
    cls.__doc__ = cls.__doc__ or cls.__name__  # else its signature is made for it
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(cls)
    params = made.__dataclass_params__
    params.init, params.repr, params.eq, params.frozen = True, True, eq, frozen
    fields = dataclasses.fields(made)
    methods = {"__init__": _init_at_first(made, frozen), "__repr__": _repr(fields)}
    if eq:
        values = _values([field.name for field in fields if field.compare])
        methods["__eq__"] = _eq(values)
        if frozen and not explicit:
            made.__hash__ = lambda self: hash(values(self))
        elif not explicit:
            made.__hash__ = None
    if frozen:
        methods |= _unchangeable(made, {field.name for field in fields})
        if slots:
            methods |= {"__getstate__": _state, "__setstate__": _set_state}
    for name, method in methods.items():
        if name not in made.__dict__:
            setattr(made, name, method)
    return made  # type: ignore[no-any-return]


def _has_hash(cls: type) -> bool:
    """Whether the class defines its hash; one that only defines `__eq__` has None."""
    own = cls.__dict__
    return "__hash__" in own and not (own["__hash__"] is None and "__eq__" in own)


def _init_at_first(cls: Any, frozen: bool) -> Method:
    """An `__init__` that writes the real one in its own place."""

    def __init__(self: object, /, *args: object, **kwargs: object) -> None:  # noqa: N807
        cls.__init__ = init = _written_init(cls, frozen)
        init(self, *args, **kwargs)

    return __init__


def _written_init(cls: Any, frozen: bool) -> Method:
    """The `__init__` of these fields, compiled."""
    takes, body = ["self"], list[str]()
    scope: dict[str, Any] = {"set_any": object.__setattr__, "MADE": object()}
    for field in dataclasses.fields(cls):
        name = value = field.name
        if field.default_factory is not dataclasses.MISSING:
            scope[f"make_{name}"] = field.default_factory
            value = f"make_{name}()" + (f" if {name} is MADE else {name}" if field.init else "")
            default = "=MADE"
        else:
            scope[f"default_{name}"] = field.default
            default = "" if field.default is dataclasses.MISSING else f"=default_{name}"
            if not field.init:
                continue  # the class has its default, or `__post_init__` sets it
        if field.init:
            takes.append(name + default)
        slot = getattr(cls, name, None)
        if not frozen:
            body.append(f"self.{name} = {value}")
        elif isinstance(slot, MemberDescriptorType):
            scope[f"set_{name}"] = slot.__set__
            body.append(f"set_{name}(self, {value})")
        else:
            body.append(f"set_any(self, {name!r}, {value})")
    body.append("self.__post_init__()" if hasattr(cls, "__post_init__") else "pass")
    exec("\n ".join([f"def __init__({', '.join(takes)}):", *body]), scope)
    init: Method = scope["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init


def _values(names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    """Takes these attributes of a thing."""
    if not names:
        return lambda _: ()
    get = attrgetter(*names)
    return get if len(names) > 1 else lambda thing: (get(thing),)


def _eq(values: Callable[[Any], tuple[Any, ...]]) -> Method:
    def __eq__(self: object, other: object) -> bool:  # noqa: N807
        if other.__class__ is self.__class__:
            return values(self) == values(other)
        return NotImplemented

    return __eq__


def _repr(fields: Sequence["dataclasses.Field[Any]"]) -> Method:
    names = [field.name for field in fields if field.repr]

    def __repr__(self: object) -> str:  # noqa: N807
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{self.__class__.__qualname__}({shown})"

    return recursive_repr("...")(__repr__)


def _unchangeable(cls: Any, names: set[str]) -> dict[str, Method]:
    """Of a frozen class; one that inherits from it may have attributes of its own."""

    def __setattr__(self: Any, name: str, value: object) -> None:  # noqa: N807
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)

    def __delattr__(self: Any, name: str) -> None:  # noqa: N807
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)

    return {"__setattr__": __setattr__, "__delattr__": __delattr__}


def _state(self: Any) -> list[object]:
    """For `pickle` and `copy`, which would set attributes one by one."""
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _set_state(self: Any, state: Sequence[object]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)
