"""What Airflow 3 refuses of a whole DAG: in ``DAG.__init__`` once all arguments are there, and when it is bagged.

Sources: the validators of ``airflow.sdk.definitions.dag.DAG``, ``DAG.validate``.
"""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dagport.evaluate.domain import KNOWN_TYPES, Anything, PyRaise, Symbolic, Unknown, is_plain
from dagport.readers.airflow import checks, param_schema
from dagport.readers.airflow.nodes import Dag

if TYPE_CHECKING:
    from dagport.readers.airflow.build import PipelineBuilder

TAG_LENGTH = 100
EXPECTED: dict[str, tuple[type, ...]] = {
    "description": (str,),
    "dag_display_name": (str,),
    "dagrun_timeout": (datetime.timedelta,),
    "max_active_runs": (int,),
    "max_active_tasks": (int,),
    "max_consecutive_failed_dag_runs": (int,),
}


def check_arguments(values: dict[str, Anything]) -> None:
    """Refuse arguments of ``DAG(...)`` of a wrong type."""
    for name, kinds in EXPECTED.items():
        value = values.get(name)
        if value is not None and isinstance(value, KNOWN_TYPES) and not isinstance(value, kinds):
            raise PyRaise("TypeError", f"'{name}' must be {kinds[0].__name__}, not {type(value).__name__}")
    for name in ("start_date", "end_date"):
        value = values.get(name)
        if value is not None and isinstance(value, KNOWN_TYPES) and not isinstance(value, datetime.datetime):
            raise PyRaise("AttributeError", f"'{type(value).__name__}' object has no attribute 'utcoffset'")
    defaults = values.get("default_args", {})
    if isinstance(defaults, KNOWN_TYPES) and not isinstance(defaults, dict):
        raise PyRaise("TypeError", "'default_args' must be <class 'dict'>")
    doc = values.get("doc_md")
    if doc is not None and isinstance(doc, KNOWN_TYPES) and not isinstance(doc, str):
        raise PyRaise("AttributeError", f"'{type(doc).__name__}' object has no attribute 'endswith'")


def check_tags(tags: Any) -> None:
    """Refuse tags that are too long, or that have no length."""
    for tag in tags:
        if isinstance(tag, int | float):
            raise PyRaise("TypeError", f"object of type '{type(tag).__name__}' has no len()")
        if isinstance(tag, str) and len(tag) > TAG_LENGTH:
            raise PyRaise("ValueError", f"tag cannot be longer than {TAG_LENGTH} characters")


def check_params(params: Anything) -> None:
    """Refuse params that aren't JSON (``Param.check_json``); what isn't known data is passed over."""
    for value in params.values() if isinstance(params, dict) else ():
        if not is_plain(value):
            continue
        try:
            json.dumps(value)
        except (TypeError, ValueError, RecursionError):
            message = "All provided parameters must be json-serializable."
            raise PyRaise("airflow.sdk.exceptions.ParamValidationError", message) from None


def check_dag(builder: PipelineBuilder) -> None:
    """Refuse a complete DAG.

    Raises ``PyRaise``, or leaves a doubt with the builder where it isn't certain.
    """
    dag = builder.dag
    if any(not isinstance(name, str) for name in dag.params):
        builder.doubt("the params", "the name of one of them isn't a text")
    if dag.fields.get("catchup", False) is None:
        builder.doubt("catchup", "it is neither true nor false")
    if builder.version != "3":
        return
    _check_setups(dag)
    _check_runs(dag)
    _check_links(dag.fields.get("owner_links"))
    schedule = dag.fields.get("schedule")
    if schedule is None or isinstance(schedule, Unknown):
        return
    _check_start(dag)
    for name, value in dag.params.items():
        problem = param_schema.problem(value)
        if problem is not None and problem.certain:
            raise PyRaise("ValueError", f"a scheduled DAG can't have the param {name!r}: {problem.message}")
        if problem is not None:
            builder.doubt(f"the param `{name}`", problem.message)


def _check_setups(dag: Dag) -> None:
    for task in dag.tasks.values():
        for after in task.downstream if task.setup else ():
            rule = after.fields.get("trigger_rule", "all_success")
            if not after.teardown and isinstance(rule, str) and not checks.same_rule(rule, "all_success"):
                raise PyRaise("ValueError", "Setup tasks must be followed with trigger rule ALL_SUCCESS.")


def _check_runs(dag: Dag) -> None:
    schedule, runs = dag.fields.get("schedule"), dag.fields.get("max_active_runs")
    name = schedule.name.rpartition(".")[2] if isinstance(schedule, Symbolic) else schedule
    if name not in ("@continuous", "ContinuousTimetable") or isinstance(runs, Unknown):
        return
    if not isinstance(runs, int) or runs > 1:
        raise PyRaise("ValueError", "ContinuousTimetable requires max_active_runs <= 1")


def _check_start(dag: Dag) -> None:
    given = dag.fields.get("start_date")
    defaults = dag.default_args
    if dag.fields.get("catchup") is not True or given is not None or not isinstance(defaults, dict):
        return
    if "start_date" not in defaults:
        raise PyRaise("ValueError", "start_date is required when catchup=True")


def _check_links(links: Anything) -> None:
    if not isinstance(links, dict):
        return
    for link in links.values():
        if not isinstance(link, str):
            continue
        parts = urlsplit(link)
        fine = parts.path if parts.scheme == "mailto" else parts.scheme and parts.netloc
        if not fine:
            raise PyRaise("ValueError", f"Wrong link format was used for the owner: {link!r}")
