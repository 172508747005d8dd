"""Loops over items in an order that isn't known: whether the order matters is found out while the passes run.

Every pass starts from the state before the loop, with the names that passes bind unknown, so no pass can see another
one. Two passes that touch the same DAG, or change anything else that was there before, depend on their order. Lists,
dicts and sets that are empty before the loop and only filled in it have a content that is known, in an unknown order.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from dagport.evaluate.accumulators import accumulators, bound_names
from dagport.evaluate.domain import Anything, CallSite, Model, PyRaise, Scope, Unknown
from dagport.evaluate.listing import CACHED, ORDER, Listing, Table
from dagport.evaluate.sharing import NotShareable, Snapshot

if TYPE_CHECKING:
    from dagport.evaluate.expressions import AnyOrder
    from dagport.evaluate.machine import Machine
    from dagport.evaluate.statements import Signal

MISSING = object()


class Surroundings(Snapshot):
    """What was there before a loop, but for the objects that report their changes themselves."""

    def _note(self, start: list[Anything]) -> None:
        (namespaces,) = start
        self._spared = set(map(id, namespaces))
        super()._note(list(namespaces))

    def __len__(self) -> int:
        return len(self._dicts) + len(self._lists) + len(self._sets) + len(self._objects)

    def _cell(self, value: Anything) -> Iterable[Anything]:
        if id(value) in self._spared:
            return list(value.values())
        if isinstance(value, Model) and not type(value).__module__.startswith("dagport.evaluate."):
            return _plain_dicts(value)
        if isinstance(value, dict):
            self._dicts.append((value, list(value), list(value.values())))
            return [*value, *value.values()]
        try:
            return super()._cell(value)
        except NotShareable:
            return ()


def _plain_dicts(value: Model) -> list[Anything]:
    """The settings that an object of the hooks holds: changing them isn't reported as a change of the object."""
    names = [*getattr(value, "__dict__", ()), *(name for cls in type(value).__mro__ for name in _declared(cls))]
    parts = [getattr(value, name, None) for name in names]
    return [part for part in parts if isinstance(part, dict) and not any(isinstance(x, Model) for x in part.values())]


def _declared(cls: type) -> tuple[str, ...]:
    slots = cls.__dict__.get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


class Passes:
    """The passes of one loop, in a scope; ``bound`` are the names that its passes bind there."""

    def __init__(self, machine: Machine, site: CallSite, bound: Iterable[str] = ()) -> None:
        self.machine = machine
        self.site = site
        self.scope = site.scope
        self.bound = dict.fromkeys(bound)
        self.spaces = _namespaces(machine, self.scope)
        self.before = [dict(names) for names in self.spaces]
        self.ends: list[dict[str, Anything]] = []
        self.added: list[dict[str, Anything]] = [{} for _ in self.spaces]
        self.touched: dict[int, tuple[Any, int]] = {}
        self.conflict = False
        self.unset = machine.unknown(f"it is set by an earlier pass of the loop: {ORDER}", site)
        try:
            self.around: Surroundings | None = Surroundings(self.spaces)  # type: ignore[arg-type]
            machine.step(len(self.around) // 4)
        except NotShareable:
            self.around = None

    def run(self, body: Callable[[], Any]) -> Any:
        """One pass; gives what its body gives."""
        self._reset()
        with self.machine.watch() as owners:
            try:
                result = body()
            except PyRaise:
                self.machine.doubt("DP211", ORDER, self.site)
                raise
        for owner in {id(owner): owner for owner in owners if owner is not None}.values():
            self.touched[id(owner)] = (owner, self.touched.get(id(owner), (owner, 0))[1] + 1)
        self._note_names()
        return result

    def attempt(self, body: Callable[[], Any]) -> Any:
        """A pass that may not happen: it must leave no trace."""
        self._reset()
        made = self.machine.hooks.made()
        result = None
        trace = False
        with self.machine.watch() as owners:
            try:
                result = body()
            except PyRaise:
                trace = True
        names = self.spaces[0]
        kept = {name: value for name, value in names.items() if name not in self.bound}
        trace = trace or any(owner is not None for owner in owners) or self.machine.hooks.made() != made
        if trace or not _equal(kept, {k: v for k, v in self.before[0].items() if k not in self.bound}):
            self.machine.doubt("DP211", CACHED, self.site)
        return result

    def finish(self) -> None:
        """After the last pass: doubt what depends on the order, and bind the names."""
        for owner, times in self.touched.values():
            if times > 1:
                self.machine.doubt("DP211", ORDER, self.site, owner)
        if self.conflict or self.around is None or not self.around.is_clean():
            self.machine.doubt("DP211", ORDER, self.site)
        for names, before, added in zip(self.spaces, self.before, self.added, strict=True):
            names.clear()
            names.update(before)
            names.update(added)
        merged = self._merged()
        self.spaces[0].update(merged)
        if any(self._is_lost(end[name]) for name in merged for end in self.ends if name in end):
            self.machine.doubt("DP211", ORDER, self.site)

    def _is_lost(self, value: Anything) -> bool:
        """Whether a pass bound a name to something that counts only while a name is bound to it."""
        if not self.machine.hooks.is_found_by_name(value):
            return False
        return not any(value is other for names in self.spaces for other in names.values())

    @property
    def has_effects(self) -> bool:
        """Whether a pass did anything that outlives it, but for binding names."""
        return bool(self.touched) or any(self.added)

    def _reset(self) -> None:
        for names, before in zip(self.spaces, self.before, strict=True):
            names.clear()
            names.update(before)
        own = self.spaces[0]
        for name in self.bound:
            own[name] = self.unset

    def _note_names(self) -> None:
        own = self.spaces[0]
        self.ends.append({name: own[name] for name in self.bound if name in own})
        for index, (names, before, added) in enumerate(zip(self.spaces, self.before, self.added, strict=True)):
            spared = self.bound if index == 0 else {}
            changed = {name: value for name, value in names.items() if before.get(name, MISSING) is not value}
            for name, value in changed.items():
                if name in spared:
                    continue
                self.conflict = self.conflict or name in added or name in before
                added[name] = value
            self.conflict = self.conflict or any(name not in names for name in before if name not in spared)

    def _merged(self) -> dict[str, Anything]:
        from dagport.evaluate.conditions import merged

        found = {name: [end.get(name, NotImplemented) for end in self.ends] for name in self.bound}
        return {
            name: merged(self.machine, values, self.site, self.site.text)
            for name, values in found.items()
            if any(value is not self.unset and value is not NotImplemented for value in values)
        }


def _namespaces(machine: Machine, scope: Scope) -> list[dict[str, Anything]]:
    """The namespaces that a pass can bind names in: its own first, those around it, and those of all modules."""
    found = {id(scope.names): scope.names}
    place = scope.parent
    while place is not None:
        found[id(place.names)] = place.names
        place = place.parent
    modules = [] if machine.importer is None else [module.frame for module in machine.importer.loaded.values()]
    for frame in (scope.module, machine.module, *modules):
        found[id(frame.names)] = frame.names
    return list(found.values())


def _equal(left: dict[str, Anything], right: dict[str, Anything]) -> bool:
    return left.keys() == right.keys() and all(left[name] is right[name] for name in left)


# Loops


def run_for(machine: Machine, node: ast.For, source: Listing | Table, scope: Scope) -> Signal | None:
    """A ``for`` statement over items in an order that isn't known."""
    from dagport.evaluate.statements import assign, execute_block

    site = CallSite(node.iter, scope)
    listing = Listing(list(source.entries)) if isinstance(source, Table) else source
    items, maybe = list(listing.items), list(listing.maybe)
    listing.use_up()
    filled = accumulators(node, scope) if scope.declared is None else {}
    names = {name: None for name in bound_names([node.target, *node.body]) if not _is_elsewhere(name, scope)}
    passes = Passes(machine, site, {**names, **dict.fromkeys(filled)})
    contents: dict[str, list[Anything]] = {name: [] for name in filled}

    def body(item: Anything) -> Signal | None:
        machine.step()
        for name, kind in filled.items():
            scope.names[name] = kind()
        assign(machine, node.target, item, scope)
        signal = execute_block(machine, node.body, scope)
        for name in filled:
            contents[name].append(scope.names[name])
        return signal

    signals = [passes.run(lambda item=item: body(item)) for item in items]  # type: ignore[misc]
    for item in maybe:
        _attempt(passes, body, item, contents)
    signal = _ended(passes, signals, site)
    passes.finish()
    for name, kind in filled.items():
        start = passes.before[0][name]
        lost = machine.unknown(ORDER, site)
        scope.names[name] = gathered(machine, start, contents[name], kind, site) if signal is None else lost
    return execute_block(machine, node.orelse, scope) if signal is None else _leave(signal)


def _is_elsewhere(name: str, scope: Scope) -> bool:
    return scope.declared is not None and name in scope.declared


def _attempt(
    passes: Passes, body: Callable[[Anything], Signal | None], item: Anything, contents: dict[str, list[Anything]]
) -> None:
    signal = passes.attempt(lambda: body(item))
    filled = [parts.pop() for parts in contents.values() if parts]
    if _stops(signal) or any(_size(part) for part in filled):
        passes.machine.doubt("DP211", CACHED, passes.site)


def _size(part: Anything) -> int:
    return len(part.items if isinstance(part, Listing) else part.entries if isinstance(part, Table) else part)


def _stops(signal: Any) -> bool:
    from dagport.evaluate.statements import CONTINUE

    return signal is not None and signal is not CONTINUE


def _leave(signal: Signal) -> Signal | None:
    from dagport.evaluate.statements import BREAK

    return None if signal is BREAK else signal


def _ended(passes: Passes, signals: list[Signal | None], site: CallSite) -> Signal | None:
    """How the loop ends, where passes end it: which of them comes first depends on the order."""
    from dagport.evaluate.conditions import merged
    from dagport.evaluate.statements import Return

    stops = [index for index, signal in enumerate(signals) if _stops(signal)]
    if not stops:
        return None
    machine = passes.machine
    if passes.has_effects and len(signals) > 1:
        machine.doubt("DP211", ORDER, site)
    found = [signals[index] for index in stops]
    passes.ends = [passes.ends[index] for index in stops]
    if all(isinstance(signal, Return) for signal in found):
        return Return(merged(machine, [signal.value for signal in found], site, site.text))  # type: ignore[union-attr]
    if all(signal is found[0] for signal in found):
        return found[0]
    machine.doubt("DP211", ORDER, site)
    return found[0]


def gathered(machine: Machine, start: Anything, parts: list[Anything], kind: type, site: CallSite) -> Anything:
    """What passes filled into a collection that was there before the loop."""
    if kind is set:
        return start | set().union(*parts)
    if kind is dict:
        return _gathered_dict(machine, start, parts, site)
    filled = [part for part in parts if part]
    lists = [part.items if isinstance(part, Listing) else part for part in filled]
    ordered = len(filled) < 2 and not any(isinstance(part, Listing) and not part.ordered for part in (start, *filled))
    maybe = [item for part in filled if isinstance(part, Listing) for item in part.maybe]
    known = start.items if isinstance(start, Listing) else start
    items = [*known, *(item for part in lists for item in part)]
    return items if ordered and not maybe else Listing(items, maybe, ordered=ordered)


def _gathered_dict(machine: Machine, start: Anything, parts: list[Anything], site: CallSite) -> Anything:
    filled = [part for part in parts if part]
    result: dict[Any, Anything] = dict(start.entries if isinstance(start, Table) else start)
    ordered = len(filled) < 2 and not any(isinstance(part, Table) for part in (start, *filled))
    for part in filled:
        for key, value in (part.entries if isinstance(part, Table) else part).items():
            if key in result:
                value = machine.unknown(ORDER, site)
            result[key] = value
    return result if ordered else Table(result)


# Comprehensions


def elements(machine: Machine, node: Any, source: Listing | Table, scope: Scope) -> Anything:
    """A comprehension or a generator expression whose first ``for`` is over items in an order that isn't known."""
    from dagport.evaluate.expressions import AnyOrder
    from dagport.evaluate.iterators import Untold

    site = CallSite(node, scope)
    listing = Listing(list(source.entries)) if isinstance(source, Table) else source
    items, maybe = list(listing.items), list(listing.maybe)
    ordered = listing.ordered
    listing.use_up()
    walrus = [part.target for part in ast.walk(node) if isinstance(part, ast.NamedExpr)]
    passes = Passes(machine, site, bound_names(walrus))
    inner = AnyOrder(scope.module, {}, scope)
    inner.is_mixed = False
    try:
        made = [passes.run(lambda item=item: _elements(machine, node, item, inner)) for item in items]  # type: ignore[misc]
    except Untold as untold:
        return machine.unknown(untold.value.why, site, clock=untold.value.clock)
    doubtful = []
    for item in maybe:
        try:
            doubtful.append(passes.attempt(lambda item=item: _elements(machine, node, item, inner)) or [])  # type: ignore[misc]
        except Untold:
            doubtful.append([machine.unknown(CACHED, site)])
    passes.finish()
    if inner.is_mixed and passes.has_effects:
        machine.doubt("DP211", ORDER, site)
    return _gathered_elements(machine, node, made, [item for part in doubtful for item in part], site, ordered=ordered)


def _elements(machine: Machine, node: Any, item: Anything, inner: AnyOrder) -> list[Anything]:
    """The elements that one item gives."""
    from dagport.evaluate.expressions import _rounds, evaluate

    inner.names.clear()
    parts = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
    rounds = _rounds(machine, node, 0, inner, iter([item]))
    found = [tuple(evaluate(machine, part, inner) for part in parts) for _ in rounds]
    return found if isinstance(node, ast.DictComp) else [values[0] for values in found]


def _gathered_elements(
    machine: Machine, node: Any, made: list[list[Anything]], maybe: list[Anything], site: CallSite, *, ordered: bool
) -> Anything:
    from dagport.evaluate.expressions import keyed

    found = [item for part in made for item in part]
    machine.check_items(len(found))
    if isinstance(node, ast.ListComp | ast.GeneratorExp):
        listing = Listing(found, maybe, ordered=ordered, once=isinstance(node, ast.GeneratorExp))
        return found if listing.ordered and not maybe and not listing.once else listing
    if maybe:
        return machine.unknown(CACHED, site)
    if isinstance(node, ast.SetComp):
        result: set[Any] = set()
        for item in found:
            keyed(result.add, item)
        return result
    return _table(machine, found, site, ordered=ordered)


def _table(machine: Machine, found: list[Anything], site: CallSite, *, ordered: bool) -> Anything:
    from dagport.evaluate.expressions import keyed

    entries: dict[Any, Anything] = {}
    for key, value in found:
        if isinstance(key, Unknown):
            return machine.unknown(key.why, site, clock=key.clock)
        is_known = ordered or key not in entries
        keyed(entries.__setitem__, key, value if is_known else machine.unknown(ORDER, site))
    return entries if ordered or len(entries) < 2 else Table(entries)
