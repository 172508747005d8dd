"""How a run in a live Airflow is started, taken up, or done again, and never started twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from dagport.cli.closest import did_you_mean
from dagport_adapters.runners.errors import (
    AirflowError,
    DagImportError,
    InputError,
    LogicalDateTakenError,
    RunConflictError,
    UnknownDagError,
    UnknownTaskError,
)
from dagport_adapters.runners.protocol import RunRequest
from dagport_adapters.runners.remote.api import Api
from dagport_adapters.runners.remote.errors import (
    ConflictError,
    LostAnswerError,
    MissingError,
    NotPossibleRemotelyError,
    PausedDagError,
    RefusedError,
    UnreachableError,
)
from dagport_adapters.runners.remote.model import LiveRun, RunHandle

LOST_TRIES = 4  # of a request whose answer was lost
LOOKS = 3  # whether it has been done after all
LOOK_SECONDS = 1.0


class Starting:
    """From a request to the handle of a run."""

    def __init__(self, api: Api, *, unpause: bool) -> None:
        self._api, self._unpause = api, unpause

    def start(self, request: RunRequest) -> RunHandle:
        """See ``RemoteAirflow.run`` for what is raised."""
        dag_id = self._refuse_early(request)
        dag = self._dag(dag_id)
        chosen = self._chosen(dag_id, request)
        there = self._there(dag_id, request)
        if chosen is None and request.inputs:
            raise NotPossibleRemotelyError(
                "A live Airflow can take results from outside only for tasks that aren't run: say which tasks are"
            )
        if there is not None and there.ended and chosen is None and request.run_id is not None:
            return self._handle(there, request, chosen, resumed=True)
        self._refuse_paused(dag_id, dag)
        if chosen is not None:
            return self._some_again(dag_id, there, request, chosen)
        if there is None:
            return self._new(dag_id, request)
        if request.run_id is not None:
            return self._handle(there, request, chosen, resumed=True)
        return self._all_again(there, request)

    def _refuse_early(self, request: RunRequest) -> str:
        if request.dag_id is None:
            raise UnknownDagError("A live Airflow knows DAGs by their id, not by a file: say which DAG to run")
        if request.retry_delays == "skip":
            raise NotPossibleRemotelyError("A live Airflow waits between tries: leave retry_delays at 'wait'")
        if request.whole_results and not self._api.dialect.native_xcoms:
            raise NotPossibleRemotelyError("This Airflow tells results as texts only: whole results need 2.10 or later")
        if request.inputs and not self._api.dialect.writes_xcoms:
            raise NotPossibleRemotelyError(
                "Results can be put in place by REST in Airflow 3 only: run the tasks that hand them over there too, "
                "or use a LocalAirflow"
            )
        return request.dag_id

    def _dag(self, dag_id: str) -> Any:
        try:
            dag = self._api.dag(dag_id)
        except MissingError:
            raise UnknownDagError(f"The live Airflow has no DAG {dag_id}, or we may not see it") from None
        if dag.get("has_import_errors"):
            raise DagImportError(f"The file of {dag_id} can't be imported any more: see the import errors in Airflow")
        return dag

    def _refuse_paused(self, dag_id: str, dag: Any) -> None:
        if not dag.get("is_paused"):
            return
        if not self._unpause:
            raise PausedDagError(
                f"{dag_id} is paused, so its run would wait for ever. Unpause it in Airflow, or give unpause=True: "
                "then its schedule runs too"
            )
        self._api.unpause(dag_id)

    def _chosen(self, dag_id: str, request: RunRequest) -> tuple[str, ...] | None:
        """The tasks to run where they aren't all."""
        if request.tasks is None:
            return None
        known, wanted = self._api.task_ids(dag_id), list(dict.fromkeys(request.tasks))
        unknown = [task for task in wanted if task not in known]
        if unknown:
            raise UnknownTaskError(f"The DAG has no task {unknown[0]}.{did_you_mean(unknown[0], known)}")
        if not wanted:
            raise UnknownTaskError("No task is named. Leave the tasks out to run all of them")
        return None if set(known) == set(wanted) and request.again == "run" else tuple(wanted)

    def _there(self, dag_id: str, request: RunRequest) -> LiveRun | None:
        """The run that is asked for, where there is one."""
        if request.run_id is not None:
            try:
                run = self._api.run(dag_id, request.run_id)
            except MissingError:
                return None
            if request.logical_date is not None and run.logical_date != _aware(request.logical_date):
                raise RunConflictError(
                    f"The run {run.run_id} of {dag_id} has another logical date, {_shown(run.logical_date)}. "
                    "Ask for that one, or for another run id"
                )
            return run
        return None if request.logical_date is None else self._api.run_of_date(dag_id, _aware(request.logical_date))

    def _new(self, dag_id: str, request: RunRequest) -> RunHandle:
        now = datetime.now(UTC)
        run_id = request.run_id or f"dagport__{now.isoformat()}__{uuid4().hex[:8]}"
        body: dict[str, Any] = {"dag_run_id": run_id, "conf": {**request.conf, **request.params}}
        if request.logical_date is not None or self._api.dialect.needs_date_key:
            body["logical_date"] = _aware(request.logical_date or now).isoformat()
        if request.data_interval is not None:
            begin, end = request.data_interval
            body |= {"data_interval_start": _aware(begin).isoformat(), "data_interval_end": _aware(end).isoformat()}
        run, resumed = self._triggered(dag_id, run_id, body)
        return self._handle(run, request, None, resumed=resumed)

    def _triggered(self, dag_id: str, run_id: str, body: dict[str, Any]) -> tuple[LiveRun, bool]:
        """The run of this id, started by us or, when we come late, by somebody else; never a second one.

        When the answer is lost the server may still be at it, so we look for the run before we ask again; asking
        again with the same run id can't make a second run, Airflow refuses it (409).
        """
        lost = False
        for _ in range(LOST_TRIES):
            try:
                return self._api.trigger(dag_id, body), False
            except RefusedError as error:
                raise AirflowError(f"Airflow refuses the run. {error}") from None
            except MissingError:
                raise UnknownDagError(f"The live Airflow has no DAG {dag_id} any more, or we may not run it") from None
            except ConflictError as error:
                try:
                    return self._api.run(dag_id, run_id), not lost
                except MissingError:
                    raise LogicalDateTakenError(
                        f"{error}. Ask for that run id, for another logical date, or for no run id to do the date again"
                    ) from None
            except LostAnswerError:
                lost = True
                run = self._look(dag_id, run_id)
                if run is not None:
                    return run, False
        raise UnreachableError(
            f"The answers to the start of the run {run_id} of {dag_id} were lost, and it isn't there. "
            "Try again with that run id"
        )

    def _look(self, dag_id: str, run_id: str) -> LiveRun | None:
        for look in range(LOOKS):
            time.sleep(LOOK_SECONDS * look)
            try:
                return self._api.run(dag_id, run_id)
            except MissingError:
                continue
        return None

    def _all_again(self, run: LiveRun, request: RunRequest) -> RunHandle:
        """The run of the date is done again, as ``RunRequest`` says."""
        if not run.ended:
            raise _under_way(run)
        if request.conf or request.params:
            raise NotPossibleRemotelyError(
                f"The run {run.run_id} of that date is there, with its own conf, which Airflow doesn't change. "
                "Leave conf and params out, or ask for another logical date"
            )
        return self._cleared(run, request, None, lambda: self._api.clear_run(run.dag_id, run.run_id))

    def _some_again(self, dag_id: str, run: LiveRun | None, request: RunRequest, chosen: Sequence[str]) -> RunHandle:
        if run is None:
            raise NotPossibleRemotelyError(
                f"A live Airflow can't run some tasks alone: {dag_id} has no run to do them again in. "
                "Run the whole DAG for that logical date first, or use a LocalAirflow"
            )
        if not run.ended:
            raise _under_way(run)
        if request.conf or request.params:
            raise NotPossibleRemotelyError("The run is there, with its own conf: leave conf and params out")
        strays = sorted({each.task_id for each in request.inputs if each.task_id in chosen})
        if strays:
            raise InputError(f"{strays[0]} is run, so its result can't be put in place: leave it out")
        odd = next((each for each in request.inputs if each.serialized_from or each.unreadable), None)
        if odd is not None:
            why = odd.unreadable or f"it is made of {odd.serialized_from}, which only Airflow itself may write"
            raise InputError(f"The result {odd.key} of {odd.task_id} can't be put in place by REST: {why}")
        for each in request.inputs:
            self._put(run, each.task_id, each.map_index, each.key, each.value)
        return self._cleared(run, request, tuple(chosen), lambda: self._api.clear_tasks(run.dag_id, run.run_id, chosen))

    def _put(self, run: LiveRun, task_id: str, map_index: int, key: str, value: Any) -> None:
        try:
            self._api.put_xcom(run.dag_id, run.run_id, task_id, map_index, key, value)
        except MissingError:
            raise UnknownTaskError(f"The run {run.run_id} has no task {task_id} to put a result in its place") from None
        except RefusedError as error:
            raise InputError(
                f"Airflow refuses the result of {task_id} that is to be put in its place. {error}"
            ) from None

    def _cleared(
        self, run: LiveRun, request: RunRequest, chosen: tuple[str, ...] | None, clear: Callable[[], None]
    ) -> RunHandle:
        """Clear, and see that it was done once: the end of a run is another one, or none, after it was cleared."""
        tasks = self._api.tasks(run.dag_id, run.run_id, whole=True)
        since = {(task.task_id, task.map_index): task.try_number for task in tasks}
        for _ in range(LOST_TRIES):
            try:
                clear()
            except RefusedError as error:
                raise AirflowError(f"Airflow refuses to do the run again. {error}") from None
            except ConflictError:
                raise _under_way(run) from None
            except LostAnswerError:
                if not self._was_cleared(run):
                    continue
            handle = self._handle(run, request, chosen, resumed=True)
            handle.since, handle.cleared = since, True
            return handle
        raise UnreachableError(f"The answers to doing {run.run_id} of {run.dag_id} again were lost. Try again")

    def _was_cleared(self, before: LiveRun) -> bool:
        for look in range(LOOKS):
            time.sleep(LOOK_SECONDS * look)
            now = self._api.run(before.dag_id, before.run_id)
            if not now.ended or now.end != before.end:
                return True
        return False

    def _handle(self, run: LiveRun, request: RunRequest, chosen: tuple[str, ...] | None, *, resumed: bool) -> RunHandle:
        return RunHandle(
            dag_id=run.dag_id, run_id=run.run_id, resumed=resumed, tasks=chosen, results=request.whole_results
        )


def _under_way(run: LiveRun) -> RunConflictError:
    return RunConflictError(
        f"The run {run.run_id} of {run.dag_id} is under way. Wait for its end, or ask for that run id to follow it"
    )


def _aware(date: datetime) -> datetime:
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _shown(date: datetime | None) -> str:
    return "none" if date is None else date.isoformat()
