"""What can go wrong with a run before Airflow itself says how it ended; each message says what to do."""

from __future__ import annotations


class RunnerError(Exception):
    """A run could not be started or followed. What a task did wrong is no error but a state."""


class AirflowNotFoundError(RunnerError):
    """The interpreter is missing, has no Airflow, or one that isn't supported."""


class AirflowError(RunnerError):
    """Airflow refused the run or failed outside of a task."""


class DagImportError(RunnerError):
    """The DAG file can't be imported."""


class UnknownDagError(RunnerError):
    """No file has a DAG of that id."""


class UnknownTaskError(RunnerError):
    """The DAG has no task of that id."""


class RunConflictError(RunnerError):
    """The run is under way in another process, or its logical date belongs to another run."""


class LogicalDateTakenError(RunConflictError):
    """The logical date belongs to another run: ``run_id``, where it is known."""

    def __init__(self, message: str, run_id: str | None = None) -> None:
        super().__init__(message)
        self.run_id = run_id


class InputError(RunnerError):
    """A result can't be handed in: it isn't JSON, Airflow can't store it, or its task runs itself."""


class RunCancelledError(RunnerError):
    """The run was cancelled before Airflow had it: there is nothing of it."""


class RunnerBusyError(RunnerError):
    """This runner is running something else; a runner does one run at a time."""


class WorkerDiedError(RunnerError):
    """The worker process is gone. The next run starts a new one; the same run id takes the run up again."""


class RunTimeoutError(RunnerError):
    """The run took longer than it may, and was cancelled."""
