"""``yaml``: PyYAML's safe loading of known texts, and dumping of plain data.

No tag makes an object: where one would, the safe loaders raise and the others give an unknown. Nesting, merges and
aliases are bounded before they unfold.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    PLAIN_LIMIT,
    Anything,
    CallSite,
    External,
    Native,
    PyRaise,
    Unknown,
    is_plain,
    weight,
)
from dagport.evaluate.library.support import EXPECTED_ERRORS, applied, bound, lost, tolerant
from dagport.evaluate.listing import Listing, Table

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

SAFE = frozenset({"SafeLoader", "CSafeLoader"})
FULL = frozenset({"FullLoader", "CFullLoader", "Loader", "CLoader", "UnsafeLoader", "CUnsafeLoader"})
TEXT = frozenset({"BaseLoader", "CBaseLoader"})
DEEPEST = 80
LONGEST = 1_000_000  # characters
LONGEST_SLOW = 100_000  # of a text that PyYAML's own parser has to read
UNTAMED = re.compile(r"[\t\r\x00-\x08\x0b-\x1f\x7f]|^ *[?%]|[|>][-+0-9]*+#", re.MULTILINE)
GLUED = re.compile(r"[^\s]:[^\s]")
BRACKETS = re.compile(r"[\[\]{}]")
INDENTS = re.compile(r"^[ \-?:]+", re.MULTILINE)
LONGEST_NUMBER = 400
MERGED = 20_000  # entries of one mapping after merging
MERGES = 100  # mappings merged into one
DUMP_OPTIONS = {"default_flow_style", "sort_keys", "indent", "width", "allow_unicode", "explicit_start"}


class Refused(Exception):  # noqa: N818 - an answer, not an error
    """A bound was reached, or a tag is one that the loader would make an object for."""


@cache
def _constructor(*, text_only: bool) -> Any:
    """PyYAML's class that makes data of nodes, with its work bounded."""
    import yaml

    base: Any = yaml.constructor.BaseConstructor if text_only else yaml.constructor.SafeConstructor

    class Bounded(base):  # type: ignore[misc]
        def flatten_mapping(self, node: Any) -> None:
            for key, value in node.value:
                if key.tag == "tag:yaml.org,2002:merge" and value.id != "mapping" and len(value.value) > MERGES:
                    raise Refused(f"more than {MERGES} mappings are merged into one")
            super().flatten_mapping(node)
            if len(node.value) > MERGED:
                raise Refused(f"a mapping has more than {MERGED} entries")

    return Bounded


def _loaded(machine: Machine, source: Anything, loader: str, site: CallSite, *, every: bool) -> Anything:
    from dagport.evaluate.library.io import text_of

    text = text_of(machine, source, site)
    if isinstance(text, Unknown):
        return text
    machine.step(len(text) // 4)
    try:
        return _checked(machine, parse(text, loader, every=every), site)
    except Refused as refused:
        return machine.unknown(str(refused), site)


def parse(text: str | bytes, loader: str, *, every: bool) -> Anything:
    """The document of a YAML text, or all of them. Raises ``PyRaise`` and ``Refused``."""
    import yaml

    constructor = _constructor(text_only=loader in TEXT)()
    try:
        nodes = _composed(text, loader, every=every)
        for node in nodes:
            _check(node, loader)
        documents = [None if node is None else constructor.construct_document(node) for node in nodes]
    except yaml.YAMLError as error:
        raise PyRaise("yaml.YAMLError", str(error)) from None
    except EXPECTED_ERRORS as error:  # such as a date that doesn't exist
        raise PyRaise(type(error).__name__, str(error)) from None
    return documents if every else documents[0]


def _composed(text: str | bytes, loader: str, *, every: bool) -> list[Any]:
    """The nodes of a text, ``None`` for an empty one; by libyaml where it gives what the slower parser gives."""
    import yaml

    plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    if _steepest(plain) > 2 * DEEPEST:
        raise Refused(f"the YAML is nested more than {DEEPEST} levels deep")
    fast = yaml.__with_libyaml__ and _is_tame(plain)
    if len(text) > (LONGEST if fast else LONGEST_SLOW):
        raise Refused("the YAML is too long")
    name = "BaseLoader" if loader in TEXT else "SafeLoader"
    reader: Any = getattr(yaml, f"C{name}" if fast else name)(text)
    try:
        if not every:
            return [reader.get_single_node()]
        nodes = []
        while reader.check_node():
            nodes.append(reader.get_node())
        return nodes
    finally:
        reader.dispose()


def _is_tame(text: str) -> bool:
    """Whether a text has nothing that libyaml and PyYAML's own parser are known to read differently."""
    return text.isascii() and not UNTAMED.search(text) and not any(map(_has_glued_pair, text.split("\n")))


def _has_glued_pair(line: str) -> bool:
    """``a:b`` after a bracket or a comma; in two steps, as one expression would look at a line again and again."""
    start = min((index for index in map(line.find, "[{,") if index >= 0), default=-1)
    return start >= 0 and GLUED.search(line, start + 1) is not None


def _steepest(text: str) -> int:
    """At least half as deep as a text is nested: brackets that are open, and columns of the indentation."""
    opened = deepest = 0
    for char in BRACKETS.findall(text):
        opened = max(0, opened + (1 if char in "[{" else -1))
        deepest = max(deepest, opened)
    return deepest + max((len(indent) for indent in INDENTS.findall(text)), default=0)


def _check(root: Any, loader: str) -> None:
    """Refuse nodes that are nested too deeply, would make objects, or are giant numbers. Raises ``Refused``."""
    todo, seen = [(root, 0)] if root is not None else [], set()
    while todo:
        node, depth = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if depth > DEEPEST:
            raise Refused(f"the YAML is nested more than {DEEPEST} levels deep")
        if loader in FULL and node.tag.startswith("tag:yaml.org,2002:python/"):
            raise Refused(f"the tag `{node.tag}` makes an object")
        if node.id == "scalar":
            if node.tag.endswith((":int", ":float")) and len(node.value) > LONGEST_NUMBER:
                raise Refused("a number in the YAML is too long")
            continue
        parts = node.value if node.id == "sequence" else [part for pair in node.value for part in pair]
        todo.extend((part, depth + 1) for part in parts)


def _checked(machine: Machine, value: Anything, site: CallSite) -> Anything:
    size = weight(value)
    if size is None:
        return machine.unknown("the YAML holds itself, or something that isn't plain data", site)
    if size > PLAIN_LIMIT:
        return machine.unknown(f"the YAML unfolds to more than {PLAIN_LIMIT} items", site)
    machine.check_items(min(size, machine.limits.items))
    return value


def _load_with(loader: str, *, every: bool = False) -> Native:
    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        (stream,) = bound(args, kwargs, "stream")
        return _loaded(machine, stream, loader, site, every=every)

    return run


def _load(every: bool) -> Native:
    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        stream, loader = bound(args, kwargs, "stream", Loader=None)
        name = loader.name.rpartition(".")[2] if isinstance(loader, External) else ""
        if name not in SAFE | FULL | TEXT:
            why = "what yaml.load gives depends on PyYAML's version and on the loader: use yaml.safe_load"
            return lost(machine, [loader], site, why)
        return _loaded(machine, stream, name, site, every=every)

    return run


def _dump(safe: bool, *, every: bool = False) -> Native:
    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        data, stream, *rest = bound(args, kwargs, "data", stream=None, **dict.fromkeys(sorted(DUMP_OPTIONS)))
        options = {name: value for name, value in kwargs.items() if name in DUMP_OPTIONS}
        if isinstance(data, Listing | Table) or not is_plain(data) or not is_plain(options) or stream is not None:
            return lost(machine, [data, stream, *rest], site, "what is written isn't followed")
        size = weight(data)
        if len(args) > 1 or size is None or size > machine.limits.items // 10 or not _is_modest(options):
            return machine.unknown("the data is too large to be written as YAML", site)
        return _dumped(machine, data, options, safe=safe, every=every)

    return run


def _is_modest(options: dict[str, Anything]) -> bool:
    return all(not isinstance(value, int) or value <= 200 for value in options.values())


def _dumped(machine: Machine, data: Anything, options: dict[str, Anything], *, safe: bool, every: bool) -> Anything:
    import yaml

    dump: Callable[..., Any] = yaml.dump_all if every else yaml.dump
    try:
        text = applied(dump, [data], {"Dumper": yaml.SafeDumper if safe else yaml.Dumper, **options})
    except yaml.YAMLError as error:
        raise PyRaise("yaml.YAMLError", str(error)) from None
    machine.check_text(len(text))
    return text


FUNCTIONS: dict[str, Native] = {
    "yaml.dump": tolerant(_dump(safe=False)),
    "yaml.dump_all": tolerant(_dump(safe=False, every=True)),
    "yaml.full_load": tolerant(_load_with("FullLoader")),
    "yaml.full_load_all": tolerant(_load_with("FullLoader", every=True)),
    "yaml.load": tolerant(_load(every=False)),
    "yaml.load_all": tolerant(_load(every=True)),
    "yaml.safe_dump": tolerant(_dump(safe=True)),
    "yaml.safe_dump_all": tolerant(_dump(safe=True, every=True)),
    "yaml.safe_load": tolerant(_load_with("SafeLoader")),
    "yaml.safe_load_all": tolerant(_load_with("SafeLoader", every=True)),
}
