"""Ids that Airflow accepts (``validate_key`` and ``validate_group_key`` of ``airflow.sdk``)."""

from __future__ import annotations

import re

from dagport.evaluate.domain import PyRaise

MAX_KEY = 250
MAX_GROUP_KEY = 200
KEY = re.compile(r"^[\w.-]+$")
GROUP_KEY = re.compile(r"^[\w-]+$")


def check_id(key: str) -> None:
    """Refuse a DAG id or task id as Airflow does."""
    if len(key) > MAX_KEY:
        raise PyRaise("ValueError", f"The key has to be less than {MAX_KEY} characters, not {len(key)}")
    if not KEY.match(key):
        raise PyRaise(
            "ValueError",
            f"The key {key!r} has to be made of alphanumeric characters, dashes, dots, and underscores exclusively",
        )


def check_group_id(key: str) -> None:
    """Refuse a group id as Airflow does."""
    if len(key) > MAX_GROUP_KEY:
        raise PyRaise("ValueError", f"The key has to be less than {MAX_GROUP_KEY} characters, not {len(key)}")
    if not GROUP_KEY.match(key):
        raise PyRaise(
            "ValueError",
            f"The key {key!r} has to be made of alphanumeric characters, dashes, and underscores exclusively",
        )
