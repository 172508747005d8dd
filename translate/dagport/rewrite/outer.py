"""Names that a function takes from the functions around it: each becomes a local name of the new function."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import libcst as cst

from dagport.rewrite.context import is_airflow
from dagport.rewrite.model import Refusal
from dagport.rewrite.names import imported_name
from dagport.rewrite.scopes import Scope, bound_name, dotted
from dagport.rewrite.tree import Tree
from dagport.rewrite.usage import Usage
from dagport.values import Value, is_known


@dataclass
class Outer:
    """What is bound at the start of a function for its outer names."""

    imports: dict[str, str] = field(default_factory=dict)  # name -> statement
    constants: dict[str, str] = field(default_factory=dict)  # name -> expression
    refusals: list[Refusal] = field(default_factory=list)


def outer_names(tree: Tree, usage: Usage, closure: Mapping[str, Value], used: Sequence[cst.Name]) -> Outer:
    """How each name that is bound by an enclosing function, and is used, comes along."""
    found = Outer()
    inside = set(map(id, usage.scope.nested()))
    for read in used:
        owner = _owner(usage.scope, read)
        if owner is None or owner.kind == "module" or id(owner) in inside:
            continue
        name = read.value
        if name in found.imports or name in found.constants:
            continue
        statement = _import(owner, name)
        if statement is not None:
            found.imports[name] = statement
        elif name in closure and _can_be_written(closure[name]):
            found.constants[name] = repr(_plain(closure[name]))
        else:
            reason = f"`{name}` comes from the function around it, and its value isn't known"
            found.refusals.append(Refusal(reason, tree.span(read)))
    return found


def still_read(tree: Tree, usage: Usage) -> Iterator[cst.Name]:
    """Free names of a function that its new form reads, too."""
    gone, kept = set(usage.gone), set(usage.kept)
    for name, _, _ in usage.scope.free():
        around: cst.CSTNode | None = name
        while around is not None and around not in gone and around not in kept:
            around = tree.parent(around)
        if around not in gone and name not in usage.consumed:
            yield name


def _owner(scope: Scope, read: cst.Name) -> Scope | None:
    for name, _, owner in scope.free():
        if name is read:
            return owner
    return None


def _import(owner: Scope, name: str) -> str | None:
    bindings = owner.bindings[name]
    alias, site = bindings[0].node, bindings[0].site
    if len(bindings) != 1 or not isinstance(alias, cst.ImportAlias):
        return None
    imported = imported_name(bindings[0])
    if imported is None or is_airflow(imported):
        return None
    return import_statement(site, alias)


def import_statement(site: cst.CSTNode, alias: cst.ImportAlias) -> str:
    """An import of one name."""
    bound = bound_name(alias)
    target = dotted(alias.name)
    rename = f" as {bound}" if alias.asname is not None else ""
    if isinstance(site, cst.ImportFrom):
        dots = "." * len(site.relative)
        module = "" if site.module is None else dotted(site.module)
        return f"from {dots}{module} import {target}{rename}"
    return f"import {target}{rename}"


def _can_be_written(value: Value) -> bool:
    return is_known(value) and all(math.isfinite(item) for item in _floats(value))


def _floats(value: Value) -> list[float]:
    if isinstance(value, float):
        return [value]
    if isinstance(value, Mapping):
        return [number for item in value.values() for number in _floats(item)]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [number for item in value for number in _floats(item)]
    return []


def _plain(value: Value) -> object:
    """A known value as plain lists and dicts, whatever kind of sequence or mapping holds it."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value
