"""``configparser``: INI files of the project, read by the real parser; interpolation is bounded before it unfolds."""

from __future__ import annotations

import configparser
import re
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import Anything, CallSite, Model, Native, NativeFunction, PyRaise, Unknown, is_plain
from dagport.evaluate.library.support import all_plain, bound, lost, opaque, tolerant

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

LONGEST = 100_000  # characters of a value after interpolation
REFERENCE = re.compile(r"%\(([^)]+)\)s")
OPTIONS = {
    "defaults", "allow_no_value", "delimiters", "comment_prefixes", "inline_comment_prefixes", "strict",
    "empty_lines_in_values", "default_section",
}  # fmt: skip
QUESTIONS = "defaults sections has_section has_option options get getint getfloat getboolean items"
CHANGES = "add_section set remove_option remove_section"
PROXY = "get getint getfloat getboolean items keys values"


class Parser(Model):
    """A parser: the real one, or why what it read isn't known."""

    __slots__ = ("changes", "interpolates", "lost", "real")
    type_name = "configparser.ConfigParser"

    def __init__(self, real: configparser.RawConfigParser, *, interpolates: bool) -> None:
        self.real = real
        self.interpolates = interpolates
        self.lost: Unknown | None = None
        self.changes = 0  # so that a change can be noticed

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """A method of the parser."""
        if name in READING:
            return NativeFunction(name, self._native(READING[name]))
        if name in QUESTIONS.split():
            return NativeFunction(name, self._native(_question(name)))
        if name in CHANGES.split():
            return NativeFunction(name, self._native(_change(name)))
        return NotImplemented

    def set_attr(self, machine: Machine, name: str, value: Anything, site: CallSite) -> Anything:
        """``parser.optionxform = str``, which keeps the case of names; nothing else is followed."""
        if name == "optionxform" and getattr(value, "name", "") == "builtins.str":
            self.real.optionxform = str  # type: ignore[assignment,method-assign]
            return None
        self.lost = machine.unknown(f"the setting `{name}` of a parser isn't followed", site)
        return None

    def _native(self, native: Native) -> Native:
        def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
            return tolerant(native)(machine, [self, *args], kwargs, site)

        return run

    def item(self, machine: Machine, key: Anything, site: CallSite) -> Anything:
        """``parser["section"]``."""
        if self.lost is not None or not isinstance(key, str):
            return lost(machine, [self.lost, key], site)
        if key != self.real.default_section and not self.real.has_section(key):
            raise PyRaise("KeyError", key)
        return Section(self, key)

    def contains(self, machine: Machine, item: Anything, site: CallSite) -> Anything:
        """``"section" in parser``."""
        if self.lost is not None or not isinstance(item, str):
            return lost(machine, [self.lost, item], site)
        return item in self.real

    def iterate(self, machine: Machine, site: CallSite) -> Anything:
        """The names of the sections."""
        return list(self.real) if self.lost is None else lost(machine, [self.lost], site)


class Section(Model):
    """``parser["section"]``."""

    __slots__ = ("name", "parser")
    type_name = "configparser.SectionProxy"

    def __init__(self, parser: Parser, name: str) -> None:
        self.parser = parser
        self.name = name

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """A method of a mapping, or a getter."""
        if name == "name":
            return self.name
        if name not in PROXY.split():
            return NotImplemented

        def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
            return _asked(machine, self.parser, self._real(), name, args, kwargs, site)

        return NativeFunction(name, run)

    def _real(self) -> Any:
        return self.parser.real[self.name]

    def item(self, machine: Machine, key: Anything, site: CallSite) -> Anything:
        """``section["option"]``."""
        return _asked(machine, self.parser, self._real(), "__getitem__", [key], {}, site)

    def contains(self, machine: Machine, item: Anything, site: CallSite) -> Anything:
        """``"option" in section``."""
        return _asked(machine, self.parser, self._real(), "__contains__", [item], {}, site)

    def iterate(self, machine: Machine, site: CallSite) -> Anything:
        """The names of the options."""
        return _asked(machine, self.parser, self._real(), "__iter__", [], {}, site)


def _asked(
    machine: Machine,
    parser: Parser,
    target: Any,
    name: str,
    args: list[Anything],
    kwargs: dict[str, Anything],
    site: CallSite,
) -> Anything:
    """What a method of the real parser gives, where that is known and bounded."""
    if parser.lost is not None or not all_plain(args, kwargs):
        return lost(machine, [parser.lost, *args, *kwargs.values()], site)
    if parser.interpolates and not _is_bounded(parser.real):
        return machine.unknown("the values of the file refer to one another too often", site)
    machine.step(64)
    try:
        result = getattr(target, name)(*args, **kwargs)
        if name in ("items", "keys", "values", "__iter__"):
            result = list(result)
    except configparser.Error as error:
        raise PyRaise(f"configparser.{type(error).__name__}", error.message) from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise PyRaise(type(error).__name__, str(error)) from None
    if isinstance(result, dict):
        result = dict(result)
    return result if is_plain(result) else machine.unknown("this answer of a parser isn't followed", site)


def _is_bounded(parser: configparser.RawConfigParser) -> bool:
    """Whether no value unfolds to a giant text; the real parser follows references ten levels deep."""
    for section in (parser.default_section, *parser.sections()):
        raw = {**parser.defaults(), **(dict(parser.items(section, raw=True)) if section in parser else {})}
        sizes = {name: len(value or "") for name, value in raw.items()}
        texts = {name: value for name, value in raw.items() if isinstance(value, str)}
        for _ in range(configparser.MAX_INTERPOLATION_DEPTH):
            sizes = {
                name: len(text) + sum(sizes.get(part.lower(), 0) for part in REFERENCE.findall(text))
                for name, text in texts.items()
            }
            if any(size > LONGEST for size in sizes.values()):
                return False
    return True


def _question(name: str) -> Native:
    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        parser, *rest = args
        if name == "items" and not rest and not kwargs:
            if parser.lost is not None:
                return lost(machine, [parser.lost], site)
            return [(section, Section(parser, section)) for section in parser.real]
        return _asked(machine, parser, parser.real, name, rest, kwargs, site)

    return run


def _change(name: str) -> Native:
    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        parser, *rest = args
        machine.effect()
        parser.changes += 1
        if not all_plain(rest, kwargs):
            parser.lost = lost(machine, [*rest, *kwargs.values()], site)
            return None
        return _asked(machine, parser, parser.real, name, rest, kwargs, site)

    return run


# Reading


def _add(machine: Machine, parser: Parser, text: Anything, site: CallSite) -> None:
    machine.effect()
    parser.changes += 1
    if not isinstance(text, str):
        parser.lost = lost(machine, [text], site)
        return
    machine.step(len(text) // 16)
    try:
        parser.real.read_string(text)
    except configparser.Error as error:
        raise PyRaise(f"configparser.{type(error).__name__}", error.message) from None


def _read(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    from dagport.evaluate import files

    parser, filenames, encoding = bound(args, kwargs, "self", "filenames", encoding=None)
    names = filenames if isinstance(filenames, list | tuple) else [filenames]
    for name in names:
        content = files.read(machine, name, site)
        text = files.decoded(machine, content, encoding, None, site) if isinstance(content, bytes) else content
        _add(machine, parser, text.replace("\r\n", "\n") if isinstance(text, str) else text, site)
    return lost(machine, [parser.lost], site) if parser.lost is not None else [files.as_text(name) for name in names]


def _read_file(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    from dagport.evaluate.library.io import lines_of

    parser, file, _ = bound(args, kwargs, "self", "f", source=None)
    lines = lines_of(machine, file, site)
    _add(machine, parser, lines if isinstance(lines, Unknown) else "".join(lines), site)


def _read_string(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    parser, text, _ = bound(args, kwargs, "self", "string", source="<string>")
    _add(machine, parser, text, site)


def _read_dict(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return _change("read_dict")(machine, args, kwargs, site)


READING: dict[str, Native] = {
    "read": _read,
    "read_dict": _read_dict,
    "read_file": _read_file,
    "read_string": _read_string,
}


def _parser(cls: type[configparser.RawConfigParser], *, interpolates: bool) -> Native:
    def make(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        options = dict(kwargs)
        keeps_raw = options.get("interpolation", True) is None
        if keeps_raw:
            del options["interpolation"]
        options.update(zip(("defaults",), args, strict=False))
        if len(args) > 1 or not is_plain(options) or not set(options) <= OPTIONS:
            return lost(machine, [*args, *options.values()], site, "these options of a parser aren't followed")
        if keeps_raw:
            options["interpolation"] = None
        try:
            return Parser(cls(**options), interpolates=interpolates and not keeps_raw)
        except (TypeError, ValueError, AttributeError) as error:
            raise PyRaise(type(error).__name__, str(error)) from None

    return make


FUNCTIONS: dict[str, Native] = {
    "configparser.ConfigParser": _parser(configparser.ConfigParser, interpolates=True),
    "configparser.RawConfigParser": _parser(configparser.RawConfigParser, interpolates=False),
    "configparser.SafeConfigParser": opaque("it is there only in Python before 3.12"),
}
