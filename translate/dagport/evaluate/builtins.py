"""Python's built-in functions and classes."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dagport.evaluate import iterators, ordering
from dagport.evaluate.domain import (
    KNOWN_TYPES,
    Anything,
    BoundMethod,
    CallSite,
    External,
    Function,
    Instance,
    LimitHit,
    Model,
    Module,
    Native,
    NativeFunction,
    PyRaise,
    Symbolic,
    Unknown,
    UserClass,
    first_unknown,
    is_plain,
    unknown_rest,
)
from dagport.evaluate.enums import EnumMember, is_mixed_in, unwrapped
from dagport.evaluate.iterators import Stream
from dagport.evaluate.kinds import PLAIN_TYPES, isinstance_of, issubclass_of, type_of
from dagport.evaluate.library.support import applied, counted, opaque, pure
from dagport.evaluate.objects import UserData, static_method
from dagport.evaluate.operators import is_definite

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

NAMES = frozenset(dir(builtins))
MODULAR_BITS = 1024


def is_builtin(name: str) -> bool:
    """Whether a bare name is one of Python's own."""
    return name in NAMES


def builtin_function(name: str) -> Native | None:
    """The model of ``builtins.NAME``, methods of built-in classes included."""
    parts = name.split(".")[1:]
    if len(parts) == 2 and parts[0] in ("object", "type"):
        return static_method(".".join(parts))
    if len(parts) == 2 and parts[0] in PLAIN_TYPES:
        return _unbound_method(parts[0], parts[1])
    if len(parts) != 1:
        return None
    if parts[0] == "__import__":
        from dagport.evaluate import library

        return library.function("importlib.__import__")
    if parts[0] in FUNCTIONS:
        from dagport.evaluate.listed import with_listings

        return with_listings(parts[0], _with_arguments(parts[0], FUNCTIONS[parts[0]]))
    real = getattr(builtins, parts[0], None)
    if isinstance(real, type) and issubclass(real, BaseException):
        return _exception(parts[0])
    return None


# The number of arguments that a function can't do without.
LEAST_ARGUMENTS = {
    "len": 1, "enumerate": 1, "map": 2, "filter": 2, "sorted": 1, "reversed": 1, "min": 1, "max": 1, "sum": 1, "any": 1,
    "all": 1, "isinstance": 2, "issubclass": 2, "getattr": 2, "hasattr": 2, "setattr": 3, "callable": 1, "type": 1,
    "repr": 1, "iter": 1, "next": 1, "range": 1, "staticmethod": 1, "classmethod": 1, "divmod": 2,
}  # fmt: skip


def _with_arguments(name: str, native: Native) -> Native:
    least = LEAST_ARGUMENTS.get(name)
    if least is None:
        return native

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        if len(args) < least and not kwargs:
            raise PyRaise("TypeError", f"{name}() takes at least {least} argument(s) ({len(args)} given)")
        return native(machine, args, kwargs, site)

    return run


def _unbound_method(type_name: str, method_name: str) -> Native | None:
    from dagport.evaluate import methods

    if (type_name, method_name) == ("dict", "fromkeys"):
        return _fromkeys
    if (type_name, method_name) in STATIC_METHODS:
        return pure(getattr(PLAIN_TYPES[type_name], method_name))
    return methods.unbound(PLAIN_TYPES[type_name], method_name)


STATIC_METHODS = (("bytes", "fromhex"), ("str", "maketrans"), ("float", "fromhex"), ("int", "from_bytes"))


def _exception(name: str) -> Native:
    def make(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        from dagport.evaluate.exceptions import ExceptionValue

        return ExceptionValue(name, tuple(args))

    return make


def _items(machine: Machine, value: Anything, site: CallSite, *, ordered: bool = True) -> list[Anything] | Unknown:
    return machine.iterate(value, site, ordered=ordered)


def _lost(machine: Machine, values: Any, site: CallSite, otherwise: str = "an argument isn't known") -> Unknown:
    lost = first_unknown(values)
    return machine.unknown(lost.why if lost else otherwise, site, clock=lost is not None and lost.clock)


class UnionType(Model):
    """``int | str``."""

    __slots__ = ("kinds",)
    type_name = "types.UnionType"

    def __init__(self, kinds: list[Anything]) -> None:
        self.kinds: list[Anything] = []
        for kind in kinds:
            self.kinds += kind.kinds if isinstance(kind, UnionType) else [kind]

    def binary(self, machine: Machine, operator: str, other: Anything, site: CallSite, *, reflected: bool) -> Anything:
        """``int | str | None``."""
        return UnionType([other, self] if reflected else [self, other]) if operator == "|" else NotImplemented


def represent(machine: Machine, value: Anything, site: CallSite) -> Any:
    """``repr(value)``, or why it isn't known."""
    from dagport.evaluate.shown import represent

    return represent(machine, value, site)


def hash_of(machine: Machine, value: Anything, site: CallSite) -> Any:
    """The hash of an object that defines its own; its real value is never shown to the analysed code."""
    from dagport.evaluate.domain import has_own_equality
    from dagport.evaluate.operators import call_method
    from dagport.evaluate.records import record_hash

    if isinstance(value, Instance) and has_own_equality(value.cls):
        own = value.cls.lookup("__hash__")
        hidden = own is None or (own is NotImplemented and value.cls.lookup("__eq__") is not NotImplemented)
        if hidden:
            raise PyRaise("TypeError", f"unhashable type: '{value.cls.name}'")
        result = (
            record_hash(machine, value, site)
            if own is NotImplemented
            else call_method(machine, value, "__hash__", [], site)
        )
        if result is not NotImplemented:
            return result.number if isinstance(result, HashValue) else result
        return object.__hash__(value)
    return applied(hash, [value], {})


class HashValue(Model):
    """``hash(x)``: two of them can be compared, the number itself may change from run to run."""

    __slots__ = ("number",)
    type_name = "builtins.int"

    def __init__(self, number: int) -> None:
        self.number = number

    def binary(self, machine: Machine, operator: str, other: Anything, site: CallSite, *, reflected: bool) -> Anything:
        """Equality with another hash."""
        if operator in ("==", "!=") and isinstance(other, HashValue):
            return (self.number == other.number) == (operator == "==")
        return machine.unknown("hashes change from run to run", site, clock=True)

    def truth(self, machine: Machine) -> bool | None:
        """Not known."""
        return None


def _hash(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    value = args[0]
    if type(value) is int or not isinstance(value, (*KNOWN_TYPES, Instance)) or first_unknown([value]) is not None:
        small = type(value) is int and abs(value) < 1 << 60
        return hash(value) if small else _lost(machine, args, site, "hashes change from run to run")
    number = hash_of(machine, value, site)
    if isinstance(number, int) and isinstance(value, Instance) and not isinstance(number, bool):
        return HashValue(number)
    return HashValue(number) if isinstance(number, int) else number


def _len(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    value = args[0]
    rest = unknown_rest(value)
    if rest is not None:
        return machine.unknown(rest.why, site)
    if isinstance(value, KNOWN_TYPES):
        return applied(len, [value], {})
    if isinstance(value, Instance) or (isinstance(value, UserClass) and value.meta is not None):
        from dagport.evaluate.operators import call_method

        if isinstance(value, UserClass):
            hook = value.meta.lookup("__len__") if value.meta is not None else NotImplemented
            result = machine.call(hook, [value], {}, site) if isinstance(hook, Function) else NotImplemented
        else:
            result = call_method(machine, value, "__len__", [], site)
        if result is not NotImplemented:
            return result
        if isinstance(value, Instance) and is_definite(value):
            raise PyRaise("TypeError", f"object of type '{value.cls.name}' has no len()")
    if isinstance(value, Stream | Function):
        name = "function" if isinstance(value, Function) else value.type_name.removeprefix("builtins.")
        raise PyRaise("TypeError", f"object of type '{name}' has no len()")
    items = _items(machine, value, site)
    return items if isinstance(items, Unknown) else len(items)


def _range(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    args = [unwrapped(value) for value in args]
    if not all(map(is_plain, args)):
        return _lost(machine, args, site)
    return applied(range, args, {})


def _collection(cls: type) -> Native:
    def make(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        if not args:
            return cls()
        items = _items(machine, args[0], site, ordered=cls in (list, tuple))
        if isinstance(items, Unknown):
            return items
        if cls in (set, frozenset):
            _check_keys(machine, items)
        return applied(cls, [items], {})

    return make


def _check_keys(machine: Machine, keys: Iterable[Anything]) -> None:
    for key in keys:
        machine.check_key(key)


def _dict(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if "**" in kwargs:
        return _lost(machine, [kwargs["**"]], site)
    if not args:
        return dict(kwargs)
    if isinstance(args[0], dict):
        machine.charge(args[0])
        return {**args[0], **kwargs}
    if isinstance(args[0], Instance) and args[0].cls.lookup("keys") is not NotImplemented:
        mapping = mapping_of(machine, args[0], site)
        return mapping if isinstance(mapping, Unknown) else {**mapping, **kwargs}
    pairs = _items(machine, args[0], site)
    if isinstance(pairs, Unknown):
        return pairs
    unpacked = [_items(machine, pair, site) for pair in pairs]
    if any(isinstance(pair, Unknown) for pair in unpacked):
        return _lost(machine, unpacked, site)
    _check_keys(machine, [pair[0] for pair in unpacked if isinstance(pair, list) and pair])
    return applied(dict, [unpacked], kwargs)


def mapping_of(machine: Machine, value: Anything, site: CallSite) -> Any:
    """A dict of what an object with ``keys`` and ``__getitem__`` holds."""
    from dagport.evaluate.items import get_item

    keys = machine.iterate(machine.call(machine.attribute(value, "keys", site), [], {}, site), site)
    if isinstance(keys, Unknown):
        return keys
    return {key: get_item(machine, value, key, site) for key in keys}


def _fromkeys(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    keys = _items(machine, args[0], site)
    if isinstance(keys, Unknown):
        return keys
    _check_keys(machine, keys)
    return applied(dict.fromkeys, [keys, *args[1:]], {})


def _str(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if not args:
        return ""
    return pure(str)(machine, args, kwargs, site) if len(args) > 1 else machine.to_text(args[0], site)


def _bool(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    known = machine.truth(args[0]) if args else False
    return _lost(machine, args, site) if known is None else known


def _by_method(name: str, otherwise: Native) -> Native:
    """A function that asks objects of the project's classes for a special method first."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        from dagport.evaluate.operators import call_method

        if args and isinstance(args[0], Instance):
            result = call_method(machine, args[0], name, args[1:], site)
            if result is not NotImplemented:
                return result
            if isinstance(args[0], EnumMember) and is_mixed_in(args[0].cls):
                return otherwise(machine, [args[0].value, *args[1:]], kwargs, site)
        return otherwise(machine, args, kwargs, site)

    return run


def _sum(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    import ast

    from dagport.evaluate.operators import binary

    items = _items(machine, args[0], site, ordered=False)
    if isinstance(items, Unknown):
        return items
    total = args[1] if len(args) > 1 else kwargs.get("start", 0)
    for item in items:
        total = binary(machine, ast.Add, total, item, site)
    return total


def _getattr(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if not isinstance(args[1], str):
        return _lost(machine, args, site)
    try:
        return machine.attribute(args[0], args[1], site)
    except PyRaise as error:
        if error.name == "AttributeError" and len(args) > 2:
            return args[2]
        raise


def _delattr(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    from dagport.evaluate.attributes import delete_attribute

    if isinstance(args[1], str):
        delete_attribute(machine, args[0], args[1], site)
    else:
        machine.doubt("DP201", "the name of the attribute that is deleted isn't known", site)


def _vars(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if isinstance(args[0], Instance | UserClass | Module | UserData) or hasattr(args[0], "fields"):
        return machine.attribute(args[0], "__dict__", site)
    return _lost(machine, args, site, "the names of an object aren't listed")


def _hasattr(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    try:
        value = _getattr(machine, args, kwargs, site)
    except PyRaise as error:
        if error.name == "AttributeError":
            return False
        raise
    return value if isinstance(value, Unknown) else True


def _setattr(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    from dagport.evaluate.attributes import set_attribute

    if len(args) == 3 and isinstance(args[1], str):
        set_attribute(machine, args[0], args[1], args[2], site)
    else:
        machine.doubt("DP201", "the name of the attribute that is set isn't known", site)
        if args and isinstance(args[0], Instance):
            args[0].partial = True


def _callable(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    value = args[0]
    if isinstance(value, Function | UserClass | BoundMethod | NativeFunction):
        return True
    if isinstance(value, Instance) and is_definite(value):
        return value.cls.lookup("__call__") is not NotImplemented
    if isinstance(value, (*KNOWN_TYPES, Stream)):
        return False
    if isinstance(value, External) and machine.native(value.name) is not None:
        return True
    return _lost(machine, args, site, "whether it can be called isn't known")


def _type(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if len(args) == 1 and not kwargs:
        return type_of(machine, args[0], site)
    from dagport.evaluate.definitions import create

    if len(args) != 3 or not isinstance(args[0], str) or not isinstance(args[1], tuple):
        return machine.unknown("a class made by `type(...)` isn't followed", site)
    name, bases, members = args
    named = isinstance(members, dict) and all(isinstance(key, str) for key in members)
    if not named or not all(isinstance(base, UserClass | External) for base in bases):
        return machine.unknown("a class made by `type(...)` isn't followed", site)
    return create(machine, name, list(bases), dict(members), dict(kwargs), None, site)


def _repr(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return represent(machine, args[0], site)


def _format(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    from dagport.evaluate.shown import format_value

    spec = args[1] if len(args) > 1 else ""
    return format_value(machine, args[0], spec, site) if isinstance(spec, str) else _lost(machine, args, site)


def _bytes(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if args and isinstance(args[0], int):
        machine.check_text(args[0])
    source = args[:1]
    if source and not isinstance(source[0], int | str | bytes):
        items = machine.iterate(source[0], site)
        if isinstance(items, Unknown):
            return items
        source = [items]
    return pure(bytes)(machine, [*source, *args[1:]], kwargs, site)


def _print(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return None


def _open(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    from dagport.evaluate.library.io import FUNCTIONS as FILES

    return FILES["io.open"](machine, args, kwargs, site)


def _descriptor(kind: str) -> Native:
    def make(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        from dagport.evaluate.classes import Descriptor

        parts = [*args, None, None, None]
        return Descriptor(
            kind, kwargs.get("fget", parts[0]), kwargs.get("fset", parts[1]), kwargs.get("fdel", parts[2])
        )

    return make


def _pow(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    import ast

    from dagport.evaluate.operators import binary

    if len(args) == 2:
        return binary(machine, ast.Pow, args[0], args[1], site)
    if any(isinstance(value, int) and value.bit_length() > MODULAR_BITS for value in args):
        raise LimitHit("bits of a number in a power with a modulus", MODULAR_BITS)
    return pure(pow)(machine, args, kwargs, site)


def _object(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return Symbolic("builtins.object", text=site.text, span=site.span)


def _super(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    from dagport.evaluate.supers import SuperProxy

    if len(args) == 2 and isinstance(args[0], UserClass):
        return SuperProxy(args[0], args[1])
    return _lost(machine, args, site, "this `super` isn't followed")


def _int_like(cls: type) -> Native:
    real = pure(cls)

    def make(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        if args and isinstance(args[0], str):
            machine.check_text(len(args[0]))
        return real(machine, args, kwargs, site)

    return make


def _few_digits(machine: Machine, args: list[Anything], kwargs: dict[str, Anything]) -> None:
    """``round(5, -1000000000)`` would compute a power of ten of that many digits."""
    digits = args[1] if len(args) > 1 else kwargs.get("ndigits")
    if isinstance(digits, int):
        machine.check_items(abs(digits) * 100)


FUNCTIONS: dict[str, Native] = {
    **iterators.FUNCTIONS,
    **ordering.FUNCTIONS,
    "isinstance": isinstance_of,
    "issubclass": issubclass_of,
    "len": _len,
    "range": _range,
    "list": _collection(list),
    "tuple": _collection(tuple),
    "set": _collection(set),
    "frozenset": _collection(frozenset),
    "dict": _dict,
    "str": _str,
    "int": _by_method("__int__", _int_like(int)),
    "float": _by_method("__float__", _int_like(float)),
    "complex": pure(complex),
    "bytes": _bytes,
    "bool": _bool,
    "slice": pure(slice),
    "sum": _sum,
    "abs": _by_method("__abs__", pure(abs)),
    "round": _by_method("__round__", pure(round, _few_digits)),
    "divmod": _by_method("__divmod__", pure(divmod)),
    "pow": _pow,
    "ord": pure(ord),
    "chr": pure(chr),
    "hex": pure(hex),
    "oct": pure(oct),
    "bin": pure(bin),
    "ascii": pure(ascii),
    "getattr": _getattr,
    "hasattr": _hasattr,
    "setattr": _setattr,
    "callable": _callable,
    "type": _type,
    "repr": _repr,
    "print": _print,
    "property": _descriptor("property"),
    "staticmethod": _descriptor("staticmethod"),
    "classmethod": _descriptor("classmethod"),
    "object": _object,
    "super": _super,
    "id": opaque("the identity of an object changes from run to run"),
    "hash": _hash,
    "open": _open,
    "input": opaque("nothing is asked while a file is read"),
    "dir": opaque("the names of an object aren't listed"),
    "vars": _vars,
    "delattr": _delattr,
    "memoryview": opaque("memory views aren't followed"),
    "bytearray": opaque("byte arrays aren't followed"),
    "format": _format,
}
COUNTS: dict[str, tuple[int, int]] = {
    "len": (1, 1), "range": (1, 3), "list": (0, 1), "tuple": (0, 1), "set": (0, 1), "frozenset": (0, 1), "dict": (0, 1),
    "str": (0, 3), "bool": (0, 1), "enumerate": (1, 2), "map": (2, 99), "filter": (2, 2), "sorted": (1, 1),
    "reversed": (1, 1), "min": (1, 9_999), "max": (1, 9_999), "sum": (1, 2), "any": (1, 1), "all": (1, 1),
    "pow": (2, 3), "hash": (1, 1), "vars": (1, 1), "delattr": (2, 2), "format": (1, 2), "bytes": (0, 3),
    "isinstance": (2, 2), "issubclass": (2, 2), "getattr": (2, 3), "hasattr": (2, 2),
    "callable": (1, 1), "type": (1, 3), "repr": (1, 1), "iter": (1, 2), "next": (1, 2), "property": (1, 4),
    "staticmethod": (1, 1), "classmethod": (1, 1),
}  # fmt: skip
"""How many positional arguments the functions above can rely on."""

FUNCTIONS.update({name: counted(FUNCTIONS[name], *counts) for name, counts in COUNTS.items()})
