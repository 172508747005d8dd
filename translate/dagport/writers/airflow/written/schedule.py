"""When a DAG runs: its ``schedule``, so that the version that is written for keeps dates and data intervals.

A plain cron text or a ``timedelta`` means another timetable in Airflow 2 than in Airflow 3: where the graph is of the
other version, the timetable is written out (``DAG._create_timetable`` of both).
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from datetime import datetime

from dagport.graph import Asset, Pipeline, Schedule
from dagport.pycode import text_constant
from dagport.values import Call, Value
from dagport.writers.airflow.written.values import Values, no_result
from dagport.writers.common.literals import NotExpressible

CRON = {"2": "airflow.sdk.CronDataIntervalTimetable", "3": "airflow.sdk.CronTriggerTimetable"}
DELTA = {"2": "airflow.sdk.DeltaDataIntervalTimetable", "3": "airflow.sdk.DeltaTriggerTimetable"}
"""What a version makes of a plain cron text and of a plain duration."""
ALONE = {"once": '"@once"', "continuous": '"@continuous"', "manual": "None"}


def schedule_of(pipeline: Pipeline, assets: Mapping[str, str], values: Values) -> str:
    """The ``schedule`` argument. Raises ``NotExpressible`` where the version has none that is the same."""
    schedule = pipeline.schedule
    if schedule.kind in ALONE:
        return ALONE[schedule.kind]
    if schedule.kind == "cron" and schedule.cron is not None:
        return _cron(pipeline, schedule, values)
    if schedule.kind == "interval":
        duration = values.duration(schedule.seconds)
        engine = engine_of(pipeline)
        return duration if engine == values.version else f"{values.want(DELTA[engine])}({duration})"
    if schedule.kind == "assets":
        return _assets(schedule, assets, values)
    if schedule.kind == "timetable" and schedule.class_ is not None:
        args = dict(schedule.args or {})
        plain = [args.pop(key) for key in sorted(key for key in args if key.isdigit())]
        return values.write(Call(schedule.class_, tuple(plain), args), no_result)
    if values.source is not None and schedule.text:
        return values.source.expression(schedule.text)
    raise NotExpressible("the schedule isn't known")


def dates(pipeline: Pipeline, values: Values) -> dict[str, str]:
    """``start_date`` and ``end_date``, in the DAG's time zone; without one, in that of the deployment."""
    given = {"start_date": pipeline.start_date, "end_date": pipeline.end_date}
    found = {name: datetime.fromisoformat(text) for name, text in given.items() if text is not None}
    if pipeline.timezone is None:
        found = {name: moment.replace(tzinfo=None) for name, moment in found.items()}
    return {name: values.moment(moment, pipeline.timezone) for name, moment in found.items()}


def catchup(pipeline: Pipeline, values: Values) -> bool | None:
    """The ``catchup`` argument, where the versions' defaults differ or it is set."""
    if pipeline.catchup is not None or engine_of(pipeline) == values.version or pipeline.schedule.kind == "manual":
        return pipeline.catchup
    return engine_of(pipeline) == "2"


def engine_of(pipeline: Pipeline) -> str:
    """The version that a pipeline is for, as far as its schedules are concerned: those of 1.10 are those of 2."""
    return "2" if (pipeline.engine_version or "3") != "3" else "3"


def _cron(pipeline: Pipeline, schedule: Schedule, values: Values) -> str:
    text = text_constant(schedule.preset or str(schedule.cron))
    engine = engine_of(pipeline)
    if engine == values.version:
        return text
    return f"{values.want(CRON[engine])}({text}, timezone={text_constant(pipeline.timezone or 'UTC')})"


def _assets(schedule: Schedule, assets: Mapping[str, str], values: Values) -> str:
    names = schedule.assets or ()
    lost = [name for name in names if name not in assets]
    if lost:
        raise NotExpressible(f"the asset {lost[0]!r} is an alias or a reference, which the schedule doesn't tell")
    if schedule.condition in (None, "all"):
        return f"[{', '.join(assets[name] for name in names)}]"
    if schedule.condition == "any":
        if len(names) == 1:
            return f"{values.want('airflow.sdk.AssetAny')}({assets[names[0]]})"
        return " | ".join(assets[name] for name in names)
    return _condition(str(schedule.condition), assets)


def _condition(text: str, assets: Mapping[str, str]) -> str:
    """The expression of asset names with the variables of the assets in their place."""

    def write(node: ast.expr) -> str:
        if isinstance(node, ast.Constant) and node.value in assets:
            return assets[str(node.value)]
        if isinstance(node, ast.BinOp):
            sign = "&" if isinstance(node.op, ast.BitAnd) else "|"
            parts = (f"({write(item)})" if isinstance(item, ast.BinOp) else write(item) for item in _operands(node))
            return f" {sign} ".join(parts)
        raise NotExpressible("a part of the asset condition isn't an asset")

    return write(ast.parse(text, mode="eval").body)


def _operands(node: object) -> list:  # type: ignore[type-arg]
    assert isinstance(node, ast.BinOp)  # noqa: S101 - narrows for the type checker
    left = (
        _operands(node.left)
        if isinstance(node.left, ast.BinOp) and type(node.left.op) is type(node.op)
        else [node.left]
    )
    return [*left, node.right]


def asset_call(asset: Asset) -> Value:
    """An asset as the call that makes it."""
    more = {name: value for name, value in (("group", asset.group), ("extra", asset.extra)) if value}
    if asset.group in (None, "asset", ""):
        more.pop("group", None)
    return Call("airflow.sdk.Asset", (), {"name": asset.name, "uri": asset.uri, **more, **asset.arguments})
