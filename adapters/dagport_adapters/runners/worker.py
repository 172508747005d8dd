"""Runs DAGs in the Airflow of this interpreter, for a host in another environment.

    AIRFLOW_PYTHON worker.py READ_FD WRITE_FD

This one file needs Airflow 2.7 or later, or 3, and the standard library. Commands come and messages go as JSON lines
over two pipes of their own, so nothing that a task prints can get between them.

The process imports Airflow once and stays warm. Each run is a fork of it, which parses the DAG file anew: a changed
file or helper module is seen, and what a task does to its process is gone with it. Whatever a run leaves behind is
killed when it ends, when the host asks to cancel, and when the host is gone. A run whose process dies is taken up
again, as Airflow's scheduler does with tasks that stopped beating: the interrupted task fails or is up for retry.
"""

# It runs on Python 3.8 too, and counts every import:
# ruff: noqa: PTH103, PTH110, PTH118, PTH120, PTH123, PTH208, UP017
from __future__ import annotations

import contextlib
import ctypes
import fcntl
import gc
import hashlib
import importlib
import inspect
import json
import mmap
import os
import platform
import select
import signal
import sys
import threading
import time
import traceback
from datetime import datetime, timezone

TYPES = False
if TYPES:  # mypy reads this, no Airflow pays for it
    from collections.abc import Callable, Iterator
    from typing import Any, NoReturn

PROTOCOL = 1
MAX_LINE = 1 << 20
BEAT_SECONDS = 1.0  # how often a worker looks whether its host is still its parent
WAIT_SECONDS = 0.2  # between two looks, when nothing can run yet
PR_SET_CHILD_SUBREAPER = 36
FINISHED = ("success", "failed", "skipped", "upstream_failed", "removed")
# What a run's process and the worker share: how many tasks have started, whether the database has the run, and whether
# the host has been told its end. The status of the process can't say that: a task may end it, too, even with 0.
STARTED, CREATED, TOLD = slice(0, 8), 8, 9
INTERRUPTED = ("queued", "running", "deferred", "restarting")  # what a task can be in while its process dies
NOT_BEGUN = ("scheduled", "queued", "running")
UNCOUNTED = ("queued", "up_for_reschedule")  # before 2.10 the try that is to come isn't counted yet in these
SHOWN = {"scheduled": "queued"}  # a host has no use for the difference
RESULT_KEY = "return_value"
PRELOADED = {
    2: ("airflow.models.dagbag", "airflow.models.xcom", "airflow.utils.task_group", "airflow.operators.python",
        "airflow.operators.bash", "airflow.operators.empty", "airflow.decorators", "airflow.listeners.listener",
        "airflow.api.common.mark_tasks", "airflow.models.serialized_dag", "airflow.utils.operator_helpers",
        # Tables that others refer to: without them the order of writing can't be found.
        "airflow.providers.fab.auth_manager.models", "airflow.auth.managers.fab.models",
        "airflow.www.fab_security.sqla.models"),
    3: ("airflow.sdk", "airflow.models.dagbag", "airflow.dag_processing.dagbag", "airflow.models.xcom",
        "airflow.models.serialized_dag", "airflow.serialization.serialized_objects", "airflow.listeners.listener",
        "airflow.sdk.definitions.dag", "airflow.sdk.execution_time.supervisor",
        "airflow.sdk.execution_time.task_runner",
        "airflow.dag_processing.bundles.manager", "airflow.api.common.mark_tasks", "airflow.sdk.listener",
        "airflow.providers.standard.operators.python", "airflow.providers.standard.operators.bash",
        "airflow.providers.standard.operators.empty", "airflow.api_fastapi.execution_api.app",
        "airflow.dag_processing.collection", "airflow.jobs.job", "airflow.models.pool", "airflow.models.dag_favorite",
        "airflow.models.db_callback_request", "airflow.models.renderedtifields", "airflow.dag_processing.bundles.local",
        "airflow.providers.standard.decorators.python", "airflow.serialization.definitions.mappedoperator", "a2wsgi",
        "airflow.providers.common.compat.openlineage.check", "airflow.sdk.definitions.decorators",
        "airflow.providers.standard.sensors.external_task", "encodings.idna"),
}  # fmt: skip


class Refused(Exception):  # noqa: N818 - it is an answer
    """A run can't be started, for a reason that the host has a type for."""

    def __init__(self, kind: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.answer = {"type": "error", "kind": kind, "message": message, **details}


class Channel:
    """JSON lines over two pipes."""

    def __init__(self, commands: int, messages: int) -> None:
        for number in (commands, messages):
            os.set_inheritable(number, False)  # no program that a task starts has them
        self.commands, self.messages = commands, messages
        self.buffer = b""

    def send(self, message: dict[str, Any]) -> None:
        """Write one line. Raises ``OSError`` when the host is gone."""
        line = json.dumps(message, default=str).encode() + b"\n"
        if len(line) > MAX_LINE:
            line = (
                json.dumps({"type": "error", "kind": "protocol", "message": "A message is too long"}).encode() + b"\n"
            )
        while line:
            line = line[os.write(self.messages, line) :]

    def receive(self) -> dict[str, Any] | None:
        """The next command; ``None`` when the host has closed its end."""
        while b"\n" not in self.buffer:
            while not select.select([self.commands], [], [], BEAT_SECONDS)[0]:
                if orphaned():
                    return None
            if not self.fill():
                return None
        return self.next()

    def fill(self) -> bool:
        """Take in what has come. False at the end."""
        more = os.read(self.commands, 1 << 16)
        self.buffer += more
        return bool(more) and len(self.buffer) <= MAX_LINE

    def next(self, *, during_run: bool = False) -> dict[str, Any] | None:
        """A command that has come in whole; during a run the next run stays where it is."""
        line, found, rest = self.buffer.partition(b"\n")
        command: dict[str, Any] | None = json.loads(line) if found else None
        if command is None or (during_run and command["do"] == "run"):
            return None
        self.buffer = rest
        return command


HOST = os.getppid()


def orphaned() -> bool:
    """Whether the host is gone, even where another process keeps its end of the pipe open."""
    return os.getppid() != HOST


# ---------------------------------------------------------------------------------------------- processes


def children_of(pid: int) -> list[int]:
    """The processes below one, the nearest first (Linux; elsewhere there are none to be found)."""
    parents: dict[int, list[int]] = {}
    with contextlib.suppress(OSError):
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{name}/stat", "rb") as stat:
                parents.setdefault(int(stat.read().rpartition(b")")[2].split()[1]), []).append(int(name))
    found, position = list(parents.get(pid, ())), 0
    while position < len(found):
        found += parents.get(found[position], ())
        position += 1
    return found


def kill_below(pid: int) -> None:
    """Kill everything below a process, and what it starts meanwhile."""
    for _ in range(20):
        below = children_of(pid)
        if not below:
            return
        for one in below:
            with contextlib.suppress(OSError):
                os.kill(one, signal.SIGKILL)
        with contextlib.suppress(OSError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.01)


def adopt_orphans() -> None:
    """Be the parent of whatever a run leaves behind, so that it is found."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class Worker:
    """The warm process."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.progress = mmap.mmap(-1, 10)  # see ``STARTED``, ``CREATED`` and ``TOLD``
        self.woken, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> None:
        """Run what the host asks for, one after the other, until it is gone."""
        while True:
            command = self.channel.receive()
            if command is None or command["do"] == "stop":
                return
            if command["do"] == "run" and not self.run(command["request"]):
                return

    def run(self, request: dict[str, Any]) -> bool:
        """One run, in as many processes as it kills. False when the host is gone."""
        stuck, self.progress[:] = 0, bytes(10)
        request["logical_date"] = request["logical_date"] or datetime.now(timezone.utc).isoformat()
        while True:
            before = self.progress[STARTED]
            pid, life = self.fork(request)
            status, request["cancelled"] = self.watch(pid, life, request)
            os.close(life)
            kill_below(os.getpid())
            if status is None:
                return False
            if self.progress[TOLD]:
                return True
            stuck = stuck + 1 if self.progress[STARTED] == before else 0
            if stuck > 1:
                self.channel.send({"type": "error", "kind": "run_died", "status": status, "message": ""})
                return True
            request["resume"] = self.progress[CREATED] == 1

    def fork(self, request: dict[str, Any]) -> tuple[int, int]:
        """Start the process of a run, and hold the pipe that it lives by."""
        life, ours = os.pipe()
        pid = os.fork()
        if pid:
            os.close(life)
            return pid, ours
        try:
            os.close(ours)
            os.close(self.channel.commands)
            sys.dont_write_bytecode = (
                True  # a file that changes within a second at the same length would stay the old one
            )
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            run_process(request, self.channel, life, self.progress)
            self.progress[TOLD] = 1
        except BaseException:  # noqa: BLE001 - the process ends here, whatever it is
            traceback.print_exc()
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(0)

    def watch(self, pid: int, life: int, request: dict[str, Any]) -> tuple[int | None, bool]:
        """Wait for the end of a run: its status, ``None`` when the host is gone, and whether it is cancelled."""
        cancelled, deadline = bool(request.get("cancelled")), float("inf")
        while True:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                return status, cancelled
            left = max(0.0, min(BEAT_SECONDS, deadline - time.monotonic()))
            ready = select.select([self.channel.commands, self.woken], [], [], left)[0]
            if self.woken in ready:
                os.read(self.woken, 4096)
            if orphaned() or (self.channel.commands in ready and not self.channel.fill()):
                return None, cancelled
            command = self.channel.next(during_run=True)
            if command and command["do"] == "stop":
                return None, cancelled
            if command and command["do"] == "cancel" and not cancelled:
                cancelled, deadline = True, time.monotonic() + request["cancel_grace"]
                with contextlib.suppress(OSError):
                    os.write(life, b"c")
            if time.monotonic() >= deadline:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)


# ---------------------------------------------------------------------------------------------- a run


class Cancelled:
    """What the pipe to the worker says: a byte to cancel, its end to die."""

    def __init__(self, life: int, asked: bool) -> None:
        self.asked = asked
        threading.Thread(target=self.listen, args=(life,), daemon=True).start()

    def listen(self, life: int) -> None:
        """Wait for the pipe, in a thread."""
        while os.read(life, 1):
            self.asked = True
            os.kill(os.getpid(), signal.SIGTERM)  # Airflow's own handler ends the running task and calls its on_kill
        kill_below(os.getpid())
        os.kill(os.getpid(), signal.SIGKILL)


def run_process(request: dict[str, Any], channel: Channel, life: int, progress: mmap.mmap) -> None:
    """All of a run's process, until the host has been told how it ended."""
    os.setsid()
    signal.signal(signal.SIGTERM, ignore)
    cancelled = Cancelled(life, bool(request.get("cancelled")))
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr] # nothing is lost when a task kills us
    try:
        engine = engine_of_this_airflow()
        Run(engine, request, channel.send, cancelled, progress).go()
    except Refused as refusal:
        channel.send(refusal.answer)
    except Exception as error:  # noqa: BLE001 - the host is told, whatever it is
        traceback.print_exc()
        channel.send({"type": "error", "kind": "airflow", "message": f"{type(error).__name__}: {error}"[:2000],
                      "trace": traceback.format_exc()[-4000:]})  # fmt: skip


def ignore(*_: object) -> None:
    """Between two tasks there is nothing that a signal must end."""


class Run:
    """One DAG run, driven to its end by Airflow's own ``DagRun.update_state``."""

    def __init__(
        self, engine: Any, request: dict[str, Any], send: Callable[[dict[str, Any]], None], cancelled: Cancelled,
        progress: mmap.mmap,
    ) -> None:  # fmt: skip
        self.engine, self.request, self.send, self.cancelled, self.progress = engine, request, send, cancelled, progress
        self.known: dict[tuple[str, int], tuple[str, int]] = {}
        self.logs = os.environ.get("AIRFLOW__LOGGING__BASE_LOG_FOLDER") or os.path.join(
            os.environ["AIRFLOW_HOME"], "logs"
        )

    def go(self) -> None:
        """From the DAG file to the last message."""
        engine = self.engine
        self.dag = load_dag(engine, self.request, self.send)
        self.session = engine.session()
        self.scheduled_dag = engine.scheduled(self.dag, self.request["tasks"])
        self.run, fresh = self.find_or_create()
        engine.listen(self.running)
        if not self.request.get("resume"):  # the host knows of it
            date, started = iso(engine.logical_date(self.run)), iso(self.run.start_date)
            told = {"dag_id": self.dag.dag_id, "run_id": self.run.run_id, "logical_date": date, "started": started}
            self.send({"type": "run_started", **told, "resumed": not fresh})
        if not fresh and self.run.state == "running":
            self.fail_interrupted()
        self.drive()
        if self.run.state == "running":
            engine.fail(self.scheduled_dag, self.run, self.session)
            self.session.commit()
        self.report()
        self.session.expire_all()
        self.send({"type": "run_finished", "run_id": self.run.run_id, "state": str(self.run.state),
                   "cancelled": self.cancelled.asked, "ended": iso(self.run.end_date)})  # fmt: skip

    def find_or_create(self) -> tuple[Any, bool]:
        """The run, and whether it is new. A run id that exists is taken up, never started a second time."""
        request, engine = self.request, self.engine
        date = engine.parse_date(request["logical_date"])
        run_id = request["run_id"] or engine.run_id(date)
        self.lock = locked(self.dag.dag_id, run_id)
        run = engine.find(self.dag.dag_id, self.session, run_id=run_id)
        if run is not None and (request["run_id"] or request.get("resume")):
            run.dag = self.scheduled_dag
            return run, False
        other = engine.find(self.dag.dag_id, self.session, date=date)
        if other is not None and request["run_id"]:
            raise Refused("logical_date_taken", f"The run {other.run_id} already has the logical date {iso(date)}")
        for old in {id(one): one for one in (run, other) if one is not None}.values():
            self.session.delete(old)  # the run of that date is done again, as `airflow dags test` does
            self.session.commit()
        run = engine.create(self.scheduled_dag, date, run_id, request, self.session)
        self.session.commit()
        self.progress[CREATED] = 1
        return run, True

    def fail_interrupted(self) -> None:
        """What ran when its process died has failed, or is up for retry, by Airflow's own rule."""
        for instance in self.instances(INTERRUPTED):
            instance.handle_failure("The process that ran this task died", session=self.session)
        self.session.commit()
        self.report()

    def drive(self) -> None:
        """Step until Airflow says that the run has ended, or somebody cancels."""
        while self.run.state == "running" and not self.cancelled.asked:
            self.session.expire_all()
            if self.request["retry_delays"] == "skip":
                for instance in self.instances(("up_for_retry",)):
                    instance.state = None
            ready, _ = self.run.update_state(session=self.session)
            for instance in ready:
                self.engine.schedule(instance)
            self.session.commit()
            self.report()
            waiting = self.instances(("scheduled",))
            for instance in waiting:
                if not self.cancelled.asked:
                    self.step(instance)
            if not waiting and self.run.state == "running":
                time.sleep(WAIT_SECONDS)

    def instances(self, states: tuple[str, ...]) -> list[Any]:
        """The task instances in some states, as the scheduler takes them: the heaviest first."""
        chosen = [one for one in self.run.get_task_instances(session=self.session) if str(one.state or "") in states]
        for one in chosen:
            one.task = self.scheduled_dag.get_task(one.task_id)
        return sorted(chosen, key=lambda one: (-one.priority_weight, one.task_id, one.map_index))

    def step(self, instance: Any) -> None:
        """Run one task instance, with all that it prints in its own file."""
        self.progress[STARTED] = (int.from_bytes(self.progress[STARTED], "big") + 1).to_bytes(8, "big")
        key = instance.task_id, instance.map_index
        with output_to(self.log_path(*key, self.engine.try_number(instance))):
            try:
                self.engine.run_task(instance, self.dag, self.session)
            except Exception:
                traceback.print_exc()
                self.session.rollback()
                if self.state(key) in NOT_BEGUN:  # else its state says how it ended
                    raise
        signal.signal(signal.SIGTERM, ignore)
        self.session.commit()
        self.report()

    def state(self, key: tuple[str, int]) -> str | None:
        """The state of one task instance in the database."""
        rows = self.engine.rows(self.run, self.session)
        return next((str(state) for task_id, index, state, *_ in rows if (task_id, index) == key), None)

    def running(self, instance: Any) -> None:
        """Airflow's listener: a task is about to execute."""
        self.message(instance.task_id, instance.map_index, "running", instance.try_number, instance.start_date, None)

    def report(self) -> None:
        """Tell what has changed in the table of task instances."""
        for task_id, index, state, number, start, end in self.engine.rows(self.run, self.session):
            state = SHOWN.get(str(state), str(state)) if state else ""
            number += state in UNCOUNTED and counts_later()
            if not state or self.known.get((task_id, index)) == (state, number):
                continue
            if state != "running" or (task_id, index) not in self.known:
                self.message(task_id, index, state, number, start, end)

    def message(self, task_id: str, index: int, state: str, number: int, start: Any, end: Any) -> None:
        """Send one change."""
        if self.known.get((task_id, index)) == (state, number):
            return
        self.known[task_id, index] = (state, number)
        ended = state in FINISHED or state == "up_for_retry"
        path = self.log_path(task_id, index, number)
        text = {"type": "task", "task_id": task_id, "map_index": index, "try_number": number, "state": state,
                "started": iso(start), "ended": iso(end) if ended else None,
                "log": path if os.path.exists(path) else None}  # fmt: skip
        if state == "success":
            text["result"] = self.engine.result(self.run, task_id, index, self.session, self.request["preview"])
        self.send(text)

    def log_path(self, task_id: str, index: int, number: int) -> str:
        """Where the output of one try is, below Airflow's folder of logs."""
        parts = [f"dag_id={self.dag.dag_id}", f"run_id={self.run.run_id}", f"task_id={task_id}"]
        parts += [f"map_index={index}"] if index >= 0 else []
        return os.path.join(self.logs, *(part.replace(os.sep, "_") for part in parts), f"attempt={number}.out")


def load_dag(engine: Any, request: dict[str, Any], send: Callable[[dict[str, Any]], None]) -> Any:
    """Parse the file, or the folder where nobody knows the file. Raises ``Refused``."""
    wanted, tried = (
        request["dag_id"],
        [request["file"] or request["hint"], None if request["file"] else request["folder"]],
    )
    for path in filter(None, tried):
        bag = engine.bag(path, safe_mode=path == request["folder"])  # a named file is read whatever is in it
        dag_id = wanted or (next(iter(bag.dags)) if len(bag.dags) == 1 else None)
        if dag_id in bag.dags:
            dag = bag.dags[dag_id]
            send({"type": "located", "dag_id": dag_id, "file": dag.fileloc})
            unknown = sorted(set(request["tasks"] or ()) - set(dag.task_dict))
            if unknown:
                raise Refused("unknown_task", "", unknown=unknown, known=sorted(dag.task_dict)[:2000])
            engine.record(bag)
            return dag
    errors = {str(file): str(text)[-4000:] for file, text in list(bag.import_errors.items())[:20]}
    if errors and (request["file"] or not bag.dags):
        raise Refused("import_error", "", errors=errors)
    raise Refused("unknown_dag", "", known=sorted(bag.dags)[:2000], errors=errors)


def locked(dag_id: str, run_id: str) -> int:
    """Hold a run, so that no other process of this home drives it too. Raises ``Refused``."""
    folder = os.path.join(os.environ["AIRFLOW_HOME"], "dagport-runs")
    os.makedirs(folder, exist_ok=True)
    name = hashlib.sha256(f"{dag_id}\0{run_id}".encode()).hexdigest()[:32]
    number = os.open(os.path.join(folder, name), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise Refused("in_progress", f"The run {run_id} is already being run by another process") from None
    return number


@contextlib.contextmanager
def output_to(path: str) -> Iterator[None]:
    """Send the standard output and error of this process and of those that it starts to a file."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    saved = [os.dup(1), os.dup(2)]
    try:
        os.dup2(file, 1)
        os.dup2(file, 2)
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        for number, old in zip((1, 2), saved):  # noqa: B905 - not in Python 3.8
            os.dup2(old, number)
            os.close(old)
        os.close(file)


def iso(date: Any) -> str | None:
    """A date as text."""
    return date.isoformat() if date is not None else None


# ---------------------------------------------------------------------------------------------- Airflow


def accepted(function: Callable[..., Any], **arguments: Any) -> dict[str, Any]:
    """The arguments that a function of this version has."""
    names = inspect.signature(function).parameters
    return {name: value for name, value in arguments.items() if name in names}


def counts_later() -> bool:
    """Whether a try is counted as it begins to run (before 2.10), not as it is scheduled."""
    from airflow.models.taskinstance import TaskInstance

    return "_try_number" in TaskInstance.__mapper__.attrs


class Airflow:
    """What both versions have in common."""

    def session(self) -> Any:
        """A session of the database."""
        from airflow import settings

        return settings.Session()

    def now(self) -> Any:
        """The time, in UTC."""
        return self.zone().utcnow()

    def parse_date(self, text: str) -> Any:
        """A date from its text."""
        return self.zone().parse(text)

    def zone(self) -> Any:
        """Airflow's module for dates."""
        from airflow.utils import timezone

        return timezone

    def run_id(self, date: Any) -> str:
        """The id of a manual run."""
        return f"manual__{date.isoformat()}"

    def listen(self, running: Callable[[Any], None]) -> None:
        """Call a function when a task begins to execute."""
        from airflow.listeners import hookimpl

        class Listener:
            @hookimpl  # type: ignore[untyped-decorator,unused-ignore]
            def on_task_instance_running(self, previous_state: Any, task_instance: Any) -> None:
                running(task_instance)

        for module in ("airflow.listeners.listener", "airflow.sdk.listener"):
            with contextlib.suppress(ImportError):
                manager = importlib.import_module(module).get_listener_manager()
                manager.add_listener(Listener())

    def find(self, dag_id: str, session: Any, run_id: str | None = None, date: Any = None) -> Any:
        """A run by its id or its logical date."""
        from airflow.models.dagrun import DagRun
        from sqlalchemy import select

        column = DagRun.run_id if run_id else getattr(DagRun, self.date_name)
        return session.scalar(select(DagRun).where(DagRun.dag_id == dag_id, column == (run_id or date)))

    date_name = "logical_date"

    def logical_date(self, run: Any) -> Any:
        """The logical date of a run."""
        return getattr(run, self.date_name)

    def create(self, dag: Any, date: Any, run_id: str, request: dict[str, Any], session: Any) -> Any:
        """A new run, as ``DAG.test`` makes it."""
        from airflow.utils.types import DagRunType

        interval = [self.parse_date(text) for text in request["data_interval"] or ()]
        found = tuple(interval) or dag.timetable.infer_manual_data_interval(run_after=date)
        return dag.create_dagrun(
            **accepted(
                dag.create_dagrun, run_id=run_id, **{self.date_name: date}, data_interval=found, run_after=self.now(),
                conf=request["conf"], run_type=DagRunType.MANUAL, state="running", start_date=self.now(),
                triggering_user_name="dagport", session=session, **self.more_of_a_run(),
            )
        )  # fmt: skip

    def more_of_a_run(self) -> dict[str, Any]:
        """What only one version wants."""
        return {}

    def schedule(self, instance: Any) -> None:
        """What the scheduler does to a task instance that can run."""
        if instance.state != "up_for_reschedule":
            self.next_try(instance)
        instance.state = "scheduled"

    def next_try(self, instance: Any) -> None:
        """Count the try."""
        instance.try_number += 1

    def try_number(self, instance: Any) -> int:
        """The number of the try that is about to run."""
        return int(instance.try_number)

    def rows(self, run: Any, session: Any) -> Iterator[Any]:
        """Task, index, state, try, start and end of every task instance."""
        from airflow.models.taskinstance import TaskInstance as T
        from sqlalchemy import select

        number = T._try_number if counts_later() else T.try_number
        columns = (T.task_id, T.map_index, T.state, number, T.start_date, T.end_date)
        query = select(*columns).where(T.dag_id == run.dag_id, T.run_id == run.run_id)
        return iter(session.execute(query.order_by(T.end_date, T.task_id, T.map_index)))

    def result(self, run: Any, task_id: str, index: int, session: Any, size: int) -> dict[str, Any] | None:
        """The beginning of what a task returned, as JSON."""
        from sqlalchemy import select

        X = self.xcom()  # noqa: N806 - a class
        where = (X.dag_id == run.dag_id, X.run_id == run.run_id, X.task_id == task_id, X.map_index == index)
        value = session.scalar(select(X.value).where(*where, X.key == RESULT_KEY))
        if value is None or not size:
            return None
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        text = text if isinstance(text, str) else json.dumps(text, default=str)
        text = str(self.masked(text))
        return {"preview": text[:size], "whole": len(text) <= size}

    def xcom(self) -> Any:
        """The table of results."""
        raise NotImplementedError

    def masked(self, text: str) -> Any:
        """The text without the secrets that this process has seen."""
        raise NotImplementedError

    def fail(self, dag: Any, run: Any, session: Any) -> None:
        """End a run as Airflow's 'mark as failed' does."""
        from airflow.api.common.mark_tasks import set_dag_run_state_to_failed

        set_dag_run_state_to_failed(dag=dag, run_id=run.run_id, commit=True, session=session)


class Airflow2(Airflow):
    """2.7 and later."""

    date_name = "execution_date"

    def bag(self, path: str, *, safe_mode: bool) -> Any:
        """The DAGs of a file or folder."""
        from airflow.models.dagbag import DagBag

        return DagBag(dag_folder=path, include_examples=False, safe_mode=safe_mode, read_dags_from_db=False)

    def record(self, bag: Any) -> None:
        """Make the DAGs known to the database, where tasks look for each other's, unless it has them: that is slow."""
        if not all(map(self.is_recorded, bag.dags.values())):
            bag.sync_to_db()

    def is_recorded(self, dag: Any) -> bool:
        """Whether the database has this DAG as it is."""
        from airflow.models.serialized_dag import SerializedDagModel as Known
        from sqlalchemy import select

        known = self.session().scalar(select(Known.dag_hash).where(Known.dag_id == dag.dag_id))
        return bool(known == Known(dag).dag_hash)

    def scheduled(self, dag: Any, tasks: list[str] | None) -> Any:
        """The DAG that is scheduled."""
        return dag.partial_subset(tasks, include_upstream=False) if tasks else dag

    def next_try(self, instance: Any) -> None:
        """Count the try, which releases before 2.10 do later."""
        if not counts_later():
            instance.try_number += 1

    def try_number(self, instance: Any) -> int:
        """The number of the try that is about to run."""
        return int(instance._try_number + 1 if counts_later() else instance.try_number)

    def run_task(self, instance: Any, dag: Any, session: Any) -> None:
        """Run a task instance as ``TaskInstance.run`` does, with its trigger in line."""
        from airflow.models.dag import _run_task

        instance.task = dag.get_task(instance.task_id)
        instance.state = "queued"
        session.commit()
        arguments = accepted(instance.check_and_change_state_before_execution, ignore_all_deps=True, session=session)
        if instance.check_and_change_state_before_execution(**arguments):
            _run_task(**accepted(_run_task, ti=instance, inline_trigger=True, session=session))
        if instance.state == "deferred":  # the first releases leave that to a triggerer
            self.trigger(instance, session)

    def trigger(self, instance: Any, session: Any) -> None:
        """Run the trigger that a task waits for, and hand its event over as a triggerer does."""
        import asyncio

        from airflow.models.trigger import Trigger
        from airflow.utils.module_loading import import_string

        row = session.get(Trigger, instance.trigger_id)

        async def first() -> Any:
            async for event in import_string(row.classpath)(**row.kwargs).run():
                return event
            return None

        Trigger.submit_event(trigger_id=row.id, event=asyncio.run(first()), session=session)

    def xcom(self) -> Any:
        """The table of results."""
        from airflow.models.xcom import XCom

        return XCom

    def masked(self, text: str) -> Any:
        """The text without the secrets that this process has seen."""
        from airflow.utils.log.secrets_masker import redact

        return redact(text)


class Airflow3(Airflow):
    """3.0 and later."""

    bundle = "dags-folder"

    def zone(self) -> Any:
        """Airflow's module for dates."""
        try:
            from airflow.sdk import timezone
        except ImportError:
            from airflow.utils import timezone
        return timezone

    def bag(self, path: str, *, safe_mode: bool) -> Any:
        """The DAGs of a file or folder."""
        folder = os.environ["AIRFLOW__CORE__DAGS_FOLDER"]
        try:
            from airflow.dag_processing.dagbag import DagBag
        except ImportError:
            from airflow.models.dagbag import DagBag
        where = {"dag_folder": path, "bundle_path": self.path(folder), "bundle_name": self.bundle}
        return DagBag(**accepted(DagBag, include_examples=False, safe_mode=safe_mode, **where))

    def path(self, folder: str) -> Any:
        """A path of the kind that Airflow 3 wants."""
        from pathlib import Path

        return Path(folder)

    def record(self, bag: Any) -> None:
        """Make the DAGs known to the database, where the API server that runs in this process looks for them."""
        from airflow.dag_processing.bundles.manager import DagBundlesManager

        DagBundlesManager().sync_bundles_to_db()
        for module in ("airflow.dag_processing.dagbag", "airflow.models.dagbag"):
            with contextlib.suppress(ImportError, AttributeError):
                importlib.import_module(module).sync_bag_to_db(bag, self.bundle, None)
                return
        bag.sync_to_db(self.bundle, None)

    def scheduled(self, dag: Any, tasks: list[str] | None) -> Any:
        """The DAG as the scheduler has it, with the callbacks that it loses on the way, as ``DAG.test`` does."""
        from airflow.serialization import serialized_objects

        codec = getattr(serialized_objects, "DagSerialization", serialized_objects.SerializedDAG)
        found = codec.deserialize_dag(codec.serialize_dag(dag))
        found = found.partial_subset(tasks, include_upstream=False) if tasks else found
        found.on_success_callback, found.on_failure_callback = dag.on_success_callback, dag.on_failure_callback
        return found

    def more_of_a_run(self) -> dict[str, Any]:
        """Who started it."""
        from airflow.utils.types import DagRunTriggeredByType

        return {"triggered_by": DagRunTriggeredByType.TEST}

    def run_task(self, instance: Any, dag: Any, session: Any) -> None:
        """Run a task instance through the API server in this process, its trigger in line, as ``DAG.test`` does."""
        from airflow.sdk.definitions.dag import _run_task

        task = dag.task_dict[instance.task_id]
        if "task" not in inspect.signature(_run_task).parameters:
            instance.task = task  # where 3.0 looks for it
        _run_task(**accepted(_run_task, ti=instance, task=task, run_triggerer=True))

    def xcom(self) -> Any:
        """The table of results."""
        from airflow.models.xcom import XComModel

        return XComModel

    def masked(self, text: str) -> Any:
        """The text without the secrets that this process has seen."""
        for module in ("airflow.sdk.log", "airflow.sdk.execution_time.secrets_masker"):
            redact = getattr(importlib.import_module(module), "redact", None)
            if redact:
                return redact(text)
        return text


def engine_of_this_airflow() -> Any:
    """The version that is installed."""
    return Airflow3() if airflow_version().startswith("3.") else Airflow2()


def airflow_version() -> str:
    """The version of Airflow. Raises ``ModuleNotFoundError``."""
    import airflow

    return str(airflow.__version__)


def preload() -> None:
    """Import what every run needs, and open nothing: the runs are forks."""
    for name in PRELOADED[int(airflow_version().split(".")[0])]:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    with contextlib.suppress(ImportError, AttributeError):
        warm_api_server()
    gc.collect()
    gc.freeze()


def warm_api_server() -> None:
    """Let the API server that Airflow 3 runs tasks through build its routes (seconds), in no thread and no database.

    Raises ``ImportError`` in Airflow 2, and ``AttributeError`` in releases that make it in another way.
    """
    import asyncio

    httpx = importlib.import_module("httpx")
    from airflow.sdk.execution_time.supervisor import in_process_api_server

    async def ask() -> None:
        transport = in_process_api_server().atransport
        async with httpx.AsyncClient(transport=transport, base_url="http://in-process.invalid./") as client:
            await client.get("health")

    asyncio.run(ask())


def main() -> NoReturn:
    """Answer a host until it is gone."""
    channel = Channel(int(sys.argv[1]), int(sys.argv[2]))
    hello = {"type": "hello", "protocol": PROTOCOL, "pid": os.getpid(), "python": platform.python_version()}
    try:
        hello["airflow"] = airflow_version()
        preload()
    except BaseException as error:  # noqa: BLE001 - it is the host that reports
        traceback.print_exc()
        hello["error"] = f"{type(error).__name__}: {error}"[:2000]
    channel.send(hello)
    if "error" not in hello:
        adopt_orphans()
        with contextlib.suppress(OSError):
            Worker(channel).serve()
        kill_below(os.getpid())
    os._exit(0)


if __name__ == "__main__":
    main()
