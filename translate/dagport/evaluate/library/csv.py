"""``csv``: rows of known lines."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import Anything, CallSite, Native, PyRaise, Unknown, is_plain
from dagport.evaluate.iterators import Stream
from dagport.evaluate.library.support import bound, lost, opaque, tolerant

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

OPTIONS = {
    "delimiter", "quotechar", "escapechar", "doublequote", "skipinitialspace", "lineterminator", "quoting", "strict",
    "dialect",
}  # fmt: skip


def _rows(
    machine: Machine, source: Anything, options: dict[str, Anything], site: CallSite, make: Any
) -> list[Any] | Unknown:
    from dagport.evaluate.library.io import lines_of

    lines = lines_of(machine, source, site)
    if isinstance(lines, Unknown) or not is_plain(options) or not set(options) <= OPTIONS:
        return lost(machine, [lines, *options.values()], site, "these options of csv aren't followed")
    machine.check_items(len(lines))
    machine.step(sum(map(len, lines)) // 16)
    try:
        rows = list(make(lines, **options))
    except csv.Error as error:
        raise PyRaise("csv.Error", str(error)) from None
    except TypeError as error:
        raise PyRaise("TypeError", str(error)) from None
    machine.check_items(sum(map(len, rows)))
    return rows


def _reader(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    source, dialect = bound(args, {k: v for k, v in kwargs.items() if k == "dialect"}, "csvfile", dialect="excel")
    options = {**kwargs, "dialect": dialect}
    rows = _rows(machine, source, options, site, csv.reader)
    return rows if isinstance(rows, Unknown) else Stream(machine, rows, "csv_reader")


class DictReader(Stream):
    """``csv.DictReader(...)``."""

    __slots__ = ("names",)

    def __init__(self, machine: Machine, rows: list[Any], names: list[str]) -> None:
        super().__init__(machine, rows, "DictReader")
        self.names = names

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``fieldnames``."""
        if name == "fieldnames":
            return self.names
        if name in ("line_num", "reader", "dialect"):
            return machine.unknown("what a reader knows of its file isn't followed", site)
        return super().attr(machine, name, site)


def _dict_reader(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    names = ("f", "fieldnames", "restkey", "restval", "dialect")
    own = {name: value for name, value in kwargs.items() if name in names}
    source, fields, rest_key, rest_value, dialect = bound(
        args, own, "f", fieldnames=None, restkey=None, restval=None, dialect="excel"
    )
    if not is_plain([fields, rest_key, rest_value]):
        return lost(machine, [fields, rest_key, rest_value], site)
    found: list[str] = []

    def make(lines: list[str], **options: Any) -> Any:
        reader = csv.DictReader(lines, fields, rest_key, rest_value, **options)
        found.extend(reader.fieldnames or [])
        return reader

    options = {**{name: value for name, value in kwargs.items() if name not in names}, "dialect": dialect}
    rows = _rows(machine, source, options, site, make)
    return rows if isinstance(rows, Unknown) else DictReader(machine, rows, found)


FUNCTIONS: dict[str, Native] = {
    "csv.DictReader": tolerant(_dict_reader),
    "csv.DictWriter": opaque("nothing is written while a file is read"),
    "csv.Sniffer": opaque("what is guessed of a file isn't followed"),
    "csv.reader": tolerant(_reader),
    "csv.writer": opaque("nothing is written while a file is read"),
}
CONSTANTS: dict[str, Anything] = {
    name: getattr(csv, name.removeprefix("csv."))
    for name in ("csv.QUOTE_ALL", "csv.QUOTE_MINIMAL", "csv.QUOTE_NONE", "csv.QUOTE_NONNUMERIC")
}
