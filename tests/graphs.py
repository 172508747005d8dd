"""Graphs for tests: a small one written by hand, and strategies for any that the types allow."""

from __future__ import annotations

from hypothesis import strategies as st

from dagport.diagnostics import CATALOGUE, diagnose
from dagport.graph import (
    Asset,
    CallableRef,
    DataFlow,
    DynamicMapping,
    Edge,
    FileGraph,
    Group,
    Pipeline,
    Place,
    Requirement,
    Schedule,
    Task,
)
from dagport.values import Call, Code, Ref, Template, Value, XCom

SALES = FileGraph(
    path="dags/sales.py",
    orchestrator="airflow",
    pipelines=(
        Pipeline(
            id="sales",
            exact=True,
            schedule=Schedule(kind="cron", cron="0 0 * * *", preset="@daily"),
            start_date="2024-01-01T00:00:00+00:00",
            timezone="Europe/Berlin",
            catchup=True,
            tags=("core", "daily"),
            groups=(Group(id="load"), Group(id="load.checks", parent="load")),
            tasks=(
                Task(id="extract", operator="airflow.sdk.task", kind="python", span=(12, 5, 12, 14)),
                Task(
                    id="load.write",
                    operator="airflow.providers.standard.operators.bash.BashOperator",
                    kind="bash",
                    group="load",
                    arguments={"bash_command": Template("echo {{ ds }}", ("ds",))},
                ),
                Task(
                    id="load.checks.rows",
                    operator="airflow.sdk.task",
                    kind="python",
                    group="load.checks",
                    trigger_rule="all_done",
                    mapped=DynamicMapping(over={"table": ["a", "b"]}, literal_length=2),
                ),
                Task(id="notify", operator="x.Notify", kind="notify", teardown=True, conditional="NOTIFY"),
            ),
            edges=(
                Edge(upstream="extract", downstream="load.write", kind="data", key="return_value"),
                Edge(upstream="load.checks.rows", downstream="notify", label="done"),
                Edge(upstream="load.write", downstream="load.checks.rows"),
            ),
            data_flows=(DataFlow(upstream="extract", downstream="notify", key="count"),),
            span=(10, 1, 40, 1),
        ),
    ),
)
UNSURE = FileGraph(
    path="dags/unsure.py",
    orchestrator="airflow",
    pipelines=(
        Pipeline(
            id="unsure",
            exact=False,
            schedule=Schedule(kind="opaque", text="Variable.get('when')"),
            tasks=(Task(id="only", operator="airflow.sdk.task", kind="python"),),
        ),
    ),
    diagnostics=(
        diagnose("DP201", "the schedule is read from a Variable", "dags/unsure.py", (3, 5, 3, 9), pipeline="unsure"),
    ),
)
EMPTY = FileGraph(path="dags/empty.py", orchestrator="airflow")

TEXT = st.text(max_size=8)
NUMBERS = st.integers(-(2**70), 2**70) | st.floats()
SPANS = st.tuples(*[st.integers(1, 99)] * 4)
PLAIN_KEYS = TEXT | st.sampled_from(["$ref", "$call", "$", "$template"])
VALUES: st.SearchStrategy[Value] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT | st.builds(Template, TEXT, st.lists(TEXT, max_size=2).map(tuple))
    | st.builds(Ref, TEXT) | st.builds(XCom, TEXT, TEXT.filter(bool)) | st.builds(Code, TEXT, TEXT),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(PLAIN_KEYS, inner, max_size=3)
    | st.builds(
        Call,
        TEXT.filter(lambda name: name not in ("float", "dict")),  # these two names stand for data
        st.lists(inner, max_size=2).map(tuple),
        st.dictionaries(TEXT, inner, max_size=2),
    ),
    max_leaves=6,
)  # fmt: skip
ARGUMENTS = st.dictionaries(TEXT, VALUES, max_size=2)
SCHEDULES = st.builds(
    Schedule,
    kind=st.sampled_from(["cron", "interval", "assets", "once", "continuous", "manual", "timetable", "opaque"]),
    cron=st.none() | TEXT,
    seconds=st.none() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    assets=st.none() | st.lists(TEXT, max_size=2).map(tuple),
    args=st.none() | ARGUMENTS,
)
TASKS = st.builds(
    Task,
    id=TEXT,
    operator=TEXT,
    kind=st.sampled_from(["python", "bash", "branch", "sensor", "empty", "other"]),
    callable=st.none()
    | st.builds(CallableRef, name=TEXT, module=st.none() | TEXT, span=st.none() | SPANS, closure=ARGUMENTS),
    arguments=ARGUMENTS,
    mapped=st.none() | st.builds(DynamicMapping, over=ARGUMENTS, literal_length=st.none() | st.integers()),
    group=st.none() | TEXT,
    retries=st.none() | st.integers(),
    retry_exponential_backoff=st.none() | st.booleans() | st.integers(),
    conditional=st.none() | TEXT,
    span=st.none() | SPANS,
)
EDGES = st.builds(Edge, upstream=TEXT, downstream=TEXT, kind=st.sampled_from(["order", "data"]), label=st.none() | TEXT)
PIPELINES = st.builds(
    Pipeline,
    id=TEXT,
    exact=st.booleans(),
    schedule=SCHEDULES,
    params=ARGUMENTS,
    callbacks=ARGUMENTS,
    tags=st.lists(TEXT, max_size=2).map(tuple),
    tasks=st.lists(TASKS, max_size=3).map(tuple),
    edges=st.lists(EDGES, max_size=3).map(tuple),
    data_flows=st.lists(st.builds(DataFlow, upstream=TEXT, downstream=TEXT, key=TEXT), max_size=2).map(tuple),
    groups=st.lists(st.builds(Group, id=TEXT, parent=st.none() | TEXT), max_size=3).map(tuple),
    span=st.none() | SPANS,
)
DIAGNOSTICS = st.builds(diagnose, st.sampled_from(sorted(CATALOGUE)), TEXT, st.none() | TEXT, st.none() | SPANS)
REQUIREMENTS = st.builds(
    Requirement,
    kind=st.sampled_from(["variable", "connection", "environment", "configuration"]),
    name=TEXT,
    state=st.sampled_from(["given", "assumed", "unknown", "at run time"]),
    places=st.lists(st.builds(Place, path=TEXT, span=st.none() | SPANS), max_size=2).map(tuple),
)
FILE_GRAPHS = st.builds(
    FileGraph,
    path=TEXT,
    orchestrator=TEXT,
    pipelines=st.lists(PIPELINES, max_size=2).map(tuple),
    assets=st.lists(st.builds(Asset, name=TEXT, uri=TEXT, extra=ARGUMENTS), max_size=2).map(tuple),
    diagnostics=st.lists(DIAGNOSTICS, max_size=2).map(tuple),
    deployment=st.lists(REQUIREMENTS, max_size=2).map(tuple),
)
