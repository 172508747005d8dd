"""What generated programs are made of: values, names of models, and templates of expressions and statements.

In a template ``@`` is an expression, ``$`` a name, ``%`` a block one level deeper, ``#`` a number.
"""

from __future__ import annotations

from functools import cache

from dagport.evaluate import library, methods
from dagport.evaluate.builtins import FUNCTIONS as BUILTINS

CONSTANTS = (
    "None", "True", "False", "...", "0", "1", "-1", "2", "7", "10**9", "-(10**9)", "10**30", "2**63", "1.5", "-0.0",
    "1e308", "float('nan')", "float('inf')", "1j", "''", "'a'", "'a b c'", "'2024-01-02'", "'{0}{a}'", "'%s %d'",
    "'{{ ds }}'", "'(a+)+$'", "'\\ud800'", "'ﷺ'", "'\\0'", "b''", "b'\\xff'", "'../../etc/passwd'", "'/'", "[]", "()",
    "{}", "set()", "[1, 2, 3]", "('a', 1)", "{'a': 1}", "{1, 2}", "[[1], [2]]", "range(3)", "range(10**12)",
    "range(0, -10**20, -7)", "'a' * 1000", "'a' * 10**9", "[0] * 10**9", "9 ** 9 ** 9", "1 << 10**9", "'{:>999999999}'",
    "'%999999999d'", "itertools.count()", "itertools.cycle('ab')", "iter(int, 1)", "(x for x in range(3))", "u", "u.x",
    "u()", "u[0]", "lambda *a, **k: a", "datetime(2024, 1, 1)", "timedelta(days=999999999)", "datetime.max",
    "pendulum.datetime(2024, 1, 1, tz='Europe/Paris')", "Path(__file__)", "Path('..')", "re.compile('(a|b)*')",
    "Decimal('1e999999999')", "Fraction(1, 3)", "open('ran', 'w')", "os.environ", "__builtins__", "object()",
    "NotImplemented", "type", "int", "slice(None, None, -1)", "K()", "D(1, 2)", "P(1, 2)", "Color.RED", "f1", "g1()",
    "defaultdict(list)", "Counter('abc')", "deque([1], maxlen=2)", "OrderedDict(a=1)", "ChainMap({})", "E('t#')",
    "flow()", "Asset('a#')", "XComArg", "Label('l')", "TaskGroup('g#')", "DAG('d#')", "timezone.utc", "__file__",
    "__name__",
)  # fmt: skip
NAMES = ("a", "b", "c", "x", "y", "z", "f1", "g1", "K", "obj", "dag", "t1", "t2", "u")
ATTRIBUTES = (
    "x", "y", "__class__", "__dict__", "__name__", "__globals__", "__mro__", "__init__", "real", "name", "value",
    "year",
    "parent", "stem", "parts", "task_id", "output", "retries", "upstream", "dag", "pattern", "start", "args", "days",
)  # fmt: skip
SPECIALS = (
    "add", "radd", "eq", "lt", "hash", "iter", "next", "len", "bool", "str", "repr", "format", "call", "getitem",
    "setitem", "delitem", "contains", "enter", "exit", "getattr", "setattr", "getattribute", "index", "int", "neg",
    "rshift", "lshift", "rrshift", "or", "init_subclass", "set_name", "new", "del", "missing", "fspath", "iadd", "mul",
    "class_getitem", "post_init", "reversed", "float", "bytes", "instancecheck", "get", "set", "dir", "copy",
    "deepcopy",
)  # fmt: skip
OPERATORS = ("+", "-", "*", "/", "//", "%", "**", "<<", ">>", "|", "&", "^", "@")
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=", "in", "not in", "is", "is not")
EXPRESSIONS = (
    "(@ + @)", "(@ * @)", "(@ % @)", "(@ >> @)", "(@ == @)", "(@ < @)", "(@ in @)", "(not @)", "(-@)", "(~@)",
    "(@ if @ else @)", "(@ and @)", "(@ or @)", "[@, @]", "(@, @)", "(@,)", "{@: @}", "{@, @}", "[*@, @]",
    "{**@, 'k': @}",
    "[@ for x in @]", "[@ for x in @ if @]", "{x: @ for x in @}", "{@ for x in @}", "list(@ for x in @ for y in @)",
    "sum(@ for x in @)", "f'{$}'", "f'{$!r:>#}'", "f'{$:{$}}'", "f'{$.§} {$[0]}'", "'{} {}'.format(@, @)",
    "'{0.__class__}'.format(@)",
    "'%s' % @", "'%s %d' % (@, @)", "@[@]", "@[@:@]", "@[::@]", "@.§", "@.§(@)", "@(@)", "@(*@)", "@(**@)", "@(@, k=@)",
    "(lambda x, *y, z=@: @)(@)", "(a := @)", "§§(@)", "§§(@, @)", "§§(@, @, @)", "§§()", "§§(@, key=@)", "@.§m()",
    "@.§m(@)", "@.§m(@, @)", "next(@)", "next(@, @)", "getattr(@, '§')", "getattr(@, @, @)", "isinstance(@, @)",
    "sorted(@, key=lambda x: @)", "map(@, @)", "filter(@, @)", "functools.partial(@, @)", "functools.reduce(@, @)",
    "super().§", "type(@)", "@ >> @ >> @", "flow(@)", "flow.expand(x=@)", "flow.partial(y=@).expand(x=@)", "E(@)",
    "E('t#', retries=@)", "E('t#', default_args=@)", "BashOperator(task_id='b#', bash_command=@)",
    "BashOperator(task_id='b#', bash_command='{{ ' + @ + ' }}')",
    "PythonOperator(task_id='p#', python_callable=@, op_args=@)",
    "DAG('d#', schedule=@)", "DAG('d#', default_args=@, params=@)", "DAG(@, tags=@)", "TaskGroup(@)", "Asset(@)",
    "chain(@, @)", "cross_downstream(@, @)", "globals()[@]", "locals()", "vars(@)", "eval(@)", "__import__(@)",
)  # fmt: skip
STATEMENTS = (
    "$ = @", "$ = @", "$ = $ = @", "$, $ = @", "$, *$ = @", "[$, ($, $)] = @", "$ += @", "$ *= @", "$ |= @", "$[@] = @",
    "$[@] += @", "$[@:@] = @", "$.§ = @", "$.§ += @", "$: int = @", "del $", "del $[@]", "del $.§", "@", "@", "@",
    "assert @, @",
    "if @:%", "if @:%else:%", "if @:%elif @:%else:%", "while @:%", "while @:%else:%", "for $ in @:%", "for $, $ in @:%",
    "for $ in @:%else:%", "with @ as $:%", "with @, @:%", "with DAG('d#') as $:%", "with DAG('d#', default_args=@):%",
    "with TaskGroup('g#') as $:%", "try:%except Exception as e:%",
    "try:%except (ValueError, KeyError):%else:%finally:%",
    "try:%finally:%", "raise @", "raise ValueError(@) from @", "def §f($=@, *args, **kwargs):%",
    "def §f($, /, $2=@, *, k=@):%",
    "def §f():%", "@§d\ndef §f(x=@):%", "@§d(@)\ndef §f(x=@):%", "@task\ndef §f(x=@):%", "@task_group\ndef §f(x=@):%",
    "@dag(schedule=@)\ndef §f():%", "@contextmanager\ndef §f():%", "async def §f():%", "class $:%", "class $(K):%",
    "class $(K, metaclass=@):%", "class $(BaseOperator):%", "class $(@):%", "@dataclass\nclass $:%", "class $(Enum):%",
    "def __§s__(self, *args):%", "return @", "return", "yield @", "yield from @", "$ = yield @", "break", "continue",
    "pass",
    "global $", "nonlocal $", "import §i", "import §i as $", "from §i import *", "from §i import x as $",
    "from . import $",
    "match @:\n case [$, *$]:%\n case {'a': $, **rest}:%\n case K(x=$):%\n case 1 | 'a' | None:%\n case _ if @:%",
    "$ >> $", "$ << [$, $]", "[$] >> $", "chain($, $, $)", "$.set_upstream($)", "t1 >> t2", "$ = E('t#')",
    "$ = flow($)",
    "f1()", "g1()", "f1(f1)", "$ = K(@)", "$ = §f(@)", "for _ in range(#):%", "exec(@)", "print(@)", "lambda: (yield)",
)  # fmt: skip
MODULES = (
    "os",
    "sys",
    "somewhere",
    "helpers",
    "helpers.deep",
    "plugins.own",
    "dags.case",
    "json",
    "yaml",
    "__future__",
    "a.b.c",
)
DECORATORS = (
    "property", "staticmethod", "classmethod", "functools.lru_cache", "functools.wraps", "contextmanager", "u", "f1",
    "dataclass", "functools.cached_property", "task.branch", "setup", "teardown", "functools.total_ordering",
    "x.setter",
)  # fmt: skip
HEADER = """\
import collections, copy, functools, itertools, json, math, operator, os, random, re, string, sys, textwrap, yaml
import pendulum
from collections import ChainMap, Counter, OrderedDict, defaultdict, deque, namedtuple
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path
from airflow.sdk import (DAG, Asset, BaseOperator, Label, Param, TaskGroup, XComArg, chain, cross_downstream, dag,
                         setup, task, task_group, teardown)
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator
from somewhere import u
def E(name, **kwargs):
    return EmptyOperator(task_id=name, **kwargs)
@task
def flow(*args, **kwargs):
    return 1
class K:
    x = 1
    def __init__(self, *args, **kwargs):
        self.y = args
@dataclass
class D:
    a: int
    b: list = field(default_factory=list)
P = namedtuple("P", "x y")
class Color(Enum):
    RED = 1
    BLUE = "b"
def f1(*args):
    return args
def g1(n=2):
    while n:
        n -= 1
        yield n
a, b, c, x, y, z, obj = [], {}, "text", 1, 2.5, (1, 2), K()
"""
HELPERS = {
    "helpers/__init__.py": b"from .deep import *\nfrom . import deep\nx = [1, 2]\ndef make(n):\n    return [n] * n\n",
    "helpers/deep.py": b"from airflow.sdk import DAG\nx = {'a': 1}\nclass Base:\n    n = 1\n",
    "plugins/own.py": b"import dags.case\nfrom helpers import *\nx = make(3)\n",
    "dags/data.yaml": b"a: &a [1, 2]\nb: [*a, *a]\nc: !!python/object/apply:os.system ['touch ran']\n",
    "dags/data.json": b'{"a": [1, 2, {"b": null}], "c": 1e400, "d": NaN}',
    "dags/data.csv": b"a,b\n1,2\n",
    "dags/data.toml": b"a = 1\n[b]\nc = [1, 2]\n",
    "dags/query.sql": b"select {{ ds }} from x",
    "airflow.cfg": b"[core]\ndags_folder = dags\n",
}
"""The project around a generated DAG file."""
READINGS = (
    "open('data.yaml').read()", "yaml.safe_load(open(Path(__file__).parent / 'data.yaml'))", "json.load(open(@))",
    "(Path(__file__).parent / @).read_text()", "list(Path(__file__).parent.glob(@))",
    "os.listdir(os.path.dirname(__file__))",
    "Path(__file__).resolve().parents[@]", "helpers.make(@)", "helpers.deep.Base(@)", "open(@).readlines()",
    "os.path.join(@, @)",
    "Path(@) / @", "glob.glob(@)", "configparser.ConfigParser().read(@)", "csv.reader(open(@))",
    "yaml.load(@, yaml.Loader)",
)  # fmt: skip


@cache
def functions() -> tuple[str, ...]:
    """The modelled functions, by the names that a program calls them."""
    names = {name for package in library.FILES for name in getattr(library._load(package), "FUNCTIONS", {})}
    return tuple(sorted(names | {name for name in BUILTINS if name.isidentifier()}))


@cache
def method_names() -> tuple[str, ...]:
    """The modelled methods of known data."""
    return tuple(sorted({name for table in methods.METHODS.values() for name in table}))
