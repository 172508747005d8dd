"""Programs made of existing ones: pieces of their syntax trees exchanged, their bytes changed, or bytes alone."""

from __future__ import annotations

import ast
import copy
import warnings
from functools import lru_cache
from pathlib import Path
from random import Random

from tests.fuzz import pieces
from tests.fuzz.case import Case
from tests.fuzz.generate import Program

TESTS = Path(__file__).parent.parent
LIBRARY = Path(ast.__file__).parent
LARGEST = 40_000  # characters of a file that is mutated
TOKENS = (
    b"(", b")", b"[", b"]", b"{", b"}", b":", b",", b"=", b"*", b"**", b"@", b"'", b'"', b'"""', b"\\", b"\n", b"\t",
    b" ",
    b"\0", b"\x0c", b"\r", b"\xef\xbb\xbf", b"\xff", b"#", b"# coding: utf-7\n", b"f'{", b"lambda: ", b"yield ",
    b"await ",
    b"async ", b"for ", b" in ", b"if ", b"else ", b"not ", b"import ", b"class ", b"def ", b"with ", b"as ", b"while ",
    b"global a", b"nonlocal a", b":=", b"->", b"...", b"0x", b"1e999", b"9" * 50, b"\xf0\x9f\x98\x80",
    b"\xe2\x80\xae", b">>",
    b"print ", b"exec ", b"`", b"<>", b"match ", b"case ", b"type X = ", b"except* ", b"DAG(", b"task_id=", b"{{",
    b"}}", b"{%",
)  # fmt: skip


@lru_cache(maxsize=64)  # what is kept here counts against the memory of the processes that are forked
def seeds() -> tuple[tuple[str, str], ...]:
    """Names and texts that mutations start from: the fixtures, the hostile programs, some of the standard library."""
    files = sorted((TESTS.parent / "fixtures").rglob("*.py"))
    files += sorted(LIBRARY.glob("*.py"))[::4] + sorted(TESTS.glob("engines/nasty/*.txt"))
    texts = [(file.name, file.read_text("utf-8", "replace")) for file in files]
    cases = [
        (f"{file.stem}: {part[:20]}", part) for file in sorted(TESTS.glob("*/programs/*.txt")) for part in _parts(file)
    ]
    return tuple((name, text) for name, text in [*texts, *cases] if len(text) <= LARGEST)


def _parts(file: Path) -> list[str]:
    return [part.partition("\n")[2] for part in file.read_text("utf-8").split("#### ")[1:]]


@lru_cache(maxsize=64)  # what is kept here counts against the memory of the processes that are forked
def tree_of(text: str) -> ast.Module | None:
    """The syntax tree of a text."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError):
            return None


def of_trees(seed: int) -> Case:
    """A program with some nodes exchanged for nodes of another one, or for generated ones."""
    random = Random(f"trees {seed}")
    name, text = random.choice(seeds())
    _, other = random.choice(seeds())
    tree, donor = tree_of(text), tree_of(other)
    if tree is None or donor is None:
        return of_bytes(seed)
    changed = _exchanged(copy.deepcopy(tree), donor, random)
    try:
        return Case(f"trees {seed} ({name})", pieces.HEADER + ast.unparse(changed))
    except (ValueError, TypeError, RecursionError, AttributeError):  # not every tree has a text
        return of_bytes(seed)


def _exchanged(tree: ast.Module, donor: ast.Module, random: Random) -> ast.Module:
    for _ in range(random.randint(1, 6)):
        holders = [(node, name) for node in ast.walk(tree) for name, value in ast.iter_fields(node) if _holds(value)]
        if not holders:
            break
        node, name = random.choice(holders)
        value = getattr(node, name)
        kind = ast.stmt if isinstance(_first(value), ast.stmt) else ast.expr
        choices = [item for item in ast.walk(donor) if isinstance(item, kind)]
        new = random.choice(choices) if choices and random.random() < 0.6 else _made(kind, random)
        if new is not None:
            _put(node, name, value, copy.deepcopy(new), random)
    return tree


def _holds(value: object) -> bool:
    return isinstance(_first(value), ast.expr | ast.stmt)


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) and value else value


def _made(kind: type[ast.AST], random: Random) -> ast.AST | None:
    program = Program(random)
    text = "\n".join(program.statement(2)) if kind is ast.stmt else program.expression(1)
    tree = tree_of(text)
    if tree is None or not tree.body:
        return None
    first = tree.body[0]
    return first if kind is ast.stmt else getattr(first, "value", None)


def _put(node: ast.AST, name: str, value: object, new: ast.AST, random: Random) -> None:
    if not isinstance(value, list):
        setattr(node, name, new)
        return
    index = random.randrange(len(value))
    changed = [*value]
    changed[index : index + random.randint(0, 2)] = [new] * random.randint(0 if len(value) > 1 else 1, 2)
    setattr(node, name, changed or [new])


def of_bytes(seed: int) -> Case:
    """A program with some of its bytes changed, removed, doubled or moved."""
    random = Random(f"bytes {seed}")
    name, text = random.choice(seeds())
    data = bytearray(text.encode("utf-8", "surrogatepass"))
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        start = random.randrange(len(data) + 1)
        end = min(len(data), start + random.choice((0, 1, 1, 2, 10)))
        letter = bytes([random.choice(b"abcxyz019_.")])
        new = random.choice(
            (random.choice(TOKENS), bytes(data[start:end]) * 2, b"", letter, letter, random.randbytes(3))
        )
        data[start:end] = new
    return Case(f"bytes {seed} ({name})", data.decode("utf-8", "replace"))


def of_soup(seed: int) -> Case:
    """Tokens and bytes in any order."""
    random = Random(f"soup {seed}")
    parts = [
        random.choice((random.choice(TOKENS), random.randbytes(random.randint(0, 5))))
        for _ in range(random.randint(0, 200))
    ]
    if seed % 3 == 0:  # much of one thing: deep nesting
        parts += [random.choice(TOKENS) * random.choice((50, 99, 500, 5000))] * 2
    return Case(f"soup {seed}", b"".join(parts).decode("utf-8", "surrogateescape" if seed % 5 == 0 else "replace"))
