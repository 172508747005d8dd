"""A repository of any size: varied DAG files of several teams, which share helper packages and read data files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

TEAM_SIZE = 50  # files

SETTINGS = """\
from datetime import datetime, timedelta

START = datetime(2024, 1, 1)
DEFAULT_ARGS = {"owner": "data", "retries": 2, "retry_delay": timedelta(minutes=5)}


def default_args(**changes):
    return {**DEFAULT_ARGS, **changes}


def table(team, name):
    return f"warehouse.{team}.{name}"
"""
TASKS = """\
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import TaskGroup

from shared.settings import table


def load(name, team, source, **kwargs):
    command = f"load {source} {table(team, name)} {{{{ ds }}}}"
    return BashOperator(task_id=f"load_{name}", bash_command=command, **kwargs)


def checked(name, team, checks):
    with TaskGroup(f"checks_{name}") as group:
        for check in checks:
            BashOperator(task_id=check, bash_command=f"check {check} {table(team, name)}")
    return group
"""


def _classic(number: int, team: str) -> str:
    steps = [f"step_{step}" for step in range(3 + number % 5)]
    lines = [
        f'    {name} = BashOperator(task_id="{name}", bash_command="run {number} {name} {{{{ ds }}}}", '
        f"retries={index}, pool='{team}')"
        for index, name in enumerate(steps)
    ]
    return f'''\
"""Pipeline {number} of {team}."""

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

from shared.settings import START, default_args

with DAG(
    "{team}_classic_{number}",
    schedule="{number % 60} {number % 24} * * *",
    start_date=START,
    default_args=default_args(owner="{team}"),
    tags=["{team}", "classic"],
) as dag:
    start = EmptyOperator(task_id="start")
    end = EmptyOperator(task_id="end", trigger_rule="none_failed")
{chr(10).join(lines)}
    start >> [{", ".join(steps)}] >> end
'''


def _taskflow(number: int, team: str) -> str:
    return f'''\
from __future__ import annotations

import json

from airflow.sdk import dag, task

from shared.settings import START, default_args


@dag("{team}_taskflow_{number}", schedule="@daily", start_date=START, catchup=False, default_args=default_args())
def pipeline():
    @task
    def extract(day="{{{{ ds }}}}"):
        return json.loads('{{"rows": {number}}}')

    @task(retries={number % 4})
    def transform(data: dict) -> int:
        total = 0
        for value in data.values():
            total += value * {number}
        return total

    @task.branch
    def choose(total):
        return "publish" if total > {number} else "skip"

    @task
    def publish(): ...

    @task
    def skip(): ...

    choose(transform(extract())) >> [publish(), skip()]


pipeline()
'''


def _helpers(number: int, team: str) -> str:
    return f'''\
from airflow.sdk import DAG

from shared.settings import START
from shared.tasks import checked, load
from {team}_lib.sources import SOURCES

CHECKS = ("fresh", "unique", "complete")

with DAG("{team}_loads_{number}", schedule=None, start_date=START, tags=["{team}"]) as dag:
    previous = None
    for name, source in SOURCES.items():
        task = load(f"{{name}}_{number}", "{team}", source, retries={number % 3})
        task >> checked(name, "{team}", CHECKS[: {1 + number % 3}])
        if previous is not None:
            previous >> task
        previous = task
'''


def _data(number: int, team: str) -> str:
    return f'''\
import json
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

from shared.settings import START

SPEC = json.loads((Path(__file__).parent / "specs" / "spec_{number % 10}.json").read_text())

with DAG("{team}_data_{number}", schedule=SPEC["schedule"], start_date=START) as dag:
    tasks = {{}}
    for entry in SPEC["tasks"]:
        tasks[entry["id"]] = BashOperator(task_id=entry["id"], bash_command=entry["command"])
        for name in entry["after"]:
            tasks[name] >> tasks[entry["id"]]
'''


KINDS: tuple[Callable[[int, str], str], ...] = (_classic, _taskflow, _helpers, _data)


def write_repository(root: Path, files: int) -> None:
    """Write a repository with so many DAG files below ``root``, and the modules and data that they use."""
    texts = {"shared/__init__.py": "", "shared/settings.py": SETTINGS, "shared/tasks.py": TASKS, ".git/HEAD": ""}
    for number in range(files):
        team = f"team_{number // TEAM_SIZE}"
        if number % TEAM_SIZE == 0:
            texts |= _team(team)
        texts[f"dags/{team}/dag_{number}.py"] = KINDS[number % len(KINDS)](number, team)
    for path, text in texts.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")


def _team(team: str) -> dict[str, str]:
    sources = {name: f"s3://{team}/{name}/" for name in ("orders", "customers", "items")}
    texts = {f"{team}_lib/__init__.py": "", f"{team}_lib/sources.py": f"SOURCES = {sources!r}\n"}
    for number in range(10):
        tasks = [
            {"id": f"task_{index}", "command": f"run {index}", "after": [f"task_{index - 1}"] if index else []}
            for index in range(2 + number)
        ]
        spec = {"schedule": f"{number} * * * *", "tasks": tasks}
        texts[f"dags/{team}/specs/spec_{number}.json"] = json.dumps(spec, indent=2)
    return texts
