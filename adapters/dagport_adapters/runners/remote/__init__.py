"""A live Airflow by its REST API: see ``RemoteAirflow`` and ``auth``."""

from __future__ import annotations

from dagport_adapters.runners.remote.airflow import RemoteAirflow
from dagport_adapters.runners.remote.auth import Anonymous, Auth, Basic, Cookies, Headers, Jwt, Token
from dagport_adapters.runners.remote.changes import cursor_at
from dagport_adapters.runners.remote.errors import (
    AuthenticationError,
    ForbiddenError,
    NotPossibleRemotelyError,
    PausedDagError,
    RemoteError,
    RunGoneError,
    UnexpectedAnswerError,
    UnreachableError,
)
from dagport_adapters.runners.remote.http import Patience
from dagport_adapters.runners.remote.model import Cursor, LiveDag, LiveRun, LiveTask, LiveTaskDef, Page, RunHandle

__all__ = [
    "Anonymous",
    "Auth",
    "AuthenticationError",
    "Basic",
    "Cookies",
    "Cursor",
    "ForbiddenError",
    "Headers",
    "Jwt",
    "LiveDag",
    "LiveRun",
    "LiveTask",
    "LiveTaskDef",
    "NotPossibleRemotelyError",
    "Page",
    "Patience",
    "PausedDagError",
    "RemoteAirflow",
    "RemoteError",
    "RunGoneError",
    "RunHandle",
    "Token",
    "UnexpectedAnswerError",
    "UnreachableError",
    "cursor_at",
]
