"""A task and what its templates may ask."""

from __future__ import annotations

import json
from typing import Any

from dagport.graph import FileGraph, Pipeline, Schedule, Task
from dagport.options import Deployment
from dagport.source import Source
from dagport.values import Call, Code, Value
from dagport.workspace import Workspace
from dagport_lineage.scope import Scope

PARAMS: dict[str, Any] = {
    "t": "orders",
    "n": 5,
    "flag": True,
    "m": {"x": 1, "y": 2},
    "cols": ["a", "b"],
    "many": list(range(100)),
    "braces": "{{ ds }}",
    "password": "hunter2hunter2",
    "items": "goods",
}
SYMBOLIC: dict[str, Value] = {
    "declared": Call("airflow.sdk.Param", ("daily",), {"type": "string"}),
    "by_name": Call("airflow.models.param.Param", (), {"default": 7}),
    "required": Call("airflow.sdk.Param", (), {"type": "string"}),
    "lost": Code("read()", "it isn't followed"),
}
OPERATOR = "airflow.providers.common.sql.operators.sql.SQLExecuteQueryOperator"
TASK = Task(id="load.write", operator=OPERATOR, kind="sql", arguments={"params": {"own": "mine"}})
VARIABLES = {
    "schema": "sales",
    "config": json.dumps({"table": "t1", "inner": {"deep": "d"}, "list": [1, 2]}),
    "mixed": json.dumps({"password": "hunter3hunter3", "table": "t2"}),
    "api_token": "hunter4hunter4",
    "link": "https://user:hunter5hunter5@host/x",
    "broken": "{",
}
CONNECTIONS = {
    "shop": "postgresql://scott:hunter6hunter6@db.example:5433/shop?sslkey=hunter7hunter7",
    "bare": json.dumps({"conn_type": "http", "password": "hunter8hunter8"}),
}


def scope(text: str = "", workspace: Workspace | None = None, **params: Value) -> Scope:
    """The scope of ``TASK`` in a file with a text; more params may be given."""
    return Scope(
        graph=FileGraph(path="dags/a.py", orchestrator="airflow"),
        pipeline=Pipeline(
            id="d", exact=True, schedule=Schedule(kind="manual"), params={**PARAMS, **SYMBOLIC, **params}
        ),
        source=Source("dags/a.py", text, "dags/a.py"),
        deployment=Deployment(
            variables=VARIABLES, connections=CONNECTIONS, environment={"AIRFLOW_VAR_SCHEMA2": "of_environment"}
        ),
        workspace=workspace,
    )
