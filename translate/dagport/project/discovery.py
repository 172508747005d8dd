"""From the paths of a command line to the files to read, in path order, each once.

A file that is named is read, whatever it is. A folder is searched for Python files that mention both Airflow
and a DAG or an asset, as Airflow's own safe mode does; ignore files, hidden folders, virtual environments and
dagport's own output are left out. Whatever can't be read on the way becomes a diagnostic in its place.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from dagport.diagnostics import Diagnostic, diagnose
from dagport.project.files import absolute_path, real_path, unopened
from dagport.project.ignore import IgnoreSyntax, Rules, rules_above
from dagport.project.yaml_files import SUFFIXES, is_yaml, mentions_tasks
from dagport.regular import kind_of, read_regular

STDIN = "<stdin>"
MAGIC = "*?["
MANIFEST = ".dagport.json"
GRAPH_SUFFIXES = (".json", ".jsonl")
DAGS_FOLDER = "dags"
SKIPPED_FOLDERS = {"__pycache__", "node_modules"}


@dataclass(frozen=True, slots=True)
class Input:
    """One thing to read: a file, bytes that are at hand, or the reason why there is nothing."""

    path: str  # as shown to the user: below the project root where it lies there
    file: Path | None = None
    data: bytes | None = None  # of the standard input
    named: bool = False  # by the user, not found in a folder
    problem: Diagnostic | None = None
    project: Path | None = None  # the folder that holds all that the file may import or read


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What bounds a search."""

    root: Path  # absolute; the folder that shown paths are below
    root_given: bool = False  # by the user: then nothing outside is read even when it is named
    ignore_syntax: IgnoreSyntax = "glob"


def mentions_pipelines(data: bytes) -> bool:
    """Airflow's safe mode (``might_contain_dag_via_default_heuristic``): Airflow imports nothing else."""
    lowered = data.lower()
    return b"airflow" in lowered and (b"dag" in lowered or b"asset" in lowered)


def mentions(data: bytes, file: Path) -> bool:
    """Whether a search takes a file for one with pipelines."""
    return mentions_tasks(data) if is_yaml(file) else mentions_pipelines(data)


def file_mentions_pipelines(file: Path) -> bool:
    """``mentions`` of a regular file. Raises ``OSError``."""
    return mentions(read_regular(file), file)


def discover(
    paths: Sequence[str],
    search: Search,
    stdin: bytes | None = None,
    stdin_path: str = STDIN,
    mentions: Callable[[Path], bool] = file_mentions_pipelines,
) -> list[Input]:
    """All inputs that the paths stand for, sorted by shown path, each real file once.

    ``-`` stands for ``stdin``; files, folders and globs (``**`` too) for what they match. ``mentions`` answers
    ``file_mentions_pipelines``, from memory where that is possible.
    """
    finder = _Finder(search, mentions)
    for path in dict.fromkeys(paths):
        if path == "-":
            finder.add(Input(stdin_path, data=stdin or b"", named=True))
        else:
            finder.name(path)
    return finder.result()


def shown(path: Path, root: Path) -> str:
    """A path as users see it: below the root where it lies there, else as given; ``/`` between parts."""
    absolute = absolute_path(path)
    inside = absolute.is_relative_to(root)
    text = (absolute.relative_to(root) if inside else Path(os.path.normpath(path))).as_posix()
    return printable(text)


def printable(name: str) -> str:
    """A name of the file system with the bytes escaped that aren't UTF-8."""
    return name if name.isascii() else name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


class _Finder:
    """Collects inputs; a folder is searched once, however many links lead to it."""

    def __init__(self, search: Search, mentions: Callable[[Path], bool]) -> None:
        self.search = search
        self.mentions = mentions
        self.real_root = Path(os.path.realpath(search.root))
        self.problems: list[Input] = []
        self.found: dict[object, tuple[bool, bool, Input]] = {}  # by real path: not named, a link, the input
        self.visited: set[Path] = set()
        self.generated: set[Path] = set()

    def result(self) -> list[Input]:
        found = without_unloaded_yaml([item for _, _, item in self.found.values()])
        return sorted((*found, *self.problems), key=lambda item: item.path)

    def add(self, item: Input, real: Path | None = None, *, is_link: bool = False) -> None:
        """The same file twice is one input, shown by the path that was named, else by one that is no link."""
        rank = (not item.named, is_link)
        known = self.found.get(real or item.path)
        if known is None or (*rank, item.path) < (*known[:2], known[2].path):
            self.found[real or item.path] = (*rank, item)

    def problem(self, diagnostic: Diagnostic) -> None:
        item = Input(diagnostic.path or "", named=True, problem=diagnostic)
        if item not in self.problems:
            self.problems.append(item)

    def shown(self, path: Path) -> str:
        return shown(path, self.search.root)

    def name(self, text: str) -> None:
        """A path that the user wrote."""
        path = Path(text)
        if not text:
            self.problem(diagnose("DP101", "the path is empty", ""))
        elif os.path.lexists(path):
            self.named(path)
        elif any(char in text for char in MAGIC):
            self.glob(text)
        else:
            self.problem(diagnose("DP101", "there is no such file or folder", self.shown(path)))

    def glob(self, pattern: str) -> None:
        path = Path(pattern)
        matches = expand(Path(path.anchor), path.parts[1:] if path.anchor else path.parts)
        suffixes = (".py", *GRAPH_SUFFIXES, *SUFFIXES)
        wanted = [match for match in matches if match.is_dir() or match.suffix in suffixes]
        for path in wanted:
            self.named(path)
        if not wanted:
            self.problem(
                diagnose("DP101", "no folder and no .py, .yml or .json file matches", self.shown(Path(pattern)))
            )

    def named(self, path: Path) -> None:
        absolute = absolute_path(path)
        try:
            real, mode = real_path(absolute), absolute.stat().st_mode
        except OSError as error:
            self.problem(unopened(self.shown(path), error))
            return
        boundary = self.boundary(absolute, stat.S_ISDIR(mode))
        if not real.is_relative_to(boundary):
            self.problem(diagnose("DP106", "it lies outside the project root", self.shown(path)))
        elif stat.S_ISDIR(mode):
            self.walk(path, absolute, boundary)
        elif stat.S_ISREG(mode):
            item = Input(self.shown(path), file=absolute, named=True, project=self.project(boundary))
            self.add(item, real, is_link=absolute.is_symlink())
        else:
            self.problem(_irregular(self.shown(path), mode))

    def boundary(self, absolute: Path, is_folder: bool) -> Path:
        """The real folder that everything found from here must lie in."""
        if self.search.root_given or absolute.is_relative_to(self.search.root):
            return self.real_root
        return Path(os.path.realpath(absolute if is_folder else absolute.parent))

    def project(self, boundary: Path) -> Path:
        """The project that files within a boundary belong to.

        Outside the root it is the git repository around them, else the folder that holds their ``dags`` folder.
        """
        if boundary == self.real_root:
            return boundary
        above = (boundary, *boundary.parents)
        tops = (folder for folder in above if (folder / ".git").exists())
        homes = (folder.parent for folder in above if folder.name == DAGS_FOLDER)
        return next(tops, None) or next(homes, boundary)

    def walk(self, given: Path, folder: Path, boundary: Path) -> None:
        """Search a folder; links come last, so that a file is shown by its own path where it has one."""
        stack = [(given, folder, rules_above(folder, self.search.root, self.search.ignore_syntax))]
        links: list[tuple[Path, Path, Rules]] = []
        while stack or links:
            given, folder, rules = stack.pop() if stack else links.pop(0)
            real = Path(os.path.realpath(folder))
            if real in self.visited:
                continue
            self.visited.add(real)
            inner = rules.enter(folder)
            for name, is_link in self.inside(given, folder, real, inner, boundary):
                (links if is_link else stack).append((given / name, folder / name, inner))

    def inside(self, given: Path, folder: Path, real: Path, rules: Rules, boundary: Path) -> Iterator[tuple[str, bool]]:
        """Take the files of a folder; yields its folders to search, and whether each is a link."""
        try:
            with os.scandir(folder) as found:
                items = sorted(found, key=lambda item: item.name)
        except OSError as error:
            self.problem(unopened(self.shown(given), error))
            return
        self.generated |= _generated(folder)
        prefix = self.shown(given / "x")[:-1]
        for item in items:
            entry, path, is_link = folder / item.name, prefix + printable(item.name), item.is_symlink()
            try:
                mode = item.stat().st_mode
            except OSError as error:
                if _is_python(entry) and not rules.leaves_out(entry, is_folder=False):
                    self.problem(unopened(path, error))
                continue
            if stat.S_ISDIR(mode):
                if self.searched(entry, path, rules, boundary):
                    yield entry.name, is_link
            elif entry.suffix.lower() in (".py", ".zip", *SUFFIXES) and not rules.leaves_out(entry, is_folder=False):
                self.file(entry, None if is_link else real / item.name, path, mode, boundary)

    def searched(self, folder: Path, path: str, rules: Rules, boundary: Path) -> bool:
        """Whether to go down into a folder; a link that loops or leaves the project is reported."""
        if folder.name.startswith(".") or folder.name in SKIPPED_FOLDERS or _exists(folder / "pyvenv.cfg"):
            return False
        if rules.leaves_out(folder, is_folder=True):
            return False
        if not folder.is_symlink():
            return True
        real = Path(os.path.realpath(folder))
        if not real.is_relative_to(boundary):
            self.problem(diagnose("DP106", "the link leaves the project root", path))
            return False
        if Path(os.path.realpath(folder.parent)).is_relative_to(real):
            self.problem(diagnose("DP106", "the link leads back to a folder above it", path))
            return False
        return True

    def file(self, file: Path, real: Path | None, path: str, mode: int, boundary: Path) -> None:
        """Take a file of a folder, if it may hold pipelines. ``real``: where it lies; ``None`` for a link."""
        if not _is_python(file) and not is_yaml(file):
            if stat.S_ISREG(mode) and _holds_modules(file):
                self.problem(diagnose("DP110", "it holds Python modules, which Airflow may load", path))
            return
        if not stat.S_ISREG(mode):
            if _is_python(file):
                self.problem(_irregular(path, mode))
            return
        try:
            is_link = real is None
            real = real or real_path(file)
            if is_link and not real.is_relative_to(boundary):
                self.problem(diagnose("DP106", "the link leaves the project root", path))
            elif file not in self.generated and self.mentions(file):
                self.add(Input(path, file=file, project=self.project(boundary)), real, is_link=is_link)
        except OSError as error:
            self.problem(unopened(path, error))


def without_unloaded_yaml(items: list[Input]) -> list[Input]:
    """YAML files that a search found are read where something loads them: other programs have such files, too.

    Among Python files none of which mentions dag-factory, each is reported in its place.
    """
    candidates = [item for item in items if not item.named and is_yaml(item.path)]
    programs = [item.file for item in items if item.file is not None and _is_python(item.file)]
    if not candidates or not programs or any(map(_mentions_dag_factory, programs)):
        return items
    message = "it looks like a configuration of dag-factory, and no Python file that was found mentions dag-factory"
    said = [Input(item.path, problem=diagnose("DP114", message, item.path)) for item in candidates]
    return [*(item for item in items if item not in candidates), *said]


def _mentions_dag_factory(file: Path) -> bool:
    try:
        return b"dagfactory" in read_regular(file)
    except OSError:  # reported where it is read
        return False


def expand(base: Path, parts: tuple[str, ...]) -> Iterator[Path]:
    """What a glob matches below a folder. ``**`` follows no links: loops of them would keep it busy for ever."""
    if not parts:
        yield base
        return
    head, rest = parts[0], parts[1:]
    if head == "**":
        yield from expand(base, rest)
        if rest[:1] == ("**",):  # the same again: it has matched the folders below, too
            return
        for child in _children(base, "*"):
            if child.is_dir() and not child.is_symlink():
                yield from expand(child, parts)
    elif any(char in head for char in MAGIC):
        for child in _children(base, head):
            yield from expand(child, rest)
    elif os.path.lexists(base / head):
        yield from expand(base / head, rest)


def _children(folder: Path, pattern: str) -> list[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return []
    hidden = pattern.startswith(".")
    return [entry for entry in entries if entry.name.startswith(".") <= hidden and fnmatchcase(entry.name, pattern)]


def _is_python(path: Path) -> bool:
    return path.suffix.lower() == ".py"


def _irregular(path: str, mode: int) -> Diagnostic:
    return diagnose("DP102", f"it is {kind_of(mode)}, not a regular file", path)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a folder we may not look into
        return False


def _holds_modules(file: Path) -> bool:
    """Whether a file is a zip with Python modules at its top, where Airflow looks for them."""
    from zipfile import BadZipFile, ZipFile  # start-up

    try:
        with ZipFile(file) as archive:
            return any("/" not in name and name.endswith(".py") for name in archive.namelist())
    except (BadZipFile, OSError, ValueError, NotImplementedError):
        return False


def _generated(folder: Path) -> set[Path]:
    """The files below a folder that dagport wrote itself: translating a translation helps nobody."""
    try:
        data = read_regular(folder / MANIFEST)
    except OSError:
        return set()
    import json  # start-up: most folders have none

    try:
        return {folder / name for name in json.loads(data)["files"]}
    except (ValueError, KeyError, TypeError):
        return set()
