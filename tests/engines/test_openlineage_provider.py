"""Our design-time events beside those that Airflow's own OpenLineage provider emits when it runs the same DAGs.

The same jobs with the same official facets; every dataset that the provider finds; and no dataset that it doesn't find,
unless it is listed here with the reason why it is right.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import pytest

from dagport.options import Deployment, ReadOptions
from dagport.readers.airflow import read
from dagport.source import decoded
from dagport.translation import Document
from dagport.workspace import Workspace
from dagport_lineage.events.design import file_events
from dagport_lineage.events.validation import problems, unverifiable
from dagport_lineage.extract import extract
from dagport_lineage.facets import Event, Facet
from dagport_lineage.scope import LineageOptions
from tests.engines.environments import Environment
from tests.lineage.events.support import NOW, plain

pytestmark = pytest.mark.engine

DAGS = Path(__file__).parent / "openlineage" / "dags"
PROGRAM = Path(__file__).parent / "inside" / "openlineage_events.py"
OPTIONS = LineageOptions(namespace="prod")
STORE = {
    "conn_type": "aws",
    "login": "x",
    "password": "y",
    "extra": {
        "region_name": "eu-west-1",
        "endpoint_url": "http://127.0.0.1:9",
        "config_kwargs": {"retries": {"max_attempts": 0}, "connect_timeout": 1},
    },
}
CONNECTIONS = {
    "AIRFLOW_CONN_WAREHOUSE": "postgres://me:secret@127.0.0.1:9/shop",
    "AIRFLOW_CONN_LAKE": "trino://me@127.0.0.1:9/raw?catalog=hive",
    "AIRFLOW_CONN_CLUSTER": "redshift://me:secret@shop.abc123.eu-west-1.redshift.amazonaws.com:5439/dev",
    "AIRFLOW_CONN_LOCAL": json.dumps({"conn_type": "sqlite", "host": "/data/local.db"}),
    "AIRFLOW_CONN_STORE": json.dumps(STORE),
    "AIRFLOW_CONN_SERVER": "sftp://me:secret@127.0.0.1:9",
}
"""No server listens there: what the provider tells before it connects is enough. Only SQLite is real."""

Name: TypeAlias = tuple[str, str]
Side: TypeAlias = tuple[str, str]  # job, "inputs" or "outputs"


@dataclass(slots=True)
class Job:
    """What all events of one job say of it."""

    facets: dict[str, Facet] = field(default_factory=dict)
    sides: dict[str, set[Name]] = field(default_factory=lambda: {"inputs": set(), "outputs": set()})
    columns: dict[tuple[Name, str], set[tuple[Name, str]]] = field(default_factory=dict)  # what each is made of

    def add(self, event: Event) -> None:
        self.facets |= event["job"]["facets"]
        for side, found in self.sides.items():
            found |= {(each["namespace"], each["name"]) for each in event.get(side) or ()}
        for each in event.get("outputs") or ():
            lineage = each["facets"].get("columnLineage", {}).get("fields", {})
            for column, entry in lineage.items():
                sources = {((one["namespace"], one["name"]), one["field"]) for one in entry["inputFields"]}
                self.columns[(each["namespace"], each["name"]), column] = sources


@pytest.fixture(scope="session")
def theirs(airflow3_openlineage: Environment, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Job]:
    home = tmp_path_factory.mktemp("openlineage")
    shutil.copytree(DAGS, home / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    events = home / "events.jsonl"
    variables = {
        **CONNECTIONS,
        "AIRFLOW_CONN_LOCAL": json.dumps({"conn_type": "sqlite", "host": str(home / "local.db")}),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__OPENLINEAGE__NAMESPACE": OPTIONS.namespace,
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps({"type": "file", "log_file_path": str(events), "append": True}),
    }
    airflow3_openlineage.run(["-m", "airflow", "db", "migrate"], env=variables)
    airflow3_openlineage.run([PROGRAM], env=variables)
    return jobs(json.loads(line) for line in events.read_text("utf-8").splitlines())


@pytest.fixture(scope="session")
def ours() -> Mapping[str, Job]:
    return jobs(event for file in sorted(DAGS.glob("*.py")) for event in designed(file))


def designed(file: Path) -> list[Event]:
    """Our events of one file, all valid."""
    deployment = Deployment(environment=CONNECTIONS)
    workspace = Workspace(DAGS)
    source = decoded(file.name, file.read_bytes(), file.name)
    found = Document(source, read(source, ReadOptions(deployment=deployment, workspace=workspace)))
    lineage = extract(found, deployment=deployment, workspace=workspace, options=OPTIONS)
    events = file_events(found, lineage, options=OPTIONS, event_time=NOW, deployment=deployment, workspace=workspace)
    assert [text for event in events for text in (*problems(event), *unverifiable(event))] == []
    assert "secret" not in json.dumps(events)
    return events


def jobs(events: Iterable[Event]) -> Mapping[str, Job]:
    found: dict[str, Job] = {}
    for event in events:
        if "job" in event:
            assert event["job"]["namespace"] == OPTIONS.namespace
            found.setdefault(event["job"]["name"], Job()).add(event)
    return found


ONLY_OURS_JOBS = {
    "flow.right": "the branch didn't choose it: the provider tells nothing of a task that is skipped",
    "flow.stopped": "the same, after a short circuit",
}
ONLY_THEIRS_JOBS = {
    "sql_sqlite.create.query.1": "a statement that a hook ran: a job of the run's own making",
    "sql_sqlite.insert.query.1": "the same",
}
POSTGRES = "postgres://127.0.0.1:9"
LOCAL = "its name of a local file depends on the operator; the specification's is `file` and the whole path"
CASE = "it keeps the case of names that aren't quoted; the server doesn't"
ONLY_THEIRS: Mapping[Side, Mapping[Name, str]] = {
    ("declared.alias", "outputs"): {("s3://alias-bucket", "a.csv"): "what an alias stands for is decided in the run"},
    ("files.local", "inputs"): {("", "data/in.csv"): LOCAL},
    ("files.local", "outputs"): {("file", "data/out.csv"): LOCAL},
    ("files.remote", "outputs"): {("file", "data/copy.csv"): LOCAL},
    ("files.put", "inputs"): {("file://127.0.0.1:22", "/data/in.csv"): LOCAL},
    ("files.get", "outputs"): {("file://127.0.0.1:22", "/data/out.csv"): LOCAL},
    ("sql_postgres.upper", "inputs"): {(POSTGRES, "shop.public.ORDERS"): CASE},
    ("sql_postgres.upper", "outputs"): {(POSTGRES, "shop.Public.Orders_2"): CASE},
}
DROPPED = "the provider drops it, since the scheme's own provider isn't installed"
FUNCTION = "the code of the function says so; the provider doesn't look at it"
SQLITE = "the provider doesn't know SQLite"
BESIDE = "it is declared: the provider looks at declarations only where the operator tells nothing"
DELETED = "the provider tells of deleted objects where the deletion succeeds"
ONLY_OURS: Mapping[Side, Mapping[Name, str]] = {
    ("beside.both", "inputs"): {("s3://raw", "more.csv"): BESIDE},
    ("beside.both", "outputs"): {("s3://clean", "top.csv"): BESIDE},
    ("declared.gcs", "outputs"): {("gs://bucket", "orders.parquet"): DROPPED},
    ("declared.python", "outputs"): {("x-custom://thing", "1"): DROPPED},
    ("declared.bare", "outputs"): {("asset", "only-a-name"): "an asset without a URI is a dataset by its name"},
    ("derived.derived", "inputs"): {("s3://asset-bucket", "made.csv"): "the parameter names an asset of the file"},
    ("derived.derived", "outputs"): {("asset", "derived"): "an asset without a URI is a dataset by its name"},
    ("files.local", "inputs"): {("file", "/data/in.csv"): LOCAL},
    ("files.local", "outputs"): {("file", "/data/out.csv"): LOCAL},
    ("files.remote", "outputs"): {("file", "/data/copy.csv"): LOCAL},
    ("files.put", "inputs"): {("file", "/data/in.csv"): LOCAL},
    ("files.get", "outputs"): {("file", "/data/out.csv"): LOCAL},
    ("objects.delete", "outputs"): {("s3://clean", "a"): DELETED, ("s3://clean", "b"): DELETED},
    ("own.write_file", "outputs"): {("file", "/data/own.csv"): FUNCTION},
    ("own.read_file", "inputs"): {("file", "/data/own.csv"): FUNCTION},
    ("sql_postgres.upper", "inputs"): {(POSTGRES, "shop.public.orders"): CASE},
    ("sql_postgres.upper", "outputs"): {(POSTGRES, "shop.public.orders_2"): CASE},
    ("sql_postgres.with_query", "inputs"): {
        (POSTGRES, "shop.raw.a"): "it is read inside of WITH; the provider's parser takes it for the query of that name"
    },
    ("sql_sqlite.create", "outputs"): {("sqlite:///data/local.db", "main.orders"): SQLITE},
    ("sql_sqlite.insert", "outputs"): {("sqlite:///data/local.db", "main.orders"): SQLITE},
}
FACETS = ("documentation", "jobType", "ownership", "sourceCode", "sql", "tags")
RENDERED = {
    ("described.template", "sourceCode"): "a command as this run rendered it",
    ("mapped.commands", "sourceCode"): "the command of one instance",
    ("mapped.tables", "sql"): "the SQL of one instance",
    ("sql_postgres.templated", "sql"): "SQL as this run rendered it",
}
MADE_UP_SQL = {"sql_postgres.columns", "sql_postgres.rows"}  # the operator's class writes it, from its checks


def test_at_least_ten_dags_are_compared(theirs: Mapping[str, Job], ours: Mapping[str, Job]) -> None:
    assert sum("." not in name for name in set(theirs) & set(ours)) >= 10


def test_the_jobs_are_the_same(theirs: Mapping[str, Job], ours: Mapping[str, Job]) -> None:
    assert set(ours) - set(theirs) == set(ONLY_OURS_JOBS)
    assert set(theirs) - set(ours) == set(ONLY_THEIRS_JOBS)


def differences(first: Mapping[str, Job], second: Mapping[str, Job]) -> dict[Side, set[Name]]:
    """The datasets of each side of the jobs of both that only the first has."""
    found = {
        (name, side): first[name].sides[side] - second[name].sides[side]
        for name in set(first) & set(second)
        for side in ("inputs", "outputs")
    }
    return {side: names for side, names in found.items() if names}


def test_every_dataset_that_the_provider_finds_is_found(theirs: Mapping[str, Job], ours: Mapping[str, Job]) -> None:
    assert differences(theirs, ours) == {side: set(names) for side, names in ONLY_THEIRS.items()}


def test_nothing_is_invented(theirs: Mapping[str, Job], ours: Mapping[str, Job]) -> None:
    assert differences(ours, theirs) == {side: set(names) for side, names in ONLY_OURS.items()}


def test_columns_that_both_know_come_from_the_same(theirs: Mapping[str, Job], ours: Mapping[str, Job]) -> None:
    """Theirs are named as the query names them, ours as the table does: only those of one name can be compared."""
    compared = 0
    for name in set(theirs) & set(ours):
        for column in set(theirs[name].columns) & set(ours[name].columns):
            assert (name, ours[name].columns[column]) == (name, theirs[name].columns[column])
            compared += 1
    assert compared >= 3


@pytest.mark.parametrize("key", FACETS)
def test_official_facets_of_jobs_are_the_same(key: str, theirs: Mapping[str, Job], ours: Mapping[str, Job]) -> None:
    compared = 0
    for name in sorted(set(theirs) & set(ours)):
        facet = theirs[name].facets.get(key)
        if facet is None or (name, key) in RENDERED or (key == "sql" and name in MADE_UP_SQL):
            continue
        assert (name, comparable(ours[name].facets.get(key))) == (name, comparable(facet))
        compared += 1
    assert compared > 10


def comparable(facet: Facet | None) -> Facet | None:
    """A facet without its producer; owners in order and each once, as theirs come from a set of texts."""
    if facet is None:
        return None
    found = plain(facet)
    if "owners" in found:
        found["owners"] = sorted({owner["name"] for owner in found["owners"]})
    if "query" in found:  # theirs has no dialect, and other white space
        found = {"query": re.sub(r"\s*;\s*", ";", " ".join(found["query"].split()))}
    return found
