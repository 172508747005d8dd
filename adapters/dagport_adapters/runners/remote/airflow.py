"""A live Airflow (2.7+ or 3) by its REST API: its DAGs run there, on its own executors."""

from __future__ import annotations

import itertools
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Literal

from dagport_adapters.runners.errors import RunnerError, RunTimeoutError
from dagport_adapters.runners.protocol import Event, RunFinished, RunRequest, RunStarted, TaskEvent
from dagport_adapters.runners.remote import changes
from dagport_adapters.runners.remote.api import Api
from dagport_adapters.runners.remote.auth import Anonymous, Auth
from dagport_adapters.runners.remote.errors import MissingError, RemoteError, RunGoneError
from dagport_adapters.runners.remote.following import event_of, new_states, state_to_tell, told
from dagport_adapters.runners.remote.http import Patience, Server
from dagport_adapters.runners.remote.model import Cursor, LiveDag, LiveRun, LiveTask, Page, RunHandle
from dagport_adapters.runners.remote.results import Results
from dagport_adapters.runners.remote.starting import Starting

SETTLE_LOOKS, SETTLE_SECONDS = 3, 0.5  # after a run was set failed
GROWTH = 1.5  # of the pause between two looks at a run in which nothing happens


class RemoteAirflow:
    """Runs DAGs in the Airflow at ``url`` (as in a browser, without ``/api``), any number at the same time.

    Nothing is asked before the first use. ``verify``: ``False`` or an ``ssl.SSLContext`` (own authorities, client
    certificates). ``timeout``: seconds for one answer; ``patience``: how long to ask again when there is none.
    ``poll``: least and longest pause between two looks at a run. ``preview``: characters of a task's result, 0 for
    none, for the first ``previews`` successes of a run. ``unpause``: start paused DAGs by unpausing them.
    ``cancel_on_close``: whether a run that nobody follows any more is set failed, as the protocol of runners wants it,
    or goes on. ``api``: ``v1`` or ``v2`` where finding out is not wanted.
    """

    def __init__(
        self,
        url: str,
        auth: Auth | None = None,
        *,
        verify: bool | ssl.SSLContext = True,
        timeout: float = 30.0,
        patience: Patience = Patience(),  # noqa: B008 - frozen
        poll: tuple[float, float] = (0.5, 15.0),
        preview: int = 2000,
        previews: int = 500,
        unpause: bool = False,
        cancel_on_close: bool = True,
        api: Literal["v1", "v2"] | None = None,
    ) -> None:
        self._server = Server(url, auth or Anonymous(), verify=verify, timeout=timeout, patience=patience)
        self.api = Api(self._server, api)
        self.poll_seconds = poll
        self.cancel_on_close = cancel_on_close
        self._starting = Starting(self.api, unpause=unpause)
        self._results = Results(self.api, preview, previews)
        self._lock = threading.Lock()
        self._followed: list[RunHandle] = []
        self._wake = threading.Event()

    def __repr__(self) -> str:
        return f"RemoteAirflow({self._server.url!r})"

    @property
    def url(self) -> str:
        """The address of the web or API server."""
        return self._server.url

    @property
    def airflow_version(self) -> str | None:
        """The version of Airflow, once it has been asked something."""
        return self.api.version

    def dags(self, dag_ids: Iterable[str] | None = None) -> Iterator[LiveDag]:
        """Its DAGs, all or those of these ids, with their tasks, by id. Raises ``RemoteError``."""
        return self.api.dags(dag_ids)

    def runs_changed(self, since: Cursor | None, *, dag_ids: Sequence[str] | None = None, limit: int = 100) -> Page:
        """The next runs, at most ``limit``, that have ended, each end of a run once, and what is under way.

        ``since`` is the cursor of the last page; ``None`` begins with the oldest run, ``changes.cursor_at(moment)``
        with a moment. Raises ``RemoteError``, and then the same cursor is to be used again.
        """
        return changes.runs_changed(self.api, since, dag_ids, limit)

    def task_instances(self, dag_id: str, run_id: str, *, tries: bool = True) -> list[LiveTask]:
        """The task instances of a run, by task id and map index, each with all its tries (Airflow 2.10+)

        Raises ``RunGoneError`` and ``RemoteError``.
        """
        try:
            tasks = self.api.tasks(dag_id, run_id, whole=True)
            if not tasks:  # Airflow 2 gives none also of a run that it doesn't have
                self.api.run(dag_id, run_id)
        except MissingError:
            raise _gone(dag_id, run_id) from None
        tasks.sort(key=lambda task: (task.task_id, task.map_index))
        return [each for task in tasks for each in (self.api.tries(task) if tries and task.try_number > 1 else [task])]

    def task_instances_of(self, runs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], list[LiveTask]]:
        """The same, tries included, for many runs (DAG id, run id) with few questions; nothing for a run that is gone.

        Raises ``RemoteError``.
        """
        if not self.api.dialect.lists_by_run_id:
            return {run: self._instances(*run) for run in runs}
        found = self.api.tasks_of_runs(runs, whole=True)
        for tasks in found.values():
            tasks.sort(key=lambda task: (task.task_id, task.map_index))
        return {
            run: [each for task in tasks for each in (self.api.tries(task) if task.try_number > 1 else [task])]
            for run, tasks in found.items()
        }

    def _instances(self, dag_id: str, run_id: str) -> list[LiveTask]:
        try:
            return self.task_instances(dag_id, run_id)
        except RunGoneError:
            return []

    def start(self, request: RunRequest) -> RunHandle:
        """Start the run, or take up the one of that run id, and return at once. See ``run`` for what is raised."""
        return self._starting.start(request)

    def poll(self, handle: RunHandle) -> list[Event]:
        """What is new in a run; the last event is ``RunFinished``, after which there are none.

        Raises ``RunGoneError`` when the run was deleted, and ``RemoteError``; then the handle is as it was, and
        the next call goes on.
        """
        if handle.finished:
            return []
        try:
            run = self._run_of(handle)
            tasks = self.api.tasks(handle.dag_id, handle.run_id, whole=run.ended)
            if run.ended and self._run_of(handle) != run:  # cleared meanwhile: these tasks aren't those of its end
                return []
        except MissingError:
            raise _gone(handle.dag_id, handle.run_id) from None
        return self._events(handle, run, tasks)

    def poll_all(self, handles: Iterable[RunHandle]) -> dict[tuple[str, str], list[Event] | RunGoneError]:
        """What is new in many runs, by DAG id and run id, with few questions instead of two for each run."""
        waiting = {(handle.dag_id, handle.run_id): handle for handle in handles if not handle.finished}
        if not waiting:
            return {}
        dags = sorted({dag_id for dag_id, _ in waiting})
        listed = self.api.runs({"dag_ids": dags, "states": ["queued", "running"], "order_by": "id"})
        runs = {(run.dag_id, run.run_id): run for run in listed}
        found: dict[tuple[str, str], list[Event] | RunGoneError] = {}
        under_way = [key for key in waiting if key in runs]
        for key, tasks in self.api.tasks_of_runs(under_way).items():
            found[key] = self._events(waiting[key], runs[key], tasks)
        for key in waiting.keys() - runs.keys():  # ended, or gone: only its own answer tells
            try:
                found[key] = self.poll(waiting[key])
            except RunGoneError as error:
                found[key] = error
        return found

    def run(self, request: RunRequest, *, timeout: float | None = None) -> Iterator[Event]:
        """The events of a run as they happen. Closing the iterator sets the run failed (see ``cancel_on_close``).

        A run of ``run_id`` that is there is taken up, whether it runs or has ended: nothing is started twice. Without
        a run id, the run of the logical date is done again. ``tasks`` are done again in a run that has ended.

        Raises before the first event: ``UnknownDagError``, ``UnknownTaskError``, ``DagImportError``,
        ``PausedDagError``, ``RunConflictError``, ``NotPossibleRemotelyError`` and ``AirflowError``; at any time:
        ``RemoteError`` (the run goes on, and its run id takes it up again), ``RunGoneError`` and ``RunTimeoutError``
        (the run was set failed).
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        handle = self._starting.start(request)
        with self._lock:
            self._followed.append(handle)
        try:
            yield from self._follow(handle, timeout, deadline)
        except RunnerError:
            raise
        except BaseException:  # nobody follows it any more: closed, or interrupted
            if self.cancel_on_close and not handle.finished:
                with suppress(RemoteError):
                    self.cancel(handle)
            raise
        finally:
            with self._lock:
                self._followed.remove(handle)

    def cancel(self, handle: RunHandle | None = None) -> None:
        """Set a run failed, or all that ``run`` follows; one that has ended stays as it is.

        Airflow ends the run's running tasks (they fail) and skips those that wait. A scheduler that is just looking at
        the run may find all of it skipped and call it a success: it is set failed again by whoever follows it, and for
        a single run here, for a second or two. Raises ``RemoteError``.
        """
        with self._lock:
            handles = list(self._followed) if handle is None else [handle]
        for each in handles:
            try:
                if self.api.run(each.dag_id, each.run_id).ended:
                    continue
                self.api.fail(each.dag_id, each.run_id)
            except MissingError:
                continue
            each.cancelled = True
        self._wake.set()
        if handle is not None and handle.cancelled:
            self._settle(handle)

    def close(self) -> None:
        """Cancel what ``run`` follows (unless ``cancel_on_close`` is off) and close the connections."""
        if self.cancel_on_close and not self._server.closed.is_set():
            with suppress(RemoteError):
                self.cancel()
        self._server.close()
        self._wake.set()

    def __enter__(self) -> RemoteAirflow:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run_of(self, handle: RunHandle) -> LiveRun:
        """The run; one that we have set failed doesn't become a success because all that was left of it is skipped."""
        run = self.api.run(handle.dag_id, handle.run_id)
        if not handle.cancelled or run.state == "failed":
            return run
        self.api.fail(handle.dag_id, handle.run_id)
        return self.api.run(handle.dag_id, handle.run_id)

    def _settle(self, handle: RunHandle) -> None:
        for _ in range(SETTLE_LOOKS):
            time.sleep(SETTLE_SECONDS)
            with suppress(MissingError):
                self._run_of(handle)

    def _follow(self, handle: RunHandle, timeout: float | None, deadline: float | None) -> Iterator[Event]:
        least, longest = self.poll_seconds
        pause = least
        while True:
            events = self.poll(handle)
            yield from events
            if handle.finished:
                return
            if deadline is not None and time.monotonic() >= deadline:
                self.cancel(handle)
                raise RunTimeoutError(f"The run took longer than {timeout:g} s and was set failed. Give it more time")
            pause = least if events else min(longest, pause * GROWTH)
            left = pause if deadline is None else min(pause, max(0.0, deadline - time.monotonic()))
            if self._wake.wait(left):
                self._wake.clear()

    def _events(self, handle: RunHandle, run: LiveRun, tasks: list[LiveTask]) -> list[Event]:
        """What is new. The handle is changed only when all of it is known, so that a failure loses nothing."""
        states: list[tuple[LiveTask, TaskEvent]] = []
        fetched = itertools.count(handle.previews)
        for task in new_states(handle, tasks, self.api.tries):
            state = state_to_tell(task)
            if state is not None:
                event = self._results.added(event_of(task, state), task, handle, fetched)
                states.append((task, event))
        events: list[Event] = [] if handle.started_told else [_started(run, handle)]
        for task, event in states:
            told(handle, task, event.state)
            events.append(event)
        handle.previews = next(fetched)
        handle.started_told = True
        if run.ended:
            handle.finished = True
            events.append(_finished(run, handle))
        return events


def _started(run: LiveRun, handle: RunHandle) -> RunStarted:
    return RunStarted(
        dag_id=run.dag_id,
        run_id=run.run_id,
        logical_date=run.logical_date,
        started=run.start,
        resumed=handle.resumed,
        run_after=run.run_after,
        data_interval=run.data_interval,
        clear_number=run.clear_number or 0,
        url=run.url,
    )


def _finished(run: LiveRun, handle: RunHandle) -> RunFinished:
    state: Literal["success", "failed"] = "success" if run.state == "success" else "failed"
    cancelled = handle.cancelled and state == "failed"
    return RunFinished(dag_id=run.dag_id, run_id=run.run_id, state=state, ended=run.end, cancelled=cancelled)


def _gone(dag_id: str, run_id: str) -> RunGoneError:
    return RunGoneError(
        f"Airflow has no run {run_id} of {dag_id} any more: it was deleted. What became of it is not known; "
        "ask for another run"
    )
