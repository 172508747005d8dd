"""Signatures of Airflow's own timetables, so that a call that Airflow refuses is refused here."""

from __future__ import annotations

from dataclasses import dataclass

from dagport.evaluate.domain import PyRaise, Symbolic
from dagport.readers.airflow import cron

PRESETS = ("@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly", "@midnight", "@annually")


@dataclass(frozen=True, slots=True)
class Signature:
    """The arguments of one class; the positional ones first."""

    positional: tuple[str, ...]
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


CRON = Signature(("cron", "timezone"), ("cron", "timezone"), ("interval", "run_immediately"))
TIMETABLES = {
    "CronTriggerTimetable": CRON,
    "CronDataIntervalTimetable": Signature(("cron", "timezone"), ("cron", "timezone")),
    "DeltaTriggerTimetable": Signature(("delta",), ("delta",), ("interval",)),
    "DeltaDataIntervalTimetable": Signature(("delta",), ("delta",)),
    "EventsTimetable": Signature(
        ("event_dates", "restrict_to_events", "presorted", "description"),
        ("event_dates",),
        ("restrict_to_events", "presorted", "description"),
    ),
    "AssetOrTimeSchedule": Signature((), ("timetable", "assets")),
}


def check(call: Symbolic) -> None:
    """Refuse a call of a timetable that Airflow 3 refuses.

    Raises ``PyRaise`` of ``TypeError`` for wrong arguments, of ``AirflowTimetableInvalid`` for a wrong expression.
    """
    name = call.name.rpartition(".")[2]
    signature = TIMETABLES.get(name)
    if signature is None or not call.name.startswith("airflow."):
        return
    if len(call.args) > len(signature.positional):
        raise PyRaise("TypeError", f"{name}.__init__() takes {len(signature.positional)} positional arguments")
    given = {**dict(zip(signature.positional, call.args, strict=False)), **call.kwargs}
    if "**" in given:
        return
    if "expression" in given:  # its name in `airflow.sdk`
        given["cron"] = given.pop("expression")
    unexpected = sorted(set(given) - {*signature.positional, *signature.required, *signature.optional})
    if unexpected:
        raise PyRaise("TypeError", f"{name}.__init__() got an unexpected keyword argument {unexpected[0]!r}")
    missing = sorted(set(signature.required) - set(given))
    if missing:
        raise PyRaise("TypeError", f"{name}.__init__() missing a required argument: {missing[0]!r}")
    text = given.get("cron")
    found = cron.problem(text) if isinstance(text, str) and text not in PRESETS else None
    if found is not None and found.certain:
        raise PyRaise("AirflowTimetableInvalid", found.message)
