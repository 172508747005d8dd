"""Shell commands as Airflow's BashOperator runs them, and what becomes of their output."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def check_returned(command: object) -> None:
    """Raise ``TypeError`` for what a function can't return as a command: Airflow would fail, too, or render it."""
    if not isinstance(command, str) or not command.strip():
        raise TypeError(f"The function has to return a command, and it returned {command!r}")
    if any(mark in command for mark in ("{{", "{%", "{#")) or command.endswith((".sh", ".bash")):
        raise TypeError(f"The function returned a template, which isn't rendered here: {command!r}")


def run_command(
    command: str, *, env: Mapping[str, str] | None, cwd: str | None, encoding: str, log: Callable[[str], object]
) -> tuple[int, str]:
    """Run a command by bash; gives its exit code and the last line of its output, each of which is logged.

    It has `env` as its whole environment, that of this process by default, and runs in `cwd` or else in a new temporary
    folder. Raises ``NotADirectoryError`` where `cwd` is none.
    """
    if cwd is not None and not Path(cwd).is_dir():
        raise NotADirectoryError(f"The working directory {cwd} isn't a directory")
    with tempfile.TemporaryDirectory() as temporary:
        return _run(command, env, cwd or temporary, encoding, log)


def value_of(line: str, process: Callable[[str], Any] | None, *, multiple_outputs: bool) -> Any:
    """What a line of output stands for. Raises ``TypeError`` where that has to be a dict with text keys, and isn't."""
    value = process(line) if process else line
    if multiple_outputs and not (isinstance(value, Mapping) and all(isinstance(key, str) for key in value)):
        raise TypeError(f"The output has to be a dict with text keys, and it is {value!r}")
    return value


def _run(
    command: str, env: Mapping[str, str] | None, cwd: str, encoding: str, log: Callable[[str], object]
) -> tuple[int, str]:
    log(f"Running: {command}")
    last_line = ""
    process = subprocess.Popen(
        [shutil.which("bash") or "bash", "-c", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        env=env,
        start_new_session=True,
    )
    try:
        with process.stdout as output:  # type: ignore[union-attr] # it is a pipe
            for line in output:
                last_line = line.decode(encoding, errors="backslashreplace").rstrip()
                log(last_line)
        return process.wait(), last_line
    except BaseException:
        # A run that is cancelled takes the command and what it has started along.
        os.killpg(process.pid, signal.SIGTERM)
        raise
