"""Reading and writing attributes."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from dagport.evaluate import methods
from dagport.evaluate.classes import Descriptor, PropertySetter, is_enum
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
    Module,
    NativeFunction,
    PyRaise,
    Symbolic,
    Unknown,
    UserClass,
)
from dagport.evaluate.enums import EnumMember
from dagport.evaluate.kinds import OBJECT, TRANSPARENT, real_class, type_of
from dagport.evaluate.objects import UserData, object_method

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine


def get_attribute(machine: Machine, owner: Anything, name: str, site: CallSite) -> Anything:
    """``owner.name``."""
    if isinstance(owner, External):
        return _external_attribute(machine, owner, name)
    if isinstance(owner, KNOWN_TYPES):
        if isinstance(owner, UserData):
            return _object_attribute(machine, owner, name, site)
        return known_attribute(machine, owner, name, site)
    if isinstance(owner, Instance):
        hook = owner.cls.lookup("__getattribute__")
        if isinstance(hook, Function):
            return machine.call(BoundMethod(hook, owner), [name], {}, site)
        return _object_attribute(machine, owner, name, site)
    if isinstance(owner, Unknown):
        return machine.unknown(owner.why, site, clock=owner.clock, unseen=owner.unseen)
    value = machine.hooks.attribute(machine, owner, name, site)
    if value is NotImplemented and isinstance(owner, Model):
        value = owner.attr(machine, name, site)
    if value is not NotImplemented:
        return value
    if isinstance(owner, UserClass):
        return class_attribute(machine, owner, name, site)
    if isinstance(owner, Function):
        return _function_attribute(machine, owner, name, site)
    if isinstance(owner, Symbolic):
        return Symbolic(f"{owner.name}.{name}", text=site.text, span=site.span, parent=owner)
    return _other_attribute(machine, owner, name, site)


def _external_attribute(machine: Machine, owner: External, name: str) -> Anything:
    value = machine.external(f"{owner.name}.{name}")
    if not isinstance(value, External) or not name.startswith("__"):
        return value
    real = real_class(owner.name)
    if real is not None and name in ("__name__", "__qualname__", "__module__"):
        return getattr(real, name)
    if real is not None and name in ("__mro__", "__bases__"):
        return tuple(External(f"builtins.{cls.__name__}") for cls in getattr(real, name))
    if name in ("__name__", "__qualname__") and owner.name.count(".") == 1 and owner.name.startswith("builtins."):
        return owner.name.rpartition(".")[2]
    if name in ("__name__", "__qualname__"):
        last = owner.name.rpartition(".")[2]
        sure = machine.native(owner.name) is not None or last.endswith(("Error", "Exception"))
        return last if sure else machine.unknown(f"the name of `{owner.name}` isn't known")
    return value


def _other_attribute(machine: Machine, owner: Anything, name: str, site: CallSite) -> Anything:
    if isinstance(owner, Descriptor):
        if name in ("setter", "getter", "deleter"):
            return PropertySetter(owner, name)
        if name in ("__func__", "fget", "__wrapped__"):
            return owner.function
        if name == "__isabstractmethod__":
            return False
    if isinstance(owner, BoundMethod):
        if name in ("__self__", "__func__"):
            return owner.self_value if name == "__self__" else owner.function
        return get_attribute(machine, owner.function, name, site)
    if isinstance(owner, NativeFunction) and name in ("__name__", "__qualname__"):
        return owner.name
    if name == "__class__":
        return type_of(machine, owner, site)
    return machine.unknown(f"the attribute `{name}` isn't modelled", site)


def known_attribute(machine: Machine, owner: Anything, name: str, site: CallSite) -> Anything:
    """An attribute of known data."""
    if isinstance(owner, EnumText) and name in ("value", "name"):
        return owner.value if name == "value" else owner.name
    value = methods.attribute(owner, name)
    if value is not NotImplemented:
        return value
    method = methods.lookup(owner, name)
    if method is not None:
        return BoundMethod(NativeFunction(name, method), owner)
    if name == "__class__":
        return type_of(machine, owner, site)
    if name == "__doc__" and owner is None:
        return type(None).__doc__
    if hasattr(type(owner), name):
        return machine.unknown(f"`{type(owner).__name__}.{name}` isn't modelled", site)
    if type(owner).__module__ == "datetime":
        # pendulum's dates are kept as the standard library's, and have more attributes than those.
        return machine.unknown(f"`{name}` of a date isn't modelled", site)
    raise PyRaise("AttributeError", f"'{type(owner).__name__}' object has no attribute '{name}'")


def object_attribute(machine: Machine, owner: Any, name: str, site: CallSite) -> Anything:
    """``object.__getattribute__(owner, name)`` for an object of a class of the project, else ``NotImplemented``."""
    cls = owner.user_class
    member = cls.lookup(name)
    getter = _getter(machine, owner, member, name)
    if getter is not None and _wins_over_fields(member):
        return getter(site)
    if name in owner.fields:
        return owner.fields[name]
    if getter is not None:
        return getter(site)
    if member is not NotImplemented:
        return bound(owner, cls, member)
    if isinstance(owner, Instance):
        value = owner.attr(machine, name, site)
        if value is NotImplemented:
            value = machine.hooks.attribute(machine, owner, name, site)
        if value is not NotImplemented:
            return value
    if name == "__class__":
        return cls
    if name == "__dict__":
        return NotImplemented if cls.slots() is not None else owner.fields
    if name in ("__doc__", "__module__"):
        return class_attribute(machine, cls, name, site)
    return object_method(machine, owner, name)


def _getter(machine: Machine, owner: Any, member: Anything, name: str) -> Any:
    """How a descriptor of the class gives its value; ``None`` for other members."""
    if isinstance(member, Descriptor):
        if member.kind == "property":
            return lambda site: machine.call(member.function, [owner], {}, site)
        if member.kind == "cached_property":
            return lambda site: _cached(machine, owner, member, name, site)
    if isinstance(member, Instance):
        method = member.cls.lookup("__get__")
        if isinstance(method, Function):
            return lambda site: machine.call(BoundMethod(method, member), [owner, owner.user_class], {}, site)
    return None


def _cached(machine: Machine, owner: Any, member: Descriptor, name: str, site: CallSite) -> Anything:
    value = machine.call(member.function, [owner], {}, site)
    if not machine.watching:
        owner.fields[name] = value
    return value


def _wins_over_fields(member: Anything) -> bool:
    """Whether a descriptor is a data descriptor."""
    if isinstance(member, Descriptor):
        return member.kind == "property"
    return member.cls.lookup("__set__") is not NotImplemented or member.cls.lookup("__delete__") is not NotImplemented


def _object_attribute(machine: Machine, owner: Any, name: str, site: CallSite) -> Anything:
    cls = owner.user_class
    fallback = cls.lookup("__getattr__")
    try:
        value = object_attribute(machine, owner, name, site)
        if value is NotImplemented and isinstance(owner, UserData):
            value = known_attribute(machine, owner, name, site)
    except PyRaise as error:
        if error.name != "AttributeError" or not isinstance(fallback, Function):
            raise
        value = NotImplemented
    if value is not NotImplemented:
        return value
    if isinstance(fallback, Function):
        return machine.call(BoundMethod(fallback, owner), [name], {}, site)
    return missing_attribute(machine, owner, name, site)


def missing_attribute(machine: Machine, owner: Any, name: str, site: CallSite) -> Anything:
    """An attribute that was found nowhere: an error, unless a base class that can't be read may have it."""
    cls = owner.user_class
    if any(not isinstance(base, UserClass) and not _is_seen_through(base, name) for base in cls.mro):
        return machine.unknown(f"`{name}` may come from a base class that can't be read", site, unseen=True)
    if owner.partial:
        return machine.unknown(f"whether it has `{name}` isn't known", site, unseen=True)
    raise PyRaise("AttributeError", f"'{cls.name}' object has no attribute '{name}'")


def _is_seen_through(base: Anything, name: str) -> bool:
    """Whether a base class of a library is known not to have an attribute."""
    if not isinstance(base, External):
        return False
    real = real_class(base.name)
    return base.name in TRANSPARENT or (real is not None and not hasattr(real, name))


def bound(owner: Any, cls: UserClass, member: Anything) -> Anything:
    """A member of a class as an attribute of an object."""
    if isinstance(member, Descriptor):
        return member.function if member.kind == "staticmethod" else BoundMethod(member.function, cls)
    if isinstance(member, Function) or (isinstance(member, NativeFunction | Model) and getattr(member, "binds", False)):
        return BoundMethod(member, owner)
    return member


CLASS_FACTS = ("__name__", "__qualname__", "__module__", "__mro__", "__bases__", "__dict__", "__subclasses__", "mro",
               "__annotations__", "__class__")  # fmt: skip


def class_attribute(machine: Machine, owner: UserClass, name: str, site: CallSite) -> Anything:
    """``Class.name``."""
    meta_member = owner.meta.lookup(name) if owner.meta is not None else NotImplemented
    if isinstance(meta_member, Descriptor) and meta_member.kind == "property":
        return machine.call(meta_member.function, [owner], {}, site)
    if name in CLASS_FACTS and (name not in owner.members or name == "__dict__"):
        return _class_fact(machine, owner, name, site)
    if name == "__doc__":
        return owner.members.get("__doc__")
    if name == "__members__" and is_enum(owner):
        return {key: member for key, member in owner.members.items() if isinstance(member, EnumMember)}
    member = owner.lookup(name)
    if isinstance(member, Descriptor):
        if member.kind == "classmethod":
            return BoundMethod(member.function, owner)
        return member.function if member.kind == "staticmethod" else member
    if isinstance(member, Instance) and isinstance(member.cls.lookup("__get__"), Function):
        return machine.call(machine.attribute(member, "__get__", site), [None, owner], {}, site)
    if name == "__init__" and isinstance(member, Function) and machine.hooks.models(owner):
        from dagport.evaluate.supers import wrapped_init

        return wrapped_init(owner, member)
    if member is not NotImplemented:
        return member
    if meta_member is not NotImplemented:
        return BoundMethod(meta_member, owner) if isinstance(meta_member, Function) else meta_member
    return _inherited(machine, owner, name, site)


def _inherited(machine: Machine, owner: UserClass, name: str, site: CallSite) -> Anything:
    for base in owner.mro:
        if isinstance(base, Unknown):
            return machine.unknown(base.why, site)
        if isinstance(base, Model) and not isinstance(base, UserClass):
            value = base.attr(machine, name, site)
            if value is not NotImplemented:
                return value
        if isinstance(base, External) and base.name not in TRANSPARENT:
            real = real_class(base.name)
            if base.name.startswith("enum.") and not name.startswith("_"):
                continue
            if real is None or hasattr(real, name):
                return External(f"{base.name}.{name}")
    if hasattr(object, name):
        return External(f"builtins.object.{name}")
    if owner.meta is not None and isinstance(owner.meta.lookup("__getattr__"), Function):
        return machine.call(BoundMethod(owner.meta.lookup("__getattr__"), owner), [name], {}, site)
    raise PyRaise("AttributeError", f"type object '{owner.name}' has no attribute '{name}'")


def _class_fact(machine: Machine, owner: UserClass, name: str, site: CallSite) -> Anything:
    if name in ("__name__", "__qualname__"):
        return owner.name if name == "__name__" else owner.qualname
    if name == "__module__":
        return owner.scope.module.name if owner.scope else machine.unknown("the class is of a library", site)
    if name in ("__mro__", "mro"):
        order = [base for base in owner.mro if base != OBJECT]
        result = (*order, OBJECT)
        return result if name == "__mro__" else NativeFunction(name, lambda *_: list(result))
    if name == "__bases__":
        return tuple(owner.bases) or (OBJECT,)
    if name == "__dict__":
        return dict(owner.members)
    if name == "__subclasses__":
        return NativeFunction(name, lambda *_: list(owner.subclasses))
    if name == "__annotations__":
        return class_annotations(machine, owner, site)
    return type_of(machine, owner, site)


def class_annotations(machine: Machine, owner: UserClass, site: CallSite) -> Anything:
    """``__annotations__`` of a class: the names are known, the types aren't looked into."""
    if owner.node is None:
        return {}
    return {
        item.target.id: machine.unknown("types aren't looked into", site)
        for item in owner.node.body
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
    }


def _function_attribute(machine: Machine, owner: Function, name: str, site: CallSite) -> Anything:
    if name in owner.attributes:
        return owner.attributes[name]
    if name in ("__name__", "__qualname__"):
        return owner.name if name == "__name__" else owner.qualname
    if name == "__module__":
        return owner.scope.module.name
    if name == "__dict__":
        return owner.attributes
    if name == "__doc__":
        return None if isinstance(owner.node, ast.Lambda) else ast.get_docstring(owner.node, clean=False)
    if name == "__get__":
        return NativeFunction(name, lambda machine, args, kwargs, site: BoundMethod(owner, args[0]))
    if name == "__call__":
        return owner
    if not name.startswith("__"):
        raise PyRaise("AttributeError", f"'function' object has no attribute '{name}'")
    return machine.unknown(f"the attribute `{name}` of a function isn't modelled", site)


def set_attribute(machine: Machine, owner: Anything, name: str, value: Anything, site: CallSite) -> None:
    """``owner.name = value``."""
    if isinstance(owner, UserData) and isinstance(owner, tuple) and name in getattr(type(owner), "_fields", ()):
        raise PyRaise("AttributeError", "can't set attribute")
    if isinstance(owner, Instance | UserData):
        hook = owner.user_class.lookup("__setattr__")
        if isinstance(hook, Function):
            machine.call(BoundMethod(hook, owner), [name, value], {}, site)
        else:
            set_object_attribute(machine, owner, name, value, site)
        return
    if isinstance(owner, Model):
        if owner.set_attr(machine, name, value, site) is not NotImplemented:
            return
    elif isinstance(owner, UserClass):
        _set_class_attribute(machine, owner, name, value, site)
        return
    elif isinstance(owner, Function):
        machine.effect()
        owner.attributes[name] = value
        return
    elif isinstance(owner, KNOWN_TYPES):
        known = hasattr(type(owner), name)
        text = f"'{type(owner).__name__}' object " + (
            f"attribute '{name}' is read-only" if known else f"has no attribute '{name}'"
        )
        raise PyRaise("AttributeError", text)
    elif isinstance(owner, External) and _is_other_model(machine, f"{owner.name}.{name}", value):
        machine.doubt("DP206", f"`{site.text}` puts something else in the place of a part of a library", site)
        return
    machine.hooks.unseen_call(machine, owner, [value], {}, site)


def _is_other_model(machine: Machine, name: str, value: Anything) -> bool:
    """Whether what is known of a library's name wouldn't hold any more with this value."""
    known = machine.external(name)
    return known is not value and (not isinstance(known, External) or machine.native(name) is not None)


def set_object_attribute(machine: Machine, owner: Any, name: str, value: Anything, site: CallSite) -> None:
    """``object.__setattr__(owner, name, value)`` for an object of a class of the project."""
    member = owner.user_class.lookup(name)
    if isinstance(member, Descriptor) and member.kind == "property":
        if member.setter is None:
            raise PyRaise("AttributeError", f"property '{name}' of '{owner.user_class.name}' object has no setter")
        machine.call(member.setter, [owner, value], {}, site)
        return
    if isinstance(member, Instance) and isinstance(member.cls.lookup("__set__"), Function):
        machine.call(BoundMethod(member.cls.lookup("__set__"), member), [owner, value], {}, site)
        return
    if isinstance(owner, Instance) and owner.set_attr(machine, name, value, site) is not NotImplemented:
        return
    _refuse(owner, name)
    machine.effect()
    if name == "__dict__" and isinstance(value, dict):
        owner.fields = value
    else:
        owner.fields[name] = value


def _refuse(owner: Any, name: str) -> None:
    """Raise what setting or deleting an attribute of a frozen or slotted object raises."""
    from dagport.evaluate.records import is_frozen

    if is_frozen(owner.user_class):
        raise PyRaise("dataclasses.FrozenInstanceError", f"cannot assign to field '{name}'")
    slots = owner.user_class.slots()
    if slots is not None and name not in slots:
        raise PyRaise("AttributeError", f"'{owner.user_class.name}' object has no attribute '{name}'")


def _set_class_attribute(machine: Machine, owner: UserClass, name: str, value: Anything, site: CallSite) -> None:
    if isinstance(owner.members.get(name), EnumMember):
        raise PyRaise("AttributeError", f"cannot reassign member '{name}'")
    hook = owner.meta.lookup("__setattr__") if owner.meta is not None else None
    if isinstance(hook, Function):
        machine.call(BoundMethod(hook, owner), [name, value], {}, site)
        return
    machine.effect()
    if name in ("__init__", "__new__") and machine.hooks.models(owner):
        machine.doubt("DP206", f"`{name}` of the class `{owner.name}` is replaced after it was made", site)
    if name == "__name__" and isinstance(value, str):
        owner.name = value
    elif name == "__qualname__" and isinstance(value, str):
        owner.qualname = value
    else:
        owner.members[name] = value


def delete_attribute(machine: Machine, owner: Anything, name: str, site: CallSite) -> None:
    """``del owner.name``."""
    machine.effect()
    if isinstance(owner, Instance | UserData):
        _delete_of_object(machine, owner, name, site)
    elif isinstance(owner, UserClass | Function):
        names = owner.members if isinstance(owner, UserClass) else owner.attributes
        if names.pop(name, NotImplemented) is NotImplemented:
            raise PyRaise("AttributeError", name)
    elif isinstance(owner, Module):
        if owner.frame.names.pop(name, NotImplemented) is NotImplemented:
            raise PyRaise("AttributeError", name)
    elif isinstance(owner, KNOWN_TYPES):
        raise PyRaise("AttributeError", f"'{type(owner).__name__}' object has no attribute '{name}'")
    else:
        machine.doubt("DP201", f"`{site.text}` removes something that isn't known", site)


def _delete_of_object(machine: Machine, owner: Any, name: str, site: CallSite) -> None:
    hook = owner.user_class.lookup("__delattr__")
    member = owner.user_class.lookup(name)
    if isinstance(hook, Function):
        machine.call(BoundMethod(hook, owner), [name], {}, site)
    elif isinstance(member, Descriptor) and member.kind == "property":
        if member.deleter is None:
            raise PyRaise("AttributeError", f"property '{name}' of '{owner.user_class.name}' object has no deleter")
        machine.call(member.deleter, [owner], {}, site)
    elif isinstance(member, Instance) and isinstance(member.cls.lookup("__delete__"), Function):
        machine.call(BoundMethod(member.cls.lookup("__delete__"), member), [owner], {}, site)
    else:
        delete_field(owner, name)


def delete_field(owner: Any, name: str) -> None:
    """``object.__delattr__(owner, name)``."""
    _refuse(owner, name)
    if name not in owner.fields:
        raise PyRaise("AttributeError", f"'{owner.user_class.name}' object has no attribute '{name}'")
    del owner.fields[name]
