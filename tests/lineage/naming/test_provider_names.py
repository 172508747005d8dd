"""Our names are those of Airflow's own provider, which ``provider_names.json`` has as it printed them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dagport.graph import FileGraph, Pipeline, Schedule
from dagport.options import Deployment
from dagport.readers.airflow.asset import normalised
from dagport.source import Source
from dagport_lineage.model import DatasetName, Unresolved
from dagport_lineage.naming.connections import database
from dagport_lineage.naming.platforms import snowflake_account
from dagport_lineage.naming.uris import uri_dataset
from dagport_lineage.scope import Scope
from tests.engines.environments import environment

FACTS: dict[str, Any] = json.loads(Path(__file__).with_name("provider_names.json").read_text("utf-8"))
RESOLVED_HERE = {
    "postgres://db.example/shop.public.orders",  # the form that the specification gives of a URI
}
BY_PYTHON = {
    "file:data/x",  # how `urlunsplit` writes a relative path is another thing since Python 3.12.4
}
OTHER_NAMESPACES = {
    "sp": "spanner://proj:inst",  # the specification's
}
OTHER_DATABASES = {
    "my": "shop",  # the specification's name of a table has it
    "sp": "db",
}
OTHER_DIALECTS = {"mssql": "tsql", "spanner": "bigquery"}  # as sqlglot calls it, or what it comes closest to
AS_IN_SQL = {
    # Assets that the provider names otherwise than its own SQL hooks name the same table.
    "databricks://host.cloud:443/cat/sch/t": ("databricks://host.cloud", "cat.sch.t"),
    "hive://h/db/t": ("hive://h:10000", "db.t"),
    "oracle://h/svc/sch/t": ("oracle://h:1521", "svc.SCH.T"),
    "postgres://DB.Example/Shop/Public/Orders": ("postgres://db.example:5432", "Shop.Public.Orders"),
    "postgres://db.example/shop//orders": ("postgres://db.example:5432", "shop.public.orders"),
    "redshift://cl.abc.eu-west-1.redshift.amazonaws.com/db/public/t": ("redshift://cl.eu-west-1:5439", "db.public.t"),
    "snowflake://ORG-ACCT/DB/SCH/T": ("snowflake://org-acct", "DB.SCH.T"),
    "snowflake://org-acct/db/sch/t": ("snowflake://org-acct", "DB.SCH.T"),
    "snowflake://xy12345/db/sch/t": ("snowflake://xy12345.us-west-1.aws", "DB.SCH.T"),
    # ... or than its own operators name the same file.
    "sftp://h/path/x": ("file://h:22", "/path/x"),
    "sftp://h:2222//abs/x": ("file://h:2222", "/abs/x"),
    # What is left out has a default.
    "file://localhost/data": ("file", "/data"),
    "kafka://broker/topic": ("kafka://broker:9092", "topic"),
}


def scope() -> Scope:
    """A scope with the connections of the facts."""
    connections = {
        name: fields if isinstance(fields, str) else json.dumps(fields) for name, fields in FACTS["connections"].items()
    }
    return Scope(
        graph=FileGraph(path="a.py", orchestrator="airflow"),
        pipeline=Pipeline(id="d", exact=True, schedule=Schedule(kind="manual")),
        source=Source("a.py", ""),
        deployment=Deployment(connections=connections),
    )


@pytest.mark.parametrize("uri", sorted(FACTS["assets"].keys() - BY_PYTHON))
def test_assets(uri: str) -> None:
    theirs, ours = FACTS["assets"][uri], uri_dataset(normalised(uri))
    if uri in AS_IN_SQL:
        assert ours == DatasetName(*AS_IN_SQL[uri]) != DatasetName(*theirs)
        return
    if theirs == "ValueError" and uri not in RESOLVED_HERE:
        assert isinstance(ours, Unresolved)
    elif isinstance(theirs, list):
        assert ours == DatasetName(*theirs)
    elif uri in RESOLVED_HERE:
        assert isinstance(ours, DatasetName)


@pytest.mark.parametrize("case", FACTS["hooks"], ids=lambda case: f"{case[0].rpartition('.')[2]}-{case[1]}")
def test_databases(case: Any) -> None:
    _, conn_id, arguments, theirs = case
    asked = arguments.get("catalog") or arguments.get("database")
    ours = database(conn_id, scope(), database=asked, schema=arguments.get("schema"))
    if theirs is None:  # the provider says nothing
        return
    assert ours.namespace == OTHER_NAMESPACES.get(conn_id, theirs["namespace"])
    assert ours.dialect == OTHER_DIALECTS.get(theirs["dialect"], theirs["dialect"]) or conn_id in ("at", "at2")
    assert ours.defaults[0] == OTHER_DATABASES.get(conn_id, theirs["database"])


@pytest.mark.parametrize(("account", "name"), FACTS["accounts"].items())
def test_snowflake_accounts(account: str, name: str) -> None:
    assert snowflake_account(account) == name


@pytest.mark.engine
def test_facts_are_fresh(tmp_path: Path) -> None:
    """The provider still answers as the facts have it, as far as its environment has the other providers."""
    engine = environment("airflow3-openlineage")
    script = Path(__file__).parents[2] / "engines/inside/openlineage_names.py"
    asked = Path(__file__).with_name("provider_names.json")
    printed = engine.run([script, asked], env={"AIRFLOW_HOME": str(tmp_path)}).stdout.splitlines()[-1]
    truth = json.loads(printed)
    found = {uri: name for uri, name in truth["assets"].items() if name is not None and uri not in BY_PYTHON}
    assert found.items() <= FACTS["assets"].items()
    assert sum(isinstance(name, list) for name in truth["assets"].values()) > 30
    assert all(hook in FACTS["hooks"] for hook in truth["hooks"])
    assert len(truth["hooks"]) >= 10
