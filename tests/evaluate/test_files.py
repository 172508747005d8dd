"""Paths that begin at ``__file__``, and the project's files that are read through them."""

# ruff: noqa: E501 - a line a case

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from dagport.evaluate.domain import PyRaise, SourceFile, Unknown
from dagport.evaluate.paths import LocatedPath
from dagport.options import Deployment
from tests.evaluate.projects import run, write

HEADER = """\
import configparser, csv, glob, io, json, os, os.path, tomllib, yaml, jinja2
from pathlib import Path, PurePath
HERE = os.path.dirname(__file__)
P = Path(__file__)
ROOT = P.parents[2]
"""
LOCATED = {  # an expression: where it leads
    "__file__": "/dags/team/snippet.py",
    "HERE": "/dags/team",
    "os.path.dirname(HERE)": "/dags",
    "os.path.dirname(os.path.dirname(HERE))": "",
    "os.path.join(HERE, 'x', 'y.yaml')": "/dags/team/x/y.yaml",
    "os.path.join(HERE, '')": "/dags/team/",
    "os.path.join('x', HERE, 'y')": "/dags/team/y",
    "os.path.join(os.path.dirname(os.path.dirname(HERE)), 'config')": "/config",
    "os.path.join(HERE, '..', 'x')": "/dags/team/../x",
    "os.path.abspath(os.path.join(HERE, '..', 'x'))": "/dags/x",
    "os.path.normpath(HERE + '/../../config/.')": "/config",
    "os.path.realpath(__file__)": "/dags/team/snippet.py",
    "HERE + '/x'": "/dags/team/x",
    "HERE + os.sep + 'x' + os.sep + 'y'": "/dags/team/x/y",
    "f'{HERE}/x/{1 + 1}.sql'": "/dags/team/x/2.sql",
    "f'{P.parent}/x'": "/dags/team/x",
    "f'{str(P)}'": "/dags/team/snippet.py",
    "'%s/x' % HERE": "/dags/team/x",
    "__file__[:-3] + '.yaml'": "/dags/team/snippet.yaml",
    "os.path.splitext(__file__)[0] + '.yaml'": "/dags/team/snippet.yaml",
    "__file__.removesuffix('.py') + '.yaml'": "/dags/team/snippet.yaml",
    "__file__.rsplit('/', 1)[0]": "/dags/team",
    "__file__.rpartition('/')[0]": "/dags/team",
    "os.path.split(__file__)[0]": "/dags/team",
    "str(P)": "/dags/team/snippet.py",
    "P.as_posix()": "/dags/team/snippet.py",
    "os.fspath(P)": "/dags/team/snippet.py",
    "P": "/dags/team/snippet.py",
    "P.parent": "/dags/team",
    "P.parents[0]": "/dags/team",
    "P.parent.parent.parent": "",
    "ROOT": "",
    "ROOT / 'config'": "/config",
    "P.resolve().parent / 'x' / 'y'": "/dags/team/x/y",
    "P.absolute().with_suffix('.yaml')": "/dags/team/snippet.yaml",
    "P.with_name('x.sql')": "/dags/team/x.sql",
    "P.parent.joinpath('x', 'y')": "/dags/team/x/y",
    "Path(HERE, 'x')": "/dags/team/x",
    "Path(HERE) / Path('x/y')": "/dags/team/x/y",
    "Path('x') / P": "/dags/team/snippet.py",
    "Path(os.path.join(HERE, 'x'))": "/dags/team/x",
    "(P.parent / '..' / 'x')": "/dags/team/../x",
    "(P.parent / '..' / 'x').resolve()": "/dags/x",
    "next(iter(sorted(ROOT.glob('config/*.json'))))": "/config/.hidden.json",
    "sorted(glob.glob(str(ROOT / 'config' / '*.json')))[0]": "/config/a.json",
}
KNOWN: dict[str, Any] = {  # an expression: its value
    "os.path.basename(__file__)": "snippet.py",
    "os.path.basename(HERE)": "team",
    "os.path.splitext(os.path.basename(__file__))": ("snippet", ".py"),
    "os.path.splitext(__file__)[1]": ".py",
    "os.path.relpath(__file__, os.path.dirname(HERE))": "team/snippet.py",
    "os.path.relpath(HERE, __file__)": "..",
    "os.path.isabs(HERE)": True,
    "__file__.endswith('.py')": True,
    "__file__.endswith(('.yaml', '.yml'))": False,
    "__file__.split('/')[-1]": "snippet.py",
    "__file__.split('/')[-2]": "team",
    "__file__[-3:]": ".py",
    "'team' in __file__": True,
    "isinstance(__file__, str)": True,
    "isinstance(P, (str, bytes))": False,
    "isinstance(P, PurePath)": True,
    "__file__ == HERE + '/snippet.py'": True,
    "P == Path(HERE) / 'snippet.py'": True,
    "P.parent == P": False,
    "bool(__file__)": True,
    "P.name, P.stem, P.suffix": ("snippet.py", "snippet", ".py"),
    "P.parent.name": "team",
    "P.parts[-2:][0] if False else P.parts[-1]": "snippet.py",
    "str(P.relative_to(ROOT))": "dags/team/snippet.py",
    "P.is_relative_to(ROOT)": True,
    "ROOT.is_relative_to(P)": False,
    "P.match('*.py')": True,
    "P.exists()": True,
    "P.is_dir()": False,
    "os.path.isdir(HERE)": True,
    "os.path.isfile(HERE)": False,
    "(ROOT / 'config').is_dir()": True,
    "(ROOT / 'dags' / '..' / 'config' / 'b.json').read_text()": "[]",
    "len(os.listdir(ROOT / 'config'))": 5,
    "sorted(os.listdir(str(ROOT / 'config')))": [".hidden.json", "a.json", "b.json", "c.txt", "deep"],
    "'a.json' in os.listdir(ROOT / 'config')": True,
    "sorted(os.path.basename(f) for f in glob.glob(f'{ROOT}/config/*'))": ["a.json", "b.json", "c.txt", "deep"],
    "sorted(os.path.basename(f) for f in glob.glob(f'{ROOT}/**/*.json', recursive=True))": [
        "a.json",
        "b.json",
        "d.json",
    ],
    "sorted(f.name for f in ROOT.rglob('*.json'))": [".hidden.json", "a.json", "b.json", "d.json"],
    "sorted(f.name for f in (ROOT / 'config').glob('[ab].json'))": ["a.json", "b.json"],
    "sorted(f.name for f in (ROOT / 'config').iterdir() if f.is_file())": [".hidden.json", "a.json", "b.json", "c.txt"],
    "sorted(glob.glob('*.json', root_dir=ROOT / 'config'))": ["a.json", "b.json"],
    "sorted(e.name for e in os.scandir(ROOT / 'config') if e.is_dir())": ["deep"],
    "sorted(f for _, _, files in os.walk(ROOT / 'config') for f in files)": [
        ".hidden.json",
        "a.json",
        "b.json",
        "c.txt",
        "d.json",
    ],
    "open(ROOT / 'config' / 'c.txt').read()": "one\ntwo\nthree",
    "(ROOT / 'config' / 'c.txt').read_bytes()": b"one\ntwo\r\nthree",
    "open(f'{ROOT}/config/c.txt', 'rb').read()": b"one\ntwo\r\nthree",
    "open(f'{ROOT}/config/c.txt').readlines()": ["one\n", "two\n", "three"],
    "[line.strip() for line in open(f'{ROOT}/config/c.txt')]": ["one", "two", "three"],
    "open(f'{ROOT}/config/c.txt').read(3)": "one",
    "(lambda f: (f.readline(), f.read()))(open(f'{ROOT}/config/c.txt'))": ("one\n", "two\nthree"),
    "(P.parent / 'utf8.txt').read_text()": "zo\xeb",
    "(P.parent / 'latin.txt').read_text(encoding='latin-1')": "zo\xeb",
    "(P.parent / 'latin.txt').open(errors='replace').read()": "zo\ufffd",
    "io.open(P.parent / 'utf8.txt', encoding='utf-8').read()": "zo\xeb",
    "json.load(open(ROOT / 'config' / 'a.json'))": {"x": [1, 2]},
    "json.loads((ROOT / 'config' / 'a.json').read_bytes())": {"x": [1, 2]},
    "yaml.safe_load(open(P.with_name('near.yaml')))": {"k": 1},
    "tomllib.load(open(ROOT / 'pyproject.toml', 'rb'))": {"tool": {"x": {"y": 1}}},
    "list(csv.reader(io.StringIO('a,b\\n\"c,d\",e\\n')))": [["a", "b"], ["c,d", "e"]],
    "list(csv.DictReader(['a;b', '1;2'], delimiter=';'))": [{"a": "1", "b": "2"}],
    "csv.DictReader(['a,b', '1,2']).fieldnames": ["a", "b"],
    "yaml.safe_load('[yes, no, on, ~, 0o17, 017, 1_000, 1e3, 1.5e+3, 12:30, .inf, 2026-01-02]')[:9]": [
        True,
        False,
        True,
        None,
        "0o17",
        15,
        1000,
        "1e3",
        1500.0,
    ],
    "yaml.safe_load('d: 2026-01-02')['d']": datetime.date(2026, 1, 2),
    "yaml.load('a: &x {b: 1}\\nc: {<<: *x, d: 2}', Loader=yaml.FullLoader)": {"a": {"b": 1}, "c": {"b": 1, "d": 2}},
    "list(yaml.safe_load_all('a: 1\\n---\\n- 2'))": [{"a": 1}, [2]],
    "yaml.load('[1, yes]', Loader=yaml.BaseLoader)": ["1", "yes"],
    "yaml.safe_load('')": None,
    "yaml.dump({'b': [1, 'x'], 'a': None})": "a: null\nb:\n- 1\n- x\n",
    "yaml.safe_dump({'b': 1, 'a': 2}, sort_keys=False)": "b: 1\na: 2\n",
    "jinja2.Template('{{ a }}{% for x in xs %}{{ loop.index }}{{ x }}{% endfor %}').render(a=1, xs=['p', 'q'])": "11p2q",
    "jinja2.Environment(loader=jinja2.FileSystemLoader(str(ROOT / 'config'))).get_template('c.txt').render()": "one\ntwo\nthree",
    "jinja2.Environment(trim_blocks=True).from_string('{% if a %}\\nyes{% endif %}').render({'a': True})": "yes",
}
UNKNOWN = {  # an expression: a part of the reason
    "str(P) + HERE": "where the project lies",
    "len(__file__)": "where the project lies",
    "__file__[0]": "where the project lies",
    "__file__.replace('.py', '')": "where the project lies",
    "__file__ == '/opt/airflow/dags/snippet.py'": "where the project lies",
    "f'echo {HERE}'": "where the project lies",
    "'/'.join([HERE, 'x'])": "",
    "ROOT.name": "where the project lies",
    "ROOT.parent": "leads out of the project",
    "P.parents[3]": "leads out of the project",
    "os.path.dirname(os.path.dirname(os.path.dirname(HERE)))": "leads out of the project",
    "open(os.path.join(HERE, '..', '..', '..', 'x')).read()": "leads out of the project",
    "(ROOT / '..' / 'x').read_text()": "leads out of the project",
    "os.path.normpath(HERE + '/../../../x')": "leads out of the project",
    "(ROOT / 'no').exists()": "the project has no file `no`",
    "os.path.isfile(HERE + '/no.yaml')": "the project has no file `dags/team/no.yaml`",
    "open(HERE + '/no.yaml').read()": "the project has no file `dags/team/no.yaml`",
    "glob.glob(HERE + '/no/*.yaml')": "the project has no file `dags/team/no`",
    "open('config/a.json').read()": "begin the path at __file__",
    "Path('config').exists()": "begin the path at __file__",
    "glob.glob('*.json')": "begin the path at __file__",
    "open('/opt/airflow/dags/x.yaml').read()": "`/opt/airflow/dags/x.yaml` is known only in the deployment",
    "Path('/etc/x').read_text()": "known only in the deployment",
    "os.listdir('.')": "begin the path at __file__",
    "len(os.listdir(HERE))": "__pycache__",
    "[n for n in os.listdir(HERE)][0]": "__pycache__",
    "os.listdir(ROOT / 'config')[0]": "use sorted",
    "next(ROOT.glob('config/*.json'))": "use sorted",
    "glob.glob(f'{ROOT}/config/**')": "",
    "os.path.getmtime(__file__)": "the disk",
    "P.stat().st_size": "the disk",
    "open(P, encoding='utf-16').read()": "this encoding",
    "yaml.load('a: 1')": "use yaml.safe_load",
    "yaml.full_load('!!python/name:os.system')": "makes an object",
    "yaml.safe_load('&a [*a]')": "holds itself",
    "yaml.safe_load('[' * 100 + ']' * 100)": "nested",
    "yaml.safe_load('9' * 1000)": "too long",
    "jinja2.Template('{{ x }}').render(x=object())": "",
    "jinja2.Template('{% include \"x\" %}').render()": "isn't followed",
    "jinja2.Template('{{ x.__class__ }}').render(x=1)": "isn't followed",
    "jinja2.Template('{% for a in range(999) %}{% for b in range(999) %}{% endfor %}{% endfor %}').render()": "too long",
    "jinja2.Template('{{ \"a\" * 1000000000 }}').render()": "repeats",
    "jinja2.Template('{{ \"%1000000000d\" % 1 }}').render()": "formats",
    "jinja2.Template('{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}').render()": "isn't followed",
    "jinja2.Template('{{ x }}', undefined=jinja2.DebugUndefined).render()": "options",
    "tomllib.loads('x = ' + '[' * 100 + ']' * 100)": "nested",
    "json.load(open(ROOT / 'config' / 'a.json'), object_hook=dict)": "these arguments",
    "yaml.dump({}, Dumper=yaml.SafeDumper)": "these arguments",
    "jinja2.FileSystemLoader(HERE, encoding='latin-1')": "these arguments",
    "tomllib.loads('x = 1.0', parse_float=str)": "these arguments",
    "(lambda **k: open(P, **k))(**json.loads(os.getcwd())).read()": "working directory",
    "sorted(ROOT.glob('*.toml', case_sensitive=False))": "these arguments",
    "configparser.ConfigParser(interpolation=configparser.ExtendedInterpolation())": "",
}
RAISES = {  # an expression: the exception's class
    "open(HERE)": "IsADirectoryError",
    "os.listdir(__file__)": "NotADirectoryError",
    "json.load(open(ROOT / 'config' / 'c.txt'))": "json.JSONDecodeError",
    "yaml.safe_load('a: [')": "yaml.YAMLError",
    "yaml.safe_load('!!python/object/apply:os.system [ls]')": "yaml.YAMLError",
    "yaml.safe_load('d: 2026-13-45')": "ValueError",
    "(P.parent / 'latin.txt').read_text()": "UnicodeDecodeError",
    "tomllib.loads('x')": "tomllib.TOMLDecodeError",
    "tomllib.load(open(ROOT / 'pyproject.toml'))": "TypeError",
    "P.relative_to(ROOT / 'config')": "ValueError",
    "len(ROOT.glob('*'))": "TypeError",
    "jinja2.Template('{% if %}').render()": "jinja2.exceptions.TemplateSyntaxError",
    "jinja2.Environment(undefined=jinja2.StrictUndefined).from_string('{{ x }}').render()": "jinja2.exceptions.UndefinedError",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    write(folder)
    write(folder, {"dags/team/snippet.py": "", "../names.txt": "outside"})
    return folder


@pytest.mark.parametrize("expression", LOCATED)
def test_leads_into_the_project(root: Path, expression: str) -> None:
    names, machine = run(root, f"{HEADER}result = {expression}")
    value = names["result"]
    text = value.text if isinstance(value, LocatedPath) else value
    assert isinstance(text, SourceFile)
    assert text.rest == LOCATED[expression]
    assert machine.doubts == []


@pytest.mark.parametrize("expression", KNOWN)
def test_known(root: Path, expression: str) -> None:
    names, machine = run(root, f"{HEADER}result = {expression}")
    assert names["result"] == KNOWN[expression]
    assert type(names["result"]) is type(KNOWN[expression])
    assert machine.doubts == []


@pytest.mark.parametrize("expression", UNKNOWN)
def test_unknown(root: Path, expression: str) -> None:
    names, machine = run(root, f"{HEADER}result = {expression}")
    value = names["result"]
    said = [value.why] if isinstance(value, Unknown) else [doubt.message for doubt in machine.doubts]
    said += [machine.truth(value) for _ in "x" if not said and machine.truth(value) is None]  # type: ignore[misc]
    assert said
    assert isinstance(value, Unknown) is False or UNKNOWN[expression] in value.why


@pytest.mark.parametrize("expression", RAISES)
def test_raises(root: Path, expression: str) -> None:
    with pytest.raises(PyRaise) as raised:
        run(root, f"{HEADER}result = {expression}")
    assert raised.value.name == RAISES[expression]


def test_links_out_of_the_project_lead_nowhere(tmp_path: Path) -> None:
    write(tmp_path / "outside", {"secret.txt": "x"})
    write(tmp_path / "project", {"dags/team/snippet.py": ""})
    (tmp_path / "project" / "link").symlink_to(tmp_path / "outside")
    (tmp_path / "project" / "dags" / "one.txt").symlink_to(tmp_path / "outside" / "secret.txt")
    names, _ = run(
        tmp_path / "project",
        HEADER + "a = open(ROOT / 'link' / 'secret.txt').read()\nb = (ROOT / 'dags' / 'one.txt').exists()\n"
        "c = (ROOT / 'link' / '..' / 'outside' / 'secret.txt').exists()",
    )
    assert all(isinstance(names[name], Unknown) for name in "abc")


def test_links_inside_are_followed(tmp_path: Path) -> None:
    write(tmp_path, {"dags/team/snippet.py": "", "shared/x.txt": "here"})
    (tmp_path / "dags" / "shared").symlink_to(tmp_path / "shared")
    text = (
        "a = (ROOT / 'dags' / 'shared' / 'x.txt')\nb = a.read_text()\nc = str(a.resolve().relative_to(ROOT.resolve()))"
    )
    names, _ = run(tmp_path, HEADER + text)
    assert (names["b"], names["c"]) == ("here", "shared/x.txt")


@pytest.mark.parametrize(
    "change",
    [
        "open(ROOT / 'config' / 'a.json', 'w')",
        "(ROOT / 'config' / 'a.json').write_text('1')",
        "os.remove(ROOT / 'config' / 'a.json')",
        "os.rename(ROOT / 'config' / 'b.json', ROOT / 'config' / 'a.json')",
        "__import__('shutil').copy(ROOT / 'config' / 'b.json', f'{ROOT}/config/a.json')",
    ],
)
def test_what_is_written_is_not_known_any_more(root: Path, change: str) -> None:
    names, _ = run(
        root, f"{HEADER}import shutil\n{change}\na = (ROOT / 'config' / 'a.json').read_text()\nb = P.exists()"
    )
    assert isinstance(names["a"], Unknown)
    assert names["b"] is True


def test_folders_that_are_there_are_made_without_effect(root: Path) -> None:
    text = "os.makedirs(ROOT / 'config', exist_ok=True)\n(ROOT / 'config').mkdir(exist_ok=True)\n"
    names, _ = run(root, f"{HEADER}{text}a = sorted(os.listdir(ROOT / 'config'))")
    assert len(names["a"]) == 5


INI = "[DEFAULT]\nhome = /srv\n[a]\nPath = %(home)s/x\nn = 3\nyes = on\n[b]\nempty =\n"
PARSED: dict[str, Any] = {
    "p.sections()": ["a", "b"],
    "p.get('a', 'path')": "/srv/x",
    "p['a']['PATH']": "/srv/x",
    "p.get('a', 'path', raw=True)": "%(home)s/x",
    "p.getint('a', 'n')": 3,
    "p.getboolean('a', 'yes')": True,
    "p.getfloat('a', 'n')": 3.0,
    "p.get('a', 'no', fallback='f')": "f",
    "p['b'].get('no')": None,
    "p['b'].getint('n', 7)": 7,
    "dict(p.items('a'))": {"home": "/srv", "path": "/srv/x", "n": "3", "yes": "on"},
    "dict(p['b'].items())": {"home": "/srv", "empty": ""},
    "'a' in p, 'c' in p, 'n' in p['a'], p.has_option('b', 'n')": (True, False, True, False),
    "[name for name in p]": ["DEFAULT", "a", "b"],
    "{s: list(p[s]) for s in p.sections()}": {"a": ["path", "n", "yes", "home"], "b": ["empty", "home"]},
    "p.defaults()": {"home": "/srv"},
    "p.options('b')": ["empty", "home"],
}


@pytest.mark.parametrize("expression", PARSED)
def test_ini(tmp_path: Path, expression: str) -> None:
    write(tmp_path, {"dags/team/snippet.py": "", "dags/team/x.ini": INI})
    text = f"{HEADER}p = configparser.ConfigParser()\np.read(HERE + '/x.ini')\nresult = {expression}"
    names, machine = run(tmp_path, text)
    assert names["result"] == PARSED[expression]
    assert machine.doubts == []


def test_ini_that_is_missing_or_unfolds(tmp_path: Path) -> None:
    bomb = "[a]\n" + "".join(f"x{n} = {f'%(x{n - 1})s' * 50 if n else 'x'}\n" for n in range(9))
    write(tmp_path, {"dags/team/snippet.py": "", "dags/team/bomb.ini": bomb})
    text = (
        "p = configparser.ConfigParser()\np.read([HERE + '/no.ini'])\na = p.sections()\n"
        "q = configparser.ConfigParser()\nq.read(HERE + '/bomb.ini')\nb = q.get('a', 'x8')\n"
        "r = configparser.RawConfigParser()\nr.read(HERE + '/bomb.ini')\nc = r.get('a', 'x0')"
    )
    names, _ = run(tmp_path, HEADER + text)
    assert isinstance(names["a"], Unknown)
    assert isinstance(names["b"], Unknown)
    assert names["c"] == "x"


BOMBS = {
    "aliases": "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30)),
    "merges": "a0: &a0 {x: 1, y: 2}\n" + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 60)),
    "nested flow": "[" * 5000,
    "nested blocks": "".join(f"{' ' * n}a:\n" for n in range(300)),
    "long": "- x\n" * 300_000,
    "sexagesimal": "x: " + "1:" * 100_000 + "1",
}


@pytest.mark.parametrize("name", BOMBS)
def test_yaml_bombs(tmp_path: Path, name: str) -> None:
    write(tmp_path, {"dags/team/snippet.py": "", "dags/team/x.yaml": BOMBS[name]})
    names, _ = run(tmp_path, f"{HEADER}result = yaml.safe_load(open(HERE + '/x.yaml'))")
    assert isinstance(names["result"], Unknown)


ONLY_PROJECT_FILES = {  # an expression: its value where nothing but the project's files is deployed
    "(ROOT / 'no').exists()": False,
    "os.path.isfile(HERE + '/no.yaml')": False,
    "os.path.isdir(str(ROOT / 'no' / 'deeper'))": False,
    "(ROOT / 'config').exists()": True,
    "os.path.exists(HERE + '/near.yaml')": True,
}
STILL_UNKNOWN = (
    "(P.parent / '__pycache__').exists()",
    "os.path.exists(HERE + '/x.pyc')",
    "Path('config').exists()",
    "os.path.exists('/etc/no')",
    "(ROOT / '..' / 'no').exists()",
    "(ROOT / 'no').write_text('x') or (ROOT / 'no').exists()",
    "open(HERE + '/no.yaml').read()",
)


@pytest.mark.parametrize("expression", ONLY_PROJECT_FILES)
def test_what_the_project_lacks_is_known_to_be_absent_where_the_user_says_so(root: Path, expression: str) -> None:
    names, machine = run(root, f"{HEADER}result = {expression}", deployment=Deployment(only_project_files=True))
    assert names["result"] is ONLY_PROJECT_FILES[expression]
    assert machine.doubts == []


@pytest.mark.parametrize("expression", STILL_UNKNOWN)
def test_what_is_made_or_lies_elsewhere_stays_unknown(root: Path, expression: str) -> None:
    names, _ = run(root, f"{HEADER}result = {expression}", deployment=Deployment(only_project_files=True))
    assert isinstance(names["result"], Unknown)
