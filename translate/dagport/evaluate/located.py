"""Texts that lead into the project: the project's own place is known only in the deployment, the rest is known.

What would show the unknown part (the whole text, its beginning, its length) is unknown; what only the end decides is
known. The rules of paths are those of ``posixpath``.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dagport.evaluate.domain import (
    Anything,
    CallSite,
    Model,
    Native,
    NativeFunction,
    PyRaise,
    SourceFile,
    Unknown,
)
from dagport.evaluate.library.support import applied, bound, lost, tolerant

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

PREFIX = "where the project lies is known only in the deployment"
ABOVE = "the path leads out of the project"


def located(rest: str, base: str = "file") -> SourceFile:
    """The text of the project root followed by ``rest``."""
    made = SourceFile(posixpath.basename(rest), rest[1:], base)
    made.rest = rest
    return made


def same_root(left: SourceFile, right: Anything) -> bool:
    """Whether two texts begin with the same text of the root."""
    return isinstance(right, SourceFile) and None not in (left.rest, right.rest) and left.base == right.base


def hidden(machine: Machine, site: CallSite) -> Unknown:
    """What the unknown beginning decides."""
    return machine.unknown(PREFIX, site)


class Ends(Model):
    """A sequence of which only one end is known: ``known[0]`` is the first item, or the last one."""

    __slots__ = ("from_end", "known", "why")
    type_name = "builtins.tuple"

    def __init__(self, known: list[Anything], why: str, *, from_end: bool) -> None:
        self.known = known
        self.why = why
        self.from_end = from_end

    def item(self, machine: Machine, key: Anything, site: CallSite) -> Anything:
        """An item of the known end."""
        index = ~key if self.from_end and type(key) is int else key
        if type(index) is int and 0 <= index < len(self.known):
            return self.known[index]
        return machine.unknown(self.why, site)

    def iterate(self, machine: Machine, site: CallSite) -> Anything:
        """How many there are isn't known."""
        return machine.unknown(self.why, site)


# Methods of the text


def _ends_with(rest: str, suffix: Anything) -> bool | None:
    """Whether the text ends so; ``None`` where the unknown beginning decides."""
    if isinstance(suffix, tuple):
        answers = [_ends_with(rest, item) for item in suffix]
        return True if True in answers else None if None in answers else False
    if not isinstance(suffix, str):
        return None
    if len(suffix) <= len(rest):
        return rest.endswith(suffix)
    return None if suffix.endswith(rest) else False


def _endswith(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    text, suffix = bound(args, kwargs, "self", "suffix")
    known = _ends_with(text.rest, suffix)
    return hidden(machine, site) if known is None else known


def _remove_suffix(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    text, suffix = bound(args, kwargs, "self", "suffix")
    known = _ends_with(text.rest, suffix)
    if known is None or isinstance(suffix, tuple):
        return hidden(machine, site)
    return located(text.rest[: len(text.rest) - len(suffix)], text.base) if known else text


def _right_partition(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    text, separator = bound(args, kwargs, "self", "sep")
    if not isinstance(separator, str) or not separator or separator not in text.rest:
        return hidden(machine, site)
    head, _, tail = text.rest.rpartition(separator)
    return located(head, text.base), separator, tail


def _right_split(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    text, separator, most = bound(args, kwargs, "self", sep=None, maxsplit=-1)
    if not isinstance(separator, str) or not separator or type(most) is not int:
        return hidden(machine, site)
    head, *tail = applied(text.rest.rsplit, [separator, most], {})
    if len(tail) == most:
        return [located(head, text.base), *tail]
    return Ends(tail[::-1], PREFIX, from_end=True)


def _split(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    text, separator, most = bound(args, kwargs, "self", sep=None, maxsplit=-1)
    if most != -1 or not isinstance(separator, str) or len(separator) != 1:
        return hidden(machine, site)
    return Ends(text.rest.split(separator)[:0:-1], PREFIX, from_end=True)


def _right_strip(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    text, chars = bound(args, kwargs, "self", chars=None)
    stripped = text.rest.rstrip(chars) if chars is None or isinstance(chars, str) else ""
    return located(stripped, text.base) if stripped else hidden(machine, site)


def _same(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return args[0]


METHODS: dict[str, Native] = {
    "__fspath__": _same,
    "__str__": _same,
    "endswith": _endswith,
    "removesuffix": _remove_suffix,
    "rpartition": _right_partition,
    "rsplit": _right_split,
    "rstrip": _right_strip,
    "split": _split,
}


def text_attribute(machine: Machine, text: SourceFile, name: str, site: CallSite) -> Anything:
    """A method that only the end of the text decides."""
    if text.rest is None or name not in METHODS:
        return hidden(machine, site)

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        return tolerant(METHODS[name])(machine, [text, *args], kwargs, site)

    return NativeFunction(name, run)


def text_item(machine: Machine, text: SourceFile, key: Anything, site: CallSite) -> Anything:
    """``text[:-3]`` and ``text[-3:]``."""
    if text.rest is None or not isinstance(key, slice) or key.step not in (None, 1):
        return hidden(machine, site)
    start, stop = key.start, key.stop
    if start in (None, 0) and type(stop) is int and -len(text.rest) <= stop < 0:
        return located(text.rest[:stop], text.base)
    if stop is None and type(start) is int and -len(text.rest) <= start < 0:
        return text.rest[start:]
    return hidden(machine, site)


def text_binary(
    machine: Machine, text: SourceFile, operator: str, other: Anything, site: CallSite, *, reflected: bool
) -> Anything:
    """``text + "/more"``, ``"%s/more" % text``, and comparisons of texts with the same root."""
    if text.rest is None:
        return hidden(machine, site)
    if operator == "+" and not reflected and isinstance(other, str):
        return extended(machine, text, other, site)
    if operator == "%" and reflected and isinstance(other, str):
        return _percent(machine, text, other, site)
    if same_root(text, other):
        left, right = (other.rest, text.rest) if reflected else (text.rest, other.rest)
        answers = {"==": left == right, "!=": left != right, "<": left < right, ">": left > right,
                   "<=": left <= right, ">=": left >= right}  # fmt: skip
        if operator in answers:
            return answers[operator]
    return hidden(machine, site)


def _percent(machine: Machine, text: SourceFile, template: str, site: CallSite) -> Anything:
    if template.startswith("%s") and "%" not in template[2:]:
        return extended(machine, text, template[2:], site)
    return hidden(machine, site)


def extended(machine: Machine, text: SourceFile, more: str, site: CallSite) -> Anything:
    """The text with more at its end."""
    if text.rest is None or (more and not text.rest and not more.startswith("/")):
        return hidden(machine, site)  # a neighbour of the project
    machine.check_text(len(text.rest) + len(more))
    return located(text.rest + more, text.base)


def concatenated(machine: Machine, parts: list[Anything], site: CallSite) -> Anything:
    """A text made of several, one of them into the project: known where that is the first one."""
    first, *more = [part for part in parts if part != ""]
    if isinstance(first, SourceFile) and all(isinstance(part, str) for part in more):
        return extended(machine, first, "".join(more), site)
    return lost(machine, parts, site, PREFIX)


# Rules of paths


def parent(machine: Machine, text: SourceFile, site: CallSite) -> Anything:
    """``os.path.dirname``."""
    if not text.rest:
        return machine.unknown(PREFIX if text.rest is None else ABOVE, site)
    head = posixpath.dirname(text.rest)
    return located("" if head == "/" else head, text.base)


def base_name(machine: Machine, text: SourceFile, site: CallSite) -> Anything:
    """``os.path.basename``."""
    if text.rest is None:
        return text.name or hidden(machine, site)
    return posixpath.basename(text.rest) if text.rest else hidden(machine, site)


def joined(machine: Machine, parts: list[Anything], site: CallSite) -> Anything:
    """``os.path.join``: what stands before an absolute part doesn't count."""
    start = max((index for index, part in enumerate(parts) if _is_absolute(part)), default=0)
    first, *more = parts[start:]
    if not all(isinstance(part, str) for part in more):
        return lost(machine, more, site, "a part of the path isn't known")
    if isinstance(first, str):
        return posixpath.join(first, *more)
    if not isinstance(first, SourceFile):
        return lost(machine, [first], site, "a part of the path isn't known")
    if first.rest is None:
        return hidden(machine, site)
    # Without a name in front, the slash between would be left out.
    whole = posixpath.join(f".{first.rest}", *more)[1:] if more else first.rest
    machine.check_text(len(whole))
    return located(whole, first.base)


def _is_absolute(part: Anything) -> bool:
    return isinstance(part, SourceFile) or (isinstance(part, str) and part.startswith("/"))


def normal(machine: Machine, text: SourceFile, site: CallSite) -> Anything:
    """``os.path.normpath`` and ``abspath``."""
    if text.rest is None:
        return text
    path = posixpath.normpath(text.rest[1:]) if text.rest[1:] else "."
    if path == ".." or path.startswith("../"):
        return machine.unknown(ABOVE, site)
    return located("" if path == "." else f"/{path.lstrip('/')}", text.base)


def real(machine: Machine, text: SourceFile, site: CallSite) -> Anything:
    """``os.path.realpath``: links inside the project are followed."""
    from dagport.evaluate.files import settled

    if text.rest is None:
        return text
    path = settled(machine, text.rest, site)
    if isinstance(path, Unknown):
        return path
    assert machine.workspace is not None  # noqa: S101 - a text with a place has a project
    found = machine.workspace.inside(path)
    if found is not None:
        relative = found.relative_to(machine.workspace.root).as_posix()
        path = "" if relative == "." else relative
    return located(f"/{path}" if path else "", "real")


def relative(machine: Machine, text: SourceFile, start: SourceFile, site: CallSite) -> Anything:
    """``os.path.relpath(text, start)``."""
    if not same_root(text, start):
        return hidden(machine, site)
    path, origin = normal(machine, text, site), normal(machine, start, site)
    if isinstance(path, Unknown) or isinstance(origin, Unknown):
        return lost(machine, [path, origin], site)
    return posixpath.relpath(path.rest or "/", origin.rest or "/")


def parts_below(text: SourceFile, other: SourceFile) -> str:
    """``relative_to``. Raises ``PyRaise`` of ``ValueError``."""
    rest, start = text.rest or "", other.rest or ""
    if rest != start and not rest.startswith(f"{start}/"):
        raise PyRaise("ValueError", "the path is not in the subpath of the other")
    return rest[len(start) + 1 :] or "."
