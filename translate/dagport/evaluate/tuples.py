"""Named tuples: ``collections.namedtuple``, ``typing.NamedTuple`` and their subclasses."""

from __future__ import annotations

import ast
import collections
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import Anything, CallSite, External, Function, Model, NativeFunction, Spread, UserClass
from dagport.evaluate.library.support import applied, bound, lost
from dagport.evaluate.objects import BYPASSED, UserData

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

TYPED = ("typing.NamedTuple", "typing_extensions.NamedTuple")


class NamedTupleClass(Model):
    """What ``namedtuple(name, fields)`` makes; its objects are real named tuples."""

    __slots__ = ("cls", "own")
    type_name = "builtins.type"

    def __init__(self, cls: Any) -> None:
        self.cls = cls
        self.own: dict[int, Any] = {}  # for each subclass of the project, the real class of its objects

    @property
    def mro(self) -> list[Any]:
        """Of a class whose base it is."""
        return [self, External("builtins.tuple"), External("builtins.object")]

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``_fields``, ``_field_defaults``, ``_make`` and ``__name__``; for ``super()``, ``__new__``."""
        if name == "_make":
            return NativeFunction(name, self._make)
        if name == "super.__new__":
            return NativeFunction("__new__", self._new)
        if name == "__match_args__":
            return self.cls._fields
        return getattr(self.cls, name) if name in ("_fields", "_field_defaults", "__name__") else NotImplemented

    def call(self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        """A named tuple."""
        return self._built(machine, self.cls, args, kwargs, site)

    def _built(
        self, machine: Machine, cls: Any, args: list[Anything], kwargs: dict[str, Anything], site: CallSite
    ) -> Anything:
        if "**" in kwargs or any(isinstance(value, Spread) for value in args):
            return lost(machine, [*args, *kwargs.values()], site)
        return applied(cls, args, kwargs)

    def _make(self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        items = machine.iterate(bound(args, kwargs, "iterable")[0], site)
        return applied(self.cls, items, {}) if isinstance(items, list) else items

    def _new(self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        cls = args[0] if args else None
        if not isinstance(cls, UserClass):
            return lost(machine, args, site, "the class of the named tuple isn't known")
        return self._built(machine, self._class_of(cls), args[1:], kwargs, site)

    def make_instance(
        self, machine: Machine, cls: UserClass, args: list[Anything], kwargs: dict[str, Anything], site: CallSite
    ) -> Anything:
        """``cls(*args, **kwargs)`` for a subclass of the project."""
        redefined = next((name for name in sorted(BYPASSED) if cls.lookup(name) is not NotImplemented), None)
        if redefined is not None:
            why = f"objects of `{cls.name}` aren't followed: it is a named tuple with its own `{redefined}`"
            return machine.unknown(why, site, unseen=True)
        maker = cls.lookup("__new__")
        if isinstance(maker, Function):
            return machine.call(maker, [cls, *args], kwargs, site)
        return self._built(machine, self._class_of(cls), args, kwargs, site)

    def _class_of(self, cls: UserClass) -> Any:
        if id(cls) not in self.own:
            members = {"user_class": cls, "fields": {}, "__slots__": ()}
            self.own[id(cls)] = type(cls.name, (UserData, self.cls), members)
        return self.own[id(cls)]


def typed_base(machine: Machine, name: str, members: dict[str, Anything], node: ast.ClassDef, site: CallSite) -> Any:
    """The base class that ``class X(NamedTuple)`` gets from the annotations in its body."""
    fields = [
        item.target.id for item in node.body if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
    ]
    defaults = [members.pop(field) for field in fields if field in members]
    return named_tuple_class(machine, name, fields, defaults, site)


def named_tuple_class(
    machine: Machine, name: Anything, fields: list[Anything], defaults: list[Anything], site: CallSite
) -> Any:
    """The class with these fields. Raises ``PyRaise`` of ``ValueError`` for names that can't be fields."""
    if not isinstance(name, str) or not all(isinstance(field, str) for field in fields):
        return lost(machine, [name, *fields], site, "the fields of the named tuple aren't known")
    options = {"defaults": defaults, "module": machine.module.name}
    return NamedTupleClass(applied(collections.namedtuple, [name, fields], options))
