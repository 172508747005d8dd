"""Whatever the arguments are, a rule answers: it never raises, and makes no name of what isn't there."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagport.graph import DynamicMapping, FileGraph, Pipeline, Schedule, Task
from dagport.readers.airflow.operators import find as known_operator
from dagport.source import Source
from dagport.values import Call, Code, Ref, Template, XCom
from dagport_lineage.extract.operators import find, rules
from dagport_lineage.extract.operators.empty import nothing
from dagport_lineage.scope import Scope
from tests.lineage.operators.sql_cases import DEPLOYMENT

SCOPE = Scope(
    graph=FileGraph(path="f.py", orchestrator="airflow"),
    pipeline=Pipeline(id="p", exact=True, schedule=Schedule(kind="manual")),
    source=Source("f.py", ""),
    deployment=DEPLOYMENT,
)
KEYS = (
    "projectId", "datasetId", "tableId", "query", "load", "copy", "extract", "destinationTable", "sourceTables",
    "sourceUris", "destinationUris", "schema", "fields", "name", "type", "database", "uri", "exportContext", "sql",
)  # fmt: skip
TEXTS = (
    "", "x", "a.b.c", "a:b.c", "s3://b/k", "gs://b/k*", "select 1 from a", "/x/y", "{", "'", "..", "[", "x.sql", "http://[",
    "//", "pg", "aws_default", "\x00", "a b", "*", "s3://", "file:///", "google_cloud_default",
)  # fmt: skip
TEMPLATES = (
    "{{ ds }}",
    "{{ params.x }}",
    "{% if",
    "{{ x",
    "{% include 'a.sql' %}",
    "a.b.c${{ ds }}",
    "{{ dag.dag_id }}",
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 3),
    st.sampled_from(TEXTS),
    st.builds(Template, st.sampled_from(TEMPLATES)),
    st.just(XCom("u")),
    st.just(Code("f()", "it is called")),
    st.just(Ref("a.b")),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
        st.builds(Call, st.just("a.DataSourceConfig"), st.tuples(inner, inner, inner)),
    ),
    max_leaves=6,
)
NAMES = sorted(name for name, rule in rules().items() if name.startswith("airflow.providers.") and rule is not nothing)
GROUPS = 10


def parameters(name: str) -> tuple[str, ...]:
    known = known_operator(name)
    return (known.parameters if known else None) or ("sql", "conn_id", "database")


@pytest.mark.parametrize("group", range(GROUPS))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_rule_answers_whatever_its_arguments_are(group: int, data: Any) -> None:
    name = data.draw(st.sampled_from(NAMES[group::GROUPS]))
    own = parameters(name)
    arguments = data.draw(st.dictionaries(st.sampled_from(own), VALUES, max_size=len(own)))
    over = data.draw(st.none() | st.dictionaries(st.sampled_from((*own, "kwargs")), VALUES, min_size=1, max_size=2))
    mapped = None if over is None else DynamicMapping(over=over, literal_length=None)
    rule = find(name)
    assert rule is not None
    found = rule(Task(id="t", operator=name, kind="other", arguments=arguments, mapped=mapped), SCOPE)
    for dataset in (*(read.dataset for read in found.reads), *(write.dataset for write in found.writes)):
        assert dataset.namespace
        assert dataset.name
        assert "None" not in str(dataset)
        assert "{" not in dataset.namespace
    assert all(gap.message for gap in found.gaps)
