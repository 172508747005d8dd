"""The generated tables of ``semantics.md``: the cases, and which forms of a target end as each trigger rule does."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations_with_replacement

from docs.targets import TARGETS, forms_of_cases
from tests.semantics.targets import dagster_cases, prefect_cases
from tests.semantics.written import Written, written

from dagport.graph import Edge, Pipeline, Schedule, Task
from dagport.semantics.outcomes import (
    RULES,
    Call,
    Outcome,
    Outcomes,
    Step,
    predict_airflow,
    predict_dagster,
    predict_prefect,
)

ENDS = {"success": Outcome(), "failed": Outcome(ends="fail"), "skipped": Outcome(ends="skip")}
UPSTREAMS = (*ENDS, "upstream_failed")
RULES_SHOWN = [rule for rule in RULES if rule != "all_done_setup_success"]


def cases_tables() -> str:
    """All written cases."""
    head = "| Airflow | tasks | edges | what they do | how they end | in Dagster | in Prefect | |\n"
    parts = [head + "|---|---|---|---|---|---|---|---|\n"]
    for one in written():
        versions = "" if len(one.versions) > 1 else f"Airflow {one.versions[0]} only. "
        columns = (one.tasks, one.edges, one.does, one.ends)
        parts.append(_row(one.name, *columns, text=f"{' | '.join(_forms(one))} | {versions}{one.note}"))
    parts.append("\n| Dagster | steps | what they do | how they end | |\n|---|---|---|---|---|\n")
    for step in dagster_cases():
        parts.append(
            _row(step.name, step.row["steps"], step.row.get("does", ""), step.row["ends"], text=_note(step.row))
        )
    parts.append("\n| Prefect | calls | returned | what they do | how they end | |\n|---|---|---|---|---|---|\n")
    for call in prefect_cases():
        given = " ".join(filter(None, [call.how, *call.returns]))
        columns = (call.row["calls"], given, call.row.get("does", ""), call.row["ends"])
        parts.append(_row(call.name, *columns, text=_note(call.row)))
    return "".join(parts)


def forms_table() -> str:
    """For each trigger rule, where the plain forms of the targets end otherwise."""
    head = "| rule | Dagster: an input each | a fan-in | a fan-in with one more source that is always yielded "
    rows = [head + "| Prefect: futures | `allow_failure` |\n|---|---|---|---|---|---|\n"]
    for rule in RULES_SHOWN:
        cells = [_where_wrong(rule, form) for form in FORMS]
        rows.append(f"| `{rule}` | {' | '.join(cells)} |\n")
    return "".join(rows)


def _row(name: str, *columns: str, text: str) -> str:
    cells = [f"`{column.replace('|', '&#124;')}`" if column else "" for column in columns]
    cells = [cell.replace("`", "") if "&#124;" in cell else cell for cell in cells]
    return f"| {name} | {' | '.join(cells)} | {text.strip()} |\n"


def _forms(one: Written) -> tuple[str, ...]:
    """What Dagster and Prefect make of a case."""
    return forms_of_cases().get(one.name, ("",) * len(TARGETS))


def _note(row: dict[str, str]) -> str:
    return row.get("note", "")


def _where_wrong(rule: str, form: Callable[[tuple[str, ...]], object]) -> str:
    """The ends of two upstreams for which a form ends otherwise, or that it never does."""
    pairs = list(combinations_with_replacement(UPSTREAMS, 2))
    wrong = [pair for pair in pairs if form(pair) not in _airflow(rule, pair)]
    if not wrong:
        return "**same**"
    if len(wrong) > len(pairs) // 2:
        return f"differs in {len(wrong)} of {len(pairs)}"
    return "differs after " + ", ".join(" + ".join(pair) for pair in wrong)


def _airflow(rule: str, pair: tuple[str, ...]) -> set[object]:
    """What a task with this rule may end in."""
    tasks, edges, does = [Task(id="j", operator="x", kind="python", trigger_rule=rule)], [], {}
    for number, end in enumerate(pair):
        name = f"u{number}"
        tasks.append(Task(id=name, operator="x", kind="python"))
        edges.append(Edge(upstream=name, downstream="j"))
        if end == "upstream_failed":
            tasks.append(Task(id=f"{name}_before", operator="x", kind="python"))
            edges.append(Edge(upstream=f"{name}_before", downstream=name))
        does[name if end in ENDS else f"{name}_before"] = ENDS.get(end, ENDS["failed"])
    pipeline = Pipeline(id="x", exact=True, schedule=Schedule(kind="manual"), tasks=tuple(tasks), edges=tuple(edges))
    found = predict_airflow(pipeline, Outcomes(tasks=does))
    return set(found.possible.get(("j", -1), {found.states["j", -1]}))


def _dagster(pair: tuple[str, ...], inputs: tuple[tuple[str, ...], ...]) -> object:
    steps, does = [], {}
    for number, end in enumerate(pair):
        name = f"u{number}"
        steps += [] if end in ENDS else [Step(id=f"{name}_before")]
        steps.append(Step(id=name, optional=True, inputs=() if end in ENDS else ((f"{name}_before",),)))
        does[name if end in ENDS else f"{name}_before"] = ENDS.get(end, ENDS["failed"])
    return predict_dagster([*steps, Step(id="j", inputs=inputs)], Outcomes(tasks=does)).states["j", -1]


def _with_always(pair: tuple[str, ...]) -> object:
    return _dagster((*pair, "success"), (("u0", "u1", "u2"),))


def _inputs(pair: tuple[str, ...]) -> object:
    return _dagster(pair, (("u0",), ("u1",)))


def _fan_in(pair: tuple[str, ...]) -> object:
    return _dagster(pair, (("u0", "u1"),))


def _prefect(pair: tuple[str, ...], taken: str) -> object:
    calls, does = [], {}
    for number, end in enumerate(pair):
        name = f"u{number}"
        calls += [] if end in ENDS else [Call(id=f"{name}_before")]
        calls.append(Call(id=name, takes=() if end in ENDS else ((f"{name}_before", "value"),)))
        does[name if end in ENDS else f"{name}_before"] = ENDS.get(end, ENDS["failed"])
    join = Call(id="j", takes=(("u0", taken), ("u1", taken)))  # type: ignore[arg-type]
    return predict_prefect([*calls, join], Outcomes(tasks=does), returns=("j",)).states["j", -1]


def _futures(pair: tuple[str, ...]) -> object:
    return _prefect(pair, "value")


def _allowed(pair: tuple[str, ...]) -> object:
    return _prefect(pair, "allow_failure")


FORMS: tuple[Callable[[tuple[str, ...]], object], ...] = (_inputs, _fan_in, _with_always, _futures, _allowed)
