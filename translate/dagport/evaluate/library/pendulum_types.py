"""Dates, durations and time zones as pendulum 3 makes them: the standard library's, with pendulum's arithmetic.

Written from pendulum's documented behaviour; ``tests/evaluate/test_pendulum.py`` compares with the real one.
"""

from __future__ import annotations

import calendar
import datetime
import zoneinfo
from collections.abc import Callable
from typing import Any

from dagport.evaluate.domain import Unknown

Zone = datetime.tzinfo | None


class Timezone(zoneinfo.ZoneInfo):
    """``pendulum.Timezone``: a zone by its IANA name."""

    @property
    def name(self) -> str:
        """The IANA name."""
        return self.key

    def __repr__(self) -> str:
        return f"Timezone('{self.key}')"


UTC = Timezone("UTC")


def fixed(seconds: int) -> datetime.timezone:
    """``FixedTimezone``: an offset, named by itself."""
    hours, minutes = divmod(abs(seconds) // 60, 60)
    name = f"{'-' if seconds < 0 else '+'}{hours:02d}:{minutes:02d}"
    return datetime.timezone(datetime.timedelta(seconds=seconds), name)


def timezone(name: str | int) -> datetime.tzinfo:
    """``pendulum.timezone``. Raises ``ValueError`` for an unknown name, as ``InvalidTimezone`` is one."""
    if isinstance(name, int):
        return fixed(name)
    if name.lower() == "utc":
        return UTC
    try:
        return Timezone(name)
    except (zoneinfo.ZoneInfoNotFoundError, OSError):
        raise ValueError(f'Invalid timezone "{name}"') from None


def zone(value: str | float | datetime.tzinfo, moment: datetime.datetime | None = None) -> datetime.tzinfo:
    """The zone that an argument ``tz=`` means; numbers are hours. ``local`` has no answer here: ``LookupError``."""
    if isinstance(value, str):
        if value == "local":
            raise LookupError("local")
        return timezone(value)
    if isinstance(value, int | float):
        return fixed(int(value * 3600))
    if isinstance(value, Timezone):
        return value
    if isinstance(value, zoneinfo.ZoneInfo):
        return timezone(value.key)
    if value.tzname(None) == "UTC":
        return UTC
    offset = value.utcoffset(moment)
    return fixed(int(offset.total_seconds())) if offset is not None else fixed(0)


def convert(moment: datetime.datetime, tz: datetime.tzinfo) -> datetime.datetime:
    """A moment in a zone; a naive one is read as wall time there, moved forward out of a gap of summer time."""
    if moment.tzinfo is not None:
        return moment.astimezone(tz)
    if not isinstance(tz, zoneinfo.ZoneInfo):
        return moment.replace(tzinfo=tz, fold=0)
    before, after = (tz.utcoffset(moment.replace(fold=fold)) for fold in (0, 1))
    if before is not None and after is not None and after > before:
        moment += after - before if moment.fold else before - after
    return moment.replace(tzinfo=tz)


class Duration(datetime.timedelta):
    """``pendulum.duration`` without years and months, which have no fixed length."""

    signature: dict[str, float] | None = None

    @classmethod
    def of(cls, **parts: float) -> Duration:
        """A duration that remembers how it was given: in days, hours, ..."""
        result = cls(**parts)
        small = parts.pop("milliseconds", 0)
        if small:
            parts["microseconds"] = parts.get("microseconds", 0) + small * 1000
        result.signature = parts
        return result

    def __str__(self) -> str:
        days, seconds = self.days, self.seconds
        if self.days < 0:
            positive = -datetime.timedelta(self.days, self.seconds, self.microseconds)
            days, seconds = -positive.days, -positive.seconds
        sign = -1 if days < 0 or seconds < 0 else 1
        weeks, rest = divmod(abs(days), 7)
        minutes, secs = divmod(abs(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        units = (("week", weeks), ("day", rest), ("hour", hours), ("minute", minutes), ("second", secs))
        words = [f"{sign * count} {unit}{'' if count == 1 else 's'}" for unit, count in units if count]
        if words:
            return " ".join(words)
        share = abs(self.microseconds) / 1e6
        return f"{share:.2f} second{'s' if share else ''}" if share else "0 microseconds"


def _keeping_class(name: str) -> Callable[..., Any]:
    real = getattr(datetime.timedelta, name)

    def operation(self: Duration, *args: Any) -> Any:
        result = real(self, *args)
        if type(result) is not datetime.timedelta:
            return result
        return Duration(result.days, result.seconds, result.microseconds)

    return operation


for _name in (
    "__add__",
    "__radd__",
    "__sub__",
    "__mul__",
    "__rmul__",
    "__neg__",
    "__abs__",
    "__truediv__",
    "__floordiv__",
):
    setattr(Duration, _name, _keeping_class(_name))


class Date(datetime.date):
    """``pendulum.Date``."""

    def add(self, years: int = 0, months: int = 0, weeks: int = 0, days: int = 0) -> Date:
        """Later by so much; a day that the month doesn't have becomes its last."""
        moment = shifted(datetime.datetime(self.year, self.month, self.day), years, months)
        moment += datetime.timedelta(weeks=weeks, days=days)
        return Date(moment.year, moment.month, moment.day)

    def subtract(self, years: int = 0, months: int = 0, weeks: int = 0, days: int = 0) -> Date:
        """Earlier by so much."""
        return self.add(-years, -months, -weeks, -days)

    def to_date_string(self) -> str:
        """``2024-01-31``."""
        return self.isoformat()

    def __sub__(self, other: Any) -> Any:
        if isinstance(other, datetime.date):
            return Unknown("an interval of pendulum isn't modelled")
        return super().__sub__(other)


def shifted(moment: datetime.datetime, years: int, months: int) -> datetime.datetime:
    """Later by years and months; a day that the month doesn't have becomes its last."""
    if not years and not months:
        return moment
    year, month = divmod((moment.year + years) * 12 + moment.month - 1 + months, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1]) if 1 <= year <= 9999 else moment.day
    return moment.replace(year=year, month=month + 1, day=day)


class DateTime(datetime.datetime):
    """``pendulum.DateTime``."""

    @classmethod
    def of(cls, moment: datetime.datetime) -> DateTime:
        """The same moment, as pendulum's."""
        return cls(*_parts(moment), tzinfo=moment.tzinfo, fold=moment.fold)

    @classmethod
    def create(
        cls, year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, microsecond: int = 0,
        tz: Any = UTC, fold: int = 1,
    ) -> DateTime:  # fmt: skip
        """``pendulum.datetime``: wall time in a zone."""
        moment = datetime.datetime(year, month, day, hour, minute, second, microsecond, fold=fold)
        return cls.of(moment if tz is None else convert(moment, zone(tz)))

    @classmethod
    def wall(cls, moment: datetime.datetime, tz: Any, fold: int = 1) -> DateTime:
        """The wall time of a moment in a zone."""
        year, month, day, hour, minute, second, microsecond = _parts(moment)
        return cls.create(year, month, day, hour, minute, second, microsecond, tz, fold)

    @classmethod
    def instance(cls, moment: datetime.datetime, tz: Any = UTC) -> DateTime:
        """A date of the standard library as pendulum's; a naive one is read as wall time of ``tz``."""
        tz = moment.tzinfo or tz
        return cls.wall(moment, None if tz is None else zone(tz, moment), moment.fold)

    def plain(self) -> datetime.datetime:
        """The same moment as the standard library's."""
        return datetime.datetime(*_parts(self), tzinfo=self.tzinfo, fold=self.fold)

    # What pendulum's own dates have

    def set(
        self, year: Any = None, month: Any = None, day: Any = None, hour: Any = None, minute: Any = None,
        second: Any = None, microsecond: Any = None, tz: Any = None,
    ) -> DateTime:  # fmt: skip
        """Other parts of the wall time."""
        given = (year, month, day, hour, minute, second, microsecond)
        names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        parts = {name: value for name, value in zip(names, given, strict=True) if value is not None}
        moment = self.plain().replace(tzinfo=None, **parts)
        return DateTime.wall(moment, self.tzinfo if tz is None else tz, self.fold)

    def on(self, year: int, month: int, day: int) -> DateTime:
        """Another day."""
        return self.set(int(year), int(month), int(day))

    def at(self, hour: int, minute: int = 0, second: int = 0, microsecond: int = 0) -> DateTime:
        """Another time of the day."""
        return self.set(hour=hour, minute=minute, second=second, microsecond=microsecond)

    def naive(self) -> DateTime:
        """Without a zone."""
        return DateTime(*_parts(self))

    def in_timezone(self, tz: Any) -> DateTime:
        """The same moment in another zone."""
        return DateTime.of(convert(self.plain(), zone(tz)))

    def add(
        self, years: int = 0, months: int = 0, weeks: int = 0, days: int = 0, hours: int = 0, minutes: int = 0,
        seconds: float = 0, microseconds: int = 0,
    ) -> DateTime:  # fmt: skip
        """Later by so much: by the wall clock when days or more are given, else by time that passes."""
        step = datetime.timedelta(
            weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds, microseconds=microseconds
        )
        if any([years, months, weeks, days]) or self.tzinfo is None:
            moment = shifted(self.plain().replace(tzinfo=None, fold=0), years, months) + step
            return DateTime.wall(moment, self.tzinfo)
        moment = (self.plain().astimezone(datetime.UTC) + step).astimezone(self.tzinfo)
        return DateTime.of(moment)

    def subtract(self, **parts: float) -> DateTime:
        """Earlier by so much."""
        return self.add(**{name: -count for name, count in parts.items()})  # type: ignore[arg-type]

    def start_of(self, unit: str) -> DateTime:
        """The first moment of the unit."""
        return self.set(*_floor(self, unit))

    def end_of(self, unit: str) -> DateTime:
        """The last moment of the unit."""
        start = datetime.datetime(*_floor(self, unit))
        fixed_units = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 7 * 86400}
        years = {"year": 1, "decade": 10, "century": 100}
        if unit in fixed_units:
            start += datetime.timedelta(seconds=fixed_units[unit])
        else:
            start = shifted(start, years.get(unit, 0), 0 if unit in years else 1)
        return self.set(*_parts(start - datetime.timedelta(microseconds=1)))

    def to_date_string(self) -> str:
        """``2024-01-31``."""
        return f"{self.year}-{self.month:02d}-{self.day:02d}"

    def to_time_string(self) -> str:
        """``13:05:00``."""
        return self.isoformat()[11:19]

    def to_datetime_string(self) -> str:
        """``2024-01-31 13:05:00``."""
        return f"{self.to_date_string()} {self.to_time_string()}"

    def to_iso8601_string(self) -> str:
        """ISO 8601, with ``Z`` for UTC."""
        text = self.isoformat()
        return text.replace("+00:00", "Z") if self.tzinfo is UTC else text

    def is_utc(self) -> bool:
        """Whether the offset is zero."""
        return self.utcoffset() == datetime.timedelta(0)

    def date(self) -> Date:
        """The day."""
        return Date(self.year, self.month, self.day)

    def time(self) -> datetime.time:
        """The time of the day."""
        return datetime.time(self.hour, self.minute, self.second, self.microsecond)

    def astimezone(self, tz: Any = None) -> DateTime:
        """The same moment in another zone."""
        return DateTime.of(self.plain().astimezone(tz))

    def replace(self, *args: Any, **kwargs: Any) -> DateTime:
        """Other parts, without a look at the clock changes."""
        moment = self.plain().replace(*args, **kwargs)
        return DateTime.instance(moment, tz=None)

    @property
    def timezone(self) -> datetime.tzinfo | None:
        """The zone."""
        return self.tzinfo

    tz = timezone

    @property
    def timezone_name(self) -> str | None:
        """Its name."""
        return self.tzinfo.key if isinstance(self.tzinfo, zoneinfo.ZoneInfo) else self.tzname()

    @property
    def offset(self) -> int | None:
        """Seconds east of UTC."""
        offset = self.utcoffset()
        return None if offset is None else int(offset.total_seconds())

    @property
    def int_timestamp(self) -> int:
        """Whole seconds since 1970."""
        since = self.plain() - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
        return since.days * 86400 + since.seconds

    @property
    def day_of_year(self) -> int:
        """From 1."""
        return self.timetuple().tm_yday

    @property
    def week_of_year(self) -> int:
        """The ISO week."""
        return self.isocalendar()[1]

    @property
    def days_in_month(self) -> int:
        """28 to 31."""
        return calendar.monthrange(self.year, self.month)[1]

    @property
    def quarter(self) -> int:
        """1 to 4."""
        return (self.month + 2) // 3

    # Operators

    def __add__(self, other: Any) -> Any:
        if not isinstance(other, datetime.timedelta):
            return NotImplemented
        if isinstance(other, Duration) and other.signature is not None:
            return self.add(**other.signature)  # type: ignore[arg-type]
        return self.add(seconds=other.total_seconds())

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        if isinstance(other, datetime.timedelta):
            return self.add(seconds=-other.total_seconds())
        if isinstance(other, datetime.datetime):
            return Unknown("an interval of pendulum isn't modelled")
        return NotImplemented

    def __rsub__(self, other: Any) -> Any:
        return self.__sub__(other) if isinstance(other, datetime.datetime) else NotImplemented

    def __str__(self) -> str:
        return self.isoformat(" ")

    def __repr__(self) -> str:
        parts = ", ".join(map(str, _parts(self)[: 7 if self.microsecond else 6]))
        return f"DateTime({parts}, tzinfo={self.tzinfo!r})" if self.tzinfo else f"DateTime({parts})"


def _parts(moment: datetime.datetime) -> tuple[int, int, int, int, int, int, int]:
    return moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second, moment.microsecond


def _floor(moment: DateTime, unit: str) -> tuple[int, int, int, int, int, int, int]:
    clock_units = ("day", "hour", "minute", "second")
    if unit in clock_units:
        kept = _parts(moment)[: 3 + clock_units.index(unit)]
        return (*kept, *[0] * (7 - len(kept)))  # type: ignore[return-value]
    if unit == "week":
        day = moment.plain().date() - datetime.timedelta(days=moment.weekday())
        return day.year, day.month, day.day, 0, 0, 0, 0
    starts = {
        "month": (moment.year, moment.month),
        "year": (moment.year, 1),
        "decade": (moment.year - moment.year % 10, 1),
        "century": (moment.year - (moment.year - 1) % 100, 1),
    }
    if unit not in starts:
        raise ValueError(f'Invalid unit "{unit}" for start_of()')
    return (*starts[unit], 1, 0, 0, 0, 0)
