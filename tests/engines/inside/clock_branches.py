"""What Airflow's branches on dates choose: a JSON list of the choices for the cases of a file.

A case is ``["between", moment, lower, upper, zone, dated]`` or ``["weekday", moment, days, zone, dated]``.
"""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from datetime import datetime, time
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

with redirect_stdout(sys.stderr):
    import pendulum
    from airflow.providers.standard.operators import datetime as between
    from airflow.providers.standard.operators import weekday


def bound(text: str | None) -> Any:
    if text is None:
        return None
    return datetime.fromisoformat(text) if "T" in text else time.fromisoformat(text)


def chosen(kind: str, moment: str, *rest: Any) -> bool:
    *arguments, zone, dated = rest
    now = pendulum.instance(datetime.fromisoformat(moment)).in_timezone("UTC")
    dag = SimpleNamespace(timezone=pendulum.timezone(zone))
    module: Any = between if kind == "between" else weekday
    given: dict[str, Any] = {"follow_task_ids_if_true": "yes", "follow_task_ids_if_false": "no"}
    if kind == "between":
        given |= {"target_lower": bound(arguments[0]), "target_upper": bound(arguments[1])}
        operator = between.BranchDateTimeOperator(task_id="x", use_task_logical_date=dated, **given)
    else:
        operator = weekday.BranchDayOfWeekOperator(
            task_id="x", use_task_logical_date=dated, week_day=set(arguments[0]), **given
        )
    with (
        patch.object(type(operator), "dag", dag, create=True),
        patch.object(module.timezone, "utcnow", lambda: now),
    ):
        return bool(operator.choose_branch({"logical_date": now}) == "yes")


if __name__ == "__main__":
    with redirect_stdout(sys.stderr):
        found = [chosen(*case) for case in json.loads(Path(sys.argv[1]).read_text("utf-8"))]
    sys.stdout.write(json.dumps(found))
