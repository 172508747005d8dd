"""Random repositories: modules that import each other in every way, hold state, and change each other's.

Every module offers the same names, so that any piece fits anywhere: ``NAME``, ``ITEMS``, ``ARGS``, ``BOX``, ``make``,
``bump``, ``group``, ``build``, ``Op``, ``Flow``. How it comes by them differs, and so does what is changed while it is
imported.
"""

from __future__ import annotations

from random import Random

from tests.engines.repository_cases import HEADER, Repository

MODULES = 4
NAMES = "NAME, ITEMS, ARGS, BOX, make, bump, group, build, Op, Flow"
# How a name for a module is bound: `{m}` is the module's number, `{x}` the name.
IMPORTS = (
    "import common.m{m} as {x}",
    "from common import m{m} as {x}",
    "import common.m{m}\n{x} = common.m{m}",
    "import importlib\n{x} = importlib.import_module('common.m{m}')",
    "import importlib\n{x} = importlib.import_module('.m{m}', 'common')",
    "def _{x}():\n    import common.m{m}\n    return common.m{m}\n{x} = _{x}()",
    "try:\n    from common.m{m} import GONE as {x}\nexcept ImportError:\n    from common import m{m} as {x}",
    "try:\n    import common.gone{m} as {x}\nexcept ModuleNotFoundError:\n    {x} = __import__('common.m{m}').m{m}",
    "class {x}:\n    from common.m{m} import " + NAMES + "\n    make, bump, group, build = map(staticmethod, "
    "(make, bump, group, build))",
    "import types, common.m{m}\n{x} = types.SimpleNamespace(**{{k: getattr(common.m{m}, k) for k in '"
    + NAMES
    + "'.split(', ')}})",
    "from common import m{m}, m{m} as {x}",
    "import sys, common.m{m}\n{x} = sys.modules['common.m{m}']",
)
RELATIVE = ("from . import m{m} as {x}", "from .m{m} import ITEMS as _\nfrom . import m{m} as {x}")
# How a module makes what it offers; `{x}` is another module, where it imports one.
BASES = (
    "NAME = 'm{m}'\nITEMS = ['a', 'b{m}']\nARGS = {{'retries': {n}, 'owner': 'm{m}'}}",
    "NAME = f'{{__name__[-2:]}}'\nITEMS = list('xy')\nARGS = dict(owner=NAME, pool='p{n}')",
    "NAME, *ITEMS = 'm{m}', 'i{n}', 'j'\nARGS = {{}}\nif len(ITEMS) > {n}:\n    ARGS['queue'] = 'q'",
)
DERIVED = (
    "NAME = {x}.NAME + '{m}'\nITEMS = [*{x}.ITEMS, 'm{m}']\nARGS = {{**{x}.ARGS, 'retries': {n}}}",
    "NAME = {x}.NAME + '{m}'\nITEMS = {x}.ITEMS\nARGS = {x}.ARGS",
    "NAME = 'n' + {x}.NAME\nITEMS = [item + '{m}' for item in {x}.ITEMS]\nARGS = dict({x}.ARGS, pool=NAME)",
    "NAME = {x}.NAME\nITEMS = {x}.ITEMS[:1] or ['e']\nARGS = {x}.ARGS.copy()",
)
BOXES = (
    "class Box:\n    value = {n}\n    def next(self):\n        self.value += 1\n        return self.value\nBOX = Box()",
    "import dataclasses\n@dataclasses.dataclass\nclass Box:\n    value: int = {n}\n    seen: list = dataclasses.field("
    "default_factory=list)\n    def next(self):\n        self.seen.append(self.value)\n        return len(self.seen)\n"
    "BOX = Box()",
    "class Box:\n    _all = {{}}\n    def __init__(self):\n        self.value = {n}\n    def next(self):\n"
    "        Box._all[self] = "
    "Box._all.get(self, 0) + 1\n        return sum(Box._all.values())\nBOX = Box()",
)
BUMPS = (
    "_count = {n}\ndef bump():\n    global _count\n    _count += 1\n    return _count",
    "def bump(seen=[]):\n    seen.append(0)\n    return len(seen)",
    "def _counter():\n    count = {n}\n    def step():\n        nonlocal count\n        count += 2\n"
    "        return count\n"
    "    return step\nbump = _counter()",
    "import itertools\n_numbers = itertools.count({n})\ndef bump():\n    return next(_numbers)",
    "def bump():\n    bump.calls += 1\n    return bump.calls\nbump.calls = {n}",
    "def _numbers():\n    number = {n}\n    while True:\n        yield number\n        number += 1\n"
    "_iterator = _numbers()\n"
    "def bump():\n    return next(_iterator)",
)
MAKES = (
    "def make(name, **kwargs):\n    return EmptyOperator(task_id=name, **kwargs)",
    "def make(name, **kwargs):\n    return EmptyOperator(task_id=name, **{{**ARGS, **kwargs}})",
    "import functools\ndef _make(count, name, **kwargs):\n    return EmptyOperator(task_id=name, **{{'retries': count, "
    "**kwargs}})\nmake = functools.partial(_make, {n})",
    "def make(name, **kwargs):\n    @task(task_id=name, **kwargs)\n    def inner(): ...\n    return inner()",
    "def make(name, **kwargs):\n    return Op(name=name, **kwargs)",
)
GROUPS = (
    "def group(name):\n    return TaskGroup(name, tooltip=NAME)",
    "from contextlib import contextmanager\n@contextmanager\ndef group(name):\n    with TaskGroup(name) as made:\n"
    "        EmptyOperator(task_id='first')\n        yield made",
    "class Stage(TaskGroup):\n    def __init__(self, name):\n"
    "        super().__init__(f'{{name}}_{n}', default_args=dict(ARGS))\n"
    "def group(name):\n    return Stage(name)",
)
OPERATORS = (
    "class Op({base}):\n    prefix = 'o{m}'\n    def __init__(self, name=None, **kwargs):\n"
    "        kwargs.setdefault('task_id', f'{{self.prefix}}_{{name}}')\n        super().__init__(**kwargs)",
    "class Op({base}):\n    prefix = 'o'\n    def __init__(self, *, name=None, retries={n}, **kwargs):\n"
    "        kwargs['task_id'] = kwargs.get('task_id') or f'{{type(self).prefix}}_{{name}}'\n"
    "        super().__init__(retries=retries, **kwargs)\n        self.pool = self.prefix",
)
FLOWS = (
    "class Flow(DAG):\n    def __init__(self, name, **kwargs):\n"
    "        super().__init__(f'{{name}}_{m}', tags=ITEMS[:2], **kwargs)",
    "def Flow(name, **kwargs):\n    return DAG(name, default_args=ARGS, **kwargs)",
    "class Flow(DAG):\n    pass",
)
BUILDS = (
    "def build(name):\n    with Flow(name) as made:\n        [make(item) for item in dict.fromkeys(ITEMS)]\n"
    "    return made",
    "def build(name):\n    made = DAG(name, default_args=ARGS)\n    EmptyOperator(task_id=NAME, dag=made)\n"
    "    return made",
)
CHANGES = (
    "{x}.ITEMS.append('s{n}')", "{x}.NAME += 'z'", "{x}.ARGS.update(retries={n}, owner='w')", "{x}.BOX.value += {n}",
    "{x}.BOX.next()", "{x}.bump()", "{x}.ITEMS.reverse()", "{x}.ARGS.pop('pool', None)", "{x}.EXTRA = {n}",
    "setattr({x}, 'NAME', 'set')", "{x}.Op.prefix = 'q{n}'", "{x}.ITEMS[:] = [*{x}.ITEMS, 'c']",
    "{x}.BOX.extra = [{n}]",
    "{x}.ITEMS = [*{x}.ITEMS, 'new']", "vars({x}.BOX)['value'] = {n}", "{x}.Op.retries_of = {n}",
    "{x}.ARGS.setdefault('queue', 'q{n}')", "del {x}.ITEMS[:1]; {x}.ITEMS.append('d')", "{x}.group.mark = 1",
)  # fmt: skip
TASKS = (
    "{v} = {x}.make('{v}')",
    "{v} = {x}.make(f'{v}_{{{x}.bump()}}', retries={n})",
    "{v} = {x}.make('{v}_' + {x}.NAME)",
    "{v} = {x}.Op(name=f'{v}_{{{x}.BOX.next()}}')",
    "{v} = {x}.Op(task_id='{v}', owner='t')",
    "{v} = [{x}.make(f'{v}_{{i}}_{{item}}') for i, item in enumerate({x}.ITEMS)]",
    "{v} = EmptyOperator(task_id=f'{v}_{{len({x}.ITEMS)}}_{{{x}.BOX.value}}', **{x}.ARGS)",
    "{v} = EmptyOperator(task_id='{v}_' + str(getattr({x}, 'EXTRA', 'none')))",
    "with {x}.group('{v}') as {v}:\n    {x}.make('inner') >> EmptyOperator(task_id='then')",
    "{v} = BashOperator.partial(task_id='{v}').expand(bash_command={x}.ITEMS)",
    "{v} = {x}.Op.partial(task_id='{v}', retries={n}).expand(name={x}.ITEMS)",
)
DAGS = (
    "with DAG('{d}', default_args={x}.ARGS) as {d}:",
    "with {x}.Flow('{d}', schedule='{n} * * * *') as {d}:",
    "with DAG('{d}', tags={x}.ITEMS[:3]):",
)


def random_repository(seed: int) -> Repository:
    """A repository of a seed."""
    return Writer(Random(seed)).repository(f"seed {seed}")


class Writer:
    """Writes one repository."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def repository(self, name: str) -> Repository:
        """Modules, and two to four DAG files."""
        files = {f"common/m{number}.py": self.module(number) for number in range(MODULES)}
        files["common/__init__.py"] = self.random.choice(
            ("", "from . import m0\n", "from .m0 import *\n__all__ = ['m1', 'm2']\n", "from common.m1 import NAME\n")
        )
        for number in range(self.random.randint(2, 4)):
            files[f"dags/d{number}.py"] = self.dag_file(number)
        return Repository(name, "any", files)

    def pick(self, pieces: tuple[str, ...], **names: object) -> str:
        return self.random.choice(pieces).format(**{"n": self.random.randint(0, 4), **names})

    def module(self, number: int) -> str:
        """A module that may import those with a lower number."""
        lines, others = [HEADER], []
        for other in self.random.sample(range(number), min(number, self.random.randint(0, 2))):
            forms = (*IMPORTS, *RELATIVE, *RELATIVE)
            lines.append(self.pick(forms, m=other, x=f"o{other}"))
            others.append(f"o{other}")
        x = others[0] if others else None
        lines.append(self.pick(DERIVED, m=number, x=x) if x else self.pick(BASES, m=number))
        base = self.random.choice(["EmptyOperator", "BaseOperator", *(f"{item}.Op" for item in others)])
        lines.append(self.pick(OPERATORS, m=number, base=base))
        pieces = [BOXES, BUMPS, MAKES, GROUPS, FLOWS, BUILDS]
        self.random.shuffle(pieces)
        for piece in pieces:
            names = [line.split(" = ")[0] for line in ("BOX = ", "bump = ")] if x and self.random.random() < 0.3 else []
            if names and piece in (BOXES, BUMPS):
                shared = names[piece is BUMPS]
                lines.append(f"{shared} = {x}.{shared}")
            else:
                lines.append(self.pick(piece, m=number))
        for item in others:
            if self.random.random() < 0.4:
                lines.append(self.pick(CHANGES, x=item))
        return "\n".join(lines) + "\n"

    def dag_file(self, number: int) -> str:
        """A file of one or two DAGs."""
        lines, known = [HEADER], []
        for other in self.random.sample(range(MODULES), self.random.randint(1, 3)):
            lines.append(self.pick(IMPORTS, m=other, x=f"x{other}"))
            known.append(f"x{other}")
        for index in range(self.random.randint(1, 2)):
            while self.random.random() < 0.5:
                lines.append(self.pick(CHANGES, x=self.random.choice(known)))
            lines += self.dag(f"d{number}_{index}", known)
        return "\n".join(lines) + "\n"

    def dag(self, name: str, known: list[str]) -> list[str]:
        if self.random.random() < 0.2:
            return [f"{name} = {self.random.choice(known)}.build('{name}')"]
        lines = [self.pick(DAGS, d=name, x=self.random.choice(known))]
        made: list[str] = []
        for index in range(self.random.randint(1, 5)):
            text = self.pick(TASKS, v=f"t{index}", x=self.random.choice(known))
            lines += ["    " + line for line in text.split("\n")]
            if made and self.random.random() < 0.5:
                lines.append(f"    chain({self.random.choice(made)}, {{}})".format(f"t{index}"))
            made.append(f"t{index}")
            if self.random.random() < 0.2:
                lines.append("    " + self.pick(CHANGES, x=self.random.choice(known)))
        return lines
