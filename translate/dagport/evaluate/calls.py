"""Calls: binding of arguments, functions and classes of the project, generators and ``with``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from dagport.evaluate.attributes import bound as bound_member
from dagport.evaluate.classes import Descriptor, is_enum
from dagport.evaluate.domain import (
    KNOWN_TYPES,
    Anything,
    BoundMethod,
    CallSite,
    External,
    Frame,
    Function,
    Instance,
    LimitHit,
    Model,
    NativeFunction,
    PyRaise,
    Scope,
    Spread,
    Unknown,
    UserClass,
)
from dagport.evaluate.enums import enum_by_value
from dagport.evaluate.exceptions import is_exception
from dagport.evaluate.expressions import evaluate
from dagport.evaluate.generators import GeneratorObject, suspends
from dagport.evaluate.kinds import TRANSPARENT
from dagport.evaluate.objects import data_base, make_data
from dagport.evaluate.records import makes_init, record_init
from dagport.evaluate.statements import Return, execute_block

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine


def call(
    machine: Machine, callee: Anything, args: list[Anything], kwargs: dict[str, Anything], site: CallSite
) -> Anything:
    """Call any value."""
    if isinstance(callee, External):
        native = machine.native(callee.name)
        if native is not None:
            return native(machine, args, kwargs, site)
    elif isinstance(callee, BoundMethod):
        return call(machine, callee.function, [callee.self_value, *args], kwargs, site)
    elif isinstance(callee, NativeFunction):
        return callee.run(machine, args, kwargs, site)
    elif isinstance(callee, Function):
        return call_function(machine, callee, args, kwargs, site)
    elif isinstance(callee, UserClass):
        return instantiate(machine, callee, args, kwargs, site)
    elif isinstance(callee, Model):
        if isinstance(callee, Instance) and (found := _call_object(machine, callee, args, kwargs, site)) is not MISSING:
            return found
        result = callee.call(machine, args, kwargs, site)
        if result is not NotImplemented:
            return result
    elif isinstance(callee, KNOWN_TYPES):
        raise PyRaise("TypeError", f"'{type(callee).__name__}' object is not callable")
    return machine.hooks.unseen_call(machine, callee, args, kwargs, site)


MISSING = object()


def _call_object(
    machine: Machine, callee: Instance, args: list[Anything], kwargs: dict[str, Anything], site: CallSite
) -> Anything:
    """``callee(*args)`` by its class's ``__call__``; ``MISSING`` if that isn't known."""
    method = callee.cls.lookup("__call__")
    if method is not NotImplemented:
        return call(machine, bound_member(callee, callee.cls, method), args, kwargs, site)
    if "contextlib.ContextDecorator" in callee.cls.externals() and args:
        from dagport.evaluate.contexts import around

        return around(args[0], lambda: callee)
    if all(isinstance(base, UserClass) or base in PLAIN_BASES for base in callee.cls.mro) and not callee.partial:
        raise PyRaise("TypeError", f"'{callee.cls.name}' object is not callable")
    return MISSING


def call_function(
    machine: Machine, function: Function, args: list[Anything], kwargs: dict[str, Anything], site: CallSite
) -> Anything:
    """Call a function of the project."""
    if function.is_async:
        return machine.unknown("coroutines aren't followed", site)
    names = bind_arguments(machine, function, args, kwargs, site)
    node = function.node
    frame = Frame(function, function.owner, args[0] if args else names.get(_first_parameter(node)))
    scope = Scope(function.scope.module, names, function.scope, frame)
    if isinstance(node, ast.Lambda):
        with deeper(machine, site):
            return evaluate(machine, node.body, scope)
    if _is_generator(node):
        return GeneratorObject(machine, function, scope, frame)
    return run_body(machine, node.body, scope, frame, site)


def run_body(machine: Machine, body: list[ast.stmt], scope: Scope, frame: Frame, site: CallSite) -> Anything:
    """Run a function's statements; the value it returns."""
    try:
        with deeper(machine, site):
            signal = execute_block(machine, body, scope)
    except PyRaise as error:
        if frame.exits:
            machine.doubt("DP202", f"the file may raise {error}, depending on `{frame.exits[0][2]}`", site)
            frame.finish(machine, None, site)
        raise
    return frame.finish(machine, signal.value if isinstance(signal, Return) else None, site)


class deeper:  # noqa: N801 - a context manager, used like a function; a generator would cost too much here
    """One call more, within the limit."""

    __slots__ = ("machine", "site")

    def __init__(self, machine: Machine, site: CallSite) -> None:
        self.machine = machine
        self.site = site

    def __enter__(self) -> None:
        self.machine.depth += 1
        if self.machine.depth > self.machine.limits.depth:
            self.machine.depth -= 1
            raise LimitHit("nested calls", self.machine.limits.depth)
        self.machine.enter(self.site)

    def __exit__(self, *_: object) -> None:
        self.machine.leave()
        self.machine.depth -= 1


def _first_parameter(node: Any) -> str:
    parameters = [*node.args.posonlyargs, *node.args.args]
    return parameters[0].arg if parameters else ""


def _is_generator(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    known = getattr(node, "_yields", None)
    if known is None:
        known = node._yields = any(map(suspends, node.body))  # type: ignore[union-attr]
    return bool(known)


# Arguments


def bind_arguments(
    machine: Machine, function: Function, args: list[Anything], kwargs: dict[str, Anything], site: CallSite
) -> dict[str, Anything]:
    """The parameters' values of a call, by Python's rules.

    Raises ``PyRaise`` of ``TypeError`` for a missing or unexpected argument.
    """
    spec = function.node.args
    positional = [*spec.posonlyargs, *spec.args]
    keywords = dict(kwargs)
    lost: Any = keywords.pop("**", None)
    values = list(args)
    spread = next((index for index, item in enumerate(values) if isinstance(item, Spread)), None)
    if spread is not None:
        lost = lost or values[spread]
        values = values[:spread]
    names: dict[str, Anything] = {}
    for parameter, value in zip(positional, values, strict=False):
        names[parameter.arg] = value
    if len(values) > len(positional) and spec.vararg is None:
        raise too_many(function.qualname, len(positional), len(function.defaults), len(values))
    if spec.vararg is not None:
        extra = tuple(values[len(positional) :])
        names[spec.vararg.arg] = extra if spread is None else machine.unknown(lost.why, site)
    allowed = {parameter.arg for parameter in (*spec.args, *spec.kwonlyargs)}
    for name in [name for name in keywords if name in allowed]:
        if name in names:
            raise PyRaise("TypeError", f"{function.qualname}() got multiple values for argument '{name}'")
        names[name] = keywords.pop(name)
    if spec.kwarg is not None:
        names[spec.kwarg.arg] = keywords if lost is None else {**keywords, "**": lost}
    elif keywords:
        raise _unexpected(function, keywords)
    _fill_defaults(machine, function, positional, names, lost, site)
    return names


def _unexpected(function: Function, keywords: dict[str, Anything]) -> PyRaise:
    by_place = [item.arg for item in function.node.args.posonlyargs if item.arg in keywords]
    if by_place:
        shown = ", ".join(by_place)
        text = f"got some positional-only arguments passed as keyword arguments: '{shown}'"
        return PyRaise("TypeError", f"{function.qualname}() {text}")
    return PyRaise("TypeError", f"{function.qualname}() got an unexpected keyword argument '{next(iter(keywords))}'")


def too_many(name: str, most: int, optional: int, given: int) -> PyRaise:
    """The ``TypeError`` for too many positional arguments."""
    wanted = f"from {most - optional} to {most}" if optional else str(most)
    plural = "" if most == 1 and not optional else "s"
    verb = "was" if given == 1 else "were"
    return PyRaise("TypeError", f"{name}() takes {wanted} positional argument{plural} but {given} {verb} given")


def missing(name: str, kind: str, names: list[str]) -> PyRaise:
    """The ``TypeError`` for missing arguments."""
    shown = [repr(item) for item in names]
    listed = (
        shown[0]
        if len(shown) == 1
        else " and ".join(shown)
        if len(shown) == 2
        else (", ".join(shown[:-1]) + f", and {shown[-1]}")
    )
    plural = "" if len(names) == 1 else "s"
    return PyRaise("TypeError", f"{name}() missing {len(names)} required {kind} argument{plural}: {listed}")


def argument_errors(
    name: str,
    positional: list[str],
    allowed: list[str],
    needed: list[str],
    args: list[Anything],
    kwargs: dict[str, Anything],
    *,
    bound_first: bool,
) -> None:
    """Raise the ``TypeError`` of a call that doesn't fit; ``bound_first``: an object comes before the arguments."""
    extra = int(bound_first)
    unexpected = next((key for key in kwargs if key not in allowed), None)
    if unexpected is not None:
        raise PyRaise("TypeError", f"{name}() got an unexpected keyword argument '{unexpected}'")
    twice = next((key for key in positional[: len(args)] if key in kwargs), None)
    if twice is not None:
        raise PyRaise("TypeError", f"{name}() got multiple values for argument '{twice}'")
    optional = len([key for key in positional if key not in needed])
    if len(args) > len(positional):
        raise too_many(name, len(positional) + extra, optional, len(args) + extra)
    absent = [key for key in needed if key not in kwargs and key not in positional[: len(args)]]
    first = [key for key in absent if key in positional]
    if absent:
        raise missing(name, "positional" if first else "keyword-only", first or absent)


def _fill_defaults(
    machine: Machine,
    function: Function,
    positional: list[ast.arg],
    names: dict[str, Anything],
    lost: Unknown | None,
    site: CallSite,
) -> None:
    spec = function.node.args
    defaults = [NotImplemented] * (len(positional) - len(function.defaults)) + function.defaults
    for kind, parameters, values in (
        ("positional", positional, defaults),
        ("keyword-only", spec.kwonlyargs, function.kw_defaults),
    ):
        absent: list[str] = []
        for parameter, default in zip(parameters, values, strict=True):
            if parameter.arg in names:
                continue
            if lost is not None:
                names[parameter.arg] = machine.unknown(lost.why, site)
            elif default is NotImplemented:
                absent.append(parameter.arg)
            else:
                names[parameter.arg] = default
        if absent:
            raise missing(function.qualname, kind, absent)


# Classes


def adopt(cls: UserClass) -> None:
    """Tell the functions of a class body which class they belong to, for ``super()``."""
    for member in cls.members.values():
        function = member.function if isinstance(member, Descriptor) else member
        if isinstance(function, Function) and function.owner is None:
            function.owner = cls


def instantiate(
    machine: Machine, cls: UserClass, args: list[Anything], kwargs: dict[str, Anything], site: CallSite
) -> Anything:
    """``cls(*args, **kwargs)``, by its metaclass."""
    hook = cls.meta.lookup("__call__") if cls.meta is not None else NotImplemented
    if isinstance(hook, Function):
        return call(machine, hook, [cls, *args], kwargs, site)
    return make_instance(machine, cls, args, kwargs, site)


def make_instance(
    machine: Machine, cls: UserClass, args: list[Anything], kwargs: dict[str, Anything], site: CallSite
) -> Anything:
    """``type.__call__(cls, *args, **kwargs)``: ``__new__``, then ``__init__``."""
    if is_enum(cls):
        return enum_by_value(machine, cls, args, site)
    special = _made_by_base(machine, cls, args, kwargs, site)
    if special is not NotImplemented:
        return special
    maker = cls.lookup("__new__")
    if isinstance(maker, Descriptor):
        maker = maker.function
    if isinstance(maker, Function):
        made = call(machine, maker, [cls, *args], kwargs, site)
        if isinstance(made, Unknown):
            lost = machine.unknown(made.why, site, unseen=True)
            return machine.hooks.unseen_call(machine, lost, args, kwargs, site)
        if not isinstance(made, Instance) or not any(base is cls for base in made.cls.mro):
            return made
        instance = made
    else:
        instance = new_object(machine, cls, args, kwargs, site)
    initialise(machine, instance, args, kwargs, site)
    machine.hooks.initialised(machine, instance, site)
    return instance


def _made_by_base(
    machine: Machine, cls: UserClass, args: list[Anything], kwargs: dict[str, Anything], site: CallSite
) -> Anything:
    """An object of a class whose base class decides what it is: data, named tuples, types; else ``NotImplemented``."""
    model = next((base for base in cls.mro if hasattr(base, "make_instance")), None)
    if model is not None:
        return model.make_instance(machine, cls, args, kwargs, site)
    externals = cls.externals()
    if any(name in ("typing.TypedDict", "typing_extensions.TypedDict") for name in externals):
        return call(machine, External("builtins.dict"), args, kwargs, site)
    kind = data_base(cls)
    if kind is not None:
        return make_data(machine, cls, kind, args, kwargs, site)
    if "builtins.type" in externals:
        return machine.unknown("a class made by calling a metaclass isn't followed", site, unseen=True)
    return NotImplemented


def new_object(
    machine: Machine, cls: UserClass, args: list[Anything], kwargs: dict[str, Anything], site: CallSite
) -> Instance:
    """``object.__new__(cls)``. Raises ``PyRaise`` of ``TypeError`` for an abstract class."""
    abstract = abstract_method(cls)
    if abstract is not None:
        raise PyRaise("TypeError", f"Can't instantiate abstract class {cls.name} with abstract method {abstract}")
    instance = machine.hooks.instance(cls)
    if is_exception(cls):
        instance.fields["args"] = tuple(args)
    return instance


def abstract_method(cls: UserClass) -> str | None:
    """A method that the class leaves abstract, where that keeps it from being instantiated (``abc.ABCMeta``)."""
    marked = [name for base in cls.mro if isinstance(base, UserClass) for name in _marked_abstract(base)]
    if not marked or not _has_metaclass(cls):
        return None
    for name in marked:
        method = cls.lookup(name)
        method = method.function if isinstance(method, Descriptor) else method
        if isinstance(method, Function) and method.owner is not None and name in _marked_abstract(method.owner):
            return name
    return None


def _marked_abstract(cls: UserClass) -> list[str]:
    body = cls.node.body if cls.node is not None else []
    return [
        item.name
        for item in body
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)
        and any(ast.unparse(decorator).endswith("abstractmethod") for decorator in item.decorator_list)
    ]


def _has_metaclass(cls: UserClass) -> bool:
    """Whether the class's metaclass may be ABCMeta: a library base says so, or a keyword."""
    if any(name != "builtins.object" for name in cls.externals()):
        return True
    return any(isinstance(base, UserClass) and base.node is not None and base.node.keywords for base in cls.mro)


def initialise(
    machine: Machine, instance: Instance, args: list[Anything], kwargs: dict[str, Anything], site: CallSite
) -> None:
    """Run the ``__init__`` that the object's class has."""
    for cls in instance.cls.mro:
        if isinstance(cls, UserClass):
            if makes_init(cls):
                record_init(cls)(machine, [instance, *args], kwargs, site)
                return
            method = cls.members.get("__init__")
            if isinstance(method, Function):
                machine.hooks.before_init(machine, instance, cls, method, args, kwargs, site)
            if method is not None:
                value = call(machine, method, [instance, *args], kwargs, site)
                if value is not None and isinstance(value, KNOWN_TYPES):
                    name = type(value).__name__
                    raise PyRaise("TypeError", f"__init__() should return None, not '{name}'")
                return
        elif cls not in PLAIN_BASES:
            library_init(machine, instance, cls, args, kwargs, site)
            return
    if (args or kwargs) and not isinstance(instance.cls.lookup("__new__"), Function):
        raise PyRaise("TypeError", f"{instance.cls.name}() takes no arguments")


PLAIN_BASES = tuple(External(name) for name in sorted(TRANSPARENT))


def library_init(
    machine: Machine,
    instance: Instance,
    base: Anything,
    args: list[Anything],
    kwargs: dict[str, Anything],
    site: CallSite,
) -> None:
    """``__init__`` of a base class that isn't of the project."""
    if machine.hooks.library_init(machine, instance, base, args, kwargs, site):
        return
    if isinstance(base, External) and base.name in TRANSPARENT:
        return
    # What such a constructor keeps is unknown; attributes of the object that nobody set stay unknown too.
    if is_exception(instance.cls):
        instance.fields["args"] = tuple(args)
    else:
        instance.fields.setdefault("args", tuple(args))
