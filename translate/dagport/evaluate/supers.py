"""``super()``: the next definition of a name along the method resolution order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagport.evaluate.classes import Descriptor
from dagport.evaluate.domain import (
    Anything,
    BoundMethod,
    CallSite,
    External,
    Function,
    Instance,
    Model,
    NativeFunction,
    PyRaise,
    Unknown,
    UserClass,
)
from dagport.evaluate.kinds import TRANSPARENT, real_class
from dagport.evaluate.objects import OBJECT_METHODS, STATIC, TYPE_METHODS, UserData, fill_data

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine


class SuperProxy(Model):
    """``super()``, in a method of ``owner``, for the object or the class ``target``."""

    __slots__ = ("owner", "target")

    def __init__(self, owner: UserClass, target: Anything) -> None:
        self.owner = owner
        self.target = target

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """The next definition of the name, bound to the object. Raises ``PyRaise`` of ``AttributeError``."""
        cls = getattr(self.target, "user_class", None) or self.target
        if isinstance(self.target, UserClass) and not any(base is self.owner for base in self.target.mro):
            cls = self.target.meta  # the object of a metaclass is a class
        order = cls.mro if isinstance(cls, UserClass) else []
        start = next((index for index, item in enumerate(order) if item is self.owner), -1)
        for base in order[start + 1 :]:
            found = self._found(machine, base, name, site)
            if found is not NotImplemented:
                return found
        return self._of_object(machine, name, site)

    def set_attr(self, machine: Machine, name: str, value: Anything, site: CallSite) -> None:
        """``super().name = value``."""
        machine.call(NativeFunction(name, OBJECT_METHODS["__setattr__"]), [self.target, name, value], {}, site)

    def item(self, machine: Machine, key: Anything, site: CallSite) -> Anything:
        """``super()[key]`` isn't allowed."""
        raise PyRaise("TypeError", "'super' object is not subscriptable")

    def _found(self, machine: Machine, base: Anything, name: str, site: CallSite) -> Anything:
        from dagport.evaluate.records import makes_init, record_init

        if isinstance(base, UserClass):
            if name == "__init__" and makes_init(base):
                return BoundMethod(NativeFunction(name, record_init(base)), self.target)
            if name not in base.members:
                return NotImplemented
            return self._member(machine, base, base.members[name], name, site)
        if isinstance(base, Unknown):
            return machine.unknown(base.why, site)
        if isinstance(base, External):
            return self._of_library(machine, base, name, site)
        return base.attr(machine, f"super.{name}", site) if isinstance(base, Model) else NotImplemented

    def _member(self, machine: Machine, base: UserClass, member: Anything, name: str, site: CallSite) -> Anything:
        if isinstance(member, Descriptor):
            if member.kind in ("property", "cached_property"):
                return machine.call(member.function, [self.target], {}, site)
            if member.kind == "staticmethod":
                return member.function
            bound_to = self.target if isinstance(self.target, UserClass) else self.target.user_class
            return BoundMethod(member.function, bound_to)
        if name == "__new__":
            return member
        if name == "__init__":
            return BoundMethod(wrapped_init(base, member), self.target)
        return BoundMethod(member, self.target) if isinstance(member, Function | NativeFunction) else member

    def _of_library(self, machine: Machine, base: External, name: str, site: CallSite) -> Anything:
        if base.name in TRANSPARENT:
            return NotImplemented
        if base.name in ("builtins.type", "abc.ABCMeta"):
            native = TYPE_METHODS.get(name)
            if native is None:
                return NotImplemented
            function = NativeFunction(name, native)
            return function if name == "__new__" else BoundMethod(function, self.target)
        if isinstance(self.target, UserData):
            if name == "__init__":
                return BoundMethod(NativeFunction(name, _fill), self.target)
            native = machine.native(f"{base.name}.{name}")
            return NotImplemented if native is None else BoundMethod(NativeFunction(name, native), self.target)
        if name == "__init__":
            return NativeFunction(name, _library_init(self.target, base))
        if name == "__new__" and (real_class(base.name) is not None or _is_made_by_hooks(machine, self.target)):
            return NativeFunction(name, STATIC["__new__"])
        if name in ("__init_subclass__", "__setattr__", "__delattr__"):
            return NotImplemented
        real = real_class(base.name)
        if real is not None and name == "__str__" and isinstance(self.target, Instance):
            return BoundMethod(NativeFunction(name, _exception_text), self.target)
        if real is not None and not hasattr(real, name):
            return NotImplemented
        value = self.target.attr(machine, name, site) if isinstance(self.target, Model) else NotImplemented
        return machine.unknown("the base class can't be read", site) if value is NotImplemented else value

    def _of_object(self, machine: Machine, name: str, site: CallSite) -> Anything:
        if name == "__post_init__":
            return NativeFunction(name, lambda *_: None)
        if name == "__new__":
            return NativeFunction(name, STATIC["__new__"])
        if name in OBJECT_METHODS:
            return BoundMethod(NativeFunction(name, OBJECT_METHODS[name]), self.target)
        if name == "__class__":
            return External("builtins.super")
        if isinstance(self.target, Instance):
            value = self.target.attr(machine, name, site)
            if value is not NotImplemented:
                return value
        cls = self.target if isinstance(self.target, UserClass) else self.target.user_class
        if all(isinstance(item, UserClass) or _is_plain_base(item) for item in cls.mro):
            raise PyRaise("AttributeError", f"'super' object has no attribute '{name}'")
        return machine.unknown("the base class can't be read", site)


def _is_made_by_hooks(machine: Machine, cls: Anything) -> bool:
    """Whether the objects of a class are the library's own models, which its constructor fills."""
    return isinstance(cls, UserClass) and machine.hooks.models(cls)


def _is_plain_base(base: Anything) -> bool:
    return isinstance(base, External) and (base.name in TRANSPARENT or real_class(base.name) is not None)


def _fill(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    fill_data(machine, args[0], args[1:], kwargs, site)


def _exception_text(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    from dagport.evaluate.exceptions import exception_base, exception_text

    name = exception_base(args[0].cls) or "Exception"
    return exception_text(machine, name, args[0].fields.get("args", ()), site)


def wrapped_init(cls: UserClass, method: Anything) -> Anything:
    """A base class's ``__init__``, with what the library does around it."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
        instance = args[0]
        if isinstance(instance, Instance) and isinstance(method, Function):
            machine.hooks.before_init(machine, instance, cls, method, args[1:], kwargs, site)
        machine.call(method, args, kwargs, site)

    return NativeFunction("__init__", run)


def _library_init(target: Any, base: Anything) -> Any:
    from dagport.evaluate.calls import library_init

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
        if isinstance(target, Instance):
            library_init(machine, target, base, args, kwargs, site)

    return run
