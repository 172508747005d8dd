"""Arguments of a DAG that have no field in the graph: what becomes of each in targets that are Python code.

One that isn't in these tables is told, too, so nothing gets lost when Airflow adds one. What changes how templates are
rendered is looked at where they are: ``renders_otherwise``. Source: ``DAG.__init__`` of Airflow 2.11 and 3.3.
"""

from __future__ import annotations

from collections.abc import Iterator

from dagport.graph import Pipeline
from dagport.writers.common.model import Note

IGNORED = frozenset(
    {
        # Templates follow them, or are the task's own that Airflow renders.
        "jinja_environment_kwargs", "render_template_as_native_obj", "template_searchpath", "template_undefined",
        "user_defined_filters", "user_defined_macros",
        # They are about the versions that Airflow keeps of its DAGs.
        "disable_bundle_versioning", "rerun_with_latest_version",
    }
)  # fmt: skip
PAUSED = "is_paused_upon_creation"
FAILS_FAST = ("fail_fast", "fail_stop")
ADVICE = {
    "access_control": "who may see and start it is set where it runs",
    "allowed_run_types": "runs of every kind can be started",
    "dag_display_name": "it has no second name",
    "deadline": "have an alert tell of runs that take too long",
    PAUSED: "the schedule is off until it is turned on",
    "max_consecutive_failed_dag_runs": "the schedule stays on, however many runs have failed",
    "owner_links": "an owner has no link",
    **dict.fromkeys(FAILS_FAST, "where a task fails, the others go on"),
}
OTHER = "it has no place in the target"


def notes_of(pipeline: Pipeline) -> Iterator[Note]:
    """What of a DAG's arguments isn't carried over."""
    for name, value in pipeline.arguments.items():
        if name in IGNORED or (name == PAUSED and isinstance(value, bool)):
            continue
        yield "DP403", f"`{name}` isn't carried over: {ADVICE.get(name, OTHER)}"


def starts_on(pipeline: Pipeline) -> bool:
    """Whether its schedule is on as soon as it is there. A new DAG is paused, unless something says otherwise."""
    return pipeline.arguments.get(PAUSED) is False


def differences(pipeline: Pipeline) -> Iterator[str]:
    """How every task of the pipeline may end otherwise than in Airflow."""
    for name in FAILS_FAST:
        if pipeline.arguments.get(name) and len(pipeline.tasks) > 1:
            yield f"`{name}` isn't carried over: it goes on where another task has failed, which ends it in Airflow"


def renders_otherwise(pipeline: Pipeline, template: str) -> bool:
    """Whether the DAG changes what a template comes to."""
    arguments = pipeline.arguments
    changes = ("jinja_environment_kwargs", "render_template_as_native_obj", "template_undefined")
    filtered = "|" in template and bool(arguments.get("user_defined_filters"))
    return filtered or any(arguments.get(name) for name in changes)
