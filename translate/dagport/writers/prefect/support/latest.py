"""Whether a flow run is the latest of its schedule."""

from __future__ import annotations

from datetime import datetime, timezone

from prefect.context import FlowRunContext

from dagport.writers.prefect.support.dates import Rule

UTC = timezone.utc  # noqa: UP017 - Python 3.10 has no other


def is_latest(start: datetime, rule: Rule) -> bool:
    """Whether now lies between the date of the run and the following one; for a run started by hand it does."""
    context = FlowRunContext.get()
    if context is None or context.flow_run is None or not context.flow_run.auto_scheduled:
        return True
    return start < datetime.now(UTC) <= rule.after(start)
