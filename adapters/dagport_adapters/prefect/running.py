"""How runs of Airflow share a runner, and end with the flow run that they belong to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import httpx
from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun

from dagport_adapters.runners.local import LocalAirflow
from dagport_adapters.runners.protocol import Runner

POLL_SECONDS = 2.0
_turns: dict[int, threading.Lock] = {}


def turn(runner: Runner) -> AbstractContextManager[object]:
    """A ``LocalAirflow`` does one run at a time: those of this process that share it take turns."""
    if not isinstance(runner, LocalAirflow):
        return nullcontext()
    return _turns.setdefault(id(runner), threading.Lock())  # by identity: two that are equal are two workers


@contextmanager
def cancelled_with(runner: Runner, flow_run: FlowRun) -> Iterator[None]:
    """Cancel the Airflow run when the flow run is cancelled, also where no worker of Prefect ends this process."""
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(runner, flow_run, over), name="dagport-cancel", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _watch(runner: Runner, flow_run: FlowRun, over: threading.Event) -> None:
    with get_client(sync_client=True) as client:
        while not over.wait(POLL_SECONDS):
            if _is_cancelled(client, flow_run):
                runner.cancel()
                return


def _is_cancelled(client: SyncPrefectClient, flow_run: FlowRun) -> bool:
    try:
        state = client.read_flow_run(flow_run.id).state
    except httpx.HTTPError:  # it is asked again
        return False
    return state is not None and (state.is_cancelling() or state.is_cancelled())
