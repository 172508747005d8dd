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
# ruff: noqa: PTH103, PTH109, PTH110, PTH118, PTH120, PTH123, PTH208, UP017
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
import re
import select
import signal
import sqlite3
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
MAX_LINE = 1 << 20  # longer ones are told as ``{"long": BYTES}`` in a line of its own, followed by that many bytes
MAX_RESULTS = 256 << 20  # of one task instance, as JSON
BEAT_SECONDS = 1.0  # how often a worker looks whether its host is still its parent
WAIT_SECONDS = 0.2  # between two looks, when nothing can run yet
PR_SET_CHILD_SUBREAPER = 36
FINISHED = ("success", "failed", "skipped", "upstream_failed", "removed")
# What a run's process and the worker share: how many tasks have started, whether the database has the run, and whether
# the host has been told its end. The status of the process can't say that: a task may end it, too, even with 0.
STARTED, CREATED, TOLD = slice(0, 8), 8, 9
INTERRUPTED = ("queued", "running", "deferred", "restarting")  # what a task can be in while its process dies
NOT_ENDED = ("scheduled", "queued", "running", "deferred")
UNCOUNTED = ("queued", "up_for_reschedule")  # before 2.10 the try that is to come isn't counted yet in these
SHOWN = {"scheduled": "queued"}  # a host has no use for the difference
RESULT_KEY = "return_value"
# They fail with the run; what hadn't begun is skipped.
RAN = ("running", "deferred", "up_for_reschedule", "restarting")
AHEAD = ("scheduled", "queued", "up_for_retry", *RAN)  # as long as one is in these, something may still happen
MAX_ERROR = 2000
FEW = 50  # objects of the database that a session may know of for the length of a run
MASKED_MORE = 1 << 14  # what is cut off may not be the end of a secret
JSON_TEXT = re.compile(r'("(?:[^"\\]|\\u[0-9a-fA-F]{4}|\\[^u])*)("?)')  # the last one may be cut off
URI_SECRET = re.compile(r"(://)[^\s/:@'\"?#]{0,200}:(?!\d{1,5}[/?#])[^\s'\"]{0,1000}@")  # and the login
LOCK_SECONDS = 0.05  # between two tries to get a run that another process has
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


CANCELLED = {"type": "error", "kind": "cancelled", "message": "The run was cancelled before it began"}


class Channel:
    """JSON lines over two pipes."""

    def __init__(self, commands: int, messages: int) -> None:
        for number in (commands, messages):
            os.set_inheritable(number, False)  # no program that a task starts has them
        self.commands, self.messages = commands, messages
        self.buffer = bytearray()

    def send(self, message: dict[str, Any]) -> None:
        """Write one message. Raises ``OSError`` when the host is gone."""
        text = json.dumps(message, default=str).encode()
        if len(text) >= MAX_LINE:
            self.write(json.dumps({"long": len(text)}).encode() + b"\n")
        self.write(text + b"\n")

    def write(self, text: bytes) -> None:
        """Write all of it."""
        left = memoryview(text)
        while left:
            left = left[os.write(self.messages, left) :]

    def receive(self) -> dict[str, Any] | None:
        """The next command; ``None`` when the host has closed its end."""
        while b"\n" not in self.buffer:
            if not self.wait():
                return None
        command = self.next()
        return self.long(command) if command and "long" in command else command

    def long(self, header: dict[str, Any]) -> dict[str, Any] | None:
        """The command that follows its length."""
        size = header["long"]
        while len(self.buffer) <= size:
            if not self.wait():
                return None
        command: dict[str, Any] = json.loads(self.buffer[:size])
        del self.buffer[: size + 1]
        return command

    def wait(self) -> bool:
        """Wait for more, and take it in. False at the end."""
        while not select.select([self.commands], [], [], BEAT_SECONDS)[0]:
            if orphaned():
                return False
        return self.fill()

    def fill(self) -> bool:
        """Take in what has come. False at the end."""
        more = os.read(self.commands, 1 << 16)
        self.buffer += more
        return bool(more)

    @property
    def has_next_run(self) -> bool:
        """Whether the command that waits is a run, for the end of the one that is under way."""
        line, found, _ = self.buffer[:MAX_LINE].partition(b"\n")
        return bool(found) and json.loads(line)["do"] == "run"

    def next(self, *, during_run: bool = False) -> dict[str, Any] | None:
        """A command that has come in whole; during a run the next run stays where it is."""
        line, found, _ = self.buffer[:MAX_LINE].partition(b"\n")
        command: dict[str, Any] | None = json.loads(line) if found else None
        if command is None or (during_run and command["do"] == "run"):
            return None
        del self.buffer[: len(line) + 1]
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
        if pid == os.getpid() and is_childless():
            return
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


def is_childless() -> bool:
    """Whether this process has no children, not even dead ones; what they left behind it has adopted."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return sys.platform == "linux"  # elsewhere others may have adopted them
    return False


def adopt_orphans() -> None:
    """Be the parent of whatever a run leaves behind, so that it is found."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def complain() -> None:
    """Print what went wrong, if that can be printed: a disk may be full."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        traceback.print_exc()


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
            if request["cancelled"] and not self.progress[CREATED]:
                self.channel.send(CANCELLED)
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
            complain()
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(0)

    def watch(self, pid: int, life: int, request: dict[str, Any]) -> tuple[int | None, bool]:
        """Wait for the end of a run: its status, ``None`` when the host is gone, and whether it is cancelled."""
        cancelled = bool(request.get("cancelled"))
        deadline = time.monotonic() + request["cancel_grace"] if cancelled else float("inf")
        while True:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                return status, cancelled
            left = max(0.0, min(BEAT_SECONDS, deadline - time.monotonic()))
            commands = [] if self.channel.has_next_run else [self.channel.commands]
            ready = select.select([*commands, self.woken], [], [], left)[0]
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
    held = hold_database()  # noqa: F841 - it is held as long as this function runs
    cancelled = Cancelled(life, bool(request.get("cancelled")))
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr] # nothing is lost when a task kills us
    try:
        engine = engine_of_this_airflow()
        Run(engine, request, channel.send, cancelled, progress).go()
    except Refused as refusal:
        channel.send(refusal.answer)
    except Exception as error:  # noqa: BLE001 - the host is told, whatever it is
        complain()
        channel.send({"type": "error", "kind": "airflow", "message": f"{type(error).__name__}: {error}"[:2000],
                      "trace": traceback.format_exc()[-4000:]})  # fmt: skip


def hold_database() -> Any:
    """Keep a connection to a SQLite of ours: when the last one is closed, SQLite writes its log back, which is slow."""
    path = os.environ.get("DAGPORT_OWN_DATABASE")
    if not path:
        return None
    connection = sqlite3.connect(path, timeout=60, check_same_thread=False)
    connection.execute("select count(*) from sqlite_master").fetchall()  # only now the file is open
    return connection


def hurry(engine: Any) -> None:
    """Let the connections of an engine to a SQLite of ours leave it to the system when the disk has what they write.

    No crash of a process loses anything by that, nor can the database be damaged; if the machine itself goes down,
    the last moment of the run may be missing.
    """
    from sqlalchemy import event

    @event.listens_for(engine, "connect")  # type: ignore[untyped-decorator,unused-ignore]
    def set_pragma(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("pragma synchronous = normal")
        cursor.close()


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
        self.errors: dict[tuple[str, int], str] = {}
        self.only_tasks = request["again"] == "tasks"
        self.logs = os.environ.get("AIRFLOW__LOGGING__BASE_LOG_FOLDER") or os.path.join(
            os.environ["AIRFLOW_HOME"], "logs"
        )

    def go(self) -> None:
        """From the DAG file to the last message."""
        engine = self.engine
        self.dag = load_dag(engine, self.request, self.send)
        self.session = engine.session()
        self.whole_dag = engine.scheduled(self.dag)
        self.scheduled_dag = self.subset()
        ignore_the_past(self.scheduled_dag)
        self.run, fresh = self.find_or_create()
        self.run_id = self.run.run_id
        self.others = self.other_states()
        engine.listen(self.running, self.failed)
        if not self.request.get("resume"):  # the host knows of it
            self.send({"type": "run_started", **self.told_of_run(), "resumed": not fresh})
        if not fresh and self.run.state == "running":
            self.fail_interrupted()
        self.drive()
        self.refresh()
        if self.run.state == "running":
            self.fail_rest()
        self.report()
        self.refresh()
        state, ended = str(self.run.state), iso(self.run.end_date)
        self.settle()
        self.send({"type": "run_finished", "run_id": self.run.run_id, "state": state,
                   "cancelled": self.cancelled.asked, "ended": ended})  # fmt: skip

    def told_of_run(self) -> dict[str, Any]:
        """What the host is told of the run."""
        run = self.run
        interval = run.data_interval_start, run.data_interval_end
        return {
            "dag_id": self.dag.dag_id, "run_id": run.run_id, "logical_date": iso(self.engine.logical_date(run)),
            "started": iso(run.start_date), "run_after": iso(getattr(run, "run_after", None)),
            "data_interval": [*map(iso, interval)] if all(interval) else None,
            "clear_number": getattr(run, "clear_number", 0) or 0,
        }  # fmt: skip

    def subset(self) -> Any:
        """The DAG of what runs: the named tasks, and unless it's only them, the setups and teardowns that they need."""
        names = self.request["tasks"]
        if names is None:
            return self.whole_dag
        if not self.only_tasks:
            return self.engine.part(self.dag, self.whole_dag, names)
        found = self.engine.exact_part(self.dag, names)
        found.on_success_callback = found.on_failure_callback = None  # the DAG doesn't run as a whole
        return found

    def find_or_create(self) -> tuple[Any, bool]:
        """The run, and whether it is new. A run id that exists is taken up, never started a second time."""
        request, engine = self.request, self.engine
        date = engine.parse_date(request["logical_date"])
        run_id, run = self.hold(date)
        taken = run is not None and (request["run_id"] or request.get("resume") or self.only_tasks)
        if taken and (request.get("resume") or not self.only_tasks):
            run.dag = self.scheduled_dag
            return run, False
        other = engine.find(self.dag.dag_id, self.session, date=date)
        if other is not None and request["run_id"] and not taken:
            text = f"The run {other.run_id} already has the logical date {iso(date)}"
            raise Refused("logical_date_taken", text, run_id=other.run_id)
        if not taken:
            for old in {id(one): one for one in (run, other) if one is not None}.values():
                self.session.delete(old)  # the run of that date is done again, as `airflow dags test` does
                self.session.commit()
            whole = self.whole_dag if self.only_tasks else self.scheduled_dag
            run = engine.create(whole, date, run_id, request, self.session)
        self.prepare(run, fresh=not taken)
        self.session.commit()
        self.progress[CREATED] = 1
        return run, not taken

    def hold(self, date: Any) -> tuple[str, Any]:
        """The id of the run, and the run if it is there, once no other process has it."""
        request, engine, dag_id = self.request, self.engine, self.dag.dag_id
        while True:
            same = engine.find(dag_id, self.session, date=date) if self.only_tasks and not request["run_id"] else None
            run_id = request["run_id"] or (same.run_id if same is not None else engine.run_id(date))
            self.session.rollback()
            lock = locked(dag_id, run_id, self.cancelled if self.only_tasks else None)
            run = engine.find(dag_id, self.session, run_id=run_id)
            other = engine.find(dag_id, self.session, date=date)
            if not self.only_tasks or request["run_id"] or run is not None or other is None:
                return run_id, run
            os.close(lock)  # meanwhile the date got a run of another id

    def prepare(self, run: Any, *, fresh: bool) -> None:
        """Put the handed results in their place, and of a run whose tasks are done again the tasks."""
        engine, session = self.engine, self.session
        run.dag = self.whole_dag
        if self.only_tasks and not fresh:
            self.run = run
            for instance in self.instances(INTERRUPTED, self.whole_dag):
                instance.handle_failure("The process that ran this task died", session=session)
            names = set(self.scheduled_dag.task_dict)
            rows = run.get_task_instances(session=session)
            if not names <= {one.task_id for one in rows}:  # the DAG has got new tasks since
                engine.add_missing(run, session)
            again = [one for one in rows if one.task_id in names and one.state is not None]
            for one in again:
                one.task = self.whole_dag.get_task(one.task_id)
            engine.clear(again, self.whole_dag, session)
            run.state = "running"
            run.start_date = run.start_date or engine.now()
            session.flush()
        self.hand_in(run)
        run.dag = self.scheduled_dag

    def hand_in(self, run: Any) -> None:
        """Put results of tasks that don't run where Airflow looks for them. Raises ``Refused``."""
        by_key: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for one in self.request["inputs"]:
            by_key.setdefault((one["task_id"], one["key"]), []).append(one)
        for (task_id, key), handed in by_key.items():
            if task_id in self.scheduled_dag.task_dict:
                raise Refused("input", f"{task_id} runs, so its result can't be handed in")
            self.engine.forget_results(run, task_id, key, self.session)
            for one in handed:
                try:
                    self.engine.hand_in(run, self.whole_dag.get_task(task_id), one, self.session)
                except Exception as error:
                    text = f"{type(error).__name__}: {error}"[:MAX_ERROR]
                    raise Refused("input", f"Airflow takes no such {key} of {task_id}: {text}") from error

    def fail_interrupted(self) -> None:
        """What ran when its process died has failed, or is up for retry, by Airflow's own rule."""
        for instance in self.instances(INTERRUPTED):
            told = "The process that ran this task died"
            instance.handle_failure(told, session=self.session)
            self.errors.setdefault((instance.task_id, instance.map_index), told)
        self.session.commit()
        self.report()

    def fail_rest(self) -> None:
        """End the run as Airflow's 'mark as failed' does: what runs has failed, what hadn't begun is skipped."""
        if not self.request["inputs"] and not self.only_tasks:
            self.engine.fail(self.scheduled_dag, self.run, self.session)
        else:  # Airflow's function would do the same to tasks that aren't in question
            for one in self.instances((*AHEAD, "")):
                one.set_state("failed" if str(one.state) in RAN else "skipped", session=self.session)
            self.run.set_state("failed")
        self.session.commit()

    def settle(self) -> None:
        """A run whose other tasks have failed has failed, however well those went that were asked for now."""
        if not self.only_tasks or str(self.run.state) != "success":
            return
        leaves = deciding(self.whole_dag)
        rows = self.engine.rows(self.run, self.session)
        if any(task_id in leaves and state in ("failed", "upstream_failed") for task_id, _, state, *_ in rows):
            self.run.state = "failed"
            self.session.commit()

    def other_states(self) -> dict[tuple[str, int], str | None]:
        """The states of tasks that don't run, where only the named ones may change."""
        if not self.only_tasks:
            return {}
        mine = self.scheduled_dag.task_dict
        rows = self.engine.rows(self.run, self.session)
        return {(task_id, index): state for task_id, index, state, *_ in rows if task_id not in mine}

    def restore_others(self) -> None:
        """Undo what a task has decided for tasks that aren't in question: a branch skips those that it doesn't take."""
        for task_id, index in self.engine.skipped(self.run, self.session):
            before = self.others.get((task_id, index), "skipped")
            if before != "skipped":
                self.engine.set_state(self.run, task_id, index, before, self.session)

    def drive(self) -> None:
        """Step until Airflow says that the run has ended, or somebody cancels."""
        seen: list[Any] = []
        while self.run.state == "running" and not self.cancelled.asked:
            self.refresh()
            if self.request["retry_delays"] == "skip":
                for instance in self.instances(("up_for_retry",)):
                    instance.state = None
            self.schedule()
            self.report()
            waiting = self.take(("scheduled",))
            if not waiting and self.run.state == "running" and not self.instances(AHEAD):
                # A task that has just become `upstream_failed` or `skipped` may decide about those after it.
                states = [row[:3] for row in self.engine.rows(self.run, self.session)]
                if states == seen:
                    raise Refused("stuck", self.what_waits())
                seen = states
                continue
            for key in waiting:
                if not self.cancelled.asked:
                    self.step(key)
            if not waiting and self.run.state == "running":
                time.sleep(WAIT_SECONDS)

    def schedule(self) -> None:
        """What Airflow's scheduler does to a run in one go."""
        ready, _ = self.run.update_state(session=self.session)
        for instance in ready:
            self.engine.schedule(instance)
        self.session.commit()

    def take(self, states: tuple[str, ...]) -> list[tuple[str, int]]:
        """The keys of ``instances``. The session forgets many: what it knows of is gone through at every commit."""
        found = [(one.task_id, one.map_index) for one in self.instances(states)]
        if len(self.session.identity_map) <= FEW:
            return found
        self.session.expunge_all()
        self.refresh()
        return found

    def refresh(self) -> None:
        """Have the run as the database has it.

        Airflow closes the session, which is the same all over a thread, and gives the run the DAG of the last task.
        """
        self.session.expire_all()
        self.run = self.engine.find(self.dag.dag_id, self.session, run_id=self.run_id)
        self.run.dag = self.scheduled_dag

    def what_waits(self) -> str:
        """Why nothing can run any more, in Airflow's words. The run fails by it."""
        waiting = self.instances(("",))
        names = ", ".join(sorted({one.task_id for one in waiting}))
        self.fail_rest()
        return f"Nothing can run any more, since Airflow doesn't know what {names} wait for"

    def instances(self, states: tuple[str, ...], dag: Any = None) -> list[Any]:
        """The task instances in some states, as the scheduler takes them: the heaviest first."""
        dag = dag or self.scheduled_dag
        chosen = [one for one in self.run.get_task_instances(session=self.session) if str(one.state or "") in states]
        for one in chosen:
            one.task = dag.get_task(one.task_id)
        return sorted(chosen, key=lambda one: (-one.priority_weight, one.task_id, one.map_index))

    def step(self, key: tuple[str, int]) -> None:
        """Run one task instance, with all that it prints in its own file.

        One that an earlier task of its batch has skipped or failed meanwhile doesn't run: no executor would get it.
        """
        if self.state(key) != "scheduled":
            self.report(key)
            return
        self.progress[STARTED] = (int.from_bytes(self.progress[STARTED], "big") + 1).to_bytes(8, "big")
        instance = self.engine.instance(self.run, *key, self.session)
        instance.task = self.scheduled_dag.get_task(key[0])
        trouble: BaseException | None = None
        with restored(), output_to(self.log_path(*key, self.engine.try_number(instance))):
            try:
                self.engine.run_task(instance, self.dag, self.session)
            except BaseException as error:  # noqa: BLE001 - Airflow's timeout is no Exception
                complain()
                trouble = error
        if trouble is not None:
            self.session.rollback()
            if self.state(key) in NOT_ENDED:  # else its state says how it ended
                self.fail_task(key, trouble)
        self.session.commit()
        if self.others:
            self.restore_others()
            self.session.commit()
        self.report(key)

    def fail_task(self, key: tuple[str, int], error: BaseException) -> None:
        """A task that Airflow hasn't ended, such as one whose trigger broke, fails by Airflow's own rule."""
        instance = self.engine.instance(self.run, *key, self.session)
        instance.task = self.scheduled_dag.get_task(key[0])
        text = self.engine.hidden(described(error))[:MAX_ERROR]
        instance.handle_failure(text, session=self.session)
        self.errors.setdefault(key, text)
        self.session.commit()

    def state(self, key: tuple[str, int]) -> str | None:
        """The state of one task instance in the database."""
        return next((str(state) for _, _, state, *_ in self.engine.rows(self.run, self.session, key)), None)

    def running(self, instance: Any) -> None:
        """Airflow's listener: a task is about to execute."""
        self.message(instance.task_id, instance.map_index, "running", instance.try_number, instance.start_date, None)

    def failed(self, instance: Any, error: Any) -> None:
        """Airflow's listener: a try has failed."""
        text = error if isinstance(error, str) or error is None else described(error)
        if text:
            self.errors[instance.task_id, instance.map_index] = self.engine.hidden(text)[:MAX_ERROR]

    def report(self, key: tuple[str, int] | None = None) -> None:
        """Tell what has changed in the table of task instances, or in one of them."""
        mine = self.scheduled_dag.task_dict
        for task_id, index, state, number, start, end in self.engine.rows(self.run, self.session, key):
            if task_id not in mine:
                continue
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
        if state in ("failed", "up_for_retry"):
            text["error"] = self.errors.pop((task_id, index), None)
        if state == "success":
            text["result"] = self.engine.result(self.run, task_id, index, self.session, self.request["preview"])
            if self.request["whole_results"]:
                text["results"] = self.engine.results(self.run, task_id, index, self.session)
        self.send(text)

    def log_path(self, task_id: str, index: int, number: int) -> str:
        """Where the output of one try is, below Airflow's folder of logs."""
        parts = [f"dag_id={self.dag.dag_id}", f"run_id={self.run.run_id}", f"task_id={task_id}"]
        parts += [f"map_index={index}"] if index >= 0 else []
        return os.path.join(self.logs, *(part.replace(os.sep, "_") for part in parts), f"attempt={number}.out")


def described(error: BaseException) -> str:
    """The class and the message of an exception."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 - a message that can't be made is no reason to lose the class
        return type(error).__name__


def only(dag: Any, names: list[str]) -> Any:
    """A copy of a DAG, cut down to some tasks."""
    for task_id in set(dag.task_dict) - set(names):
        del dag.task_dict[task_id]
    for group in [dag.task_group, *dag.task_group.get_task_group_dict().values()]:
        for task_id in [one for one in group.children if one not in dag.task_dict and is_task(group.children[one])]:
            del group.children[task_id]
    for task in dag.task_dict.values():
        task.upstream_task_ids.intersection_update(dag.task_dict)
        task.downstream_task_ids.intersection_update(dag.task_dict)
    dag.partial = True  # so that Airflow leaves the other tasks of the run alone
    return dag


def deciding(dag: Any) -> set[str]:
    """The tasks whose failure fails a run: the last ones, and before a teardown that doesn't those that it follows."""
    found: set[str] = set()
    left = [task for task in dag.task_dict.values() if not task.downstream_task_ids]
    while left:
        task = left.pop()
        if task.is_teardown and not task.on_failure_fail_dagrun:
            left.extend(dag.task_dict[name] for name in task.upstream_task_ids)
        else:
            found.add(task.task_id)
    return found


def is_task(child: Any) -> bool:
    """Whether a child of a task group is a task."""
    return hasattr(child, "task_id")


def ignore_the_past(dag: Any) -> None:
    """Let no task wait for other runs, which don't go on here."""
    for task in dag.task_dict.values():
        for name in ("depends_on_past", "wait_for_downstream"):
            if getattr(task, name, False):
                with contextlib.suppress(AttributeError):
                    setattr(task, name, False)
                getattr(task, "partial_kwargs", {}).update({name: False})


def load_dag(engine: Any, request: dict[str, Any], send: Callable[[dict[str, Any]], None]) -> Any:
    """Parse the file, or the folder where nobody knows the file. Raises ``Refused``."""
    wanted, tried = (
        request["dag_id"],
        [request["file"] or request["hint"], None if request["file"] else request["folder"]],
    )
    for path in filter(None, tried):
        try:
            bag = engine.bag(path, safe_mode=path == request["folder"])  # a named file is read whatever is in it
        except SystemExit as error:  # Airflow itself ends by it
            raise Refused("import_error", "", errors={path: f"SystemExit: {error}"}) from None
        dag_id = wanted or (next(iter(bag.dags)) if len(bag.dags) == 1 else None)
        if dag_id in bag.dags:
            dag = bag.dags[dag_id]
            send({"type": "located", "dag_id": dag_id, "file": dag.fileloc})
            named = {*(request["tasks"] or ()), *(one["task_id"] for one in request["inputs"])}
            unknown = sorted(named - set(dag.task_dict))
            if unknown:
                raise Refused("unknown_task", "", unknown=unknown, known=sorted(dag.task_dict)[:2000])
            with alone("dagport-recording"):  # two that make the same asset known at once would clash
                engine.record(bag)
            return dag
    errors = {str(file): str(text)[-4000:] for file, text in list(bag.import_errors.items())[:20]}
    if errors and (request["file"] or not bag.dags):
        raise Refused("import_error", "", errors=errors)
    raise Refused("unknown_dag", "", known=sorted(bag.dags)[:2000], errors=errors)


@contextlib.contextmanager
def alone(name: str) -> Iterator[None]:
    """Be the only process of this home inside the block."""
    with open(os.path.join(os.environ["AIRFLOW_HOME"], name), "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def locked(dag_id: str, run_id: str, cancelled: Cancelled | None) -> int:
    """Hold a run, so that no other process of this home drives it too; with ``cancelled`` wait for it.

    Raises ``Refused``.
    """
    folder = os.path.join(os.environ["AIRFLOW_HOME"], "dagport-runs")
    os.makedirs(folder, exist_ok=True)
    name = hashlib.sha256(f"{dag_id}\0{run_id}".encode()).hexdigest()[:32]
    number = os.open(os.path.join(folder, name), os.O_RDWR | os.O_CREAT, 0o600)
    while True:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if cancelled is None:
                raise Refused("in_progress", f"The run {run_id} is already being run by another process") from None
            if cancelled.asked:
                raise Refused("cancelled", str(CANCELLED["message"])) from None
            time.sleep(LOCK_SECONDS)
        else:
            return number


@contextlib.contextmanager
def restored() -> Iterator[None]:
    """Undo what a task does to its process, which Airflow would have given it for itself."""
    folder, streams, variables = os.getcwd(), (sys.stdout, sys.stderr), dict(os.environ)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGCHLD, signal.SIGALRM)}
    mask = os.umask(0)
    os.umask(mask)
    try:
        yield
    finally:
        os.umask(mask)
        sys.stdout, sys.stderr = streams
        signal.signal(signal.SIGTERM, ignore)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        with contextlib.suppress(OSError):
            os.chdir(folder)
        if os.environ != variables:
            os.environ.clear()
            os.environ.update(variables)


@contextlib.contextmanager
def output_to(path: str) -> Iterator[None]:
    """Send the standard output and error of this process and of those that it starts to a file."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    streams = sys.stdout, sys.stderr  # a task may put others in their place
    for stream in streams:
        stream.flush()
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    saved = [os.dup(1), os.dup(2)]
    try:
        os.dup2(file, 1)
        os.dup2(file, 2)
        yield
    finally:
        for stream in streams:
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


class Stored:
    """A stored value as ``deserialize_value`` takes it."""

    def __init__(self, value: Any) -> None:
        self.value = value


def classes_in(value: Any) -> set[str]:
    """The classes of what Airflow has serialised in a JSON value. A dictionary of the user's can't have their mark."""
    found, left = set(), [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            if "__classname__" in one:
                found.add(str(one["__classname__"]))
            left.extend(one.values())
        elif isinstance(one, list):
            left.extend(one)
    return found


def is_json(value: Any) -> bool:
    """Whether JSON can hold a value as it is."""
    left = [value]
    while left:
        one = left.pop()
        if type(one) is dict and all(type(key) is str for key in one):
            left.extend(one.values())
        elif type(one) is list:
            left.extend(one)
        elif one is not None and type(one) not in (str, int, float, bool):
            return False
    return True


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

    def listen(self, running: Callable[[Any], None], failed: Callable[[Any, Any], None]) -> None:
        """Call a function when a task begins to execute, and one when a try has failed."""
        from airflow.listeners import hookimpl

        class Listener:
            @hookimpl  # type: ignore[untyped-decorator,unused-ignore]
            def on_task_instance_running(self, previous_state: Any, task_instance: Any) -> None:
                running(task_instance)

            if self.tells_errors():

                @hookimpl  # type: ignore[untyped-decorator,unused-ignore]
                def on_task_instance_failed(self, previous_state: Any, task_instance: Any, error: Any) -> None:
                    failed(task_instance, error)

        for module in ("airflow.listeners.listener", "airflow.sdk.listener"):
            with contextlib.suppress(ImportError):
                manager = importlib.import_module(module).get_listener_manager()
                manager.add_listener(Listener())

    def tells_errors(self) -> bool:
        """Whether listeners are told why a task has failed."""
        return True

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

    def rows(self, run: Any, session: Any, key: tuple[str, int] | None = None) -> Iterator[Any]:
        """Task, index, state, try, start and end of every task instance, or of one."""
        from airflow.models.taskinstance import TaskInstance as T
        from sqlalchemy import select

        number = T._try_number if counts_later() else T.try_number
        columns = (T.task_id, T.map_index, T.state, number, T.start_date, T.end_date)
        query = select(*columns).where(T.dag_id == run.dag_id, T.run_id == run.run_id)
        if key is not None:
            query = query.where(T.task_id == key[0], T.map_index == key[1])
        return iter(session.execute(query.order_by(T.end_date, T.task_id, T.map_index)).all())

    def skipped(self, run: Any, session: Any) -> list[tuple[str, int]]:
        """The task instances that are skipped."""
        from airflow.models.taskinstance import TaskInstance as T
        from sqlalchemy import select

        where = (T.dag_id == run.dag_id, T.run_id == run.run_id, T.state == "skipped")
        return [(task_id, index) for task_id, index in session.execute(select(T.task_id, T.map_index).where(*where))]

    def instance(self, run: Any, task_id: str, index: int, session: Any) -> Any:
        """One task instance."""
        from airflow.models.taskinstance import TaskInstance as T
        from sqlalchemy import select

        where = (T.dag_id == run.dag_id, T.run_id == run.run_id, T.task_id == task_id, T.map_index == index)
        return session.scalar(select(T).where(*where))

    def set_state(self, run: Any, task_id: str, index: int, state: str | None, session: Any) -> None:
        """Set the state of a task instance, and nothing else."""
        from airflow.models.taskinstance import TaskInstance as T
        from sqlalchemy import update

        where = (T.dag_id == run.dag_id, T.run_id == run.run_id, T.task_id == task_id, T.map_index == index)
        session.execute(update(T).where(*where).values(state=state).execution_options(synchronize_session=False))

    def clear(self, instances: list[Any], dag: Any, session: Any) -> None:
        """Make task instances ready for another try, as Airflow's 'clear' does."""
        from airflow.models.taskinstance import clear_task_instances

        if instances:
            more = accepted(clear_task_instances, dag=dag, dag_run_state="running")
            clear_task_instances(instances, session, **more)

    def add_missing(self, run: Any, session: Any) -> None:
        """Make rows for tasks that the run doesn't have yet."""
        run.verify_integrity(session=session)

    def forget_results(self, run: Any, task_id: str, key: str, session: Any) -> None:
        """Forget what a task has handed over under a key, whatever its index, and how many there were of it."""
        from airflow.models.taskmap import TaskMap
        from sqlalchemy import delete

        X = self.xcom()  # noqa: N806 - a class
        for table in (X, TaskMap) if key == RESULT_KEY else (X,):
            where = [table.dag_id == run.dag_id, table.run_id == run.run_id, table.task_id == task_id]
            where += [table.key == key] if table is not TaskMap else []
            session.execute(delete(table).where(*where).execution_options(synchronize_session=False))

    def hand_in(self, run: Any, task: Any, handed: dict[str, Any], session: Any) -> None:
        """Write a result as the task itself would have, which thereby counts as done elsewhere.

        Raises whatever Airflow raises for a value that it can't store.
        """
        instance = self.instance_of(run, task, handed["map_index"], session)
        if handed["key"] == RESULT_KEY:
            instance.state = "success"
        session.flush()
        if handed["key"] == RESULT_KEY and handed["value"] is None:
            return  # Airflow keeps no result of a task that returns nothing
        self.store(run, handed, session)
        if handed["key"] == RESULT_KEY and handed["map_index"] < 0 and isinstance(handed["value"], (list, dict)):
            self.store_length(instance, handed["value"], session)

    def store_length(self, instance: Any, value: Any, session: Any) -> None:
        """Write how many there are, which is what mapped tasks are made by, unless there are too many for that."""
        from airflow.configuration import conf
        from airflow.models.taskmap import TaskMap

        if len(value) <= conf.getint("core", "max_map_length", fallback=1024):
            session.merge(TaskMap.from_task_instance_xcom(instance, value))

    def instance_of(self, run: Any, task: Any, index: int, session: Any) -> Any:
        """The row of a task instance, made if there is none; the row of the unmapped task goes when it is mapped."""
        from airflow.models.taskinstance import TaskInstance as T
        from sqlalchemy import select

        where = (T.dag_id == run.dag_id, T.run_id == run.run_id, T.task_id == task.task_id)
        if index >= 0:
            for unmapped in session.scalars(select(T).where(*where, T.map_index < 0)).all():
                session.delete(unmapped)
            session.flush()
        found = self.instance(run, task.task_id, index, session)
        if found is None:
            found = T(task, run_id=run.run_id, map_index=index, **self.more_of_an_instance(run, session))
            session.add(found)
            session.flush()
        return found

    def more_of_an_instance(self, run: Any, session: Any) -> dict[str, Any]:
        """What only one version wants."""
        return {}

    def store(self, run: Any, handed: dict[str, Any], session: Any) -> None:
        """Write an XCom."""
        raise NotImplementedError

    def results(self, run: Any, task_id: str, index: int, session: Any) -> list[dict[str, Any]]:
        """All that a task instance has handed over."""
        from sqlalchemy import select

        X, size, found = self.xcom(), 0, []  # noqa: N806 - a class
        where = (X.dag_id == run.dag_id, X.run_id == run.run_id, X.task_id == task_id, X.map_index == index)
        for key, stored in session.execute(select(X.key, X.value).where(*where).order_by(X.key)).all():
            told = self.told(stored)
            size += len(json.dumps(told, default=str))
            if size > MAX_RESULTS:
                told = {"unreadable": f"larger than {MAX_RESULTS >> 20} MiB, which is the most that is handed over"}
            found.append({"key": key, "value": None, **told})
        return found

    def told(self, stored: Any) -> dict[str, Any]:
        """What was stored, as JSON; what isn't JSON is either Airflow's form of it, or said to be unreadable."""
        backend, base = self.backends()
        text = stored.decode("utf-8", "replace") if isinstance(stored, bytes) else None
        try:
            value = stored if text is None else json.loads(text)
        except ValueError:
            backend_name = "pickle"
        else:
            if backend is base:
                classes = classes_in(value)
                return {"value": value, "serialized_from": ", ".join(sorted(classes)) or None}
            backend_name = backend.__name__
        try:
            value = backend.deserialize_value(Stored(stored))
        except Exception as error:  # noqa: BLE001 - it is the user's code
            return {"unreadable": f"stored by {backend_name}, which can't read it: {described(error)}"}
        if is_json(value):
            return {"value": value}
        return {"unreadable": f"a {type(value).__module__}.{type(value).__qualname__}, stored by {backend_name}"}

    def backends(self) -> tuple[Any, Any]:
        """The class that stores XComs here, and Airflow's own."""
        raise NotImplementedError

    def result(self, run: Any, task_id: str, index: int, session: Any, size: int) -> dict[str, Any] | None:
        """The beginning of what a task returned, as JSON."""
        from sqlalchemy import select

        X = self.xcom()  # noqa: N806 - a class
        where = (X.dag_id == run.dag_id, X.run_id == run.run_id, X.task_id == task_id, X.map_index == index)
        value = session.scalar(select(X.value).where(*where, X.key == RESULT_KEY))
        if value is None or not size:
            return None
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else json.dumps(value, default=str)
        shown = self.masked_json(text[: size + MASKED_MORE])
        return {"preview": shown[:size], "whole": len(shown) <= size and len(text) <= size + MASKED_MORE}

    def masked_json(self, text: str) -> str:
        """The beginning of a JSON text without secrets, also those that JSON writes with a backslash somewhere."""
        return self.hidden(JSON_TEXT.sub(self.masked_text, text))

    def masked_text(self, match: Any) -> str:
        """A text within JSON, with what isn't ASCII as it is, so that it can be read."""
        try:
            said = json.loads(match.group(1) + '"', strict=False)
        except ValueError:  # half a character where it was cut off
            return str(match.group())
        return json.dumps(self.hidden(said), ensure_ascii=False)[: None if match.group(2) else -1]

    def xcom(self) -> Any:
        """The table of results."""
        raise NotImplementedError

    def hidden(self, text: str) -> str:
        """The text without secrets, also those that Airflow doesn't mask as they are quoted in a URI."""
        return URI_SECRET.sub(r"\1***@", str(self.masked(text)))

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

    def scheduled(self, dag: Any) -> Any:
        """The DAG that is scheduled."""
        return dag

    def part(self, dag: Any, whole: Any, tasks: list[str]) -> Any:
        """Some tasks of it, with their setups and teardowns."""
        return whole.partial_subset(tasks, include_upstream=False)

    def exact_part(self, dag: Any, tasks: list[str]) -> Any:
        """Some tasks of it, and nothing else."""
        return only(dag.partial_subset(tasks, include_upstream=False), tasks)

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

    def backends(self) -> tuple[Any, Any]:
        """The class that stores XComs here, and Airflow's own."""
        from airflow.models.xcom import BaseXCom, XCom

        return XCom, BaseXCom

    def store(self, run: Any, handed: dict[str, Any], session: Any) -> None:
        """Write an XCom, by way of the class that stores them here."""
        from sqlalchemy import update

        X, raw = self.xcom(), handed["serialized_from"] is not None  # noqa: N806 - a class
        X.set(key=handed["key"], value=None if raw else handed["value"], task_id=handed["task_id"],
              dag_id=run.dag_id, run_id=run.run_id, map_index=handed["map_index"], session=session)  # fmt: skip
        if raw:
            session.flush()
            where = (X.dag_id == run.dag_id, X.run_id == run.run_id, X.task_id == handed["task_id"],
                     X.map_index == handed["map_index"], X.key == handed["key"])  # fmt: skip
            text = json.dumps(handed["value"]).encode()
            session.execute(update(X).where(*where).values(value=text).execution_options(synchronize_session=False))

    def tells_errors(self) -> bool:
        """Whether listeners are told why a task has failed, as they are since 2.10."""
        from airflow.listeners.spec.taskinstance import on_task_instance_failed

        return "error" in inspect.signature(on_task_instance_failed).parameters

    def listen(self, running: Callable[[Any], None], failed: Callable[[Any, Any], None]) -> None:
        """Call a function when a task begins to execute, and one when a try has failed."""
        super().listen(running, failed)
        if self.tells_errors():
            return
        from airflow.models.taskinstance import TaskInstance

        original = TaskInstance.handle_failure

        def handle_failure(instance: Any, error: Any, *rest: Any, **more: Any) -> Any:
            failed(instance, error)
            return original(instance, error, *rest, **more)

        TaskInstance.handle_failure = handle_failure

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

    def scheduled(self, dag: Any) -> Any:
        """The DAG as the scheduler has it, with the callbacks that it loses on the way, as ``DAG.test`` does."""
        from airflow.serialization import serialized_objects

        codec = getattr(serialized_objects, "DagSerialization", serialized_objects.SerializedDAG)
        found = codec.deserialize_dag(codec.serialize_dag(dag))
        found.on_success_callback, found.on_failure_callback = dag.on_success_callback, dag.on_failure_callback
        return found

    def part(self, dag: Any, whole: Any, tasks: list[str]) -> Any:
        """Some tasks of it, with their setups and teardowns."""
        callbacks = whole.on_success_callback, whole.on_failure_callback
        whole.on_success_callback = whole.on_failure_callback = None  # they are the user's, and not to be copied
        names = list(whole.partial_subset(tasks, include_upstream=False).task_dict)
        whole.on_success_callback, whole.on_failure_callback = callbacks
        return self.exact_part(dag, names)

    def exact_part(self, dag: Any, tasks: list[str]) -> Any:
        """Some tasks of it, and nothing else. Airflow 3.0 can't copy groups that are mapped; so this makes new ones."""
        return only(self.scheduled(dag), tasks)

    def add_missing(self, run: Any, session: Any) -> None:
        """Make rows for tasks that the run doesn't have yet."""
        run.verify_integrity(session=session, **self.version(run, session))

    def more_of_an_instance(self, run: Any, session: Any) -> dict[str, Any]:
        """The version of the DAG."""
        return self.version(run, session)

    def version(self, run: Any, session: Any) -> dict[str, Any]:
        """The version of the DAG that the database has."""
        from airflow.models.dag_version import DagVersion

        return {"dag_version_id": DagVersion.get_latest_version(run.dag_id, session=session).id}

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

    def backends(self) -> tuple[Any, Any]:
        """The class that stores XComs here, and Airflow's own."""
        from airflow.sdk.bases.xcom import BaseXCom
        from airflow.sdk.execution_time.xcom import XCom

        return XCom, BaseXCom

    def store(self, run: Any, handed: dict[str, Any], session: Any) -> None:
        """Write an XCom, serialised by the class that does it for tasks."""
        backend, _ = self.backends()
        where = {"key": handed["key"], "dag_id": run.dag_id, "run_id": run.run_id, "task_id": handed["task_id"],
                 "map_index": handed["map_index"]}  # fmt: skip
        raw = handed["serialized_from"] is not None
        value = handed["value"] if raw else backend.serialize_value(handed["value"], **where)
        session.add(self.xcom()(dag_run_id=run.id, value=value, **where))  # as the API does that tasks call
        session.flush()

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
        take_any_path()
        warm_api_server()
    for module in ("airflow._shared.observability.metrics.stats", "airflow.sdk._shared.observability.metrics.stats"):
        with contextlib.suppress(ImportError, AttributeError):
            importlib.import_module(module)._get_registry()  # a tenth of a second, of every run
    from airflow import settings
    from sqlalchemy.orm import configure_mappers

    configure_mappers()
    if os.environ.get("DAGPORT_OWN_DATABASE"):
        hurry(settings.engine)
        with contextlib.suppress(AttributeError):  # Airflow 3 has another
            hurry(settings.async_engine.sync_engine)
    gc.collect()
    gc.freeze()


def take_any_path() -> None:
    """Let tasks have ids in any script: httpx gives the API server in this process texts where WSGI wants bytes.

    Raises ``ImportError`` in Airflow 2.
    """
    asgi: Any = importlib.import_module("a2wsgi.asgi")
    original = asgi.build_scope

    def build_scope(environ: dict[str, Any]) -> Any:
        path = environ.get("PATH_INFO", "")
        try:
            path.encode("latin-1").decode("utf-8")  # as PEP 3333 says
        except UnicodeError:
            environ = {**environ, "PATH_INFO": path.encode("utf-8").decode("latin-1")}
        return original(environ)

    asgi.build_scope = build_scope


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
        complain()
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
