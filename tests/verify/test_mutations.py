"""Single edits of generated projects for each target, of three unlike DAGs: none of them may pass for the same.

An edit is made in one file of what dagport writes; `verify` has to exit with 1: the result is different, or unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypeAlias

import pytest

from dagport.cli.app import run
from dagport.formats import target
from dagport.options import ReadOptions
from dagport.readers.airflow import read
from dagport.source import Source
from dagport.translation import Document, WriteOptions

ETL = """
from datetime import datetime, timedelta

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import Asset, dag, setup, task, teardown

PRICES = Asset("s3://shop/prices.parquet")


@dag(
    schedule="30 5 * * 1-5",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Berlin"),
    catchup=False,
    params={"region": "north", "limit": 10},
    tags=["shop"],
)
def etl():
    @setup
    def open_warehouse():
        return "cluster-1"

    @task(retries=3, retry_delay=timedelta(seconds=30), execution_timeout=timedelta(minutes=5))
    def regions(params=None):
        return [params["region"], "south"]

    @task
    def fetch(region, limit):
        return [region, limit]

    @task(outlets=[PRICES])
    def merge(parts, limit):
        return [len(part) for part in parts][:limit]

    @task(pool="loads")
    def load(rows, first):
        print(rows, first)

    tidy = BashOperator(task_id="tidy", bash_command="echo {{ ds }}", trigger_rule="all_done", retries=1)

    @teardown
    def close_warehouse(name):
        print(name)

    opened = open_warehouse()
    found = regions()
    parts = fetch.partial(limit=5).expand(region=found)
    merged = merge(parts, 2)
    loaded = load(merged, found)
    closed = close_warehouse(opened)
    opened >> found
    loaded >> tidy
    loaded >> closed
    opened >> closed


etl()
"""
REVIEW = """
from datetime import datetime, timedelta

from airflow.sdk import TaskGroup, dag, task


@dag(schedule=timedelta(hours=6), start_date=datetime(2026, 1, 1), catchup=False, max_active_runs=1)
def review():
    @task(retries=2, retry_delay=timedelta(minutes=2), retry_exponential_backoff=True)
    def score():
        return {"good": 3, "bad": 1}

    @task
    def limit():
        return 2

    @task.branch
    def choose(scores, least):
        return "accept.publish" if scores["good"] > least else "reject"

    with TaskGroup("accept"):

        @task
        def publish(scores, least):
            return scores["good"] - least

        @task(retries=1)
        def announce(count):
            print(count)

        announced = announce(publish(score_ := score(), least_ := limit()))

    @task
    def reject(scores):
        print(scores["bad"])

    @task.short_circuit
    def is_monday(logical_date=None):
        return logical_date.weekday() == 0

    @task(trigger_rule="none_failed_min_one_success")
    def record(scores, least):
        return [scores["bad"], scores["good"], least]

    @task(trigger_rule="one_failed")
    def alarm():
        print("failed")

    @task
    def weekly(rows):
        print(rows)

    chosen = choose(score_, least_)
    rejected = reject(score_)
    recorded = record(score_, least_)
    chosen >> [announced, rejected]
    [announced, rejected] >> recorded
    recorded >> alarm()
    is_monday() >> weekly(recorded)


review()
"""
CATALOG = """
from datetime import datetime, timedelta

from airflow.sdk import Asset, dag, task

ORDERS = Asset("s3://shop/orders.parquet")
PRICES = Asset("s3://shop/prices.parquet")
CATALOG = Asset("s3://shop/catalog.parquet")


@dag(schedule=(ORDERS & PRICES), start_date=datetime(2026, 1, 1), params={"mode": "full", "size": 100})
def catalog():
    @task(inlets=[ORDERS])
    def read_orders(params=None):
        return params["size"]

    @task(retries=4, retry_delay=timedelta(seconds=10))
    def read_prices():
        return [1, 2]

    @task(outlets=[CATALOG], retries=1)
    def build(orders, prices):
        return orders * len(prices)

    @task
    def check(size, prices):
        if size < len(prices):
            raise ValueError("too small")

    @task
    def tell(size):
        print(size)

    size = build(read_orders(), prices := read_prices())
    check(size, prices) >> tell(size)


catalog()
"""
SOURCES = {"etl": ETL, "review": REVIEW, "catalog": CATALOG}
Edits: TypeAlias = dict[tuple[str, str, str], dict[str, tuple[str, str]]]
EDITS: Edits = {
    ("etl", "dagster", "src/pipelines/defs/etl.py"): {
        "an upstream dropped": ("regions(after=[open_warehouse_done])", "regions()"),
        "a setup forgotten": (
            "load(rows=merge_done, first=regions_done, setups=[open_warehouse_done])",
            "load(rows=merge_done, first=regions_done)",
        ),
        "no setup any more": ("caught=True, setup=True", "caught=True"),
        "a teardown's rule": ('"all_done_setup_success"', '"all_done"'),
        "a teardown's scope": ("start=[regions_done, fetch_done, merge_done]", "start=[regions_done, fetch_done]"),
        "a teardown dropped from the outputs": (
            '"tidy": tidy_value, "close_warehouse": close_warehouse_value',
            '"tidy": tidy_value',
        ),
        "a time limit": ("seconds=300", "seconds=301"),
        "a time limit dropped": ("@time_limit(seconds=300)\n", ""),
        "a pool": ('pool="loads"', 'pool="load"'),
        "an item's name": ('item=["region"]', 'item=["limit"]'),
        "a mapped input": ('return {"region": regions}', 'return {"region": regions[:1]}'),
        "another list": ("fetch_items(regions=regions_done,", "fetch_items(regions=open_warehouse_done,"),
        "a fixed input of a mapped task": ("limit = 5", "limit = 6"),
        "an asset's URI": ("s3://shop/prices.parquet", "s3://shop/price.parquet"),
        "an asset's metadata dropped": ('metadata={"dagster/uri": "s3://shop/prices.parquet"},', ""),
        "a zone": ('timezone="Europe/Berlin"', 'timezone="Europe/Lisbon"'),
        "a weekday": ("30 5 * * 1-5", "30 5 * * 1-6"),
        "another day of the data": ("end_offset=1", "end_offset=0"),
        "a default param": ('region: str = "north"', 'region: str = "west"'),
        "a param's type": ("limit: int = 10", "limit: float = 10"),
        "a tag": ('tags={"shop": ""}', 'tags={"stop": ""}'),
        "a command": ("echo {", "print {"),
        "a date in another zone": ("timezone.utc", "None"),
        "a date's format": ("'%Y-%m-%d')", "'%Y-%d-%m')"),
        "swapped arguments of a function": (
            "load(rows=merge_done, first=regions_done",
            "load(rows=regions_done, first=merge_done",
        ),
        "a retry delay": ("max_retries=1, delay=300", "max_retries=1, delay=30"),
        "jitter": ("max_retries=1, delay=300", "max_retries=1, delay=300, jitter=dg.Jitter.FULL"),
        "required": ("is_required=False,\n            metadata", "is_required=True,\n            metadata"),
        "other partitions of the graph": ("partitions_def=partitions,\n)\ndef etl_tasks", ")\ndef etl_tasks"),
        "an executor": ('tags={"shop": ""}', 'tags={"shop": ""}, executor_def=dg.in_process_executor'),
        "a schedule turned on": (
            "build_schedule_from_partitioned_job(etl)",
            "build_schedule_from_partitioned_job(etl, default_status=dg.DefaultScheduleStatus.RUNNING)",
        ),
        "another hour": (
            "build_schedule_from_partitioned_job(etl)",
            "build_schedule_from_partitioned_job(etl, hour_of_day=4)",
        ),
    },
    ("review", "dagster", "src/pipelines/defs/review.py"): {
        "a way of the branch": ('"reject": ["reject"]', '"reject": ["accept.announce"]'),
        "a known id": ('known=["accept.publish",', "known=["),
        "an exponential delay": (", backoff=dg.Backoff.EXPONENTIAL", ""),
        "retries of an approximate task": ("max_retries=2, delay=120", "max_retries=1, delay=120"),
        "a delay of an approximate task": ("max_retries=2, delay=120", "max_retries=2, delay=60"),
        "an approximate task caught no more": ('task_id="accept.score",\n    caught=True', 'task_id="accept.score"'),
        "an interval": ("hours=6", "hours=8"),
        "an anchor": ("2026-01-01T00:00", "2026-01-01T01:00"),
        "another timetable": ("DeltaTrigger(timedelta", "DeltaDataInterval(timedelta"),
        "what is skipped": ('skips=["weekly"]', 'skips=["record"]'),
        "a condition": ("weekday() == 0", "weekday() == 1"),
        "a negated rule": ('rule="one_failed"', 'rule="all_failed"'),
        "a join's upstream": ("after=[accept_announce_done, reject_done]", "after=[reject_done]"),
        "results swapped in a group": (
            "accept_publish(scores=accept_score_done, least=accept_limit_done)",
            "accept_publish(scores=accept_limit_done, least=accept_score_done)",
        ),
        "keys swapped": ('scores["bad"], scores["good"], least', 'scores["good"], scores["bad"], least'),
        "a comparison": ("> least", ">= least"),
        "a concurrency tag": ('"airflow/dag": "review"', '"airflow/dag": "views"'),
    },
    ("catalog", "dagster", "src/pipelines/defs/catalog.py"): {
        "all became any": ('Updated("s3/shop/orders.parquet") &', 'Updated("s3/shop/orders.parquet") \\|'),
        "another asset": ('Updated("s3/shop/orders.parquet")', 'Updated("s3/shop/catalog.parquet")'),
        "an asset renamed": ("s3://shop/catalog.parquet", "s3://shop/catalogue.parquet"),
        "an inlet renamed": ('s3://shop/orders.parquet"]}', 's3://shop/order.parquet"]}'),
        "an order dropped": ("deps=[check],\n", ""),
        "results swapped": (
            '"orders": dg.AssetIn(key=["catalog", "read_orders"]),\n        "prices": '
            'dg.AssetIn(key=["catalog", "read_prices"])',
            '"orders": dg.AssetIn(key=["catalog", "read_prices"]),\n        "prices": '
            'dg.AssetIn(key=["catalog", "read_orders"])',
        ),
        "retries dropped": (", retry_policy=dg.RetryPolicy(max_retries=4, delay=10)", ""),
        "another param read": ("return config.size", "return config.mode"),
        "a default param": ("size: int = 100", "size: int = 10"),
        "another group": ('group_name="catalog", retry_policy', 'group_name="others", retry_policy'),
        "a partition mapping": (
            'dg.AssetIn(key=["catalog", "read_orders"])',
            'dg.AssetIn(key=["catalog", "read_orders"], partition_mapping=dg.LastPartitionMapping())',
        ),
        "a condition of its own": (
            'metadata={"dagster/uri": "s3://shop/catalog.parquet"}',
            'metadata={"dagster/uri": "s3://shop/catalog.parquet"}, '
            'automation_condition=dg.AutomationCondition.eager()',
        ),
        "part of the job": (
            'key_prefixes("catalog")',
            'key_prefixes("catalog") - dg.AssetSelection.assets(["catalog", "tell"])',
        ),
        "a check that raises nothing": ('raise ValueError("too small")', 'print("too small")'),
    },
    ("catalog", "dagster", "src/pipelines/defs/assets.py"): {
        "an external asset renamed": ('"orders.parquet"]', '"order.parquet"]'),
    },
    ("review", "dagster", "dagster.yaml"): {
        "a limit of runs": ("limit: 1", "limit: 2"),
    },
    ("etl", "prefect", "src/pipelines/flows/etl.py"): {
        "an upstream dropped": (
            "regions.submit(region=region, wait_for=[open_warehouse_run])",
            "regions.submit(region=region)",
        ),
        "a setup forgotten": (
            "after=after(merge_run, regions_run, setups=[open_warehouse_run])",
            "after=after(merge_run, regions_run)",
        ),
        "no setup any more": ("as_setup(open_warehouse_run), scope", "open_warehouse_run, scope"),
        "a teardown's rule": ('"all_done_setup_success"', '"all_done"'),
        "a teardown's scope": ("scope=[regions_run, *fetch_runs, merge_run]", "scope=[regions_run]"),
        "a teardown decides": ("return [tidy_run]", "return [tidy_run, close_warehouse_run]"),
        "a teardown left alone": ("wait([close_warehouse_run])", "wait([])"),
        "a timeout": ("timeout_seconds=300", "timeout_seconds=30"),
        "a pool's tag": ('"pool:loads"', '"pool:load"'),
        "another list": ('{"region": regions_run}', '{"region": merge_run}'),
        "a fixed input of a mapped task": ("limit=5,", "limit=6,"),
        "a constant input": ("limit=2,", "limit=3,"),
        "a default param": ('region: str = "north"', 'region: str = "west"'),
        "a param that isn't handed on": ("regions.submit(region=region", 'regions.submit(region="north"'),
        "another date": ("tidy.submit(logical_date=logical_date", "tidy.submit(logical_date=None"),
        "a date that isn't the run's": ("date_of_run(logical_date)", "logical_date"),
        "retries": ("@gated_task(items=True, retries=3,", "@gated_task(items=True, "),
        "not a failure to catch": ("first=allow_failure(regions_run)", "first=regions_run"),
        "results swapped": (
            "rows=allow_failure(merge_run),\n        first=allow_failure(regions_run)",
            "rows=allow_failure(regions_run),\n        first=allow_failure(merge_run)",
        ),
        "a cache": ("@gated_task()\ndef fetch", "@gated_task(persist_result=True)\ndef fetch"),
        "a flow's retries": ('@flow(name="etl")', '@flow(name="etl", retries=1)'),
        "a flow's timeout": ('@flow(name="etl")', '@flow(name="etl", timeout_seconds=60)'),
    },
    ("etl", "prefect", "prefect.yaml"): {
        "a weekday": ("1-5", "1-6"),
        "a zone": ("Europe/Berlin", "Europe/Lisbon"),
        "a tag": ('["shop"]', '["stop"]'),
        "a parameter": ("paused: true", 'paused: true\n  parameters: {"limit": 3}'),
        "not paused": ("paused: true", "paused: false"),
        "another entry point": ("etl.py:etl", "etl.py:tidy"),
        "a work pool": ("work_pool: *default", "work_pool: {name: other}"),
    },
    ("review", "prefect", "src/pipelines/flows/review.py"): {
        "delays of an approximate task": ("[120, 240]", "[120, 120]"),
        "retries of an approximate task": ("retries=2,", "retries=1,"),
        "a way of the branch": ('chosen(choose_run, "reject")', 'chosen(choose_run, "accept.announce")'),
        "a branch forgotten": ('after(accept_score_run, chosen(choose_run, "reject"))', "after(accept_score_run)"),
        "a choice dropped": ('"accept.publish",\n', ""),
        "a short circuit that stops nothing": (", stopped_by=[is_monday_run]", ""),
        "a join's upstream": (
            "after(accept_announce_run, accept_limit_run, accept_score_run, reject_run)",
            "after(accept_announce_run, accept_limit_run, accept_score_run)",
        ),
        "a rule": ('rule="one_failed"', 'rule="all_failed"'),
        "a name": ('name="accept.score"', 'name="accept.scores"'),
        "a leaf": ("return [alarm_run, weekly_run]", "return [weekly_run]"),
    },
    ("review", "prefect", "prefect.yaml"): {
        "an interval": ("21600", "21601"),
        "an anchor": ("2026-01-01T00:00", "2026-01-01T01:00"),
        "a limit": ("limit: 1", "limit: 2"),
        "no queue": ("ENQUEUE", "CANCEL_NEW"),
    },
    ("catalog", "prefect", "src/pipelines/flows/catalog.py"): {
        "an asset renamed": ("s3://shop/catalog.parquet", "s3://shop/catalogue.parquet"),
        "an asset no more": ('@materialize("s3://shop/catalog.parquet", retries', "@task(retries"),
        "an order dropped": (", wait_for=[check_run]", ""),
        "what isn't waited for": (
            "wait([read_orders_run, read_prices_run, build_run, check_run])",
            "wait([read_orders_run, read_prices_run, build_run])",
        ),
        "another result": ("check.submit(size=build_run", "check.submit(size=read_orders_run"),
        "a default param": ("size: int = 100", "size: int = 10"),
        "another param": ("read_orders.submit(size=size)", "read_orders.submit(size=mode)"),
        "a body": ('raise ValueError("too small")', "return None"),
        "retry on some": ("retries=4,", "retries=4, retry_condition_fn=len,"),
    },
    ("catalog", "prefect", "prefect.yaml"): {
        "a schedule": ("work_pool: *default", 'schedules:\n  - cron: "0 0 * * *"\n  work_pool: *default'),
    },
    ("etl", "airflow", "etl.py"): {
        "an edge": ("load_task >> [tidy, close_warehouse_task]", "load_task >> [tidy]"),
        "a rule": ('"all_done"', '"all_success"'),
        "a zone of the timetable": ('timezone="Europe/Berlin"', 'timezone="Europe/Lisbon"'),
        "a data interval": (
            "timetables.trigger import CronTriggerTimetable",
            "timetables.interval import CronDataIntervalTimetable as CronTriggerTimetable",
        ),
        "a retry": ("retries=3,", ""),
        "a timeout": ("minutes=5", "minutes=6"),
        "swapped results": ("load(merge_task, regions_task)", "load(regions_task, merge_task)"),
        "a mapped input": ("expand(region=regions_task)", "expand(region=merge_task)"),
        "a fixed input": ("partial(limit=5)", "partial(limit=6)"),
        "another constant": ("merge(fetch_task, 2)", "merge(fetch_task, 3)"),
        "no teardown": (".as_teardown()", ""),
        "no setup": ("open_warehouse().as_setup()", "open_warehouse()"),
        "a teardown that decides": (".as_teardown()", ".as_teardown(on_failure_fail_dagrun=True)"),
        "a param": ('"limit": 10', '"limit": 11'),
        "an asset renamed": ("s3://shop/prices.parquet", "s3://shop/price.parquet"),
        "a pool": ('pool="loads"', 'pool="load"'),
        "a command": ("echo {{ ds }}", "echo {{ ts }}"),
        "a tag": ('tags=["shop"]', "tags=[]"),
        "catching up": ("catchup=False,", "catchup=True,"),
    },
}  # fmt: skip
"""By DAG, target and file: what is edited, and into what."""
HARMLESS: Edits = {
    ("etl", "dagster", "src/pipelines/defs/etl.py"): {
        "the order of parameters": ("def load(rows, first) ->", "def load(first, rows) ->"),
        "metadata of one's own": ('metadata={"dagster/uri"', 'metadata={"team": "sales", "dagster/uri"'),
    },
    ("catalog", "dagster", "src/pipelines/defs/catalog.py"): {
        "a description": ('def read_prices():', 'def read_prices():\n    """The prices of today."""'),
        "metadata of one's own": (
            'metadata={"dagster/uri": "s3://shop/catalog.parquet"}',
            'metadata={"dagster/uri": "s3://shop/catalog.parquet", "team": "sales"}',
        ),
    },
    ("catalog", "prefect", "src/pipelines/flows/catalog.py"): {
        "another order of waiting": (
            "wait([read_orders_run, read_prices_run,",
            "wait([read_prices_run, read_orders_run,",
        ),
        "prints in the log": ('@flow(name="catalog")', '@flow(name="catalog", log_prints=True)'),
    },
    ("etl", "airflow", "etl.py"): {"a variable": ("merge_task", "merged")},
}  # fmt: skip
"""Edits after which nothing is different."""


@cache
def translated(name: str, to: str) -> dict[str, str]:
    """The files of the project, by their paths; a file for Airflow 2, so that it is written anew."""
    source = Source(f"{name}.py", SOURCES[name])
    options = WriteOptions(airflow_version="2")
    return dict(target(to)([Document(source, read(source, ReadOptions()))], options).files)


def cases(edits: Edits) -> Iterator[object]:
    for (name, to, path), made in edits.items():
        for said, (old, new) in made.items():
            yield pytest.param(name, to, path, old, new, id=f"{name}-{to}-{said}")


def verified(folder: Path, name: str, to: str, path: str, old: str, new: str) -> int:
    """The exit status for a project in which one thing was edited."""
    files = translated(name, to)
    assert old in files[path], f"{old!r} isn't in\n{files[path]}"
    source = folder / f"{name}.py"
    source.write_text(SOURCES[name], "utf-8")
    for one, text in files.items():
        file = folder / "made" / one
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace(old, new) if one == path else text, "utf-8")
    made = folder / "made" / path if to == "airflow" else folder / "made"
    return run(["verify", str(source), str(made), "--no-cache", "--root", str(folder)])


@pytest.mark.parametrize(("name", "to", "path", "old", "new"), list(cases(EDITS)))
def test_an_edit_is_noticed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, to: str, path: str, old: str, new: str
) -> None:
    assert verified(tmp_path, name, to, path, old, new) == 1, capsys.readouterr().out
    assert re.search(" (different|unknown) ", capsys.readouterr().out)


@pytest.mark.parametrize(("name", "to", "path", "old", "new"), list(cases(HARMLESS)))
def test_a_harmless_edit(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, to: str, path: str, old: str, new: str
) -> None:
    assert verified(tmp_path, name, to, path, old, new) == 0, capsys.readouterr().out


@pytest.mark.parametrize("to", ["dagster", "prefect", "airflow"])
@pytest.mark.parametrize("name", SOURCES)
def test_nothing_edited(capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, to: str) -> None:
    path = next(iter(translated(name, to)))
    assert verified(tmp_path, name, to, path, "", "") == 0, capsys.readouterr().out
