"""Which run started this one, as others say it."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from dagport_lineage.events.run_facets import JobName, RunOf

log = logging.getLogger(__name__)

PARENT, ROOT = "OPENLINEAGE_PARENT_ID", "OPENLINEAGE_ROOT_PARENT_ID"


class Parents(NamedTuple):
    """The run that started this one, and the one that began the chain, where that is another one."""

    parent: RunOf | None = None
    root: RunOf | None = None


def parents_of(conf: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None) -> Parents:
    """Who started a run: the environment says it, else the run's conf. What isn't whole is left out. Never raises.

    ``OPENLINEAGE_PARENT_ID`` and ``OPENLINEAGE_ROOT_PARENT_ID`` are ``namespace/job/run id``, as the macros of
    Airflow's provider write them and dbt's integration reads them. In the conf it is the section ``openlineage`` that
    Airflow's provider reads (``utils.get_parent_information_from_dagrun_conf``): ``parentRunId``,
    ``parentJobNamespace``, ``parentJobName``, and the same with ``root``.
    """
    environment = os.environ if environment is None else environment
    if parent := _of_text(PARENT, environment.get(PARENT)):
        return Parents(parent, _of_text(ROOT, environment.get(ROOT)))
    said = (conf or {}).get("openlineage")
    if not isinstance(said, Mapping):
        return Parents()
    parent = _of_conf(said, "parent")
    return Parents(parent, _of_conf(said, "rootParent") if parent else None)


def _of_text(name: str, text: str | None) -> RunOf | None:
    if not text:
        return None
    parts = text.rsplit("/", 2)  # a namespace may have slashes
    found = _run(*parts) if len(parts) == 3 else None
    if found is None:
        log.warning("%s isn't namespace/job/run id, and is left out", name)
    return found


def _of_conf(said: Mapping[str, Any], head: str) -> RunOf | None:
    return _run(said.get(f"{head}JobNamespace"), said.get(f"{head}JobName"), said.get(f"{head}RunId"))


def _run(namespace: object, name: object, run_id: object) -> RunOf | None:
    if not (isinstance(namespace, str) and isinstance(name, str) and isinstance(run_id, str) and namespace and name):
        return None
    try:
        return RunOf(JobName(namespace, name), str(UUID(run_id)))
    except ValueError:
        return None
