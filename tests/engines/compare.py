"""Compares what real Airflow builds (``inside.truth``) with our graph, field by field.

Every DAG of the truth falls into one class:

- ``exact``: all fields are equal and the graph says exact;
- ``unclaimed``: all fields are equal, but the graph doesn't claim it;
- ``admitted``: something differs, and the graph doesn't claim to be exact;
- ``false exact``: something differs although the graph says exact, the worst bug there is;
- ``missed``: the graph has no such pipeline;
- ``invented``: the graph has a pipeline that Airflow doesn't build.
"""

from __future__ import annotations

import inspect
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

Record: TypeAlias = Mapping[str, Any]
VerdictName: TypeAlias = Literal["exact", "unclaimed", "admitted", "false exact", "missed", "invented"]
Difference: TypeAlias = tuple[str, str]  # field, what differs

DECORATED = {
    "task": "_PythonDecoratedOperator",
    "task.python": "_PythonDecoratedOperator",
    "task.branch": "_BranchPythonDecoratedOperator",
    "task.short_circuit": "_ShortCircuitDecoratedOperator",
    "task.sensor": "DecoratedSensorOperator",
    "task.bash": "_BashDecoratedOperator",
    "task.virtualenv": "_PythonVirtualenvDecoratedOperator",
    "task.external_python": "_PythonExternalDecoratedOperator",
    "task.branch_virtualenv": "_BranchPythonVirtualenvDecoratedOperator",
    "task.branch_external_python": "_BranchExternalPythonDecoratedOperator",
    "task.stub": "_StubOperator",
    "task.docker": "_DockerDecoratedOperator",
    "task.kubernetes": "_KubernetesDecoratedOperator",
    "task.kubernetes_cmd": "_KubernetesCmdDecoratedOperator",
    "task.pyspark": "_PySparkDecoratedOperator",
    "task.sftp_sensor": "_DecoratedSFTPSensor",
    "task.snowpark": "_SnowparkDecoratedOperator",
    "task.sql": "_SQLDecoratedOperator",
}
TASK_FIELDS: Mapping[str, tuple[str, Any]] = {  # field of the truth: field of the graph, engine's default
    "trigger_rule": ("trigger_rule", "all_success"),
    "retries": ("retries", 0),
    "retry_delay": ("retry_delay_s", 300.0),
    "execution_timeout": ("execution_timeout_s", None),
    "pool": ("pool", "default_pool"),
    "pool_slots": ("pool_slots", 1),
    "queue": ("queue", "default"),
    "priority_weight": ("priority_weight", 1),
    "owner": ("owner", "airflow"),
    "depends_on_past": ("depends_on_past", False),
    "wait_for_downstream": ("wait_for_downstream", False),
    "doc": ("doc", None),
    "task_group": ("group", None),
    "is_setup": ("setup", False),
    "is_teardown": ("teardown", False),
}
DAG_FIELDS: Mapping[str, tuple[str, Any]] = {
    "timezone": ("timezone", "UTC"),
    "max_active_runs": ("max_active_runs", 16),
    "max_active_tasks": ("max_active_tasks", 16),
    "dagrun_timeout": ("dagrun_timeout_s", None),
    "description": ("description", None),
    "doc": ("doc", None),
}
VERDICTS: Mapping[tuple[bool, bool], VerdictName] = {  # (the graph says exact, something differs)
    (True, False): "exact",
    (True, True): "false exact",
    (False, False): "unclaimed",
    (False, True): "admitted",
}
CATCHUP_DEFAULT = {2: True, 3: False}
SCHEDULE_KINDS = {"NullTimetable": "manual", "OnceTimetable": "once", "ContinuousTimetable": "continuous"}
CRON_TIMETABLES = ("CronTriggerTimetable", "CronDataIntervalTimetable")
DELTA_TIMETABLES = ("DeltaTriggerTimetable", "DeltaDataIntervalTimetable")


@dataclass(frozen=True)
class Verdict:
    """What the comparison says about one DAG."""

    file: str
    dag: str
    name: VerdictName
    differences: tuple[Difference, ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.file} {self.dag}: {self.name}"]
        return "\n    ".join([*lines, *(f"{field}: {detail}" for field, detail in self.differences)])


def compare_file(truth: Record, graph: Record) -> list[Verdict]:
    """A verdict for every DAG that Airflow or the graph finds in one file.

    Where Airflow refuses a DAG, the graph may show it, but must not vouch for it.
    """
    file, ours = truth["file"], {pipeline["id"]: pipeline for pipeline in graph["pipelines"]}
    verdicts = [_verdict(file, dag, ours.get(dag["dag_id"]), truth["airflow"]) for dag in truth["dags"]]
    extra = sorted(set(ours) - {dag["dag_id"] for dag in truth["dags"]})
    if truth["ok"]:
        return [*verdicts, *(Verdict(file, name, "invented") for name in extra)]
    refused = (("import", truth["error"].strip().splitlines()[-1]),)
    return [*verdicts, *(Verdict(file, name, VERDICTS[bool(ours[name]["exact"]), True], refused) for name in extra)]


def figures(verdicts: Sequence[Verdict]) -> str:
    """The counts in one line."""
    counts = Counter(verdict.name for verdict in verdicts)
    names = ("exact", "unclaimed", "admitted", "false exact", "missed", "invented")
    return f"{len(verdicts)} DAGs: " + ", ".join(f"{counts[name]} {name}" for name in names)  # type: ignore[index]


def _verdict(file: str, dag: Record, ours: Record | None, major: int) -> Verdict:
    if ours is None:
        return Verdict(file, dag["dag_id"], "missed")
    found = tuple(differences(dag, ours, major))
    return Verdict(file, dag["dag_id"], VERDICTS[bool(ours["exact"]), bool(found)], found)


def differences(truth: Record, ours: Record, major: int) -> Iterator[Difference]:
    """All that differs between a DAG of the truth and a pipeline of the graph."""
    tasks = {task["id"]: task for task in ours["tasks"]}
    expected = {task["task_id"]: task for task in truth["tasks"]}
    yield from _sets("task ids", set(expected), set(tasks))
    edges = {(edge["upstream"], edge["downstream"]) for edge in ours["edges"]}
    yield from _sets("edges", set(map(tuple, truth["edges"])), edges)
    labels = {(e["upstream"], e["downstream"], e["label"]) for e in ours["edges"] if e["label"]}
    certain, possible = set(map(tuple, truth["labels"])), set(map(tuple, truth["group_labels"]))
    yield from _sets("labels", certain, labels - (possible - certain))
    groups = {(g["id"], g["parent"], _shown(g["tooltip"]), g["mapped"]) for g in ours["groups"]}
    built = {(g["id"], g["parent"], _shown(g["tooltip"]), g["mapped"]) for g in truth["groups"]}
    yield from _sets("groups", built, groups)
    for name in sorted(set(tasks) & set(expected)):
        for field, detail in _task_differences(expected[name], tasks[name]):
            yield field, f"{name}: {detail}"
    yield from _fields(DAG_FIELDS, truth, ours)
    yield from _schedule(truth, ours["schedule"])
    yield from _dag_values(truth, ours, major)


def _shown(tooltip: str | None) -> str | None:
    """A tooltip, which may be a docstring, as the running Python would have it."""
    if tooltip and sys.version_info >= (3, 13):
        return inspect.cleandoc(tooltip)
    return tooltip or None


def _sets(field: str, wanted: set[Any], found: set[Any]) -> Iterator[Difference]:
    if wanted != found:
        missing, extra = sorted(wanted - found, key=str)[:5], sorted(found - wanted, key=str)[:5]
        yield field, f"missing {missing}, extra {extra}"


def _fields(table: Mapping[str, tuple[str, Any]], truth: Record, ours: Record) -> Iterator[Difference]:
    for field, (key, default) in table.items():
        found = default if ours.get(key) is None else ours[key]
        wanted = default if truth[field] is None else truth[field]
        if found != wanted and not _same_docstring(found, wanted):
            yield field, f"{found!r}, not {wanted!r}"


def _same_docstring(found: Any, wanted: Any) -> bool:
    """Python 3.13 and later take the indentation out of docstrings; the graph has them as the source writes them."""
    if sys.version_info < (3, 13) or not isinstance(found, str) or not isinstance(wanted, str):
        return False
    return inspect.cleandoc(found) == inspect.cleandoc(wanted)


def _dag_values(truth: Record, ours: Record, major: int) -> Iterator[Difference]:
    for field in ("start_date", "end_date"):
        if not _same_date(truth[field], ours[field]):
            yield field, f"{ours[field]!r}, not {truth[field]!r}"
    catchup = CATCHUP_DEFAULT[major] if ours["catchup"] is None else ours["catchup"]
    if catchup != bool(truth["catchup"]):
        yield "catchup", f"{catchup!r}, not {truth['catchup']!r}"
    if sorted(ours["tags"]) != truth["tags"]:
        yield "tags", f"{ours['tags']!r}, not {truth['tags']!r}"
    params = {name: param_default(value) for name, value in ours["params"].items()}
    yield from _sets("params", set(truth["params"]), set(params))
    for name in sorted(set(params) & set(truth["params"])):
        wanted = truth["params"][name]
        if wanted is not None and not _symbolic(params[name]) and params[name] != wanted:
            yield "params", f"{name}: {params[name]!r}, not {wanted!r}"


def param_default(value: Any) -> Any:
    """The default of a param: of a symbolic ``Param(...)`` call its first argument."""
    if not isinstance(value, dict) or not str(value.get("$call", "")).endswith("Param"):
        return value
    arguments = value.get("args") or []
    return arguments[0] if arguments else value.get("kwargs", {}).get("default")


def _symbolic(value: Any) -> bool:
    return isinstance(value, dict) and any(key.startswith("$") for key in value)


def _same_date(truth: str | None, ours: str | None) -> bool:
    if truth is None or ours is None:
        return truth == ours
    return datetime.fromisoformat(truth) == datetime.fromisoformat(ours)


def _schedule(truth: Record, ours: Record) -> Iterator[Difference]:
    if not _same_schedule(truth, ours):
        names = ("timetable", "timetable_summary", "cron", "seconds", "schedule_assets", "condition")
        yield "schedule", f"{dict(ours)!r}, not { {name: truth[name] for name in names}!r}"


def _same_schedule(truth: Record, ours: Record) -> bool:
    kind, timetable = ours["kind"], truth["timetable"]
    if kind == "assets":
        condition = ours.get("condition")
        same = truth["condition"] in (None, condition) or len(ours["assets"]) == 1
        return sorted(ours["assets"]) == truth["schedule_assets"] and same
    if timetable in SCHEDULE_KINDS:
        return bool(kind == SCHEDULE_KINDS[timetable])
    if kind == "cron":
        return timetable in CRON_TIMETABLES and bool(ours["cron"].split() == truth["cron"].split())
    if kind == "interval":
        return timetable in DELTA_TIMETABLES and bool(ours["seconds"] == truth["seconds"])
    return bool(kind == "timetable" and ours["class"].split(".")[-1] == timetable)


def _task_differences(truth: Record, ours: Record) -> Iterator[Difference]:
    if operator_name(ours["operator"]) != operator_name(truth["operator"]):
        yield "operator", f"{ours['operator']}, not {truth['operator']}"
    yield from _fields(TASK_FIELDS, truth, ours)
    for field in ("inlets", "outlets"):
        if sorted(ours[field]) != truth[field]:
            yield field, f"{ours[field]!r}, not {truth[field]!r}"
    name = (ours["callable"] or {}).get("name")
    if truth["python_callable"] is not None and name != truth["python_callable"]:
        yield "callable", f"{name!r}, not {truth['python_callable']!r}"
    command = template_text(ours["arguments"].get("bash_command"))
    if truth["bash_command"] is not None and command is not None and command != truth["bash_command"]:
        yield "bash_command", f"{command!r}, not {truth['bash_command']!r}"
    yield from _mapping(truth, ours["mapped"])


def template_text(value: Any) -> str | None:
    """A text or the text of a template; ``None`` for any other value."""
    if isinstance(value, dict):
        value = value.get("$template")
    return value if isinstance(value, str) else None


def _mapping(truth: Record, ours: Record | None) -> Iterator[Difference]:
    if (ours is not None) != truth["mapped"]:
        yield "mapped", f"{ours is not None}, not {truth['mapped']}"
    over = truth["mapped_over"]
    if ours is None or over is None:
        return
    if over["names"] is not None and sorted(ours["over"]) != over["names"]:
        yield "mapped over", f"{sorted(ours['over'])}, not {over['names']}"
    if ours["literal_length"] != over["length"]:
        yield "mapped length", f"{ours['literal_length']}, not {over['length']}"


RENAMED = {"DummyOperator": "EmptyOperator"}  # one class under two names


def operator_name(qualified: str) -> str:
    """The class that a qualified name or a TaskFlow decorator stands for, without its module."""
    parts = qualified.split(".")
    if "task" in parts:
        decorator = ".".join(parts[parts.index("task") :])
        if decorator in DECORATED:
            return DECORATED[decorator]
    return RENAMED.get(parts[-1], parts[-1])
