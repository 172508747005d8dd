"""Small YAML files for the comparison with real dag-factory: a DAG's lines, a task's lines, or whole files."""

from __future__ import annotations

import random
from pathlib import Path

HERE = Path(__file__).parent
NAMES = {
    "@EMPTY": "airflow.providers.standard.operators.empty.EmptyOperator",
    "@BASH": "airflow.providers.standard.operators.bash.BashOperator",
    "@PYTHON": "airflow.providers.standard.operators.python.PythonOperator",
    "@BRANCH": "airflow.providers.standard.operators.python.BranchPythonOperator",
    "@SENSOR": "airflow.providers.standard.sensors.python.PythonSensor",
    "@EXTERNAL": "airflow.providers.standard.sensors.external_task.ExternalTaskSensor",
    "@TRIGGER": "airflow.providers.standard.operators.trigger_dagrun.TriggerDagRunOperator",
    "@SQL": "airflow.providers.common.sql.sensors.sql.SqlSensor",
    "@TASK": "airflow.sdk.task",
    "@F": "callables.functions",
    "@O": "callables.operators",
}
COMBINED = 100  # files made by a seed
MANY = "".join(
    f"    t{n}: {{operator: @BASH, bash_command: echo {n}, dependencies: [{f't{n - 1}' if n else ''}]}}\n"
    for n in range(30)
)
FILES = {
    "windows line ends": "d:\r\n  description: |\r\n    one\r\n    two\r\n  tasks:\r\n    a: {operator: @EMPTY}\r\n",
    "byte order mark": "\ufeffd:\n  tasks:\n    a: {operator: @EMPTY}\n",
    "many tasks": f"d:\n  schedule: '@daily'\n  start_date: 2024-01-01\n  tasks:\n{MANY}",
    **{path.stem.replace("_", " "): path.read_text("utf-8") for path in sorted((HERE / "odd").glob("*.yml"))},
}


def _entries(name: str) -> list[str]:
    lines = [line for line in (HERE / name).read_text("utf-8").splitlines() if not line.startswith("#")]
    return "\n".join(lines).replace("\n\\", "\0").replace("\n", "\1").replace("\0", "\n").split("\1")


def _filled(text: str) -> str:
    for short, name in sorted(NAMES.items(), reverse=True):
        text = text.replace(short, name)
    return text


def program(dag: str = "", tasks: str = "", groups: str = "") -> str:
    """A whole file around some lines."""
    own = {line.split(":")[0] for line in dag.splitlines()}
    usual = ("schedule: '@daily'", "start_date: 2024-01-01")
    base = "".join(f"  {line}\n" for line in usual if line.split(":")[0] not in own)
    group_lines = f"  task_groups:\n    {groups}\n" if groups else ""
    return (
        "default:\n  default_args: {owner: ana, retries: 2}\n"
        f"d:\n{base}  {dag}\n{group_lines}  tasks:\n"
        "    a: {operator: @EMPTY}\n"
        "    b: {operator: @BASH, bash_command: echo b, dependencies: [a]}\n"
        "    c: {operator: @EMPTY, dependencies: [a, b]}\n"
        f"    {tasks}\n"
    )


def _with_groups(entry: str) -> str:
    groups, _, tasks = entry.partition(" | ")
    return program(groups=groups, tasks=tasks)


def _combined(seed: int) -> str:
    """Some lines of each kind together, by a seed."""
    chance = random.Random(seed)
    dag = {line.split(":")[0]: line for line in chance.sample(_entries("dag_lines.txt"), chance.randint(0, 2))}
    groups, _, tasks = chance.choice(_entries("group_lines.txt")).partition(" | ")
    chosen = {line.split(":")[0]: line for line in chance.sample(_entries("task_lines.txt"), chance.randint(0, 2))}
    if chance.random() < 0.5 or "task_groups" in dag:
        return program("\n  ".join(dag.values()), "\n    ".join(chosen.values()))
    return program("\n  ".join(dag.values()), tasks, groups)


PROGRAMS = {
    **{lines: _filled(program(dag=lines)) for lines in _entries("dag_lines.txt")},
    **{lines: _filled(program(tasks=lines)) for lines in _entries("task_lines.txt")},
    **{lines: _filled(_with_groups(lines)) for lines in _entries("group_lines.txt")},
    **{name: _filled(text) for name, text in FILES.items()},
    **{f"seed {seed}": _filled(_combined(seed)) for seed in range(COMBINED)},
}
