"""The parts of a pipeline's module that are the same in the targets whose tasks are Python functions."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagport.diagnostics import Diagnostic, diagnose
from dagport.writers.common.model import Chunk, Function, Note

if TYPE_CHECKING:
    from dagport.writers.common.params import Params
    from dagport.writers.common.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleText:
    """A module before it is formatted."""

    text: str
    chunks: tuple[Chunk, ...]  # the user's own pieces, for whose markers they are put in once it is formatted
    support: frozenset[str]  # what it takes from files that the project carries
    imported: frozenset[str]  # top-level modules that the user's code imports
    diagnostics: tuple[Diagnostic, ...]


def marked(definitions: Iterable[str]) -> tuple[list[str], list[Chunk]]:
    """Constants, helpers and classes of the source: a marker of the kind of each, and what stands behind it."""
    texts, chunks = [], []
    for number, definition in enumerate(definitions):
        marker = f"__dagport_source_{number}__"
        block = isinstance(ast.parse(definition).body[0], ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        texts.append(f"def {marker}(): ...\n" if block else f"{marker} = 0")
        chunks.append(Chunk(marker=marker, text=definition.rstrip("\n")))
    return texts, chunks


def helpers_of(functions: Iterable[Function]) -> list[Function]:
    """What some functions call, once each."""
    return list({helper.text: helper for function in functions for helper in function.helpers}.values())


def names_of(functions: Iterable[Function]) -> frozenset[str]:
    """The module-level names of the source that some functions and their helpers need."""
    return frozenset(name for function in functions for one in (function, *function.helpers) for name in one.names)


def unchecked(params: Params) -> Iterator[Note]:
    """The note on rules of params that the target can't check."""
    if params.unchecked:
        names = ", ".join(f"`{name}`" for name in params.unchecked)
        yield "DP403", f"some rules of the params {names} aren't checked"


def told(notes: Iterable[Note], scope: Scope) -> tuple[Diagnostic, ...]:
    """The diagnostics of what is said of a whole pipeline."""
    pipeline, path = scope.pipeline, scope.source.path
    return tuple(diagnose(code, message, path, pipeline.span, pipeline=pipeline.id) for code, message in notes)
