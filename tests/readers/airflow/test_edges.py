"""Edges of data and order, their keys and labels, and data that flows without an edge."""

from __future__ import annotations

import pytest

from tests.readers.airflow.reading import doubts, one

EDGES = [  # the body of a DAG, its edges as (upstream, downstream, kind, key, label)
    ('E("a") >> E("b")', [("a", "b", "order", None, None)]),
    ('E("a") >> Label("yes") >> E("b")', [("a", "b", "order", None, "yes")]),
    ('E("b") << Label("yes") << E("a")', [("a", "b", "order", None, "yes")]),
    ('chain(E("a"), Label("x"), E("b"))', [("a", "b", "order", None, "x")]),
    ('flow.override(task_id="b")(flow())', [("flow", "b", "data", "return_value", None)]),
    ('flow.override(task_id="b")(flow()["k"])', [("flow", "b", "data", "k", None)]),
    ('flow.override(task_id="b")({"x": [flow()]})', [("flow", "b", "data", "return_value", None)]),
    ('BashOperator(task_id="b", bash_command=E("a").output)', [("a", "b", "data", "return_value", None)]),
    ('BashOperator(task_id="b", bash_command="x", env={"K": E("a").output["z"]})', [("a", "b", "data", "z", None)]),
    ('BashOperator(task_id="b", bash_command="x", executor_config={"K": E("a").output})', []),  # not a template field
    ('BashOperator(task_id="b", bash_command=f"echo {flow()}")', []),  # Jinja text, no edge
    ('flow.override(task_id="b").expand(x=flow())', [("flow", "b", "data", "return_value", None)]),
    ('flow.override(task_id="b").expand(x=flow().map(str))', [("flow", "b", "data", "return_value", None)]),
    ('BashOperator(task_id="b", bash_command="{{ ti.xcom_pull(task_ids=\'a\') }}"); E("a")', []),
    (
        'E("a") >> BashOperator(task_id="b", bash_command="{{ ti.xcom_pull(task_ids=\'a\', key=\'k\') }}")',
        [("a", "b", "data", "k", None)],
    ),
]


@pytest.mark.parametrize(("body", "expected"), EDGES)
def test_edges(body: str, expected: list[tuple[str, ...]]) -> None:
    pipeline = one(f'with DAG("d"): {body}')
    found = [(edge.upstream, edge.downstream, edge.kind, edge.key, edge.label) for edge in pipeline.edges]
    assert found == expected


FLOWS = [  # the body of a DAG, its data flows
    ('flow.override(task_id="b")(flow())', [("flow", "b", "return_value")]),
    ('BashOperator(task_id="b", bash_command=f"echo {flow()}")', [("flow", "b", "return_value")]),
    (
        'BashOperator(task_id="b", bash_command="{{ ti.xcom_pull(task_ids=\'a\') }}"); E("a")',
        [("a", "b", "return_value")],
    ),
    ('BashOperator(task_id="b", bash_command="{{ ti.xcom_pull(\'a\', key=\'k\') }}"); E("a")', [("a", "b", "k")]),
    ('BashOperator(task_id="b", bash_command="{{ ti.xcom_pull(task_ids=\'elsewhere\') }}")', []),
    (
        'PythonOperator(task_id="b", python_callable=lambda ti: ti.xcom_pull(task_ids=["a"], key="k")); E("a")',
        [("a", "b", "k")],
    ),
    ('PythonOperator(task_id="b", python_callable=lambda ti: ti.xcom_pull(task_ids=ti.x)); E("a")', []),
]


@pytest.mark.parametrize(("body", "expected"), FLOWS)
def test_data_flows(body: str, expected: list[tuple[str, ...]]) -> None:
    flows = one(f'with DAG("d"): {body}').data_flows
    assert [(flow.upstream, flow.downstream, flow.key) for flow in flows] == expected


GROUPS = [  # the body of a DAG, the labels of its edges
    ('    with TaskGroup("g") as g: E("a")\n    E("z") >> Label("in") >> g', [("z", "g.a", "in")]),
    ('    with TaskGroup("g") as g: pass\n    E("z") >> g\n    [g] >> Label("out") >> E("y")', [("z", "y", None)]),
    ('    with TaskGroup("g"): a = E("a")\n    a >> Label("out") >> E("y")', [("g.a", "y", "out")]),
]


@pytest.mark.parametrize(("body", "expected"), GROUPS)
def test_labels_of_groups(body: str, expected: list[tuple[str, ...]]) -> None:
    edges = one(f'with DAG("d"):\n{body}').edges
    assert [(edge.upstream, edge.downstream, edge.label) for edge in edges] == expected


REFUSED = [  # a body that Airflow refuses, the code that says so
    ('with DAG("d"): E("a") >> None', "DP301"),
    ('with DAG("d"): [E("a")] >> [E("b")]', "DP301"),
    ('with DAG("d"): E("a") >> (E(name) for name in "bc")', "DP301"),
    ('with DAG("d"): E("a") >> {E("b")}', "DP301"),
    ('with DAG("d"): flow() + 1', "DP301"),
    ('with DAG("d"): flow()[0]', "DP301"),
    ('with DAG("d"): flow().nothing', "DP301"),
    ('with DAG("d"): E("a").as_teardown(E("b"))', "DP301"),
    ('with DAG("d"): chain([E("a")], [E("b"), E("c")])', "DP301"),
    ('with DAG("d"): a = E("a"); a >> a', "DP303"),
    ('with DAG("d"): a = E("a")\nwith DAG("e"): a >> E("b")', "DP301"),
    ('with DAG("d"): E("a").as_setup() >> E("b", trigger_rule="all_done")', "DP305"),
]


@pytest.mark.parametrize(("body", "code"), REFUSED)
def test_what_airflow_refuses(body: str, code: str) -> None:
    assert code in doubts(body)


DOUBTED = [
    'import helper\nwith DAG("d"): helper.first() >> helper.second()',
    'import helper\nwith DAG("d"): E("a") >> helper.second()',
    'import helper\nwith DAG("d"): [E("a")] >> helper.second()',
    'with DAG("d"):\n    before = None\n    for name in {"a", "b"}:\n        E(name)',
    'with DAG("d") as d: E("a")\nd.nothing_known()',
]


@pytest.mark.parametrize("body", DOUBTED)
def test_what_is_not_claimed(body: str) -> None:
    assert doubts(body)
