"""Shell commands, with the rules of Airflow's BashOperator."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from prefect.logging import get_run_logger

from dagport.writers.common.support.commands import check_returned, run_command, value_of
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
        check_returned(command)
    code, last_line = run_command(command, env=env, cwd=cwd, encoding=encoding, log=get_run_logger().info)
    if code in skip_on:
        raise Skip(f"The exit code {code} skips this task")
    if code != 0:
        raise RuntimeError(f"The command ended with exit code {code}")
    value = value_of(last_line, process, multiple_outputs=multiple_outputs)
    return value if keep_output else None
