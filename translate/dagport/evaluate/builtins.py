"""Python's built-in functions and classes."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    KNOWN_TYPES,
    Anything,
    BoundMethod,
    CallSite,
    External,
    Function,
    Generated,
    Instance,
    Model,
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
from dagport.evaluate.library.support import applied, counted, opaque, pure

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

NAMES = frozenset(dir(builtins))
PLAIN_TYPES: dict[str, type] = {
    cls.__name__: cls
    for cls in (str, int, float, bool, bytes, list, tuple, dict, set, frozenset, complex, range, slice)
}


def is_builtin(name: str) -> bool:
    """Whether a bare name is one of Python's own."""
    return name in NAMES


def builtin_function(name: str) -> Native | None:
    """The model of ``builtins.NAME``, methods of built-in classes included."""
    parts = name.split(".")[1:]
    if len(parts) == 2 and parts[0] in PLAIN_TYPES:
        return _unbound_method(parts[0], parts[1])
    if len(parts) != 1:
        return None
    if parts[0] in FUNCTIONS:
        return _with_arguments(parts[0], FUNCTIONS[parts[0]])
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
    if (type_name, method_name) in (("bytes", "fromhex"), ("str", "maketrans"), ("float", "fromhex")):
        return pure(getattr(PLAIN_TYPES[type_name], method_name))
    return methods.unbound(PLAIN_TYPES[type_name], method_name)


def _exception(name: str) -> Native:
    def make(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        from dagport.evaluate.exceptions import ExceptionValue

        return ExceptionValue(name, tuple(args))

    return make


class Iterator(Model):
    """``iter(x)``: items that are used up."""

    __slots__ = ("items", "position")

    def __init__(self, items: list[Anything]) -> None:
        self.items = items
        self.position = 0

    def iterate(self, machine: Machine, site: CallSite) -> Any:
        """The items that are left."""
        rest = self.items[self.position :]
        self.position = len(self.items)
        return rest


def _items(machine: Machine, value: Anything, site: CallSite, *, ordered: bool = True) -> list[Anything] | Unknown:
    return machine.iterate(value, site, ordered=ordered)


def _lost(machine: Machine, values: Any, site: CallSite, otherwise: str = "an argument isn't known") -> Unknown:
    lost = first_unknown(values)
    return machine.unknown(lost.why if lost else otherwise, site, clock=lost is not None and lost.clock)


def _len(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    value = args[0]
    rest = unknown_rest(value)
    if rest is not None:
        return machine.unknown(rest.why, site)
    if isinstance(value, KNOWN_TYPES):
        return applied(len, [value], {})
    if isinstance(value, Instance) and isinstance(value.cls.lookup("__len__"), Function):
        return machine.call(BoundMethod(value.cls.lookup("__len__"), value), [], {}, site)
    items = _items(machine, value, site)
    return items if isinstance(items, Unknown) else len(items)


def _range(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if not all(map(is_plain, args)):
        return _lost(machine, args, site)
    return applied(range, args, {})


def _collection(cls: type) -> Native:
    def make(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        if not args:
            return cls()
        items = _items(machine, args[0], site, ordered=cls in (list, tuple))
        return items if isinstance(items, Unknown) else applied(cls, [items], {})

    return make


def _dict(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if "**" in kwargs:
        return _lost(machine, [kwargs["**"]], site)
    if not args:
        return dict(kwargs)
    if isinstance(args[0], dict):
        return {**args[0], **kwargs}
    pairs = _items(machine, args[0], site)
    if isinstance(pairs, Unknown):
        return pairs
    unpacked = [_items(machine, pair, site) for pair in pairs]
    if any(isinstance(pair, Unknown) for pair in unpacked):
        return _lost(machine, unpacked, site)
    return applied(dict, [unpacked], kwargs)


def _fromkeys(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    keys = _items(machine, args[0], site)
    return keys if isinstance(keys, Unknown) else applied(dict.fromkeys, [keys, *args[1:]], {})


def _str(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if not args:
        return ""
    return pure(str)(machine, args, kwargs, site) if len(args) > 1 else machine.to_text(args[0], site)


def _bool(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    known = machine.truth(args[0]) if args else False
    return _lost(machine, args, site) if known is None else known


def _enumerate(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    items = _items(machine, args[0], site)
    start = args[1] if len(args) > 1 else kwargs.get("start", 0)
    if isinstance(items, Unknown) or not isinstance(start, int):
        return _lost(machine, [items, start], site)
    return Iterator(list(enumerate(items, start)))


def _zip(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    columns = [_items(machine, value, site) for value in args]
    if any(isinstance(column, Unknown) for column in columns):
        return _lost(machine, columns, site)
    return Iterator(applied(lambda *items: list(zip(*items, strict=kwargs.get("strict") is True)), columns, {}))


def _map(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    columns = [_items(machine, value, site) for value in args[1:]]
    if any(isinstance(column, Unknown) for column in columns):
        return _lost(machine, columns, site)
    return Iterator([machine.call(args[0], list(row), {}, site) for row in zip(*columns, strict=False)])


def _filter(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    items = _items(machine, args[1], site)
    if isinstance(items, Unknown):
        return items
    kept = []
    for item in items:
        known = machine.truth(item if args[0] is None else machine.call(args[0], [item], {}, site))
        if known is None:
            return machine.unknown("which items are kept isn't known", site)
        if known:
            kept.append(item)
    return Iterator(kept)


def _keys(machine: Machine, items: list[Anything], key: Anything, site: CallSite) -> list[Anything]:
    return items if key is None else [machine.call(key, [item], {}, site) for item in items]


def _sorted(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    items = _items(machine, args[0], site, ordered=False)
    if isinstance(items, Unknown):
        return items
    keys = _keys(machine, items, kwargs.get("key"), site)
    reverse = machine.truth(kwargs.get("reverse", False))
    if not is_plain(keys) or reverse is None:
        return _lost(machine, keys, site, "the order of these objects isn't known")
    order = applied(sorted, [range(len(items))], {"key": keys.__getitem__, "reverse": reverse})
    return [items[index] for index in order]


def _reversed(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    items = _items(machine, args[0], site)
    return items if isinstance(items, Unknown) else Iterator(items[::-1])


def _extreme(real: Callable[..., Any]) -> Native:
    def pick(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        items = _items(machine, args[0], site, ordered=False) if len(args) == 1 else args
        if isinstance(items, Unknown):
            return items
        if not items and "default" in kwargs:
            return kwargs["default"]
        keys = _keys(machine, items, kwargs.get("key"), site)
        if not is_plain(keys):
            return _lost(machine, keys, site)
        return items[applied(real, [range(len(items))], {"key": keys.__getitem__})]

    return pick


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


def _doubt_rest(machine: Machine, source: Generated, site: CallSite) -> None:
    """Items that a real generator wouldn't have made."""
    for owner in source.owners:
        machine.doubt("DP206", "this generator isn't used to its end, and what its items create is", site, owner)


def _any_all(stop_at: bool) -> Native:
    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        items = _items(machine, args[0], site, ordered=False)
        if isinstance(items, Unknown):
            return items
        for index, item in enumerate(items):
            known = machine.truth(item)
            if known is None:
                return _lost(machine, [item], site, "whether an item is true isn't known")
            if known is stop_at:
                if isinstance(args[0], Generated) and index + 1 < len(items):
                    _doubt_rest(machine, args[0], site)
                return stop_at
        return not stop_at

    return run


def _isinstance(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    value, kinds = args
    results = [_is_a(machine, value, kind) for kind in (kinds if isinstance(kinds, tuple) else (kinds,))]
    if True in results:
        return True
    return _lost(machine, args, site, "the class of the object isn't known") if None in results else False


def _is_a(machine: Machine, value: Anything, kind: Anything) -> bool | None:
    if isinstance(value, Unknown | Symbolic | External) or isinstance(kind, Unknown):
        return None
    if isinstance(kind, UserClass):
        return isinstance(value, Instance) and any(cls is kind for cls in value.cls.mro)
    if not isinstance(kind, External):
        return None
    if isinstance(value, Instance) and kind.name in value.cls.externals():
        return True
    name = kind.name.removeprefix("builtins.")
    if name in PLAIN_TYPES:
        return isinstance(value, PLAIN_TYPES[name])
    if name in ("object", "typing.Any"):
        return True
    known = machine.hooks.is_instance(value, kind.name)
    if known is not None:
        return known
    if isinstance(value, KNOWN_TYPES):
        cls = type(value)
        names = {f"{base.__module__}.{base.__qualname__}" for base in cls.__mro__}
        if kind.name in names:
            return True
        return None if kind.name.startswith(("collections.", "typing.", "numbers.", "pendulum.")) else False
    return None


def _issubclass(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    cls, kinds = args
    options = kinds if isinstance(kinds, tuple) else (kinds,)
    if isinstance(cls, UserClass):
        if any(base is kind or base == kind for base in cls.mro for kind in options):
            return True
        if not any(isinstance(base, Unknown) for base in cls.mro):
            return False
    return machine.unknown("the class hierarchy isn't known", site)


def _getattr(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if not isinstance(args[1], str):
        return _lost(machine, args, site)
    try:
        return machine.attribute(args[0], args[1], site)
    except PyRaise as error:
        if error.name == "AttributeError" and len(args) > 2:
            return args[2]
        raise


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


def _callable(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    value = args[0]
    if isinstance(value, Function | UserClass | BoundMethod | NativeFunction):
        return True
    if isinstance(value, KNOWN_TYPES):
        return False
    if isinstance(value, External) and machine.native(value.name) is not None:
        return True
    return _lost(machine, args, site, "whether it can be called isn't known")


def _type(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if len(args) != 1:
        return machine.unknown("a class made by `type(...)` isn't followed", site)
    value = args[0]
    if isinstance(value, Instance):
        return value.cls
    if isinstance(value, KNOWN_TYPES):
        return External(f"builtins.{type(value).__name__}")
    return External(value.type_name) if isinstance(value, Model) else _lost(machine, args, site)


def _repr(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if not is_plain(args[0]):
        return _lost(machine, args, site, "the text of the object isn't known")
    return applied(repr, [args[0]], {})


def _print(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return None


def _iter(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if isinstance(args[0], Iterator) or len(args) > 1:
        return args[0] if len(args) == 1 else machine.unknown("iter with a sentinel isn't followed", site)
    items = _items(machine, args[0], site)
    return items if isinstance(items, Unknown) else Iterator(items)


def _next(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    source = args[0]
    if isinstance(source, list):  # a generator expression, kept as the list of its items
        if isinstance(source, Generated):
            _doubt_rest(machine, source, site)
        if source:
            return source.pop(0)
    elif not isinstance(source, Iterator):
        return _lost(machine, args, site, "the iterator isn't followed")
    elif source.position < len(source.items):
        source.position += 1
        return source.items[source.position - 1]
    if len(args) > 1:
        return args[1]
    raise PyRaise("StopIteration")


def _descriptor(kind: str) -> Native:
    def make(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        from dagport.evaluate.classes import Descriptor

        return Descriptor(kind, args[0], args[1] if len(args) > 1 else None)

    return make


def _pow(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    import ast

    from dagport.evaluate.operators import binary

    if len(args) == 2:
        return binary(machine, ast.Pow, args[0], args[1], site)
    return pure(pow)(machine, args, kwargs, site)


def _object(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return Symbolic("builtins.object", text=site.text, span=site.span)


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
    "len": _len,
    "range": _range,
    "list": _collection(list),
    "tuple": _collection(tuple),
    "set": _collection(set),
    "frozenset": _collection(frozenset),
    "dict": _dict,
    "str": _str,
    "int": _int_like(int),
    "float": _int_like(float),
    "complex": pure(complex),
    "bytes": opaque("bytes made from other objects are not followed"),
    "bool": _bool,
    "slice": pure(slice),
    "enumerate": _enumerate,
    "zip": _zip,
    "map": _map,
    "filter": _filter,
    "sorted": _sorted,
    "reversed": _reversed,
    "min": _extreme(min),
    "max": _extreme(max),
    "sum": _sum,
    "any": _any_all(True),
    "all": _any_all(False),
    "abs": pure(abs),
    "round": pure(round, _few_digits),
    "divmod": pure(divmod),
    "pow": _pow,
    "ord": pure(ord),
    "chr": pure(chr),
    "hex": pure(hex),
    "oct": pure(oct),
    "bin": pure(bin),
    "ascii": pure(ascii),
    "isinstance": _isinstance,
    "issubclass": _issubclass,
    "getattr": _getattr,
    "hasattr": _hasattr,
    "setattr": _setattr,
    "callable": _callable,
    "type": _type,
    "repr": _repr,
    "print": _print,
    "iter": _iter,
    "next": _next,
    "property": _descriptor("property"),
    "staticmethod": _descriptor("staticmethod"),
    "classmethod": _descriptor("classmethod"),
    "object": _object,
    "id": opaque("the identity of an object changes from run to run"),
    "hash": opaque("hashes change from run to run"),
    "open": opaque("files aren't read"),
    "input": opaque("nothing is asked while a file is read"),
    "dir": opaque("the names of an object aren't listed"),
    "vars": opaque("the names of an object aren't listed"),
    "memoryview": opaque("memory views aren't followed"),
    "bytearray": opaque("byte arrays aren't followed"),
    "format": opaque("format() with one value isn't followed"),
}
COUNTS: dict[str, tuple[int, int]] = {
    "len": (1, 1), "range": (1, 3), "list": (0, 1), "tuple": (0, 1), "set": (0, 1), "frozenset": (0, 1), "dict": (0, 1),
    "str": (0, 3), "bool": (0, 1), "enumerate": (1, 2), "map": (2, 99), "filter": (2, 2), "sorted": (1, 1),
    "reversed": (1, 1), "min": (1, 9_999), "max": (1, 9_999), "sum": (1, 2), "any": (1, 1), "all": (1, 1),
    "pow": (2, 3),
    "isinstance": (2, 2), "issubclass": (2, 2), "getattr": (2, 3), "hasattr": (2, 2),
    "callable": (1, 1), "type": (1, 3), "repr": (1, 1), "iter": (1, 2), "next": (1, 2), "property": (1, 4),
    "staticmethod": (1, 1), "classmethod": (1, 1),
}  # fmt: skip
"""How many positional arguments the functions above can rely on."""

FUNCTIONS.update({name: counted(FUNCTIONS[name], *counts) for name, counts in COUNTS.items()})
