"""Names that Dagster allows, and those that its generated code uses."""

from __future__ import annotations

import re

from dagport.writers.common.supporting import SUPPORT

RESERVED_INPUTS = frozenset({"context", "input", "output", "config", "meta", "type", "conf", "dict", "str", "int"})
"""Names that Dagster refuses for inputs, or gives a meaning of its own (``DISALLOWED_NAMES``)."""
GENERATED = {
    "dg": "import dagster as dg",
    "os": "import os",
    "Any": "from typing import Any",
    "Field": "from pydantic import Field",
    "deepcopy": "from copy import deepcopy",
    "timedelta": "from datetime import timedelta",
    "timezone": "from datetime import timezone",
    "pendulum": "import pendulum",
    "dt": "import datetime as dt",
    "run_bash": "",
    "run_in_airflow": "",
    "get_variable": "",
    "SqlDatabase": "",
    "task_op": "",
    "expand_op": "",
    "gather_op": "",
    "ends_op": "",
    "Skip": "",
    "time_limit": "",
    "wait_for_run": "",
    "call_on_failure": "",
    "call_on_success": "",
    "context_of_run": "",
    "ZoneInfo": "from zoneinfo import ZoneInfo",
    "logical_date_of": "",
    "data_interval_start_of": "",
    "data_interval_end_of": "",
    "is_latest": "",
    "Poke": "",
    **dict.fromkeys(SUPPORT, ""),
}
"""Names that generated code uses, and the import that gives the user's code the same."""
CONFIG_ATTRIBUTES = frozenset({"copy", "dict", "json", "schema", "validate", "construct", "fields", "register"})
"""A config's own attributes, which a field may not have."""
NOT_FIELDS = frozenset({*RESERVED_INPUTS, *CONFIG_ATTRIBUTES, *GENERATED})
TAG_KEY = re.compile(r"^([A-Za-z0-9_.-]{1,63}/)?[A-Za-z0-9_.-]{1,63}$")
TAG_VALUE = re.compile(r"^[A-Za-z0-9_.-]{0,63}$")
OWNER = re.compile(r"^(team:\S.*|[^@\s]+@[^@\s.]+(\.[^@\s.]+)+)$")
POOL = re.compile(r"^\S+$")
