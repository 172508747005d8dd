"""``str.format`` over values of the machine: attributes and items are looked up by its rules, sizes are bounded."""

from __future__ import annotations

import datetime
import re
import string
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from dagport.evaluate.builtins import FUNCTIONS as BUILTINS
from dagport.evaluate.domain import Anything, CallSite, Instance, PyRaise, Unknown, first_unknown, is_plain
from dagport.evaluate.library.support import EXPECTED_ERRORS, raised
from dagport.evaluate.objects import UserDict

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

NUMBER = re.compile(r"\d+")


NO_ARGUMENTS: list[Any] = []


class _Lost(Exception):  # noqa: N818 - it ends the formatting, nothing went wrong
    def __init__(self, value: Unknown) -> None:
        super().__init__()
        self.value = value


class Formatter(string.Formatter):
    """Python's own formatter, with our look-ups and our bounds."""

    def __init__(self, machine: Machine, site: CallSite) -> None:
        self.machine = machine
        self.site = site
        self.length = 0
        self.automatic: bool | None = None  # whether fields are numbered by themselves; not mixed with given numbers
        self.next_number = 0

    def parse(self, format_string: str) -> Iterator[tuple[str, str | None, str | None, str | None]]:
        """The parts of a template; a field without a name (``{}``, ``{.year}``) gets its number."""
        for literal, name, spec, conversion in super().parse(format_string):
            yield literal, None if name is None else self._numbered(name), spec, conversion

    def _numbered(self, name: str) -> str:
        without = not name or name[0] in ".["
        if not without and not name[0].isdigit():
            return name
        if self.automatic not in (None, without):
            raise PyRaise("ValueError", "cannot mix automatic and manual field numbering")
        self.automatic = without
        if not without:
            return name
        self.next_number += 1
        return f"{self.next_number - 1}{name}"

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """The argument that a field names; one that may be among unknown ones ends the formatting."""
        if isinstance(key, int) and args is NO_ARGUMENTS:
            raise PyRaise("ValueError", "Format string contains positional fields")
        if isinstance(key, int) and key < len(args):
            return args[key]
        if isinstance(key, str) and key in kwargs:
            return kwargs[key]
        if isinstance(kwargs, UserDict) and isinstance(key, str):
            return kwargs.__missing__(key)
        for value in (*args, kwargs.get("**")):
            if isinstance(value, Unknown):
                raise _Lost(value)
        if isinstance(key, int):
            raise PyRaise("IndexError", f"Replacement index {key} out of range for positional args tuple")
        raise PyRaise("KeyError", repr(key))

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Follow ``name.attribute[item]`` by the rules of the machine."""
        from dagport.evaluate.items import get_item

        splitter: Any = import_module("_string")  # as string.Formatter itself does
        first, rest = splitter.formatter_field_name_split(field_name)
        value = self.get_value(first, args, kwargs)
        for is_attribute, key in rest:
            if is_attribute:
                value = self.machine.attribute(value, key, self.site)
            else:
                value = get_item(self.machine, value, key, self.site)
        return value, first

    def convert_field(self, value: Any, conversion: Any) -> Any:
        """``!s``, ``!r`` and ``!a``."""
        if conversion == "s":
            return self._text(value)
        if conversion in ("r", "a"):
            text = BUILTINS["repr"](self.machine, [value], {}, self.site)
            if isinstance(text, Unknown):
                raise _Lost(text)
            text = text if conversion == "r" else ascii(value)
            self._grow(len(text))
            return text
        return super().convert_field(value, conversion)

    def format_field(self, value: Any, format_spec: str) -> str:
        """Format one value; widths and precisions are counted before anything is built."""
        for number in NUMBER.findall(format_spec):
            if len(number) > 18:  # more than a C ssize_t holds
                raise PyRaise("ValueError", "Too many decimal digits in format string")
            self._grow(int(number))
        if isinstance(value, Instance):
            return self._of_object(value, format_spec)
        if not format_spec and not isinstance(value, datetime.date):
            return self._text(value)
        if not is_plain(value):
            raise _Lost(self._unknown(value))
        text = format(value, format_spec)
        self._grow(len(text))
        return text

    def _of_object(self, value: Instance, spec: str) -> str:
        from dagport.evaluate.shown import format_value

        text = format_value(self.machine, value, spec, self.site)
        if not isinstance(text, str):
            raise _Lost(self._unknown(text))
        self._grow(len(text))
        return text

    def _grow(self, count: int) -> None:
        self.length += count
        self.machine.check_text(self.length)

    def _unknown(self, value: Anything) -> Unknown:
        cause = first_unknown([value])
        if cause is None:
            return self.machine.unknown("the text of the object isn't known", self.site)
        return self.machine.unknown(cause.why, self.site, clock=cause.clock)

    def _text(self, value: Anything) -> str:
        text = self.machine.to_text(value, self.site)
        if isinstance(text, Unknown):
            raise _Lost(text)
        self._grow(len(text))
        return text


def format_text(
    machine: Machine, template: str, args: list[Anything] | None, kwargs: dict[str, Anything], site: CallSite
) -> str | Unknown:
    """``template.format(*args, **kwargs)``; ``Unknown`` when a value that it shows isn't known.

    ``args`` is ``None`` for ``format_map``, where a field without a name is an error.
    """
    formatter = Formatter(machine, site)
    try:
        return str(formatter.vformat(template, NO_ARGUMENTS if args is None else args, kwargs))
    except _Lost as lost:
        return machine.unknown(lost.value.why, site, clock=lost.value.clock)
    except EXPECTED_ERRORS as error:
        raise raised(error) from None
