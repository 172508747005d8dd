"""``glob``: the files of the project that a pattern finds, in no order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagport.evaluate import located
from dagport.evaluate.domain import Anything, CallSite, Native, SourceFile, Unknown
from dagport.evaluate.files import as_text, project_path
from dagport.evaluate.globbing import Search
from dagport.evaluate.library.support import bound, lazily, lost, tolerant
from dagport.evaluate.listing import Listing

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine


def _glob(once: bool) -> Native:
    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        pathname, root, _, recursive, hidden = bound(
            args, kwargs, "pathname", root_dir=None, dir_fd=None, recursive=False, include_hidden=False
        )
        pattern, root = as_text(pathname), as_text(root)
        if not isinstance(recursive, bool) or not isinstance(hidden, bool):
            return lost(machine, [recursive, hidden], site)
        if isinstance(root, SourceFile) and isinstance(pattern, str) and root.rest is not None:
            search = Search(machine, root.base, site, hidden=hidden, recursive=recursive)
            problem = search.run(root.rest, pattern)
            start = len(root.rest) + 1
            found, maybe = ([rest[start:] for rest in part] for part in (search.found, search.maybe))
            return problem or Listing(found, maybe, once=once)
        if root is not None or not isinstance(pattern, SourceFile) or pattern.rest is None:
            return lost(machine, [root, project_path(machine, pattern, site)], site, "the folder isn't known")
        search = Search(machine, pattern.base, site, hidden=hidden, recursive=recursive)
        problem = search.run("", pattern.rest[1:])
        if problem is not None:
            return problem
        return Listing(_texts(search.found, pattern), _texts(search.maybe, pattern), once=once)

    return run


def _texts(found: list[str], pattern: SourceFile) -> list[Anything]:
    return [located.located(rest, pattern.base) for rest in found]


def _escape(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    (path,) = bound(args, kwargs, "pathname")
    if isinstance(path, str):
        return lazily("glob", "escape")(machine, [path], {}, site)
    return path if isinstance(path, Unknown) else located.hidden(machine, site)


FUNCTIONS: dict[str, Native] = {
    "glob.escape": tolerant(_escape),
    "glob.glob": tolerant(_glob(once=False)),
    "glob.has_magic": lazily("glob", "has_magic"),
    "glob.iglob": tolerant(_glob(once=True)),
}
