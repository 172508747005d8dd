"""Single tasks by hand for the tests of forms: their functions, and the text that a form writes. It is Dagster's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagport.graph import Task
from dagport.rewrite.module import Module
from dagport.source import Source
from dagport.values import Value
from dagport.writers.common.edges import Dependencies
from dagport.writers.common.model import VALUE, Inspection
from dagport.writers.common.params import params_of
from dagport.writers.dagster.forms import FORMS
from dagport.writers.dagster.naming import NOT_FIELDS
from dagport.writers.dagster.partitions import partitions_of
from dagport.writers.dagster.scope import AssetName, Project, Scope
from tests.writers.dagster.making import function, pipeline

STANDARD = "airflow.providers.standard.operators"
SDK = "airflow.sdk.task"
SENSORS = "airflow.providers.standard.sensors"
DELTA = f"{SENSORS}.time_delta.TimeDeltaSensor"
MOMENT = f"{SENSORS}.date_time.DateTimeSensor"
FILE = f"{SENSORS}.filesystem.FileSensor"
LATEST = f"{STANDARD}.latest_only.LatestOnlyOperator"
ASSET = "airflow.sdk.definitions.asset.decorators._AssetMainOperator"
SOURCE = '''
import json
from typing import TYPE_CHECKING

from airflow.sdk import PokeReturnValue, get_current_context
from airflow.exceptions import AirflowSkipException

LIMIT = 3


def look(size=1):
    if size > LIMIT:
        return PokeReturnValue(is_done=True, xcom_value=size)
    return PokeReturnValue(False)


def is_there():
    return LIMIT > 2


def plain(values, factor=2):
    """Some values."""
    return [value * factor for value in values]


def nothing():
    print("done")


def annotated(values) -> dict[str, int]:
    return {"most": max(values)}


def dated(ds, unit="cm"):
    return f"{ds} {unit}"


def conf(dag_run=None):
    if TYPE_CHECKING:
        assert dag_run
    return dag_run.conf["name"]


def keyed(dag_run):
    return [dag_run.partition_key, get_current_context()["partition_key"]]


def checked_only(n=1):
    if n:
        if TYPE_CHECKING:
            assert LIMIT
    return n


def week_later(ds, macros):
    return macros.ds_add(ds, 7)


def shown(logical_date):
    print(logical_date)
    moment = logical_date
    return f"at {moment}" + str(moment.year)


def moved(logical_date):
    return [logical_date]


def repr_of(logical_date):
    return f"{logical_date!r}"


def all_params(params):
    return sorted(params)


def of_module(values):
    return values[:LIMIT]


def of_default(values, limit=LIMIT):
    return values[:limit]


def pushes(ti):
    ti.xcom_push(key="rows", value=1)
    return "next"


def pulls(ti):
    return ti.xcom_pull(task_ids="load")


def skips():
    raise AirflowSkipException("no")


async def later():
    return "next"


def one_line():
    return "echo done"


def template():
    """Says the day."""
    return "echo {{ ds }}"


def script():
    return "run.sh"


def lines():
    # Two of them.
    return """
    echo 1
    echo 2
    """


def half_template(day):
    return f"echo {day} {{{{ ds }}}}"


def whole_context(**context):
    return context


def by_name(asset_of_that_name):
    return asset_of_that_name


def named_like_context(ds="today"):
    return ds


def of_run(self, context):
    return context
'''


def task(operator: str, name: str | None = None, arguments: Mapping[str, Value] | None = None, **fields: Any) -> Task:
    called = {"callable": function(SOURCE, name)} if name else {}
    kind = "branch" if "ranch" in operator else "short_circuit" if "hort" in operator else "python"
    return Task(**{"id": "work", "operator": operator, "kind": kind, "arguments": arguments or {}, **called, **fields})


def scope_of(subject: Task, text: str = SOURCE, **fields: Any) -> Scope:
    load = Task(id="load", operator=f"{STANDARD}.python.PythonOperator", kind="python")
    of = pipeline(load, subject, edges="load>work", **fields)
    source = Source("dags/train.py", text)
    scope = Scope(
        project=Project(package="pipelines"),
        source=source,
        pipeline=of,
        module=Module(source),
        dependencies=Dependencies(of, ()),
        assets={},
        params=params_of(of, NOT_FIELDS),
        partitions=partitions_of(of, "pipelines"),
    )
    scope.results["load"] = VALUE
    scope.names |= {one.id: AssetName(key=("train", one.id), function=one.id) for one in of.tasks}
    return scope


def written(subject: Task, **fields: Any) -> tuple[list[str], Inspection]:
    """The lines of the task's function and of its helper; what its form says of it."""
    scope = scope_of(subject, **fields)
    form = FORMS.get(subject.operator)
    assert form is not None
    inspection = form.inspect(subject, scope)
    scope.results[subject.id] = inspection.result
    if inspection.helper:
        scope.helpers[scope.callable_key(subject)] = inspection.helper
    _, found = form.write(subject, scope)
    texts = [found.text, *(chunk.text for chunk in found.chunks)]
    texts += [chunk.text for helper in found.helpers for chunk in helper.chunks]
    lines = [line.strip() for text in texts for line in text.splitlines() if "__dagport" not in line]
    return [line for line in lines if line], inspection
