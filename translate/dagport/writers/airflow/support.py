"""What is written for Airflow, and how well: the table of ``docs/support-airflow.md``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dagport.writers.airflow.written.dag import NOT_IN_2 as DAG_NOT_IN_2
from dagport.writers.airflow.written.dag import RENDERING
from dagport.writers.airflow.written.schedule import CRON, DELTA
from dagport.writers.airflow.written.settings import NOT_IN_2, OWN_NOT_IN_2, SHARED
from dagport.writers.common.support_page import Row, tables


def _class(name: str) -> str:
    return f"`{name.rpartition('.')[2]}`"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


TASKS: tuple[Row, ...] = (
    ("an operator", "native", "a call of its class in `with DAG(...)`, imported from where the version has it"),
    ("a TaskFlow task whose function is in the source", "native",
     "the function, its body as it was, under its decorator; calls hand over the results"),
    ("several tasks of one function", "native", "one function; what differs is in `.override(...)`"),
    ("a function that a task's operator calls", "native",
     "imported from its module, or brought along with what it needs of its own"),
    ("a function in the source of a graph in JSON", "manual", "the body isn't in the graph"),
    ("methods, functions with names of the functions around them that aren't known", "manual",
     "they can't be moved alone"),
    ("a mapped task", "native", "`.partial(...).expand(...)` or `.expand_kwargs(...)`"),
    ("a mapped task group", "native", "`@task_group` and `.expand(...)`"),
    ("a result that is changed on the way: `.map`, `.zip`, `.concat`", "manual", "the graph doesn't hold how"),
    ("groups", "native", "`with TaskGroup(...)`, in an order in which each result exists before it is used"),
    ("setup and teardown", "native", "`.as_setup()`, `.as_teardown(...)`"),
    ("`@task.run_if`, `@task.skip_if`", "native", "as in the source; without it they aren't known"),
    ("`@asset`", "native", "as in the source; Airflow 2 hasn't them: manual"),
    ("an operator class of the project's own", "native",
     "called with what its call in the source has, below the source's `default_args`; without a source in Python "
     "approximate where there are `default_args`"),
    ("a task that depends on a condition", "approximate", "it is always there"),
)  # fmt: skip
ORDER: tuple[Row, ...] = (
    ("dependencies", "native", "`a >> [b, c] >> d`, and between groups where all of their ends are joined"),
    ("labels", "native", "`a >> Label(...) >> b`"),
    ("results that go to and fro between two groups", "manual", "the whole DAG"),
)
DAGS: tuple[Row, ...] = (
    ("a plain cron expression of the other version", "native",
     f"the timetable that it means there: {' or '.join(map(_class, CRON.values()))}"),
    ("a plain `timedelta` of the other version", "native",
     " or ".join(map(_class, DELTA.values()))),
    ("no `catchup`, in a graph of the other version", "native", "that version's default is written out"),
    ("assets and their conditions", "native", "variables, `a & (b | c)`; in Airflow 2 datasets, known by their URI"),
    ("timetables, calls of other modules", "native", "the same call"),
    ("what the analysis couldn't know", "native", "its source text, where that means the same at the top of a module"),
    ("a schedule that can't be written", "approximate", "none (DP407)"),
    ("settings that all tasks share", "native", "`default_args`"),
    ("what templates are rendered with", "manual", "the whole DAG, where one of these can't be written: "
     + _listed(RENDERING)),
    ("other arguments of a DAG that can't be written", "approximate", "left out (DP403)"),
    ("documentation", "native", "`doc_md`; a long one is a constant"),
)  # fmt: skip
IN_2: tuple[Row, ...] = (
    ("names that only Airflow 3 has", "manual", "no home in Airflow 2, no task"),
    ("arguments of every operator", "manual", _listed(NOT_IN_2)),
    *((f"`{name}`", "manual", f"with {_listed(names)}") for name, names in sorted(OWN_NOT_IN_2.items())),
    ("arguments of a DAG", "approximate", f"left out: {_listed(DAG_NOT_IN_2)}"),
    ("assets whose name isn't their URI", "approximate", "Airflow 2 knows the URI only"),
    ("no `start_date`", "approximate", "Airflow 2 asks for one: 1970, which is native where nothing is timed"),
)  # fmt: skip


def rows() -> Iterator[tuple[str, tuple[Row, ...]]]:
    """The sections of the table."""
    yield "Tasks", TASKS
    yield "The order between them", ORDER
    yield "DAGs", DAGS
    yield "Only for `--target-version 2`", IN_2


def support_table() -> str:
    """The page ``docs/support-airflow.md``."""
    lines = [
        "# What `--to airflow` writes",
        "",
        "This page is generated from `dagport.writers.airflow.support`; a test fails when it is stale.",
        "",
        "| source | `--target-version 3` (default) | `--target-version 2` |",
        "|---|---|---|",
        "| Python for Airflow 3 | stays as it is | written anew |",
        "| Python for Airflow 2 | [changed in place](upgrading.md) | stays as it is |",
        "| Python for Airflow 1.10 | [changed in place](upgrading.md) | written anew |",
        "| [dag-factory's YAML](dag-factory.md) | written anew | written anew |",
        "| graphs in JSON (`--from json`) | written anew | written anew |",
        "",
        "A file is written anew from its graph: `a.yaml` becomes `a.py` at the same place below the output folder.",
        "Python files that only load YAML with dag-factory are left out, as their DAGs are written.",
        "",
        "- **native**: the same DAG; `dagport verify SOURCE --to airflow` proves it for Airflow 3.",
        "- **approximate**: a diagnostic says how it differs (DP402, DP403, DP407).",
        "- **manual**: the task is in its place and raises an error when it is run (DP401).",
        *tables(rows(), ("in the graph", "written")),
    ]
    lines += ["", "## What can be in `default_args`", "", _listed(SHARED)]
    return "\n".join(lines) + "\n"
