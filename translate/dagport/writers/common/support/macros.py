"""The date macros of Airflow's templates."""

from __future__ import annotations

from datetime import datetime, timedelta


def ds_add(ds: str, days: int) -> str:
    """A day that is so many days after another, both as YYYY-MM-DD."""
    return str(datetime.strptime(str(ds), "%Y-%m-%d").date() + timedelta(days)) if days else str(ds)


def ds_format(ds: str, input_format: str, output_format: str) -> str:
    """A date in another format."""
    return datetime.strptime(str(ds), input_format).strftime(output_format)
