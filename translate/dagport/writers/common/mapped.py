"""Mapped tasks: what the form of one instance gets, and what its items are.

The form of a task sees one instance: in place of what it is expanded over it is given an ``XCom`` of ``ITEM``, whose
key is the name of the parameter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dagport.graph import Group, Task
from dagport.values import Call, Value, XCom
from dagport.writers.common.arguments import NAMED, bind
from dagport.writers.common.functions import facts_of
from dagport.writers.common.inputs import ITEM
from dagport.writers.common.model import Refused
from dagport.writers.common.scope import Scope

KWARGS = "kwargs"
MAPPED_ARGUMENT = "MappedArgument"
ARGUMENTS = ("op_args", "op_kwargs")


def over_of(task: Task) -> Mapping[str, Value] | Sequence[Value] | XCom:
    """What a task is expanded over: lists by argument, or (``expand_kwargs``) a list of dicts. Raises ``Refused``."""
    assert task.mapped is not None  # noqa: S101 - asked for mapped tasks only
    over = task.mapped.over
    if set(over) != {KWARGS}:
        return over
    found = over[KWARGS]
    if not isinstance(found, XCom) and (not isinstance(found, Sequence) or isinstance(found, str)):
        raise Refused("what expand_kwargs() is given isn't known")
    return found


def instance_of(task: Task, group: Group | None, free: Sequence[str]) -> Task:
    """One instance of a mapped task, or of a task in a mapped group.

    ``free`` are the parameters of its function that it isn't given yet: what ``expand_kwargs`` of another task's result
    has to bring. Raises ``Refused`` where what an instance gets can't be told.
    """
    if group is not None:
        task = replace(task, arguments={name: _of_group(value, group) for name, value in task.arguments.items()})
    if task.mapped is None:
        return task
    names = _names(task, free)
    if set(names) & set(ARGUMENTS):
        raise Refused("it is expanded over op_args or op_kwargs: which parameter gets what is known when it runs")
    items = {name: XCom(ITEM, name) for name in names}
    if ".task" not in task.operator and task.callable is None:
        return replace(task, mapped=None, arguments={**task.arguments, **items})
    given = task.arguments.get("op_kwargs") or {}
    if not isinstance(given, Mapping):
        raise Refused("its op_kwargs aren't known")
    return replace(task, mapped=None, arguments={**task.arguments, "op_kwargs": {**given, **items}})


def free_of(task: Task, scope: Scope) -> list[str]:
    """The parameters that ``expand_kwargs`` of another task's result has to bring.

    Raises ``Refused`` where a parameter need not be among them, or where any may be.
    """
    if task.callable is None or task.mapped is None or not isinstance(over_of(task), XCom):
        return []
    facts = facts_of(task, scope)
    given = bind(task, facts).by_name
    free = [one for one in facts.parameters if one.kind in NAMED and one.name not in given]
    if any(one.default is not None for one in free) or any(one.kind not in NAMED for one in facts.parameters):
        raise Refused("it is expanded over another task's dicts: which arguments it gets is known when it runs")
    return [one.name for one in free]


def _names(task: Task, free: Sequence[str]) -> list[str]:
    """The arguments that an instance gets."""
    over = over_of(task)
    if isinstance(over, Mapping):
        return list(over)
    if isinstance(over, XCom):
        if task.callable is None:
            raise Refused("it is expanded over another task's dicts: which arguments it gets is known when it runs")
        return list(free)
    keys = [list(one) if isinstance(one, Mapping) else [] for one in over]
    if not keys or any(set(one) != set(keys[0]) for one in keys):
        raise Refused("the dicts that it is expanded over haven't all the same keys")
    return keys[0]


def _of_group(value: Value, group: Group) -> Value:
    """A value with the items of its group in place of what Airflow puts there."""
    if isinstance(value, Call) and value.name.rpartition(".")[2] == MAPPED_ARGUMENT:
        names = [name for name, over in group.over.items() if list(value.args) == [over]]
        if len(names) != 1 or KWARGS in names:
            raise Refused("which item of its group it gets isn't known")
        return XCom(ITEM, names[0])
    if isinstance(value, Call):
        return replace(value, args=tuple(_of_group(item, group) for item in value.args))
    if isinstance(value, Mapping):
        return {name: _of_group(item, group) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_of_group(item, group) for item in value]
    return value
