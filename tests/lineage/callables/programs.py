"""Random functions that touch files, and what they touch when they are run in every way that the outside allows.

They are run against stand-ins: nothing is opened. What isn't known to the analysis, whether a file exists and which
names a folder has, is tried out with every sequence of answers.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import random
from itertools import product
from pathlib import PurePosixPath
from types import SimpleNamespace
from typing import Any

from dagport_lineage.model import DatasetName

QUESTIONS = 7  # answers that are tried out; a run that asks more often is left out
NAMES = ("p", "q", "r")
LISTS = ("ps", "qs")
HEADER = """
ROOT = "/root"
TABLE = {"a": "/table/a", "b": "/table/b"}
MANY = ["/many/1", "/many/2"]
COUNT = 0
def longer(path, tail="x"):
    return f"{path}/{tail}"
def load(path):
    return pd.read_csv(path)
def save(df, path="/saved"):
    df.to_csv(path)
def each(*paths, **named):
    for path in paths:
        open(path)
    for key, path in named.items():
        open(path, "w")
def pick(paths):
    if os.path.exists("/which"):
        return paths[0]
    return "/picked"
def fill(paths):
    paths.append("/filled")
def change(table, path):
    table["k"] = path
def rows(*paths):
    for path in paths:
        open(path)
        yield path + "/row"
class C:
    PATH = "/class"
"""


class Writer:
    """Writes one random function."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines: list[str] = []
        self.depth = 0
        self.loops = 0
        self.serial = 0
        simple = [self.assign, self.touch, self.change, self.frame, self.call, self.entry, self.odd]
        nested = [
            self.branch, self.loop, self.unknown_loop, self.attempt, self.function, self.known_branch, self.quiet,
            self.matched, self.late,
        ]  # fmt: skip
        # A few kinds of statements each: they meet more often.
        self.simple = [*self.random.sample(simple, 2), self.touch, self.touch]
        self.nested = self.random.sample(nested, 2)

    def text(self) -> str:
        """The source of the function ``f``."""
        self.lines = [
            'p = "/p"',
            'q = "/q"',
            'r = "/r"',
            'ps = ["/ps"]',
            'qs = ["/qs", "/qs2"]',
            "df = pd.DataFrame()",
            'c = {"k": "/c"}',
            'd = {"k": "/d", "z": "/z"}',
        ]
        for _ in range(self.random.randint(1, 6)):
            self.statement("")
        return "def f():\n" + "".join(f"    {line}\n" for line in self.lines)

    def pick(self, *options: str) -> str:
        return self.random.choice(options)

    def name(self) -> str:
        return self.random.choice(NAMES)

    def path(self, depth: int = 0) -> str:
        if depth > 2 or self.random.random() < 0.4:
            return self.pick(self.name(), '"/a"', '"/b"', 'TABLE["a"]', "C.PATH", "ROOT", "ps[0]", "qs[-1]")
        inner, other = self.path(depth + 1), self.path(depth + 1)
        return self.pick(
            f'{inner} + "/x"', f'f"{{{self.name()}}}/y"', f'os.path.join({inner}, "z")', f"longer({inner})",
            f'longer({inner}, tail="t")', f'"%s/w" % {inner}', f'"{{}}/v".format({inner})',
            f'({inner} if os.path.exists("/c") else {other})', f"str(Path({inner}) / 'u')",
            f'{inner}.replace("a", "o")',
            f"pick([{inner}])", f"(lambda x: x + '/l')({inner})", f"[{inner}, {other}][1]",
            f'{{"k": {inner}}}["k"]', f"functools.partial(longer, {inner})()", f"MANY[0] + {inner}",
        )  # fmt: skip

    def statement(self, indent: str) -> None:
        choice = self.random.choice(self.simple if self.depth > 2 or self.random.random() < 0.6 else self.nested)
        choice(indent)

    def block(self, indent: str) -> None:
        self.depth += 1
        for _ in range(self.random.randint(1, 3)):
            self.statement(indent + "    ")
        self.depth -= 1

    def add(self, indent: str, line: str) -> None:
        self.lines.append(indent + line)

    def assign(self, indent: str) -> None:
        name, path = self.name(), self.path()
        self.add(indent, self.pick(
            f"{name} = {path}", f"{name} = {path}", f'{name} += "/i"', f"{name}, r = {path}, {self.path()}",
            f"({name} := {path})", f"{name} = [x for x in qs if x != '/qs'][0]", f"{name} = longer({path})",
        ))  # fmt: skip

    def touch(self, indent: str) -> None:
        path = self.path()
        self.add(indent, self.pick(
            f"open({path})", f'open({path}, "w").write("1")', f"load({path})", f"df.to_csv({path})",
            f"shutil.copyfile({path}, {self.path()})", f"Path({path}).read_text()", f"each(*qs, k={path})",
            "[open(x) for x in ps]", f"save(df, {path})", "save(df)", f"list(map(open, [{path}]))",
        ))  # fmt: skip

    def change(self, indent: str) -> None:
        one, path = self.random.choice(LISTS), self.path()
        self.add(indent, self.pick(
            f"{one}.append({path})", f"{one}[0] = {path}", "qs = ps", "ps = list(qs)", f"fill({one})",
            f"{one} = {one} + [{path}]", f"{one} += [{path}]", f"{one}.extend([{path}])", "qs = [x for x in ps]",
            f"{one}.insert(0, {path})", f"{one}.reverse()", f"{one} = sorted({one})",
        ))  # fmt: skip

    def frame(self, indent: str) -> None:
        path = self.path()
        self.add(indent, self.pick(
            f"df = load({path})", f"df = pd.concat([df, pd.read_csv({path})])", f"df = df.merge(load({path}))",
            f"pd.read_csv({path}).to_csv({self.path()})",
        ))  # fmt: skip

    def call(self, indent: str) -> None:
        self.add(indent, self.pick(
            f"each({self.path()})", f"{self.name()} = pick(qs)", f"load(pick([{self.path()}]))", "open(pick(ps))",
        ))  # fmt: skip

    def branch(self, indent: str) -> None:
        self.add(indent, 'if os.path.exists("/d"):')
        self.block(indent)
        if self.random.random() < 0.2:
            self.add(
                indent + "    ",
                self.pick("return", "return None") if not self.loops else self.pick("break", "continue"),
            )
        if self.random.random() < 0.6:
            self.add(indent, "else:")
            self.block(indent)

    def known_branch(self, indent: str) -> None:
        self.add(indent, f'if {self.pick("ROOT", chr(34) + "/n" + chr(34))} {self.pick("==", "!=")} "/root":')
        self.block(indent)
        self.add(indent, "else:")
        self.block(indent)

    def loop(self, indent: str) -> None:
        self.add(
            indent,
            f"for {self.name()} in {self.pick('MANY', 'list(qs)', '[ROOT, C.PATH]', 'TABLE.values()', 'list(ps)')}:",
        )
        self.loops += 1
        self.block(indent)
        self.loops -= 1

    def unknown_loop(self, indent: str) -> None:
        self.add(indent, self.pick('while os.path.exists("/e"):', "for _ in os.listdir('/f'):"))
        self.loops += 1
        self.block(indent)
        self.loops -= 1

    def attempt(self, indent: str) -> None:
        self.add(indent, "try:")
        self.block(indent)
        self.add(indent + "    ", 'if os.path.exists("/g"): raise OSError("x")')
        self.block(indent)
        self.add(indent, "except OSError:")
        self.block(indent)

    def quiet(self, indent: str) -> None:
        self.add(indent, "with contextlib.suppress(OSError):")
        self.block(indent)
        self.add(indent + "    ", 'if os.path.exists("/h"): raise OSError("x")')
        self.block(indent)

    def matched(self, indent: str) -> None:
        self.add(indent, 'match os.path.exists("/i"):')
        self.add(indent + "    ", "case True:")
        self.block(indent + "    ")
        if self.random.random() < 0.5:
            self.add(indent + "    ", "case _:")
            self.block(indent + "    ")

    def late(self, indent: str) -> None:
        self.serial += 1
        name = f"late{self.serial}"
        self.add(indent, self.pick(
            f"{name} = lambda: open({self.pick('p', 'q', 'ps[0]')})", f"{name} = [lambda: open(x) for x in qs][0]",
            f"{name} = functools.partial(open, {self.name()})", f"{name} = {{'k': lambda x=q: open(x)}}['k']",
        ))  # fmt: skip
        self.statement(indent)
        self.add(indent, f"{name}()")

    def entry(self, indent: str) -> None:
        one, path = self.pick("c", "d"), self.path()
        self.add(indent, self.pick(
            f'{one}["k"] = {path}', f'{one}.update(k={path})', f'open({one}["k"])', "d = c", "d = dict(c)",
            f'open({one}.get("z", {path}))', f"for k, v in {one}.items(): open(v, 'w')", f'd = {{**c, "k": {path}}}',
            f"each(*{one}.values())", f'{one}.setdefault("k", {path})', f'{one}.pop("k", None); {one}["k"] = {path}',
            f'[open(v) for k, v in {one}.items() if k != "k"]', f"change(c, {path})",
        ))  # fmt: skip

    def odd(self, indent: str) -> None:
        path, name = self.path(), self.name()
        self.add(indent, self.pick(
            f"[open(x) for x in os.listdir('/j') for x in [{path}]]", f"os.path.exists('/k') or ({name} := {path})",
            f"[({name} := x) for x in qs]", f"{name} = ps.pop() if len(ps) > 1 else {path}",
            f"{name}, *_ = [{path}, 1]",
            f"for x in rows({path}, {self.name()}): open(x)", f"({name}, r), q = ({path}, '/n'), '/m'",
            f"del {name}; {name} = {path}", f"open(min([{path}, {name}]))",
            f"assert os.path.exists('/l') or True; open({name})", f"{name} = {path} if ROOT else q",
        ))  # fmt: skip

    def function(self, indent: str) -> None:
        self.serial += 1
        name = f"inner{self.serial}"
        self.add(indent, f"def {name}(x={self.pick('ROOT', chr(34) + '/dx' + chr(34))}):")
        loops, self.loops = self.loops, 0
        self.add(indent + "    ", f"open({self.pick('p', 'q', 'x', 'ps[0]')})")
        if self.random.random() < 0.3:
            self.add(indent + "    ", "nonlocal q")
            self.lines[-1], self.lines[-2] = self.lines[-2], self.lines[-1]
            self.add(indent + "    ", 'q = "/nonlocal"')
        self.loops = loops
        self.assign(indent)
        self.add(indent, self.pick(f"{name}()", f"{name}({self.path()})", f"list(map({name}, [{self.path()}]))"))


class Asked(Exception):  # noqa: N818 - it ends a run
    """The run asks more questions than are tried out."""


class Outside:
    """What a function sees instead of files."""

    def __init__(self, answers: tuple[bool, ...]) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.reads: set[str] = set()
        self.writes: set[str] = set()

    def ask(self, *_: object, **__: object) -> bool:
        if self.asked == len(self.answers):
            raise Asked
        self.asked += 1
        return self.answers[self.asked - 1]

    def listdir(self, _: str) -> list[str]:
        return ["one", "two"] if self.ask() else []

    def open(self, path: str, mode: str = "r") -> Any:
        (self.writes if "w" in mode else self.reads).add(normal(path))
        return SimpleNamespace(write=lambda text: None, read=lambda: "")

    def frame(self, *_: object, **__: object) -> Any:
        return SimpleNamespace(to_csv=lambda path: self.open(path, "w"), merge=self.frame)

    def read_csv(self, path: str) -> Any:
        self.open(path)
        return self.frame()

    def copy(self, source: str, target: str) -> None:
        self.open(source)
        self.open(target, "w")

    def names(self) -> dict[str, Any]:
        outside = self

        class Path(PurePosixPath):
            def read_text(self) -> str:
                outside.open(str(self))
                return ""

        return {
            "open": self.open,
            "Path": Path,
            "json": json,
            "contextlib": contextlib,
            "functools": functools,
            "shutil": SimpleNamespace(copyfile=self.copy),
            "pd": SimpleNamespace(read_csv=self.read_csv, concat=self.frame, DataFrame=self.frame),
            "os": SimpleNamespace(listdir=self.listdir, path=SimpleNamespace(exists=self.ask, join=os.path.join)),
        }


def normal(path: str) -> str:
    """One of the spellings of a path."""
    return str(PurePosixPath(path))


def touched(code: str) -> tuple[set[DatasetName], set[DatasetName], bool]:
    """What all runs of ``f`` together read and write, and whether all of them came to an end."""
    reads: set[str] = set()
    writes: set[str] = set()
    complete = True
    done: set[tuple[bool, ...]] = set()
    compiled = compile(HEADER + code, "<program>", "exec")
    for answers in product((False, True), repeat=QUESTIONS):
        if any(answers[: len(prefix)] == prefix for prefix in done):
            continue
        outside = Outside(answers)
        names = outside.names()
        try:
            exec(compiled, names)
            names["f"]()
        except (Asked, NameError, IndexError, TypeError, OSError):
            complete = False
        done.add(answers[: outside.asked])
        reads |= outside.reads
        writes |= outside.writes
    return {DatasetName("file", item) for item in reads}, {DatasetName("file", item) for item in writes}, complete
