"""Classes of values: ``type``, ``isinstance``, ``issubclass``."""

from __future__ import annotations

import builtins
import collections.abc
import numbers
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    KNOWN_TYPES,
    Anything,
    BoundMethod,
    CallSite,
    External,
    Function,
    Instance,
    Model,
    NativeFunction,
    PyRaise,
    Symbolic,
    Unknown,
    UserClass,
    first_unknown,
)

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

OBJECT = External("builtins.object")
TYPE = External("builtins.type")
PLAIN_TYPES: dict[str, type] = {
    cls.__name__: cls
    for cls in (str, int, float, bool, bytes, list, tuple, dict, set, frozenset, complex, range, slice)
}
ABSTRACT: dict[str, type] = {
    **{f"collections.abc.{name}": getattr(collections.abc, name) for name in collections.abc.__all__},
    **{f"typing.{name}": getattr(collections.abc, name) for name in collections.abc.__all__},
    **{f"numbers.{name}": getattr(numbers, name) for name in numbers.__all__},
    "typing.List": list, "typing.Dict": dict, "typing.Set": set, "typing.Tuple": tuple, "typing.FrozenSet": frozenset,
}  # fmt: skip
"""Classes whose real ``isinstance`` can be asked about known data."""
TRANSPARENT = frozenset({
    "builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol", "typing_extensions.Protocol",
    "contextlib.ContextDecorator", "contextlib.AbstractContextManager", "collections.abc.Callable",
})  # fmt: skip
"""Base classes that give their subclasses no attribute that code uses by name."""


def real_class(name: str) -> type | None:
    """The built-in class of a qualified name."""
    found = getattr(builtins, name.removeprefix("builtins."), None)
    return found if isinstance(found, type) else None


def type_of(machine: Machine, value: Anything, site: CallSite) -> Anything:
    """``type(value)``."""
    cls = getattr(value, "user_class", None) if isinstance(value, KNOWN_TYPES) else None
    if cls is not None:
        return cls
    if isinstance(value, Instance):
        return value.cls
    if isinstance(value, KNOWN_TYPES):
        return External(_type_name(type(value)))
    if isinstance(value, UserClass):
        return value.meta or (External("abc.ABCMeta") if "abc.ABC" in value.externals() else TYPE)
    if isinstance(value, Function):
        return External("builtins.function")
    if isinstance(value, BoundMethod):
        return External(
            "builtins.builtin_function_or_method" if isinstance(value.function, NativeFunction) else "builtins.method"
        )
    if isinstance(value, External):
        if real_class(value.name) is not None:
            return TYPE
        if machine.native(value.name) is not None and value.name.startswith("builtins."):
            return External("builtins.builtin_function_or_method")
    if isinstance(value, Model) and value.type_name != "object":
        return External(value.type_name)
    lost = first_unknown([value])
    return machine.unknown(lost.why if lost else "the class of the object isn't known", site)


def _type_name(cls: type) -> str:
    module = {"zoneinfo": "zoneinfo", "_decimal": "decimal"}.get(cls.__module__, cls.__module__)
    return f"{module}.{cls.__qualname__}"


def is_a(machine: Machine, value: Anything, kind: Anything) -> bool | None:
    """``isinstance(value, kind)`` for one class; ``None`` when it isn't known."""
    if isinstance(kind, UserClass):
        return _is_of_project(value, kind)
    if isinstance(value, Unknown | Symbolic) or isinstance(kind, Unknown):
        return None
    if not isinstance(kind, External):
        if isinstance(kind, KNOWN_TYPES):
            raise PyRaise("TypeError", "isinstance() arg 2 must be a type, a tuple of types, or a union")
        return _is_model(value, kind)
    if kind == OBJECT or kind.name == "typing.Any":
        return True
    if isinstance(value, External | UserClass | Function | BoundMethod | NativeFunction):
        return _is_code(machine, value, kind)
    if isinstance(value, Instance):
        return _is_instance(machine, value, kind)
    return _is_plain(machine, value, kind)


def _is_of_project(value: Anything, kind: UserClass) -> bool | None:
    cls = getattr(value, "user_class", None) if isinstance(value, KNOWN_TYPES) else None
    if isinstance(value, Instance):
        cls = value.cls
    if isinstance(value, UserClass):
        return value.meta is not None and any(base is kind for base in value.meta.mro)
    if cls is not None and any(base is kind for base in cls.mro):
        return True
    if isinstance(value, Unknown | Symbolic | External) or kind.is_protocol():
        return None
    if cls is not None and any(isinstance(base, Unknown) for base in cls.mro):
        return None
    return None if "__instancecheck__" in (kind.meta.members if kind.meta else ()) else False


def _is_model(value: Anything, kind: Anything) -> bool | None:
    """A class that is a model, such as that of named tuples."""
    cls = getattr(kind, "cls", None)
    return isinstance(value, cls) if isinstance(cls, type) and isinstance(value, KNOWN_TYPES) else None


def _is_code(machine: Machine, value: Anything, kind: External) -> bool | None:
    if kind.name in ("collections.abc.Callable", "typing.Callable"):
        return True if not isinstance(value, External) or machine.native(value.name) is not None else None
    if kind == TYPE:
        if isinstance(value, External):
            return True if real_class(value.name) is not None else None
        return isinstance(value, UserClass)
    if kind.name == "types.FunctionType":
        return isinstance(value, Function) if not isinstance(value, External) else None
    if kind.name.removeprefix("builtins.") in PLAIN_TYPES and not isinstance(value, External):
        return False
    if isinstance(value, External):
        known = real_class(value.name) is not None and kind.name.removeprefix("builtins.") in PLAIN_TYPES
        return False if known else None
    return machine.hooks.is_instance(value, kind.name)


def _is_instance(machine: Machine, value: Instance, kind: External) -> bool | None:
    from dagport.evaluate.exceptions import exception_base

    externals = value.cls.externals()
    if kind.name in externals:
        return True
    known = machine.hooks.is_instance(value, kind.name)
    if known is not None:
        return known
    if kind.name in ABSTRACT:
        return _has_methods(value, kind.name)
    wanted = real_class(kind.name)
    base = exception_base(value.cls)
    mixed = {"enum.IntEnum": int, "enum.StrEnum": str, "enum.IntFlag": int}
    bases = [mixed.get(name) or real_class(name) for name in externals]
    if wanted is not None and (
        base is not None or all(cls is not None for cls in bases) or wanted in PLAIN_TYPES.values()
    ):
        return any(cls is not None and issubclass(cls, wanted) for cls in bases)
    return None if any(name not in TRANSPARENT for name in externals) or "." in kind.name else False


METHODS = {
    "Callable": "__call__", "Iterable": "__iter__", "Sized": "__len__", "Container": "__contains__",
    "Iterator": "__next__",
}  # fmt: skip


def _has_methods(value: Instance, name: str) -> bool | None:
    method = METHODS.get(name.rpartition(".")[2])
    found = method is not None and value.cls.lookup(method) is not NotImplemented
    if found:
        return True
    return False if method is not None and all(item in TRANSPARENT for item in value.cls.externals()) else None


def _is_plain(machine: Machine, value: Anything, kind: External) -> bool | None:
    known = machine.hooks.is_instance(value, kind.name)
    if known is not None:
        return known
    name = kind.name.removeprefix("builtins.")
    if isinstance(value, KNOWN_TYPES):
        if name in PLAIN_TYPES or kind.name in ABSTRACT:
            return isinstance(value, PLAIN_TYPES.get(name) or ABSTRACT[kind.name])
        real = real_class(kind.name)
        if real is not None:
            return isinstance(value, real)
        names = {f"{base.__module__}.{base.__qualname__}" for base in type(value).__mro__}
        if kind.name in names:
            return True
        return None if kind.name.startswith(("collections.", "typing.", "numbers.", "pendulum.", "types.")) else False
    if isinstance(value, Model):
        if value.type_name == kind.name:
            return True
        own, wanted = real_class(value.type_name), real_class(kind.name)
        if own is not None and wanted is not None:
            return issubclass(own, wanted)
        if name in PLAIN_TYPES and value.type_name.startswith("builtins."):
            return False
        return False if value.type_name.startswith("builtins.") and name in ("type",) else None
    return None


def options(kinds: Anything) -> list[Anything]:
    """The classes of a tuple of tuples of classes, of ``A | B``."""
    from dagport.evaluate.builtins import UnionType

    if isinstance(kinds, UnionType):
        return kinds.kinds
    return [item for kind in kinds for item in options(kind)] if isinstance(kinds, tuple) else [kinds]


def isinstance_of(machine: Machine, args: list[Anything], kwargs: dict[str, Any], site: CallSite) -> Anything:
    """``isinstance(value, kinds)``."""
    value, kinds = args
    results = [is_a(machine, value, External("builtins.NoneType") if kind is None else kind) for kind in options(kinds)]
    if True in results:
        return True
    if None not in results:
        return False
    lost = first_unknown(args)
    return machine.unknown(lost.why if lost else "the class of the object isn't known", site)


def issubclass_of(machine: Machine, args: list[Anything], kwargs: dict[str, Any], site: CallSite) -> Anything:
    """``issubclass(cls, kinds)``."""
    cls, kinds = args
    if isinstance(cls, (*KNOWN_TYPES, Instance, Function)):
        raise PyRaise("TypeError", "issubclass() arg 1 must be a class")
    results = [_is_subclass(cls, kind) for kind in options(kinds)]
    if True in results:
        return True
    return machine.unknown("the class hierarchy isn't known", site) if None in results else False


def _is_subclass(cls: Anything, kind: Anything) -> bool | None:
    if kind == OBJECT:
        return True
    if isinstance(cls, External) and isinstance(kind, External):
        real, wanted = real_class(cls.name), real_class(kind.name) or ABSTRACT.get(kind.name)
        if cls == kind:
            return True
        return issubclass(real, wanted) if real is not None and wanted is not None else None
    if isinstance(cls, External) and isinstance(kind, UserClass):
        return False if real_class(cls.name) is not None else None
    if not isinstance(cls, UserClass):
        return None
    if any(base is kind or base == kind for base in cls.mro):
        return True
    if isinstance(kind, UserClass):
        return None if any(isinstance(base, Unknown) for base in cls.mro) else False
    parts = [_is_subclass(base, kind) for base in cls.mro if isinstance(base, External) and base != OBJECT]
    if True in parts:
        return True
    lost = any(not isinstance(base, UserClass | External) for base in cls.mro)
    return None if lost or None in parts else False
