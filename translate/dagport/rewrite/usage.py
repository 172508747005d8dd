"""Every place where a function touches Airflow, as found by ``finder.find``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import libcst as cst

from dagport.rewrite.context import OBJECTS
from dagport.rewrite.model import Pull, Refusal, VariableRead
from dagport.rewrite.scopes import Scope

Callable: TypeAlias = cst.FunctionDef | cst.Lambda


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an expression stands for: the context, the task instance, or an entry of the context."""

    kind: Literal["context", "task_instance", "entry"]
    entry: str = ""
    parameter: str | None = None  # the parameter that Airflow hands it to, by name
    optional: bool = False  # read by ``.get``
    default: cst.BaseExpression | None = None  # of ``.get``
    lacks: frozenset[str] = frozenset()  # of ``**context``: entries that go to parameters of their own

    @property
    def is_object(self) -> bool:
        """Whether its parts are entries of their own."""
        return self.kind == "entry" and (self.entry in OBJECTS or self.entry == "params")


@dataclass(frozen=True, eq=False)
class PullUse:
    """``xcom_pull``."""

    node: cst.Call
    pull: Pull


@dataclass(frozen=True, eq=False)
class PushUse:
    """``xcom_push``, a statement by itself."""

    node: cst.Call
    statement: cst.Expr
    key: str
    value: cst.Arg


@dataclass(frozen=True, eq=False)
class ContextUse:
    """An expression that gives an entry of the context."""

    node: cst.BaseExpression
    meaning: Meaning


@dataclass(frozen=True, eq=False)
class VariableUse:
    """``Variable.get``."""

    node: cst.Call
    read: VariableRead


@dataclass(frozen=True, eq=False)
class ConnectionUse:
    """``BaseHook.get_connection`` and its kin."""

    node: cst.Call
    id: str


@dataclass(frozen=True, eq=False)
class ExceptionUse:
    """An Airflow exception that is made or raised."""

    node: cst.BaseExpression  # the call, or the bare class
    call: cst.Call | None
    name: str


Use: TypeAlias = PullUse | PushUse | ContextUse | VariableUse | ConnectionUse | ExceptionUse


@dataclass
class Usage:
    """All that was found in one function."""

    function: Callable
    scope: Scope
    uses: list[Use] = field(default_factory=list)
    bound: dict[str, str] = field(default_factory=dict)  # parameter that Airflow fills -> entry, where it is used
    aliases: list[cst.BaseSmallStatement] = field(default_factory=list)  # ``ti = context["ti"]``
    imports: list[tuple[cst.Import | cst.ImportFrom, cst.ImportAlias]] = field(default_factory=list)  # of Airflow
    gone: list[cst.CSTNode] = field(default_factory=list)  # nodes whose text won't be in the new function
    kept: list[cst.CSTNode] = field(default_factory=list)  # nodes inside ``gone`` whose text will be
    consumed: set[cst.Name] = field(default_factory=set)  # names that a use, or a refusal, accounts for
    returns: list[cst.Return] = field(default_factory=list)
    is_generator: bool = False
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def pushes(self) -> list[PushUse]:
        """Its ``xcom_push`` statements, in source order."""
        return [use for use in self.uses if isinstance(use, PushUse)]

    @property
    def pulls(self) -> list[PullUse]:
        """Its ``xcom_pull`` calls, in source order."""
        return [use for use in self.uses if isinstance(use, PullUse)]
