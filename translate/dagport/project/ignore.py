"""Which files a search leaves out: ``.gitignore`` and ``.airflowignore``, each with its own rules.

``.gitignore`` follows git: the nearest file decides, later lines win, ``!`` takes back. ``.airflowignore``
follows Airflow's ``core.dag_ignore_file_syntax``: ``glob`` (Airflow 3's default) reads lines as git does, but
takes ``#`` anywhere for a comment; ``regexp`` (Airflow 2's default) searches each expression in the path below the
DAGs folder, which is taken to be the outermost folder with an ``.airflowignore``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from dagport.project.errors import ProjectError
from dagport.project.regexps import NotLinear, Searcher
from dagport.regular import read_regular

IgnoreSyntax: TypeAlias = Literal["glob", "regexp"]
Decide: TypeAlias = Callable[[str, bool], "bool | None"]
"""(path below the layer's folder, is a folder) -> left out, taken back, or not mentioned."""


FEW_STARS = 3
MOST_WAYS = 10_000_000


@dataclass(frozen=True, slots=True)
class Layer:
    """The rules of one ignore file."""

    folder: Path
    decide: Decide


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules that hold in a folder, outermost first."""

    syntax: IgnoreSyntax
    git: tuple[Layer, ...] = ()
    airflow: tuple[Layer, ...] = ()

    def enter(self, folder: Path) -> Rules:
        """The rules inside a folder: these, and those of its own ignore files."""
        git = _lines(folder / ".gitignore")
        airflow = _lines(folder / ".airflowignore")
        if not git and not airflow:
            return self
        return Rules(
            self.syntax,
            (*self.git, Layer(folder, glob_rules(git))) if git else self.git,
            (*self.airflow, self._airflow_layer(folder, airflow)) if airflow else self.airflow,
        )

    def leaves_out(self, path: Path, *, is_folder: bool) -> bool:
        """Whether a path is left out; the folders above it are taken to be searched."""
        return any(_decide(layers, path, is_folder) for layers in (self.git, self.airflow))

    def _airflow_layer(self, folder: Path, lines: Sequence[str]) -> Layer:
        bare = [re.sub(r"\s*#.*", "", line) for line in lines]
        if self.syntax == "glob":
            return Layer(folder, glob_rules([line for line in bare if line.strip() not in ("", "/")]))
        base = self.airflow[0].folder if self.airflow else folder
        return Layer(base, regexp_rules(filter(None, bare)))


def glob_rules(lines: Iterable[str]) -> Decide:
    """Rules as git writes them. A line that git couldn't read either is passed over, so it hides no file."""
    from pathspec import GitIgnoreSpec  # slow to import, and most folders have none

    readable = []
    lines = list(lines)
    for line in lines:
        try:
            readable.append(next(iter(GitIgnoreSpec.from_lines([line]).patterns), None))
        except ValueError:
            continue
    spec = GitIgnoreSpec([pattern for pattern in readable if pattern is not None])

    stars = max((part.count("*") for line in lines for part in line.split("/") if part != "**"), default=0)
    folders = max((line.split("/").count("**") for line in lines), default=0)

    def decide(path: str, is_folder: bool) -> bool | None:
        if stars > FEW_STARS or folders > FEW_STARS:
            _check_work(path, stars, folders)
        return spec.check_file(path + "/" if is_folder else path).include

    return decide


def _check_work(path: str, stars: int, folders: int) -> None:
    """The library tries the ways to share a path among the stars of a line one by one.

    Raises ``ProjectError`` where they could be too many.
    """
    parts = path.split("/")
    ways = math.comb(max(map(len, parts)) + stars, stars) * math.comb(len(parts) + folders, folders)
    if ways > MOST_WAYS:
        raise ProjectError(f"an ignore file has a line with too many stars to search with: {stars} in one name")


def regexp_rules(expressions: Iterable[str]) -> Decide:
    """Rules of Airflow's regexp syntax: searched anywhere in the path; Airflow passes over an invalid one too."""
    compiled = [pattern for pattern in map(_compiled, expressions) if pattern]

    def decide(path: str, is_folder: bool) -> bool | None:
        return True if any(pattern.search(path) for pattern in compiled) else None

    return decide


def rules_above(folder: Path, top: Path, syntax: IgnoreSyntax) -> Rules:
    """The rules that the folders from ``top`` down to the parent of ``folder`` set for it.

    A folder that these rules leave out was named by the user nevertheless: then they don't hold.
    """
    none = Rules(syntax)
    if folder == top or not folder.is_relative_to(top):
        return none
    rules, parts = none, folder.relative_to(top).parts
    current = top
    for part in parts:
        rules = rules.enter(current)
        current = current / part
        if rules.leaves_out(current, is_folder=True):
            return none
    return rules


def _decide(layers: tuple[Layer, ...], path: Path, is_folder: bool) -> bool:
    for layer in reversed(layers):
        decision = layer.decide(path.relative_to(layer.folder).as_posix(), is_folder)
        if decision is not None:
            return decision
    return False


def _lines(file: Path) -> list[str]:
    try:
        return read_regular(file).decode("utf-8", "replace").splitlines()
    except OSError:
        return []


def _compiled(expression: str) -> Searcher | None:
    try:
        return Searcher(expression)
    except (re.error, OverflowError, RecursionError):
        return None
    except NotLinear as problem:
        shown = expression if len(expression) <= 60 else expression[:57] + "..."
        raise ProjectError(
            f"a line of .airflowignore could keep the search busy for ever: {problem}: {shown}"
        ) from None
