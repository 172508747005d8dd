"""Shell commands, with the rules of Airflow's BashOperator."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import dagster as dg

from dagport.writers.common.support.commands import check_returned, run_command, value_of


def run_bash(
    context: dg.AssetExecutionContext,
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
) -> Iterator[dg.Output[Any]]:
    """Run a command; its last line of output, or what `process` makes of it, is the asset's value.

    An exit code of `skip_on` yields nothing, which skips the assets after this one; any other that isn't 0 raises
    `dg.Failure`. The command has `env` as its whole environment, that of this process by default, and runs in `cwd` or
    else in a new temporary folder. With `multiple_outputs` the value has to be a dict with text keys. A command that
    was `returned` by a function has to be a text that isn't a template.
    """
    if returned:
        check_returned(command)
    code, last_line = run_command(command, env=env, cwd=cwd, encoding=encoding, log=context.log.info)
    if code in skip_on:
        context.log.info(f"The exit code {code} skips this asset")
        return
    if code != 0:
        raise dg.Failure(description=f"The command ended with exit code {code}", metadata={"exit_code": code})
    value = value_of(last_line, process, multiple_outputs=multiple_outputs)
    yield dg.Output(value if keep_output else None)
