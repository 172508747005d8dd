"""What an adapter tells of its runs. Nothing here raises into the pipeline, or delays it by more than a moment."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol, TypedDict, Unpack

from dagport_lineage.delivery import open_courier
from dagport_lineage.delivery.errors import reason
from dagport_lineage.delivery.forks import ForkAware
from dagport_lineage.events.run_facets import Dependency, JobName, RunOf
from dagport_lineage.facets import Event, Facet
from dagport_lineage.runs.events import Data, RunFacts, State, run_event
from dagport_lineage.runs.ids import NOT_MAPPED, dag_run_id, task_run_id
from dagport_lineage.scope import LineageOptions

log = logging.getLogger("dagport_lineage.runs")

FINAL = ("COMPLETE", "FAIL", "ABORT")
MAX_RUNS = 10_000  # whose state is remembered
LOCK_WAIT = 0.02  # seconds


class Taker(Protocol):
    """What events are handed to, e.g. a ``Courier``."""

    def emit(self, event: Event) -> None:
        """Take an event; never raises."""

    def close(self, timeout: float | None = None) -> bool:
        """Stop; whether nothing was lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What may be said of a run beside its identity: see ``RunFacts``."""

    nominal: tuple[datetime, datetime | None] | None = None
    upstream: Iterable[Dependency] = ()
    downstream: Iterable[Dependency] = ()
    trigger_rule: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    job_facets: Mapping[str, Facet] = field(default_factory=dict)


class Said(TypedDict, total=False):
    """What may be said of a change of state."""

    time: datetime | None  # of the event; by default now
    data: Data | None  # what the run reads and writes, as far as it is known by then
    facets: Mapping[str, Facet] | None  # run facets of this event


class Emitter(ForkAware):
    """Emits the events of an orchestrator's runs; from any thread, and in forks.

    ``taker`` is ``None`` where lineage is off: then nothing happens.
    """

    def __init__(
        self,
        taker: Taker | None,
        *,
        engine: str,
        engine_version: str,
        options: LineageOptions | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.taker, self.engine, self.engine_version, self.clock = taker, engine, engine_version, clock
        self.options = options or LineageOptions()
        self._states: OrderedDict[str, State] = OrderedDict()  # by id of the run
        super().__init__()

    def _start_over(self) -> None:
        self._lock = threading.Lock()

    def dag_run(
        self,
        dag_id: str,
        moment: datetime,
        *,
        clear_number: int = 0,
        parent: RunOf | None = None,
        root: RunOf | None = None,
        about: About | None = None,
    ) -> Run:
        """A DAG run; ``moment`` is its logical date, or ``run_after`` where it has none. Never raises."""
        namespace = self.options.namespace

        def facts() -> RunFacts:
            run = RunOf(JobName(namespace, dag_id), dag_run_id(namespace, dag_id, moment, clear_number))
            return self._facts(run, "DAG", parent, root, about or About())

        return self._run(facts, dag_id, moment)

    def task_run(
        self,
        dag_run: Run,
        task_id: str,
        *,
        try_number: int = 1,
        map_index: int = NOT_MAPPED,
        about: About | None = None,
    ) -> Run:
        """A try of a task instance of a DAG run. Never raises."""
        name = f"{dag_run.dag_id}.{task_id}"

        def facts() -> RunFacts:
            namespace, moment = self.options.namespace, dag_run.moment
            run_id = task_run_id(namespace, dag_run.dag_id, task_id, moment, try_number, map_index)
            above = dag_run.facts
            if above is None:
                raise ValueError(f"{name}: its DAG run couldn't be told")
            said = replace(about or About(), nominal=about.nominal if about and about.nominal else above.nominal)
            return self._facts(RunOf(JobName(namespace, name), run_id), "TASK", above.run, above.root, said)

        return self._run(facts, dag_run.dag_id, dag_run.moment)

    def _facts(self, run: RunOf, kind: str, parent: RunOf | None, root: RunOf | None, about: About) -> RunFacts:
        return RunFacts(
            run=run,
            kind="DAG" if kind == "DAG" else "TASK",
            engine=self.engine,
            engine_version=self.engine_version,
            parent=parent,
            root=root or parent,
            nominal=about.nominal,
            upstream=tuple(about.upstream),
            downstream=tuple(about.downstream),
            trigger_rule=about.trigger_rule,
            tags=about.tags,
            job_facets=about.job_facets,
            options=self.options,
        )

    def _run(self, facts: Callable[[], RunFacts], dag_id: str, moment: datetime) -> Run:
        try:
            return Run(self, dag_id, moment, facts())
        except Exception as error:  # noqa: BLE001 - lineage never stops a pipeline
            log.warning("no lineage of a run of %s: %s", dag_id, reason(error))
            return Run(self, dag_id, moment, None)

    def emit(
        self,
        facts: RunFacts,
        state: State,
        *,
        error: BaseException | str | None = None,
        **said: Unpack[Said],
    ) -> bool:
        """Emit an event; whether it makes sense after what was emitted before. Never raises."""
        if self.taker is None:
            return True
        locked = self._lock.acquire(timeout=LOCK_WAIT)  # an event too many is better than a pipeline that waits
        try:
            previous = self._states.get(facts.run.run_id)
            if not follows(previous, state):
                log.warning("%s after %s of the same run of %s isn't emitted", state, previous, facts.run.job.name)
                return False
            time, data = said.get("time") or self.clock(), said.get("data")
            event = run_event(state, facts, time, data=data, error=error, facets=said.get("facets"))
            self.taker.emit(event)
            self._remember(facts.run.run_id, state)
        except Exception as problem:  # noqa: BLE001 - lineage never stops a pipeline
            log.warning("no %s event of a run of %s: %s", state, facts.run.job.name, reason(problem))
            return False
        finally:
            if locked:
                self._lock.release()
        return True

    def _remember(self, run_id: str, state: State) -> None:
        self._states[run_id] = state
        self._states.move_to_end(run_id)
        if len(self._states) > MAX_RUNS:
            self._states.popitem(last=False)

    def close(self, timeout: float | None = None) -> bool:
        """Deliver what can be delivered in a moment, and stop; whether nothing was lost. Never raises."""
        return self.taker is None or self.taker.close(timeout)


def follows(previous: State | None, state: State) -> bool:
    """Whether a state may come after another one; another process may have emitted those that are missing."""
    if previous is None:
        return True
    return previous not in FINAL and state != "START"


@dataclass(frozen=True, slots=True)
class Run:
    """One run, whose changes of state are emitted. Each method says whether its event was; none raises."""

    emitter: Emitter
    dag_id: str
    moment: datetime
    facts: RunFacts | None  # None: nothing can be emitted

    @property
    def run_of(self) -> RunOf | None:
        """The identity of the run, for runs that it starts."""
        return self.facts.run if self.facts else None

    def start(self, **said: Unpack[Said]) -> bool:
        """It starts."""
        return self._emit("START", None, said)

    def running(self, **said: Unpack[Said]) -> bool:
        """It goes on, and something new is known."""
        return self._emit("RUNNING", None, said)

    def complete(self, **said: Unpack[Said]) -> bool:
        """It succeeded."""
        return self._emit("COMPLETE", None, said)

    def fail(self, error: BaseException | str | None = None, **said: Unpack[Said]) -> bool:
        """It failed."""
        return self._emit("FAIL", error, said)

    def abort(self, error: BaseException | str | None = None, **said: Unpack[Said]) -> bool:
        """It was ended from outside."""
        return self._emit("ABORT", error, said)

    def _emit(self, state: State, error: BaseException | str | None, said: Said) -> bool:
        return self.facts is not None and self.emitter.emit(self.facts, state, error=error, **said)


def open_emitter(*, engine: str, engine_version: str, options: LineageOptions | None = None) -> Emitter:
    """An emitter for this process, as the environment says; one that does nothing where lineage is off. Never raises.

    See ``dagport_lineage.delivery.open_courier``.
    """
    taker: Taker | None = None
    try:
        taker = open_courier()
    except Exception as error:  # noqa: BLE001 - lineage never stops a pipeline
        log.warning("lineage is off: %s", reason(error))
    return Emitter(taker, engine=engine, engine_version=engine_version, options=options)
