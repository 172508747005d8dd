"""Code that may or may not run: both ways are followed, and what differs afterwards isn't known."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    CONTAINERS,
    Anything,
    CallSite,
    External,
    Function,
    PyRaise,
    Scope,
    UserClass,
    is_plain,
)

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

MISSING = NotImplemented  # a name that a branch didn't bind


class Raised:
    """The outcome of a branch that raises."""

    def __init__(self, error: PyRaise) -> None:
        self.error = error


def follow(
    machine: Machine,
    condition: ast.AST,
    scope: Scope,
    branches: Sequence[Callable[[], Anything]],
    *,
    code: str = "DP202",
    optional: bool = True,
    text: str | None = None,
    is_test: bool = False,
) -> list[Anything]:
    """Follow every branch from the same start and merge the names afterwards; give the branches' results.

    ``optional``: with a single branch, none of it may run. ``is_test``: the condition holds in the first branch, and
    in the second it doesn't. Effects inside a branch are doubts of what they touched.
    """
    text = _short(text or scope.module.text(condition))
    site = CallSite(condition, scope)
    before = dict(scope.names)
    ends: list[dict[str, Anything]] = []
    outcomes: list[Anything] = []
    with machine.watch() as owners:
        for index, branch in enumerate(branches):
            scope.names.clear()
            scope.names.update(before)
            try:
                with machine.under(f"not ({text})" if index and is_test else text):
                    outcomes.append(branch())
                ends.append(dict(scope.names))
            except PyRaise as error:
                outcomes.append(Raised(error))
    if len(branches) == 1 and optional:
        ends.append(before)
    _join_names(machine, scope, ends or [before], site, text)
    raised = [outcome for outcome in outcomes if isinstance(outcome, Raised)]
    if len(raised) == len(branches) and not (len(branches) == 1 and optional):
        raise raised[0].error
    if raised:
        machine.doubt(code, f"the file may raise {raised[0].error}, depending on `{text}`", site)
    doubt_effects(machine, owners, site, text, code)
    return outcomes


def doubt_effects(machine: Machine, owners: list[Any], site: CallSite, text: str, code: str) -> None:
    """Doubt what was changed by code that may not run, or nobody knows how often."""
    message = {"DP203": f"how often the loop over `{text}` runs isn't known"}.get(
        code, f"whether `{text}` holds isn't known"
    )
    if any(owner is None for owner in owners):
        machine.doubt(code, message, site)
        return
    seen: set[int] = set()
    for owner in owners:
        if id(owner) not in seen:
            seen.add(id(owner))
            machine.doubt(code, message, site, owner)


def doubt_rest(machine: Machine, owners: list[Any], site: CallSite, text: str) -> None:
    """Doubt the effects of the code after an exit that may be taken."""
    doubt_effects(machine, owners, site, text, "DP202")


def _join_names(machine: Machine, scope: Scope, ends: list[dict[str, Anything]], site: CallSite, text: str) -> None:
    names: dict[str, None] = {}
    for end in ends:
        names.update(dict.fromkeys(end))
    joined = {name: merged(machine, [end.get(name, MISSING) for end in ends], site, text) for name in names}
    unbound = [value for end in ends for name, value in end.items() if value is not joined[name]]
    if any(map(machine.hooks.is_found_by_name, unbound)):
        machine.doubt("DP202", f"whether `{text}` holds isn't known", site)
    scope.names.clear()
    scope.names.update(joined)


def merged(machine: Machine, values: Sequence[Anything], site: CallSite, text: str) -> Anything:
    """One value for what is one of several."""
    present = [value for value in values if value is not MISSING and not isinstance(value, Raised)]
    if not present:
        return machine.unknown(f"it depends on `{_short(text)}`", site)
    first = present[0]
    machine.step(sum([len(value) // 16 for value in present if isinstance(value, CONTAINERS)]))
    if all(value is first or _same(value, first) for value in present[1:]):
        # A definition that only one branch makes would be an error to use in the other case.
        if len(present) == len([value for value in values if not isinstance(value, Raised)]):
            return first
        if isinstance(first, Function | UserClass | External):
            return first
    unseen = not all(is_plain(value) for value in present)
    return machine.unknown(f"it depends on `{_short(text)}`", site, unseen=unseen)


def _same(first: Anything, second: Anything) -> bool:
    if isinstance(first, External):
        return isinstance(second, External) and first == second
    return type(first) is type(second) and is_plain(first) and is_plain(second) and bool(first == second)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 120 else line[:117] + "..."
