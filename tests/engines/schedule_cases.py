"""Cases for the comparison of schedules: timetables, time zones, days on which clocks change, and random ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, product
from typing import Any

ZONES = (
    "UTC",
    "Europe/Paris",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "America/Sao_Paulo",
    "Africa/Casablanca",
)
CRONS = (
    "0 0 * * *", "30 2 * * *", "0 9 * * 1-5", "0 0 31 * *", "*/7 * * * *", "0 * * * *", "*/30 1-3 * * *",
    "15,45 * * * *", "0 */2 * * *", "0 */7 * * *", "0 2 * * 0", "0 0 1 */3 *", "30 1,2,3 * * *", "0 0 13 * 5",
    "0 3 l * *", "0 4 * * mon#2", "0 5 * * l5", "0 0 29 2 *", "*/20 0-23 * * *", "0 0 * * 7", "0 12 */2 * 1",
    "30 2 31 3 *", "0 * 31 3 *", "*/15 2 27 10 *", "0 0 1-31 * *", "5 4 * * sun-sat", "59 23 * 1,6,12 *",
    "0 */1 * * *", "*/30 * * * 1-5", "10/25 * * * *", "@weekly", "@quarterly", "0 2 * * * 30",
    "*/5 * * * * */20", "0 0 ? * 3",
)  # fmt: skip
STARTS = (
    "2024-03-29T22:10:00+00:00", "2024-03-31T00:00:00+00:00", "2024-10-26T21:30:05+00:00",
    "2024-10-27T00:30:00+00:00", "2024-11-03T05:30:00+00:00", "2024-03-10T06:59:59.500000+00:00",
    "2024-04-06T14:45:00+00:00", "2024-02-28T23:59:00+00:00", "2024-10-05T15:29:00+00:00",
)  # fmt: skip
STEP = 11  # of all combinations of a cron, a zone and a start: 1 is all, which takes minutes
ZONED = ("CronTriggerTimetable", "CronDataIntervalTimetable")
DELTAS = (60, 3600, 5400, 86400, 100000, 604800, 0.5)


def case(name: str, *given: Any, start: str | None, count: int = 8, **options: Any) -> dict[str, Any]:
    """A case as ``inside/schedules.py`` takes it."""
    general = {key: options.pop(key) for key in ("latest", "catchup", "now", "manual") if key in options}
    now = general.get("now") or start or STARTS[0]
    return {
        "make": [name, list(given), options], "earliest": start, "count": count,
        "latest": general.get("latest"), "catchup": general.get("catchup", True), "now": now,
        "manual": general.get("manual", [now]),
    }  # fmt: skip


def written() -> Iterator[dict[str, Any]]:
    """Every cron in every zone from every start, then the other timetables."""
    combinations = product(ZONED, CRONS, ZONES, STARTS, (True, False))
    for name, cron, zone, start, catchup in islice(combinations, 0, None, STEP):
        yield case(name, cron, start=start, timezone=zone, catchup=catchup)
    for seconds, start, catchup in product(DELTAS, STARTS, (True, False)):
        late = _later(start, 3 * seconds + 100)
        yield case("DeltaDataIntervalTimetable", {"seconds": seconds}, start=start, catchup=catchup, now=late)
        interval = {"seconds": seconds / 2}
        yield case(
            "DeltaTriggerTimetable", {"seconds": seconds}, start=start, catchup=catchup, now=late, interval=interval
        )
    for begin, catchup in product((None, *STARTS), (True, False)):
        yield case("OnceTimetable", start=begin, catchup=catchup)
        yield case("NullTimetable", start=begin, catchup=catchup)
        yield case("EventsTimetable", list(STARTS), start=begin, catchup=catchup)
        yield case("EventsTimetable", list(STARTS), True, start=begin, catchup=catchup, manual=list(STARTS))
        yield case("EventsTimetable", [], True, start=begin, catchup=catchup)
    for begin, catchup, zone in product((None, *STARTS), (True, False), ZONES):
        crons = ("0 0 * * *", "*/40 2 * * *", "0 12 * * 1")
        yield case(
            "MultipleCronTriggerTimetable",
            *crons,
            start=begin,
            catchup=catchup,
            timezone=zone,
            interval={"seconds": 900},
        )


def by_seed(seed: int, count: int) -> Iterator[dict[str, Any]]:
    """Random crons, zones, starts, ends and moments."""
    source = random.Random(seed)
    for _ in range(count):
        start = None if source.random() < 0.1 else _moment(source)
        now = _later(start or _moment(source), source.choice((-1e6, 0, 1e3, 1e5, 1e7)))
        options: dict[str, Any] = {"now": now, "catchup": source.random() < 0.5}
        if source.random() < 0.2:
            options["latest"] = _later(start or now, source.choice((1e4, 1e6, 1e7)))
        name, zone, cron = source.choice(ZONED), source.choice(ZONES), random_cron(source)
        if name == "CronTriggerTimetable":
            options["interval"] = {"seconds": source.choice((0, 0, 3600, 86400))}
            options["run_immediately"] = source.choice((True, False, {"seconds": 600}))
        yield case(name, cron, start=start, timezone=zone, manual=[_moment(source) for _ in range(3)], **options)


def random_cron(source: random.Random) -> str:
    """An expression of five fields, or six."""
    limits = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)]
    fields = [_field(source, *pair, likely) for pair, likely in zip(limits, (0.2, 0.4, 0.7, 0.8, 0.7), strict=True)]
    return " ".join(fields + [str(source.randrange(60))] * (source.random() < 0.05))


def _field(source: random.Random, low: int, high: int, star: float) -> str:
    if source.random() < star:
        return "*"
    kind = source.choice(("number", "number", "list", "range", "step", "stepped range"))
    if kind == "number":
        return str(source.randint(low, high))
    if kind == "list":
        return ",".join(str(source.randint(low, high)) for _ in range(source.randint(2, 4)))
    first, last = sorted(source.sample(range(low, high + 1), 2))
    return {"range": f"{first}-{last}", "step": f"*/{source.randint(1, high)}"}.get(
        kind, f"{first}-{last}/{source.randint(1, 5)}"
    )


def _moment(source: random.Random) -> str:
    around = datetime.fromisoformat(source.choice(STARTS))
    return (around + timedelta(minutes=source.randint(-3000, 3000), seconds=source.choice((0, 0, 0, 30)))).isoformat()


def _later(moment: str, seconds: float) -> str:
    return (datetime.fromisoformat(moment).astimezone(UTC) + timedelta(seconds=seconds)).isoformat()
