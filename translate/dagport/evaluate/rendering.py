"""Jinja templates rendered while a file is imported: in a sandbox, with known values, where the work is bounded.

What a template may hold is listed, not what it mayn't; the number of steps and the size of texts are bounded from its
syntax and its values before it runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from dagport.evaluate.domain import Anything

LONGEST = 200_000  # characters of a template
STEPS = 200_000  # passes of loops, each for a hundred items of the largest value
COUNTER = "_count"
SIZE = 2_000_000  # characters of the result
FILTERS = frozenset({
    "abs", "capitalize", "count", "d", "default", "dictsort", "e", "escape", "first", "float", "int", "items", "join",
    "last", "length", "list", "lower", "max", "min", "reject", "rejectattr", "select", "selectattr", "sort", "string",
    "sum", "title", "tojson", "trim", "unique", "upper",
})  # fmt: skip
UNBOUNDED = frozenset({"tojson", "sum"})
"""Filters whose options can ask for giant indents, or for lists added to lists."""
METHODS = frozenset({
    "endswith", "get", "items", "keys", "lower", "lstrip", "rstrip", "split", "startswith", "strip", "upper", "values",
    "capitalize", "title", "isoformat",
})  # fmt: skip
NODES = frozenset({
    "Add", "And", "Assign", "Compare", "Concat", "CondExpr", "Const", "Dict", "Div", "Filter", "FloorDiv", "For",
    "Getattr", "Getitem", "If", "Keyword", "List", "Mod", "Mul", "Name", "Neg", "Not", "Operand", "Or", "Output",
    "Pair", "Pos", "Slice", "Sub", "Template", "TemplateData", "Test", "Tuple", "Call",
})  # fmt: skip
OPTIONS = frozenset({
    "block_start_string", "block_end_string", "variable_start_string", "variable_end_string", "comment_start_string",
    "comment_end_string", "line_statement_prefix", "line_comment_prefix", "trim_blocks", "lstrip_blocks",
    "newline_sequence", "keep_trailing_newline", "autoescape",
})  # fmt: skip


class Refused(Exception):  # noqa: N818 - an answer, not an error
    """Why a template isn't rendered."""


class TemplateError(Exception):
    """What rendering raises: the name of the exception's class, and its message."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


@cache
def _sandbox() -> Any:
    """The class of the environments."""
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Bounded(ImmutableSandboxedEnvironment):
        intercepted_binops = frozenset({"+", "*", "%"})

        def unsafe_undefined(self, obj: Any, attribute: str) -> Any:
            raise Refused(f"`{attribute}` in a template isn't followed")

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            if operator == "%" and isinstance(left, str | bytes):
                raise Refused("a template formats texts with `%`")
            for value, times in ((left, right), (right, left)):
                if operator == "*" and isinstance(value, str | bytes | list | tuple):
                    raise Refused("a template repeats a text or a list")
                if isinstance(value, int) and value.bit_length() > 4096 and isinstance(times, int):
                    raise Refused("a template works with giant numbers")
            if operator == "+" and _size(left) + _size(right) > SIZE:
                raise Refused("a template makes a giant text")
            return super().call_binop(context, operator, left, right)

    return Bounded


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str | bytes | list | tuple | dict) else 0


def render(text: str, options: dict[str, Anything], strict: bool, values: dict[str, Anything]) -> str:
    """The text that a template gives. Raises ``Refused`` and ``TemplateError``."""
    import jinja2
    from jinja2.exceptions import SecurityError

    if len(text) > LONGEST:
        raise Refused(f"the template has more than {LONGEST} characters")
    undefined = jinja2.StrictUndefined if strict else jinja2.Undefined
    environment = _sandbox()(undefined=undefined, cache_size=0, **options)
    environment.globals.clear()
    environment.globals.update(range=_range, dict=dict)
    try:
        tree = environment.parse(text)
        _check(tree)
        _check_lengths(tree, values)
        environment.filters["join"] = _join
        environment.globals[COUNTER] = _count_passes(tree, values)
        template = environment.template_class.from_code(environment, environment.compile(tree), environment.globals)
        parts: list[str] = []
        size = 0
        for part in template.generate(**values):
            parts.append(part)
            size += len(part)
            if size > SIZE:
                raise Refused("the rendered template is too long")
        if " at 0x" in "".join(parts):
            raise Refused("a template shows an object by its address")
        return "".join(parts)
    except jinja2.TemplateError as error:
        if isinstance(error, SecurityError):
            raise Refused("the template leaves the sandbox") from None
        raise TemplateError(f"jinja2.exceptions.{type(error).__name__}", str(error)) from None
    except (TypeError, ValueError, KeyError, AttributeError, ZeroDivisionError, OverflowError, IndexError) as error:
        raise TemplateError(type(error).__name__, str(error)) from None
    except RecursionError:
        raise Refused("the template is nested too deeply") from None


def _range(*args: int) -> range:
    made = range(*args)
    if made and len(made) > 1000:
        raise Refused("a template counts further than a thousand")
    return made


def _check(tree: Any) -> None:
    """Whether the template is one of the simple ones, whose work is bounded. Raises ``Refused``."""
    from jinja2 import nodes

    for node in tree.find_all(nodes.Node):
        name = type(node).__name__
        if name not in NODES:
            raise Refused(f"`{name}` in a template isn't followed")
        if name == "Filter" and node.name not in FILTERS:
            raise Refused(f"the filter `{node.name}` isn't followed")
        if name == "Filter" and node.name in UNBOUNDED and (node.args or node.kwargs):
            raise Refused(f"the options of the filter `{node.name}` aren't followed")
        if name == "Filter" and any(getattr(item, "value", None) == "in" for item in node.args or ()):
            raise Refused("a test of membership in a filter isn't followed")
        if name == "Call" and not _is_harmless_call(node.node, nodes):
            raise Refused("a call in a template isn't followed")
        if name == "Assign" and node.find((nodes.Concat, nodes.Add, nodes.Filter, nodes.Mul)) is not None:
            raise Refused("a text that a template builds in a variable isn't followed")
        if name == "Const" and isinstance(node.value, int | float) and abs(node.value) > 1e12:
            raise Refused("a template works with giant numbers")


def _check_lengths(tree: Any, values: dict[str, Anything]) -> None:
    """Refuse a template whose single expressions could give giant texts: each name in it stands for all values."""
    from jinja2 import nodes

    names = sum(1 for _ in tree.find_all(nodes.Name))
    if names * sum(_widths(values.values())) > 10 * SIZE:
        raise Refused("the rendered template could be too long")


def _join(items: Any, separator: Any = "", attribute: Any = None) -> str:
    """The filter ``join``, within the bound of sizes."""
    if attribute is not None:
        raise Refused("the filter `join` by an attribute isn't followed")
    texts = [str(item) for item in items]
    if len(texts) * len(str(separator)) > SIZE:
        raise Refused("a template makes a giant text")
    return str(separator).join(texts)


def _is_harmless_call(callee: Any, nodes: Any) -> bool:
    if isinstance(callee, nodes.Name):
        return callee.name in ("range", "dict")
    return isinstance(callee, nodes.Getattr) and callee.attr in METHODS


def _count_passes(tree: Any, values: dict[str, Anything]) -> Any:
    """Have every pass of a loop counted; gives the counter. A pass may look at the largest value."""
    from jinja2 import nodes

    cost = 1 + max(_widths(values.values()), default=0) // 100
    spent = 0

    def count(result: Any) -> Any:
        nonlocal spent
        spent += cost
        if spent > STEPS:
            raise Refused("the loops of a template are too long")
        return result

    def call(result: Any) -> Any:
        return nodes.Call(nodes.Name(COUNTER, "load"), [nodes.Const(result)], [], None, None)

    for loop in list(tree.find_all(nodes.For)):
        loop.body.insert(0, nodes.Output([call("")]))
        if loop.test is not None:
            loop.test = nodes.And(call(True), loop.test)
    tree.set_environment(tree.environment)
    return count


def _widths(values: Iterable[Anything]) -> Iterable[int]:
    """The sizes of all texts and collections in some values."""
    for value in values:
        yield _size(value)
        if isinstance(value, dict):
            yield from _widths((*value.keys(), *value.values()))
        elif isinstance(value, list | tuple | set | frozenset):
            yield from _widths(value)
