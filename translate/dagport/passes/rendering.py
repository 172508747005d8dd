"""Jinja templates as Python expressions, where both give the same text."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from jinja2 import nodes

from dagport.passes.templates import pulled, reference
from dagport.pycode import requoted, text_constant
from dagport.source import parsed_expression

Kind: TypeAlias = Literal["text", "date", "data"]
"""Of a value: text; a date and time, whose own text depends on its class; any other data that JSON can hold."""

DATES = frozenset(
    {"data_interval_end", "data_interval_start", "execution_date", "logical_date", "next_execution_date",
     "prev_execution_date", "prev_execution_date_success", "prev_data_interval_start_success",
     "prev_data_interval_end_success", "prev_start_date_success", "prev_end_date_success",
     "dag_run.data_interval_end", "dag_run.data_interval_start", "dag_run.execution_date", "dag_run.logical_date"}
)  # fmt: skip
TEXTS = frozenset(
    {"ds", "ds_nodash", "next_ds", "next_ds_nodash", "prev_ds", "prev_ds_nodash", "run_id", "tomorrow_ds",
     "tomorrow_ds_nodash", "ts", "ts_nodash", "ts_nodash_with_tz", "yesterday_ds", "yesterday_ds_nodash"}
)  # fmt: skip
MAYBE_NONE = frozenset({"prev_ds", "prev_ds_nodash"})  # in runs without a schedule; a template shows "None" then
TEXT_METHODS = frozenset(
    {"capitalize", "endswith", "find", "ljust", "lower", "lstrip", "replace", "rjust", "rsplit", "rstrip", "split",
     "startswith", "strip", "swapcase", "title", "upper", "zfill"}
)  # fmt: skip
DATE_METHODS = frozenset({"isoformat", "strftime"})
DATE_PARTS = frozenset({"day", "hour", "microsecond", "minute", "month", "second", "year"})
DATE_FILTERS = {
    "ds": '{}.strftime("%Y-%m-%d")',
    "ds_nodash": '{}.strftime("%Y%m%d")',
    "ts": "{}.isoformat()",
    "ts_nodash": '{}.strftime("%Y%m%dT%H%M%S")',
    "ts_nodash_with_tz": '{}.isoformat().replace("-", "").replace(":", "")',
}
"""Airflow's own filters, from ``airflow.sdk.definitions._internal.templater``."""
TEXT_FILTERS = {"lower": "{}.lower()", "string": "{}", "trim": "{}.strip()", "upper": "{}.upper()"}
"""Filters of Jinja that first make a text of their value."""
OPERATORS: dict[type[nodes.Node], str] = {
    nodes.Add: "+", nodes.Sub: "-", nodes.Mul: "*", nodes.Div: "/", nodes.FloorDiv: "//", nodes.Mod: "%",
    nodes.Pow: "**", nodes.And: "and", nodes.Or: "or",
}  # fmt: skip
COMPARISONS = {
    "eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">=", "in": "in", "notin": "not in",
}  # fmt: skip
PLAIN_TYPES = (dict, list, str, int, float)


@dataclass(frozen=True, slots=True)
class Part:
    """An expression in Python, and what is known of its value."""

    text: str
    kind: Kind = "data"
    maybe_none: bool = False  # of a text


class NoPython(Exception):  # noqa: N818 - never leaves this module
    """A part of a template has no Python form that is surely the same."""


def render(tree: nodes.Template, expressions: Mapping[str, str]) -> str | None:
    """Source of an expression for a whole template; ``None`` when a part of it has no exact form."""
    pieces: list[str | Part] = []
    try:
        for node in tree.body:
            if not isinstance(node, nodes.Output):
                return None
            for item in node.nodes:
                pieces.append(item.data if isinstance(item, nodes.TemplateData) else _shown(item, expressions))
    except NoPython:
        return None
    source = _joined(pieces)
    try:
        parsed_expression(source)
    except SyntaxError:
        return None
    return source


def _shown(node: nodes.Expr, expressions: Mapping[str, str]) -> Part:
    part = _part(node, expressions)
    if part.kind == "date":
        raise NoPython  # how a date looks as text depends on its class
    return part


# Expressions


def _part(node: nodes.Expr, expressions: Mapping[str, str]) -> Part:
    known = _reference(node, expressions)
    if known is not None:
        return known
    for kind, form in FORMS.items():
        if isinstance(node, kind):
            return form(node, expressions)
    raise NoPython


def _reference(node: nodes.Expr, expressions: Mapping[str, str]) -> Part | None:
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr) and node.node.attr == "xcom_pull":
        return _pull(node, expressions)
    found = None if isinstance(node, nodes.Call) else reference(node)
    if found is None:
        return None
    name = found[1][0]
    if name.startswith("var."):
        name = _variable_name(node, name)
    if name not in expressions:
        raise NoPython
    kind: Kind = "date" if name in DATES else "text" if name in TEXTS or name.startswith("var.") else "data"
    return Part(_closed(expressions[name]), "data" if name.startswith("var.json.") else kind, name in MAYBE_NONE)


def _variable_name(node: nodes.Expr, name: str) -> str:
    accessor = node.node if isinstance(node, nodes.Getattr | nodes.Getitem) else None
    if not isinstance(accessor, nodes.Getattr):
        raise NoPython
    return f"var.json.{name.removeprefix('var.')}" if accessor.attr == "json" else name


def _pull(node: nodes.Call, expressions: Mapping[str, str]) -> Part:
    names = pulled(node) if reference(node) is not None else None
    if names is None or any(name not in expressions for name in names):
        raise NoPython
    texts = [expressions[name] for name in names]
    many = any(isinstance(item, nodes.List | nodes.Tuple) for item in _task_ids(node))
    return Part(f"[{', '.join(texts)}]" if many else _closed(texts[0]))


def _task_ids(node: nodes.Call) -> list[nodes.Expr]:
    return [*node.args[:1], *(keyword.value for keyword in node.kwargs if keyword.key == "task_ids")]


def _constant(node: nodes.Const, _: Mapping[str, str]) -> Part:
    if isinstance(node.value, str):
        return Part(text_constant(node.value), "text")
    if node.value is None or isinstance(node.value, bool | int | float):
        return Part(repr(node.value))
    raise NoPython


def _attribute(node: nodes.Getattr, expressions: Mapping[str, str]) -> Part:
    longer = _connection_part(node, expressions)
    if longer is not None:
        return longer
    inner = _part(node.node, expressions)
    if inner.kind == "date" and node.attr in DATE_PARTS:
        return Part(f"{inner.text}.{node.attr}")
    if inner.kind == "data":
        return _item(inner, node.attr)
    raise NoPython


def _connection_part(node: nodes.Getattr, expressions: Mapping[str, str]) -> Part | None:
    """``conn.lake.host``, which may be given as a whole."""
    found = reference(node.node)
    name = f"{found[1][0]}.{node.attr}" if found is not None and found[1][0].startswith("conn.") else ""
    return Part(_closed(expressions[name])) if name in expressions else None


def _item(inner: Part, key: str) -> Part:
    # Jinja tries the attribute first, then the item. A name that plain data has as an attribute would be a method.
    if any(hasattr(kind, key) for kind in PLAIN_TYPES):
        raise NoPython
    return Part(f"{inner.text}[{text_constant(key)}]")


def _index(node: nodes.Getitem, expressions: Mapping[str, str]) -> Part:
    inner = _part(node.node, expressions)
    if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str) and inner.kind == "data":
        return _item(inner, node.arg.value)
    if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, int) and inner.kind != "date":
        return Part(f"{inner.text}[{node.arg.value!r}]", inner.kind)
    if isinstance(node.arg, nodes.Slice) and inner.kind == "text":
        return Part(f"{inner.text}[{_slice(node.arg, expressions)}]", "text")
    raise NoPython


def _slice(node: nodes.Slice, expressions: Mapping[str, str]) -> str:
    parts = ["" if part is None else _part(part, expressions).text for part in (node.start, node.stop)]
    step = f":{_part(node.step, expressions).text}" if node.step is not None else ""
    return ":".join(parts) + step


def _call(node: nodes.Call, expressions: Mapping[str, str]) -> Part:
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        raise NoPython
    arguments = _arguments(node, expressions)
    function = _reference(node.node, expressions) if _is_macro(node.node) else None
    if function is not None:
        return Part(f"{function.text}({arguments})")
    if not isinstance(node.node, nodes.Getattr):
        raise NoPython
    inner, method = _part(node.node.node, expressions), node.node.attr
    if method == "get" and inner.kind == "data" and node.args:
        return Part(f"{inner.text}.get({arguments})")  # what has no such method fails in Jinja, too
    if method in (DATE_METHODS if inner.kind == "date" else TEXT_METHODS):
        kind: Kind = "data" if method in ("split", "rsplit", "startswith", "endswith", "find") else "text"
        return Part(f"{inner.text}.{method}({arguments})", kind)
    raise NoPython


def _is_macro(node: nodes.Expr) -> bool:
    return isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name == "macros"


def _arguments(node: nodes.Call, expressions: Mapping[str, str]) -> str:
    parts = [_part(item, expressions).text for item in node.args]
    parts += [f"{item.key}={_part(item.value, expressions).text}" for item in node.kwargs]
    return ", ".join(parts)


def _filter(node: nodes.Filter, expressions: Mapping[str, str]) -> Part:
    if node.node is None or node.dyn_args is not None or node.dyn_kwargs is not None or node.kwargs:
        raise NoPython
    inner = _part(node.node, expressions)
    arguments = [_part(item, expressions) for item in node.args]
    if inner.kind == "date":
        if node.name in DATE_FILTERS and not arguments:
            return Part(DATE_FILTERS[node.name].format(inner.text), "text")
        raise NoPython
    if node.name in TEXT_FILTERS and not arguments:
        return Part(TEXT_FILTERS[node.name].format(_as_text(inner)), "text")
    if node.name == "replace" and len(arguments) == 2 and all(item.kind == "text" for item in arguments):
        return Part(f"{_as_text(inner)}.replace({arguments[0].text}, {arguments[1].text})", "text")
    if node.name == "join" and len(arguments) == 1 and arguments[0].kind == "text" and inner.kind == "data":
        return Part(f"{arguments[0].text}.join(map(str, {inner.text}))", "text")
    if node.name in ("length", "count") and not arguments:
        return Part(f"len({inner.text})")
    raise NoPython


def _operation(node: nodes.BinExpr, expressions: Mapping[str, str]) -> Part:
    left, right = _part(node.left, expressions), _part(node.right, expressions)
    if "date" in (left.kind, right.kind):
        raise NoPython
    both = left.kind == right.kind == "text"
    kind: Kind = "text" if both and isinstance(node, nodes.Add | nodes.And | nodes.Or) else "data"
    return Part(f"({left.text} {OPERATORS[type(node)]} {right.text})", kind)


def _comparison(node: nodes.Compare, expressions: Mapping[str, str]) -> Part:
    parts = [_shown(node.expr, expressions).text]
    for operand in node.ops:
        parts += [COMPARISONS[operand.op], _shown(operand.expr, expressions).text]
    return Part(f"({' '.join(parts)})")


def _condition(node: nodes.CondExpr, expressions: Mapping[str, str]) -> Part:
    if node.expr2 is None:
        raise NoPython  # undefined where the condition doesn't hold
    test, first, second = (_shown(item, expressions) for item in (node.test, node.expr1, node.expr2))
    kind: Kind = "text" if first.kind == second.kind == "text" else "data"
    return Part(f"({first.text} if {test.text} else {second.text})", kind)


def _negative(node: nodes.Neg, expressions: Mapping[str, str]) -> Part:
    inner = _part(node.node, expressions)
    if inner.kind != "data":
        raise NoPython
    return Part(f"(-{inner.text})")


def _not(node: nodes.Not, expressions: Mapping[str, str]) -> Part:
    return Part(f"(not {_shown(node.node, expressions).text})")


def _concatenation(node: nodes.Concat, expressions: Mapping[str, str]) -> Part:
    parts = [_as_text(_shown(item, expressions)) for item in node.nodes]
    return Part(f"({' + '.join(parts)})", "text")


def _list(node: nodes.List, expressions: Mapping[str, str]) -> Part:
    return Part(f"[{', '.join(_shown(item, expressions).text for item in node.items)}]")


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


def _as_text(part: Part) -> str:
    return part.text if part.kind == "text" else f"str({part.text})"


def _closed(expression: str) -> str:
    """An expression that an attribute or an operator can follow."""
    parsed = ast.parse(expression, mode="eval").body
    primary = (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.List, ast.Dict, ast.JoinedStr)
    is_text = isinstance(parsed, ast.Constant) and isinstance(parsed.value, str)
    return expression if isinstance(parsed, primary) or is_text else f"({expression})"


# The whole text


def _joined(pieces: Sequence[str | Part]) -> str:
    """Pieces as an f-string, one for each line of the text; as a sum where an f-string can't hold them."""
    if len(pieces) == 1 and isinstance(pieces[0], Part) and pieces[0].kind == "text" and not pieces[0].maybe_none:
        return _opened(pieces[0].text)
    lines: list[list[str | Part]] = [[]]
    for piece in pieces:
        if isinstance(piece, Part):
            lines[-1].append(piece)
            continue
        first, *more = piece.splitlines(keepends=True) or [""]
        for text in (first, *more):
            lines[-1].append(text)
            if text.endswith("\n"):
                lines.append([])
    texts = [_line(line) for line in lines if line]
    if not texts:
        return '""'
    if all(text is not None for text in texts):
        return texts[0] or '""' if len(texts) == 1 else "(" + "\n".join(text or "" for text in texts) + ")"
    return " + ".join(text_constant(piece) if isinstance(piece, str) else f"str({piece.text})" for piece in pieces)


def _line(pieces: Sequence[str | Part]) -> str | None:
    if not any(isinstance(piece, Part) for piece in pieces):
        return text_constant("".join(piece for piece in pieces if isinstance(piece, str)))
    shown: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            shown.append(_escaped(piece))
            continue
        text = requoted(_opened(piece.text), "'")
        # Python 3.11 and older take none of these between the braces.
        if any(mark in text for mark in ('"', "\\", "#", "\n")):
            return None
        space = " " if text.startswith("{") else ""
        shown.append(f"{{{space}{text}}}")
    return f'f"{"".join(shown)}"'


def _opened(text: str) -> str:
    """An expression without the parentheses around all of it."""
    if not (text.startswith("(") and text.endswith(")")):
        return text
    try:
        inner = parsed_expression(text[1:-1].strip())
    except SyntaxError:
        return text
    same = ast.dump(inner) == ast.dump(parsed_expression(text))
    return text[1:-1] if same and not isinstance(inner.body, ast.Lambda | ast.NamedExpr | ast.Tuple) else text


def _escaped(text: str) -> str:
    """The inside of an f-string between double quotes."""
    shown = "".join('\\"' if char == '"' else char if char == "'" else repr(char)[1:-1] for char in text)
    return shown.replace("{", "{{").replace("}", "}}")
