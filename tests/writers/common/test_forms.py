"""Forms of tasks: what each writes, and what it leaves to Airflow."""

from __future__ import annotations

import pytest

from dagport.graph import Task
from dagport.values import Call, Code, Ref, Template, Value, XCom
from dagport.writers.common.model import Refused
from tests.writers.common.forming import (
    ASSET,
    DELTA,
    FILE,
    LATEST,
    MOMENT,
    SDK,
    SENSORS,
    STANDARD,
    task,
    written,
)
from tests.writers.dagster.making import DAILY

EXTERNAL, VIRTUALENV = f"{STANDARD}.python.ExternalPythonOperator", f"{SDK}.virtualenv"
PYTHON: dict[str, Value] = {"python": "/opt/env/bin/python"}
MONDAY = f"{STANDARD}.weekday.BranchDayOfWeekOperator"
BETWEEN = f"{STANDARD}.datetime.BranchDateTimeOperator"
CHOICE: dict[str, Value] = {"follow_task_ids_if_true": "yes", "follow_task_ids_if_false": ["no", "never"]}
AFTERNOON: dict[str, Value] = {
    "target_lower": Call("datetime.time.fromisoformat", ("12:00:00",)),
    "target_upper": Call("datetime.time.fromisoformat", ("18:00:00",)),
}
WEEKEND = Call("set", ([Ref("airflow.providers.standard.utils.weekday.WeekDay.SUNDAY"), "saturday"],))


WRITTEN: dict[str, tuple[Task, list[str]]] = {
    # Another Python
    "external": (
        task(EXTERNAL, "plain", {**PYTHON, "op_args": [XCom("load")]}),
        [
            "def work(load):",
            'return run_in_python("/opt/env/bin/python", plain_function, args=[load])',
            "def plain_function(values, factor=2):",
            '"""Some values."""',
            "return [value * factor for value in values]",
        ],
    ),
    "external, this Python": (
        task(EXTERNAL, "nothing", {"python": Ref("sys.executable")}),
        [
            "def work() -> None:",
            "run_in_python(sys.executable, nothing_function)",
            "def nothing_function():",
            'print("done")',
        ],
    ),
    "a virtual environment": (
        task(
            VIRTUALENV,
            "annotated",
            {
                "requirements": Call("tuple", (["numpy==2.1"],)),
                "op_kwargs": {"values": [1, 2]},
                "system_site_packages": False,
                "venv_cache_path": Call("pathlib.Path", (Call("tempfile.gettempdir"),)),
                "env_vars": {"DAY": Template("{{ ds }}", ("ds",))},
            },
        ),
        [
            "def work() -> dict[str, Any]:",
            'return run_in_virtualenv(annotated_function, kwargs={"values": [1, 2]}, requirements=["numpy==2.1"], '
            'system_site_packages=False, cache=pathlib.Path(tempfile.gettempdir()), env={"DAY": "{{ ds }}"})',
            "def annotated_function(values):",
            'return {"most": max(values)}',
        ],
    ),
    "a date for another Python": (
        task(EXTERNAL, "dated", PYTHON),
        [
            "def work(context: dg.AssetExecutionContext):",
            'return run_in_python("/opt/env/bin/python", dated_function, kwargs={"ds": context.partition_key})',
            'def dated_function(ds, unit="cm"):',
            'return f"{ds} {unit}"',
        ],
    ),
    # Commands
    "a command in one line": (
        task(f"{SDK}.bash", "one_line"),
        ["def work(context: dg.AssetExecutionContext):", 'yield from run_bash(context, "echo done")'],
    ),
    "a command that is a template": (
        task(f"{SDK}.bash", "template"),
        [
            "def work(context: dg.AssetExecutionContext):",
            'yield from run_bash(context, f"echo {context.partition_key}")',
        ],
    ),
    "a command in several lines": (
        task(f"{SDK}.bash", "lines", {"skip_on_exit_code": None}),
        [
            "def work(context: dg.AssetExecutionContext):",
            "yield from run_bash(context, lines_command(), returned=True, skip_on=())",
            "def lines_command():",
            "# Two of them.",
            'return """',
            "echo 1",
            "echo 2",
            '"""',
        ],
    ),
    "a command that is made": (
        task(f"{SDK}.bash", "plain", {"op_kwargs": {"values": [1]}, "output_processor": Ref("json.loads")}),
        [
            "def work(context: dg.AssetExecutionContext):",
            "yield from run_bash(context, plain_command(values=[1]), returned=True, process=json.loads)",
            "def plain_command(values, factor=2):",
            '"""Some values."""',
            "return [value * factor for value in values]",
        ],
    ),
    # The clock
    "a weekday": (
        task(MONDAY, None, {**CHOICE, "week_day": "MONDAY"}),
        ["def work():", 'return "yes" if is_weekday(["Monday"]) else ["no", "never"]'],
    ),
    "weekdays of the run": (
        task(MONDAY, None, {**CHOICE, "week_day": WEEKEND, "use_task_logical_date": True}),
        [
            "def work(context: dg.AssetExecutionContext):",
            'return "yes" if is_weekday(["Saturday", "Sunday"], moment=context.partition_time_window.start) '
            'else ["no", "never"]',
        ],
    ),
    "hours": (
        task(BETWEEN, None, {**CHOICE, **AFTERNOON}),
        ["def work():", 'return "yes" if is_between("12:00:00", "18:00:00") else ["no", "never"]'],
    ),
    "a date and no end": (
        task(BETWEEN, None, {**CHOICE, "target_lower": Call("datetime.datetime.fromisoformat", ("2026-01-01",))}),
        ["def work():", 'return "yes" if is_between("2026-01-01", None) else ["no", "never"]'],
    ),
    # Choosing
    "a branch": (task(f"{SDK}.branch", "one_line"), ["def work():", 'return "echo done"']),
    "a short circuit": (
        task(f"{STANDARD}.python.ShortCircuitOperator", "plain", {"op_args": [[1]]}),
        [
            "def work():",
            '"""Some values."""',
            "values = [1]",
            "factor = 2",
            "return [value * factor for value in values]",
        ],
    ),
    # The context
    "conf": (task(SDK, "conf"), ["def work(config: Config):", 'return config.conf["name"]']),
    "only type checkers read it": (task(SDK, "checked_only"), ["def work():", "n = 1", "if n:", "pass", "return n"]),
    "macros": (
        task(SDK, "week_later"),
        ["def work(context: dg.AssetExecutionContext):", "ds = context.partition_key", "return ds_add(ds, 7)"],
    ),
    "a date as text": (
        task(SDK, "shown"),
        [
            "def work(context: dg.AssetExecutionContext):",
            "logical_date = context.partition_time_window.start",
            "print(logical_date)",
            "moment = logical_date",
            'return f"at {moment}" + str(moment.year)',
        ],
    ),
    "the latest run": (
        task(LATEST, kind="branch"),
        [
            "def work(context: dg.AssetExecutionContext):",
            "return [] if is_latest(context, context.partition_time_window.start, context.partition_time_window.end) "
            "else []",
        ],
    ),
    # Waiting
    "a sensor": (
        task(f"{SDK}.sensor", "look", {"op_args": [5], "poke_interval": 5, "timeout": 60.5, "mode": "reschedule"}),
        [
            "def work():",
            "return poke_until(lambda: look_poke(5), interval=5, timeout=60.5)",
            "def look_poke(size=1):",
            "if size > LIMIT:",
            "return Poke(is_done=True, xcom_value=size)",
            "return Poke(False)",
        ],
    ),
    "a sensor without a result": (
        task(f"{SENSORS}.python.PythonSensor", "is_there"),
        ["def work() -> None:", "poke_until(is_there_poke)", "def is_there_poke():", "return LIMIT > 2"],
    ),
    "a length of time": (
        task(DELTA, None, {"delta": Call("datetime.timedelta", (), {"minutes": 5}), "deferrable": True}),
        [
            "def work(context: dg.AssetExecutionContext) -> None:",
            "poke_until(lambda: has_passed(context.partition_time_window.start, seconds=300))",
        ],
    ),
    "a moment": (
        task(MOMENT, None, {"target_time": Template("{{ ds }}T06:00:00", ("ds",))}),
        [
            "def work(context: dg.AssetExecutionContext) -> None:",
            'poke_until(lambda: has_passed(f"{context.partition_key}T06:00:00"))',
        ],
    ),
    "a file": (
        task(FILE, None, {"filepath": "/data/*.csv", "recursive": True}),
        ["def work() -> None:", 'poke_until(lambda: has_file("/data/*.csv", recursive=True))'],
    ),
    "a sensor whose timeout has no other try": (
        task(FILE, None, {"filepath": "/a", "timeout": 60, "mode": "poke"}, retries=2),
        [
            "def work() -> None:",
            'poke_until(lambda: has_file("/a"), timeout=60, late=lambda said: dg.Failure(said, allow_retries=False))',
        ],
    ),
    # Assets
    "an asset": (
        task(ASSET, "nothing", {"definition_name": "rows"}),
        ["def work() -> None:", 'print("done")'],
    ),
}


@pytest.mark.parametrize("case", WRITTEN)
def test_written(case: str) -> None:
    subject, lines = WRITTEN[case]
    assert written(subject, schedule=DAILY)[0] == lines


REFUSED: dict[str, tuple[Task, str]] = {
    "a name of the module": (task(EXTERNAL, "of_module", {**PYTHON, "op_args": [[1]]}), "`LIMIT`, which isn't there"),
    "a name in a default": (task(EXTERNAL, "of_default", {**PYTHON, "op_args": [[1]]}), "`LIMIT`, which isn't there"),
    "a date that is gone": (
        task(MOMENT, None, {"target_time": Template("{{ execution_date.hour }}:00", ("execution_date",))}),
        "which Airflow 3 doesn't have",
    ),
    "an unknown Python": (task(EXTERNAL, "nothing", {"python": Code("x()", "unknown")}), "isn't known"),
    "no Python": (task(EXTERNAL, "nothing"), "which Python it runs in isn't known"),
    "the context elsewhere": (task(EXTERNAL, "whole_context", PYTHON), "context"),
    "a push elsewhere": (task(EXTERNAL, "pushes", PYTHON), "asks for more of Airflow"),
    "a skip elsewhere": (task(EXTERNAL, "skips", PYTHON), "asks for more of Airflow"),
    "conf elsewhere": (task(EXTERNAL, "conf", PYTHON), "and runs in another Python"),
    "later elsewhere": (task(EXTERNAL, "later", PYTHON), "isn't a plain one"),
    "texts for the script": (task(EXTERNAL, "nothing", {**PYTHON, "string_args": ["a"]}), "string_args"),
    "an exit code that skips": (task(EXTERNAL, "nothing", {**PYTHON, "skip_on_exit_code": 3}), "skip_on_exit_code"),
    "a file of requirements": (task(VIRTUALENV, "nothing", {"requirements": "requirements.txt"}), "template file"),
    "indexes of connections": (task(VIRTUALENV, "nothing", {"index_urls_from_connection_ids": ["x"]}), "index_urls"),
    "a serializer that isn't known": (task(VIRTUALENV, "nothing", {"serializer": Code("x()", "y")}), "isn't known"),
    "a cache that isn't known": (task(VIRTUALENV, "nothing", {"venv_cache_path": Ref("a.b.c")}), "has no form"),
    "a script file": (task(f"{SDK}.bash", "script"), "template file"),
    "a template that is made": (
        task(f"{SDK}.bash", "half_template", {"op_args": ["x"]}),
        "which Airflow renders when it has run",
    ),
    "a command of XComs": (task(f"{SDK}.bash", "pulls"), "XComs"),
    "a command later": (task(f"{SDK}.bash", "later"), "asynchronous"),
    "a processor that isn't known": (
        task(f"{SDK}.bash", "one_line", {"output_processor": Ref("train.parsed")}),
        "has no form",
    ),
    "a branch that pushes": (task(f"{SDK}.branch", "pushes"), "isn't its result, or not all of it"),
    "a branch whose result isn't kept": (
        task(f"{SDK}.branch", "one_line", {"do_xcom_push": False}),
        "isn't its result, or not all of it",
    ),
    "no day": (task(MONDAY, None, {**CHOICE, "week_day": "Someday"}), "week_day isn't known"),
    "a day that isn't known": (task(MONDAY, None, {**CHOICE, "week_day": Code("x()", "y")}), "week_day isn't known"),
    "no bounds": (task(BETWEEN, None, CHOICE), "neither target_lower nor target_upper"),
    "a bound that isn't known": (task(BETWEEN, None, {**CHOICE, "target_lower": Code("x()", "y")}), "isn't known"),
    "ids that aren't known": (
        task(MONDAY, None, {**CHOICE, "week_day": "Monday", "follow_task_ids_if_true": Code("x()", "y")}),
        "follow_task_ids_if_true isn't known",
    ),
    "a sensor that skips": (task(f"{SDK}.sensor", "look", {"soft_fail": True}), "it has soft_fail"),
    "a sensor with a backoff": (task(DELTA, None, {"exponential_backoff": True}), "exponential_backoff"),
    "a sensor with retries that reschedules itself": (
        task(FILE, None, {"filepath": "/a", "mode": "reschedule"}, retries=2),
        "doesn't wait in its own process",
    ),
    "a sensor with retries that defers itself": (
        task(FILE, None, {"filepath": "/a", "deferrable": True}, retries=2),
        "doesn't wait in its own process",
    ),
    "a sensor of XComs": (task(f"{SDK}.sensor", "pulls"), "looks at XComs"),
    "a sensor later": (task(f"{SDK}.sensor", "later"), "asynchronous"),
    "an interval that isn't known": (
        task(FILE, None, {"filepath": "/a", "poke_interval": Code("x()", "y")}),
        "its poke_interval isn't known",
    ),
    "a delta that isn't known": (task(DELTA, None, {"delta": Code("x()", "y")}), "its delta isn't known"),
    "a moment that isn't ISO 8601": (task(MOMENT, None, {"target_time": "tomorrow"}), "isn't an ISO 8601 date"),
    "a moment that isn't known": (task(MOMENT, None, {"target_time": Code("x()", "y")}), "target_time isn't known"),
    "a file below a folder": (task(FILE, None, {"filepath": "a.csv"}), "isn't absolute"),
    "a poke outside of a sensor": (task(SDK, "look"), "PokeReturnValue is raised, which has no form"),
    "an asset object": (task(ASSET, "by_name"), "an asset object of Airflow's"),
    "the asset itself": (task(ASSET, "of_run"), "an asset object of Airflow's, by its parameter `self`"),
    "all of the context": (task(ASSET, "whole_context"), "the context is used as a whole"),
    "a default that hides the context": (task(ASSET, "named_like_context"), "has the name of an entry"),
    "a partition's key in a run with a date": (task(SDK, "keyed"), "`dag_run.partition_key`"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    subject, reason = REFUSED[case]
    with pytest.raises(Refused, match=reason.replace("(", r"\(")):
        written(subject, schedule=DAILY)
