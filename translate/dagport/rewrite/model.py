"""What the rewriting says about a callable, and what a writer asks of it.

The order of work: ``Module.facts(callable)`` for every callable of a pipeline, then the writer decides how
results are handed over (a producer that pushes keys hands over a dict, one that only returns hands over its
value), then ``Module.rewrite(callable, plan)`` writes each function and ``Module.slice(names)`` the imports,
constants and helpers that the written functions need.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from dagport.source import Span

Handover: TypeAlias = Literal["value", "keys", "nothing"]
"""How a rewritten function hands over its results: its return value as it is; a dict of XCom keys, in which the
returned value has the key "return_value"; or nothing."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a callable can't be carried over unchanged in meaning, and where."""

    reason: str
    span: Span | None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter as the source declares it."""

    name: str
    kind: Literal["positional", "keyword", "args", "kwargs"]
    annotation: str | None
    default: str | None  # source text


@dataclass(frozen=True, slots=True)
class Pull:
    """One ``xcom_pull``: which tasks, which key."""

    task_ids: tuple[str, ...]
    many: bool  # a list of task ids was given, so a list comes back
    key: str
    span: Span


@dataclass(frozen=True, slots=True)
class VariableRead:
    """One ``Variable.get``. Its span is the key of ``Plan.variable_reads``."""

    name: str
    default: str | None  # source text of the default; None when a missing variable raises
    deserialize_json: bool
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a callable declares and uses.

    A parameter that has the name of a context entry ("ds", "params") is told both as a parameter and in
    ``context``: an argument of that name wins, and only the caller knows the arguments. Such a parameter stands
    for itself when the plan has it in its signature or its bindings.
    """

    parameters: tuple[Parameter, ...]
    doc: str | None
    is_async: bool
    is_generator: bool
    returns: bool  # some path returns something other than None
    return_annotation: str | None
    pushes: Mapping[str, bool] = field(default_factory=dict)  # key -> pushed on every path that returns
    pulls: tuple[Pull, ...] = ()
    context: frozenset[str] = frozenset()  # "ds", "data_interval_start", "params.rate", "ti.try_number", "run_id", ...
    variables: frozenset[str] = frozenset()  # names read by Variable.get
    connections: frozenset[str] = frozenset()  # ids read by BaseHook.get_connection, Connection.get
    names: frozenset[str] = frozenset()  # free names of the body, resolved in the module
    locals: frozenset[str] = frozenset()  # names the body binds: no new parameter should have one of them
    optional: frozenset[str] = frozenset()  # context entries read by ``.get``; see ``Plan.context``
    attributes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Context entry, or "conn.ID" -> what the body takes from it: attribute and method names, "[]" for an index,
    "*" where the object itself goes elsewhere, so that any of it may be used."""
    raises: frozenset[str] = frozenset()  # Airflow exceptions that are raised: "AirflowException", ...
    variable_reads: tuple[VariableRead, ...] = ()  # every ``Variable.get``, with its default
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a callable is to be written."""

    name: str
    decorators: str = ""  # whole lines put above the definition
    signature: tuple[str, ...] = ()  # parameters of the new function, each as text: "load: pd.DataFrame"
    returns: str | None = None  # annotation of the result
    bindings: Mapping[str, str] = field(default_factory=dict)  # name assigned at the start of the body -> expression
    pulls: Mapping[tuple[str, str], str] = field(default_factory=dict)  # (task id, key) -> expression for a pull
    context: Mapping[str, str] = field(default_factory=dict)
    """Context entry -> expression in its place. An entry of ``Facts.optional`` that isn't one of the engine's own
    may be left out when no argument has that name: ``.get`` gives its default then, as it does in the engine."""
    variables: Mapping[str, str] = field(default_factory=dict)  # name -> expression of a plain ``Variable.get(name)``
    variable_reads: Mapping[Span, str] = field(default_factory=dict)  # one ``Variable.get`` -> expression; goes first
    connections: Mapping[str, str] = field(default_factory=dict)
    exceptions: Mapping[str, str] = field(default_factory=dict)
    """Airflow exception -> class raised instead, or a call in which ``...`` stands for the arguments:
    ``dg.Failure(..., allow_retries=False)``."""
    handover: Handover = "value"
    doc: str | None = None  # used as docstring only where the function has none


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """A function in its new form."""

    text: str  # dedented; decorators, comments and formatting of the body kept
    names: frozenset[str]  # module-level names that the text needs: hand them to ``Module.slice``
    refusals: tuple[Refusal, ...] = ()  # why it can't be written by this plan; the text is empty then


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The part of a module that some functions need."""

    imports: tuple[str, ...]  # whole import statements, one name a statement where the source imports several
    definitions: tuple[str, ...]  # constants, helper functions and classes, in source order, with their comments
    refusals: tuple[Refusal, ...] = ()  # needed names that can't be carried along, and why
