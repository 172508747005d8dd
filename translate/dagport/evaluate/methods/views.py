"""The views of a dict."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import Anything, CallSite, Model, Native, NativeFunction, Unknown, is_plain
from dagport.evaluate.library.support import applied, bound

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine


class DictView(Model):
    """``d.keys()``, ``d.values()`` or ``d.items()``: it follows the dict."""

    __slots__ = ("kind", "owner")

    def __init__(self, owner: dict[Any, Any], kind: str) -> None:
        self.owner = owner
        self.kind = kind

    @property
    def type_name(self) -> str:  # type: ignore[override]
        """The name of the view's class."""
        return f"builtins.dict_{self.kind}"

    def real(self) -> Any:
        """The view of the real dict."""
        return getattr(self.owner, self.kind)()

    def iterate(self, machine: Machine, site: CallSite) -> Any:
        """Keys, values or pairs, in the dict's order."""
        rest = self.owner.get("**")
        if isinstance(rest, Unknown):
            return machine.unknown(rest.why, site)
        machine.check_items(len(self.owner))
        return list(self.real())

    def truth(self, machine: Machine) -> bool | None:
        """Whether the dict has entries; unknown while all that is known are unknown arguments."""
        return len(self.owner) > 1 or None if isinstance(self.owner.get("**"), Unknown) else bool(self.owner)

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``str()`` of the view; the rest is rare."""
        if name == "__str__" and is_plain(self.owner):
            return NativeFunction(name, lambda *_: str(self.real()))
        if name == "isdisjoint":
            return NativeFunction(name, self._is_disjoint)
        if name == "mapping":
            return self.owner
        return NotImplemented

    def _is_disjoint(self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Any:
        items = machine.iterate(args[0], site, ordered=False)
        if isinstance(items, Unknown) or not is_plain(items) or not is_plain(self.owner):
            return machine.unknown("whether they share an entry isn't known", site)
        return applied(self.real().isdisjoint, [items], {})

    def binary(self, machine: Machine, operator: str, other: Anything, site: CallSite, *, reflected: bool) -> Anything:
        """Set operations of keys and items, where all is plain data."""
        other = other.real() if isinstance(other, DictView) else other
        if operator not in VIEW_OPERATORS or not is_plain(self.owner):
            return NotImplemented
        if not is_plain(other) and not isinstance(other, type({}.keys()) | type({}.items())):
            return NotImplemented
        left, right = (other, self.real()) if reflected else (self.real(), other)
        return applied(VIEW_OPERATORS[operator], [left, right], {})


VIEW_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "&": lambda left, right: left & right,
    "|": lambda left, right: left | right,
    "-": lambda left, right: left - right,
    "^": lambda left, right: left ^ right,
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
}


def view(kind: str) -> Native:
    """The method ``keys``, ``values`` or ``items``."""

    def make(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> DictView:
        (owner,) = bound(args, kwargs, "self")
        return DictView(owner, kind)

    return make
