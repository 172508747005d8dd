"""Calls: binding of arguments, functions and classes of the project, generators and ``with``."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dagport.evaluate.classes import (
    DATACLASS_MARK,
    Descriptor,
    enum_by_value,
    initialise_dataclass,
    is_enum,
)
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
    first_unknown,
)
from dagport.evaluate.expressions import evaluate
from dagport.evaluate.statements import Return, Signal, execute_block

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
        if isinstance(callee, Instance) and isinstance(callee.cls.lookup("__call__"), Function):
            return call(machine, callee.cls.lookup("__call__"), [callee, *args], kwargs, site)
        result = callee.call(machine, args, kwargs, site)
        if result is not NotImplemented:
            return result
    elif isinstance(callee, KNOWN_TYPES):
        raise PyRaise("TypeError", f"'{type(callee).__name__}' object is not callable")
    return machine.hooks.unseen_call(machine, callee, args, kwargs, site)


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
        with _deeper(machine):
            return evaluate(machine, node.body, scope)
    if _contains_yield(node):
        return Generator(function, scope, frame)
    return run_body(machine, node.body, scope, frame, site)


def run_body(machine: Machine, body: list[ast.stmt], scope: Scope, frame: Frame, site: CallSite) -> Anything:
    """Run a function's statements; the value it returns."""
    with _deeper(machine):
        signal = execute_block(machine, body, scope)
        value = signal.value if isinstance(signal, Return) else None
    return frame.finish(machine, value, site)


class _deeper:  # noqa: N801 - a context manager, used like a function; a generator would cost too much here
    __slots__ = ("machine",)

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def __enter__(self) -> None:
        self.machine.depth += 1
        if self.machine.depth > self.machine.limits.depth:
            self.machine.depth -= 1
            raise LimitHit("nested calls", self.machine.limits.depth)

    def __exit__(self, *_: object) -> None:
        self.machine.depth -= 1


def _first_parameter(node: Any) -> str:
    parameters = [*node.args.posonlyargs, *node.args.args]
    return parameters[0].arg if parameters else ""


def _contains_yield(node: ast.AST) -> bool:
    known = getattr(node, "_yields", None)
    if known is None:
        known = any(_has_yield(item) for item in getattr(node, "body", []))
        node._yields = known  # type: ignore[attr-defined]
    return bool(known)


def _has_yield(node: ast.AST) -> bool:
    if isinstance(node, ast.Yield | ast.YieldFrom):
        return True
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
        return False
    return any(_has_yield(child) for child in ast.iter_child_nodes(node))


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
        raise PyRaise(
            "TypeError",
            f"{function.name}() takes {len(positional)} positional arguments but {len(values)} were given",
        )
    if spec.vararg is not None:
        extra = tuple(values[len(positional) :])
        names[spec.vararg.arg] = extra if spread is None else machine.unknown(lost.why, site)
    allowed = {parameter.arg for parameter in (*spec.args, *spec.kwonlyargs)}
    for name in [name for name in keywords if name in allowed]:
        if name in names:
            raise PyRaise("TypeError", f"{function.name}() got multiple values for argument '{name}'")
        names[name] = keywords.pop(name)
    if spec.kwarg is not None:
        names[spec.kwarg.arg] = keywords if lost is None else {**keywords, "**": lost}
    elif keywords:
        raise PyRaise("TypeError", f"{function.name}() got an unexpected keyword argument '{next(iter(keywords))}'")
    _fill_defaults(machine, function, positional, names, lost, site)
    return names


def _fill_defaults(
    machine: Machine,
    function: Function,
    positional: list[ast.arg],
    names: dict[str, Anything],
    lost: Unknown | None,
    site: CallSite,
) -> None:
    spec = function.node.args
    missing: list[str] = []
    offset = len(positional) - len(function.defaults)
    defaults = [NotImplemented] * offset + function.defaults
    for parameter, default in (
        *zip(positional, defaults, strict=True),
        *zip(spec.kwonlyargs, function.kw_defaults, strict=True),
    ):
        if parameter.arg in names:
            continue
        if lost is not None:
            names[parameter.arg] = machine.unknown(lost.why, site)
        elif default is NotImplemented:
            missing.append(parameter.arg)
        else:
            names[parameter.arg] = default
    if missing:
        wanted = ", ".join(map(repr, missing))
        raise PyRaise("TypeError", f"{function.name}() missing required arguments: {wanted}")


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
    """``cls(*args, **kwargs)``."""
    if is_enum(cls):
        return enum_by_value(machine, cls, args[0] if args else None, site)
    if "typing.TypedDict" in cls.externals() or "builtins.dict" in cls.externals():
        return machine.unknown("a subclass of dict isn't followed", site) if args else dict(kwargs)
    abstract = abstract_method(cls)
    if abstract is not None:
        raise PyRaise("TypeError", f"Can't instantiate abstract class {cls.name} with abstract method {abstract}")
    instance = machine.hooks.instance(cls)
    initialise(machine, instance, args, kwargs, site)
    machine.hooks.initialised(machine, instance, site)
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
            if DATACLASS_MARK in cls.members and "__init__" not in cls.members:
                initialise_dataclass(machine, instance, args, kwargs, site)
                return
            method = cls.members.get("__init__")
            if isinstance(method, Function):
                machine.hooks.before_init(machine, instance, cls, method, args, kwargs, site)
                call(machine, method, [instance, *args], kwargs, site)
                return
        else:
            library_init(machine, instance, cls, args, kwargs, site)
            return


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
    if isinstance(base, External) and base.name == "builtins.object":
        return
    # What such a constructor keeps is unknown; attributes of the object that nobody set stay unknown too.
    instance.fields.setdefault("args", tuple(args))


class SuperProxy(Model):
    """``super()``."""

    __slots__ = ("owner", "target")

    def __init__(self, owner: UserClass, target: Anything) -> None:
        self.owner = owner
        self.target = target

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """The next definition of the name along the method resolution order."""
        cls = self.target.cls if isinstance(self.target, Instance) else self.target
        order = cls.mro if isinstance(cls, UserClass) else []
        start = next((index for index, item in enumerate(order) if item is self.owner), -1)
        for base in order[start + 1 :]:
            if isinstance(base, UserClass):
                if name == "__init__" and DATACLASS_MARK in base.members and name not in base.members:
                    return BoundMethod(NativeFunction(name, _dataclass_init), self.target)
                if name in base.members:
                    member = base.members[name]
                    member = member.function if isinstance(member, Descriptor) else member
                    return BoundMethod(_wrapped_init(base, member) if name == "__init__" else member, self.target)
            elif name == "__init__":
                return NativeFunction(name, _library_init(self.target, base))
            elif base != External("builtins.object"):
                break
        if name in ("__init__", "__init_subclass__", "__post_init__"):
            return NativeFunction(name, lambda *_: None)
        value = self.target.attr(machine, name, site) if isinstance(self.target, Model) else NotImplemented
        return machine.unknown("the base class can't be read", site) if value is NotImplemented else value


def _wrapped_init(cls: UserClass, method: Anything) -> Anything:
    """A base class's ``__init__``, with what the library does around it."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
        instance = args[0]
        machine.hooks.before_init(machine, instance, cls, method, args[1:], kwargs, site)
        call(machine, method, args, kwargs, site)

    return NativeFunction("__init__", run)


def _dataclass_init(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    initialise_dataclass(machine, args[0], args[1:], kwargs, site)


def _library_init(target: Any, base: Anything) -> Any:
    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
        if isinstance(target, Instance):
            library_init(machine, target, base, args, kwargs, site)

    return run


# Generators and `with`


class Generator(Model):
    """A generator of the project: its body runs when it is iterated, to its end."""

    __slots__ = ("frame", "function", "items", "scope")

    def __init__(self, function: Function, scope: Scope, frame: Frame) -> None:
        self.function = function
        self.scope = scope
        self.frame = frame
        self.items: list[Anything] | None = None

    def iterate(self, machine: Machine, site: CallSite) -> Any:
        """All items: the first time it runs the body, afterwards it is exhausted."""
        if self.items is not None:
            return self.items
        self.items = []
        found: list[Anything] = []
        self.frame.yields = found
        run_body(machine, self.function.node.body, self.scope, self.frame, site)  # type: ignore[arg-type]
        return found

    def run_around(self, machine: Machine, site: CallSite, body: Callable[[Anything], Signal | None]) -> Signal | None:
        """Run the body of a ``with`` where the generator yields (``contextlib.contextmanager``)."""
        signals: list[Signal | None] = []
        self.frame.yields = lambda value: signals.append(body(value))
        run_body(machine, self.function.node.body, self.scope, self.frame, site)  # type: ignore[arg-type]
        if not signals:
            raise PyRaise("RuntimeError", "generator didn't yield")
        return signals[0]


class ContextManager(Model):
    """What a function decorated with ``contextlib.contextmanager`` returns."""

    __slots__ = ("generator",)

    def __init__(self, generator: Generator) -> None:
        self.generator = generator


def run_with(
    machine: Machine, manager: Anything, site: CallSite, body: Callable[[Anything], Signal | None]
) -> Signal | None:
    """Run the body of a ``with`` statement under its context manager."""
    if isinstance(manager, ContextManager):
        return manager.generator.run_around(machine, site, body)
    if isinstance(manager, Instance) and isinstance(manager.cls.lookup("__enter__"), Function):
        value = call(machine, manager.cls.lookup("__enter__"), [manager], {}, site)
        signal = body(value)
        leave = manager.cls.lookup("__exit__")
        if isinstance(leave, Function):
            call(machine, leave, [manager, None, None, None], {}, site)
        return signal
    if isinstance(manager, Model):
        value = manager.enter(machine, site)
        if value is not NotImplemented:
            try:
                signal = body(value)
            finally:
                manager.leave(machine, site)
            return signal
    machine.hooks.unseen_context(machine, manager, site)
    lost = first_unknown([manager])
    return body(machine.unknown(lost.why if lost else "what the context manager gives isn't known", site))
