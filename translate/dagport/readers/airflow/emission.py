"""What Airflow's OpenLineage provider keeps in the params of a DAG: which events are emitted for it.

Source: ``extend_global_openlineage_emission_policy`` (``airflow.providers.openlineage.api.emission_policy``), and
``enable_lineage``, ``disable_lineage`` (``airflow.providers.openlineage.utils.selective_enable``). Each gives back the
DAG, the operator or the result that it is given. The params of tasks aren't part of the graph.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagport.evaluate.domain import Anything, CallSite, Native, Unknown, first_unknown
from dagport.readers.airflow.nodes import Dag, Task, XComRef

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

POLICY, ENABLED = "_openlineage_emission_policy", "_selective_enable_ol"
OF_A_DAG = ("emit", "emit_dag_events")
FLAGS = frozenset({
    *OF_A_DAG, "emit_task_events", "extract_operator_metadata", "include_source_code", "hook_lineage",
    "include_full_task_info",
})  # fmt: skip


def extend_policy(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``extend_global_openlineage_emission_policy(obj, emit=..., ...)``."""
    known = set(kwargs) <= FLAGS and all(value is None or isinstance(value, bool) for value in kwargs.values())
    if len(args) != 1 or not known or not isinstance(args[0], Dag | Task | XComRef):
        return _lost(machine, [*args, *kwargs.values()], site)
    (target,) = args
    flags = {name: kwargs[name] for name in OF_A_DAG if kwargs.get(name) is not None}
    if isinstance(target, Dag) and flags:
        before = target.params.get(POLICY)
        machine.effect(target)
        target.params[POLICY] = {**before, **flags} if isinstance(before, dict) else flags
    return target


def _switch(*, on: bool) -> Native:
    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        if len(args) != 1 or kwargs or not isinstance(args[0], Dag | Task | XComRef):
            return _lost(machine, [*args, *kwargs.values()], site)
        (target,) = args
        if isinstance(target, Dag):
            machine.effect(target)
            target.params[ENABLED] = on
        return target

    return run


def _lost(machine: Machine, values: list[Anything], site: CallSite) -> Unknown:
    """Anything else may have become part of the params of a DAG."""
    lost = first_unknown(values)
    machine.doubt("DP204", f"which events are emitted isn't known: {lost.why if lost else 'unusual arguments'}", site)
    return machine.unknown("which events are emitted isn't known", site)


MODELS: dict[tuple[str, str], Native] = {
    ("emission_policy", "extend_global_openlineage_emission_policy"): extend_policy,
    ("selective_enable", "enable_lineage"): _switch(on=True),
    ("selective_enable", "disable_lineage"): _switch(on=False),
}
