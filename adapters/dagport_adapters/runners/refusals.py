"""What a worker answers in place of a run, as the exceptions that say what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dagport.cli.closest import did_you_mean
from dagport_adapters.runners.errors import (
    AirflowError,
    DagImportError,
    InputError,
    LogicalDateTakenError,
    RunCancelledError,
    RunConflictError,
    RunnerError,
    UnknownDagError,
    UnknownTaskError,
)
from dagport_adapters.runners.process import last_words
from dagport_adapters.runners.protocol import RunRequest
from dagport_lineage.secrets import redact

TRACE_LINES = 8
SHOWN = 10


def refusal(message: Mapping[str, Any], request: RunRequest, dags: Path, output: Path) -> RunnerError:
    """The exception for a message of type ``error``."""
    kind = message["kind"]
    where = request.file or dags
    if kind == "import_error":
        return DagImportError(_import_errors(message["errors"]))
    if kind == "unknown_dag":
        return UnknownDagError(_unknown_dag(message, request, where))
    if kind == "unknown_task":
        wanted = message["unknown"]
        hint = did_you_mean(wanted[0], message["known"])
        shown = f" It has {_listed(message['known'])}." if message["known"] and not hint else hint
        return UnknownTaskError(f"The DAG has no task {' and no task '.join(wanted)}.{shown}")
    if kind == "logical_date_taken":
        return LogicalDateTakenError(f"{message['message']}. {_CONFLICTS[kind]}", message.get("run_id"))
    if kind == "in_progress":
        return RunConflictError(f"{message['message']}. {_CONFLICTS[kind]}")
    if kind == "input":
        return InputError(f"{message['message']}. Hand in what JSON can hold, for tasks that aren't run")
    if kind == "cancelled":
        return RunCancelledError(message["message"])
    if kind == "stuck":
        return AirflowError(f"{message['message']}. Hand in what they need, or run the tasks that make it")
    if kind == "run_died":
        tail = last_words(output)
        return AirflowError(
            "The process that parses the DAG file and runs its tasks died twice before a task began, "
            f"with wait status {message['status']}{': ' if tail else ''}{tail}"
        )
    return AirflowError(f"Airflow can't run it: {redact(message['message'])}")


_CONFLICTS = {
    "in_progress": "Wait for its end, or ask for another run id",
    "logical_date_taken": "Ask for that run id, for another logical date, or for no run id to do the date again",
}


def _import_errors(errors: Mapping[str, str]) -> str:
    lines = []
    for file, trace in errors.items():
        lines += [
            f"{file} can't be imported:",
            *(f"  {line}" for line in redact(trace).strip().splitlines()[-TRACE_LINES:]),
        ]
    return "\n".join(lines)


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:SHOWN])}{', ...' * (len(names) > SHOWN)}"


def _unknown_dag(message: Mapping[str, Any], request: RunRequest, where: Path) -> str:
    known = list(message["known"])
    if request.dag_id is None:
        if not known:
            return f"{where} has no DAG"
        return f"{where} has {len(known)} DAGs: say which ({_listed(known)})"
    hint = did_you_mean(request.dag_id, known)
    text = f"{where} has no DAG {request.dag_id}.{hint}"
    text += f" It has {_listed(known)}." if known and not hint else ""
    return f"{text}\n{_import_errors(message['errors'])}" if message.get("errors") else text
