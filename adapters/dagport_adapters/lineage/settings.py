"""What the environment says of lineage: the namespace, the target, and Airflow's own provider."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping
from pathlib import Path

from dagport_adapters.runners.local import LocalAirflow
from dagport_lineage.delivery import open_courier
from dagport_lineage.delivery.airflow import CONFIG, HOME, SECTION, airflow_settings, is_configured
from dagport_lineage.delivery.configuration import load_configuration
from dagport_lineage.delivery.errors import ConfigurationError, UnconfiguredError, reason
from dagport_lineage.delivery.folders import VARIABLE as SPOOL
from dagport_lineage.runs.emitter import Taker
from dagport_lineage.scope import LineageOptions

log = logging.getLogger(__name__)

NAMESPACE = "OPENLINEAGE_NAMESPACE"
DEFAULT_NAMESPACE = "default"
PREFIXES = ("OPENLINEAGE_", SECTION, SPOOL, HOME, CONFIG)
QUIET = {f"{SECTION}CONFIG_CONN_ID": "", f"{SECTION}CONFIG_PATH": "", f"{SECTION}TRANSPORT": '{"type": "noop"}'}

_lock = threading.Lock()
_takers: dict[tuple[int, tuple[tuple[str, str], ...]], Taker | None] = {}


def options_of(environment: Mapping[str, str] | None = None, *, namespace: str | None = None) -> LineageOptions:
    """The options of runs: the namespace that is given, else the one that Airflow's provider would take.

    That is ``[openlineage] namespace`` of Airflow's configuration, else ``OPENLINEAGE_NAMESPACE``, else ``default``.
    """
    environment = os.environ if environment is None else environment
    found = namespace or airflow_settings(environment).get("namespace") or environment.get(NAMESPACE)
    return LineageOptions(namespace=found or DEFAULT_NAMESPACE)


def is_on(environment: Mapping[str, str] | None = None) -> bool:
    """Whether lineage goes anywhere: a target is named, or a spool. Never raises."""
    environment = os.environ if environment is None else environment
    try:
        return not load_configuration(environment).is_off
    except UnconfiguredError:
        return bool(environment.get(SPOOL))
    except ConfigurationError as error:
        log.warning("lineage: events are spooled and not delivered: %s", reason(error))
        return True


def quiet_provider(environment: Mapping[str, str] | None = None, home: Path | None = None) -> dict[str, str]:
    """Variables for a worker whose Airflow would emit lineage of its own, so that nothing is told twice.

    The provider isn't turned off: then the macros that it gives to templates would be gone, and tasks that use them
    would fail. It gets a transport that goes nowhere. Empty where the provider has no target anyway. ``home`` is the
    worker's ``AIRFLOW_HOME``.
    """
    environment = os.environ if environment is None else environment
    if home is not None:
        environment = {**environment, HOME: str(home)}
    return dict(QUIET) if is_configured(environment) else {}


def quieten(runner: LocalAirflow) -> None:
    """Keep the provider of a runner's Airflow from telling what we tell, if we do; to be called before its first run.

    A runner whose worker is there already goes on as it is until that ends.
    """
    if is_on():
        said = {**os.environ, **runner.env}
        runner.env = {**runner.env, **quiet_provider(said, Path(runner.home) if runner.home else None)}


def shared_taker() -> Taker | None:
    """What takes the events of this process; one for all runs, as long as the environment says the same."""
    said = tuple(sorted(item for item in os.environ.items() if item[0].startswith(PREFIXES)))
    key = (os.getpid(), said)
    with _lock:
        if key not in _takers:
            _takers[key] = _opened()
        return _takers[key]


def _opened() -> Taker | None:
    try:
        return open_courier()
    except Exception as error:  # noqa: BLE001 - lineage never stops a run
        log.warning("lineage is off: %s", reason(error))
        return None
