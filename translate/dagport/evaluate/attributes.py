"""Reading and writing attributes and items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagport.evaluate import methods
from dagport.evaluate.classes import Descriptor, PropertySetter, enum_member
from dagport.evaluate.domain import (
    KNOWN_TYPES,
    Anything,
    BoundMethod,
    CallSite,
    EnumText,
    External,
    Function,
    Instance,
    Model,
    NativeFunction,
    PyRaise,
    Symbolic,
    Unknown,
    UserClass,
    is_plain,
    unknown_rest,
)

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

LOOKUP_ERRORS = (KeyError, IndexError, TypeError, ValueError)


def get_attribute(machine: Machine, owner: Anything, name: str, site: CallSite) -> Anything:
    """``owner.name``."""
    if isinstance(owner, External):
        return machine.external(f"{owner.name}.{name}")
    if isinstance(owner, KNOWN_TYPES):
        return _known_attribute(machine, owner, name, site)
    if isinstance(owner, Instance):
        return _instance_attribute(machine, owner, name, site)
    if isinstance(owner, Unknown):
        return machine.unknown(owner.why, site, clock=owner.clock, unseen=owner.unseen)
    value = machine.hooks.attribute(machine, owner, name, site)
    if value is NotImplemented and isinstance(owner, Model):
        value = owner.attr(machine, name, site)
    if value is not NotImplemented:
        return value
    if isinstance(owner, UserClass):
        return _class_attribute(machine, owner, name, site)
    if isinstance(owner, Function):
        return _function_attribute(machine, owner, name, site)
    if isinstance(owner, Symbolic):
        return Symbolic(f"{owner.name}.{name}", text=site.text, span=site.span, parent=owner)
    if isinstance(owner, Descriptor) and name in ("setter", "getter", "deleter"):
        return PropertySetter(owner)
    if isinstance(owner, BoundMethod):
        return get_attribute(machine, owner.function, name, site)
    return machine.unknown(f"the attribute `{name}` isn't modelled", site)


def _known_attribute(machine: Machine, owner: Anything, name: str, site: CallSite) -> Anything:
    if isinstance(owner, EnumText) and name in ("value", "name"):
        return owner.value if name == "value" else owner.name
    value = methods.attribute(owner, name)
    if value is not NotImplemented:
        return value
    method = methods.lookup(owner, name)
    if method is not None:
        return BoundMethod(NativeFunction(name, method), owner)
    if name == "__class__":
        return External(f"builtins.{type(owner).__name__}")
    if hasattr(type(owner), name):
        return machine.unknown(f"`{type(owner).__name__}.{name}` isn't modelled", site)
    if type(owner).__module__ == "datetime":
        # pendulum's dates are kept as the standard library's, and have more attributes than those.
        return machine.unknown(f"`{name}` of a date isn't modelled", site)
    raise PyRaise("AttributeError", f"'{type(owner).__name__}' object has no attribute '{name}'")


def _instance_attribute(machine: Machine, owner: Instance, name: str, site: CallSite) -> Anything:
    member = owner.cls.lookup(name)
    if isinstance(member, Descriptor) and member.kind == "property":
        return machine.call(member.function, [owner], {}, site)
    if name in owner.fields:
        return owner.fields[name]
    if member is not NotImplemented:
        return _bound(owner, owner.cls, member)
    value = owner.attr(machine, name, site)
    if value is NotImplemented:
        value = machine.hooks.attribute(machine, owner, name, site)
    if value is not NotImplemented:
        return value
    if name == "__class__":
        return owner.cls
    if name == "__dict__":
        return owner.fields
    fallback = owner.cls.lookup("__getattr__")
    if isinstance(fallback, Function):
        return machine.call(BoundMethod(fallback, owner), [name], {}, site)
    if any(not isinstance(cls, UserClass) and cls != OBJECT for cls in owner.cls.mro):
        return machine.unknown(f"`{name}` may come from a base class that can't be read", site, unseen=True)
    raise PyRaise("AttributeError", f"'{owner.cls.name}' object has no attribute '{name}'")


OBJECT = External("builtins.object")


def _bound(owner: Instance, cls: UserClass, member: Anything) -> Anything:
    if isinstance(member, Descriptor):
        if member.kind == "staticmethod":
            return member.function
        return BoundMethod(member.function, cls)
    if isinstance(member, Function):
        return BoundMethod(member, owner)
    return member


def _class_attribute(machine: Machine, owner: UserClass, name: str, site: CallSite) -> Anything:
    if name in ("__name__", "__qualname__"):
        return owner.name
    if name == "__doc__":
        return owner.members.get("__doc__")
    if name == "__module__":
        return owner.scope.module.name if owner.scope else machine.unknown("the class is of a library", site)
    member = enum_member(machine, owner, name)
    if member is not NotImplemented:
        return member
    member = owner.lookup(name)
    if isinstance(member, Descriptor):
        if member.kind == "classmethod":
            return BoundMethod(member.function, owner)
        return member.function if member.kind == "staticmethod" else member
    if member is not NotImplemented:
        return member
    for base in owner.mro:
        if isinstance(base, External) and base != OBJECT:
            return External(f"{base.name}.{name}")
        if isinstance(base, Unknown):
            return machine.unknown(base.why, site)
    raise PyRaise("AttributeError", f"type object '{owner.name}' has no attribute '{name}'")


def _function_attribute(machine: Machine, owner: Function, name: str, site: CallSite) -> Anything:
    if name in owner.attributes:
        return owner.attributes[name]
    if name in ("__name__", "__qualname__"):
        return owner.name
    if name == "__module__":
        return owner.scope.module.name
    if name == "__doc__":
        import ast

        return None if isinstance(owner.node, ast.Lambda) else ast.get_docstring(owner.node, clean=False)
    return machine.unknown(f"the attribute `{name}` of a function isn't modelled", site)


def set_attribute(machine: Machine, owner: Anything, name: str, value: Anything, site: CallSite) -> None:
    """``owner.name = value``."""
    if isinstance(owner, Model):
        if isinstance(owner, Instance):
            member = owner.cls.lookup(name)
            if isinstance(member, Descriptor) and member.setter is not None:
                machine.call(member.setter, [owner, value], {}, site)
                return
        done = owner.set_attr(machine, name, value, site)
        if done is NotImplemented and isinstance(owner, Instance):
            machine.effect()
            owner.fields[name] = value
            return
        if done is not NotImplemented:
            return
    elif isinstance(owner, UserClass):
        machine.effect()
        owner.members[name] = value
        return
    elif isinstance(owner, Function):
        owner.attributes[name] = value
        return
    elif isinstance(owner, KNOWN_TYPES):
        raise PyRaise("AttributeError", f"'{type(owner).__name__}' object has no attribute '{name}'")
    machine.hooks.unseen_call(machine, owner, [value], {}, site)


def get_item(machine: Machine, owner: Anything, key: Anything, site: CallSite) -> Anything:
    """``owner[key]``."""
    if isinstance(owner, dict | list | tuple | str | bytes | range) and is_plain(key):
        try:
            return owner[key]
        except LOOKUP_ERRORS as error:
            rest = unknown_rest(owner)
            if rest is not None:
                return machine.unknown(rest.why, site)
            if isinstance(error, KeyError) and any(not is_plain(item) for item in owner):
                return machine.unknown("a key of the dict isn't known", site)
            raise PyRaise(type(error).__name__, str(error)) from None
    if isinstance(owner, dict):
        try:
            return owner[key]
        except (KeyError, TypeError):
            return machine.unknown("the key isn't known", site)
    if isinstance(owner, Instance):
        from dagport.evaluate.operators import call_method

        value = call_method(machine, owner, "__getitem__", [key], site)
        if value is not NotImplemented:
            return value
    if isinstance(owner, Model):
        value = owner.item(machine, key, site)
        if value is not NotImplemented:
            return value
    if isinstance(owner, UserClass) or (isinstance(owner, External) and _is_generic(machine, owner)):
        return _subscripted_type(machine, owner, key, site)
    if isinstance(owner, External):
        return Symbolic(f"{owner.name}[...]", [key], text=site.text, span=site.span, parent=Symbolic(owner.name))
    if isinstance(owner, Symbolic):
        return Symbolic(f"{owner.name}[...]", [key], text=site.text, span=site.span, parent=owner)
    lost = owner if isinstance(owner, Unknown) else key if isinstance(key, Unknown) else None
    return machine.unknown(lost.why if lost else "the item isn't known", site)


GENERIC_HOMES = ("builtins.", "typing.", "typing_extensions.", "collections.", "contextlib.", "os.PathLike")


def _is_generic(machine: Machine, owner: External) -> bool:
    """Whether a name of a library is a class that may be subscripted, not data that may be looked into."""
    return owner.name.startswith(GENERIC_HOMES) or machine.native(f"{owner.name}.__getitem__") is not None


def _subscripted_type(machine: Machine, owner: Anything, key: Anything, site: CallSite) -> Anything:
    member = (
        enum_member(machine, owner, key) if isinstance(owner, UserClass) and isinstance(key, str) else NotImplemented
    )
    if member is not NotImplemented:
        return member
    native = machine.native(f"{owner.name}.__getitem__") if isinstance(owner, External) else None
    # Otherwise a generic type such as list[str], of which only the class matters.
    return owner if native is None else native(machine, [key], {}, site)


def set_item(machine: Machine, owner: Anything, key: Anything, value: Anything, site: CallSite) -> None:
    """``owner[key] = value``."""
    machine.effect()
    if isinstance(owner, dict) and not isinstance(key, Unknown | Symbolic):
        try:
            owner[key] = value
        except TypeError as error:
            raise PyRaise("TypeError", str(error)) from None
        machine.check_items(len(owner))
    elif isinstance(owner, list) and isinstance(key, int | slice):
        try:
            owner[key] = value
        except LOOKUP_ERRORS as error:
            raise PyRaise(type(error).__name__, str(error)) from None
    elif isinstance(owner, Instance) and isinstance(owner.cls.lookup("__setitem__"), Function):
        machine.call(BoundMethod(owner.cls.lookup("__setitem__"), owner), [key, value], {}, site)
    elif isinstance(owner, dict | list):
        machine.doubt("DP201", f"`{site.text}` sets an entry whose key isn't known", site)
    elif isinstance(owner, KNOWN_TYPES):
        raise PyRaise("TypeError", f"'{type(owner).__name__}' object does not support item assignment")
    else:
        machine.hooks.unseen_call(machine, owner, [key, value], {}, site)


def delete_item(machine: Machine, owner: Anything, key: Anything, site: CallSite) -> None:
    """``del owner[key]``."""
    machine.effect()
    if isinstance(owner, dict | list) and is_plain(key):
        try:
            del owner[key]
        except LOOKUP_ERRORS as error:
            raise PyRaise(type(error).__name__, str(error)) from None
    else:
        machine.doubt("DP201", f"`{site.text}` removes something that isn't known", site)
