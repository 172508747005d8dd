"""Arguments of calls: adding, renaming and removing them in place."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import libcst as cst

from dagport.writers.airflow.upgrade.file import File


def keyword(call: cst.Call, name: str) -> cst.Arg | None:
    """The argument of a name."""
    return next((arg for arg in call.args if arg.keyword is not None and arg.keyword.value == name), None)


def has_spread(call: cst.Call) -> bool:
    """Whether some arguments come from ``**``."""
    return any(arg.star == "**" for arg in call.args)


def rename(file: File, arg: cst.Arg, name: str) -> None:
    """Give an argument another name."""
    assert arg.keyword is not None  # noqa: S101 - narrows for the type checker
    file.edits.replace(file.tree.start(arg.keyword), file.tree.end(arg.keyword), name)


def remove(file: File, call: cst.Call, unwanted: Sequence[cst.Arg]) -> None:
    """Take arguments out, with their commas."""
    _cut(file, call.args, unwanted)


def remove_items(file: File, items: Sequence[cst.BaseDictElement], unwanted: Sequence[cst.BaseDictElement]) -> None:
    """Take entries out of a dict that is written out."""
    _cut(file, items, unwanted)


def remove_parameters(file: File, parameters: Sequence[cst.Param], unwanted: Sequence[cst.Param]) -> None:
    """Take parameters out of those that can be given by position."""
    _cut(file, parameters, unwanted)


def _cut(file: File, items: Sequence[cst.CSTNode], unwanted: Sequence[cst.CSTNode]) -> None:
    """Each run of neighbours at once: their places touch."""
    for is_unwanted, run in groupby(range(len(items)), key=lambda index: items[index] in unwanted):
        if is_unwanted:
            places = list(run)
            _cut_run(file, items, places[0], places[-1])
    file.removed.update(unwanted)
    file.replaced.update(name for item in unwanted for name in _names(item))


def _cut_run(file: File, items: Sequence[cst.CSTNode], first: int, last: int) -> None:
    tree = file.tree
    start, end = tree.start(items[first]), _own_end(file, items[last])
    if last + 1 < len(items):
        following = tree.start(items[last + 1])
        between = tree.text[end:following]
        # A comment between the two may be about the next one.
        end = end + between.index("\n") + 1 if "#" in between and "\n" in between else following
        if end != following:
            start = tree.line_start(start)
    elif first:
        start = _own_end(file, items[first - 1])
    file.edits.replace(start, end, "")


def _own_end(file: File, item: cst.CSTNode) -> int:
    """The end of an item without its comma: the positions of arguments and entries have it so."""
    if isinstance(item, cst.Param):
        last = item.default or (item.annotation and item.annotation.annotation) or item.name
        return file.tree.full_end(last)
    value = item.value if isinstance(item, cst.Arg | cst.DictElement) else item
    return file.tree.full_end(value) if isinstance(value, cst.BaseExpression) else file.tree.end(value)


def add(file: File, call: cst.Call, text: str) -> None:
    """Add a keyword argument at the end, in the way in which the others stand."""
    tree = file.tree
    if all(arg in file.removed for arg in call.args):
        at = tree.end(call) - 1
        file.edits.replace(at, at, text)
        return
    last = [arg for arg in call.args if arg not in file.removed][-1]
    at = _own_end(file, last)
    own_line = tree.line_number(tree.start(last)) != tree.line_number(tree.start(call))
    separator = f",\n{tree.indent(tree.start(last))}" if own_line else ", "
    file.edits.replace(at, at, f"{separator}{text}")


def _names(node: cst.CSTNode) -> list[cst.Name]:
    found = [node] if isinstance(node, cst.Name) else []
    for child in node.children:
        found += _names(child)
    return found
