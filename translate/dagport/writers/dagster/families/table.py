"""The table of an operator family: what becomes of every argument of every operator, and the function that is written.

An argument that an operator's table doesn't name refuses the task, unless it is one of Airflow's own for every operator
(``settings.py`` knows those). So a newer version of a provider adds a refusal, never a silent difference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from dagport.graph import Task
from dagport.values import Value
from dagport.writers.common.model import NOTHING, Result

if TYPE_CHECKING:
    from dagport.writers.dagster.scope import Scope

Text: TypeAlias = Callable[[Value], str]
"""The source of a value inside an argument, rendered where the operator renders the argument."""
Convert: TypeAlias = Callable[[Value, Text], str]
"""The source of a whole argument that changes its shape on the way. Raises ``Refused``."""
MISSING = object()
TASK_ID = object()
"""For ``Carried.absent``: the task's own id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """An argument that has a place in what is written."""

    to: str
    """Dotted: "request.ModelName"; numbers are positions of a list: "base_pod_spec.containers.0.image". What begins
    with "_" is put only where the body names it."""
    rendered: bool = False  # it is one of the operator's template fields
    hidden: bool = False  # no template field, but part of one that the constructor makes: its texts are templates
    convert: Convert | None = None
    spread: bool = False  # a dict whose entries have places of their own, below ``to`` or (with "") as arguments
    absent: Value | object = MISSING  # what the operator takes when it isn't given, where that has to be written
    unset: str = ""  # what differs when it isn't given (DP402)
    imports: tuple[str, ...] = ()  # statements that its source needs


@dataclass(frozen=True, slots=True, kw_only=True)
class Limited:
    """An argument that changes nothing with some values, and refuses the task with any other."""

    to: tuple[Value, ...]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """An argument that decides nothing but how Airflow itself watches or shows the task."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Differs:
    """An argument that has no place: what is written differs, and says so (DP402)."""

    why: str  # with the value put in for "{}"
    same: tuple[Value, ...] = ()  # values with which nothing differs
    absent: Value | object = MISSING  # the operator's default, where that differs, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """An argument with a known value that the form itself reads: a switch, the name of a connection."""

    kind: type | tuple[type, ...] = bool
    rendered: bool = False


Rule: TypeAlias = Carried | Limited | Ignored | Differs | Read
Rules: TypeAlias = Mapping[str, Rule]


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A resource of the generated project, through which assets reach something outside."""

    annotation: str  # its class
    name: str = "client"  # of the resource, where no connection has one
    imported: str  # the statement that imports the class; "{package}" is the project's own package
    made: str  # how it is made; "{NAME}" is the connection's id as the beginning of a variable's name
    said: str  # where its settings come from, for the diagnostic
    requires: str  # the distribution that has it
    support: tuple[str, ...] = ()  # the project's own files that have it


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """How tasks of one operator class are written."""

    rules: Rules
    body: str | Callable[[Task], str]
    """The statements of the function. "$client" is the resource; "$arguments" the places as keyword arguments, without
    those that the body names by themselves, as "$request" ("$request_items": what a list has between its brackets)."""
    in_op: Callable[[str], str] | None = None  # the body of an op from that of an asset, where they aren't the same
    not_in_op: tuple[str, ...] = ()  # imports and support that an op doesn't need
    client: Client | None = None
    clients: Mapping[str, Client] = field(default_factory=dict)  # further resources, which no connection decides
    database: bool = False  # the resource is a ``SqlDatabase``
    entries: Mapping[str, str] = field(default_factory=dict)  # place -> entry of the run's context that is put there
    connection: tuple[str, str | None] = ("", None)  # the argument that names it, and its default
    required: tuple[str, ...] = ()
    files: tuple[str, ...] = ()  # endings by which Airflow takes a rendered text for the name of a file
    result: Result = NOTHING
    unread: str | None = None  # why a task whose result another one reads is refused
    pushes: bool = True  # whether ``do_xcom_push=False`` leaves it without a result
    skips: bool = False
    context: bool = True
    approximations: tuple[str, ...] = ()  # what differs whatever the arguments are
    imports: tuple[str, ...] = ()
    support: tuple[str, ...] = ()
    decorator: Mapping[str, str] = field(default_factory=dict)
    """Arguments of ``@dg.asset``; "$name" is the asset's name, and "$key" its key."""
    check: Callable[[Task, Scope], None] | None = None  # raises ``Refused``


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Operators that are written alike: one file of this folder."""

    title: str
    fidelity: Literal["native", "approximate"]
    note: str  # for the support table
    operators: Mapping[str, Operator]  # by qualified class name, old ones included


def pipes(client: str, arguments: str) -> str:
    """The statement of an asset that is run by a client of Dagster Pipes."""
    return f"yield from {client}.run(context=context, {arguments}).get_results()"


def pipes_in_op(body: str) -> str:
    """The same in an op, which yields no events of assets."""
    return body.replace("yield from ", "").replace(".get_results()", "")


def carried(names: str, to: str = "{}", *, rendered: bool = False) -> dict[str, Rule]:
    """Arguments, separated by spaces, that have a place under their own name."""
    return {name: Carried(to=to.format(name), rendered=rendered) for name in names.split()}


def ignored(names: str, why: str) -> dict[str, Rule]:
    """Arguments, separated by spaces, that decide nothing here."""
    return dict.fromkeys(names.split(), Ignored(why=why))


def limited(names: str, *to: Value, why: str) -> dict[str, Rule]:
    """Arguments, separated by spaces, that may only have some values."""
    return dict.fromkeys(names.split(), Limited(to=to, why=why))
