"""Objects of the project's classes that are also data, and the methods that every object has.

An object of a subclass of ``dict``, ``list``, ``str`` and the like is real data with a class and attributes, so that
all that is known about such data holds for it. Where the class redefines how its data behave, it isn't followed.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    Anything,
    BoundMethod,
    CallSite,
    External,
    Function,
    Instance,
    NativeFunction,
    PyRaise,
    UserClass,
    running,
)

if TYPE_CHECKING:
    from dagport.evaluate.domain import Native
    from dagport.evaluate.machine import Machine


class UserData:
    """Known data with a class of the project."""

    user_class: UserClass
    fields: dict[str, Anything]
    partial = False

    def __copy__(self) -> Any:
        return adopted(self, self.user_class, dict(self.fields))

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        plain = copy.deepcopy(plain_data(self), memo)
        return adopted(plain, self.user_class, copy.deepcopy(self.fields, memo))


class UserDict(UserData, dict[Any, Any]):
    """An object of a subclass of ``dict``."""

    def __missing__(self, key: Anything) -> Anything:
        hook = self.user_class.lookup("__missing__")
        machine, site = running()
        if not isinstance(hook, Function):
            raise KeyError(key)
        return machine.call(BoundMethod(hook, self), [key], {}, site)


class UserList(UserData, list[Any]):
    """An object of a subclass of ``list``."""


class UserTuple(UserData, tuple[Any, ...]):
    """An object of a subclass of ``tuple``."""


class UserText(UserData, str):
    """An object of a subclass of ``str``."""


class UserInt(UserData, int):
    """An object of a subclass of ``int``."""


class UserFloat(UserData, float):
    """An object of a subclass of ``float``."""


class UserSet(UserData, set[Any]):
    """An object of a subclass of ``set``."""


BUILT: dict[type, type] = {
    dict: UserDict, list: UserList, tuple: UserTuple, str: UserText, int: UserInt, float: UserFloat, set: UserSet,
}  # fmt: skip
PLAIN: dict[type, type] = {made: kind for kind, made in BUILT.items()}
DATA_BASES = {f"builtins.{kind.__name__}": kind for kind in BUILT} | {"collections.OrderedDict": dict}
BYPASSED = frozenset({
    "__getitem__", "__setitem__", "__delitem__", "__contains__", "__iter__", "__len__", "__eq__", "__ne__", "__hash__",
    "__bool__", "__lt__", "__gt__", "__le__", "__ge__", "__add__", "__radd__", "__iadd__", "__mul__", "__or__",
    "__ror__", "__ior__", "__and__", "__sub__", "__str__", "__repr__", "__format__", "__getattribute__", "__mod__",
    "__int__", "__float__", "__index__", "__neg__", "__rshift__", "__lshift__", "__rrshift__",
})  # fmt: skip
"""Methods that real data never ask the class for, so that a class that redefines one can't be followed."""


def plain_data(value: Any) -> Any:
    """The data alone, without class and attributes."""
    kind = PLAIN[type(value)]
    return kind(value) if kind is not str else str.__str__(value)


def adopted(data: Any, cls: UserClass, fields: dict[str, Anything]) -> Any:
    """Data as an object of a class."""
    kind = next(kind for kind in BUILT if isinstance(data, kind))
    value = BUILT[kind](data)
    value.user_class = cls
    value.fields = fields
    return value


def data_base(cls: UserClass) -> type | None:
    """The built-in class of data that a class derives from."""
    return next((DATA_BASES[name] for name in cls.externals() if name in DATA_BASES), None)


def make_data(
    machine: Machine, cls: UserClass, kind: type, args: list[Anything], kwargs: dict[str, Anything], site: CallSite
) -> Anything:
    """``cls(*args, **kwargs)`` for a subclass of a class of data."""
    redefined = next((name for name in sorted(BYPASSED) if cls.lookup(name) is not NotImplemented), None)
    if redefined is not None or isinstance(cls.lookup("__new__"), Function):
        why = (
            f"objects of `{cls.name}` aren't followed: it is a {kind.__name__} with its own `{redefined or '__new__'}`"
        )
        return machine.unknown(why, site, unseen=True)
    starter = cls.lookup("__init__")
    if isinstance(starter, Function):
        mutable = kind in (dict, list, set)
        first = [] if mutable else args[:1]
        value = adopted(_converted(machine, kind, first, {}, site), cls, {})
        machine.call(BoundMethod(starter, value), args, kwargs, site)
        return value
    data = _converted(machine, kind, args, kwargs, site)
    return adopted(data, cls, {}) if isinstance(data, kind) else data


def _converted(
    machine: Machine, kind: type, args: list[Anything], kwargs: dict[str, Anything], site: CallSite
) -> Anything:
    return machine.call(External(f"builtins.{kind.__name__}"), args, kwargs, site)


def fill_data(machine: Machine, value: Any, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    """``super().__init__(*args, **kwargs)`` of a class of data."""
    kind = PLAIN[type(value)]
    if kind not in (dict, list, set):
        return
    data = _converted(machine, kind, args, kwargs, site)
    if not isinstance(data, kind):
        machine.doubt("DP201", f"what the object of `{value.user_class.name}` holds isn't known", site)
        return
    machine.effect()
    value.clear()
    getattr(value, "extend" if kind is list else "update")(data)


# What every object has


def object_method(machine: Machine, owner: Any, name: str) -> Anything:
    """A method of ``object``, bound to an object; ``NotImplemented`` for what ``object`` doesn't have."""
    native = OBJECT_METHODS.get(name)
    return NotImplemented if native is None else BoundMethod(NativeFunction(name, native), owner)


def _get(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    from dagport.evaluate.attributes import get_attribute, missing_attribute, object_attribute

    owner, name = args
    if not isinstance(owner, Instance | UserData):
        return get_attribute(machine, owner, name, site)
    value = object_attribute(machine, owner, name, site)
    return missing_attribute(machine, owner, name, site) if value is NotImplemented else value


def _set(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    from dagport.evaluate.attributes import set_attribute
    from dagport.evaluate.records import is_frozen

    owner, name, value = args
    if isinstance(owner, Instance | UserData) and isinstance(name, str):
        if is_frozen(owner.user_class):
            machine.effect()
            owner.fields[name] = value  # the way around that frozen data classes use in `__post_init__`
        else:
            from dagport.evaluate.attributes import set_object_attribute

            set_object_attribute(machine, owner, name, value, site)
    else:
        set_attribute(machine, owner, name, value, site)


def _delete(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    from dagport.evaluate.attributes import delete_field

    owner, name = args
    machine.effect()
    delete_field(owner, name)


def _new(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    from dagport.evaluate.calls import new_object

    cls = args[0] if args else None
    if isinstance(cls, UserClass):
        return new_object(machine, cls, args[1:], kwargs, site)
    return machine.unknown("an object made by `object.__new__` isn't followed", site)


def _same(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return True if args[0] is args[1] else External("builtins.NotImplemented")


def _different(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return machine.compare("!=", args[0], args[1], site)


def _text(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return machine.to_text(args[0], site)


def _format(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if args[1:] != [""]:
        raise PyRaise("TypeError", "unsupported format string passed to object.__format__")
    return machine.to_text(args[0], site)


def _nothing(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    return None


def _identity(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return machine.unknown("it is made from the object's identity, which changes from run to run", site)


OBJECT_METHODS: dict[str, Native] = {
    "__getattribute__": _get,
    "__setattr__": _set,
    "__delattr__": _delete,
    "__init__": _nothing,
    "__init_subclass__": _nothing,
    "__eq__": _same,
    "__ne__": _different,
    "__str__": _text,
    "__repr__": _identity,
    "__hash__": _identity,
    "__format__": _format,
}
STATIC: dict[str, Native] = {**OBJECT_METHODS, "__new__": _new}


def static_method(name: str) -> Native | None:
    """``object.NAME`` and ``type.NAME`` as functions."""
    if name == "object.__new__":
        return _new
    kind, _, method = name.partition(".")
    return OBJECT_METHODS.get(method) if kind == "object" else TYPE_METHODS.get(method)


def _new_class(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    from dagport.evaluate.definitions import assemble

    if len(args) != 4 or not isinstance(args[0], UserClass) or not isinstance(args[3], dict):
        return machine.unknown("a class made by `type.__new__` isn't followed", site)
    return assemble(machine, args[1], list(args[2]), dict(args[3]), {}, None, site, args[0])


def _call_class(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    from dagport.evaluate.calls import make_instance

    return make_instance(machine, args[0], args[1:], kwargs, site)


def _set_on_class(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    machine.effect()
    args[0].members[args[1]] = args[2]


TYPE_METHODS: dict[str, Native] = {
    "__new__": _new_class, "__init__": _nothing, "__call__": _call_class, "__setattr__": _set_on_class,
}  # fmt: skip
