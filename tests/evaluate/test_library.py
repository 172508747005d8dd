"""Models of the standard library: the same as Python where the result is known, unknown with a reason elsewhere."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from typing import Any

import pytest

from dagport.evaluate import library
from dagport.evaluate.domain import LimitHit, PyRaise, Unknown
from tests.evaluate.machine import run

# Every snippet is run by Python too, and `result` compared.
SNIPPETS = [
    # datetime, zoneinfo, time, calendar
    "import datetime\nresult = datetime.datetime(2024, 1, 31, tzinfo=datetime.timezone.utc).isoformat()",
    "from datetime import datetime, timedelta\nresult = datetime(2024, 1, 31) + timedelta(days=1, hours=3)",
    "from datetime import datetime, timedelta\nresult = (datetime(2024, 3, 1) - datetime(2024, 1, 1)).days",
    "from datetime import datetime\nresult = datetime.strptime('2024-02-03', '%Y-%m-%d').strftime('%d/%m/%Y')",
    "from datetime import date, time, datetime\nresult = datetime.combine(date(2024, 1, 2), time(3, 4))",
    "import datetime\nresult = datetime.date.fromisoformat('2024-02-03').weekday(), datetime.date.max.year",
    "from datetime import datetime\nresult = datetime.min.year, datetime(2024, 5, 6).date().day",
    "from datetime import datetime, UTC\nresult = datetime.fromtimestamp(0, UTC).year",
    "from datetime import timedelta\nresult = timedelta(minutes=90) / 2, timedelta(days=1) > timedelta(hours=1)",
    "import datetime as dt\nresult = dt.date(2024, 2, 10).isocalendar().week, dt.timedelta(days=3).total_seconds()",
    "import datetime\nfrom zoneinfo import ZoneInfo\n"
    "result = datetime.datetime(2024, 7, 1, tzinfo=ZoneInfo('Europe/Paris')).utcoffset()",
    "from zoneinfo import ZoneInfo\nresult = ZoneInfo('UTC').key",
    "import calendar\nresult = calendar.monthrange(2024, 2), calendar.isleap(2023)",
    # collections
    "from collections import OrderedDict\nx = OrderedDict([('a', 1)])\nx['b'] = 2\nx.move_to_end('a')\n"
    "result = list(x)",
    "from collections import defaultdict\nx = defaultdict(list)\nx['a'].append(1)\nx['a'].append(2)\nresult = dict(x)",
    "from collections import defaultdict\nx = defaultdict(int)\nfor c in 'hello':\n    x[c] += 1\n"
    "result = sorted(x.items()), 'z' in x, x['z'], len(x)",
    "from collections import defaultdict\nx = defaultdict(lambda: 'd', a=1)\ny = x.copy()\nresult = y['q'], x.get('q')",
    "from collections import namedtuple\nP = namedtuple('P', 'x y')\np = P(1, y=2)\n"
    "result = p.x, p[1], p._asdict(), tuple(p._replace(x=5)), P._fields, str(p)",
    "from collections import namedtuple\nP = namedtuple('P', ['x', 'y'], defaults=[7])\na, b = P(1)\nresult = a + b",
    "import collections\nP = collections.namedtuple('P', 'x')\nresult = [p.x for p in map(P._make, [[1], [2]])]",
    "from collections import Counter\nx = Counter('hello')\nx.update('l')\n"
    "result = x.most_common(1), x['q'], x.total()",
    "from collections import Counter\nresult = sorted((Counter('ab') + Counter('b')).elements())",
    # functools, itertools, operator
    "from functools import partial\ndef f(a, b, c=0):\n    return [a, b, c]\n"
    "result = partial(f, 1, c=3)(2), partial(f, 1).args",
    "from functools import reduce\nresult = reduce(lambda a, b: a * b, [1, 2, 3, 4]), reduce(max, [], 0)",
    "import functools\ncalls = []\n@functools.lru_cache(maxsize=None)\ndef f(x):\n    calls.append(x)\n    return x\n"
    "f(1)\nf(1)\nf(2)\nresult = calls",
    "from functools import cache\n@cache\ndef f():\n    return []\nresult = f() is f()",
    "import functools\ndef deco(f):\n    @functools.wraps(f)\n    def inner(*a):\n        return f(*a)\n"
    "    return inner\n"
    "@deco\ndef named(x):\n    'doc'\n    return x\nresult = named.__name__, named.__doc__, named(3)",
    "import functools\nclass A:\n    @functools.cached_property\n    def x(self):\n        return 5\nresult = A().x",
    "from itertools import chain\nresult = list(chain([1], (2,), 'ab')), list(chain.from_iterable([[1], [2]]))",
    "from itertools import product\nresult = list(product('ab', [1, 2])), list(product([0, 1], repeat=3))",
    "from itertools import combinations, permutations, combinations_with_replacement as c\n"
    "result = list(combinations('abc', 2)), list(permutations([1, 2])), list(c('ab', 2)), list(combinations([1], 5))",
    "from itertools import islice, count, cycle, repeat\nc = cycle('ab')\n"
    "result = list(islice(count(2, 3), 3)), [next(c) for _ in range(3)], list(repeat(0, 2)), next(count())",
    "from itertools import islice\nit = iter([1, 2, 3, 4])\nfirst = list(islice(it, 2))\nresult = first, list(it)",
    "from itertools import accumulate, starmap, takewhile, dropwhile, filterfalse\n"
    "f = lambda x: x < 3\nresult = list(accumulate([1, 2, 3])), list(starmap(pow, [(2, 3)])), "
    "list(takewhile(f, [1, 5, 2])), list(dropwhile(f, [1, 5, 2])), list(filterfalse(f, [1, 5, 2]))",
    "from itertools import groupby, zip_longest, pairwise, compress, tee\n"
    "result = [(k, list(g)) for k, g in groupby('aab')], list(zip_longest([1], [2, 3], fillvalue=0)), "
    "list(pairwise([1, 2, 3])), list(compress('abc', [1, 0, 1])), [list(t) for t in tee([1, 2])]",
    "import operator as o\nresult = o.add(1, 2), o.itemgetter('a')({'a': 1}), o.itemgetter(0, 2)('abc'), "
    "o.attrgetter('real')(3), o.methodcaller('upper')('a'), o.contains([1], 1), o.not_(0), o.lt(1, 2)",
    "from operator import itemgetter\nresult = sorted([{'n': 2}, {'n': 1}], key=itemgetter('n'))",
    # texts
    "import json\nresult = json.dumps({'b': [1, None, True], 'a': 'é'}, sort_keys=True, indent=2, ensure_ascii=False)",
    "import json\nimport datetime\nresult = json.dumps({'a': datetime.date(2024, 1, 2)}, default=str)",
    'import json\nresult = json.loads(\'{"a": [1, 2.5, null], "b": "x"}\')',
    "import textwrap\nresult = textwrap.dedent('''\n    a\n      b\n''').strip(), textwrap.indent('a\\nb', '> ')",
    "import textwrap\nresult = textwrap.shorten('hello world foo', width=12), textwrap.wrap('aaa bbb ccc', 7)",
    "import re\nresult = re.sub(r'[^a-z0-9]+', '_', 'ab CD-12'), re.split(r'[,;]', 'a,b;c'), "
    "re.findall(r'\\d+', 'a1b22')",
    "import re\nm = re.match(r'(?P<y>\\d{4})-(\\d\\d)', '2024-05-06')\n"
    "result = m.group('y'), m.groups(), m.span(), m.groupdict()",
    "import re\nresult = re.sub(r'(\\w)(\\d)', r'\\2\\1', 'a1 b2'), re.sub('a', lambda m: m.group(0).upper(), "
    "'banana', count=2)",
    "import re\np = re.compile('A', re.IGNORECASE)\n"
    "result = p.sub('x', 'aA'), p.pattern, bool(p.search('b')), p.subn('x', 'aa')",
    "import re\nresult = [m.start() for m in re.finditer('a', 'banana')], re.escape('a.b'), re.fullmatch('a', 'ab')",
    "from string import Template, ascii_lowercase, digits\n"
    "result = Template('$a-${b}').substitute(a=1, b=2), Template('$a $c').safe_substitute({'a': 1}), "
    "ascii_lowercase + digits",
    "import string\nresult = string.capwords('hello world')",
    "import hashlib\nresult = hashlib.md5(b'a').hexdigest(), hashlib.sha256('x'.encode()).hexdigest()[:8]",
    "import hashlib\nh = hashlib.new('sha1')\nh.update(b'a')\nh.update(b'b')\nresult = h.hexdigest(), h.name",
    "import base64\nresult = base64.b64encode(b'abc').decode(), base64.urlsafe_b64decode('YQ==')",
    "from urllib.parse import quote, urljoin, urlencode, urlparse\n"
    "result = quote('a b/c'), urljoin('http://a/b/', 'c'), urlencode({'a': 1}), urlparse('s3://bucket/key').netloc",
    "import shlex\nresult = shlex.quote('a b'), shlex.split('a \"b c\"'), shlex.join(['a', 'b c'])",
    "import html\nresult = html.escape('<a>')",
    "import uuid\nresult = str(uuid.uuid5(uuid.NAMESPACE_DNS, 'example.org')), uuid.uuid3(uuid.NAMESPACE_URL, 'x').hex",
    # numbers
    "import math\nresult = math.ceil(1.2), math.pi, math.gcd(12, 18), math.comb(5, 2), math.isnan(math.nan), "
    "math.prod([2, 3])",
    "import statistics\nresult = statistics.mean([1, 2, 3]), statistics.median([3, 1, 2])",
    "import ast\nresult = ast.literal_eval(\"{'a': [1, (2, None)]}\")",
    # paths
    "import os\nresult = os.path.join('/a', 'b', 'c.py'), os.path.splitext('x.tar.gz'), "
    "os.path.dirname('/a/b/c'), os.sep",
    "import os.path\nresult = os.path.basename('/a/b.py'), os.path.normpath('/a/../b'), os.path.abspath('/a/./b')",
    "from os import path\nresult = path.isabs('/a'), path.relpath('/a/b', '/a'), path.split('/a/b')",
    "from pathlib import Path\np = Path('/data') / 'in' / 'x.csv'\n"
    "result = str(p), p.name, p.stem, p.suffix, str(p.parent), p.parts, p.as_posix(), str(p.with_suffix('.json'))",
    "from pathlib import PurePosixPath as P\nresult = P('/a/b').is_relative_to('/a'), str(P('/a/b').relative_to('/a'))",
    "from pathlib import Path\nresult = Path('/a') == Path('/a'), f'{Path(\"/a\")}/b', str('/x' / Path('y')), "
    "str(Path('/a/b/c').parents[1]), Path('x').is_absolute(), {Path('a'): 1}[Path('a')]",
    "import os\nfrom pathlib import Path\nresult = os.path.join(Path('/a'), 'b'), os.fspath(Path('x'))",
    # what has no effect
    "import logging\nlog = logging.getLogger(__name__)\nlog.setLevel(logging.INFO)\nlog.info('x %s', 1)\n"
    "logging.basicConfig(level='INFO')\nresult = log.warning('x'), logging.DEBUG",
    "import warnings\nresult = warnings.warn",
    "from typing import Any, Optional, TYPE_CHECKING, cast, NewType, Dict\nId = NewType('Id', str)\n"
    "if TYPE_CHECKING:\n    import nothing\ndef f(x: Optional[str] = None) -> Dict[str, Any]:\n    return {'x': x}\n"
    "result = cast(int, '3'), Id('a'), f('b')",
    "from typing import NamedTuple\nP = NamedTuple('P', [('x', int)])\nresult = P(3).x",
    "from abc import ABC, abstractmethod\nclass A(ABC):\n    @abstractmethod\n    def f(self): ...\n"
    "class B(A):\n    def f(self):\n        return 1\nresult = B().f()",
    "import copy\na = {'x': [1, 2]}\nb = copy.deepcopy(a)\nc = copy.copy(a)\nb['x'].append(3)\n"
    "c['x'].append(4)\nresult = a",
    "import sys\nsys.path.insert(0, '/x')\nsys.path.append('y')\nresult = sys.maxsize > 5",
    "from types import SimpleNamespace, MappingProxyType\nn = SimpleNamespace(a=1)\nn.b = 2\n"
    "result = n.a + n.b, MappingProxyType({'k': 1})['k']",
    "import threading\nlock = threading.Lock()\nwith lock:\n    result = 1",
    "import time\ntime.sleep(0)\nresult = 1",
]


def by_python(text: str) -> Any:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(textwrap.dedent(text), names)
    return names["result"]


@pytest.mark.parametrize("text", [item for item in SNIPPETS if "warnings.warn" not in item])
def test_same_as_python(text: str) -> None:
    names, machine = run(text)
    assert names["result"] == by_python(text)
    assert repr(names["result"]).replace("Path(", "") == repr(by_python(text)).replace("Path(", "")
    assert not machine.doubts


RAISES = [
    ("import json\njson.loads('{')", "json.JSONDecodeError"),
    ("import json\njson.dumps({1, 2})", "TypeError"),
    ("import datetime\ndatetime.date(2024, 13, 1)", "ValueError"),
    ("from datetime import datetime\ndatetime.strptime('x', '%Y')", "ValueError"),
    ("import re\nre.compile('(')", "re.error"),
    ("import math\nmath.sqrt(-1)", "ValueError"),
    ("from zoneinfo import ZoneInfo\nZoneInfo('Nowhere/Else')", "zoneinfo.ZoneInfoNotFoundError"),
    ("from collections import namedtuple\nnamedtuple('P', 'x class')", "ValueError"),
    ("from collections import namedtuple\nnamedtuple('P', 'x')(1, 2)", "TypeError"),
    ("from collections import defaultdict\ndefaultdict(None)['a']", "KeyError"),
    ("from string import Template\nTemplate('$a').substitute()", "KeyError"),
    ("import sys\nsys.exit(1)", "SystemExit"),
    ("from pathlib import Path\nPath('/a').relative_to('/b')", "ValueError"),
    ("import hashlib\nhashlib.md5('text')", "TypeError"),
    ("import ast\nast.literal_eval('1 +')", "SyntaxError"),
    ("import pendulum\npendulum.datetime(2024, 2, 30)", "ValueError"),
    ("from functools import reduce\nreduce(lambda a, b: a, [])", "TypeError"),
]


@pytest.mark.parametrize(("text", "name"), RAISES)
def test_raises_as_python_does(text: str, name: str) -> None:
    with pytest.raises(PyRaise) as raised:
        run(text)
    assert raised.value.name == name


UNKNOWN = [
    ("import os\nresult = os.environ['HOME']", "the environment variable HOME is known only in the deployment"),
    ("import os\nresult = os.environ.get('HOME', 'x')", "environment variable HOME"),
    ("from os import getenv\nresult = getenv('HOME')", "environment variable HOME"),
    ("import os\nresult = os.getcwd()", "working directory"),
    ("import os\nresult = os.path.exists('/tmp')", "known only in the deployment"),
    ("import os\nresult = os.path.abspath('x')", "working directory"),
    ("import os\nresult = os.path.expanduser('~/x')", "deployment"),
    ("from pathlib import Path\nresult = Path('/tmp').exists()", "known only in the deployment"),
    ("from pathlib import Path\nresult = list(Path('/tmp').glob('*'))", "known only in the deployment"),
    ("from pathlib import Path\nresult = Path('/tmp/x').read_text()", "known only in the deployment"),
    ("from pathlib import Path\nresult = Path.cwd() / 'x'", "working directory"),
    ("from pathlib import Path\nresult = Path(__file__).parent", "where the project lies"),
    ("from datetime import datetime\nresult = datetime(2024, 1, 1).timestamp()", "local time zone"),
    ("from datetime import datetime\nresult = datetime.fromtimestamp(0)", "local time zone"),
    ("import sys\nresult = sys.version_info >= (3, 9)", "interpreter"),
    ("import json\nresult = json.load(open('x.json'))", ""),
    ("import pendulum\nresult = pendulum.datetime(2024, 1, 1, tz='local')", "local time zone"),
    ("import pendulum\nresult = pendulum.duration(months=1)", "no fixed length"),
    ("import pendulum\nresult = pendulum.datetime(2024, 1, 2) - pendulum.datetime(2024, 1, 1)", "interval"),
    ("import json\nimport os\nresult = json.dumps({'a': os.environ['X']})", "environment variable X"),
    ("import copy\nimport os\nresult = copy.deepcopy({'a': os.environ['X'], 'b': 1})['a']", "environment variable X"),
    ("from collections import Counter\nimport os\nresult = Counter([os.environ['X']])", "environment variable X"),
]
CLOCKS = [
    "from datetime import datetime\nresult = datetime.now()",
    "from datetime import date\nresult = date.today().isoformat()",
    "import time\nresult = time.time()",
    "import pendulum\nresult = pendulum.today('UTC')",
    "import pendulum\nresult = pendulum.now()",
    "import random\nresult = random.choice([1, 2])",
    "import random\nrandom.seed(1)\nresult = random.random()",
    "import uuid\nresult = uuid.uuid4()",
    "import secrets\nresult = secrets.token_hex(4)",
    "import datetime\nresult = f'{datetime.datetime.utcnow()}'",
]


@pytest.mark.parametrize(("text", "why"), UNKNOWN)
def test_unknown_with_a_reason(text: str, why: str) -> None:
    names, _ = run(text)
    assert isinstance(names["result"], Unknown)
    assert why in names["result"].why
    assert not names["result"].clock


@pytest.mark.parametrize("text", CLOCKS)
def test_what_changes_from_run_to_run(text: str) -> None:
    names, _ = run(text)
    assert isinstance(names["result"], Unknown)
    assert names["result"].clock


BOMBS = [
    "import itertools\nlist(itertools.product(range(1000), repeat=5))",
    "import itertools\nlist(itertools.permutations(range(100)))",
    "import itertools\nlist(itertools.combinations(range(1000), 10))",
    "import itertools\nlist(itertools.repeat(0, 10 ** 12))",
    "import math\nmath.factorial(10 ** 9)",
    "import math\nmath.comb(10 ** 9, 10 ** 8)",
    "import textwrap\ntextwrap.indent('\\n' * 100000, 'x' * 10000)",
    "from string import Template\nTemplate('$a' * 10000).substitute(a='x' * 10000)",
    "import re\nre.sub('a', 'b' * 10000, 'a' * 4000)",
    "import json\njson.loads('[' + ','.join(['1'] * 150000) + ',' + ','.join(['1'] * 150000) + ']')",
    "from collections import Counter\nlist(Counter({'a': 10 ** 12}).elements())",
]


@pytest.mark.parametrize("text", BOMBS)
def test_bounded(text: str) -> None:
    start = time.process_time()
    with pytest.raises(LimitHit):
        run(text)
    assert time.process_time() - start < 2


# Pendulum, dateutil and pytz: expected values written down; the engine tests compare with the real libraries.

DATES = [
    ("pendulum.datetime(2024, 1, 31).isoformat()", "2024-01-31T00:00:00+00:00"),
    ("pendulum.datetime(2024, 3, 31, 2, 30, tz='Europe/Paris').isoformat()", "2024-03-31T03:30:00+02:00"),
    ("pendulum.datetime(2024, 1, 31, tz='Europe/Paris').tzinfo.name", "Europe/Paris"),
    ("pendulum.datetime(2024, 1, 31).add(months=1).to_date_string()", "2024-02-29"),
    ("str(pendulum.datetime(2024, 1, 31))", "2024-01-31 00:00:00+00:00"),
    (
        "(pendulum.datetime(2024, 3, 30, tz='Europe/Paris') + timedelta(days=2)).isoformat()",
        "2024-04-01T01:00:00+02:00",
    ),
    ("pendulum.parse('2024-05-06T07:08:09+02:00').isoformat()", "2024-05-06T07:08:09+02:00"),
    ("pendulum.instance(datetime(2024, 5, 6)).tzinfo.name", "UTC"),
    ("pendulum.timezone('Asia/Tokyo').name", "Asia/Tokyo"),
    ("pendulum.duration(days=1, hours=2).total_seconds()", 93600.0),
    ("pendulum.datetime(2024, 5, 6).start_of('month').format('YYYY-MM-DD')", "2024-05-01"),
    ("pendulum.date(2024, 1, 31).add(months=1).isoformat()", "2024-02-29"),
    ("(datetime(2024, 1, 31) + relativedelta(months=1)).isoformat()", "2024-02-29T00:00:00"),
    ("(datetime(2024, 1, 31) - relativedelta(months=2, days=1)).isoformat()", "2023-11-29T00:00:00"),
    ("(datetime(2024, 1, 31) + relativedelta(day=1, hour=5)).isoformat()", "2024-01-01T05:00:00"),
    ("tz.gettz('Europe/Paris').key", "Europe/Paris"),
    ("pytz.timezone('Europe/Paris').localize(datetime(2024, 7, 1)).isoformat()", "2024-07-01T00:00:00+02:00"),
    ("datetime(2024, 7, 1, tzinfo=pytz.utc).isoformat()", "2024-07-01T00:00:00+00:00"),
]
IMPORTS = (
    "import pendulum\nimport pytz\nfrom datetime import datetime, timedelta\nfrom dateutil import tz\n"
    "from dateutil.relativedelta import relativedelta\n"
)


@pytest.mark.parametrize(("expression", "expected"), DATES)
def test_dates_of_other_libraries(expression: str, expected: Any) -> None:
    names, machine = run(f"{IMPORTS}result = {expression}")
    assert names["result"] == expected
    assert not machine.doubts


@pytest.mark.parametrize(
    "expression",
    [
        "datetime(2024, 7, 1, tzinfo=pytz.timezone('Europe/Paris'))",
        "pytz.timezone('Europe/Paris').localize(datetime(2024, 3, 31, 2, 30))",
        "relativedelta(datetime(2024, 1, 1), datetime(2023, 1, 1))",
        "pendulum.datetime(2024, 1, 1).diff_for_humans()",
        "pendulum.datetime(2024, 1, 1).format('wo')",
        "pendulum.parse('next tuesday')",
        "pendulum.from_format('2024', 'YYYY')",
    ],
)
def test_dates_that_are_not_modelled(expression: str) -> None:
    names, _ = run(f"{IMPORTS}result = {expression}")
    assert isinstance(names["result"], Unknown)


def test_every_file_loads_and_names_its_own_module() -> None:
    for package, _ in library.FILES.items():
        module = library._load(f"{package}.x")
        assert module is not None
        tops = {name.partition(".")[0] for name in [*module.FUNCTIONS, *getattr(module, "CONSTANTS", {})]}
        assert package in tops
        assert tops <= set(library.FILES)


def test_loading_is_lazy_and_quick() -> None:
    code = (
        "import time, sys\nfrom dagport.evaluate import domain\nstart = time.process_time()\n"
        "from dagport.evaluate import library\nlibrary.function('datetime.datetime')\n"
        "assert 'dagport.evaluate.library.pendulum' not in sys.modules\n"
        "for name in library.FILES:\n    library.function(name + '.x')\n"
        "print(time.process_time() - start)\n"
        "heavy = {'hashlib', 'statistics', 'uuid', 'textwrap', 'logging'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert float(done.stdout) < 0.2  # about 0.03 on a quiet machine


@pytest.mark.parametrize(
    ("name", "harmless"),
    [
        ("requests.get", True),
        ("pandas.DataFrame", True),
        ("importlib.metadata.version", True),
        ("importlib.import_module", False),
        ("threading.Thread", False),
        ("concurrent.futures.ThreadPoolExecutor", False),
        ("airflow.models.DAG", False),
        ("company.dags.make", False),
    ],
)
def test_harmless(name: str, harmless: bool) -> None:
    assert library.is_harmless(name) is harmless
