"""Design-time events: order, validity, the facets of jobs, size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from textwrap import dedent

import pytest

from dagport.options import ReadOptions
from dagport.readers.airflow import read
from dagport.source import Source
from dagport.translation import Document
from dagport.workspace import Workspace
from dagport_lineage.events import json_line
from dagport_lineage.events.design import MAX_EVENT_BYTES, file_events
from dagport_lineage.events.flow_facets import CONTROL_FLOW, COVERAGE
from dagport_lineage.events.validation import kind_of, problems, unverifiable
from dagport_lineage.facets import SCHEMAS, Event, Json
from dagport_lineage.model import (
    DatasetName,
    Read,
    Sql,
    TaskLineage,
)
from dagport_lineage.scope import LineageOptions
from tests.lineage.events.shop import RICH, SHOP, one
from tests.lineage.events.support import COMMIT, NOW, document, events, job_facets, lineage, plain
from tests.lineage.events.test_run_facets import CASES as RUN_CASES


@pytest.fixture(scope="module")
def rich() -> list[Event]:
    return events(SHOP, [RICH], commit=COMMIT)


def test_there_is_one_event_for_each_pipeline_task_and_declared_dataset_in_order(rich: list[Event]) -> None:
    found = [(kind_of(event), (event.get("job") or event["dataset"])["name"]) for event in rich]
    tasks = ["start", "run", "bash", "clean.end", "use", "use__1"]
    assert found == [
        ("JobEvent", "shop"),
        *(("JobEvent", f"shop.{task}") for task in tasks),
        ("JobEvent", "later"),
        ("JobEvent", "later.only"),
        ("DatasetEvent", "orders.csv"),
    ]
    assert {event["job"]["namespace"] for event in rich if "job" in event} == {"prod"}


def test_every_event_is_valid_facet_by_facet(rich: list[Event]) -> None:
    for event in rich:
        assert problems(event) == []
        assert unverifiable(event) == []


def test_events_of_one_file_share_time_and_producer_and_say_nothing_of_a_run(rich: list[Event]) -> None:
    assert len({(event["eventTime"], event["producer"]) for event in rich}) == 1
    assert not any("run" in event for event in rich)
    assert rich[0]["eventTime"] == "2026-01-02T03:04:05+00:00"


def test_a_time_without_a_zone_is_refused() -> None:
    found = document(SHOP)
    with pytest.raises(ValueError, match="time zone"):
        file_events(found, lineage(found.graph), options=LineageOptions(), event_time=datetime(2026, 1, 1))


def test_every_official_facet_in_use_is_made_here_or_for_a_run(rich: list[Event]) -> None:
    made = {("run", key) for key, _, _ in RUN_CASES}
    for event in rich:
        made |= {("job", key) for key in event.get("job", {}).get("facets", {})}
        for side in ("inputs", "outputs"):
            made |= {("dataset", key) for each in event.get(side, ()) for key in each["facets"]}
        made |= {("dataset", key) for key in event.get("dataset", {}).get("facets", {})}
    assert set(SCHEMAS) - made == set()


JOB_FACETS: list[tuple[str, str, Json]] = [
    ("shop", "jobType", {"processingType": "BATCH", "integration": "AIRFLOW", "jobType": "DAG"}),
    ("shop.run", "jobType", {"processingType": "BATCH", "integration": "AIRFLOW", "jobType": "TASK"}),
    ("shop", "documentation", {"description": "A shop", "contentType": "text/plain"}),
    ("shop.run", "documentation", {"description": "*Load*", "contentType": "text/markdown"}),
    ("shop.use__1", "documentation", {"description": "Use it.", "contentType": "text/markdown"}),
    ("shop.bash", "documentation", {"description": "A shop", "contentType": "text/plain"}),
    ("later.only", "documentation", None),
    ("shop", "ownership", {"owners": [{"name": "airflow"}, {"name": "data"}, {"name": "ops"}]}),
    ("shop.run", "ownership", {"owners": [{"name": "data"}, {"name": "ops"}]}),
    ("shop.start", "ownership", {"owners": [{"name": "airflow"}, {"name": "data"}, {"name": "ops"}]}),
    ("later.only", "ownership", {"owners": [{"name": "airflow"}]}),
    (
        "shop.start",
        "tags",
        {"tags": [{"key": key, "value": key, "source": "AIRFLOW"} for key in ("a", "b")]},
    ),
    ("later", "tags", None),
    (
        "shop.run",
        "sourceCode",
        {"language": "python", "sourceCode": 'def load(day):\n    """Load a day."""\n    return day\n'},
    ),
    (
        "shop.use",
        "sourceCode",
        {"language": "python", "sourceCode": '    @task\n    def use(value):\n        """Use it."""\n'},
    ),
    ("shop.start", "sourceCode", None),
    ("shop", "sourceCode", None),
    ("shop.run", "sql", {"query": "select 1", "dialect": "postgres"}),
    ("shop.bash", "sql", None),
    (
        "shop.run",
        "sourceCodeLocation",
        {
            "type": "git",
            "url": f"https://github.com/shop/pipelines/blob/{COMMIT.revision}/airflow/dags/input.py#L15-L15",
            "repoUrl": "https://github.com/shop/pipelines",
            "path": "airflow/dags/input.py",
            "version": COMMIT.revision,
            "branch": "main",
        },
    ),
]


@pytest.mark.parametrize(("job", "key", "expected"), JOB_FACETS, ids=[f"{case[0]}-{case[1]}" for case in JOB_FACETS])
def test_a_facet_of_a_job(rich: list[Event], job: str, key: str, expected: Json) -> None:
    facet = job_facets(rich, job).get(key)
    assert (plain(facet) if facet is not None else None) == expected


def test_a_shell_command_is_kept_as_a_template_without_its_secrets(rich: list[Event]) -> None:
    code = job_facets(rich, "shop.bash")["sourceCode"]
    assert code["language"] == "bash"
    assert code["sourceCode"].startswith("cat {{ ds }} postgres://")
    assert "secret" not in code["sourceCode"]


def test_without_a_commit_or_its_address_no_location_is_made_up() -> None:
    for commit in (None, replace(COMMIT, repo_url=None)):
        assert "sourceCodeLocation" not in job_facets(events(SHOP, commit=commit), "shop")


def test_source_code_is_left_out_by_option() -> None:
    assert "sourceCode" not in job_facets(events(SHOP, options=LineageOptions(source_code=False)), "shop.run")


IMPORTED = """
    from airflow.providers.standard.operators.python import PythonOperator
    from airflow.sdk import DAG
    from helpers import load, made
    from os import getcwd

    with DAG("d", schedule=None):
        PythonOperator(task_id="own", python_callable=load)
        PythonOperator(task_id="made", python_callable=made)
        PythonOperator(task_id="library", python_callable=getcwd)
"""
HELPERS = """
from functools import partial


def load(day):
    return day, "postgres://me:hunter22@db"  # loads


made = partial(load, "x")
"""


def test_code_of_a_function_of_another_file_comes_from_there(tmp_path: Path) -> None:
    (tmp_path / "helpers.py").write_text(HELPERS, "utf-8")
    (tmp_path / "input.py").write_text(dedent(IMPORTED), "utf-8")
    workspace = Workspace(tmp_path)
    source = Source("input.py", dedent(IMPORTED), "input.py")
    found = Document(source, read(source, ReadOptions(workspace=workspace)))
    lineages = lineage(found.graph)
    made = file_events(found, lineages, options=LineageOptions(), event_time=NOW, workspace=workspace)
    code = job_facets(made, "d.own")["sourceCode"]
    assert (code["language"], code["sourceCode"].splitlines()[0]) == ("python", "def load(day):")
    assert code["sourceCode"].endswith("# loads\n")
    assert "hunter22" not in code["sourceCode"]
    for name in ("made", "library"):
        assert "sourceCode" not in job_facets(made, f"d.{name}")
    alone = file_events(found, lineages, options=LineageOptions(), event_time=NOW)
    assert "sourceCode" not in job_facets(alone, "d.own")


def test_literals_of_sql_are_hidden_by_option() -> None:
    secret = replace(RICH, sql=(Sql(query="select * from t where name = 'Bob'", dialect="postgres"),))
    assert "Bob" in one(secret)["job"]["facets"]["sql"]["query"]
    facets = one(secret, hide_sql_literals=True)["job"]["facets"]
    assert "Bob" not in facets["sql"]["query"]
    assert "sourceCode" not in facets  # it may hold the same SQL


def test_several_texts_of_sql_are_one_and_their_dialect_is_said_where_it_is_one() -> None:
    first, second = Sql(query=" select 1 ;", dialect="postgres"), Sql(query="select 2", dialect="mysql")
    facet = one(replace(RICH, sql=(first, second, first)))["job"]["facets"]["sql"]
    assert plain(facet) == {"query": "select 1;\nselect 2"}
    assert plain(one(replace(RICH, sql=(first, first)))["job"]["facets"]["sql"])["dialect"] == "postgres"


def test_long_documentation_is_cut_and_secrets_in_it_are_hidden() -> None:
    text = """
        from airflow.providers.standard.operators.empty import EmptyOperator
        from airflow.sdk import DAG
        with DAG("d", schedule=None, doc_md="mysql://me:hunter22@db " + "é" * 40_000):
            EmptyOperator(task_id="a")
    """
    description = job_facets(events(text), "d.a")["documentation"]["description"]
    assert 60_000 < len(description.encode()) <= 64 * 1024
    assert "hunter22" not in description


def test_secrets_in_sql_are_hidden_without_an_option() -> None:
    copy = "copy t from 's3://b/k' credentials 'aws_access_key_id=AKIAABCDEFGHIJKLMNOP;aws_secret_access_key=hunter22'"
    assert "hunter22" not in json_line(one(replace(RICH, sql=(Sql(query=copy),))))


def test_code_too_long_for_any_event_is_not_even_looked_through() -> None:
    text = f"""
        from airflow.providers.standard.operators.bash import BashOperator
        from airflow.sdk import DAG
        with DAG("d", schedule=None):
            BashOperator(task_id="a", bash_command="{"://" * 100_000}")
    """
    facets = job_facets(events(text), "d.a")
    assert "sourceCode" not in facets
    assert facets[COVERAGE]["omitted"] == ["sourceCode"]


def sizes() -> Iterator[tuple[str, TaskLineage, int, list[str]]]:
    big = "x" * MAX_EVENT_BYTES
    yield "large SQL", replace(RICH, sql=(Sql(query=f"select '{big}'"),)), 0, ["sql"]
    several = tuple(Sql(query=f"select '{big[: at // 2]}'") for at in (MAX_EVENT_BYTES, MAX_EVENT_BYTES - 80))
    yield "SQL that nearly fits", replace(RICH, sql=several), 0, ["sourceCode", "sql"]
    many = tuple(Read(dataset=DatasetName("file", f"/{at}"), how="declared") for at in range(2000))
    yield "many datasets", TaskLineage(task="run", reads=many), 2000, ["sourceCode", "documentation", CONTROL_FLOW]


@pytest.mark.parametrize(("found", "reads", "omitted"), [c[1:] for c in sizes()], ids=[c[0] for c in sizes()])
def test_what_is_too_large_loses_code_first_and_datasets_never(
    found: TaskLineage, reads: int, omitted: list[str]
) -> None:
    event = one(found)
    assert event["job"]["facets"][COVERAGE]["omitted"] == omitted
    assert not set(omitted) & set(event["job"]["facets"])
    assert problems(event) == []
    if reads:
        assert len(event["inputs"]) == reads
    else:
        assert len(json_line(event)) <= MAX_EVENT_BYTES


def test_lines_are_the_same_bytes_each_time(rich: list[Event]) -> None:
    again = events(SHOP, [RICH], commit=COMMIT)
    assert [json_line(event) for event in rich] == [json_line(event) for event in again]
    assert json_line({"b": "ä\ud800\u2028", "a": 1}) == '{"a":1,"b":"\\u00e4\\ud800\\u2028"}'
