"""Which assets DAGs become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from dagport.graph import Edge, Pipeline, Schedule, Task
from dagport.project.errors import ProjectError
from dagport_adapters.dagster.wrap.keys import uri_key
from dagport_adapters.dagster.wrap.plan import OWNER, KeyCollisionError, Plan, plan
from dagport_adapters.dagster.wrap.sources import Found, FoundDag, find, live_dag
from dagport_adapters.runners.remote.model import LiveDag, LiveTaskDef

MANUAL = Schedule(kind="manual")
BY_ASSETS = Schedule(kind="assets", assets=("s3://y",), condition="all")


def dag(
    name: str, tasks: Mapping[str, Mapping[str, Any]], edges: Sequence[tuple[str, str]] = (), **more: Any
) -> FoundDag:
    made = tuple(Task(id=task, operator="op", kind="python", **fields) for task, fields in tasks.items())
    named = {uri for task in made for uri in (*task.inlets, *task.outlets)}
    pipeline = Pipeline(
        id=name,
        tasks=made,
        edges=tuple(Edge(upstream=one, downstream=other) for one, other in edges),
        **{"exact": True, "schedule": MANUAL, **more},
    )
    uris = {*named, *(pipeline.schedule.assets or ())} - {"alias"}
    return FoundDag(pipeline=pipeline, uris={uri: uri for uri in uris}, file=Path(f"{name}.py"))


def planned(*dags: FoundDag, **options: Any) -> Plan:
    return plan(Found(dags=dags), **options)


def deps(found: Plan) -> dict[str, list[str]]:
    assets = [asset for one in found.dags for asset in one.assets]
    told = [(one.key, one.deps) for one in assets] + [(one.key, one.deps) for one in found.shared]
    return {"/".join(key): ["/".join(dep) for dep in deps] for key, deps in told}


def test_edges_are_dependencies_and_outlets_are_assets_by_their_uris() -> None:
    found = planned(
        dag("make", {"a": {}, "b": {"outlets": ("s3://x/1", "s3://x/2")}, "c": {}}, [("a", "b"), ("b", "c")]),
        dag("use", {"d": {"inlets": ("s3://x/1",)}, "e": {}}, [("d", "e")]),
    )
    assert deps(found) == {
        "make/a": [],
        "s3/x/1": ["make/a"],
        "s3/x/2": ["make/a"],
        "make/c": ["s3/x/1", "s3/x/2"],
        "use/d": ["s3/x/1"],
        "use/e": ["use/d"],
    }
    assert found.dags[0].keys_of["b"] == (uri_key("s3://x/1"), uri_key("s3://x/2"))


def test_a_schedule_by_assets_makes_the_first_tasks_depend_on_them() -> None:
    found = planned(dag("use", {"a": {}, "b": {}, "c": {}}, [("a", "c")], schedule=BY_ASSETS))
    assert deps(found) == {"use/a": ["s3/y"], "use/b": ["s3/y"], "use/c": ["use/a"]}


def test_an_asset_with_several_makers_depends_on_all_of_them() -> None:
    found = planned(dag("one", {"a": {"outlets": ("s3://x",)}}), dag("two", {"b": {"outlets": ("s3://x",)}}))
    assert deps(found) == {"one/a": [], "two/b": [], "s3/x": ["one/a", "two/b"]}
    assert found.notes == ("s3://x is made by several tasks: it is an asset of its own that depends on them",)


def test_an_alias_is_kept_as_metadata() -> None:
    [one] = planned(dag("make", {"a": {"outlets": ("alias",)}})).dags
    assert one.assets[0].key == ("make", "a")
    assert one.assets[0].metadata["airflow/asset_aliases"] == ["alias"]


@pytest.mark.parametrize(
    "dags",
    [
        [dag("self", {"a": {}, "b": {"outlets": ("s3://y",)}}, [("a", "b")], schedule=BY_ASSETS)],
        [
            dag("one", {"a": {"outlets": ("s3://x",)}}, schedule=BY_ASSETS),
            dag("two", {"b": {"inlets": ("s3://x",), "outlets": ("s3://y",)}}),
        ],
    ],
)
def test_what_would_wait_for_itself_doesnt(dags: list[FoundDag]) -> None:
    found = planned(*dags)
    graph = deps(found)
    assert not any(reaches(graph, key, key) for key in graph)
    assert found.notes
    assert all("would wait for itself" in note for note in found.notes)


def reaches(graph: Mapping[str, list[str]], start: str, end: str) -> bool:
    left, seen = list(graph.get(start, ())), set[str]()
    while left:
        key = left.pop()
        if key == end:
            return True
        if key not in seen:
            seen.add(key)
            left += graph.get(key, ())
    return False


def test_an_own_edge_is_never_dropped() -> None:
    found = planned(
        dag("d", {"a": {}, "b": {"inlets": ("s3://z",)}, "c": {"outlets": ("s3://z",)}}, [("a", "b"), ("b", "c")])
    )
    assert deps(found) == {"d/a": [], "d/b": ["d/a"], "s3/z": ["d/b"]}


def test_select_and_exclude_are_patterns_of_ids() -> None:
    dags = [dag(name, {"a": {}}) for name in ("sales_eu", "sales_us", "stock")]
    found = planned(*dags, select=("sales_*",), exclude=("*_us",))
    assert [one.dag_id for one in found.dags] == ["sales_eu"]


def test_a_pattern_that_chooses_nothing_is_noted() -> None:
    found = planned(dag("sales", {"a": {}}), select=("sale_*", "sales"), exclude=("seles",))
    assert [one.dag_id for one in found.dags] == ["sales"]
    assert found.notes == ("'sale_*' is the id of no DAG", "'seles' is the id of no DAG")


@pytest.mark.parametrize(("inexact", "expected"), [("wrap", ["good", "odd"]), ("leave out", ["good"])])
def test_what_isnt_exact_is_said(inexact: Any, expected: list[str]) -> None:
    found = planned(dag("good", {"a": {}}), dag("odd", {"a": {}}, exact=False), inexact=inexact)
    assert [one.dag_id for one in found.dags] == expected
    [note] = found.notes
    assert note.startswith("odd can't be read exactly")


def test_a_dag_without_known_tasks_is_said() -> None:
    found = planned(dag("empty", {}))
    assert found.dags == ()
    assert found.notes == ("empty has no tasks that are known here: it isn't wrapped",)


def test_two_dags_of_one_id_are_said() -> None:
    found = planned(dag("same", {"a": {}}), dag("same", {"b": {}}))
    assert len(found.dags) == 1
    assert "the second one is left out" in found.notes[0]


def test_keys_that_collide_are_refused() -> None:
    colliding = [dag("s3", {"x": {}}), dag("make", {"a": {"outlets": ("s3://x",)}})]
    with pytest.raises(KeyCollisionError, match=r"s3\.x .*s3/x.*key_prefix|s3/x.*key_prefix"):
        planned(*colliding)
    assert deps(planned(*colliding, key_prefix=["legacy"])) == {"legacy/s3/x": [], "s3/x": []}


def test_owners_and_tags_that_dagster_refuses_are_metadata() -> None:
    [one] = planned(dag("d", {"a": {"owner": "airflow"}}, tags=("fine", "not fine", "dagster/x"))).dags
    assert one.assets[0].metadata["airflow/owner"] == "airflow"
    assert one.assets[0].metadata["airflow/tags"] == ["not fine", "dagster/x"]


@pytest.mark.parametrize(
    ("owner", "is_one"),
    [("team:data", True), ("ann@example.com", True), ("airflow", False), ("team:", False), (".a@b.com", False),
     ("ann@example", False), ("ann@example.toolongtld", False)],
)  # fmt: skip
def test_owners_that_dagster_takes(owner: str, is_one: bool) -> None:
    assert bool(OWNER.match(owner)) == is_one


GOOD = """
from datetime import datetime
from airflow.sdk import dag, task

@dag(schedule="@daily", start_date=datetime(2026, 1, 1))
def fine():
    @task
    def a(): ...
    a()

fine()
"""


def test_a_file_with_an_error_is_said_and_the_others_go_on(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text(GOOD)
    (tmp_path / "bad.py").write_text("from airflow import DAG\ndag = DAG(\n")
    found = plan(find(tmp_path, root=tmp_path, cached=False))
    assert [one.dag_id for one in found.dags] == ["fine"]
    assert any(note.startswith("bad.py:") and "DP1" in note for note in found.notes)


def test_a_path_that_isnt_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="no file or folder"):
        find(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("text", "kind", "cron"),
    [
        (None, "manual", None),
        ("@daily", "cron", "0 0 * * *"),
        ("30 6 * * 1-5", "cron", "30 6 * * 1-5"),
        ("1 day, 0:00:00", "opaque", None),
        ("At 09:00 on every day", "opaque", None),
    ],
)
def test_live_dags(text: str | None, kind: str, cron: str | None) -> None:
    fields: dict[str, Any] = {"trigger_rule": "all_success", "retries": 0, "is_mapped": False, "operator": "Op"}
    live = LiveDag(
        dag_id="d",
        file_loc=None,
        paused=False,
        schedule=text,
        timetable_description=None,
        timezone="UTC",
        start_date=None,
        end_date=None,
        tags=(),
        owners=(),
        tasks=(
            LiveTaskDef(task_id="a", downstream=("b",), outlets=("s3://x",), **fields),
            LiveTaskDef(task_id="b", downstream=(), **fields),
        ),
    )
    found = live_dag(live, "3")
    assert found.pipeline.engine_version == "3"
    assert found.pipeline.exact
    assert (found.pipeline.schedule.kind, found.pipeline.schedule.cron) == (kind, cron)
    assert deps(planned(found)) == {"s3/x": [], "d/b": ["s3/x"]}
