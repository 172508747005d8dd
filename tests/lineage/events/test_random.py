"""Any lineage makes valid events: random tasks of a fixed DAG file."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from dagport.graph import Place
from dagport_lineage.events import json_line
from dagport_lineage.events.design import file_events
from dagport_lineage.events.validation import problems, unverifiable
from dagport_lineage.model import (
    Column,
    ColumnSource,
    DatasetName,
    Gap,
    Read,
    Sql,
    TaskLineage,
    Transformation,
    Write,
)
from dagport_lineage.scope import LineageOptions
from tests.lineage.events.support import COMMIT, NOW, by_name, document, lineage

FILE = document("""
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG, Asset
    with DAG("d", schedule=None):
        EmptyOperator(task_id="a", outlets=[Asset("s3://b/k")]) >> EmptyOperator(task_id="b")
""")
text = st.text(max_size=12)
names = st.builds(
    DatasetName,
    st.sampled_from(["s3://raw", "file", "bigquery", "postgres://db:5432", "kafka://b:1", "odd name:", "x://ä"]) | text,
    st.sampled_from(["a", "b.csv", "p.d.t"]) | text,
)
transformations = st.builds(
    Transformation,
    st.sampled_from(["DIRECT", "INDIRECT"]),
    st.sampled_from(["IDENTITY", "AGGREGATION", "JOIN", "CONDITIONAL"]),
    st.booleans(),
)
sources = st.builds(ColumnSource, names, text, st.lists(transformations, max_size=2).map(tuple))
columns = st.builds(Column, name=text, type=st.none() | text, description=st.none() | text)
places = st.none() | st.builds(Place, path=st.just("dags/a.py"), span=st.none() | st.just((3, 1, 4, 2)))
hows = st.sampled_from(["declared", "sql", "operator", "callable", "xcom"])
some_columns = st.lists(columns, max_size=2).map(tuple)
reads = st.builds(Read, dataset=names, how=hows, columns=st.lists(text, max_size=2).map(tuple), schema=some_columns)
writes = st.builds(
    Write,
    dataset=names,
    how=hows,
    sources=st.none() | st.lists(names, max_size=2).map(tuple),
    columns=st.dictionaries(text, st.lists(sources, max_size=2).map(tuple), max_size=2),
    influences=st.lists(sources, max_size=2).map(tuple),
    schema=some_columns,
    lifecycle=st.none() | st.sampled_from(["ALTER", "CREATE", "DROP", "OVERWRITE", "RENAME", "TRUNCATE"]),
    previous=st.none() | names,
)
reasons = ["template", "variable", "connection", "opaque", "operator", "callable", "command", "sql", "file", "runtime"]
gaps = st.builds(
    Gap,
    side=st.sampled_from(["inputs", "outputs", "both"]),
    reason=st.sampled_from([*reasons, "name"]),
    message=text,
    place=places,
)
sqls = st.builds(Sql, query=text, dialect=st.none() | st.sampled_from(["postgres", "snowflake", "no dialect"]))


def task(name: str) -> st.SearchStrategy[TaskLineage]:
    lists = [st.lists(one, max_size=2).map(tuple) for one in (reads, writes, gaps, sqls)]
    return st.builds(TaskLineage, task=st.just(name), reads=lists[0], writes=lists[1], gaps=lists[2], sql=lists[3])


@settings(deadline=None)
@given(task("a"), task("b"), st.booleans(), text)
def test_any_lineage_makes_valid_events(first: TaskLineage, second: TaskLineage, hide: bool, namespace: str) -> None:
    options = LineageOptions(namespace=namespace, hide_sql_literals=hide)
    known = lineage(FILE.graph, (first, second))
    events = file_events(FILE, known, options=options, commit=COMMIT, event_time=NOW)
    for event in events:
        assert problems(event) == []
        assert unverifiable(event) == []
        assert json.loads(json_line(event)) == event
    for found in (first, second):
        event = by_name(events)[f"d.{found.task}"]
        for side in ("inputs", "outputs"):
            assert (side in event) == (found.state(side) != "unknown")
            expected = [one.dataset for one in (found.reads if side == "inputs" else found.writes)]
            assert [(one["namespace"], one["name"]) for one in event.get(side, ())] == [
                (one.namespace, one.name) for one in expected
            ]
