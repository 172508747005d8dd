"""Assets inside code that is carried over to Airflow 2, which knows them as datasets: by their URI only.

Sources: ``airflow.sdk.Asset.__init__`` of 3.3 (an asset without a URI has its name for one) and
``airflow.datasets.Dataset`` of 2.11.
"""

from __future__ import annotations

import ast

from dagport.writers.common.literals import NotExpressible

PARAMETERS = ("name", "uri")
DROPPED = frozenset({"name", "uri", "group", "access_control"})


def as_datasets(text: str) -> str:
    """A piece of code whose calls of ``Asset`` have what a dataset takes. Raises ``NotExpressible`` for watchers."""
    if "Asset(" not in text:
        return text
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call) and _makes_asset(node)]
    lines = text.encode().splitlines(keepends=True)
    starts = [sum(map(len, lines[:number])) for number in range(len(lines))]
    found = text.encode()
    for node in sorted(calls, key=lambda item: (item.lineno, item.col_offset), reverse=True):
        start, end = (
            starts[line - 1] + column
            for line, column in ((node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0))
        )
        found = found[:start] + _dataset(node, text).encode() + found[end:]
    return found.decode()


def _makes_asset(node: ast.Call) -> bool:
    name = ast.unparse(node.func).rpartition(".")[2]
    plain = len(node.args) == 1 and not isinstance(node.args[0], ast.Starred)
    plain = plain and all(item.arg == "extra" for item in node.keywords)
    return name == "Asset" and not plain


def _dataset(node: ast.Call, text: str) -> str:
    def written(item: ast.AST) -> str:
        return ast.get_source_segment(text, item) or ""

    given = {item.arg: item.value for item in node.keywords}
    if None in given or len(node.args) > len(PARAMETERS) or any(isinstance(item, ast.Starred) for item in node.args):
        raise NotExpressible(f"what `{written(node)}` is made of isn't written out")
    given |= dict(zip(PARAMETERS, node.args, strict=False))
    if "watchers" in given:
        raise NotExpressible("Airflow 2's datasets have no watchers")
    identity = given.get("uri", given.get("name"))
    if identity is None:
        raise NotExpressible(f"`{written(node)}` has neither a name nor a URI")
    more = [f"{name}={written(value)}" for name, value in given.items() if name not in DROPPED]
    return f"{written(node.func)}({', '.join([written(identity), *more])})"
