"""Where every task runs: the graphs of the DAGs and the switch file, put together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dagport.graph import FileGraph, Pipeline
from dagport_adapters.airflow.dagport_switch import RULES, Moved, SwitchError, did_you_mean, read_switch
from dagport_adapters.migration.checks import Finding, Given, check_move, resolve
from dagport_adapters.migration.edits import Key, lines_of
from dagport_adapters.migration.errors import MigrationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A pipeline and the file that has it."""

    path: str
    pipeline: Pipeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Where one task runs."""

    dag_id: str
    task_id: str
    path: str
    target: str | None  # its name; None: Airflow
    engine: str | None
    runs: str | None  # what runs there: assets, a job or a deployment


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """All DAGs and what has moved of them."""

    places: Mapping[str, Place]  # by DAG id
    moved: Mapping[Key, Moved]
    lines: Mapping[Key, int]  # of the switch file, from 1
    twice: tuple[str, ...] = ()  # ids of DAGs that several files have

    @classmethod
    def of(cls, graphs: Iterable[FileGraph], text: str) -> Estate:
        """The estate of the Airflow DAGs. Raises ``MigrationError`` for a switch file that can't be read."""
        try:
            moved = read_switch(text)
        except SwitchError as error:
            raise MigrationError(str(error)) from None
        places: dict[str, Place] = {}
        twice = []
        for graph in graphs:
            for pipeline in graph.pipelines if graph.orchestrator == "airflow" else ():
                if pipeline.id in places:
                    twice.append(pipeline.id)
                places[pipeline.id] = Place(path=graph.path, pipeline=pipeline)
        return cls(places=places, moved=moved, lines=_lines(text, moved), twice=tuple(twice))

    def rows(self) -> Iterator[Row]:
        """A row for each task, in the order of the DAGs' ids and of their definition."""
        for dag_id, place in sorted(self.places.items()):
            for task in place.pipeline.tasks:
                moved = self.moved.get((dag_id, task.id))
                yield Row(
                    dag_id=dag_id,
                    task_id=task.id,
                    path=place.path,
                    target=moved.target if moved else None,
                    engine=moved.engine if moved else None,
                    runs=runs(moved) if moved else None,
                )

    def findings(self) -> Iterator[Finding]:
        """What is wrong, or may be, with the tasks that have moved."""
        for dag_id in self.twice:
            yield Finding(
                severity="warning", dag_id=dag_id, task_id=None, message="several files have a DAG of this id"
            )
        for key, moved in self.moved.items():
            for finding in self.findings_of(key, moved):
                yield Finding(
                    severity=finding.severity,
                    dag_id=finding.dag_id,
                    task_id=finding.task_id,
                    message=finding.message,
                    line=self.lines.get(key),
                )

    def findings_of(self, key: Key, moved: Moved, together: Iterable[str] = ()) -> Iterator[Finding]:
        """What speaks against one task's having moved."""
        dag_id, task_id = key
        place = self.places.get(dag_id)
        if place is None:
            message = f"there is no such DAG.{did_you_mean(dag_id, self.places)}"
            yield Finding(severity="error", dag_id=dag_id, task_id=task_id, message=message)
            return
        task = next((item for item in place.pipeline.tasks if item.id == task_id), None)
        if task is None:
            known = [item.id for item in place.pipeline.tasks]
            message = f"the DAG has no such task.{did_you_mean(task_id, known)}"
            severity = "error" if place.pipeline.exact else "warning"
            yield Finding(severity=severity, dag_id=dag_id, task_id=task_id, message=message)  # type: ignore[arg-type]
            return
        settings = moved.settings
        if not settings.get("url") and not settings.get("conn_id"):
            message = (
                f"nothing says where {moved.target} is. Have this in the switch file, with your address or connection:"
                f"\n    targets:\n      {moved.target}: {{url: 'http://HOST:PORT', conn_id: {moved.target}}}"
            )
            yield Finding(severity="error", dag_id=dag_id, task_id=task_id, message=message)
        given = Given(
            result=bool(settings.get("result")), inputs=bool(settings.get("run_config") or settings.get("parameters"))
        )
        away = frozenset([*together, *(task for dag, task in self.moved if dag == dag_id)])
        yield from check_move(place.pipeline, task, given, away)

    def resolve(self, name: str) -> list[Key]:
        """The tasks that ``DAG``, ``DAG.TASK`` or ``DAG/TASK`` stands for. Raises ``MigrationError``."""
        known = {dag_id: [task.id for task in place.pipeline.tasks] for dag_id, place in self.places.items()}
        if not resolve(name, known):
            for dag_id in (*name.split("/")[:1], *(name[:at] for at, char in enumerate(name) if char == ".")):
                if dag_id in self.places and not self.places[dag_id].pipeline.exact:
                    raise MigrationError(
                        f"{name} can't be found: the graph of the DAG {dag_id} isn't certain (see dagport check). If "
                        f"Airflow has it, write the line {dag_id}/{name[len(dag_id) + 1 :]}: TARGET into the switch "
                        "file yourself"
                    )
        return tasks_named(name, known, "There is no DAG or task")


def runs(moved: Moved) -> str:
    """What runs in the new home, in a word."""
    settings = moved.settings
    if settings.get("job"):
        return f"job {settings['job']}"
    found: Any = settings[RULES[moved.engine][0]]
    return ", ".join(found) if isinstance(found, list) else str(found)


def tasks_named(name: str, known: Mapping[str, list[str]], none: str) -> list[Key]:
    """The tasks that a name stands for. Raises ``MigrationError`` for none, and for two readings."""
    found = resolve(name, known)
    if not found:
        names = [*known, *(f"{dag_id}.{task}" for dag_id, tasks in known.items() for task in tasks)]
        raise MigrationError(f"{none} {name}.{did_you_mean(name, names)}")
    if len(found) > 1:
        readings = ", ".join(f"{dag_id}/{task}" if task else f"the DAG {dag_id}" for dag_id, task in found)
        raise MigrationError(f"{name} may be {readings}: write DAG/TASK")
    [(dag_id, task_id)] = found
    return [(dag_id, task) for task in known[dag_id]] if task_id is None else [(dag_id, task_id)]


def moved_tasks(text: str) -> dict[str, list[str]]:
    """The tasks that have moved, by DAG id. Raises ``MigrationError``."""
    found: dict[str, list[str]] = {}
    for dag_id, task_id in lines_of(text):
        found.setdefault(dag_id, []).append(task_id)
    return found


def _lines(text: str, moved: Mapping[Key, Moved]) -> dict[Key, int]:
    try:
        return {key: first + 1 for key, (first, _) in lines_of(text).items()}
    except MigrationError:  # it can be read, but not edited: where its lines are isn't known
        return {}
