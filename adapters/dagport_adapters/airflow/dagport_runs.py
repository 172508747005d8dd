"""Runs elsewhere and how a task follows them, whatever the engine. Standard library only, Python 3.8 and later.

A run elsewhere is bound to its Airflow task by tags, so that an answer that got lost, a worker that died or a retry
finds the run that there is, and doesn't start a second one:

- retries of one task belong together until it is cleared (``max_tries`` changes) or its DAG run is made anew
  (``start_date`` changes). A run of theirs that goes on is followed, one that succeeded is taken, and only after one
  that failed or was cancelled is another started;
- a run from before a clearing that still goes on is waited for, and its result isn't taken.
"""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any, Iterable, Mapping, NamedTuple, Sequence  # noqa: UP035 - Python 3.8

CONFIRM_SECONDS = 60.0  # how long a run is looked for whose launch wasn't answered
UNREACHABLE_SECONDS = 600.0  # how long a server may be away before a task gives up following its run
STOP_SECONDS = 30.0  # how long the end of a run is asked for; Airflow gives a killed task little time

GOING, STOPPING, SUCCESS, SKIPPED, FAILED, CANCELLED = "going", "stopping", "success", "skipped", "failed", "cancelled"


class ElsewhereError(Exception):
    """A run elsewhere failed, or could not be started or followed."""


class RefusedError(ElsewhereError):
    """The server has refused the request: it did nothing."""


class UnreachableError(ElsewhereError):
    """The server gave no answer. ``sent``: whether it may have got the request all the same."""

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class Run(NamedTuple):
    """A run elsewhere."""

    id: str
    state: str
    generation: str = ""  # which clearing of the task it belongs to
    begun: bool = True  # False: it waits to be started
    shown: str = ""  # its state in the engine's own words, and why
    successor: str | None = None  # the run in which the engine itself has tried it again


class Identity(NamedTuple):
    """What binds runs to an Airflow task: the same for all tries; and the same for those since it was last cleared."""

    task: str
    generation: str
    number: int  # of the try
    names: Mapping[str, str]

    @classmethod
    def of(cls, context: Mapping[str, Any]) -> Identity:
        """That of the task of a context."""
        ti, dag_run = context["ti"], context.get("dag_run")
        started = getattr(dag_run, "start_date", None)
        task = [ti.dag_id, ti.run_id, ti.task_id, getattr(ti, "map_index", -1)]
        generation = [*task, started.timestamp() if started else None, ti.max_tries]
        names = {"airflow/dag_id": ti.dag_id, "airflow/run_id": ti.run_id, "airflow/task_id": ti.task_id}
        return cls(_digest(task), _digest(generation), int(ti.try_number), names)


def _digest(values: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:32]


class Watch:
    """Follows a run with an answer from the server at each look; knows when to give up. No thread, no sleeping."""

    def __init__(self, run_id: str, deadline: float | None, start_deadline: float | None) -> None:
        self.run_id, self._deadline, self._start_deadline = run_id, deadline, start_deadline
        self._heard = time.time()

    def look(self, engine: Any) -> dict[str, Any] | None:
        """How the waiting ended: ``ended``, ``timeout``, ``never started``, ``lost``; ``None``: it goes on."""
        now = time.time()
        run = None
        try:
            run = engine.look(self.run_id)
            self._heard = now
        except UnreachableError as error:
            if now - self._heard > UNREACHABLE_SECONDS:
                return self._ended("lost", why=str(error))
        except RefusedError as error:  # such as for a token that has expired
            return self._ended("lost", why=str(error))
        if run and run.successor:
            self.run_id = run.successor
            return None
        if run and run.state not in (GOING, STOPPING):
            return self._ended("ended")
        if self._deadline is not None and now > self._deadline:
            return self._ended("timeout")
        if run and not run.begun and self._start_deadline is not None and now > self._start_deadline:
            return self._ended("never started")
        return None

    def _ended(self, how: str, why: str = "") -> dict[str, Any]:
        return {"run_id": self.run_id, "how": how, "why": why}


class TaskRun:
    """The run elsewhere of one try of a task: found or started, ended, and what came of it."""

    def __init__(
        self, engine: Any, identity: Identity, *, poll_interval: float, deadline: float | None, log: Any
    ) -> None:
        self.run_id: str | None = None
        self.killed = False
        self._engine, self._identity, self._log = engine, identity, log
        self._poll_interval, self._deadline = poll_interval, deadline
        self._launching = False

    def begin(self, asked: Mapping[str, Any]) -> str:
        """The id of the run to follow; it is started where there is none. Raises ``ElsewhereError``."""
        self.run_id = self._found() or self._started(asked)
        return self.run_id

    def end(self) -> None:
        """End the run, also one whose launch hasn't been answered."""
        self.killed = True
        try:
            run_id = self.run_id or self._going()
            if run_id is not None:
                self._log.info("Ending the run: %s", self._engine.url(run_id))
                stopped(self._engine, run_id)
        except ElsewhereError as error:
            self._log.error("The run could not be ended: %s", error)

    def concluded(self, ended: Mapping[str, Any], asked: Mapping[str, Any], name: str | None) -> tuple[str, Any]:
        """The task's state, ``SUCCESS`` or ``SKIPPED``, and its result. Raises ``ElsewhereError`` for all other ends.

        ``ended``: what ``Watch.look`` has said. ``name``: what becomes the result.
        """
        engine, run_id = self._engine, ended["run_id"]
        url = engine.url(run_id)
        if ended["how"] == "lost":
            raise ElsewhereError(f"{ended['why']}. How the run ends isn't known; the next try follows it: {url}")
        if ended["how"] != "ended":
            reason = "hasn't been started in time" if ended["how"] == "never started" else "takes too long"
            raise ElsewhereError(f"The run {reason}; {self._stopped(run_id)}: {url}")
        run = patiently(engine.look, run_id)
        if run.state != SUCCESS:
            try:
                why = patiently(engine.why, run)
            except ElsewhereError as error:
                why = str(error)
            raise ElsewhereError(f"The run ended as {run.shown.partition(':')[0]}: {url}\n{why}")
        state, summary = patiently(engine.result, run, asked)
        if state == SKIPPED:
            return SKIPPED, url
        return SUCCESS, patiently(engine.value, summary, name) if name else summary

    def _stopped(self, run_id: str) -> str:
        try:
            stopped(self._engine, run_id)
        except ElsewhereError as error:
            return f"it could not be ended ({error})"
        return "its end is asked for"

    def _going(self) -> str | None:
        """The run of this task that goes on, if there is one; one that is being launched may take a moment."""
        until = time.time() + STOP_SECONDS
        while True:
            runs = self._engine.find(self._identity)
            going = [run for run in runs if run.generation == self._identity.generation and run.state == GOING]
            if going or not self._launching or time.time() > until:
                return str(going[0].id) if going else None
            time.sleep(0.5)

    def _found(self) -> str | None:
        """The id of an earlier run to follow, if there is one. See the rules at the top of the file."""
        identity = self._identity
        while True:
            runs = patiently(self._engine.find, identity)
            mine = [run for run in runs if run.generation == identity.generation and run.state in (GOING, SUCCESS)]
            if mine:
                self._log.info("An earlier try has started a run, which is %s: it is followed", mine[0].shown)
                return str(mine[0].id)
            busy = [self._engine.url(run.id) for run in runs if run.state in (GOING, STOPPING)]
            if not busy:
                return None
            if self.killed or (self._deadline is not None and time.time() > self._deadline):
                raise ElsewhereError(f"An earlier run doesn't end, and no other is started: {busy[0]}")
            self._log.info("Waiting for the end of an earlier run before another is started: %s", busy[0])
            time.sleep(self._poll_interval)

    def _started(self, asked: Mapping[str, Any]) -> str:
        """The id of a new run. A launch that the server may have got is never repeated: the run is looked for."""
        engine, identity = self._engine, self._identity
        known = {run.id for run in patiently(engine.find, identity)}
        prepared = patiently(engine.prepared, identity, asked)
        until = time.time() + CONFIRM_SECONDS
        lost: UnreachableError | None = None
        self._launching = True
        while not self.killed:
            try:
                if lost is None or not lost.sent or engine.launches_once:
                    return str(engine.launch(prepared))
            except UnreachableError as error:
                self._log.warning("The launch wasn't answered: %s", error)
                lost = error
            new = _answered(engine.find, identity, known)
            if new:
                return new[0]
            if time.time() > until:
                break
            time.sleep(min(2.0, self._poll_interval))
        if lost is None:
            raise ElsewhereError("The task was ended before its run was started")
        raise ElsewhereError(
            f"{lost}. It isn't known whether the run has started; the next try looks for it before it starts one"
        )


def _answered(find: Any, identity: Identity, known: Iterable[str]) -> list[str]:
    """The ids of runs that weren't known, as far as the server answers."""
    try:
        return [str(run.id) for run in find(identity) if run.id not in known]
    except UnreachableError:
        return []


def stopped(engine: Any, run_id: str) -> None:
    """Ask for the end of a run until the engine agrees: Dagster refuses while a run's process starts.

    Raises ``ElsewhereError`` where it doesn't agree in time.
    """
    until = time.time() + STOP_SECONDS
    while True:
        try:
            engine.stop(run_id)
            return
        except ElsewhereError:
            if time.time() > until:
                raise
        time.sleep(0.5)
        if patiently(engine.look, run_id).state != GOING:
            return


def patiently(function: Any, *arguments: Any) -> Any:
    """The answer to a question that changes nothing, asked again while the server doesn't answer."""
    until = time.time() + CONFIRM_SECONDS
    while True:
        try:
            return function(*arguments)
        except UnreachableError:
            if time.time() > until:
                raise
            time.sleep(1.0)
