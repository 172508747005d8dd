"""Names that Prefect allows, and those that its generated code uses."""

from __future__ import annotations

import re

from dagport.writers.common.supporting import SUPPORT

RESERVED = frozenset({"return_state", "wait_for", "deferred", "self", "cls", "after"})
"""Names that ``submit`` and gated tasks take for themselves, which no parameter of a task or flow can have."""
GENERATED = {
    "allow_failure": "from prefect import allow_failure",
    "flow": "from prefect import flow",
    "task": "from prefect import task",
    "materialize": "from prefect.assets import materialize",
    "flow_run": "from prefect.runtime import flow_run",
    "task_run": "from prefect.runtime import task_run",
    "dt": "import datetime as dt",
    "os": "import os",
    "Any": "from typing import Any",
    "Annotated": "from typing import Annotated",
    "Field": "from pydantic import Field",
    "deepcopy": "from copy import deepcopy",
    "timedelta": "from datetime import timedelta",
    "pendulum": "import pendulum",
    "run_bash": "",
    "run_in_airflow": "",
    "get_variable": "",
    "SqlDatabase": "",
    "run_region_in_airflow": "",
    "end_as_in_airflow": "",
    "ThreadPoolTaskRunner": "from prefect.task_runners import ThreadPoolTaskRunner",
    "Cron": "",
    "Every": "",
    "date_of_run": "",
    "dates_of_run": "",
    "run_deployment": "from prefect.deployments import run_deployment",
    "wait": "from prefect.futures import wait",
    "gated_task": "",
    "after": "",
    "as_setup": "",
    "chosen": "",
    "each": "",
    "each_kwargs": "",
    "expand": "",
    "expand_kwargs": "",
    "results_of": "",
    "Skip": "",
    "PermanentFailure": "",
    "unless_permanent": "",
    "is_latest": "",
    "Poke": "",
    **dict.fromkeys(SUPPORT, ""),
}
"""Names that generated code uses, and the import that gives the user's code the same."""
MODEL_ATTRIBUTES = frozenset({"copy", "dict", "json", "schema", "validate", "construct", "fields", "model_config"})
"""Attributes of the model by which Prefect checks a flow's parameters."""
NOT_PARAMETERS = frozenset({*RESERVED, *MODEL_ATTRIBUTES, *GENERATED, "logical_date", "conf", "partition_key"})
BANNED = re.compile(r"[/%&><]")
"""What Prefect forbids in the names of flows and deployments (``WITHOUT_BANNED_CHARACTERS``)."""
ASSET_KEY = re.compile(r"^(?=.{1,512}$)[a-z0-9]+://[^\s#?&%\"'<>\[\]{}|\\^`\0]*$")
"""URIs that Prefect takes as keys of assets (``ValidAssetKey``)."""
NOT_IN_VARIABLES = re.compile(r"[^a-z0-9_-]")
"""What names of Prefect's variables can't have (``VariableName``)."""
