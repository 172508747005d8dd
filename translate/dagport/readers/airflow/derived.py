"""Classes of the project made of ``DAG`` and ``TaskGroup``.

Their constructors are evaluated down to Airflow's own. Where such a class replaces something that Airflow itself
calls or asks for, what Airflow then builds isn't followed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagport.evaluate.domain import Anything, CallSite, External, Unknown, UserClass
from dagport.readers.airflow import dag as dags
from dagport.readers.airflow import group as groups
from dagport.readers.airflow.nodes import Dag, Group

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

KINDS: dict[str, type[Dag] | type[Group]] = {"DAG": Dag, "TaskGroup": Group}
BLOCK = {"__enter__", "__exit__"}  # of a `with` statement, which is followed
DAG_NAMES = (dags.ENGINE_NAMES | set(dags.METHODS)) - BLOCK
GROUP_NAMES = (groups.ENGINE_NAMES | set(groups.METHODS)) - BLOCK


def engine_kind(cls: UserClass) -> type[Dag] | type[Group] | None:
    """What the objects of a class of the project are for Airflow, if it is made of one of these classes."""
    return next((kind for name in cls.externals() if (kind := _kind(name)) is not None), None)


def _kind(name: str) -> type[Dag] | type[Group] | None:
    top, _, last = name.rpartition(".")
    return KINDS.get(last) if top.startswith("airflow") else None


def init_engine_object(
    machine: Machine,
    made: Dag | Group,
    base: Anything,
    args: list[Anything],
    kwargs: dict[str, Anything],
    site: CallSite,
) -> bool:
    """``DAG.__init__`` or ``TaskGroup.__init__`` on an object of such a class; whether it was done."""
    if not isinstance(base, External) or _kind(base.name) is None:
        return False
    if isinstance(made, Dag):
        dags.init_dag(machine, made, args, kwargs, site)
    else:
        lost = groups.init_group(machine, made, args, kwargs, site)
        if isinstance(lost, Unknown):
            machine.doubt("DP201", f"a task group isn't known: {lost.why}", site)
    return True


def check_engine_object(machine: Machine, made: Dag | Group, site: CallSite) -> None:
    """After the constructor: note what keeps the result from being certain."""
    name = made.cls.name
    if isinstance(made, Dag):
        dag, complete = made, made.span is not None
        made.span = machine.place(site)
    else:
        dag, complete = made.dag, made.parent is not None
    if not complete:
        # Airflow can't import a file that has such a DAG: nothing in it is certain.
        machine.doubt("DP205", f"the constructor of `{name}` doesn't come to that of Airflow's own class", site)
    if any(isinstance(base, Unknown) for base in made.cls.mro):
        machine.doubt("DP205", f"a base class of `{name}` isn't known", site, dag)
    elif any(not _is_plain(base) for base in made.cls.externals()):
        machine.doubt("DP205", f"a base class of `{name}` can't be read", site, dag)
    replaced = sorted(_members(made.cls) & (DAG_NAMES if isinstance(made, Dag) else GROUP_NAMES))
    if replaced:
        message = f"the class `{name}` replaces `{replaced[0]}`, which Airflow itself uses"
        machine.doubt("DP205", message, site, dag)


def _is_plain(name: str) -> bool:
    return _kind(name) is not None or name in ("builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol")


def _members(cls: UserClass) -> set[str]:
    names = (base.members for base in cls.mro if isinstance(base, UserClass))
    return {name for members in names for name in members}
