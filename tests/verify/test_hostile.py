"""Changes of generated projects that are made to be overlooked, and changes of looks in a whole file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dagport.cli.app import run
from tests.verify.test_targets import GATED, SHOP, Project, Verify, project, verify  # noqa: F401  (a fixture)

PARAMS = """
from datetime import datetime, timedelta

from airflow.sdk import dag, task


@dag(schedule="0 6 * * *", start_date=datetime(2026, 1, 1), catchup=False, params={"size": 3})
def shop():
    @task
    def rows(params=None):
        return list(range(params["size"]))

    @task(execution_timeout=timedelta(minutes=5))
    def load(row, times=2):
        return row * times

    @task(trigger_rule="all_done")
    def report(loaded):
        print(loaded)

    report(load.expand(row=rows()))


shop()
"""
ONE_BY_AIRFLOW = """
from airflow.sdk import dag, task


@dag(schedule=None)
def shop():
    @task.branch
    def choose():
        return "publish"

    @task
    def rows():
        return [1]

    @task
    def publish(found, **context):
        return sorted(context)

    @task(trigger_rule="none_failed_min_one_success")
    def join(one):
        return one

    @task(trigger_rule="all_done")
    def clean():
        return "clean"

    published = publish(rows())
    choose() >> published
    join(published) >> clean()


shop()
"""
END = "\nshop = dg."
DAGSTER = {
    "star import": (SHOP, "import dagster as dg\n", "import dagster as dg\nfrom pipelines.more import *\n"),
    "import that patches": (SHOP, "import dagster as dg\n", "import dagster as dg\nimport patches\n"),
    "patched by an assignment": (SHOP, END, '\n_ = setattr(orders, "op", returns.op)\nshop = dg.'),
    "patched by a class": (SHOP, END, "\n\nclass Late:\n    orders.group = 1\n\n\nshop = dg."),
    "patched by a default": (SHOP, END, "\n\ndef late(x=orders.clear()):\n    pass\n\n\nshop = dg."),
    "patched by an annotation": (SHOP, "def archive(rows)", "def archive(rows: orders.clear())"),
    "walrus in a decorator": (
        SHOP,
        '@dg.asset(\n    key_prefix="shop",\n    deps',
        '@dg.asset(\n    description=(orders := ""),\n    key_prefix="shop",\n    deps',
    ),
    "a body is pass": (SHOP, '    print("done")', "    pass"),
    "a body of another": (SHOP, "return 2", "return bought"),
    "a keyword's default": (SHOP, "def net(bought, brought_back):", "def net(bought, brought_back, *, left=None):"),
    "one asset without partitions": (
        SHOP,
        'group_name="shop", partitions_def=partitions)\ndef ret',
        'group_name="shop")\ndef ret',
    ),
    "partitions' zone": (SHOP, "hour_offset=6)", 'hour_offset=6, timezone="Europe/Paris")'),
    "job tags": (
        SHOP,
        'define_asset_job(name="shop"',
        'define_asset_job(tags={"dagster/max_retries": "3"}, name="shop"',
    ),
    "job config": (SHOP, 'define_asset_job(name="shop"', 'define_asset_job(config={"execution": {}}, name="shop"'),
    "another selection": (SHOP, 'key_prefixes("shop")', 'key_prefixes("store")'),
    "a selection of assets": (SHOP, 'dg.AssetSelection.key_prefixes("shop")', "[orders, returns]"),
    "a schedule by the job's name": (
        SHOP,
        END,
        '\nmore = dg.ScheduleDefinition(job_name="shop", cron_schedule="1 * * * *")\nshop = dg.',
    ),
    "a schedule of another job": (
        SHOP,
        END,
        '\nmore = dg.ScheduleDefinition(job=orders, cron_schedule="1 * * * *")\nshop = dg.',
    ),
    "a sensor": (SHOP, END, '\n\n@dg.sensor(job_name="shop")\ndef never():\n    return []\n\n\nshop = dg.'),
    "a decorator": (SHOP, "def returns", "@cache\ndef returns"),
    "graph: output required": (
        GATED,
        '"report": dg.AssetOut(key_prefix="shop", is_required=False)',
        '"report": dg.AssetOut(key_prefix="shop")',
    ),
    "graph: selection": (GATED, 'key_prefixes("shop")', 'key_prefixes("store")'),
    "graph: a group": (GATED, 'group_name="shop"', 'group_name="store"'),
    "graph: called twice": (GATED, "def shop_tasks():\n", "def shop_tasks():\n    more = rows()\n"),
    "graph: hooks": (GATED, 'group_name="shop"', 'hooks={1}, group_name="shop"'),
    "graph: no asset": (GATED, 'task_id="report", asset=True', 'task_id="report"'),
    "graph: another DAG": (GATED, 'dag="shop", task_id="delta"', 'dag="store", task_id="delta"'),
    "graph: after the end": (
        GATED,
        'return {"report": report_value, "archive": archive_value}\n',
        'return {"report": report_value, "archive": archive_value}\n    rows()\n',
    ),
    "graph: a name is taken": (GATED, "rows_done", "delta"),
    "by Airflow: another task": (ONE_BY_AIRFLOW, 'context, "shop", "publish"', 'context, "shop", "rows"'),
    "by Airflow: another DAG": (ONE_BY_AIRFLOW, 'context, "shop", "publish"', 'context, "store", "publish"'),
    "by Airflow: not a task of Airflow's": (
        ONE_BY_AIRFLOW,
        "    yield from run_task_in_airflow(",
        "    yield dg.Output({})\n    yield from run_task_in_airflow(",
    ),
    "by Airflow: not caught": (
        ONE_BY_AIRFLOW,
        'task_id="publish", caught=True',
        'task_id="publish"',
    ),
    "by Airflow: an edge dropped": (
        ONE_BY_AIRFLOW,
        "publish(rows=rows_done, after=[choose_done])",
        "publish(rows=rows_done)",
    ),
    "by Airflow: another rule": (
        ONE_BY_AIRFLOW,
        'task_id="publish", caught=True',
        'task_id="publish", rule="all_done", caught=True',
    ),
    "by Airflow: no results": (ONE_BY_AIRFLOW, '{"return_value": rows}', "{}"),
    "graph: a branch's ids": (GATED, '"report", "archive"],', '"report"],'),
    "mapped: another item": (PARAMS, "load(item=item)", "load(item=rows_done)"),
    "an executor": (SHOP, 'define_asset_job(name="shop"', 'define_asset_job(executor_def=one, name="shop"'),
    "time limit": (PARAMS, "time_limit(seconds=300)", "time_limit(seconds=3000)"),
    "default of a parameter": (PARAMS, "times = 2", "times = 3"),
    "default of the run's parameters": (PARAMS, "size: int = 3", "size: int = 4"),
}
PREFECT = {
    "star import": (SHOP, "import datetime as dt\n", "import datetime as dt\nfrom pipelines.more import *\n"),
    "import that patches": (SHOP, "import datetime as dt\n", "import datetime as dt\nimport patches\n"),
    "patched by an assignment": (
        SHOP,
        '@flow(name="shop")',
        '_ = setattr(orders, "retries", 0)\n\n\n@flow(name="shop")',
    ),
    "a task by a call": (SHOP, '@flow(name="shop")', 'other = task(print)\n\n\n@flow(name="shop")'),
    "wait removed": (SHOP, "    wait([orders_run, returns_run])\n", ""),
    "wait not for long": (SHOP, "wait([orders_run, returns_run])", "wait([orders_run, returns_run], timeout=1)"),
    "after a list": (PARAMS, "after(*load_runs)", "after(load_runs)"),
    "wait for less": (SHOP, "wait([orders_run, returns_run])", "wait([orders_run])"),
    "return first": (SHOP, "    orders_run = orders", "    return [archive_run]\n    orders_run = orders"),
    "a future is something else": (SHOP, "    net_run = net", "    orders_run = 5\n    net_run = net"),
    "a task is something else": (SHOP, "    orders_run = orders", "    returns = None\n    orders_run = orders"),
    "a parameter hides a task": (SHOP, "def shop(logical_date", "def shop(returns=None, logical_date"),
    "a computed patch": (
        SHOP,
        "    orders_run = orders",
        '    _ = setattr(returns, "fn", None)\n    orders_run = orders',
    ),
    "wait is something else": (SHOP, "    orders_run = orders", "    wait = print\n    orders_run = orders"),
    "a parameter's default": (
        SHOP,
        "logical_date: dt.datetime | None = None",
        "logical_date: dt.datetime | None = dt.datetime(2020, 1, 1)",
    ),
    "a flow's time out": (SHOP, '@flow(name="shop")', '@flow(name="shop", timeout_seconds=1)'),
    "cached": (SHOP, "@task\ndef returns", "@task(persist_result=True)\ndef returns"),
    "a tag that limits": (SHOP, "@task\ndef returns", '@task(tags=["small"])\ndef returns'),
    "delays": (SHOP, "retry_delay_seconds=60", "retry_delay_seconds=[60, 900]"),
    "async": (SHOP, "def shop(", "async def shop("),
    "the flow gives a constant": (SHOP, "returns.submit()", "returns.submit(wait_for=[], x=1)"),
    "gated: failures aren't allowed": (GATED, "joined=allow_failure(join_run)", "joined=join_run"),
    "gated: soft fail": (GATED, "@gated_task()\ndef delta", "@gated_task(soft_fail=True)\ndef delta"),
    "gated: a plain task": (GATED, "@gated_task()\ndef delta", "@task\ndef delta"),
    "gated: choices": (GATED, '("delta", "full")', '("delta",)'),
    "gated: before no more": (GATED, ", rows_run)\n", ")\n"),
    "mapped over a constant": (PARAMS, '"row": rows_run', '"row": [1, 2]'),
    "default of a parameter": (PARAMS, "times=2", "times=3"),
    "default of the run's parameters": (PARAMS, "size: int = 3", "size: int = 4"),
}
FILES = {
    "package": ("dagster", "src/pipelines/__init__.py", "import dagster\ndagster.asset = print\n"),
    "definitions": ("dagster", "src/pipelines/definitions.py", "import dagster as dg\ndefs = dg.Definitions()\n"),
    "a component": ("dagster", "src/pipelines/defs/more/defs.yaml", "type: more\n"),
    "a nested module": ("dagster", "src/pipelines/defs/build/more.py", "import dagster as dg\n"),
    "a module beside": ("dagster", "src/dagster.py", "asset = print\n"),
    "other code": ("dagster", "pyproject.toml", '[tool.dg]\ndirectory_type = "project"\n'),
    "settings of Prefect": ("prefect", "prefect.toml", "[tasks]\ndefault_retries = 3\n"),
    "settings of Dagster": ("dagster", "dagster.yaml", "run_retries: {enabled: true, max_retries: 3}\n"),
    "support": ("prefect", "src/pipelines/dates.py", "def date_of_run(date):\n    return None\n"),
    "flows' package": ("prefect", "src/pipelines/flows/__init__.py", "import prefect\nprefect.task = print\n"),
}
YAML = {
    "not paused": ("  paused: true\n", ""),
    "no runs at once": ("  paused: true\n", "  paused: true\n  concurrency_limit: 1\n"),
    "parameters": ("  paused: true\n", "  paused: true\n  parameters: {logical_date: 2020-01-01}\n"),
    "another pool": ("work_pool: *default", "work_pool: {name: other}"),
    "another checkout": ("name: pipelines\n", "name: pipelines\npull: []\n"),
    "a deployment of nothing": (
        "deployments:\n",
        'deployments:\n- name: "b"\n  entrypoint: "./src/pipelines/flows/shop.py:shop"\n',
    ),
    "no deployment": ("deployments:", "others:"),
}
SAME = {
    "comments": ("def net(", "# What is left.\n\n\ndef net("),
    "docstring of a task with a result": ("    left = bought", '    """What is left."""\n    left = bought'),
    "docstring of the module": ("# Written by", '"""The shop."""\n# Written by'),
    "an import of the standard library": ("\nfrom prefect import flow", "\nimport logging\nfrom prefect import flow"),
    "a constant": ("@task\ndef returns", "DAYS = 3\n\n\n@task\ndef returns"),
    "black": ("@task(retries=2, retry_delay_seconds=60)", "@task(\n    retry_delay_seconds=60,\n    retries=2,\n)"),
    "a docstring of the flow": ("    logical_date = date_of_run", '    """All."""\n    logical_date = date_of_run'),
}


def unproved(verify: Verify, made: Project) -> None:  # noqa: F811
    done = verify(made.source, made.folder, "--until", "2026-03-01", "--outcomes", 20)
    assert done.exit_code == 1, done.output
    assert " different " in done.output or " unknown " in done.output


@pytest.mark.parametrize(("source", "old", "new"), DAGSTER.values(), ids=list(DAGSTER))
def test_dagster(verify: Verify, tmp_path: Path, source: str, old: str, new: str) -> None:  # noqa: F811
    made = project(tmp_path, "dagster", source)
    made.change(old, new)
    unproved(verify, made)


@pytest.mark.parametrize(("source", "old", "new"), PREFECT.values(), ids=list(PREFECT))
def test_prefect(verify: Verify, tmp_path: Path, source: str, old: str, new: str) -> None:  # noqa: F811
    made = project(tmp_path, "prefect", source)
    made.change(old, new)
    unproved(verify, made)


@pytest.mark.parametrize(("old", "new"), YAML.values(), ids=list(YAML))
def test_deployments(verify: Verify, tmp_path: Path, old: str, new: str) -> None:  # noqa: F811
    made = project(tmp_path, "prefect")
    made.change(old, new, file=made.folder / "prefect.yaml")
    unproved(verify, made)


@pytest.mark.parametrize(("to", "path", "text"), FILES.values(), ids=list(FILES))
def test_files(verify: Verify, tmp_path: Path, to: str, path: str, text: str) -> None:  # noqa: F811
    made = project(tmp_path, to)
    file = made.folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    unproved(verify, made)


def test_links(verify: Verify, tmp_path: Path) -> None:  # noqa: F811
    made = project(tmp_path, "dagster")
    (tmp_path / "outside.py").write_text("import dagster as dg\n", "utf-8")
    made.module.with_name("more.py").symlink_to(tmp_path / "outside.py")
    unproved(verify, made)


@pytest.mark.parametrize(("old", "new"), SAME.values(), ids=list(SAME))
def test_same(verify: Verify, tmp_path: Path, old: str, new: str) -> None:  # noqa: F811
    made = project(tmp_path, "prefect")
    made.change(old, new)
    done = verify(made.source, made.folder)
    assert done.exit_code == 0, done.output
    assert done.output.count(" same ") == 3


@pytest.mark.parametrize("to", ["dagster", "prefect"])
@pytest.mark.parametrize("source", [SHOP, GATED, PARAMS, ONE_BY_AIRFLOW], ids=["shop", "gated", "params", "one"])
def test_as_written(verify: Verify, tmp_path: Path, to: str, source: str) -> None:  # noqa: F811
    made = project(tmp_path, to, source)
    done = verify(made.source, made.folder)
    assert done.exit_code == 0, done.output


OPS = {
    "a rule": (GATED, 'rule="none_failed_min_one_success"', 'rule="all_success"', "join: trigger rule"),
    "an edge dropped": (GATED, "delta(after=[choose_done])", "delta()", "delta: the edge from choose is missing"),
    "partitions dropped": (SHOP, "@dg.job(partitions_def=partitions)", "@dg.job", "shop: "),
    "tags": (SHOP, "@dg.job(", '@dg.job(tags={"dagster/max_retries": "3"}, ', "which dagport doesn't write"),
    "retries of all": (
        SHOP,
        "@dg.job(",
        "@dg.job(op_retry_policy=dg.RetryPolicy(), ",
        "the argument `op_retry_policy`",
    ),
    "a task dropped": (SHOP, "    archive(rows=net_done)\n", "", "archive: the task is missing"),
}


def of_ops(folder: Path, source: str) -> Project:
    made = project(folder, "dagster", source)
    shutil.rmtree(made.folder)
    assert run(["translate", str(made.source), "--to", "dagster", "--style", "ops", "--out", str(made.folder)]) == 0
    return made


@pytest.mark.parametrize("source", [SHOP, GATED, PARAMS], ids=["shop", "gated", "params"])
def test_jobs_of_ops(verify: Verify, tmp_path: Path, source: str) -> None:  # noqa: F811
    made = of_ops(tmp_path, source)
    assert "@dg.job" in made.module.read_text("utf-8")
    done = verify(made.source, made.folder)
    assert (done.exit_code, done.output.count(" same ")) == (0, 3), done.output


@pytest.mark.parametrize(("source", "old", "new", "said"), OPS.values(), ids=list(OPS))
def test_jobs_of_ops_that_differ(
    verify: Verify, tmp_path: Path, source: str, old: str, new: str, said: str  # noqa: F811
) -> None:  # fmt: skip
    made = of_ops(tmp_path, source)
    made.change(old, new)
    done = verify(made.source, made.folder)
    assert done.exit_code == 1, done.output
    assert said in done.output


def test_strict(verify: Verify, tmp_path: Path) -> None:  # noqa: F811
    path = tmp_path / "shop.py"
    path.write_text(
        SHOP.replace("@task\n    def returns", '@task(queue="small", depends_on_past=True)\n    def returns'), "utf-8"
    )
    done = verify(path, "--to", "dagster")
    assert done.exit_code == 0, done.output
    assert "reported" in done.output
    assert verify(path, "--to", "dagster", "--strict").exit_code == 1
    path.write_text(SHOP, "utf-8")
    assert verify(path, "--to", "dagster", "--strict").exit_code == 0


@pytest.mark.parametrize("case", ["taskflow_variants", "ml_training"])
def test_all_that_dagport_writes_is_understood(verify: Verify, case: str) -> None:  # noqa: F811
    """An edge that hands nothing over to a graph, a time limit."""
    done = verify(f"fixtures/airflow/{case}/input.py", "--to", "dagster")
    assert done.exit_code == 0, done.output
