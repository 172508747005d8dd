"""``operator``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from dagport.evaluate.domain import Anything, CallSite, Native, NativeFunction, PyRaise
from dagport.evaluate.library.support import bound, lost

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

BINARY: dict[str, type[ast.operator]] = {
    "add": ast.Add, "sub": ast.Sub, "mul": ast.Mult, "truediv": ast.Div, "floordiv": ast.FloorDiv, "mod": ast.Mod,
    "pow": ast.Pow, "lshift": ast.LShift, "rshift": ast.RShift, "or_": ast.BitOr, "xor": ast.BitXor, "and_": ast.BitAnd,
    "concat": ast.Add, "matmul": ast.MatMult,
}  # fmt: skip
COMPARE = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "is_": "is", "is_not": "is not"}
UNARY: dict[str, type[ast.unaryop]] = {
    "neg": ast.USub,
    "pos": ast.UAdd,
    "not_": ast.Not,
    "invert": ast.Invert,
    "inv": ast.Invert,
}


def _binary(kind: type[ast.operator]) -> Native:
    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        from dagport.evaluate.operators import binary

        left, right = bound(args, kwargs, "a", "b")
        return binary(machine, kind, left, right, site)

    return run


def _unary(kind: type[ast.unaryop]) -> Native:
    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        from dagport.evaluate.operators import unary

        return unary(machine, kind, bound(args, kwargs, "a")[0], site)

    return run


def _compare(symbol: str) -> Native:
    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        left, right = bound(args, kwargs, "a", "b")
        return machine.compare(symbol, left, right, site)

    return run


def _contains(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    container, item = bound(args, kwargs, "a", "b")
    return machine.compare("in", item, container, site)


def _getitem(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    from dagport.evaluate.items import get_item

    owner, key = bound(args, kwargs, "a", "b")
    return get_item(machine, owner, key, site)


def _setitem(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    from dagport.evaluate.items import set_item

    owner, key, value = bound(args, kwargs, "a", "b", "c")
    set_item(machine, owner, key, value, site)


def _delitem(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    from dagport.evaluate.items import delete_item

    owner, key = bound(args, kwargs, "a", "b")
    delete_item(machine, owner, key, site)


def _truth(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    known = machine.truth(bound(args, kwargs, "a")[0])
    return lost(machine, args, site) if known is None else known


def _in_place(kind: type[ast.operator]) -> Native:
    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        from dagport.evaluate.operators import augmented

        left, right = bound(args, kwargs, "a", "b")
        return augmented(machine, kind, left, right, site)

    return run


def _picker(dotted: bool) -> Native:
    """``itemgetter`` and ``attrgetter``: functions that pick items, or (dotted) attributes."""

    def make(machine: Machine, keys: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        if not keys:
            raise PyRaise("TypeError", "expected at least 1 argument, got 0")
        if dotted and not all(isinstance(key, str) for key in keys):
            return lost(machine, keys, site, "the name of the attribute isn't known")

        def pick(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
            (owner,) = bound(args, kwargs, "obj")
            found = [_picked(machine, owner, key, dotted, site) for key in keys]
            return found[0] if len(found) == 1 else tuple(found)

        return NativeFunction("attrgetter" if dotted else "itemgetter", pick)

    return make


def _picked(machine: Machine, owner: Anything, key: Anything, dotted: bool, site: CallSite) -> Anything:
    from dagport.evaluate.items import get_item

    if not dotted:
        return get_item(machine, owner, key, site)
    for name in key.split("."):
        owner = machine.attribute(owner, name, site)
    return owner


def _method_caller(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if not args:
        raise PyRaise("TypeError", "methodcaller needs at least one argument, the method name")
    name, *rest = args
    if not isinstance(name, str):
        return lost(machine, args, site, "the name of the method isn't known")

    def run(machine: Machine, args: list[Anything], _: dict[str, Anything], site: CallSite) -> Anything:
        return machine.call(machine.attribute(bound(args, {}, "obj")[0], name, site), rest, kwargs, site)

    return NativeFunction("methodcaller", run)


FUNCTIONS: dict[str, Native] = {
    f"operator.{name}": native
    for name, native in {
        **{name: _binary(kind) for name, kind in BINARY.items()},
        **{name: _unary(kind) for name, kind in UNARY.items()},
        **{name: _compare(symbol) for name, symbol in COMPARE.items()},
        "contains": _contains,
        "setitem": _setitem,
        "delitem": _delitem,
        "truth": _truth,
        **{f"i{name.rstrip('_')}": _in_place(kind) for name, kind in BINARY.items()},
        "getitem": _getitem,
        "itemgetter": _picker(dotted=False),
        "attrgetter": _picker(dotted=True),
        "methodcaller": _method_caller,
    }.items()
}
