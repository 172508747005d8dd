"""``execution_timeout``: a decorator of the function, below the one of the asset or op."""

from __future__ import annotations

from dataclasses import replace

from dagport.graph import Task
from dagport.writers.common.model import Function
from dagport.writers.dagster.inputs import Inputs

NAME = "time_limit"


def limited(function: Function, task: Task, inputs: Inputs) -> Function:
    """A task's function with its time limit; ``inputs`` are told what it needs."""
    if task.execution_timeout_s is None:
        return function
    inputs.support[NAME] = None
    line = f"@{NAME}(seconds={task.execution_timeout_s:g})\n"
    return replace(function, text=line + function.text, in_op=function.in_op and line + function.in_op)
