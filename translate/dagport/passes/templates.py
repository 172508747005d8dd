"""What Jinja templates refer to, and their form in Python.

Airflow renders with a plain sandboxed environment, ``StrictUndefined`` and the ``do`` extension
(``create_template_env`` in ``airflow.sdk.definitions._internal.templater``): one newline at the end is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from dagport.pycode import text_constant

if TYPE_CHECKING:
    from jinja2 import Environment, nodes

MARKS = ("{{", "{%", "{#")
OBJECTS = frozenset({"dag", "dag_run", "macros", "params", "task", "ti"})
"""Entries of the context whose attributes are told one by one."""
ACCESSORS = frozenset({"value", "json"})
DATES_AS_TEXT = "dates as text"
"""Among the expressions of ``to_python``: dates look as text as plain ones do, as those of pendulum 3."""
DEFAULT = "__default__"
"""Where the source of ``var.value.get.x`` and ``var.json.get.x`` has the default."""
NEW_LINE = re.compile(r"\r\n|\r|\n")
LONGEST = 200_000
PULL_ORDER = ("task_ids", "dag_id", "key")
LONGEST_PATH = 20  # names of a path that is read the short way
REMEMBERED = 2_000  # characters of a template whose references are remembered
PLAIN = re.compile(
    r"""\{\{-?\s*(?:
    (?:ti|task_instance)\.xcom_pull\(\s*
        (?:task_ids\s*=\s*)?(?P<quote>['"])(?P<task>[^'"\\{}%\#\r\n]*)(?P=quote)
        (?:\s*,\s*key\s*=\s*(?P<quote2>['"])(?P<key>[^'"\\{}%\#\r\n]*)(?P=quote2))?
    \s*\)
    |(?P<path>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
    )\s*-?\}\}""",
    re.VERBOSE,
)
"""What ``plain_refs`` understands."""
RESERVED = frozenset(
    ["True", "False", "None", "true", "false", "none", "and", "or", "not", "if", "else", "in", "is", "self", "super",
     "loop", "caller", "varargs", "kwargs", "range", "dict", "lipsum", "cycler", "joiner", "namespace", "import",
     "recursive", "do"]
)  # fmt: skip
"""Names with a meaning of their own to Jinja."""


class TooLarge(Exception):  # noqa: N818 - a bound, not an error
    """A template that isn't read: why is a clause for a message."""


def has_template(text: str) -> bool:
    """Whether a text is a Jinja template."""
    return any(mark in text for mark in MARKS)


def refs(text: str) -> tuple[str, ...] | None:
    """What a template refers to, sorted and unique; ``None`` when the text isn't valid Jinja.

    ``ds``, ``params.x``, ``var.x`` (of ``var.value.x`` and ``var.json.x``), ``conn.x``, ``xcom:task.key``,
    ``macros.ds_add``, ``dag_run.conf``, ``ti.try_number``; any other name as it is. ``ti`` alone stands for a use of
    the task instance that isn't known, such as a pull from a task id that is computed.
    """
    if not has_template(text):
        return ()
    return _known_refs(text) if len(text) <= REMEMBERED else _refs(text)


def _refs(text: str) -> tuple[str, ...] | None:
    if len(text) > LONGEST:
        raise TooLarge(f"a template of more than {LONGEST} characters isn't read")
    found = plain_refs(text)
    return parsed_refs(text) if found is None else found


_known_refs = lru_cache(maxsize=4096)(_refs)


def plain_refs(text: str) -> tuple[str, ...] | None:
    """``refs`` of a template with nothing in it but names, their attributes, and pulls of one task; else ``None``.

    These are most of all templates, and parsing takes a hundred times as long (the same answer: tested).
    """
    if any(mark in PLAIN.sub("%", text) for mark in MARKS):  # after a "{", "%" makes a mark
        return None
    names: set[str] = set()
    for match in PLAIN.finditer(text):
        if match["task"] is not None:
            names.add(f"xcom:{match['task']}.{'return_value' if match['key'] is None else match['key']}")
            continue
        root, *parts = match["path"].split(".")
        if not RESERVED.isdisjoint((root, *parts)) or len(parts) > LONGEST_PATH:
            return None
        names.update(_path_refs(root, parts))
    return tuple(sorted(names))


def _path_refs(root: str, parts: list[str]) -> tuple[str, ...]:
    """References of the longest beginning of a path that is one."""
    for count in range(len(parts), -1, -1):
        found = _of_path(root, parts[:count])
        if found is not None:
            return found
    return ()


def parsed_refs(text: str) -> tuple[str, ...] | None:
    """``refs``, by Jinja's own parser."""
    parsed = _parse(text)
    if parsed is None:
        return None
    tree, free = parsed
    return tuple(sorted({name for root, names in _references(tree) if root in free for name in names}))


def to_python(text: str, expressions: Mapping[str, str]) -> str | None:
    """Source of an expression that gives the same text as rendering a template, else ``None``.

    ``expressions`` has the source for each reference, by the names that ``refs`` gives; ``var.json.x``,
    ``var.value.get.x`` and ``conn.x.host`` are looked up under these longer names.
    """
    if not has_template(text):
        return text_constant(plain(text))
    tree = parse(text)
    if tree is None:
        return None
    from dagport.passes.rendering import render

    return render(tree, expressions)


def plain(text: str) -> str:
    """What rendering makes of a text without templates: line ends become ``\\n``, and the last one is dropped."""
    return NEW_LINE.sub("\n", text).removesuffix("\n")


def parse(text: str) -> nodes.Template | None:
    """The syntax tree of a template, as Airflow's environment parses it; ``None`` when it isn't valid."""
    parsed = _parse(text)
    return parsed[0] if parsed else None


def _parse(text: str) -> tuple[nodes.Template, frozenset[str]] | None:
    """The syntax tree of a valid template, and the names that it takes from the context."""
    from jinja2 import TemplateSyntaxError, nodes

    if len(text) > LONGEST:
        raise TooLarge(f"a template of more than {LONGEST} characters isn't read")
    environment = _environment()
    try:
        tree = environment.parse(text)
        # Airflow and the DAG add filters and tests of their own, which aren't known here.
        environment.filters.update(_missing(tree, nodes.Filter, environment.filters))
        environment.tests.update(_missing(tree, nodes.Test, environment.tests))
        # Some mistakes show only when code is generated, which folds constants in the tree it is given.
        free = free_names(tree)
        return environment.parse(text), free
    except TemplateSyntaxError:
        return None
    except RecursionError:
        raise TooLarge("the template is nested too deeply") from None


@cache
def _environment() -> Environment:
    """Airflow's environment, as far as parsing goes.

    Jinja computes what is constant in a template while it generates code, and ``{{ 9 ** 9 ** 9 }}`` never ends: no
    operator and no filter is applied here.
    """
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(autoescape=False, extensions=["jinja2.ext.do"])
    environment.intercepted_binops = frozenset(environment.default_binop_table)
    environment.intercepted_unops = frozenset(environment.default_unop_table)
    environment.filters.update(dict.fromkeys(environment.filters, _not_applied))
    return environment


def _not_applied(*_: object) -> None:
    """In place of a filter: Jinja takes an error to mean that it isn't constant."""
    raise TypeError


def _missing(
    tree: nodes.Template, kind: type[nodes.Filter] | type[nodes.Test], known: Mapping[str, object]
) -> dict[str, Callable[[], None]]:
    return {node.name: lambda: None for node in tree.find_all(kind) if node.name not in known}


def free_names(tree: nodes.Template) -> frozenset[str]:
    """Names that a template takes from the context. Raises ``TemplateSyntaxError`` for some invalid templates."""
    from jinja2.defaults import DEFAULT_NAMESPACE
    from jinja2.meta import find_undeclared_variables

    return frozenset(find_undeclared_variables(tree)) - set(DEFAULT_NAMESPACE)


def _references(node: nodes.Node) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each reference with its root name, which may be one that the template sets itself."""
    from jinja2 import nodes

    found = reference(node) if isinstance(node, nodes.Expr) else None
    if found is None:
        for child in node.iter_child_nodes():
            yield from _references(child)
        return
    root, names, rest = found
    yield root, names
    for part in rest:
        yield from _references(part)


def reference(node: nodes.Expr) -> tuple[str, tuple[str, ...], tuple[nodes.Expr, ...]] | None:
    """The root name, the references and the arguments still to be looked at, of the longest reference a node is.

    ``None`` for a node that isn't one by itself: ``ds.upper()`` isn't, the ``ds`` in it is.
    """
    from jinja2 import nodes

    if isinstance(node, nodes.Call):
        return _call_reference(node)
    path = _path(node)
    if path is None:
        return None
    root, *parts = path
    names = _of_path(root, parts)
    return None if names is None else (root, names, ())


def _of_path(root: str, parts: list[str]) -> tuple[str, ...] | None:
    """The reference that a name and its attributes are; ``None`` when they aren't one by themselves."""
    kind = "ti" if root == "task_instance" else root
    bare = None if parts else (kind,)
    if kind == "var":
        known = len(parts) == 2 and parts[0] in ACCESSORS and parts[1] != "get"
        return (f"var.{parts[1]}",) if known else ("var",) if len(parts) < 2 else None
    if kind == "conn":
        return (f"conn.{parts[0]}",) if len(parts) == 1 and parts[0] != "get" else bare
    if kind in OBJECTS and len(parts) == 1 and parts[0] != "xcom_pull":
        return (f"{kind}.{parts[0]}",)
    return bare


def _call_reference(node: nodes.Call) -> tuple[str, tuple[str, ...], tuple[nodes.Expr, ...]] | None:
    from jinja2 import nodes

    path = _path(node.node)
    if path is None:
        return None
    if path[0] in ("ti", "task_instance") and path[1:] == ["xcom_pull"]:
        return path[0], tuple(pulled(node) or ("ti",)), tuple(node.args) if pulled(node) is None else ()
    name = node.args[0] if node.args else None
    if not isinstance(name, nodes.Const) or not isinstance(name.value, str):
        return None
    rest = (*node.args[1:], *(keyword.value for keyword in node.kwargs))
    if path[0] == "var" and len(path) == 3 and path[1] in ACCESSORS and path[2] == "get":
        return "var", (f"var.{name.value}",), rest
    return ("conn", (f"conn.{name.value}",), rest) if path == ["conn", "get"] else None


def _path(node: nodes.Node) -> list[str] | None:
    """Names of ``a.b["c"]``: Jinja takes an attribute and an item for the same."""
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


def pulled(node: nodes.Call) -> list[str] | None:
    """References of a pull: one, or one for each task of a list; ``None`` when they aren't known."""
    from jinja2 import nodes

    if node.dyn_args is not None or node.dyn_kwargs is not None or len(node.args) > len(PULL_ORDER):
        return None
    arguments = dict(zip(PULL_ORDER, node.args, strict=False))
    arguments.update({keyword.key: keyword.value for keyword in node.kwargs})
    tasks, key = arguments.pop("task_ids", None), arguments.pop("key", None)
    name = "return_value" if key is None else key.value if isinstance(key, nodes.Const) else None
    # Any further argument but a plain None may read another run, or another DAG.
    if not isinstance(name, str) or any(getattr(value, "value", "") is not None for value in arguments.values()):
        return None
    items = tasks.items if isinstance(tasks, nodes.List | nodes.Tuple) else [tasks]
    ids = [item.value if isinstance(item, nodes.Const) else None for item in items]
    return [f"xcom:{item}.{name}" for item in ids] if ids and all(isinstance(item, str) for item in ids) else None
