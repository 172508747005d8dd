"""Statements of a module that start its job, under names that are free in it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from dagport.writers.common.naming import Names, identifier
from dagport.writers.dagster.when import Starter

DELTA_IMPORT = "from datetime import timedelta"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A schedule or sensor that is assigned to a variable."""

    variable: str
    text: str
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Starting:
    """What a module says about its job's runs."""

    statements: tuple[Statement, ...]
    imports: tuple[str, ...]
    support: frozenset[str]


def starting_of(
    starters: Iterable[Starter], package: str, names: Names, imported: Collection[str], bound: Collection[str]
) -> Starting:
    """The statements and imports for some starters; ``imported``, ``bound``: imports and names of the user's code."""
    chosen = tuple(starters)
    imports: dict[str, None] = {}
    spelled: dict[str, str] = {}
    for module, name in sorted({item for starter in chosen for item in starter.imports}):
        spelled[name] = names.allocate(name)
        imports[_import(f"from {package}.{module} import {name}", name, spelled[name])] = None
    if any(starter.delta for starter in chosen):
        if "timedelta" in bound and DELTA_IMPORT not in imported:
            spelled["timedelta"] = names.allocate("timedelta")
        imports[_import(DELTA_IMPORT, "timedelta", spelled.get("timedelta", "timedelta"))] = None
    statements = tuple(
        Statement(
            variable=names.allocate(identifier(starter.name, "schedule")),
            text=_respelled(starter.text, spelled),
            comment=starter.comment,
        )
        for starter in chosen
    )
    support = frozenset(module for starter in chosen for module, _ in starter.imports)
    return Starting(statements=statements, imports=tuple(imports), support=support)


def _import(statement: str, name: str, spelled: str) -> str:
    return statement if name == spelled else f"{statement} as {spelled}"


def _respelled(text: str, spelled: dict[str, str]) -> str:
    """A call with the functions' names as they are in the module."""
    changed = {name: other for name, other in spelled.items() if name != other}
    if not changed:
        return text
    return re.sub(rf"(?<![\w.])({'|'.join(changed)})(?=\()", lambda match: changed[match[1]], text)
