"""``typing`` and ``typing_extensions``: without effect when the code runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagport.evaluate.domain import Anything, CallSite, Native, NativeFunction
from dagport.evaluate.library.support import bound, opaque

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine


def _cast(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return bound(args, kwargs, "typ", "val")[1]


def _same(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return args[0] if args else None


def _new_type(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return NativeFunction("NewType", _same)


def _decorator(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return NativeFunction("decorator", _same)


def _named_tuple(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    from dagport.evaluate.tuples import named_tuple_class

    name, pairs = bound(args, kwargs, "typename", fields=None)
    rows = machine.iterate(pairs, site) if pairs is not None else []
    if not isinstance(rows, list) or not all(isinstance(row, tuple) and row for row in rows):
        return machine.unknown("the fields of the named tuple aren't known", site)
    return named_tuple_class(machine, name, [row[0] for row in rows], [], site)


SAME = "overload final no_type_check runtime_checkable override type_check_only reveal_type assert_type"
FORMS = "TypeVar ParamSpec TypeVarTuple TypedDict TypeAliasType ForwardRef"
ASKING = "get_type_hints get_origin get_args get_overloads"
FUNCTIONS: dict[str, Native] = {
    f"{module}.{name}": native
    for module in ("typing", "typing_extensions")
    for name, native in {
        "cast": _cast,
        "NewType": _new_type,
        "NamedTuple": _named_tuple,
        "dataclass_transform": _decorator,
        "deprecated": _decorator,
        **dict.fromkeys(SAME.split(), _same),
        **{name: opaque("a type has no value") for name in FORMS.split()},
        **{name: opaque("types aren't looked into") for name in ASKING.split()},
    }.items()
}
CONSTANTS: dict[str, Anything] = {"typing.TYPE_CHECKING": False, "typing_extensions.TYPE_CHECKING": False}
