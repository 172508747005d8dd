"""What can go wrong between us and a live Airflow; each message says what to do, and none has a secret in it."""

from __future__ import annotations

from dagport_adapters.runners.errors import RunnerError


class RemoteError(RunnerError):
    """The live Airflow could not be asked. A run that it has goes on; its run id takes it up again."""


class UnreachableError(RemoteError):
    """No usable answer for as long as we were told to try."""


class AuthenticationError(RemoteError):
    """The server doesn't know who we are, or the login failed."""


class ForbiddenError(RemoteError):
    """The server knows who we are, and we may not."""


class UnexpectedAnswerError(RemoteError):
    """The answer isn't what Airflow's API gives: a page, a redirection, or fields that are missing."""


class RefusedError(RemoteError):
    """Airflow says that the request is wrong."""


class MissingError(RemoteError):
    """Airflow has no such thing (404)."""


class ConflictError(RemoteError):
    """Airflow has such a thing already (409)."""


class LostAnswerError(RemoteError):
    """A request that changes something was sent, and its answer never came: it may have been done or not."""


class TooLargeError(RemoteError):
    """The answer is larger than wanted."""


class RunGoneError(RemoteError):
    """The run was deleted in Airflow. What became of its tasks is not known."""


class PausedDagError(RunnerError):
    """The DAG is paused: its run would stay queued for ever."""


class NotPossibleRemotelyError(RunnerError):
    """A live Airflow can't do that by REST."""
