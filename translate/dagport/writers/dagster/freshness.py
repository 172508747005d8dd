"""``sla``: a freshness policy of the task's asset, whose deadline comes as long after each time of the schedule.

Source: ``DagFileProcessor.manage_slas`` of Airflow 2.11: a task that hasn't succeeded ``sla`` after the end of
its data interval has missed it, and an e-mail is sent. ``FreshnessPolicy.cron`` shows an asset as stale that wasn't
made between the run's start and the deadline. Airflow 3 looks at no ``sla``.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from dagport.graph import Pipeline, Task
from dagport.values import Call
from dagport.writers.common.cron import Cron, parse_cron
from dagport.writers.common.literals import text_literal
from dagport.writers.common.model import Settings
from dagport.writers.dagster.inputs import Inputs
from dagport.writers.dagster.partitions import DELTA_IMPORT
from dagport.writers.dagster.scope import Scope
from dagport.writers.dagster.times import delta_text

SLA, ARGUMENT = "sla", "freshness_policy"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DIFFERS = (
    "`sla` is a freshness policy: Dagster shows the asset as stale where Airflow sends an e-mail or calls "
    "`sla_miss_callback`, any run in time counts, and the deadline goes by the clock on days when clocks change"
)


def with_freshness(settings: Settings, task: Task, scope: Scope) -> Settings:
    """The settings of a task's asset with its freshness policy, where the ``sla`` has one."""
    policy = None if scope.graphs.region_of(task.id) or scope.graphs.job else policy_of(task, scope.pipeline)
    if policy is None:
        return settings
    others = [text for text in settings.approximations if not text.startswith(f"`{SLA}`")]
    return replace(settings, arguments={**settings.arguments, ARGUMENT: policy}, approximations=(*others, DIFFERS))


def import_for(settings: Settings, inputs: Inputs) -> None:
    """Tell the inputs of a task's function what the policy needs."""
    if ARGUMENT in settings.arguments:
        inputs.imports[DELTA_IMPORT] = None


def policy_of(task: Task, pipeline: Pipeline) -> str | None:
    """The source of the policy; ``None`` where no cron expression has the deadlines."""
    length = _length(task)
    cron = parse_cron(pipeline.schedule.cron or "") if pipeline.schedule.kind == "cron" else None
    if length is None or cron is None or pipeline.engine_version == "3":
        return None
    deadline = _deadline(cron, length)
    if deadline is None:
        return None
    zone = pipeline.timezone or "UTC"
    more = f", timezone={text_literal(zone)}" * (zone != "UTC")
    return (
        f"dg.FreshnessPolicy.cron(deadline_cron={text_literal(deadline)}, lower_bound_delta={delta_text(length)}{more})"
    )


def _length(task: Task) -> timedelta | None:
    value = task.arguments.get(SLA)
    if not isinstance(value, Call) or value.name != "datetime.timedelta" or value.args:
        return None
    parts = {name: part for name, part in value.kwargs.items() if isinstance(part, int | float)}
    length = timedelta(**parts) if len(parts) == len(value.kwargs) else timedelta()
    return length if length > timedelta() and not length.total_seconds() % 60 else None


def _deadline(cron: Cron, length: timedelta) -> str | None:
    """The cron expression, later by a length that is less than the time between two runs."""
    if cron.hourly_at is not None and length < HOUR:
        return f"{(cron.hourly_at + _minutes(length)) % 60} * * * *"
    if not cron.once_a_day_at_most or length >= DAY:
        return None
    moment = min(cron.hours or {0}) * 60 + min(cron.minutes or {0}) + _minutes(length)
    if moment >= 24 * 60 and cron.daily_at is None:
        return None  # it is another day's, of which the expression says something else
    hour, minute = divmod(moment % (24 * 60), 60)
    return " ".join([str(minute), str(hour), *cron.text.split()[2:]])


def _minutes(length: timedelta) -> int:
    return int(length.total_seconds() // 60)
