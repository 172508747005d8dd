"""``DatabricksWorkflowTaskGroup``: a task group that adds a task of its own at the end of its block.

Source: ``airflow.providers.databricks.operators.databricks_workflow`` (``__exit__``), provider 7.23.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import Anything, CallSite, PyRaise, UserClass
from dagport.readers.airflow.group import init_group
from dagport.readers.airflow.nodes import Group, Task, XComRef
from dagport.readers.airflow.relations import relate
from dagport.readers.airflow.task import depend_on_results, make_operator

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

HOME = "airflow.providers.databricks.operators"
LAUNCH = f"{HOME}.databricks_workflow._CreateDatabricksWorkflowOperator"
# Operators with the method `_convert_to_databricks_workflow_task`; both have `workflow_run_metadata`, which the group
# sets to the result of its own task, among their template fields.
CONVERTIBLE = {f"{HOME}.databricks.DatabricksNotebookOperator", f"{HOME}.databricks.DatabricksTaskOperator"}
HANDED_ON: dict[str, Any] = {  # to the group's own task, with what stands for a false value
    "databricks_conn_id": None,
    "access_control_list": None,
    "existing_clusters": [],
    "extra_job_params": {},
    "jar_params": [],
    "job_clusters": [],
    "max_concurrent_runs": 1,
    "notebook_params": {},
    "python_params": [],
    "spark_submit_params": [],
}
POSITIONAL = (*list(HANDED_ON)[:7], "notebook_packages", *list(HANDED_ON)[7:])
EARLY = "a dependency of this task group is drawn before the end of its block, where it makes a task of its own"


class WorkflowGroup(Group):
    """A ``DatabricksWorkflowTaskGroup``."""

    __slots__ = ("arguments", "closed", "early")

    def __init__(self, arguments: dict[str, Anything]) -> None:
        self.arguments = arguments
        self.closed = False
        self.early = False  # an end of a dependency before its own task was made
        super().__init__()

    def roots(self) -> list[Task]:
        """As of any group, from the end of the block on."""
        self.early = self.early or not self.closed
        return super().roots()

    def leaves(self) -> list[Task]:
        """As of any group, from the end of the block on."""
        self.early = self.early or not self.closed
        return super().leaves()

    def leave(self, machine: Machine, site: CallSite) -> None:
        """Make the task that starts the workflow, before all others."""
        if self.closed or self.early:
            machine.doubt("DP208", EARLY if self.early else "the block of this task group runs twice", site, self.dag)
        roots, tasks = Group.roots(self), [task for task in self.all_tasks() if task.mapped is None]
        given = {"task_id": "launch", "dag": self.dag, "task_group": self, **self.arguments}
        launch = make_operator(LAUNCH)(machine, [], given, site)
        self.closed = True
        for task in tasks:
            _check_convertible(machine, task, site)
            depend_on_results(machine, task, XComRef([(launch, "return_value")]), site)
        for root in roots:
            relate(machine, root, launch, site, upstream=True)
        super().leave(machine, site)


def _check_convertible(machine: Machine, task: Task, site: CallSite) -> None:
    names = {task.operator, *task.cls.externals()}
    if names & CONVERTIBLE:
        return
    if isinstance(task.cls, UserClass) and not task.operator.startswith("airflow."):
        message = f"whether the task {task.task_id!r} can be part of a Databricks workflow isn't known"
        machine.doubt("DP205", message, site, task.dag)
        return
    message = f"Task {task.task_id} does not support conversion to databricks workflow task."
    raise PyRaise("airflow.exceptions.AirflowException", message)


def make_workflow_group(
    machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite
) -> Anything:
    """``DatabricksWorkflowTaskGroup(...)``."""
    own = {**dict(zip(POSITIONAL, args, strict=False)), **{name: kwargs[name] for name in POSITIONAL if name in kwargs}}
    if "databricks_conn_id" not in own:
        raise PyRaise("TypeError", "__init__() missing 1 required positional argument: 'databricks_conn_id'")
    arguments = {name: own.get(name, default) for name, default in HANDED_ON.items()}
    for name, default in HANDED_ON.items():
        if default is not None and default != 1 and machine.truth(arguments[name]) is False:
            arguments[name] = default
    rest = {name: value for name, value in kwargs.items() if name not in POSITIONAL}
    return init_group(machine, WorkflowGroup(arguments), [], rest, site)
