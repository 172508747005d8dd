"""Settings of a task: the walk through the arguments that the form of a task doesn't read.

The tables of a target say what becomes of every base argument of an operator; a setting in none of them is refused, so
nothing gets lost when Airflow adds one. Source: ``BaseOperator.__init__`` of Airflow 1.10, 2.11 and 3.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dagport.graph import Pipeline, Task
from dagport.values import Call, Value
from dagport.writers.common.literals import text_literal
from dagport.writers.common.model import Note, Settings

DEFAULT_RETRY_DELAY = 300  # seconds; `default_task_retry_delay`
DEFAULT_OWNER = "airflow"
DEFAULT_POOL = "default_pool"
OTHER_DOCS = ("doc_rst", "doc_json", "doc_yaml")
EMAILS = ("email_on_failure", "email_on_retry")  # on, unless they are turned off
SECONDS = len("2026-01-01T00:00:00")

# The rows of a target's tables that say the same in each whose tasks are Python functions.
IGNORED: Mapping[str, str] = {
    **dict.fromkeys(("doc", "doc_md", *OTHER_DOCS), "it is the description"),
    "provide_context": "it has no effect since Airflow 2",
    "map_index_template": "it only labels mapped tasks",
    "do_xcom_push": "the form of the task follows it",
    "xcom_push": "the form of the task follows it",
    "allow_nested_operators": "a warning of Airflow only",
    "render_template_as_native_obj": "the form of the task follows it",
}
APPROXIMATED: Mapping[str, str] = {
    "start_date": "the task starts with its DAG",
    "end_date": "the task ends with its DAG",
    "max_retry_delay": "the delay isn't capped",
    "ignore_first_depends_on_past": "see depends_on_past",
    "wait_for_past_depends_before_skipping": "see depends_on_past",
}
REFUSED: Mapping[str, str] = {
    "pre_execute": "it runs code before the task",
    "post_execute": "it runs code after the task",
    "retry_policy": "its rules decide which failures are retried",
    "params": "the task has params of its own",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """What becomes of the arguments that every operator has, each with an advice or a reason."""

    ignored: Mapping[str, str]  # they mean nothing in the target, or stand elsewhere
    noted: Mapping[str, str]  # they have no place, and don't change what the task does
    approximated: Mapping[str, str]  # they have no place, and may change what it does
    refused: Mapping[str, str]

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """The settings that aren't carried over exactly: setting, fidelity, advice. For the support table."""
        for name, advice in self.noted.items():
            yield f"`{name}`", "reported", advice
        for name, advice in self.approximated.items():
            yield f"`{name}`", "approximate", advice
        for name, why in self.refused.items():
            yield f"`{name}`", "delegated", why


@dataclass
class Collected:
    """What the settings of a task become, as it is found."""

    arguments: dict[str, str] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    approximations: list[str] = field(default_factory=list)

    def note(self, setting: str, advice: str) -> None:
        """A setting without a place, which doesn't change what the task does."""
        self.notes.append(("DP403", f"`{setting}` isn't carried over: {advice}"))

    def differ(self, setting: str, advice: str) -> None:
        """A setting without a place, which may change what the task does."""
        self.approximations.append(f"`{setting}` isn't carried over: {advice}")

    def settled(self, refusal: str | None) -> Settings:
        """What the settings become, once all of them have been looked at."""
        return Settings(
            arguments=self.arguments,
            notes=tuple(self.notes),
            approximations=tuple(self.approximations),
            refusal=refusal,
        )


def walk(task: Task, pipeline: Pipeline, own: frozenset[str], tables: Tables, found: Collected) -> str | None:
    """Go through the arguments that the form, which reads ``own``, doesn't; returns why the task is refused."""
    for name, value in task.arguments.items():
        if name in own or name in tables.ignored or _is_off(value) or _is_the_dags(name, value, pipeline):
            continue
        if name == "email" and not _sends_by_default(task):
            continue
        if name in tables.noted:
            found.note(name, tables.noted[name])
        elif name in tables.approximated:
            found.differ(name, tables.approximated[name])
        elif name in tables.refused:
            return f"`{name}` is set: {tables.refused[name]}"
        else:
            return f"the argument `{name}` isn't carried over"
    return None


def describe(task: Task, found: Collected) -> None:
    """A task's documentation is its description."""
    text = documentation(task)
    if text:
        found.arguments["description"] = text_literal(text)


def waits_for_past(task: Task, found: Collected) -> None:
    """Runs of a target don't wait for the run before."""
    for name in ("depends_on_past", "wait_for_downstream"):
        if getattr(task, name):
            found.differ(name, "it doesn't wait for the run before")


def documentation(task: Task) -> str | None:
    """The text that documents a task."""
    return task.doc or next((value for name in OTHER_DOCS if isinstance(value := task.arguments.get(name), str)), None)


def _is_off(value: Value) -> bool:
    return value is None or value is False or value in ([], {}, "")


def _sends_by_default(task: Task) -> bool:
    """Whether a task writes e-mails since nothing else is said; of a switch that is on, it is told anyway."""
    switches = [task.arguments.get(name) for name in EMAILS]
    return True not in switches and None in switches


def _is_the_dags(name: str, value: Value, pipeline: Pipeline) -> bool:
    """Whether a date is the DAG's own, which is where ``default_args`` put it."""
    dates = {"start_date": pipeline.start_date, "end_date": pipeline.end_date}
    date = dates.get(name)
    if date is None or not isinstance(value, Call) or not value.args:
        return False
    return str(value.args[0])[:SECONDS] == date[:SECONDS]
