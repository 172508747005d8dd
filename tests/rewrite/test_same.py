"""Functions that are rewritten: what they hand over is the same before and after, seen by running both."""

from __future__ import annotations

from textwrap import dedent

import pytest

from tests.rewrite.world import assert_same

SDK = "from airflow.sdk import DAG, Variable, BaseHook, task, get_current_context\n"

SAME = {
    # how the task instance is reached
    "ti as a parameter": "def f(ti): return ti.xcom_pull('load')",
    "ti with a default": "def f(ti=None): return ti.xcom_pull('load')",
    "task_instance as a parameter": "def f(task_instance): return task_instance.xcom_pull(task_ids='load')",
    "ti from the context": "def f(**context): return context['ti'].xcom_pull(task_ids='load')",
    "task_instance from the context": "def f(**kw): return kw['task_instance'].xcom_pull(task_ids='load')",
    "ti by get": "def f(**kw):\n    ti = kw.get('ti')\n    return ti.xcom_pull('load')",
    "an alias": "def f(**context):\n    ti = context['ti']\n    return ti.xcom_pull('load')",
    "an alias of an alias": "def f(ti):\n    a = ti\n    b = a\n    return b.xcom_pull('load')",
    "an annotated alias": "def f(**context):\n    ti: object = context['ti']\n    return ti.xcom_pull('load')",
    "an alias in each branch": """
        def f(ds, **context):
            if ds > '2026':
                ti = context['ti']
                return ti.xcom_pull('load')
            else:
                ti = context['ti']
                return ti.xcom_pull('other')
        """,
    "the current context": "def f():\n    return get_current_context()['ti'].xcom_pull('load')",
    "an alias of the current context": "def f():\n    c = get_current_context()\n    return c['ti'].xcom_pull('load')",
    "imported in the body": """
        def f():
            from airflow.operators.python import get_current_context as current
            return current()['ti'].xcom_pull('load')
        """,
    "a fallback import in the body": """
        def f():
            try:
                from airflow.sdk import get_current_context
            except ImportError:
                from airflow.operators.python import get_current_context

            return get_current_context()['ds']
        """,
    "an import of two in the body": """
        def f():
            import airflow.models, json
            return json.dumps(airflow.models.Variable.get('bucket'))
        """,
    # pulls
    "a key": "def f(ti): return ti.xcom_pull('load', key='path')",
    "positional key": "def f(ti): return ti.xcom_pull('load', None, 'path')",
    "keywords in another order": "def f(ti): return ti.xcom_pull(key='path', task_ids='load')",
    "the return key spelled out": "def f(ti): return ti.xcom_pull('load', key='return_value')",
    "defaults spelled out": "def f(ti): return ti.xcom_pull('load', include_prior_dates=False, default=None)",
    "a list of tasks": "def f(ti): return ti.xcom_pull(task_ids=['load', 'other'])",
    "a tuple of tasks": "def f(ti): return ti.xcom_pull(task_ids=('load', 'load'), key='n')",
    "a list of one task": "def f(ti): return ti.xcom_pull(task_ids=['load'])[0][0]",
    "an unpacked list": "def f(ti):\n    a, b = ti.xcom_pull(task_ids=['load', 'other'])\n    return [a, b]",
    "nothing was pushed": "def f(ti): return [ti.xcom_pull('none'), ti.xcom_pull('load', key='absent')]",
    "a constant task id": "TASK = 'load'\ndef f(ti): return ti.xcom_pull(TASK)",
    "a built constant": "A = 'lo'\nTASK = A + 'ad'\ndef f(ti): return ti.xcom_pull(f'{TASK}')",
    "a constant list": "TASKS = ['load', 'other']\ndef f(ti): return ti.xcom_pull(TASKS)",
    "a local constant": "def f(ti):\n    task_id = 'load'\n    return ti.xcom_pull(task_id)",
    "a joined constant": "def f(ti): return ti.xcom_pull('lo' 'ad')",
    "in an expression": "def f(ti): return ti.xcom_pull('load')[0] + len(ti.xcom_pull('load'))",
    "in a keyword argument": "def f(ti): return dict(a=ti.xcom_pull('load'), **ti.xcom_pull('other'))",
    "starred": "def f(ti): return max(*ti.xcom_pull('load'))",
    "with a method": "def f(ti): return ti.xcom_pull('load', key='path').upper()",
    "in an f-string": """def f(ti): return f"{ti.xcom_pull('load', key='path')!r:>8} {ti.xcom_pull('load')[0]}" """,
    "in a triple f-string": 'def f(ti): return f"""a {ti.xcom_pull("load", key="path")} "b" {{}}"""',
    "in a comprehension": "def f(ti): return [x + 1 for x in ti.xcom_pull('load') if x in ti.xcom_pull('load')]",
    "in a lambda": "def f(ti): return sorted([2, 1], key=lambda x: -x * ti.xcom_pull('load')[0])",
    "in a nested function": """
        def f(**context):
            ti = context["ti"]
            def inner(x):
                return x + ti.xcom_pull('load')[0]
            return inner(1)
        """,
    "over several lines": """
        def f(ti):
            rows = ti.xcom_pull(
                task_ids='load',  # the first task
                key='rows',
            )
            return rows
        """,
    "the result is changed": "def f(ti):\n    a = ti.xcom_pull('load')\n    a.sort()\n    return a",
    "two pulls, one is changed": """
        def f(ti):
            a = ti.xcom_pull('load')
            a.sort()
            return [a, ti.xcom_pull('load')]
        """,
    "pulled in a loop and changed": """
        def f(ti):
            out = []
            for i in range(3):
                a = ti.xcom_pull('load')
                a.append(i)
                out.append(a)
            return out
        """,
    "in a condition": "def f(ti):\n    if ti.xcom_pull('load'):\n        return 1\n    return 2",
    "walrus": "def f(ti):\n    if (n := ti.xcom_pull('load', key='n')) > 3:\n        return n",
    "conditional": "def f(ti): return ti.xcom_pull('none') or ti.xcom_pull('load')",
    # names that could be captured
    "a result of its own name": "def f(ti):\n    load = ti.xcom_pull('load')\n    return load",
    "its own name, then changed": "def f(ti):\n    load = ti.xcom_pull('load')\n    load = load[:1]\n    return load",
    "a local called run": "def f(ti):\n    xcom = 3\n    ti.xcom_push('a', xcom)\n    print(xcom)",
    # pushes
    "a push": "def f(ti): ti.xcom_push('a', 1)",
    "a push by keyword": "def f(ti): ti.xcom_push(key='a', value=1)",
    "value first": "def f(ti): ti.xcom_push(value=1, key='a')",
    "a push and a return": "def f(ti):\n    ti.xcom_push('a', 1)\n    return 2",
    "a push and a tuple": "def f(ti):\n    ti.xcom_push('a', 1)\n    return 2, 3",
    "a push and a bare return": "def f(ti):\n    ti.xcom_push('a', 1)\n    return",
    "a push and return None": "def f(ti):\n    ti.xcom_push('a', 1)\n    return None  # nothing",
    "a push and a return that is None": "def f(ti):\n    ti.xcom_push('a', 1)\n    return print()",
    "pushes in the middle": "def f(ti):\n    ti.xcom_push('a', 1)\n    x = 2\n    ti.xcom_push('b', x)\n    return x",
    "a push of a key twice": "def f(ti):\n    ti.xcom_push('a', 1)\n    ti.xcom_push('a', 2)",
    "a constant key": "KEY = 'size'\ndef f(ti): ti.xcom_push(KEY, 1)",
    "a key with quotes": "def f(ti): ti.xcom_push('a\"b', 1)",
    "in a branch": "def f(ti, ds):\n    if ds > '3':\n        ti.xcom_push('a', 1)\n    return ds",
    "in a branch on one line": "def f(ti, ds):\n    if ds: ti.xcom_push('a', 1)\n    else: ti.xcom_push('b', 1)",
    "after an early return": "def f(ti, ds):\n    if ds:\n        return 1\n    ti.xcom_push('a', 1)",
    "in a loop": "def f(ti):\n    for i in range(3):\n        ti.xcom_push('last', i)",
    "in try": """
        def f(ti):
            try:
                ti.xcom_push('a', 1)
                raise ValueError
            except ValueError:
                ti.xcom_push('b', 2)
            finally:
                ti.xcom_push('c', 3)
            return 4
        """,
    "in finally, after a return": """
        def f(ti):
            try:
                ti.xcom_push('a', 1)
                return 2
            finally:
                ti.xcom_push('a', 3)
        """,
    "in with": "def f(ti):\n    with open('/dev/null') as null:\n        ti.xcom_push('a', null.read())",
    "two statements in a line": "def f(ti): x = 1; ti.xcom_push('a', x); return x",
    "over several lines pushed": """
        def f(ti):
            ti.xcom_push(
                key='a',
                # the sum
                value=1 +
                2,
            )
            print('done')
        """,
    "a list changed after its push": """
        def f(ti):
            rows = [1]
            ti.xcom_push('rows', rows)
            rows.append(2)
            return len(rows)
        """,
    "a list changed by a helper": """
        def grow(rows):
            rows.append(2)
        def f(ti):
            rows = [1]
            ti.xcom_push('rows', rows)
            grow(rows)
        """,
    "a list changed through another name": """
        def f(ti):
            rows = [1]
            same = rows
            ti.xcom_push('rows', rows)
            same.append(2)
        """,
    "a list changed in the next pass": """
        def f(ti):
            rows = []
            for i in range(3):
                rows.append(i)
                if i == 1:
                    ti.xcom_push('rows', rows)
        """,
    "a list inside a dict changed": "def f(ti):\n    r = [1]\n    ti.xcom_push('d', {'r': r})\n    r.append(2)",
    "values that change one another": """
        def f(ti):
            rows = [1, 2]
            ti.xcom_push('rows', rows)
            ti.xcom_push('last', rows.pop())
        """,
    "a pull that is pushed": "def f(ti): ti.xcom_push('again', ti.xcom_pull('load'))",
    "a lambda is pushed": "def f(ti):\n    ti.xcom_push('a', (lambda: 3)())",
    "fails after a push": "def f(ti):\n    ti.xcom_push('a', 1)\n    raise ValueError('no')",
    # the context
    "an entry": "def f(**context): return context['ds']",
    "an entry as a parameter": "def f(ds): return ds.replace('-', '/')",
    "an entry as a parameter with a default": "def f(ds=None, run_id=''): return ds + run_id",
    "an entry that is changed": "def f(ds):\n    ds = ds[:4]\n    return ds",
    "an entry in a nested function": "def f(ds):\n    def year():\n        return ds[:4]\n    return year()",
    "an entry by get": "def f(**context): return context.get('ds')",
    "an entry by get with a default": "def f(**context): return context.get('ds', 'never')",
    "an entry in an f-string": """def f(**context): return f"{context['ds']}_{context['run_id']}" """,
    "a param": "def f(**context): return context['params']['rate'] * 2",
    "params as a parameter": "def f(params): return params['rate'], params['name']",
    "params as a whole": "def f(params): return dict(**params)",
    "an alias of params": "def f(**context):\n    p = context['params']\n    return p['rate'], p.get('name')",
    "params held as a whole": "def f(**context):\n    p = context['params']\n    return sorted(p), p['rate']",
    "the try number": "def f(ti): return ti.try_number",
    "the run id of the current context": "def f(): return get_current_context()['run_id']",
    "all of it unused": "def f(ds, ti, params=None, **context): return 1",
    "not in the context": "def f(**kwargs): return kwargs.get('limit', 10)",
    "not in the context, no default": "def f(**kwargs): return kwargs.get('limit')",
    "a computed default": "def f(**kwargs): return kwargs.get('limit', 2 + 3) * 2",
    # exceptions, variables, connections
    "AirflowException": "from airflow.exceptions import AirflowException as E\ndef f(): raise E('no')",
    "AirflowException without a call": "from airflow.exceptions import AirflowException as E\ndef f(): raise E",
    "AirflowFailException": "from airflow.sdk.exceptions import AirflowFailException as E\ndef f(): raise E('no')",
    "an exception by its module": "import airflow.exceptions as e\ndef f(): raise e.AirflowFailException('no')",
    "an exception with a cause": """
        from airflow.exceptions import AirflowFailException
        def f():
            try:
                1 / 0
            except ZeroDivisionError as error:
                raise AirflowFailException(f"{error}",) from error
        """,
    "an exception imported in the body": """
        def f(ds):
            from airflow.exceptions import AirflowException

            if ds:
                raise AirflowException("no")
        """,
    "a Variable": "def f(): return Variable.get('bucket')",
    "a Variable with a default": "def f(): return Variable.get('absent', default_var='d'), Variable.get('bucket', 'd')",
    "a Variable of a fallback import": """
        try:
            from airflow.sdk import Variable
        except ImportError:
            from airflow.models import Variable
        def f():
            return Variable.get('bucket')
        """,
    "a connection": "def f():\n    c = BaseHook.get_connection('lake')\n    return f'{c.host}:{c.port}'",
    # shapes of functions
    "a docstring": 'def f(ds):\n    """Say\n    the day."""\n    return ds',
    "a docstring and pushes": 'def f(ti):\n    """Push."""\n    ti.xcom_push("a", 1)\n    ti.xcom_push("b", 2)',
    "a docstring and a push": 'def f(ti):\n    """Push."""\n    ti.xcom_push("a", 1)\n    print()',
    "only a docstring": 'def f():\n    """Nothing."""',
    "only an alias": "def f(**context):\n    ti = context['ti']",
    "an alias alone in a branch": "def f(ds, **c):\n    if ds:\n        ti = c['ti']\n    return 1",
    "a default": "def f(limit=3): return limit",
    "a keyword-only default": "def f(*, limit=3): return limit",
    "tabs": "def f(ti):\n\tif True:\n\t\treturn ti.xcom_pull('load')",
    "two spaces": "def f(ti):\n  x = ti.xcom_pull('load')\n  return x",
    "text with lines": "def f(ti):\n    return '''a\n  b\nc''' + str(ti.xcom_pull('load'))",
    "other letters": "def f(ti):\n    größe = ti.xcom_pull('load')  # größe\n    return 'é' + str(größe)",
    "windows line ends": "def f(ti):\r\n    x = ti.xcom_pull('load')\r\n    return x\r\n",
    "no line end": "def f(ti):\n    return ti.xcom_pull('load')",
    "a match statement": """
        def f(ti):
            match ti.xcom_pull('load'):
                case [first, *rest]:
                    return first, rest
                case _:
                    return None
        """,
}  # fmt: skip


@pytest.mark.parametrize("text", SAME.values(), ids=SAME.keys())
def test_same(text: str) -> None:
    assert_same(SDK + dedent(text))


ARGUMENTS = {
    "constants": ("def f(a, b=2): return a + b", {"a": 1}),
    "all given": ("def f(a, b=2): return a + b", {"a": 1, "b": 5}),
    "a rebound argument": ("def f(a):\n    a += 1\n    return a", {"a": 1}),
    "in the context": ("def f(**kwargs): return kwargs['table'], kwargs['ds']", {"table": "t"}),
    "in the context by get": ("def f(**kwargs): return kwargs.get('table', 'd')", {"table": "t"}),
    "params of its own": ("def f(params): return params['q']", {"params": {"q": 1}}),
    "ds of its own": ("def f(ds, **context): return ds", {"ds": "2020-01-01"}),
    "params of its own, changed": ("def f(params):\n    params['q'] = 2\n    return params", {"params": {"q": 1}}),
    "params of its own, passed on": ("def f(params): return dict(params)", {"params": {"q": 1}}),
    "imported over": ("def f(json):\n    import json\n\n    return json.__name__", {"json": 3}),
    "with pulls": ("def f(key, ti): return ti.xcom_pull('load'), key", {"key": [1]}),
}


@pytest.mark.parametrize(("text", "arguments"), ARGUMENTS.values(), ids=ARGUMENTS.keys())
def test_same_with_arguments(text: str, arguments: dict[str, object]) -> None:
    assert_same(text, arguments=arguments)


HELPERS = {
    "imports": "import json\nfrom os import path as p\nimport os.path\ndef f(): return json.dumps(p.join('a', os.sep))",
    "constants of constants": "A = 1\nB = [A, 2]\nC = {k: B for k in 'ab'}\ndef f(): return C",
    "helpers of helpers": "def h(x): return g(x) + 1\ndef g(x): return x * K\nK = 3\ndef f(): return h(2)",
    "functions that call each other": """
        def even(n): return n == 0 or odd(n - 1)
        def odd(n): return n != 0 and even(n - 1)
        def f(): return even(10)
        """,
    "a class": "class A:\n    K = 1\n    def m(self): return self.K + L\nL = 2\ndef f(): return A().m()",
    "a subclass": "class A:\n    x = 1\nclass B(A):\n    y = 2\ndef f(): return B.x + B.y",
    "a decorated helper": "import functools\n@functools.cache\ndef g(x): return x\ndef f(): return g(3)",
    "a name set twice": "A = 1\nB = A\nA = 2\ndef f(): return A, B",
    "a name that grows": "A = [1]\nA += [2]\nA.append(3)\ndef f(): return A",
    "a dict filled later": "C = {}\nC['x'] = 1\nC.update(y=2)\ndef f(): return C",
    "a dict filled in a loop": "C = {}\nfor k in 'ab':\n    C[k] = k * 2\ndef f(): return C",
    "a list handed to a helper": "def fill(x): x.append(1)\nR = []\nfill(R)\ndef f(): return R",
    "a condition": "import sys\nif sys.version_info >= (3, 0):\n    N = 3\nelse:\n    N = 2\ndef f(): return N",
    "a fallback import": """
        try:
            import nothere as j
        except ImportError:
            import json as j
        def f(): return j.dumps(1)
        """,
    "an import that may be missing": """
        try:
            import nothere
        except ImportError:
            nothere = None
        def f(): return nothere
        """,
    "a logger": "import logging\nlog = logging.getLogger(__name__)\ndef f():\n    log.info('x')\n    return 1",
    "annotations": "from __future__ import annotations\nfrom typing import Any\ndef f():\n    x: Any = 1\n    return x",
    "unpacked constants": "A, (B, *C) = 1, (2, 3, 4)\ndef f(): return A, B, C",
    "a chain": "A = B = 5\ndef f(): return B",
    "a walrus": "A = (B := 3) + 1\ndef f(): return A + B",
    "a global comprehension": "A = [x for x in range(3)]\nx = 9\ndef f(): return A, x",
    "inside the DAG block": """
        with DAG('d'):
            LIMIT = 3

            def twice(x):
                # Two times.
                return x * 2

            @task
            def f():
                return twice(LIMIT)
        """,
    "a seed": "import random\nrandom.seed(3)\ndef f(): return random.random()",
    "the environment": "import os\nos.environ['DAGPORT_TEST'] = 'x'\ndef f(): return os.environ['DAGPORT_TEST']",
    "default_args are only read": """
        default_args = {'retries': 1}
        DAG('d', default_args=default_args)
        def f():
            return default_args
        """,
}


@pytest.mark.parametrize("text", HELPERS.values(), ids=HELPERS.keys())
def test_same_with_helpers(text: str) -> None:
    assert_same(SDK + dedent(text) if "__future__" not in text else text)


def test_a_lambda() -> None:
    text = "g = lambda ti, ds=None: (ds,\n    ti.xcom_pull('load'))"
    new = assert_same(text, "<lambda>", call="g")
    assert new.startswith("def new(")


def test_a_function_in_a_dag_function() -> None:
    text = SDK + dedent('''
        def make(limit):
            import json as j
            sizes = [1, 2]

            @task
            def f(ti):
                """Indented
                text."""
                value = """
            kept
                """
                return j.dumps([limit, sizes, value, ti.xcom_pull('load')])

            return f
        ''')
    new = assert_same(text, closure={"limit": 3, "sizes": [1, 2]}, call="make(3)")
    assert '    """Indented\n    text."""' in new
    assert 'value = """\n    kept\n        """' in new.replace("    kept", "    kept")


def test_a_static_method() -> None:
    assert_same("class Jobs:\n    @staticmethod\n    def f(ds):\n        return ds\n", call="Jobs.f")
