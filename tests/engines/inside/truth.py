"""Prints what real Airflow builds from DAG files, one JSON record a file.

    AIRFLOW_PYTHON truth.py FILE_OR_FOLDER... > truth.jsonl

Runs inside an Airflow 2 or 3 environment and needs nothing else of this project. It imports the files.
``file`` is relative to the folder the file was found under.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MAPPED_CLASSES = ("MappedOperator", "DecoratedMappedOperator")
TASK_NUMBERS = ("retries", "retry_delay", "execution_timeout", "priority_weight", "pool_slots")
TASK_TEXTS = ("pool", "queue", "owner")
ALIASES = ("AssetAlias", "DatasetAlias", "_DatasetAliasCondition")
JOINS = {"list": "all", "tuple": "all", "All": "all", "Any": "any"}
DAG_NUMBERS = ("max_active_runs", "max_active_tasks", "dagrun_timeout", "catchup")


def get(item: Any, name: str, default: Any = None) -> Any:
    """An attribute, or the default also where a property of the engine raises."""
    try:
        return getattr(item, name, default)
    except Exception:  # noqa: BLE001 - engine code: a property of a mapped task may raise anything
        return default


def plain(value: Any) -> Any:
    """Durations as seconds, dates as ISO text, enums as their value."""
    if hasattr(value, "total_seconds"):
        return value.total_seconds()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return get(value, "value", value)


def asset_name(asset: Any) -> str:
    """The name that the graph uses for an asset, a dataset or an alias."""
    names = (get(asset, name) for name in ("name", "uri", "alias"))
    return next((name for name in names if isinstance(name, str)), str(asset))


def assets_in(schedule: Any, depth: int = 0) -> list[str] | None:
    """The assets that a schedule names, or ``None`` when it isn't made of assets."""
    if schedule is None or isinstance(schedule, str) or depth > 6:
        return None
    if isinstance(schedule, list | tuple | set):
        found = [assets_in(item, depth + 1) for item in schedule]
        return None if None in found else sorted(name for names in found for name in names or [])
    if hasattr(schedule, "uri") or type(schedule).__name__ in ALIASES:
        return [asset_name(schedule)]
    for name in ("objects", "asset_condition", "dataset_condition", "assets", "datasets"):
        if hasattr(schedule, name):
            inner = getattr(schedule, name)
            return assets_in(list(inner) if name == "objects" else inner, depth + 1)
    return None


def condition(schedule: Any) -> str | None:
    """How the assets of a schedule are joined, where it is one plain "all" or "any" of them."""
    parts = get(schedule, "objects", schedule)
    if not isinstance(parts, list | tuple) or any(hasattr(part, "objects") for part in parts):
        return None
    return JOINS.get(type(schedule).__name__.removeprefix("Asset").removeprefix("Dataset"))


def callable_name(function: Any) -> str | None:
    """The name of the function under its decorators."""
    for _ in range(8):
        inner = get(function, "__wrapped__")
        if not callable(inner):
            break
        function = inner
    name = get(function, "__name__")
    return name if isinstance(name, str) else None


def labels(dag: Any) -> dict[str, list[list[str]]]:
    """Labels of edges: those between tasks, and those that an edge of a group may give to its tasks' edges."""
    ends = {task.task_id: {task.task_id} for task in dag.tasks}
    for group in dag.task_group.get_task_group_dict().values():
        ends[group.upstream_join_id] = ends[group.downstream_join_id] = {task.task_id for task in group.iter_tasks()}
    found: dict[str, list[list[str]]] = {"labels": [], "group_labels": []}
    edges = {(task.task_id, below) for task in dag.tasks for below in task.downstream_task_ids}
    for upstream, targets in (get(dag, "edge_info") or {}).items():
        for downstream, edge in targets.items():
            key = "labels" if dag.has_task(upstream) and dag.has_task(downstream) else "group_labels"
            pairs = {(above, below) for above in ends.get(upstream, ()) for below in ends.get(downstream, ())}
            found[key] += [[*pair, edge["label"]] for pair in sorted(pairs & edges)]
    return found


def mapped_over(task: Any) -> dict[str, Any] | None:
    """The arguments that a mapped task is expanded over, with their number where it is literal."""
    expand = get(task, "expand_input") if type(task).__name__ in MAPPED_CLASSES else None
    if type(task).__name__ == "DecoratedMappedOperator":
        expand = get(task, "op_kwargs_expand_input")
    if expand is None:
        return None
    value = get(expand, "value")
    if not isinstance(value, dict):
        items = value if isinstance(value, list | tuple) else None
        return {"names": None, "length": None if items is None else len(items)}
    sizes = [len(item) if isinstance(item, list | tuple | dict | range) else None for item in value.values()]
    length = 1
    for size in sizes:
        length = None if length is None or size is None else length * size  # type: ignore[assignment]
    return {"names": sorted(value), "length": length}


def call_arguments(task: Any, partial: dict[str, Any]) -> dict[str, Any]:
    """Constants handed to a Python task; anything that isn't JSON is left out."""
    positional = get(task, "op_args") or partial.get("op_args") or ()
    named = get(task, "op_kwargs") or partial.get("op_kwargs") or {}
    if not isinstance(positional, list | tuple) or not isinstance(named, dict):
        return {"args": None, "kwargs": None}
    return {
        "args": [item if is_json(item) else None for item in positional],
        "kwargs": {name: item if is_json(item) else None for name, item in sorted(named.items())},
    }


def is_json(value: Any) -> bool:
    """Whether a value is plain data with text keys."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_json(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(map(is_json, value))
    return value is None or isinstance(value, bool | int | float | str)


def task_record(task: Any) -> dict[str, Any]:
    """All compared fields of one task."""
    mapped = type(task).__name__ in MAPPED_CLASSES
    partial = dict(get(task, "partial_kwargs") or {}) if mapped else {}
    operator = get(task, "operator_class", type(task)) if mapped else type(task)
    function = get(task, "python_callable") or partial.get("python_callable")
    command = partial.get("bash_command") if mapped else get(task, "bash_command")
    return {
        "task_id": task.task_id,
        "operator": f"{operator.__module__}.{operator.__qualname__}",
        "trigger_rule": str(plain(get(task, "trigger_rule"))),
        **{name: plain(get(task, name)) for name in (*TASK_NUMBERS, *TASK_TEXTS)},
        "depends_on_past": bool(get(task, "depends_on_past", False)),
        "wait_for_downstream": bool(get(task, "wait_for_downstream", False)),
        "doc": get(task, "doc_md") or get(task, "doc"),
        "task_group": get(get(task, "task_group"), "group_id"),
        "mapped": mapped,
        "mapped_over": mapped_over(task),
        "is_setup": bool(get(task, "is_setup", False)),
        "is_teardown": bool(get(task, "is_teardown", False)),
        "inlets": sorted(asset_name(item) for item in get(task, "inlets") or partial.get("inlets") or []),
        "outlets": sorted(asset_name(item) for item in get(task, "outlets") or partial.get("outlets") or []),
        "python_callable": callable_name(function) if function is not None else None,
        "bash_command": command if isinstance(command, str) else None,
        **call_arguments(task, partial),
    }


def groups(group: Any, parent: str | None = None) -> Iterator[dict[str, Any]]:
    """The task groups below one, with their parents."""
    for child in (get(group, "children") or {}).values():
        if not hasattr(child, "children"):
            continue
        mapped = type(child).__name__ == "MappedTaskGroup"
        yield {"id": child.group_id, "parent": parent, "tooltip": child.tooltip or None, "mapped": mapped}
        yield from groups(child, child.group_id)


def schedule_record(dag: Any) -> dict[str, Any]:
    """The schedule as written and the timetable that it became."""
    timetable = get(dag, "timetable")
    schedule = get(dag, "schedule", get(dag, "schedule_interval"))
    summary = get(timetable, "summary")
    expression = get(timetable, "_expression") or get(timetable, "expression")
    delta = get(timetable, "delta", get(timetable, "_delta"))
    return {
        "schedule": schedule if schedule is None or isinstance(schedule, str) else repr(schedule)[:300],
        "timetable": type(timetable).__name__,
        "timetable_summary": summary if isinstance(summary, str) else None,
        "cron": expression if isinstance(expression, str) else None,
        "seconds": plain(delta) if hasattr(delta, "total_seconds") else None,
        "schedule_assets": assets_in(schedule) or assets_in(timetable),
        "condition": condition(schedule),
    }


def param_values(dag: Any) -> dict[str, Any]:
    """The params with the defaults that are plain data."""
    params = dag.params
    values = {str(name): params.get_param(name).value for name in params}
    return {name: value if is_json(value) else None for name, value in sorted(values.items())}


def start_date(dag: Any) -> Any:
    """When a DAG starts: Airflow 2 goes by its tasks where the DAG itself has no date."""
    return get(dag, "start_date") or min(filter(None, (get(task, "start_date") for task in dag.tasks)), default=None)


def dag_record(dag: Any) -> dict[str, Any]:
    """All compared fields of one DAG."""
    tasks = sorted(dag.tasks, key=lambda task: str(task.task_id))
    return {
        "dag_id": dag.dag_id,
        **schedule_record(dag),
        "timezone": str(get(get(dag, "timezone"), "name") or get(dag, "timezone")),
        "start_date": plain(start_date(dag)),
        "end_date": plain(get(dag, "end_date")),
        "tags": sorted(str(tag) for tag in get(dag, "tags") or []),
        **{name: plain(get(dag, name)) for name in DAG_NUMBERS},
        "description": get(dag, "description"),
        "doc": get(dag, "doc_md"),
        "params": param_values(dag),
        "groups": sorted(groups(get(dag, "task_group")), key=lambda group: str(group["id"])),
        "tasks": [task_record(task) for task in tasks],
        "edges": sorted([task.task_id, below] for task in tasks for below in task.downstream_task_ids),
        **labels(dag),
    }


def files_under(path: Path) -> list[Path]:
    """The Python files of a folder; a file is itself."""
    if path.is_file():
        return [path]
    return sorted(file for file in path.rglob("*.py") if file.name != "__init__.py")


def create_tables() -> None:
    """An empty database: importing some files of Airflow 2 looks things up in it."""
    import airflow.providers.fab.auth_manager.models  # noqa: F401 - tables that others refer to
    from airflow import models, settings
    from airflow.models.base import Base

    models.import_all_models()
    Base.metadata.create_all(settings.engine)


def file_record(path: Path, root: Path, major: int) -> dict[str, Any]:
    """Import one file as the scheduler does."""
    if major >= 3:
        from airflow.dag_processing.dagbag import DagBag

        bag = DagBag(dag_folder=str(path))
    else:
        from airflow.models import DagBag

        bag = DagBag(dag_folder=str(path), include_examples=False, read_dags_from_db=False)
    errors = "\n".join(str(error) for error in bag.import_errors.values())
    return {
        "file": path.relative_to(root).as_posix(),
        "airflow": major,
        "ok": not bag.import_errors,
        "error": errors[-2000:] or None,
        "dags": [dag_record(dag) for _, dag in sorted(bag.dags.items())],
    }


@contextlib.contextmanager
def on_path(folder: Path) -> Iterator[None]:
    """Modules beside a file can be imported, and are forgotten afterwards: the next file may have others."""
    sys.path.append(str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        inside = f"{folder}{os.sep}"
        for name, module in list(sys.modules.items()):
            if str(get(module, "__file__") or "").startswith(inside):
                del sys.modules[name]


def main(arguments: list[str]) -> None:
    """Print a record for every file."""
    with contextlib.redirect_stdout(sys.stderr):  # what Airflow and the files print is not the result
        import airflow

        major = int(airflow.__version__.split(".")[0])
        if major >= 3:
            from airflow.sdk import DAG
        else:
            from airflow.models import DAG

            create_tables()
    DAG.resolve_template_files = lambda self: None  # keep "x.sql" as written, not the text of the file
    for path in map(Path, arguments):
        root = path if path.is_dir() else path.parent
        for file in files_under(path):
            with contextlib.redirect_stdout(sys.stderr), on_path(file.parent):
                record = file_record(file, root, major)
            sys.stdout.write(json.dumps(record, default=str) + "\n")


if __name__ == "__main__":
    os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-home-"))
    os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "ERROR")
    main(sys.argv[1:])
