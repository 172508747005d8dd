"""What operators read and write: one family, one file, found by listing this folder.

A family is a table ``FAMILY`` from the present qualified name of a class to its rule; old import paths are matched by
``dagport.readers.airflow.operators``.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import TypeAlias

from dagport.graph import Task
from dagport.readers.airflow.operators import find as known_operator
from dagport_lineage.extract.arguments import for_each_instance
from dagport_lineage.model import Found
from dagport_lineage.scope import Scope

Rule: TypeAlias = Callable[[Task, Scope], Found]


@cache
def rules() -> Mapping[str, Rule]:
    """The rules of all families, by class."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    families = [import_module(f"{__name__}.{name}").FAMILY for name in names]
    return {name: rule for family in families for name, rule in family.items()}


@cache
def find(operator: str) -> Rule | None:
    """The rule for an operator class, by the name that the source gives it; ``None`` where there is none."""
    known = known_operator(operator)
    rule = rules().get(known.name if known else operator)
    return None if rule is None else for_each_instance(rule)
