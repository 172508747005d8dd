"""Random programs for the machine and Python: small pieces that seldom meet, over a few names of known types."""

from __future__ import annotations

from random import Random

KINDS = ("n", "s", "l", "d", "t", "f", "g", "o")  # numbers, texts, lists, dicts, tuples, functions, iterators, objects

HEADER = """
import functools, itertools
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
log = []
class Error(Exception):
    def __init__(self, code=0, *rest):
        super().__init__(code, *rest)
        self.code = code
@dataclass(order=True)
class Rec:
    a: int = 0
    b: list = field(default_factory=list)
    def up(self, n=1): return replace(self, a=self.a + n)
class Obj:
    made = 0
    def __init__(self, x, *rest, **named):
        self.x, self.rest, self.named = x, rest, named
        Obj.made += 1
    def __len__(self): return len(self.rest)
    def __iter__(self): yield from self.rest
    def __getitem__(self, key): return self.named[key] if isinstance(key, str) else self.rest[key]
    def __eq__(self, other): return isinstance(other, Obj) and self.x == other.x
    def __hash__(self): return hash(self.x)
    def __add__(self, other): return Obj(self.x, *self.rest, other)
    def __call__(self, y=1): return (self.x, y)
    def __repr__(self): return f'Obj({self.x!r})'
    def __bool__(self): return bool(self.x)
    @property
    def p(self): return (self.x, len(self))
    @classmethod
    def of(cls, *items): return cls(len(items), *items)
class Sub(Obj):
    def __getattr__(self, name): return name + '?'
    def __enter__(self): log.append('enter'); return self
    def __exit__(self, kind, error, trace): log.append(kind.__name__ if kind else None); return kind is KeyError
    def __repr__(self): return 'Sub' + super().__repr__()
def gen(start, stop=4):
    total = 0
    try:
        while start < stop:
            got = yield start
            total += got or 0
            start += 1
    except Error as error:
        yield error.code
    return total
@contextmanager
def ctx(x):
    log.append(('in', x))
    try: yield x
    except Error as error: log.append(error.code)
    finally: log.append('out')
def deco(f):
    @functools.wraps(f)
    def inner(*a, **k):
        log.append(f.__name__)
        return f(*a, **k)
    return inner
n0, n1, s0, s1, l0, l1 = 3, -2, 'ab', 'x,y', [1, 2, 3], ['a', 'b']
d0, d1, t0, t1 = {'a': 1, 'b': [2]}, {1: 'x'}, (1, 'a'), ()
f0, f1, g0, g1, o0, o1 = (lambda x=1: x), str, gen(0), iter('pq'), Obj(1, 2, k=3), Sub(0, 'r')
"""

EXPRESSIONS = {
    "n": (
        "{n} + {n}",
        "len({l})",
        "{n} * 2 - {n}",
        "sum(x for x in {l} if isinstance(x, int))",
        "{l}.count({n})",
        "abs({n})",
        "{n} if {o} else {n}",
        "max({n}, {n})",
        "len({s})",
        "{d}.get('a', {n})",
        "{n} // ({n} or 1)",
        "Obj.made",
        "functools.reduce(lambda a, b: a + b, [{n}, {n}], 0)",
        "divmod({n}, 3)[1]",
        "hash({n}) and {n}",
        "round({n} / 3, 2)",
    ),
    "s": (
        "f'{{{n}:>4}}|{{{s}!r}}'",
        "{s} + str({n})",
        "{s}.upper()",
        "'-'.join(map(str, {l}))",
        "str({l})",
        "repr({t})",
        "{s}[::-1]",
        "'%s:%r' % ({o}, {s})",
        "'{{0}}{{1!r:>6}}'.format({s}, {n})",
        "{s}.replace('a', '{n}')",
        "str({d})",
        "repr({o})",
        "type({o}).__name__",
        "f'{{{o}}}{{{n}=}}'",
        "{f}.__class__.__name__",
        "','.join(sorted({s}))",
    ),
    "l": (
        "[*{l}, {n}]",
        "{l}[1:]",
        "list({t})",
        "sorted({l}, key=repr)",
        "[x for x in {l} if x]",
        "{s}.split(',')",
        "list({d})",
        "list({g})",
        "[{n}] * 2",
        "list(zip({l}, {s}))",
        "list(map({f}, {l}))",
        "[(i, x) for i, x in enumerate({l}, {n})]",
        "list(itertools.islice({g}, 2))",
        "[y for x in [{l}, {t}] for y in x]",
        "list({o})",
        "list(itertools.chain({l}, {t}))",
        "list(itertools.accumulate([1, 2, {n}]))",
        "{l}[::-1]",
        "list({d}.items())",
        "[*{o}, *{s}][:9]",
        "list(reversed({l}))",
    ),
    "d": (
        "{{**{d}, 'z': {n}}}",
        "{{k: v for k, v in {d}.items()}}",
        "dict(zip({s}, {l}))",
        "{d} | {{'q': {s}}}",
        "dict(a={n})",
        "{{x: i for i, x in enumerate({s})}}",
        "dict.fromkeys({s}, {n})",
        "{{str(k): k for k in {t}}}",
        "{o}.named",
    ),
    "t": (
        "(*{t}, {n})",
        "tuple({l})",
        "{t} + (1,)",
        "{o}.p",
        "{o}({n})",
        "divmod({n}, 4)",
        "tuple(x for x in {l})",
        "({s}, {n})",
        "tuple({d}.values())",
        "tuple({g})",
        "{t}[:1]",
        "({o} == {o}, {o} in [{o}], {t} < (2,))",
    ),
    "f": (
        "lambda x=0, *r: (x, {n})",
        "functools.partial(Obj, {n})",
        "deco(lambda *a, **k: len(a))",
        "{o}.__call__",
        "str",
        "functools.lru_cache(lambda x: [x])",
        "Obj.of",
        "(lambda v: lambda x: (x, v))({n})",
    ),
    "g": (
        "gen({n})",
        "iter([*{l}])",
        "(x for x in [*{l}])",
        "map({f}, [*{l}])",
        "enumerate({s})",
        "zip([*{l}], {t})",
        "filter(None, [*{l}])",
        "itertools.chain({s}, [*{l}])",
        "itertools.takewhile(lambda x: x != 2, [*{l}])",
        "iter({o})",
        "reversed([*{l}])",
    ),
    "o": (
        "Obj({n}, *{l})",
        "Sub({n}, k={s})",
        "{o} + {n}",
        "Obj.of({s}, {n})",
        "Rec({n}, {l}).up()",
        "{o} or {o}",
        "Rec(b={l})",
    ),
}
STATEMENTS = (
    "{l}.append({n})",
    "{d}['k{i}'] = {n}",
    "{l} += {t}",
    "{n} += {n}",
    "{o}.x = {n}",
    "del {l}[0]",
    "{l}.insert(0, {s})",
    "a{i}, *b{i} = {l}",
    "{d}.update(a={n})",
    "r{i} = next({g}, 'end')",
    "r{i} = {d}.pop('a', None)",
    "{s} += 'z'",
    "r{i} = {f}()",
    "r{i} = {g}.send({n})",
    "{l}.sort(key=str)",
    "r{i} = {d}.setdefault('q', []) ",
    "r{i} = {o}.other",
    "r{i} = {l}.index({n})",
    "r{i} = {f}({n}, {s})",
    "r{i} = {o}['k']",
    "r{i} = {n} in {l}, {s} in {d}, {o} in {{o0: 1}}",
    "{l}.extend(itertools.islice({g}, 5))",
    "raise Error({n})",
    "r{i} = {l} == {l}, {t} == {t}, {d} == {d}, {o} == {o}",
    "r{i} = {l}.pop()",
    "assert {n} > 0, {s}",
    "r{i} = {l} < {l}",
    "{t} += ({s},)",
    "r{i} = isinstance({o}, Obj), callable({f}), isinstance({n}, (int, str))",
    "r{i} = [*{g}]",
    "w{i} = (v{i} := {n}) + 1",
    "r{i} = any(x == {n} for x in {l}), all({l})",
    "r{i} = {s}.partition(','), {s}.find('b')",
    "r{i} = getattr({o}, 'x', None), hasattr({o}, 'zz')",
)
BLOCKS = (
    "for x{i} in [*{l}]:",
    "for k{i}, v{i} in {d}.items():",
    "if {n} > 1:",
    "if {o}:",
    "while len({l}) < 5:",
    "with ctx({n}) as c{i}:",
    "with o1 as c{i}:",
    "with suppress(KeyError, Error):",
    "for x{i} in itertools.islice({g}, 9):",
    "for i{i} in range(2):",
    "else_",
    "def_",
    "try_",
    "match_",
    "class_",
    "gen_",
)


GLOBALS = "n0, l0, n1, s0, s1, l1, d0, d1, t0, t1, f0, f1, g0, g1, o0, o1"


class Writer:
    """Writes one program."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.count = 0

    def program(self) -> str:
        """The text."""
        lines = HEADER.splitlines()
        for _ in range(self.random.randint(4, 10)):
            lines += ["try:", *self.block(1, 2), "except Exception as error:", "    log.append(type(error).__name__)"]
        return "\n".join([*lines, "shown = [repr(x) for x in (l0, l1, d0, d1, t0, t1, o0, o1, log)]", ""])

    def block(self, depth: int, most: int) -> list[str]:
        """Some statements."""
        lines: list[str] = []
        for _ in range(self.random.randint(1, most)):
            lines += self.statement(depth)
        return lines

    def statement(self, depth: int) -> list[str]:
        """One statement, perhaps with others inside."""
        self.count += 1
        pad = "    " * depth
        chance = self.random.random()
        if chance < 0.45:
            kind = self.random.choice(KINDS)
            return [f"{pad}{kind}{self.random.randint(0, 1)} = {self.filled(self.random.choice(EXPRESSIONS[kind]))}"]
        if chance < 0.75 or depth > 3:
            return [pad + self.filled(self.random.choice(STATEMENTS))]
        return self.compound(self.random.choice(BLOCKS), depth, pad)

    def compound(self, head: str, depth: int, pad: str) -> list[str]:
        """A statement with blocks."""
        number, inner = self.count, self.block(depth + 1, 2)
        end = f"{pad}    {self.random.choice(('pass', 'break', 'continue'))}"
        if head == "else_":
            return [f"{pad}for e{number} in l0[:2]:", *inner, end, f"{pad}else:", f"{pad}    log.append('else')"]
        if head == "def_":
            body = [f"{pad}def h{number}(p={self.filled('{n}')}, *q, **r):", f"{pad}    global {GLOBALS}", *inner]
            return [*body, f"{pad}    return p, len(q)", f"{pad}r{number} = h{number}(*l0[:1], z=1)"]
        if head == "try_":
            kind = self.random.choice(("KeyError", "(TypeError, ValueError)", "Error", "LookupError", "Exception"))
            tail = [f"{pad}finally:", f"{pad}    log.append('finally {number}')"]
            return [
                f"{pad}try:",
                *inner,
                f"{pad}except {kind} as e{number}:",
                f"{pad}    log.append(e{number}.args)",
                *tail,
            ]
        if head == "match_":
            subject = self.filled(self.random.choice(("{l}", "{t}", "{d}", "{n}", "{o}", "{s}")))
            cases = (
                "[]",
                "[a{i}]",
                "[1, *m{i}]",
                "(a{i}, b{i})",
                "{{'a': q{i}, **m{i}}}",
                "int(a{i}) if a{i} > 2",
                "str()",
                "Obj(x=0)",
                "Rec(a{i}, [])",
                "Obj() | Rec()",
                "1 | 'a'",
                "{{}}",
            )
            chosen = self.random.sample(cases, 3)
            lines = [f"{pad}match {subject}:"]
            for index, case in enumerate(chosen):
                lines += [f"{pad}    case {case.format(i=number)}:", f"{pad}        log.append({index})"]
            return lines
        if head == "class_":
            return [
                f"{pad}class C{number}(Obj):",
                f"{pad}    y = {self.filled('{n}')}",
                f"{pad}    def p2(self): return super().p, self.y",
                f"{pad}r{number} = C{number}({number}).p2(), C{number}.__name__",
            ]
        if head == "gen_":
            return [
                f"{pad}def y{number}():",
                f"{pad}    for x in {self.filled('{l}')}[:3]:",
                f"{pad}        if x == 2: continue",
                f"{pad}        z = yield x",
                f"{pad}        log.append(z)",
                f"{pad}    return 'r'",
                f"{pad}r{number} = list(y{number}()), next(y{number}(), 0)",
            ]
        if head.startswith(("while", "for")) and self.random.random() < 0.5:
            inner.append(end)
        if head.startswith("while"):
            inner.append(f"{pad}    break")
        return [pad + self.filled(head), *inner]

    def filled(self, template: str) -> str:
        """A template with names in it."""
        names = {kind: f"{kind}{self.random.randint(0, 1)}" for kind in KINDS}
        return template.format(i=self.count, **names)


def program(seed: int) -> str:
    """The program of a seed."""
    return Writer(seed).program()
