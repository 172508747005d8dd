"""Tasks of an Airflow DAG that run in Dagster or Prefect: the operators, and the switch that moves tasks to them.

Runs in the user's Airflow (2.7+ on Python 3.8+, or 3) and needs only that Airflow, the standard library and the files
beside it. ``dagport migrate vendor FOLDER`` copies them. ``dagport_runs`` says how a task finds its run again.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any, AsyncIterator, Iterator, Mapping, Sequence  # noqa: UP035 - Python 3.8

from airflow.configuration import conf
from airflow.triggers.base import BaseTrigger, TriggerEvent

try:  # Airflow 3
    from airflow.sdk import DAG, BaseHook, BaseOperator
    from airflow.sdk.definitions._internal.contextmanager import DagContext
    from airflow.sdk.exceptions import AirflowSkipException

    AIRFLOW_3 = True
except ImportError:  # Airflow 2
    from airflow.exceptions import AirflowSkipException
    from airflow.hooks.base import BaseHook
    from airflow.models.baseoperator import BaseOperator
    from airflow.models.dag import DAG, DagContext

    AIRFLOW_3 = False

if __package__:  # installed
    from dagport_adapters.airflow import dagport_engines as engines
    from dagport_adapters.airflow import dagport_http as http
    from dagport_adapters.airflow import dagport_runs as runs
    from dagport_adapters.airflow import dagport_switch as switches
else:  # copied
    import dagport_engines as engines  # type: ignore[import-not-found, no-redef, unused-ignore]
    import dagport_http as http  # type: ignore[import-not-found, no-redef, unused-ignore]
    import dagport_runs as runs  # type: ignore[import-not-found, no-redef, unused-ignore]
    import dagport_switch as switches  # type: ignore[import-not-found, no-redef, unused-ignore]

WEEK_SECONDS = 7 * 24 * 3600.0


def _engine(name: str, url: str | None, conn_id: str | None) -> Any:
    """The engine at an address, with the credentials of an Airflow connection."""
    connection = BaseHook.get_connection(conn_id) if conn_id else None
    return engines.ENGINES[name](http.Server.of(url, connection))


class RunElsewhereTrigger(BaseTrigger):  # type: ignore[misc]
    """Waits in the triggerer for the end of a run elsewhere."""

    def __init__(
        self,
        engine: str,
        url: str | None,
        conn_id: str | None,
        run_id: str,
        poll_interval: float,
        deadline: float | None,
        start_deadline: float | None,
    ) -> None:
        super().__init__()
        self.engine, self.url, self.conn_id, self.run_id = engine, url, conn_id, run_id
        self.poll_interval, self.deadline, self.start_deadline = poll_interval, deadline, start_deadline

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class and its arguments; no credentials, which are in the connection."""
        names = ("engine", "url", "conn_id", "run_id", "poll_interval", "deadline", "start_deadline")
        return f"{__name__}.{type(self).__name__}", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """One event: how the waiting ended."""
        watch = runs.Watch(self.run_id, self.deadline, self.start_deadline)
        try:
            engine = await self._connected()
            while True:
                ended = await asyncio.get_running_loop().run_in_executor(None, watch.look, engine)
                self.run_id = watch.run_id
                if ended:
                    break
                await asyncio.sleep(self.poll_interval)
        except asyncio.CancelledError:
            if not hasattr(BaseTrigger, "on_kill") and await _asynchronous(self._is_abandoned):
                await self.on_kill()
            raise
        yield TriggerEvent(ended)

    async def on_kill(self) -> None:
        """The deferred task was cleared or marked by a user (Airflow calls this from 3.2 on)."""
        engine = await self._connected()
        await asyncio.get_running_loop().run_in_executor(None, runs.stopped, engine, self.run_id)

    async def _connected(self) -> Any:
        return await _asynchronous(_engine, self.engine, self.url, self.conn_id)

    def _is_abandoned(self) -> bool:
        """Airflow 2: whether the task waits no longer for this trigger. A triggerer that ends cancels triggers too."""
        if AIRFLOW_3:
            return False
        from airflow.models.taskinstance import TaskInstance
        from airflow.utils.session import create_session

        ti = self.task_instance
        names = {"dag_id": ti.dag_id, "task_id": ti.task_id, "run_id": ti.run_id, "map_index": ti.map_index}
        with create_session() as session:
            row = session.query(TaskInstance.state).filter_by(**names).one_or_none()
        return row is None or str(row[0]) != "deferred"


async def _asynchronous(function: Any, *arguments: Any) -> Any:
    """A call that needs Airflow's own database or supervisor, in the way in which Airflow allows it in a triggerer."""
    from asgiref.sync import sync_to_async  # type: ignore[import-not-found, unused-ignore]

    return await sync_to_async(function)(*arguments)


class _RunElsewhere(BaseOperator):  # type: ignore[misc]
    """What the operators share: start or find the run, wait, and say how it ended."""

    engine = ""
    asks: tuple[str, ...] = ()  # what is to run
    waits: Mapping[str, Any] = {  # how it is waited for, with the defaults
        "url": None, "conn_id": None, "timeout": WEEK_SECONDS, "start_timeout": None, "poll_interval": 10.0,
        "deferrable": None, "result": None,
    }  # fmt: skip

    _run: Any = None

    def configure(self, **settings: Any) -> None:
        """Set the operator's own arguments; the others have their defaults."""
        for name, value in {**dict.fromkeys(self.asks), **self.waits, **settings}.items():
            setattr(self, name, value)
        if settings.get("deferrable") is None:
            self.deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False)

    def execute(self, context: Any) -> Any:
        """Start the run, or find the one that there is, and wait."""
        now = time.time()
        deadline = None if self.timeout is None else now + float(self.timeout)
        start_deadline = None if self.start_timeout is None else now + float(self.start_timeout)
        engine, run = self._follow(context, deadline)
        run.begin(self._asked())
        self.log.info("Runs in %s: %s", self.engine, engine.url(run.run_id))
        watch = runs.Watch(run.run_id, deadline, start_deadline)
        ended = watch.look(engine)
        if ended is None and self.deferrable and not run.killed:
            place = (self.engine, self.url, self.conn_id, watch.run_id)
            trigger = RunElsewhereTrigger(*place, float(self.poll_interval), deadline, start_deadline)
            self.defer(trigger=trigger, method_name="execute_complete")
        while ended is None:
            if run.killed:
                run.end()  # its launch may have been answered since
                raise runs.ElsewhereError(f"The task was ended, and so is its run: {engine.url(run.run_id)}")
            time.sleep(float(self.poll_interval))
            ended = watch.look(engine)
            run.run_id = watch.run_id
        return self._conclude(run, ended)

    def execute_complete(self, context: Any, event: Mapping[str, Any]) -> Any:
        """Go on after the trigger."""
        return self._conclude(self._follow(context, None)[1], event)

    def resume_execution(self, next_method: str, next_kwargs: Any, context: Any) -> Any:
        """As Airflow does; where it has ended the waiting because of its own time limit, the run is ended too."""
        if next_method == "__fail__":
            if "timeout" in str((next_kwargs or {}).get("error", "")).lower():
                self._follow(context, None)[1].end()
        elif next_method != "execute_complete":
            raise runs.ElsewhereError(
                "This task was waiting in its old home when it was moved, and can't go on here. Clear it to run it here"
            )
        return super().resume_execution(next_method, next_kwargs, context)

    def on_kill(self) -> None:
        """End the run, also one whose launch hasn't been answered."""
        if self._run is not None:
            self._run.end()

    def _follow(self, context: Any, deadline: float | None) -> tuple[Any, Any]:
        engine = _engine(self.engine, self.url, self.conn_id)
        identity = runs.Identity.of(context)
        interval = float(self.poll_interval)
        self._run = runs.TaskRun(engine, identity, poll_interval=interval, deadline=deadline, log=self.log)
        return engine, self._run

    def _conclude(self, run: Any, ended: Mapping[str, Any]) -> Any:
        state, result = run.concluded(ended, self._asked(), self.result)
        if state == runs.SKIPPED:
            raise AirflowSkipException(f"The run has made nothing: {result}")
        return result

    def _asked(self) -> dict[str, Any]:
        """What is to run; a text in the place of a mapping is JSON, so that templates can give numbers and lists."""
        asked = {name: getattr(self, name) for name in self.asks}
        for name in ("run_config", "parameters", "job_variables"):
            if isinstance(asked.get(name), str):
                try:
                    asked[name] = json.loads(asked[name])
                except ValueError:
                    raise runs.RefusedError(f"{name} is a text, but no JSON") from None
        return asked


class DagsterAssetsOperator(_RunElsewhere):
    """Materialises Dagster assets, or runs a job, and waits for the end.

    ``assets``: keys such as ``"shop/load"``; or ``job``, with ``ops`` to run some of its ops only. ``location`` and
    ``repository``: where several code locations have them. ``partition_key``, ``run_config`` and ``tags`` are templates
    and go to the run; assets without partitions get no partition. ``url`` is the webserver's, ``conn_id`` an Airflow
    connection with the credentials (and the address). ``timeout`` in seconds ends the run, ``start_timeout`` one that
    nobody has started by then. ``result``: the name of a metadata entry of the materialisation that becomes the task's
    result; without it the result is ``{"run_id", "url", "assets": {key: {"partition", "metadata"}}, "skipped"}``.
    """

    engine = "dagster"
    asks = switches.ASKS["dagster"]
    template_fields: Sequence[str] = ("assets", "job", "ops", "partition_key", "run_config", "tags", "url")
    template_fields_renderers = {"run_config": "json", "tags": "json"}  # noqa: RUF012 - Airflow's way
    ui_color = "#e0e7ff"

    def __init__(
        self, *, assets: Any = None, job: str | None = None, ops: Sequence[str] | None = None,
        location: str | None = None, repository: str | None = None, partition_key: str | None = None,
        run_config: Any = None, tags: Any = None, url: str | None = None, conn_id: str | None = None,
        timeout: float | None = WEEK_SECONDS, start_timeout: float | None = None, poll_interval: float = 10.0,
        deferrable: bool | None = None, result: str | None = None, **arguments: Any,
    ) -> None:  # fmt: skip
        super().__init__(**arguments)
        self.configure(
            assets=assets, job=job, ops=ops, location=location, repository=repository, partition_key=partition_key,
            run_config=run_config, tags=tags, url=url, conn_id=conn_id, timeout=timeout, start_timeout=start_timeout,
            poll_interval=poll_interval, deferrable=deferrable, result=result,
        )  # fmt: skip

    def configure(self, **settings: Any) -> None:
        """Set the operator's own arguments. Raises ``ValueError`` where they say nothing to run."""
        super().configure(**settings)
        self.assets: Any = [self.assets] if isinstance(self.assets, str) else self.assets
        if not self.assets and not self.job:
            raise ValueError("Say what to run: assets= or job=")


class PrefectDeploymentOperator(_RunElsewhere):
    """Runs a Prefect deployment and waits for the end.

    ``deployment``: ``"flow/deployment"`` or its id. ``parameters``, ``tags`` and ``flow_run_name`` are templates.
    ``url`` is the API's (such as ``http://prefect:4200/api``), ``conn_id`` an Airflow connection with the credentials
    (and the address). A paused or suspended flow run is waited for. ``result``: the key of an artifact that becomes the
    task's result; without it the result is ``{"run_id", "url", "deployment"}``. The rest as for Dagster.
    """

    engine = "prefect"
    asks = switches.ASKS["prefect"]
    template_fields: Sequence[str] = ("deployment", "parameters", "tags", "flow_run_name", "job_variables", "url")
    template_fields_renderers = {"parameters": "json"}  # noqa: RUF012
    ui_color = "#dbeafe"

    def __init__(
        self, *, deployment: str | None = None, parameters: Any = None, tags: Any = None,
        flow_run_name: str | None = None, job_variables: Any = None, url: str | None = None,
        conn_id: str | None = None, timeout: float | None = WEEK_SECONDS, start_timeout: float | None = None,
        poll_interval: float = 10.0, deferrable: bool | None = None, result: str | None = None, **arguments: Any,
    ) -> None:  # fmt: skip
        super().__init__(**arguments)
        self.configure(
            deployment=deployment, parameters=parameters, tags=tags, flow_run_name=flow_run_name,
            job_variables=job_variables, url=url, conn_id=conn_id, timeout=timeout, start_timeout=start_timeout,
            poll_interval=poll_interval, deferrable=deferrable, result=result,
        )  # fmt: skip

    def configure(self, **settings: Any) -> None:
        """Set the operator's own arguments. Raises ``ValueError`` where they say nothing to run."""
        super().configure(**settings)
        if not self.deployment:
            raise ValueError("Say what to run: deployment=")


OPERATORS = {"dagster": DagsterAssetsOperator, "prefect": PrefectDeploymentOperator}


def apply(dag: Any, moved: Mapping[tuple[str, str], switches.Moved]) -> None:
    """Let the tasks of a DAG that have moved run in their new homes; all else of them stays. Raises ``SwitchError``."""
    for (dag_id, task_id), place in moved.items():
        if dag_id != dag.dag_id:
            continue
        task = dag.task_dict.get(task_id)
        where = f"{dag_id}/{task_id}"
        if task is None:
            raise switches.SwitchError(
                f"{where}: the DAG has no such task.{switches.did_you_mean(task_id, dag.task_dict)}"
            )
        refusal = why_not(task)
        if refusal:
            raise switches.SwitchError(f"{where}: {refusal}")
        try:
            _swap(task, OPERATORS[place.engine], place.settings)
        except ValueError as error:
            raise switches.SwitchError(f"{where}: {error}") from None


def why_not(task: Any) -> str | None:
    """Why a task can't be moved on its own, if so."""
    bases = {base.__name__ for base in type(task).__mro__}
    if "MappedOperator" in bases:
        return "a mapped task can't be moved: its new home doesn't know what it is mapped over"
    if next(iter(task.iter_mapped_task_groups()), None) is not None:
        return "a task in a mapped group can't be moved: its new home doesn't know what the group is mapped over"
    if "BranchMixIn" in bases or ("SkipMixin" in bases and "BaseSensorOperator" not in bases):
        return "a task that chooses what runs after it can't be moved: Airflow needs its choice"
    return None


def _swap(task: Any, operator: Any, settings: Mapping[str, Any]) -> None:
    """Change the task in its place: ids, edges, trigger rule, retries, pool, group, outlets and callbacks stay."""
    task.__class__ = operator
    task.configure(**settings)
    for name in ("start_from_trigger", "start_trigger_args"):  # a deferrable operator may have said so of itself
        task.__dict__.pop(name, None)


def _load(path: Path) -> dict[tuple[str, str], switches.Moved]:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise switches.SwitchError(
            f"There is no switch file {path}. An empty one says that nothing has moved"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise switches.SwitchError(f"The switch file {path} can't be read: {error}") from None
    try:
        return switches.read_switch(text)
    except switches.SwitchError as error:
        raise switches.SwitchError(f"{path}: {error}") from None


def _applied(dag: Any, path: Path) -> None:
    moved = _load(path)
    try:
        apply(dag, moved)
    except switches.SwitchError as error:
        raise switches.SwitchError(f"{path}: {error}") from None


def switch(namespace: Mapping[str, Any], file: str | None = None) -> None:
    """The last line of a DAG file: ``switch(globals())``. Its tasks that have moved run in their new homes.

    ``file``: the switch file, by default ``$DAGPORT_SWITCH``, else ``dagport_switch.yaml`` in the DAG file's folder or
    the nearest one above it. Raises ``SwitchError``.
    """
    dags = list(_dags(namespace))
    if not dags:
        raise switches.SwitchError("switch(globals()) found no DAG: it must be the last line of the file")
    path = Path(file) if file else _nearest(Path(str(namespace["__file__"])).resolve().parent)
    for dag in dags:
        _applied(dag, path)


def _dags(namespace: Mapping[str, Any]) -> Iterator[Any]:
    """The DAGs of a module: its global names, and those that Airflow has noted on its own (``@dag``)."""
    name = namespace.get("__name__")
    noted = (dag for dag, module in DagContext.autoregistered_dags if getattr(module, "__name__", None) == name)
    seen = set()
    for value in (*namespace.values(), *noted):
        if isinstance(value, DAG) and id(value) not in seen:
            seen.add(id(value))
            yield value


def _nearest(folder: Path) -> Path:
    if os.environ.get(switches.SWITCH_VARIABLE):
        return Path(os.environ[switches.SWITCH_VARIABLE])
    found = (
        parent / switches.SWITCH_FILE
        for parent in (folder, *folder.parents)
        if (parent / switches.SWITCH_FILE).exists()
    )
    return next(found, folder / switches.SWITCH_FILE)


def dag_policy(dag: Any) -> None:
    """For ``airflow_local_settings.py``: ``from dagport_airflow import dag_policy`` switches every DAG, unchanged.

    The switch file is ``$DAGPORT_SWITCH``, else ``dagport_switch.yaml`` in Airflow's DAGs folder. Raises
    ``SwitchError``.
    """
    path = os.environ.get(switches.SWITCH_VARIABLE) or str(Path(conf.get("core", "dags_folder")) / switches.SWITCH_FILE)
    _applied(dag, Path(path))
