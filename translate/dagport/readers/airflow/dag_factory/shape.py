"""Whether a YAML file is a configuration of dag-factory: by its bytes while searching, by its nodes when reading."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import yaml

SYSTEM = ("default", "task_groups")  # top-level keys that are no DAG (`dagfactory.SYSTEM_PARAMS`)
MERGE = "tag:yaml.org,2002:merge"
NAMING = ("operator", "decorator", "__type__", "python_callable")


def is_configuration(root: Any) -> bool:
    """Whether a document looks like DAGs: some entry, or the defaults of all, has tasks with an operator."""
    if not isinstance(root, yaml.MappingNode):
        return False
    seen: set[int] = set()  # merges of merges lead to the same mapping any number of times
    return any(_has_tasks(entry, seen) for _, entry in root.value if isinstance(entry, yaml.MappingNode))


def _has_tasks(entry: yaml.MappingNode, seen: set[int]) -> bool:
    if id(entry) in seen:
        return False
    seen.add(id(entry))
    for key, value in entry.value:
        if key.value == "tasks" and isinstance(value, yaml.CollectionNode):
            return not value.value or any(_is_task(item) for item in _items(value))
        if key.tag == MERGE and any(_has_tasks(part, seen) for part in _mappings(value)):
            return True
    return False


def _items(node: yaml.CollectionNode) -> list[Any]:
    return [value for _, value in node.value] if isinstance(node, yaml.MappingNode) else node.value


def _is_task(node: Any) -> bool:
    if not isinstance(node, yaml.MappingNode):
        return False
    return any(key.value in ("operator", "decorator") or key.tag == MERGE for key, _ in node.value)


def _mappings(node: Any) -> list[yaml.MappingNode]:
    parts = node.value if isinstance(node, yaml.SequenceNode) else [node]
    return [part for part in parts if isinstance(part, yaml.MappingNode)]


def mentioned_imports(root: Any) -> ast.Module:
    """The names that a file has imported, as the import statements of a Python file would say them."""
    names = sorted({name for name in _names(root) if re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", name)})
    parts = [name.rpartition(".") for name in names]
    body: list[ast.stmt] = [ast.ImportFrom(module, [ast.alias(name)], 0) for module, _, name in parts]
    return ast.fix_missing_locations(ast.Module(body, []))


def _names(root: Any) -> Iterator[str]:
    todo, seen = [root], set()
    while todo:
        node = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            todo += node.value
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                todo.append(value)
                if key.value in NAMING and isinstance(value, yaml.ScalarNode):
                    yield value.value
