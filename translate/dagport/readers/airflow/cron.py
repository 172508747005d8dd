"""Cron expressions as Airflow takes them (``croniter``): minute, hour, day, month, weekday, second, year."""

from __future__ import annotations

import re
from dataclasses import dataclass

MONTHS = dict(
    zip(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], range(1, 13), strict=True)
)
DAYS = dict(zip(["sun", "mon", "tue", "wed", "thu", "fri", "sat"], range(7), strict=True))
# (lowest, highest, names) of each field
FIELDS: tuple[tuple[int, int, dict[str, int]], ...] = (
    (0, 59, {}), (0, 23, {}), (1, 31, {}), (1, 12, MONTHS), (0, 7, DAYS), (0, 59, {}), (1970, 2099, {}),
)  # fmt: skip
DAY, WEEKDAY = 2, 4
PART = re.compile(r"(?P<all>\*|\?)|(?P<first>\d+|[a-z]{3})(-(?P<last>\d+|[a-z]{3}))?")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an expression isn't taken, or why that isn't known."""

    message: str
    certain: bool


def problem(text: str) -> Problem | None:
    """What is wrong with an expression; ``None`` when it is fine."""
    fields = text.lower().split()
    if not 5 <= len(fields) <= 7:
        return Problem(f"{text!r} doesn't have 5, 6 or 7 fields", certain=True)
    for index, field in enumerate(fields):
        for item in field.split(","):
            found = _item(item, index)
            if found is not None:
                return Problem(f"{item!r} in the cron expression {text!r} {found[0]}", certain=found[1])
    return None


def _item(item: str, index: int) -> tuple[str, bool] | None:
    if (index == DAY and item == "l") or (index == WEEKDAY and re.fullmatch(r"[0-7]#[1-5]|l[0-7]", item)):
        return None
    body, _, step = item.partition("/")
    match = PART.fullmatch(body)
    if match is None or ("/" in item and not step.isdigit()):
        return "isn't a form that is followed", not re.fullmatch(r"[\w*?#/()~-]+", item)
    if "/" in item and int(step) == 0:
        return "steps by zero", True
    if match["all"]:
        return None
    lowest, highest, names = FIELDS[index]
    numbers = [names.get(part, int(part) if part.isdigit() else -1) for part in (match["first"], match["last"]) if part]
    if any(not lowest <= number <= highest for number in numbers):
        return "is out of range", True
    if len(numbers) == 2 and numbers[0] > numbers[1]:
        return "runs backwards", False
    return None
