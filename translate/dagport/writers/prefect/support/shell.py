"""Shell commands, with the rules of Airflow's BashOperator."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from prefect.logging import get_run_logger

from dagport.writers.common.support.rules import Skip


def run_bash(
    command: str,
    *,
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    encoding: str = "utf-8",
    skip_on: Collection[int] = (99,),
    keep_output: bool = True,
    process: Callable[[str], Any] | None = None,
    multiple_outputs: bool = False,
    returned: bool = False,
) -> Any:
    """Run a command, and return its last line of output, or what `process` makes of it.

    An exit code of `skip_on` raises `Skip`; any other that isn't 0 raises `RuntimeError`. The command has `env` as its
    whole environment, that of this process by default, and runs in `cwd` or else in a new temporary folder. With
    `multiple_outputs` the value has to be a dict with text keys. A command that was `returned` by a function has to be
    a text that isn't a template.
    """
    if returned:
        _check(command)
    if cwd is not None and not Path(cwd).is_dir():
        raise RuntimeError(f"The working directory {cwd} isn't a directory")
    with tempfile.TemporaryDirectory() as temporary:
        code, last_line = _run(command, env, cwd or temporary, encoding)
    if code in skip_on:
        raise Skip(f"The exit code {code} skips this task")
    if code != 0:
        raise RuntimeError(f"The command ended with exit code {code}")
    value = process(last_line) if process else last_line
    if multiple_outputs and not (isinstance(value, Mapping) and all(isinstance(key, str) for key in value)):
        raise TypeError(f"The output has to be a dict with text keys, and it is {value!r}")
    return value if keep_output else None


def _check(command: object) -> None:
    """Raise ``TypeError`` for what can't be run as it is: Airflow would fail, too, or render it first."""
    if not isinstance(command, str) or not command.strip():
        raise TypeError(f"The function has to return a command, and it returned {command!r}")
    if any(mark in command for mark in ("{{", "{%", "{#")) or command.endswith((".sh", ".bash")):
        raise TypeError(f"The function returned a template, which isn't rendered here: {command!r}")


def _run(command: str, env: Mapping[str, str] | None, cwd: str, encoding: str) -> tuple[int, str]:
    logger = get_run_logger()
    logger.info("Running: %s", command)
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
                logger.info("%s", last_line)
        return process.wait(), last_line
    except BaseException:
        # A run that is cancelled takes the command and what it has started along.
        os.killpg(process.pid, signal.SIGTERM)
        raise
