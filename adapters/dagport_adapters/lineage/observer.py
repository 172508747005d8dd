"""From a runner's events to OpenLineage events: a START and an end for the DAG run, and for each try of a task.

Which states give which events is what Airflow's own provider does (apache-airflow-providers-openlineage 2.20.3,
``plugins/listener.py``), where it is consistent:

- a try starts when it first runs: a sensor that is rescheduled and a task that is deferred go on with the same run;
- a failure that is tried again is a FAIL of that try;
- a task that skipped itself has ended: COMPLETE, since OpenLineage has no state for it; a run tag says ``skipped``;
- a task that never ran (skipped by others, ``upstream_failed``) has no run.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from dagport_adapters.lineage.design import Design, PipelineDesign, TaskDesign
from dagport_adapters.lineage.settings import options_of, shared_taker
from dagport_adapters.runners.protocol import Event, RunFinished, RunStarted, TaskEvent, TaskState
from dagport_lineage.events import run_facets
from dagport_lineage.events.run_facets import RunOf
from dagport_lineage.facets import Facet
from dagport_lineage.runs.emitter import About, Emitter, Run
from dagport_lineage.scope import LineageOptions

log = logging.getLogger(__name__)

ENGINE = "Airflow"
UNKNOWN_VERSION = "unknown"
STATE_TAG = "airflow_state"
NOT_TOLD = "The run ended, and nobody said how this try did"
NEXT_TRY = "The next try began, and nobody said how this one ended"
LEFT = "The run was left before its end"

End: TypeAlias = Literal["complete", "fail", "skip", "abort"]
Key: TypeAlias = tuple[str, int]  # task, map index

RUNS: frozenset[TaskState] = frozenset({"running", "deferred", "up_for_reschedule"})
"""States that a task gets into by running."""
ENDS: dict[TaskState, End] = {"success": "complete", "failed": "fail", "up_for_retry": "fail", "skipped": "skip",
                              "removed": "abort"}  # fmt: skip
EVEN_UNSEEN: frozenset[End] = frozenset({"complete", "fail"})
"""Ends that prove a try whose beginning wasn't told; Airflow gives the other states to tasks that never ran, too."""


@dataclass(slots=True)
class _Try:
    """A try that has started and not ended."""

    number: int
    run: Run
    known: TaskDesign


class RunLineage:
    """Observes one run after the other and emits their lineage; nothing that goes wrong here reaches the run.

    ``emitter`` is by default one for the target that the environment names (see ``dagport_lineage.delivery``), and none
    where there is no target. ``parent`` is the host's run, ``root`` the one that began the chain. ``design`` says what
    the tasks read and write. ``engine_version`` is Airflow's, or a function that knows it once the run has started.
    ``options`` are by default those of the environment: see ``options_of``. ``goes_on``: a run that the host leaves
    isn't cancelled, so that nothing is said of its end then. ``whole`` is false for requests with ``again="tasks"``:
    then nothing is said of the DAG run but that it is the parent, since it isn't over when some of its tasks are.
    """

    def __init__(
        self,
        emitter: Emitter | None = None,
        *,
        parent: RunOf | None = None,
        root: RunOf | None = None,
        design: Design | None = None,
        options: LineageOptions | None = None,
        engine_version: str | Callable[[], str | None] | None = None,
        goes_on: bool = False,
        whole: bool = True,
    ) -> None:
        self._goes_on, self._whole = goes_on, whole
        self._given, self._parent, self._root, self._design = emitter, parent, root, design
        self._options, self._engine_version = options, engine_version
        self._emitter: Emitter | None = None
        self._dag: Run | None = None
        self._pipeline = PipelineDesign()
        self._tries: dict[Key, _Try] = {}

    @property
    def run_of(self) -> RunOf | None:
        """The identity of the DAG run that is under way."""
        return self._dag.run_of if self._dag else None

    def __call__(self, event: Event) -> None:
        """Take one more event. Never raises."""
        try:
            if isinstance(event, RunStarted):
                self._begin(event)
            elif isinstance(event, TaskEvent):
                self._task(event)
            else:
                self._finish(event)
        except Exception as error:  # noqa: BLE001 - lineage never stops a run
            log.warning("no lineage of %s of %s: %s", type(event).__name__, event.dag_id, type(error).__name__)

    def close(self, error: BaseException | None = None) -> None:
        """The run is left: what has started and not ended is ABORT. Nothing happens after ``RunFinished``.

        After a ``RemoteError`` nothing is said either: the run goes on in its Airflow, and whoever takes it up again
        tells of its end. Never raises.
        """
        if self._goes_on or _is_remote(error):
            self._tries.clear()
            self._dag = None
            return
        try:
            self._abort(f"{LEFT}: {type(error).__name__}" if error is not None else LEFT, None)
        except Exception as problem:  # noqa: BLE001 - lineage never stops a run
            log.warning("no lineage of the end of a run: %s", type(problem).__name__)

    def _begin(self, event: RunStarted) -> None:
        if self._dag is not None:
            self._abort(LEFT, None)
        moment = event.logical_date or event.run_after
        if moment is None:
            log.warning("no lineage of %s: nobody says of which moment the run is", event.dag_id)
            return
        if self._design is not None:
            self._pipeline = self._design.pipelines.get(event.dag_id, PipelineDesign())
        self._emitter = self._given or self._opened()
        self._dag = self._emitter.dag_run(
            event.dag_id,
            moment,
            clear_number=event.clear_number,
            parent=self._parent,
            root=self._root,
            about=About(nominal=event.data_interval, job_facets=self._pipeline.job_facets),
        )
        if self._whole:
            self._dag.start(time=event.started)

    def _opened(self) -> Emitter:
        version = self._engine_version() if callable(self._engine_version) else self._engine_version
        return Emitter(
            shared_taker(),  # an emitter remembers which runs have ended, and a date may be run again
            engine=ENGINE,
            engine_version=version or UNKNOWN_VERSION,
            options=self._options or options_of(),
        )

    def _task(self, event: TaskEvent) -> None:
        if self._dag is None or self._emitter is None:
            return
        key = (event.task_id, event.map_index)
        open_try = self._tries.get(key)
        if open_try is not None and event.try_number > open_try.number:
            self._end(key, "fail", event.started, NEXT_TRY)
            open_try = None
        end = ENDS.get(event.state)
        if open_try is None and (event.state in RUNS or end in EVEN_UNSEEN):
            self._start(key, event)
        if end is not None and key in self._tries:
            self._end(key, end, event.ended, event.error)

    def _start(self, key: Key, event: TaskEvent) -> None:
        if self._dag is None or self._emitter is None:
            return
        known = self._pipeline.tasks.get(event.task_id, TaskDesign())
        run = self._emitter.task_run(
            self._dag,
            event.task_id,
            try_number=event.try_number,
            map_index=event.map_index,
            about=About(job_facets=known.job_facets),
        )
        self._tries[key] = _Try(event.try_number, run, known)
        run.start(time=event.started, data=known.lineage)

    def _end(self, key: Key, end: End, time: datetime | None, error: str | None) -> None:
        """What is read and written is said of a success only, beside the beginning: of others nobody knows it."""
        ended = self._tries.pop(key)
        if end == "complete":
            ended.run.complete(time=time, data=ended.known.lineage)
        elif end == "skip":
            ended.run.complete(time=time, facets=_state("skipped"))
        elif end == "fail":
            ended.run.fail(error, time=time)
        else:
            ended.run.abort(error, time=time)

    def _finish(self, event: RunFinished) -> None:
        for key in tuple(self._tries):
            self._end(key, "abort", event.ended, NOT_TOLD)
        dag, self._dag = self._dag, None
        if dag is None or not self._whole:
            return
        if event.state == "success":
            dag.complete(time=event.ended)
        elif event.cancelled:
            dag.abort("The run was cancelled", time=event.ended)
        else:
            dag.fail("The DAG run failed", time=event.ended)

    def _abort(self, why: str, time: datetime | None) -> None:
        for key in tuple(self._tries):
            self._end(key, "abort", time, why)
        dag, self._dag = self._dag, None
        if dag is not None and self._whole:
            dag.abort(why, time=time)


def _is_remote(error: BaseException | None) -> bool:
    remote = sys.modules.get("dagport_adapters.runners.remote.errors")  # not there: then it isn't one of its errors
    return remote is not None and isinstance(error, remote.RemoteError)


def _state(state: TaskState) -> dict[str, Facet]:
    return {"tags": run_facets.tags({STATE_TAG: state})}
