"""Jinja templates as Python expressions, where both give the same text."""

from __future__ import annotations

import math
from collections.abc import Callable

from jinja2 import nodes

from dagport.passes import rendered_dates as dates
from dagport.passes.rendered_statements import Statements
from dagport.passes.rendered_text import Kind, Known, NoPython, Part, as_text, closed, joined, opened
from dagport.passes.templates import DATES_AS_TEXT, DEFAULT, pulled, reference
from dagport.pycode import text_constant
from dagport.source import parsed_expression

TEXTS = frozenset(
    {"ds", "ds_nodash", "next_ds", "next_ds_nodash", "run_id", "tomorrow_ds", "tomorrow_ds_nodash", "ts", "ts_nodash",
     "ts_nodash_with_tz", "yesterday_ds", "yesterday_ds_nodash"}
)  # fmt: skip
"""Entries of the context that are texts; ``prev_ds`` is None in a run without a schedule."""
TEXT_METHODS = frozenset(
    {"capitalize", "endswith", "find", "ljust", "lower", "lstrip", "replace", "rjust", "rsplit", "rstrip", "split",
     "startswith", "strip", "swapcase", "title", "upper", "zfill"}
)  # fmt: skip
TEXT_FILTERS = {"lower": "{}.lower()", "string": "{}", "trim": "{}.strip()", "upper": "{}.upper()"}
"""Filters of Jinja that first make a text of their value."""
VIEWS = frozenset({"items", "keys", "values"})
OPERATORS: dict[type[nodes.Node], str] = {
    nodes.Add: "+", nodes.Sub: "-", nodes.Mul: "*", nodes.Div: "/", nodes.FloorDiv: "//", nodes.Mod: "%",
    nodes.Pow: "**", nodes.And: "and", nodes.Or: "or",
}  # fmt: skip
COMPARISONS = {
    "eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">=", "in": "in", "notin": "not in",
}  # fmt: skip
PLAIN_TYPES = (dict, list, str, int, float)


def render(tree: nodes.Template, expressions: Known) -> str | None:
    """Source of an expression for a whole template; ``None`` when a part of it has no exact form."""
    try:
        source = opened(joined(Statements(_part, _shown).pieces(tree.body, expressions)))
    except NoPython:
        return None
    try:
        parsed_expression(source)
    except SyntaxError:
        return None
    return source


def _shown(node: nodes.Node, expressions: Known) -> Part:
    part = _part(node, expressions)
    if part.kind in ("date", "pendulum", "interval") and DATES_AS_TEXT not in expressions:
        raise NoPython  # how a date looks as text depends on its class
    return part


# Expressions


def _part(node: nodes.Node, expressions: Known) -> Part:
    known = _reference(node, expressions)
    if known is not None:
        return known
    for kind, form in FORMS.items():
        if isinstance(node, kind):
            return form(node, expressions)
    raise NoPython


def _reference(node: nodes.Node, expressions: Known) -> Part | None:
    if not isinstance(node, nodes.Expr):
        raise NoPython
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr) and node.node.attr == "xcom_pull":
        return _pull(node, expressions)
    found = None if isinstance(node, nodes.Call) else reference(node)
    if found is None:
        return None
    name = found[1][0]
    if name.startswith("var."):
        name = _variable_name(node, name)
    return _named(name, expressions)


def _named(name: str, expressions: Known) -> Part:
    known = expressions.get(name)
    if known is None or name == DATES_AS_TEXT:
        raise NoPython
    if isinstance(known, Part):
        return known
    is_text = name in TEXTS or (name.startswith("var.") and not name.startswith("var.json."))
    return Part(closed(known), dates.NAMES.get(name, "text" if is_text else "data"))


def _variable_name(node: nodes.Expr, name: str) -> str:
    accessor = node.node if isinstance(node, nodes.Getattr | nodes.Getitem) else None
    if not isinstance(accessor, nodes.Getattr):
        raise NoPython
    return f"var.json.{name.removeprefix('var.')}" if accessor.attr == "json" else name


def _pull(node: nodes.Call, expressions: Known) -> Part:
    names = pulled(node) if reference(node) is not None else None
    if names is None or any(name not in expressions for name in names):
        raise NoPython
    texts = [_named(name, expressions).text for name in names]
    many = any(isinstance(item, nodes.List | nodes.Tuple) for item in _task_ids(node))
    return Part(f"[{', '.join(texts)}]" if many else texts[0])


def _task_ids(node: nodes.Call) -> list[nodes.Expr]:
    return [*node.args[:1], *(keyword.value for keyword in node.kwargs if keyword.key == "task_ids")]


def _constant(node: nodes.Const, _: Known) -> Part:
    if isinstance(node.value, str):
        return Part(text_constant(node.value), "text")
    if node.value is None or (isinstance(node.value, bool | int | float) and math.isfinite(node.value)):
        return Part(repr(node.value))
    raise NoPython


def _attribute(node: nodes.Getattr, expressions: Known) -> Part:
    longer = _longer(node, expressions)
    if longer is not None:
        return longer
    inner = _part(node.node, expressions)
    if inner.kind in dates.KINDS:
        return dates.part_of(inner, node.attr)
    if inner.kind == "data":
        return _item(inner, node.attr)
    raise NoPython


def _longer(node: nodes.Getattr, expressions: Known) -> Part | None:
    """``conn.lake.host`` and ``loop.index``, which may be given as a whole."""
    found = reference(node.node)
    name = f"{found[1][0]}.{node.attr}" if found is not None and found[1][0].startswith(("conn.", "loop")) else ""
    return _named(name, expressions) if name in expressions else None


def _item(inner: Part, key: str) -> Part:
    # Jinja tries the attribute first, then the item. A name that plain data has as an attribute would be a method.
    if any(hasattr(kind, key) for kind in PLAIN_TYPES):
        raise NoPython
    return Part(f"{inner.text}[{text_constant(key)}]")


def _index(node: nodes.Getitem, expressions: Known) -> Part:
    inner = _part(node.node, expressions)
    if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str) and inner.kind == "data":
        return _item(inner, node.arg.value)
    if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, int) and inner.kind != "date":
        return Part(f"{inner.text}[{node.arg.value!r}]", inner.kind)
    if isinstance(node.arg, nodes.Slice) and inner.kind == "text":
        return Part(f"{inner.text}[{_slice(node.arg, expressions)}]", "text")
    raise NoPython


def _slice(node: nodes.Slice, expressions: Known) -> str:
    parts = ["" if part is None else _part(part, expressions).text for part in (node.start, node.stop)]
    step = f":{_part(node.step, expressions).text}" if node.step is not None else ""
    return ":".join(parts) + step


def _call(node: nodes.Call, expressions: Known) -> Part:
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        raise NoPython
    arguments = _arguments(node, expressions)
    macro = _macro(node.node)
    if macro is not None:
        return Part(f"{_named(macro, expressions).text}({', '.join(arguments)})", dates.MAKES.get(macro, "data"))
    if not isinstance(node.node, nodes.Getattr):
        raise NoPython
    method, given = node.node.attr, node.node.node
    if method == "get" and (found := _looked_up(node, given, expressions)) is not None:
        return found
    if _macro(given) == "macros.datetime" and method in dates.CLASS_METHODS:
        return Part(
            f"{_named('macros.datetime', expressions).text}.{method}({', '.join(arguments)})",
            dates.CLASS_METHODS[method],
        )
    inner = _part(given, expressions)
    if inner.kind in dates.KINDS:
        return dates.called(inner, method, arguments)
    if inner.kind == "data" and (method in VIEWS or (method == "get" and node.args)):
        return Part(f"{inner.text}.{method}({', '.join(arguments)})")  # what has no such method fails in Jinja, too
    if inner.kind == "text" and method in TEXT_METHODS:
        kind: Kind = "data" if method in ("split", "rsplit", "startswith", "endswith", "find") else "text"
        return Part(f"{inner.text}.{method}({', '.join(arguments)})", kind)
    raise NoPython


def _macro(node: nodes.Expr) -> str | None:
    is_one = isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name == "macros"
    return f"macros.{node.attr}" if is_one and isinstance(node, nodes.Getattr) else None


def _looked_up(node: nodes.Call, accessor: nodes.Expr, expressions: Known) -> Part | None:
    """``var.value.get("x", default)``; ``None`` where it is no Variable."""
    if not isinstance(accessor, nodes.Getattr) or not isinstance(accessor.node, nodes.Name):
        return None
    if accessor.node.name != "var" or accessor.attr not in ("value", "json"):
        return None
    name = node.args[0].value if node.args and isinstance(node.args[0], nodes.Const) else None
    rest = [*node.args[1:], *(item.value for item in node.kwargs if item.key in ("default", "default_var"))]
    if not isinstance(name, str) or len(rest) > 1 or 1 + len(rest) != len(node.args) + len(node.kwargs):
        raise NoPython
    kind: Kind = "text" if accessor.attr == "value" and all(_is_text(item) for item in rest) else "data"
    if not rest:
        return Part(_named(f"var.{'json.' * (accessor.attr == 'json')}{name}", expressions).text, kind)
    given = _named(f"var.{accessor.attr}.get.{name}", expressions).text
    return Part(given.replace(DEFAULT, _given(rest[0], expressions)), kind)


def _is_text(node: nodes.Expr) -> bool:
    return isinstance(node, nodes.Const) and isinstance(node.value, str)


def _arguments(node: nodes.Call, expressions: Known) -> list[str]:
    parts = [_given(item, expressions) for item in node.args]
    parts += [f"{item.key}={_given(item.value, expressions)}" for item in node.kwargs]
    return parts


def _given(node: nodes.Expr, expressions: Known) -> str:
    part = _part(node, expressions)
    if part.kind == "markup":
        raise NoPython  # what it is given to may put it together with others
    return part.text


def _filter(node: nodes.Filter, expressions: Known) -> Part:
    if node.node is None or node.dyn_args is not None or node.dyn_kwargs is not None or node.kwargs:
        raise NoPython
    inner = _part(node.node, expressions)
    arguments = [_part(item, expressions) for item in node.args]
    if inner.kind in dates.DATED:
        if node.name in dates.FILTERS and not arguments:
            return Part(dates.FILTERS[node.name].format(inner.text), "text")
        raise NoPython
    if node.name in TEXT_FILTERS and not arguments:
        kind: Kind = "markup" if inner.kind == "markup" else "text"
        return Part(TEXT_FILTERS[node.name].format(as_text(inner)), kind)
    if node.name == "replace" and len(arguments) == 2 and all(item.kind == "text" for item in arguments):
        return Part(f"{as_text(inner)}.replace({arguments[0].text}, {arguments[1].text})", "text")
    if node.name == "join" and len(arguments) == 1 and arguments[0].kind == "text" and inner.kind == "data":
        return Part(f"{arguments[0].text}.join(map(str, {inner.text}))", "text")
    if node.name in ("length", "count") and not arguments:
        return Part(f"len({inner.text})")
    if node.name == "tojson" and not arguments and inner.kind in ("data", "text"):
        return Part(f"tojson({inner.text})", "markup")
    if node.name == "int" and not arguments and inner.kind in ("data", "text"):
        return Part(f"as_int({inner.text})")
    if node.name == "format" and arguments and inner.kind == "text":
        return Part(f"({inner.text} % ({', '.join(item.text for item in arguments)},))", "text")
    if node.name in ("default", "d"):
        return _default(node.node, inner, node.args, arguments)
    raise NoPython


def _default(node: nodes.Expr, inner: Part, given: list[nodes.Expr], arguments: list[Part]) -> Part:
    """``x | default(y)`` of what is surely there: with ``true``, an empty value counts as missing, too."""
    if inner.kind not in ("data", "text") or isinstance(node, nodes.Call | nodes.Filter) or not arguments:
        raise NoPython
    if arguments[0].kind == "markup":
        raise NoPython
    name = found[1][0] if (found := reference(node)) is not None else ""
    if not name.startswith("params."):
        raise NoPython
    if len(arguments) == 1:
        return inner
    if len(arguments) > 2 or not isinstance(given[1], nodes.Const) or given[1].value is not True:
        raise NoPython
    return Part(f"({inner.text} or {arguments[0].text})", inner.kind if arguments[0].kind == inner.kind else "data")


def _operation(node: nodes.BinExpr, expressions: Known) -> Part:
    left, right = _part(node.left, expressions), _part(node.right, expressions)
    if "markup" in (left.kind, right.kind):
        raise NoPython
    if dates.KINDS & {left.kind, right.kind}:
        return dates.operation(left, OPERATORS[type(node)], right)
    both = left.kind == right.kind == "text"
    kind: Kind = "text" if both and isinstance(node, nodes.Add | nodes.And | nodes.Or) else "data"
    return Part(f"({left.text} {OPERATORS[type(node)]} {right.text})", kind)


def _comparison(node: nodes.Compare, expressions: Known) -> Part:
    left = _part(node.expr, expressions)
    parts = [left.text]
    for operand in node.ops:
        right = _part(operand.expr, expressions)
        if not dates.are_comparable(left, right):
            raise NoPython
        parts += [COMPARISONS[operand.op], right.text]
        left = right
    return Part(f"({' '.join(parts)})")


def _condition(node: nodes.CondExpr, expressions: Known) -> Part:
    if node.expr2 is None:
        raise NoPython  # undefined where the condition doesn't hold
    test, first, second = (_part(item, expressions) for item in (node.test, node.expr1, node.expr2))
    if first.kind != second.kind and {"markup", *dates.KINDS} & {first.kind, second.kind}:
        raise NoPython
    kind: Kind = first.kind if first.kind == second.kind else "data"
    return Part(f"({first.text} if {test.text} else {second.text})", kind)


def _negative(node: nodes.Neg, expressions: Known) -> Part:
    inner = _part(node.node, expressions)
    if inner.kind != "data":
        raise NoPython
    return Part(f"(-{inner.text})")


def _not(node: nodes.Not, expressions: Known) -> Part:
    return Part(f"(not {_part(node.node, expressions).text})")


def _concatenation(node: nodes.Concat, expressions: Known) -> Part:
    parts = [as_text(_shown(item, expressions)) for item in node.nodes]
    return Part(f"({' + '.join(parts)})", "text")


def _list(node: nodes.List, expressions: Known) -> Part:
    parts = [_part(item, expressions) for item in node.items]
    if any(part.kind in dates.KINDS or part.kind == "markup" for part in parts):
        raise NoPython  # a list shows its items otherwise than as text
    return Part(f"[{', '.join(part.text for part in parts)}]")


FORMS: dict[type[nodes.Expr], Callable[..., Part]] = {
    nodes.Const: _constant,
    nodes.Getattr: _attribute,
    nodes.Getitem: _index,
    nodes.Call: _call,
    nodes.Filter: _filter,
    nodes.Compare: _comparison,
    nodes.CondExpr: _condition,
    nodes.Neg: _negative,
    nodes.Not: _not,
    nodes.Concat: _concatenation,
    nodes.List: _list,
    **dict.fromkeys([kind for kind in OPERATORS if issubclass(kind, nodes.Expr)], _operation),
}
