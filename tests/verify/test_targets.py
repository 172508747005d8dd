"""Generated projects for Dagster and Prefect: every change of their code is noticed, a change of its looks isn't."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from dataclasses import dataclass
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
from dagport.verify.targets.expected import Order
from tests.cases import FIXTURES

SHOP = """
from datetime import datetime, timedelta
from airflow.sdk import TaskGroup, dag, task


@dag(schedule="0 6 * * *", start_date=datetime(2026, 1, 1), catchup=False)
def shop():
    @task(retries=2, retry_delay=timedelta(minutes=1))
    def orders(logical_date=None):
        return logical_date.day

    @task
    def returns():
        return 2

    @task
    def net(bought, brought_back):
        left = bought - brought_back
        return left

    @task
    def archive(rows):
        print(rows)

    with TaskGroup("after"):

        @task
        def tell():
            print("done")

        told = tell()

    left = net(orders(), returns())
    left >> told
    archive(left)


shop()
"""
DAGSTER = {
    "an edge dropped": ("    deps=[net],\n", "", "after.tell: the edge from net is missing"),
    "an edge added": (
        '@dg.asset(key_prefix="shop", group_name="shop", partitions_def=partitions)\ndef returns',
        '@dg.asset(key_prefix="shop", deps=[orders], group_name="shop", partitions_def=partitions)\ndef returns',
        "returns: the edge from orders isn't in the source",
    ),
    "results swapped": (
        '"bought": dg.AssetIn(key=["shop", "orders"]),\n        "brought_back": dg.AssetIn(key=["shop", "returns"])',
        '"bought": dg.AssetIn(key=["shop", "returns"]),\n        "brought_back": dg.AssetIn(key=["shop", "orders"])',
        "net: results that its function reads",
    ),
    "another result": ('dg.AssetIn(key=["shop", "net"])', 'dg.AssetIn(key=["shop", "orders"])', "archive: "),
    "a task dropped": (
        '@dg.asset(key_prefix="shop", group_name="shop", partitions_def=partitions)\ndef returns():\n    return 2\n',
        "",
        "the task is missing",
    ),
    "retries changed": ("max_retries=2", "max_retries=3", "orders: retries: 2 in the source, 3 in the target"),
    "retries dropped": ("    retry_policy=dg.RetryPolicy(max_retries=2, delay=60),\n", "", "orders: retries"),
    "a delay changed": ("delay=60", "delay=61", "orders: retry delay: 60.0 in the source, 61.0 in the target"),
    "a group changed": ('"shop/after"', '"shop"', "are one group"),
    "the schedule shifted": ("hour_offset=6", "hour_offset=7", "the run of 2026-01-01 06:00"),
    "other partitions": (", end_offset=1", "", "the run of 2026-01-01 06:00"),
    "a later first partition": ('start_date="2026-01-01"', 'start_date="2026-02-01"', "the run of 2026-01-01 06:00"),
    "the schedule dropped": (
        "shop_schedule = dg.build_schedule_from_partitioned_job(shop)", "", "schedule: cron in the source, manual in",
    ),
    "a body changed": ("return left", "return -left", "isn't as dagport writes it"),
    "a constant changed": ("return 2", "return 3", "isn't as dagport writes it"),
    "it may be skipped": (
        "    retry_policy", "    output_required=False,\n    retry_policy", "orders: whether it may be skipped",
    ),
    "another job": ('name="shop", selection', 'name="store", selection', "the pipeline is missing in the source"),
    "a pool": ("    retry_policy", '    pool="small",\n    retry_policy', "orders: pool"),
}  # fmt: skip
PREFECT = {
    "an edge dropped": ("after_tell.submit(wait_for=[net_run])", "after_tell.submit()", "the edge from net is missing"),
    "an edge added": ("returns.submit()", "returns.submit(wait_for=[orders_run])", "the edge from orders isn't in"),
    "results swapped": (
        "bought=orders_run, brought_back=returns_run", "bought=returns_run, brought_back=orders_run",
        "net: results that its function reads",
    ),
    "another result": ("rows=net_run", "rows=orders_run", "archive: the edge from net is missing"),
    "another date": ("logical_date=logical_date)", "logical_date=None)", "isn't as dagport writes it"),
    "a task not called": ("    archive_run = archive.submit(rows=net_run)\n", "", "what isn't a task's future"),
    "a leaf dropped": ("return [after_tell_run, archive_run]", "return [after_tell_run]", "the run: failed in the"),
    "nothing returned": ("    return [after_tell_run, archive_run]\n", "", "a flow that doesn't return"),
    "retries changed": ("retries=2", "retries=3", "orders: retries: 2 in the source, 3 in the target"),
    "a delay changed": ("retry_delay_seconds=60", "retry_delay_seconds=61", "orders: retry delay"),
    "a body changed": ("return left", "return -left", "isn't as dagport writes it"),
    "a constant changed": ("return 2", "return 3", "isn't as dagport writes it"),
    "a task skipped": ("after_tell.submit(wait_for", "after_tell.map(wait_for", "a task that isn't submitted"),
}  # fmt: skip
PREFECT_YAML = {
    "the schedule shifted": ('"0 6 * * *"', '"0 7 * * *"', "the run of 2026-01-01 06:00"),
    "the zone changed": ('"UTC"', '"Europe/Paris"', "the run of 2026-01-01 06:00"),
    "the schedule dropped": (
        '  schedules:\n  - cron: "0 6 * * *"\n    timezone: "UTC"\n  paused: true\n', "", "schedule: cron in the",
    ),
    "another flow": (":shop", ":store", "there is no deployment of"),
    "not known": ("timezone:", "day_or: false\n    timezone:", "a schedule that isn't known here"),
}  # fmt: skip
GATED = """
from datetime import datetime

from airflow.sdk import dag, task


@dag(schedule=None, start_date=datetime(2026, 1, 1))
def shop():
    @task
    def rows():
        return [1, 2]

    @task.branch
    def choose(found):
        return "full" if len(found) > 2 else "delta"

    @task(retries=2)
    def full(found):
        return len(found)

    @task
    def delta():
        return 1

    @task(trigger_rule="none_failed_min_one_success")
    def join(one, other):
        return [one, other]

    @task.short_circuit
    def enough(joined):
        return bool(joined)

    @task
    def report():
        print("enough")

    @task(trigger_rule="all_done")
    def archive():
        print("done")

    found = rows()
    one, other = full(found), delta()
    choose(found) >> [one, other]
    joined = join(one, other)
    enough(joined) >> report()
    joined >> archive()


shop()
"""
GATED_DAGSTER = {
    "a rule": ('rule="none_failed_min_one_success"', 'rule="all_success"', "join: trigger rule"),
    "a rule left out": (', rule="all_done"', "", "archive: trigger rule"),
    "an edge dropped": ("delta(after=[choose_done])", "delta()", "delta: the edge from choose is missing"),
    "an edge added": ("after=[join_done]", "after=[join_done, rows_done]", "archive: its rule looks at rows"),
    "results swapped": ("one=full_done, other=delta_done", "one=delta_done, other=full_done", "join: results that its"),
    "another way": ('"delta": ["delta"]', '"delta": ["full"]', "delta: skipped in the source, success in the target"),
    "nothing is skipped": ('skips=["report"]', "skips=[]", "the condition of `enough` is false"),
    "not caught": (
        'task_id="full", caught=True', 'task_id="full"', "archive: success in the source, upstream_failed in the target"
    ),
    "retries": ("max_retries=2", "max_retries=1", "full: retries: 2 in the source, 1 in the target"),
    "a task dropped": (
        '    _, archive_value = archive(after=[join_done])\n'
        '    return {"report": report_value, "archive": archive_value}',
        '    return {"report": report_value}', "isn't what archive hands over",
    ),
    "assets swapped": (
        '"report": report_value, "archive": archive_value', '"report": archive_value, "archive": report_value',
        "isn't what report hands over",
    ),
    "a body": ('print("done")', 'print("over")', "isn't as dagport writes it"),
    "a loop": ("    rows_done = rows()\n", "    rows_done = rows()\n    del rows_done\n", "a statement in"),
    "not an op": ("rows_done = rows()", "rows_done = print()", "a call of what isn't an op"),
    "an argument": ('task_id="rows"', 'task_id="rows", quick=True', "the argument `quick`"),
}  # fmt: skip
GATED_PREFECT = {
    "a rule": ('rule="none_failed_min_one_success"', 'rule="all_success"', "join: trigger rule"),
    "a rule left out": ('rule="all_done"', "", "archive: trigger rule"),
    "an edge dropped": ("after(delta_run, full_run)", "after(full_run)", "join: the edge from delta is missing"),
    "an edge added": ("after(join_run))\n    return", "after(join_run, rows_run))\n    return", "its rule looks at"),
    "results swapped": ("allow_failure(full_run)", "allow_failure(join_run)", "join: "),
    "another way": ('chosen(choose_run, "delta")', 'chosen(choose_run, "full")', "when `choose` chooses `delta`"),
    "a chooser is no chooser": (
        'chosen(choose_run, "delta")', "choose_run", "delta: skipped in the source, success in the"
    ),
    "nothing is stopped": (", stopped_by=[enough_run]", "", "the condition of `enough` is false"),
    "retries": ("retries=2", "retries=1", "full: retries: 2 in the source, 1 in the target"),
    "a leaf dropped": ("return [report_run, archive_run]", "return [archive_run]", "the run: failed in the source"),
    "a body": ('print("done")', 'print("over")', "isn't as dagport writes it"),
    "a condition": ("    rows_run = rows.submit()\n", "    if 1:\n        rows_run = rows.submit()\n", "a statement"),
    "an argument": ("@task\ndef rows", "@task(cache_key_fn=max)\ndef rows", "the argument `cache_key_fn`"),
}  # fmt: skip
SAME_DAGSTER = {
    "a comment": ("def net(", "# what is left\ndef net(", ),
    "a docstring": ("    left = bought", '    """What is left."""\n    left = bought'),
    "a variable": ("left = bought - brought_back\n    return left", "rest = bought - brought_back\n    return rest"),
    "layout": ("left = bought - brought_back", "left = (\n        bought\n        - brought_back\n    )"),
    "an input's name": (
        '"brought_back": dg.AssetIn(key=["shop", "returns"])', '"back": dg.AssetIn(key=["shop", "returns"])',
        "def net(bought, brought_back):\n    left = bought - brought_back",
        "def net(bought, back):\n    left = bought - back",
    ),
    "a policy with a name": (
        "    retry_policy=dg.RetryPolicy(max_retries=2, delay=60)", "    retry_policy=policy",
        "partitions = dg", "policy = dg.RetryPolicy(delay=60, max_retries=2)\npartitions = dg",
    ),
    "a variable of the module": ("=partitions", "=days", "\npartitions =", "\ndays ="),
}  # fmt: skip
SAME_PREFECT = {
    "a comment": ("def net(", "# what is left\ndef net("),
    "a variable": ("left = bought - brought_back\n    return left", "rest = bought - brought_back\n    return rest"),
    "a future's name": ("net_run", "rest"),
    "the order of arguments": (
        "bought=orders_run, brought_back=returns_run",
        "brought_back=returns_run, bought=orders_run",
    ),
    "the order of leaves": ("return [after_tell_run, archive_run]", "return [archive_run, after_tell_run]"),
}
UNCLEAR = {
    "a statement": ("import dagster as dg\n", "import dagster as dg\n\nif True:\n    x = 1\n", "shop.py:"),
    "a decorator": ("@dg.asset(\n", "@str\n@dg.asset(\n", "a decorator that isn't known here"),
    "an argument": ("    retry_policy", "    legacy_freshness=1,\n    retry_policy", "the argument `legacy_freshness`"),
    "computed inputs": ("    deps=[net],\n", "    deps=list([net]),\n", "dependencies that aren't a list"),
    "bound twice": ("shop = dg.", "returns = 1\nshop = dg.", "`returns` is bound twice"),
    "a call": ("shop = dg.", "print(orders)\nshop = dg.", "a call whose effect isn't known"),
    "another object of Dagster": ("shop = dg.", "watch = dg.SensorDefinition()\nshop = dg.", "an object of Dagster"),
    "another selection": (
        'dg.AssetSelection.key_prefixes("shop")',
        "dg.AssetSelection.all()",
        "a selection other than",
    ),
    "no Python": ("import dagster as dg\n", "import dagster as\n", "can't be parsed"),
}


@dataclass(frozen=True)
class Done:
    exit_code: int
    output: str


Verify: TypeAlias = Callable[..., Done]


@pytest.fixture
def verify(capsys: pytest.CaptureFixture[str]) -> Verify:
    def call(*arguments: object) -> Done:
        status = run(["verify", *map(str, arguments), "--no-cache"])
        said = capsys.readouterr()
        return Done(status, said.out + said.err)

    return call


@dataclass(frozen=True)
class Project:
    source: Path
    folder: Path
    module: Path

    def change(self, *replacements: str, file: Path | None = None) -> None:
        path = file or self.module
        text = path.read_text("utf-8")
        for old, new in zip(replacements[::2], replacements[1::2], strict=True):
            assert old in text, f"{old!r} isn't in\n{text}"
            text = text.replace(old, new)
        path.write_text(text, "utf-8")


@cache
def translated(to: str, source: str) -> dict[str, str]:
    """The files of the project, by their paths."""
    document = Document(Source("shop.py", source), read(Source("shop.py", source), ReadOptions()))
    return dict(target(to)([document], WriteOptions()).files)


def project(folder: Path, to: str, source: str = SHOP) -> Project:
    """The source, and its translation."""
    (folder / "shop.py").write_text(source, "utf-8")
    for path, text in translated(to, source).items():
        file = folder / to / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    inside = "defs" if to == "dagster" else "flows"
    return Project(folder / "shop.py", folder / to, folder / to / "src" / "pipelines" / inside / "shop.py")


@pytest.mark.parametrize(("old", "new", "said"), DAGSTER.values(), ids=list(DAGSTER))
def test_notices_in_dagster(verify: Verify, tmp_path: Path, old: str, new: str, said: str) -> None:
    made = project(tmp_path, "dagster")
    made.change(old, new)
    done = verify(made.source, made.folder)
    assert done.exit_code == 1, done.output
    assert said in done.output


@pytest.mark.parametrize(("old", "new", "said"), PREFECT.values(), ids=list(PREFECT))
def test_notices_in_prefect(verify: Verify, tmp_path: Path, old: str, new: str, said: str) -> None:
    made = project(tmp_path, "prefect")
    made.change(old, new)
    done = verify(made.source, made.folder)
    assert done.exit_code == 1, done.output
    assert said in done.output


@pytest.mark.parametrize(("old", "new", "said"), GATED_DAGSTER.values(), ids=list(GATED_DAGSTER))
def test_notices_in_graphs(verify: Verify, tmp_path: Path, old: str, new: str, said: str) -> None:
    made = project(tmp_path, "dagster", GATED)
    made.change(old, new)
    done = verify(made.source, made.folder)
    assert done.exit_code == 1, done.output
    assert said in done.output


@pytest.mark.parametrize(("old", "new", "said"), GATED_PREFECT.values(), ids=list(GATED_PREFECT))
def test_notices_in_gates(verify: Verify, tmp_path: Path, old: str, new: str, said: str) -> None:
    made = project(tmp_path, "prefect", GATED)
    made.change(old, new)
    done = verify(made.source, made.folder)
    assert done.exit_code == 1, done.output
    assert said in done.output


@pytest.mark.parametrize("to", ["dagster", "prefect"])
def test_gates_as_they_are_written(verify: Verify, tmp_path: Path, to: str) -> None:
    made = project(tmp_path, to, GATED)
    made.change("join_", "joined_") if to == "prefect" else made.change("join_done", "joined")
    done = verify(made.source, made.folder)
    assert done.exit_code == 0, done.output
    assert done.output.count(" same ") == 3


@pytest.mark.parametrize(("old", "new", "said"), PREFECT_YAML.values(), ids=list(PREFECT_YAML))
def test_notices_in_deployments(verify: Verify, tmp_path: Path, old: str, new: str, said: str) -> None:
    made = project(tmp_path, "prefect")
    made.change(old, new, file=made.folder / "prefect.yaml")
    done = verify(made.source, made.folder)
    assert done.exit_code == 1, done.output
    assert said in done.output


@pytest.mark.parametrize("replacements", SAME_DAGSTER.values(), ids=list(SAME_DAGSTER))
def test_the_same_dagster(verify: Verify, tmp_path: Path, replacements: tuple[str, ...]) -> None:
    made = project(tmp_path, "dagster")
    made.change(*replacements)
    done = verify(made.source, made.folder)
    assert done.exit_code == 0, done.output
    assert done.output.count(" same ") == 3


@pytest.mark.parametrize("replacements", SAME_PREFECT.values(), ids=list(SAME_PREFECT))
def test_the_same_prefect(verify: Verify, tmp_path: Path, replacements: tuple[str, ...]) -> None:
    made = project(tmp_path, "prefect")
    made.change(*replacements)
    done = verify(made.source, made.folder)
    assert done.exit_code == 0, done.output
    assert done.output.count(" same ") == 3


@pytest.mark.parametrize(("old", "new", "said"), UNCLEAR.values(), ids=list(UNCLEAR))
def test_what_is_not_understood_is_no_success(verify: Verify, tmp_path: Path, old: str, new: str, said: str) -> None:
    made = project(tmp_path, "dagster")
    made.change(old, new)
    done = verify(made.source, made.folder)
    assert done.exit_code == 1, done.output
    assert said in done.output
    assert "unknown" in done.output


@pytest.mark.parametrize("to", ["dagster", "prefect"])
def test_the_rest_of_a_project(verify: Verify, tmp_path: Path, to: str) -> None:
    made = project(tmp_path, to, SHOP.replace("print(rows)", "print(rows)").replace("def tell", "def tell"))
    other = made.module.with_name("other.py")
    other.write_text("import os\n", "utf-8")
    done = verify(made.source, made.folder)
    assert done.exit_code == 1
    assert "other.py" in done.output


def test_a_changed_support_file(verify: Verify, tmp_path: Path) -> None:
    source = SHOP.replace('print("done")', 'print("done")').replace("@task\n    def returns():\n        return 2", (
        'from airflow.providers.standard.operators.bash import BashOperator\n'
        '    returns = lambda: BashOperator(task_id="returns", bash_command="date").output'
    ))  # fmt: skip
    made = project(tmp_path, "prefect", source)
    shell = made.folder / "src" / "pipelines" / "shell.py"
    assert verify(made.source, made.folder).exit_code == 0
    shell.write_text(f"# a comment\n{shell.read_text('utf-8')}", "utf-8")
    assert verify(made.source, made.folder).exit_code == 0
    shell.write_text(shell.read_text("utf-8").replace("raise Runtime", "RuntimeError; Runtime"), "utf-8")
    done = verify(made.source, made.folder)
    assert done.exit_code == 1
    assert "shell.py isn't the file that dagport writes" in done.output


def test_several_targets(verify: Verify, tmp_path: Path) -> None:
    made = project(tmp_path, "dagster")
    done = verify(made.source, made.folder, "--to", "prefect", "--to", "dagster", "--to", "airflow", "--format", "json")
    assert done.exit_code == 0, done.output
    verdicts = json.loads(done.output)["verdicts"]
    assert {row["target"] for row in verdicts} == {"airflow", "dagster", "prefect", str(made.folder)}
    assert {row["state"] for row in verdicts} == {"same"}
    assert len(verdicts) == 12


@pytest.mark.parametrize("to", ["dagster", "prefect"])
def test_what_the_writer_reports(verify: Verify, tmp_path: Path, to: str) -> None:
    """What Airflow goes on running, and what is approximate, isn't called the same."""
    source = tmp_path / "shop.py"
    source.write_text(SHOP.replace("@task(retries=2", "@task(depends_on_past=True, retries=2"), "utf-8")
    done = verify(source, "--to", to)
    assert done.exit_code == 0, done.output
    assert "reported: approximate: orders" in done.output
    assert " same " in done.output
    assert " reported " in done.output


GROUP = """
from datetime import datetime
from airflow.sdk import CronDataIntervalTimetable, dag, task, task_group


@dag(schedule=CronDataIntervalTimetable("15 4 * * *", timezone="UTC"), start_date=datetime(2026, 1, 1))
def shop():
    @task
    def orders():
        return [1, 2]

    @task
    def others():
        return [3]

    @task_group
    def each(order):
        @task
        def double(value):
            return value * 2

        @task(trigger_rule="all_done")
        def tell(value):
            return value

        return tell(double(order))

    @task
    def total(values):
        return sum(values)

    others() >> total(each.expand(order=orders()))


shop()
"""


@pytest.mark.parametrize("to", ["dagster", "prefect"])
def test_mapped_groups(verify: Verify, tmp_path: Path, to: str) -> None:
    """Their tasks get items of a list, and wait for it; their runs start at the ends of data intervals."""
    made = project(tmp_path, to, GROUP)
    done = verify(made.source, made.folder)
    assert done.exit_code == 0, done.output
    assert "different" not in done.output


def test_a_group_over_another_list(verify: Verify, tmp_path: Path) -> None:
    made = project(tmp_path, "prefect", GROUP)
    made.change('each({"order": orders_run})', 'each({"order": others_run})')
    done = verify(made.source, made.folder)
    assert done.exit_code == 1
    assert "each.double: the result of orders isn't handed to it" in done.output


def statements(text: str) -> tuple[list[str], set[str]]:
    """What a file does, and what it imports: the formatter may only sort the latter."""
    body = ast.parse(text).body
    imported = (node for node in body if isinstance(node, ast.Import | ast.ImportFrom))
    names = {f"{ast.dump(alias)} {getattr(node, 'module', '')}" for node in imported for alias in node.names}
    return [ast.dump(node) for node in body if not isinstance(node, ast.Import | ast.ImportFrom)], names


@pytest.mark.parametrize("source", [SHOP, GATED, GROUP], ids=["shop", "gated", "group"])
@pytest.mark.parametrize("to", ["dagster", "prefect"])
def test_code_that_is_not_formatted_means_the_same(to: str, source: str) -> None:
    """What is verified in passing is what would be written."""
    document = Document(Source("shop.py", source), read(Source("shop.py", source), ReadOptions()))
    found = target(to)([document], WriteOptions(tidy=False)).files
    wanted = translated(to, source)
    assert found.keys() == wanted.keys()
    assert any(found[path] != wanted[path] for path in wanted)
    for path, text in wanted.items():
        if path.endswith(".py"):
            assert statements(found[path]) == statements(text), path
        else:
            assert found[path] == text


@pytest.mark.parametrize("to", ["dagster", "prefect"])
def test_lines_are_those_of_formatted_code(
    verify: Verify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str
) -> None:
    """A difference in what dagport itself writes names lines of the files that ``translate`` writes."""
    made = project(tmp_path, to)
    monkeypatch.setattr(Order, "before", lambda *_: set())
    monkeypatch.setattr(Order, "__init__", without_edges)
    done = verify(made.source, "--to", to)
    assert done.exit_code == 1, done.output
    assert verify(made.source, made.folder).output == done.output


def without_edges(order: Order, *_: object) -> None:
    """As if the source had no edges: each of the target's is a difference that names its line."""
    order.direct = {name: set() for name in ("orders", "returns", "net", "archive", "after.tell")}
    order.flows = {name: set() for name in order.direct}


@pytest.mark.parametrize(("to", "old"), [("dagster", ', rule="all_done"'), ("prefect", 'rule="all_done", ')])
def test_ends_of_what_is_approximate_for_another_reason(verify: Verify, tmp_path: Path, to: str, old: str) -> None:
    """A setting without a counterpart excuses no other end."""
    source = GATED.replace('trigger_rule="all_done"', 'trigger_rule="all_done", pool="small", pool_slots=2')
    made = project(tmp_path, to, source)
    assert "reported: approximate: archive: `pool_slots`" in verify(made.source, made.folder).output
    made.change(old, "")
    told = json.loads(verify(made.source, made.folder, "--format", "json").output)
    states = {row["check"]: row["state"] for row in told["verdicts"]}
    assert states == {"structure": "different", "schedule": "same", "outcomes": "different"}


@pytest.mark.parametrize("to", ["dagster", "prefect"])
def test_ends_that_the_writer_doubts(verify: Verify, tmp_path: Path, to: str) -> None:
    source = tmp_path / "shop.py"
    source.write_text(GROUP.replace("all_done", "all_done_min_one_success"), "utf-8")
    done = verify(source, "--to", to)
    assert done.exit_code == 0, done.output
    assert "reported: approximate: each.tell" in done.output


COMMANDS = """
from datetime import datetime
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("shop", schedule=None, start_date=datetime(2026, 1, 1)):
    fetched = BashOperator(task_id="fetched", bash_command="fetch", skip_on_exit_code=None)
    checked = BashOperator(task_id="checked", bash_command="check", skip_on_exit_code=None)
    told = BashOperator(task_id="told", bash_command="tell", skip_on_exit_code=None)
    fetched >> checked >> told
"""


def test_a_command_that_skips_its_task(verify: Verify, tmp_path: Path) -> None:
    """Bash has no function that could raise the exception."""
    made = project(tmp_path, "dagster", COMMANDS)
    never = verify(made.source, made.folder)
    assert (never.exit_code, "skip" in never.output) == (0, False), never.output
    made.source.write_text(COMMANDS.replace('"fetch", skip_on_exit_code=None', '"fetch"'), "utf-8")
    done = verify(made.source, made.folder)
    assert done.exit_code == 1
    assert "fetched: skipped in the source, failed in the target, when `fetched` skips itself" in done.output


@pytest.mark.parametrize("style", ["ops", "assets", "auto"])
def test_a_folder_of_another_style(verify: Verify, tmp_path: Path, style: str) -> None:
    """Whole DAGs that Airflow runs are assets in every style."""
    source = FIXTURES / "airflow" / "delegated_tasks" / "input.py"
    out = tmp_path / "out"
    assert run(["translate", str(source), "--to", "dagster", "--style", style, "--out", str(out), "--no-cache"]) == 0
    done = verify(source, out)
    assert (done.exit_code, "unknown" in done.output) == (0, False), done.output
