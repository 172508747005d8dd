"""Classic dynamic mapping: ``Operator.partial(...).expand(...)``.

Source: ``OperatorPartial``, ``validate_mapping_kwargs`` and ``MappedOperator`` of Airflow 3.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from dagport.evaluate.domain import (
    Anything,
    BoundMethod,
    CallSite,
    External,
    Function,
    Native,
    NativeFunction,
    PyRaise,
    UserClass,
)
from dagport.readers.airflow import checks, operators
from dagport.readers.airflow.nodes import Group, Mapped, Task, XComRef, library_class
from dagport.readers.airflow.task import (
    BASE,
    complete,
    current_place,
    defaults_for,
    depend_on_results,
    doubt_class,
    enrol,
    new_task,
    owner_of,
    take_base,
)
from dagport.readers.airflow.trust import trusted

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine


class Partial(XComRef):
    """``Operator.partial(...)``, waiting for ``expand`` (``OperatorPartial``)."""

    __slots__ = ("cls", "kwargs", "name")
    type_name = "airflow.sdk.definitions.mappedoperator.OperatorPartial"

    def __init__(self, name: str, cls: UserClass, kwargs: dict[str, Anything]) -> None:
        super().__init__([], plain=False)
        self.name = name
        self.cls = cls
        self.kwargs = kwargs

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``expand`` and ``expand_kwargs``."""
        method = {"expand": _expand, "expand_kwargs": _expand_kwargs}.get(name)
        return NotImplemented if method is None else BoundMethod(NativeFunction(name, method), self)


def make_partial(name: str, cls: UserClass | None = None) -> Native:
    """``Operator.partial``."""

    def partial(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Partial:
        if args:
            raise PyRaise("TypeError", "partial() takes 1 positional argument")
        if "task_id" not in kwargs and "**" not in kwargs:
            raise PyRaise("TypeError", "partial() missing 1 required keyword-only argument: 'task_id'")
        owner = cls or library_class(name)
        _check_names(owner, "partial", kwargs)
        return Partial(name, owner, kwargs)

    return partial


def _check_names(cls: UserClass, what: str, kwargs: dict[str, Anything]) -> None:
    """Refuse names that no constructor along the class's bases has (``validate_mapping_kwargs``)."""
    known = set(BASE) - {"task_concurrency"}
    for base in cls.mro:
        if isinstance(base, UserClass):
            known.update(name for name, _ in _parameters(base))
        elif isinstance(base, External) and base.name != "builtins.object":
            entry = operators.find(base.name)
            if entry is None or entry.parameters is None:
                return
            known.update(entry.parameters)
        elif not isinstance(base, External):
            return
    unexpected = sorted(set(kwargs) - known - {"**"})
    if unexpected:
        raise PyRaise("TypeError", f"{cls.name}.{what}() got an unexpected keyword argument {unexpected[0]!r}")


def _parameters(cls: UserClass) -> Iterator[tuple[str, Anything]]:
    """The parameters of a class's own constructor, with their defaults; ``NotImplemented`` where there is none."""
    init = cls.members.get("__init__")
    if not isinstance(init, Function):
        return
    spec = init.node.args
    positional = [item.arg for item in (*spec.posonlyargs, *spec.args)]
    defaults = [NotImplemented] * (len(positional) - len(init.defaults)) + init.defaults
    yield from list(zip(positional, defaults, strict=True))[1:]
    yield from zip((item.arg for item in spec.kwonlyargs), init.kw_defaults, strict=True)


def _expand(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Task:
    partial: Partial = args[0]
    if len(args) > 1:
        raise PyRaise("TypeError", "OperatorPartial.expand() takes 1 positional argument")
    if not kwargs:
        raise PyRaise("TypeError", "no arguments to expand against")
    _check_names(partial.cls, "expand", kwargs)
    checks.check_mapped(kwargs)
    filled = dict.fromkeys(checks.FILLED_BY_PARTIAL)
    checks.check_apart({**filled, **partial.kwargs}, kwargs, "unmappable or already specified")
    return _mapped(machine, partial, kwargs, site)


def _expand_kwargs(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Task:
    source = args[1] if len(args) > 1 else kwargs.get("kwargs")
    checks.check_mapped_kwargs(source)
    return _mapped(machine, args[0], {"kwargs": source}, site, whole=True)


def _mapped(
    machine: Machine, partial: Partial, over: dict[str, Anything], site: CallSite, *, whole: bool = False
) -> Task:
    checks.check_keys(over)
    kwargs = dict(partial.kwargs)
    lost = kwargs.pop("**", None)
    dag, group = current_place(machine, kwargs)
    refuse_in_mapped_group(group)
    defaults = defaults_for(machine, dag, group, kwargs, site)
    for name, value in defaults.items():
        if name in BASE and name not in kwargs:
            kwargs[name] = value
    for name, value in _signature_defaults(partial.cls).items():
        kwargs.setdefault(name, value)
    task = new_task(machine, partial.cls, partial.name, site)
    if not trusted(partial.name) and not partial.cls.scope:
        doubt_class(machine, partial.name, task, site, owner_of(dag))
    own = {} if whole else _own_defaults(partial, defaults)  # of several sets each has its own
    task.arguments = {
        **{name: value for name, value in own.items() if name not in over},
        **{name: value for name, value in partial.kwargs.items() if name != "**"},
    }
    task.mapped = Mapped(over, whole=whole)
    if lost is not None:
        machine.doubt("DP201", f"some arguments of the task aren't known: {lost.why}", site, owner_of(dag))
    take_base(machine, task, kwargs, site)
    enrol(machine, task, kwargs.get("task_id", lost), dag, group, site)
    task.in_init = False
    complete(machine, task, site)
    # What it is mapped over is a dependency whatever the template fields are (`MappedOperator.__attrs_post_init__`).
    depend_on_results(machine, task, list(over.values()), site)
    return task


def _own_defaults(partial: Partial, defaults: Mapping[str, Anything]) -> dict[str, Anything]:
    """Arguments of the operator's own that its mapped instances take from ``default_args`` as they are made."""
    entry = operators.find(partial.name)
    own = entry.parameters if entry is not None else ()
    return {name: value for name, value in defaults.items() if name in (own or ()) and name not in BASE}


def _signature_defaults(cls: UserClass) -> dict[str, Anything]:
    """Base fields that the constructors have other defaults for (``_get_operator_defaults``)."""
    found: dict[str, Anything] = {}
    for base in reversed(cls.mro):
        entry = operators.find(base.name) if isinstance(base, External) else None
        found.update(entry.defaults if entry is not None else {})
        if isinstance(base, UserClass):
            for name, default in _parameters(base):
                if name in checks.FILLED_BY_PARTIAL and default is not NotImplemented:
                    found[name] = default
    return found


def refuse_in_mapped_group(group: Group | None) -> None:
    """A mapped task can't lie in a mapped group."""
    while isinstance(group, Group):
        if group.mapped:
            raise PyRaise("NotImplementedError", "operator expansion in an expanded task group is not yet supported")
        group = group.parent
