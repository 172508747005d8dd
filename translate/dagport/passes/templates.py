"""What Jinja templates refer to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import nodes


def has_template(text: str) -> bool:
    """Whether a text is a Jinja template."""
    return "{{" in text or "{%" in text or "{#" in text


def refs(text: str) -> tuple[str, ...] | None:
    """What a template refers to, sorted and unique; ``None`` when the text isn't valid Jinja."""
    if not has_template(text):
        return ()
    from jinja2 import Environment, TemplateSyntaxError

    try:
        tree = Environment(autoescape=False).parse(text)  # noqa: S701 - nothing is rendered
    except TemplateSyntaxError:
        return None
    return tuple(sorted(set(_refs(tree))))


def _refs(node: nodes.Node) -> Iterator[str]:
    from jinja2 import nodes

    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr) and node.node.attr == "xcom_pull":
        yield from _pulls(node)
        return
    path = _path(node)
    if path is not None:
        yield _named(path)
        return
    for child in node.iter_child_nodes():
        yield from _refs(child)


def _path(node: Any) -> list[str] | None:
    from jinja2 import nodes

    if isinstance(node, nodes.Name):
        return [node.name] if node.ctx == "load" else None
    if isinstance(node, nodes.Getattr):
        inner = _path(node.node)
        return None if inner is None else [*inner, node.attr]
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
        inner = _path(node.node)
        return None if inner is None else [*inner, node.arg.value]
    return None


def _named(path: list[str]) -> str:
    if path[0] == "var" and len(path) > 2:
        return f"var.{path[2]}"
    if path[0] in ("params", "conn", "macros") and len(path) > 1:
        return f"{path[0]}.{path[1]}"
    return path[0]


def _pulls(node: nodes.Call) -> Iterator[str]:
    from jinja2 import nodes

    arguments: dict[str, Any] = dict(zip(("task_ids", "dag_id", "key"), node.args, strict=False))
    arguments.update({keyword.key: keyword.value for keyword in node.kwargs})
    key = arguments.get("key")
    name = str(key.value) if isinstance(key, nodes.Const) else "return_value"
    target = arguments.get("task_ids")
    items = target.items if isinstance(target, nodes.List | nodes.Tuple) else [target]
    for item in items:
        if isinstance(item, nodes.Const):
            yield f"xcom:{item.value}.{name}"
        else:
            yield "ti"
