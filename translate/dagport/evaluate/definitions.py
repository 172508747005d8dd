"""Class statements, and ``type(name, bases, members)``: how a class of the project comes to be."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from dagport.evaluate.classes import Descriptor, is_enum
from dagport.evaluate.domain import (
    Anything,
    CallSite,
    External,
    Function,
    Instance,
    Model,
    PyRaise,
    Scope,
    Symbolic,
    Unknown,
    UserClass,
)
from dagport.evaluate.expressions import evaluate
from dagport.evaluate.tuples import TYPED, typed_base

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

KNOWN_METACLASSES = frozenset({"builtins.type", "abc.ABCMeta", "enum.EnumMeta", "enum.EnumType"})
IMPLICIT_CLASS_METHODS = ("__init_subclass__", "__class_getitem__")


def define_class(machine: Machine, node: ast.ClassDef, scope: Scope) -> Anything:
    """What a class statement makes, its decorators applied."""
    from dagport.evaluate.statements import execute_block

    _mangle(node)
    decorators = [(item, evaluate(machine, item, scope)) for item in node.decorator_list]
    bases = _bases(machine, node, scope)
    keywords = {item.arg or "**": evaluate(machine, item.value, scope) for item in node.keywords}
    body_scope = Scope(scope.module, {}, scope, is_class=True, label=node.name)
    doc = ast.get_docstring(node, clean=False)
    if doc is not None:
        body_scope.names["__doc__"] = doc
    execute_block(machine, node.body, body_scope)
    value = create(machine, node.name, bases, body_scope.names, keywords, node, CallSite(node, scope))
    if isinstance(value, UserClass):
        value.qualname = qualified(node, scope)
    for item, decorator in reversed(decorators):
        value = machine.call(decorator, [value], {}, CallSite(item, scope))
    return value


def qualified(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope) -> str:
    """``__qualname__`` of a definition: the names of the definitions around it."""
    parts = [getattr(node, "name", "<lambda>")]
    place: Scope | None = scope
    while place is not None:
        if place.is_class:
            parts.append(place.label)
        elif place.frame is not None and place.frame.function is not None:
            return ".".join([place.frame.function.qualname, "<locals>", *reversed(parts)])
        place = place.parent
    return ".".join(reversed(parts))


def _bases(machine: Machine, node: ast.ClassDef, scope: Scope) -> list[Anything]:
    bases: list[Anything] = []
    for item in node.bases:
        base = evaluate(machine, item, scope)
        if isinstance(base, UserClass | External) or (isinstance(base, Model) and hasattr(base, "make_instance")):
            bases.append(base)
            continue
        why = base.why if isinstance(base, Unknown) else "the base class isn't known"
        named = isinstance(base, Symbolic)
        bases.append(External(base.name) if named else machine.unknown(why, CallSite(item, scope)))
    return bases


def create(
    machine: Machine,
    name: str,
    bases: list[Anything],
    members: dict[str, Anything],
    keywords: dict[str, Anything],
    node: ast.ClassDef | None,
    site: CallSite,
) -> Anything:
    """Make a class by its metaclass."""
    meta = keywords.pop("metaclass", None)
    if not isinstance(meta, UserClass):
        if meta is not None and not (isinstance(meta, External) and meta.name in KNOWN_METACLASSES):
            machine.doubt("DP206", f"what the metaclass of `{name}` does can't be seen", site)
        meta = next((base.meta for base in bases if isinstance(base, UserClass) and base.meta is not None), None)
    if meta is None:
        return assemble(machine, name, bases, members, keywords, node, site)
    if not all(isinstance(base, UserClass) or _is_known_metaclass(base) for base in meta.mro):
        machine.doubt("DP206", f"what the metaclass of `{name}` does can't be seen", site)
    if "__prepare__" in meta.members:
        machine.doubt("DP206", f"the metaclass `{meta.name}` has a `__prepare__`, which isn't followed", site)
    maker = meta.lookup("__new__")
    if isinstance(maker, Function):
        members = dict(members, __classnode__=node) if node is not None else members
        cls = machine.call(maker, [meta, name, tuple(bases), members], keywords, site)
    else:
        cls = assemble(machine, name, bases, members, {}, node, site, meta)
    starter = meta.lookup("__init__")
    if isinstance(starter, Function) and isinstance(cls, UserClass):
        machine.call(starter, [cls, name, tuple(bases), members], keywords, site)
    return cls


def _is_known_metaclass(base: Anything) -> bool:
    return isinstance(base, External) and base.name in KNOWN_METACLASSES | {"builtins.object"}


def assemble(
    machine: Machine,
    name: str,
    bases: list[Anything],
    members: dict[str, Anything],
    keywords: dict[str, Anything],
    node: ast.ClassDef | None,
    site: CallSite,
    meta: UserClass | None = None,
) -> UserClass:
    """``type.__new__``: the class itself, and what it tells its members and its base classes."""
    from dagport.evaluate.calls import adopt

    node = members.pop("__classnode__", node)
    if node is not None and any(isinstance(base, External) and base.name in TYPED for base in bases):
        bases = [typed_base(machine, name, members, node, site)]
    for method in IMPLICIT_CLASS_METHODS:
        if isinstance(members.get(method), Function):
            members[method] = Descriptor("classmethod", members[method])
    cls = UserClass(name, node, site.scope, bases, members)
    slots = members.get("__slots__")
    clash = [item for item in slots if item in members] if isinstance(slots, list | tuple | dict) else []
    if clash:
        raise PyRaise("ValueError", f"{clash[0]!r} in __slots__ conflicts with class variable")
    if cls.conflict:
        raise PyRaise("TypeError", "Cannot create a consistent method resolution order (MRO) for bases")
    cls.meta = meta
    for base in bases:
        if isinstance(base, UserClass):
            base.subclasses.append(cls)
    adopt(cls)
    for key, member in list(members.items()):
        if isinstance(member, Instance) and isinstance(member.cls.lookup("__set_name__"), Function):
            machine.call(machine.attribute(member, "__set_name__", site), [cls, key], {}, site)
    _tell_base(machine, cls, keywords, site)
    if is_enum(cls):
        from dagport.evaluate.enums import make_members

        make_members(machine, cls, site)
    return cls


def _tell_base(machine: Machine, cls: UserClass, keywords: dict[str, Anything], site: CallSite) -> None:
    """``__init_subclass__`` of the nearest base class of the project."""
    hooks = (base.members.get("__init_subclass__") for base in cls.mro[1:] if isinstance(base, UserClass))
    hook = next((item for item in hooks if item is not None), None)
    function: Any = getattr(hook, "function", hook)  # it may be decorated with @classmethod, which it is anyway
    if function is not None:
        machine.call(function, [cls], keywords, site)


# Private names


def _mangle(node: ast.ClassDef) -> None:
    """``__name`` in a class body is ``_Class__name`` (source: the language reference, "Private name mangling")."""
    if getattr(node, "_mangled", False):
        return
    node._mangled = True  # type: ignore[attr-defined]
    for statement in node.body:
        _mangle_in(statement, f"_{node.name.lstrip('_')}", node.name.strip("_") != "")


FIELDS: dict[type, str] = {ast.Name: "id", ast.Attribute: "attr", ast.FunctionDef: "name", ast.arg: "arg"}


def _mangle_in(node: ast.AST, prefix: str, wanted: bool) -> None:
    if isinstance(node, ast.ClassDef):
        _mangle(node)
    name = FIELDS.get(type(node))
    if name is not None and wanted:
        text = getattr(node, name)
        if text.startswith("__") and not text.endswith("__"):
            setattr(node, name, prefix + text)
    for child in ast.iter_child_nodes(node):
        _mangle_in(child, prefix, wanted)
