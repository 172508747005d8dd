"""``match``: which case of the statement applies, and the names that its pattern binds."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import Anything, CallSite, External, Instance, PyRaise, Scope, Unknown, UserClass
from dagport.evaluate.expressions import evaluate

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

SELF_MATCHING = frozenset(
    {"bool", "bytearray", "bytes", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple"}
)
"""Built-in classes whose only positional sub-pattern is the object itself (source: the language reference)."""


def chosen_case(
    machine: Machine, node: ast.Match, subject: Anything, scope: Scope
) -> ast.match_case | list[ast.match_case] | None:
    """The case that applies, ``None`` if there is none, or a list of those that may."""
    for index, case in enumerate(node.cases):
        known = matches(machine, case.pattern, subject, scope)
        if known and case.guard is not None:
            known = machine.truth(evaluate(machine, case.guard, scope))
        if known is None:
            return node.cases[index:]
        if known:
            return case
    return None


def matches(machine: Machine, pattern: ast.pattern, subject: Anything, scope: Scope) -> bool | None:
    """Whether a pattern matches; ``None`` when it isn't known. Binds the names of the pattern."""
    return PATTERNS[type(pattern)](machine, pattern, subject, scope)


def _value(machine: Machine, pattern: ast.MatchValue, subject: Anything, scope: Scope) -> bool | None:
    value = evaluate(machine, pattern.value, scope)
    return machine.truth(machine.compare("==", subject, value, CallSite(pattern, scope)))


def _singleton(machine: Machine, pattern: ast.MatchSingleton, subject: Anything, scope: Scope) -> bool | None:
    return machine.truth(machine.compare("is", subject, pattern.value, CallSite(pattern, scope)))


def _either(machine: Machine, pattern: ast.MatchOr, subject: Anything, scope: Scope) -> bool | None:
    for item in pattern.patterns:
        known = matches(machine, item, subject, scope)
        if known is not False:
            return known
    return False


def _capture(machine: Machine, pattern: ast.MatchAs, subject: Anything, scope: Scope) -> bool | None:
    known = True if pattern.pattern is None else matches(machine, pattern.pattern, subject, scope)
    if pattern.name is not None and known is not False:
        _bind(machine, pattern.name, subject, scope)
    return known


def _bind(machine: Machine, name: str, value: Anything, scope: Scope) -> None:
    from dagport.evaluate.statements import bind

    bind(machine, name, value, scope)


def _all(machine: Machine, pairs: list[tuple[ast.pattern, Anything]], scope: Scope) -> bool | None:
    known: bool | None = True
    for pattern, value in pairs:
        part = matches(machine, pattern, value, scope)
        if part is False:
            return False
        known = None if part is None else known
    return known


def _sequence(machine: Machine, pattern: ast.MatchSequence, subject: Anything, scope: Scope) -> bool | None:
    if isinstance(subject, str | bytes | dict | set | frozenset | int | float | type(None)):
        return False
    if not isinstance(subject, list | tuple | range):
        return False if isinstance(subject, Instance) and not subject.cls.externals() else None
    patterns, items = pattern.patterns, machine.iterate(subject, CallSite(pattern, scope))
    if isinstance(items, Unknown):
        return None
    star = next((index for index, item in enumerate(patterns) if isinstance(item, ast.MatchStar)), None)
    if star is None:
        return _all(machine, list(zip(patterns, items, strict=True)), scope) if len(items) == len(patterns) else False
    after = len(patterns) - star - 1
    if len(items) < star + after:
        return False
    end = len(items) - after
    rest = patterns[star]
    pairs = [*zip(patterns[:star], items[:star], strict=True), *zip(patterns[star + 1 :], items[end:], strict=True)]
    known = _all(machine, pairs, scope)
    if known is not False and isinstance(rest, ast.MatchStar) and rest.name is not None:
        _bind(machine, rest.name, items[star:end], scope)
    return known


def _mapping(machine: Machine, pattern: ast.MatchMapping, subject: Anything, scope: Scope) -> bool | None:
    from dagport.evaluate.methods.containers import has_unknown_keys

    if not isinstance(subject, dict):
        return None if isinstance(subject, Unknown) or not _is_data(subject) else False
    keys = [evaluate(machine, key, scope) for key in pattern.keys]
    if has_unknown_keys(subject) or any(isinstance(key, Unknown) for key in keys):
        return None
    if not all(key in subject for key in keys):
        return False
    known = _all(machine, [(item, subject[key]) for item, key in zip(pattern.patterns, keys, strict=True)], scope)
    if known is not False and pattern.rest is not None:
        _bind(machine, pattern.rest, {key: value for key, value in subject.items() if key not in keys}, scope)
    return known


def _is_data(value: Anything) -> bool:
    from dagport.evaluate.domain import KNOWN_TYPES

    return isinstance(value, KNOWN_TYPES) or (isinstance(value, Instance) and not value.cls.externals())


def _class(machine: Machine, pattern: ast.MatchClass, subject: Anything, scope: Scope) -> bool | None:
    from dagport.evaluate.kinds import is_a

    cls = evaluate(machine, pattern.cls, scope)
    if not isinstance(cls, UserClass | External):
        return None
    known = is_a(machine, subject, cls)
    if not known or not (pattern.patterns or pattern.kwd_patterns):
        return known
    names = _positional_names(machine, cls, len(pattern.patterns), CallSite(pattern, scope))
    if names is None:
        return None
    pairs: list[tuple[ast.pattern, Anything]] = []
    for name, item in [
        *zip(names, pattern.patterns, strict=True),
        *zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True),
    ]:
        try:
            value = subject if name is None else machine.attribute(subject, name, CallSite(pattern, scope))
        except PyRaise as error:
            if error.name == "AttributeError":
                return False
            raise
        pairs.append((item, value))
    return _all(machine, pairs, scope)


def _positional_names(machine: Machine, cls: Any, count: int, site: CallSite) -> list[str | None] | None:
    """The attributes that positional sub-patterns look at; ``None`` for the object itself."""
    if not count:
        return []
    if isinstance(cls, External) and cls.name.removeprefix("builtins.") in SELF_MATCHING:
        if count > 1:
            raise PyRaise("TypeError", f"{cls.name.removeprefix('builtins.')}() accepts 1 positional sub-pattern")
        return [None]
    if not isinstance(cls, UserClass):
        return None
    try:
        names = machine.attribute(cls, "__match_args__", site)
    except PyRaise:
        names = ()
    if not isinstance(names, tuple):
        return None
    if len(names) < count:
        raise PyRaise("TypeError", f"{cls.name}() accepts {len(names)} positional sub-patterns ({count} given)")
    return list(names[:count])


PATTERNS: dict[type, Callable[[Machine, Any, Anything, Scope], bool | None]] = {
    ast.MatchValue: _value,
    ast.MatchSingleton: _singleton,
    ast.MatchOr: _either,
    ast.MatchAs: _capture,
    ast.MatchSequence: _sequence,
    ast.MatchMapping: _mapping,
    ast.MatchClass: _class,
}
