"""What the generated code of a delegated task calls: Airflow runs the task, with its data in and out.

The assets of the function that is being run say by their metadata which tasks they are. Those run in one run of
Airflow, by Airflow's own rules, retries included; that is why a delegated asset has no retries of its own. A failed
task is a failed step, a skipped one makes nothing, and Dagster skips what comes after it, as Airflow would. An op of a
graph says itself which task it is, and hands on how that has ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import dagster as dg

from dagport_adapters.dagster.calls import AssetCall, Call, Made, OpCall, Results
from dagport_adapters.runners.errors import RunnerError
from dagport_adapters.runners.handing import HandingError


def run_in_airflow(
    context: dg.AssetExecutionContext,
    *,
    results: Results | None = None,
    params: dg.Config | None = None,
    param_names: Mapping[str, str] | None = None,
) -> Iterator[dg.MaterializeResult[Any]]:
    """Have the resource ``airflow`` run the tasks of the assets that are being made, and yield what they hand over.

    ``results`` are those of other tasks, by task and key, which these tasks may read. Of ``params`` those are handed on
    that aren't the default; ``param_names`` has Airflow's names of those that are called otherwise in the config. The
    value of an asset is a dict of the task's results by key, ``return_value`` among them; of a mapped task, of lists.

    The run of Airflow has the partition's logical date and data interval. Without partitions it has the moment at which
    the Dagster run was made, or the first of the runs that it repeats. Raises ``dg.Failure`` when a task didn't succeed
    and wasn't skipped, when Airflow can't be asked, and when a result can't be handed over.
    """
    yield from _run(AssetCall(context), results or {}, _changed(params, param_names or {}))


def run_task_in_airflow(
    context: dg.OpExecutionContext,
    dag_id: str,
    task_id: str,
    *,
    results: Results | None = None,
    params: dg.Config | None = None,
    param_names: Mapping[str, str] | None = None,
    needs_scheduler: bool = False,
    airflow_version: Literal["2", "3"] = "3",
) -> Iterator[dg.Output[dict[str, Any]]]:
    """Have the resource ``airflow`` run the task of an op, and yield its results by key; nothing where it was skipped.

    ``None`` in ``results`` is a task that has handed over nothing. Otherwise as ``run_in_airflow``; with
    ``needs_scheduler`` the task starts what only runs in an Airflow with a scheduler. Raises ``dg.Failure``.
    """
    needing = [task_id] if needs_scheduler else []
    call = OpCall(context, dag_id, [task_id], version=airflow_version, needing_scheduler=needing)
    yield from _run(call, results or {}, _changed(params, param_names or {}))


def _run(call: Call[Made], results: Results, params: Mapping[str, Any]) -> Iterator[Made]:
    try:
        yield from call.run(results, params)
    except (RunnerError, HandingError) as error:
        description = f"{call.what}: {type(error).__name__}: {error}"
        raise dg.Failure(description, metadata=call.metadata(), allow_retries=False) from None


def _changed(params: dg.Config | None, names: Mapping[str, str]) -> dict[str, Any]:
    """The params that aren't what the DAG says anyway: a default keeps its exact type that way."""
    if params is None:
        return {}
    fields = type(params).model_fields
    values = {name: getattr(params, name) for name in fields}
    return {
        names.get(name, name): value
        for name, value in values.items()
        if fields[name].is_required() or value != fields[name].default
    }
