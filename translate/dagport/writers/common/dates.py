"""The entries of Airflow's context that say which time a run is for."""

from __future__ import annotations

from collections.abc import Iterable

DATE = "%Y-%m-%d"
LOGICAL = (
    "logical_date",
    "execution_date",
    "data_interval_start",
    "dag_run.logical_date",
    "dag_run.execution_date",
    "dag_run.data_interval_start",
)
OLD_DATES = frozenset({"execution_date", "dag_run.execution_date"})
"""Gone since Airflow 3, where they fail."""
INTERVAL_END = ("data_interval_end", "dag_run.data_interval_end")
TEXTS = {
    "ds": DATE,
    "ds_nodash": "%Y%m%d",
    "ts_nodash": "%Y%m%dT%H%M%S",
    "ts_nodash_with_tz": "%Y%m%dT%H%M%S+0000",
}
OLD_TEXTS = {  # gone since Airflow 3: days from the logical date
    "yesterday_ds": (DATE, "- timedelta(days=1)"),
    "yesterday_ds_nodash": ("%Y%m%d", "- timedelta(days=1)"),
    "tomorrow_ds": (DATE, "+ timedelta(days=1)"),
    "tomorrow_ds_nodash": ("%Y%m%d", "+ timedelta(days=1)"),
}
SAFE_ATTRIBUTES = frozenset(
    {
        "year", "month", "day", "hour", "minute", "second", "microsecond", "isoformat", "strftime", "timestamp",
        "weekday", "isoweekday", "toordinal", "isocalendar", "utctimetuple",
    }
)  # fmt: skip
"""What a ``datetime`` and pendulum's ``DateTime`` answer alike."""
DATES = frozenset({*LOGICAL, *INTERVAL_END})
DATE_ENTRIES = frozenset({*DATES, *TEXTS, *OLD_TEXTS, "ts"})
KEY_TEXT = "task_instance_key_str"
"""``DAG__TASK__ds_nodash`` (``RuntimeTaskInstance.get_template_context``)."""


PENDULUM = "import pendulum"


def dates_of(entries: Iterable[str]) -> frozenset[str]:
    """Those entries that say a date, or are made from one."""
    found = frozenset(entries)
    return (found & DATE_ENTRIES) | ({"ds_nodash"} if KEY_TEXT in found else frozenset())
