"""The worker process as its host has it: started, spoken to, and ended with all that it has started."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from dagport_adapters.runners.errors import AirflowNotFoundError, WorkerDiedError
from dagport_lineage.secrets import redact

SCRIPT = Path(__file__).with_name("worker.py")
PROTOCOL = 1
MAX_LINE = 1 << 20
MARK = "DAGPORT_WORKER"  # what every process that a worker starts has in its environment
LOOK_SECONDS = 0.5
LAST_WORDS = 4000
END_SECONDS = 5.0


class Worker:
    """One worker process; made by ``start``."""

    def __init__(self, process: subprocess.Popen[bytes], commands: int, messages: int, output: Path, mark: str) -> None:
        self.process, self.output, self.mark = process, output, mark
        self._commands, self._messages = commands, messages
        self._buffer = bytearray()
        self._long: int | None = None  # bytes of the long message that is coming
        self._sending = threading.Lock()
        self.hello: dict[str, Any] = {}

    @classmethod
    def start(cls, python: Path, environment: Mapping[str, str], output: Path, timeout: float) -> Worker:
        """Start a worker and wait for its first message.

        Raises ``AirflowNotFoundError`` when the interpreter can't be started or has no Airflow of a known version, and
        ``WorkerDiedError`` when it doesn't answer.
        """
        (theirs, commands), (messages, ours), mark = os.pipe(), os.pipe(), uuid4().hex
        try:
            with output.open("wb") as file:
                process = subprocess.Popen(  # noqa: S603 - the interpreter that the user names
                    [str(python), str(SCRIPT), str(theirs), str(ours)],
                    env={**environment, MARK: mark},
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=file,
                    pass_fds=(theirs, ours),
                    start_new_session=True,  # what interrupts the host's terminal reaches the worker through the host
                )
        except OSError as error:
            for number in (commands, messages):
                os.close(number)
            raise AirflowNotFoundError(
                f"{python} can't be started: {error.strerror}. Name the Python of an environment that has Airflow"
            ) from None
        finally:
            os.close(theirs)
            os.close(ours)
        worker = cls(process, commands, messages, output, mark)
        worker._greet(python, timeout)
        return worker

    def _greet(self, python: Path, timeout: float) -> None:
        try:
            hello = self.receive(time.monotonic() + timeout)
        except BaseException:  # an interrupt, too, leaves no worker behind
            self.end()
            raise
        if hello is None or hello.get("protocol") != PROTOCOL:
            self.end()
            raise WorkerDiedError(f"The worker in {python} said nothing that is understood within {timeout:g} s")
        self.hello = hello
        if "error" in hello:
            self.end()
            known = hello.get("airflow")
            what = f"Airflow {known} in {python} doesn't work" if known else f"{python} has no Airflow"
            raise AirflowNotFoundError(
                f"{what} ({hello['error']}). Name the Python of an environment that has Airflow 2.7+ or 3"
            )

    def send(self, command: Mapping[str, Any]) -> None:
        """Hand over a command. Raises ``WorkerDiedError``."""
        text = json.dumps(command).encode() + b"\n"
        if len(text) > MAX_LINE:
            text = json.dumps({"do": command["do"], "long": len(text) - 1}).encode() + b"\n" + text
        left = memoryview(text)
        with self._sending:
            try:
                while left:
                    left = left[os.write(self._commands, left) :]
            except OSError:
                raise self._died() from None

    def receive(self, deadline: float | None = None) -> dict[str, Any] | None:
        """The next message; ``None`` when there is none in time. Raises ``WorkerDiedError``."""
        while True:
            message = self._taken()
            if message is not None:
                return message
            left = LOOK_SECONDS if deadline is None else min(LOOK_SECONDS, deadline - time.monotonic())
            if left <= 0:
                return None
            if select.select([self._messages], [], [], left)[0]:
                more = os.read(self._messages, 1 << 16)
                self._buffer += more
                if not more:
                    raise self._died()
            elif self.process.poll() is not None:
                raise self._died()

    def _taken(self) -> dict[str, Any] | None:
        """A message that has come in whole. A long one follows a line with its length."""
        if self._long is None:
            line, found, _ = self._buffer[: MAX_LINE + 1].partition(b"\n")
            if not found and len(self._buffer) <= MAX_LINE:
                return None
            message = self._read(line if found else b"")
            del self._buffer[: len(line) + 1]
            if "long" not in message:
                return message
            self._long = message["long"]
        if len(self._buffer) <= self._long:
            return None
        message = self._read(self._buffer[: self._long])
        del self._buffer[: self._long + 1]
        self._long = None
        return message

    def _read(self, text: bytes | bytearray) -> dict[str, Any]:
        try:
            message = json.loads(text)
        except ValueError:
            message = None
        if isinstance(message, dict) and (isinstance(message.get("type"), str) or type(message.get("long")) is int):
            return message
        raise self._died()

    def _died(self) -> WorkerDiedError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(1)
        status = self.process.poll()
        kill_marked(self.mark)
        said = last_words(self.output)
        how = "stopped answering" if status is None else _ending(status)
        tail = f"\nIts last words:\n{said}" if said else ""
        return WorkerDiedError(f"The worker {how}. Run again: a new one is started{tail}")

    def end(self) -> None:
        """End the process and everything that it has started."""
        with contextlib.suppress(OSError):
            os.close(self._commands)  # the end of its commands is the end of the worker
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        kill_marked(self.mark)
        with contextlib.suppress(OSError):
            os.close(self._messages)


def last_words(file: Path) -> str:
    """The end of what a worker printed."""
    try:
        with file.open("rb") as stream:
            stream.seek(max(0, file.stat().st_size - LAST_WORDS))
            lines = stream.read().decode("utf-8", "replace").strip().splitlines()
    except OSError:
        return ""
    return redact("\n".join(lines[-8:]))


def kill_marked(mark: str) -> None:
    """Kill what a worker has left behind (on Linux, where the environment of processes can be read)."""
    wanted = f"{MARK}={mark}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                os.kill(int(folder.name), signal.SIGKILL)


def _ending(status: int) -> str:
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"
