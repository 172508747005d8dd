"""Where Airflow 3 has what Airflow 1 and 2 had elsewhere.

``moved.json`` is made by ``tests/engines/moved_names.py`` from what both Airflows say themselves; ``RENAMED`` is what
changed its name as well (Airflow's "Upgrading to Airflow 3", and the classes of 3.3).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

_ASSETS = {
    "Dataset": "Asset",
    "DatasetAlias": "AssetAlias",
    "DatasetAll": "AssetAll",
    "DatasetAny": "AssetAny",
    "DatasetOrTimeSchedule": "AssetOrTimeSchedule",
}
RENAMED = {
    "airflow.Dataset": "airflow.sdk.Asset",
    **{f"airflow.datasets.{old}": f"airflow.sdk.{new}" for old, new in _ASSETS.items()},
    "airflow.timetables.datasets.DatasetOrTimeSchedule": "airflow.sdk.AssetOrTimeSchedule",
    "airflow.io.path.ObjectStoragePath": "airflow.sdk.ObjectStoragePath",
    "airflow.utils.dag_parsing_context.get_parsing_context": "airflow.sdk.get_parsing_context",
    "airflow.providers.cncf.kubernetes.operators.kubernetes_pod.KubernetesPodOperator": (
        "airflow.providers.cncf.kubernetes.operators.pod.KubernetesPodOperator"
    ),
    "airflow.operators.http_operator.SimpleHttpOperator": "airflow.providers.http.operators.http.HttpOperator",
    "airflow.providers.http.operators.http.SimpleHttpOperator": "airflow.providers.http.operators.http.HttpOperator",
    "airflow.hooks.filesystem.FSHook": "airflow.providers.standard.hooks.filesystem.FSHook",
}
DAG_CLASSES = frozenset({"airflow.DAG", "airflow.models.DAG", "airflow.models.dag.DAG", "airflow.sdk.DAG"})
DAG_DECORATORS = frozenset({"airflow.decorators.dag", "airflow.models.dag.dag", "airflow.sdk.dag"})
DAYS_AGO = "airflow.utils.dates.days_ago"
VENV_CHECKS = tuple(
    f"airflow.{home}.is_venv_installed" for home in ("operators.python", "utils.python_virtualenv", "decorators.python")
)
APPLY_DEFAULTS = frozenset(
    f"airflow.{home}.apply_defaults" for home in ("utils.decorators", "models.baseoperator", "sensors.base")
)
"""A decorator that does nothing since Airflow 2: the metaclass of operators does it."""
WRITTEN_OUT = frozenset({DAYS_AGO, *VENV_CHECKS, *APPLY_DEFAULTS})
PLUGIN_HOMES = frozenset(
    {"airflow.executors", "airflow.hooks", "airflow.macros", "airflow.operators", "airflow.sensors"}
)
"""Where Airflow 1 put what plugins define."""
EMPTIED = ("airflow.contrib.", "airflow.hooks.", "airflow.operators.", "airflow.sensors.")
"""Packages of which Airflow 3 has nothing left that it doesn't tell a new home of."""
TRIGGER_RULES = frozenset({"airflow.utils.trigger_rule.TriggerRule", "airflow.sdk.TriggerRule"})
CURRENT_CONTEXT = "get_current_context"
GONE = {
    "airflow.operators.subdag.SubDagOperator": "Airflow 3 has no SubDAGs: use a TaskGroup",
    "airflow.operators.subdag_operator.SubDagOperator": "Airflow 3 has no SubDAGs: use a TaskGroup",
    "airflow.models.SlaMiss": "Airflow 3 has no SLAs: use a Deadline",
    "airflow.models.dag.DagPickle": "Airflow 3 doesn't pickle DAGs",
}


def new_home(name: str) -> str | None:
    """Where Airflow 3 has a qualified name of Airflow 1 or 2; ``None`` where it needn't or can't be changed."""
    return RENAMED.get(name) or _told()[0].get(name) or _of_roots().get(name)


def gone(name: str) -> str | None:
    """Why a qualified name of Airflow 1 or 2 can't be used in Airflow 3; ``None`` where nothing is known against it."""
    if name in GONE:
        return GONE[name]
    module, _, last = name.rpartition(".")
    if module in PLUGIN_HOMES and last[:1].isupper() and new_home(name) is None:
        return f"Airflow 3 puts no plugin's classes into {module}: import {last} from the module that defines it"
    if name.startswith(EMPTIED) and last[:1].isupper() and new_home(name) is None:
        return f"Airflow 3 has no {name}"
    return (
        f"Airflow 3 has no {name}" if name in _told()[1] and name not in RENAMED and name not in WRITTEN_OUT else None
    )


@cache
def _told() -> tuple[dict[str, str], frozenset[str]]:
    told = json.loads(Path(__file__).with_name("moved.json").read_text("utf-8"))
    return told["moved"], frozenset(told["gone"])


@cache
def _of_roots() -> dict[str, str]:
    """``airflow.operators.BashOperator`` and the like, which Airflow 1 had as well: classes by their names."""
    found: dict[str, set[str]] = {}
    for old, new in _told()[0].items():
        if old.startswith("airflow.sensors."):  # of which Airflow 1 once had all in one module
            found.setdefault(f"airflow.operators.sensors.{old.rpartition('.')[2]}", set()).add(new)
        root, last = ".".join(old.split(".")[:2]), old.rpartition(".")[2]
        if root in PLUGIN_HOMES and last[:1].isupper():
            found.setdefault(f"{root}.{last}", set()).add(new)
    return {name: homes.pop() for name, homes in found.items() if len(homes) == 1}


@cache
def old_modules() -> frozenset[str]:
    """Modules with a name that has another home in Airflow 3."""
    return frozenset(name.rpartition(".")[0] for name in (*_told()[0], *RENAMED))


def told_homes() -> dict[str, str]:
    """Each old qualified name whose new home Airflow itself tells."""
    return _told()[0]
