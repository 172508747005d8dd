"""Generated DAG files in real Airflow: with a package of helpers, data files, own operators, closures, generators."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random

from dagport import formats
from dagport.options import ReadOptions
from dagport.source import Source
from dagport.translation import Document
from dagport.workspace import Workspace
from tests.engines import nasty_programs
from tests.engines.compare import Verdict, figures
from tests.engines.environments import environment
from tests.engines.nasty_programs import NastyProgram
from tests.engines.reading import TRUTH, judge
from tests.engines.test_differential import HEADER

BATCH = 100
HELPERS = {
    "__init__.py": """\
from airflow.providers.standard.operators.empty import EmptyOperator
from .steps import Step, Wide
from . import steps as deep
PREFIX = "p"
OPTIONS = {"retries": 3, "owner": "shared"}
COUNT = 0
def make(name, n, kind=EmptyOperator, **kwargs):
    global COUNT
    COUNT += 1
    return kind(task_id=f"{name}_{COUNT}", retries=n, **{**OPTIONS, **kwargs, "retries": n})
class Factory:
    made = []
    def __init__(self, name, **options):
        self.name, self.options = name, options
    def __getattr__(self, name):
        if name.startswith("with_"):
            return lambda value: Factory(self.name, **{**self.options, name[5:]: value})
        raise AttributeError(name)
    def build(self):
        self.made.append(self.name)
        return EmptyOperator(task_id=f"{self.name}_{len(self.made)}", **self.options)
""",
    "steps.py": """\
from airflow.sdk import BaseOperator, TaskGroup
from airflow.providers.standard.operators.bash import BashOperator
class Step(BaseOperator):
    ui_color = "#fff"
    def __init__(self, *, level=1, **kwargs):
        kwargs.setdefault("pool", f"level_{level}")
        super().__init__(**kwargs)
        self.level = level
class Wide(Step):
    def __init__(self, names=("a", "b"), **kwargs):
        super().__init__(level=len(names), **kwargs)
        self.names = list(names)
def ladder(name, rungs):
    with TaskGroup(name) as group:
        last = None
        for rung in rungs:
            task = BashOperator(task_id=f"rung_{rung}", bash_command=f"echo {rung}")
            if last is not None:
                last >> task
            last = task
    return group
""",
    "config.json": '{"tasks": [{"id": "x", "retries": 1}, {"id": "y", "pool": "q"}, {"id": "z"}], "names": ["k", "l"]}',
    "config.yaml": """\
base: &base {owner: yaml, retries: 4}
first: {<<: *base, pool: p1}
second: {<<: *base, retries: 5}
""",
}
DEFINITIONS = """
import yaml
from pathlib import Path
import {package} as shared
from {package}.steps import ladder
FOLDER = Path(__file__).parent / "{package}"
CONFIG = json.loads((FOLDER / "config.json").read_text())
with open(FOLDER / "config.yaml") as stream:
    PROFILES = yaml.safe_load(stream)
class Kind(enum.Enum):
    A = "a"
    B = "b"
@dataclasses.dataclass
class Settings:
    n: int = 1
    names: list = dataclasses.field(default_factory=lambda: ["s"])
    @property
    def pool(self):
        return f"pool_{{self.n}}"
def closure_of(n):
    count = 0
    def build(name):
        nonlocal count
        count += 1
        return E(f"{{name}}_{{n}}_{{count}}", retries=n + count)
    return build
def named_by(n):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(name, *args, **kwargs):
            return function(f"{{name}}_by_{{n}}", *args, **kwargs)
        return wrapper
    return decorate
@named_by(7)
def decorated(name, **kwargs):
    return E(name, **kwargs)
def names_of(name, n):
    for i in range(n % 3 + 1):
        yield f"{{name}}_{{i}}"
def tasks_of(name):
    yield E(f"{{name}}_first")
    yield E(f"{{name}}_second")
def by_kind(name, n):
    match n % 4, name:
        case 0, _:
            return E(f"{{name}}_zero")
        case 1 | 2 as k, str():
            return E(f"{{name}}_k{{k}}", retries=k)
        case _:
            return E(f"{{name}}_else")
def configured(name, config):
    return E(name + "_" + config["id"], **{{key: value for key, value in config.items() if key != "id"}})
def guarded(name, n):
    try:
        value = 10 // (n % 2)
    except ZeroDivisionError as error:
        value = len(str(error))
    else:
        value += 1
    finally:
        name += "_g"
    return E(name, retries=value % 7)
"""
MAKERS = (
    '{v} = shared.make("{v}", {n})',
    '{v} = shared.make("{v}", {n}, kind=shared.Step, owner="me")',
    '{v} = shared.Factory("{v}").with_retries({n}).with_pool("w").build()',
    '{v} = shared.deep.Step(task_id="{v}", level={n})',
    '{v} = shared.Wide(names="abc"[: {n} % 3 + 1], task_id="{v}", owner="w")',
    '{v} = ladder("{v}", range({n} % 3 + 1))',
    '{v} = closure_of({n})("{v}")',
    '{v} = decorated("{v}", retries={n})',
    '{v} = [E(name) for name in names_of("{v}", {n})][-1]',
    '{v} = configured("{v}", CONFIG["tasks"][{n} % 3])',
    '{v} = E("{v}", **PROFILES[["base", "first", "second"][{n} % 3]])',
    '{v} = E(f"{{shared.PREFIX}}_{v}", **shared.OPTIONS)',
    '{v} = functools.partial(E, retries={n})("{v}")',
    '{v} = E("{v}", pool=Settings(n={n}).pool, owner=Settings().names[0])',
    '{v} = {{kind.value: E(f"{v}_{{kind.value}}") for kind in Kind}}["b"]',
    '{v}, *_ = [*tasks_of("{v}")]',
    '{v} = by_kind("{v}", {n})',
    '{v} = guarded("{v}", {n})',
    '{v} = E(name) if (name := "{v}_%03d" % {n}) else None',
    '{v} = next(E(f"{v}_{{i}}") for i in itertools.count({n}) if i % 2)',
    '{v} = list(itertools.accumulate([E("{v}_a"), E("{v}_b"), E("{v}_c")], lambda a, b: a >> b))[-1]',
    '{v} = functools.reduce(lambda a, b: a >> b, [E(f"{v}_{{c}}") for c in CONFIG["names"]])',
    '{v} = max([E("{v}_x", retries={n}), E("{v}_y", retries=3)], key=lambda t: t.retries)',
    '{v} = sorted(map(E, ["{v}_q", "{v}_p"]), key=lambda t: t.task_id)[0]',
)


class ProjectProgram(NastyProgram):
    """A nasty program that leans on a package of its own."""

    def add(self, depth: int, template: str, names: list[str]) -> None:
        """Half of the tasks are made by the helpers."""
        if template in nasty_programs.MAKERS and self.random.random() < 0.6:
            template = self.random.choice(MAKERS)
        super().add(depth, template, names)


def write_case(seed: int, folder: Path) -> Path:
    """Write the DAG file of a seed and its package; every package is of one file, as modules keep their state."""
    package = f"shared_{seed}"
    (folder / package).mkdir()
    for name, text in HELPERS.items():
        (folder / package / name).write_text(text, "utf-8")
    file = folder / f"case_{seed:06d}.py"
    program = ProjectProgram(Random(f"airflow {seed}"))
    file.write_text(program.text(HEADER + DEFINITIONS.format(package=package)), "utf-8")
    return file


def read(file: Path, root: Path) -> Document:
    """A file as dagport reads it in its project."""
    path = file.relative_to(root).as_posix()
    source = Source(path, file.read_text("utf-8"), path)
    options = ReadOptions(workspace=Workspace(root))
    return Document(source, formats.reader("airflow")(source, options))


def verdicts(seeds: Iterable[int], folder: Path) -> Iterator[tuple[Path, Verdict]]:
    """What the comparison says of each DAG of each seed."""
    files = [write_case(seed, folder) for seed in seeds]
    variables = {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    done = environment("airflow3").run([TRUTH, *files], env=variables)
    for file, line in zip(files, done.stdout.splitlines(), strict=True):
        yield from ((file, verdict) for verdict in judge(json.loads(line), read(file, folder)))


def compare(seeds: range) -> tuple[str, bool]:
    """Figures and all that is wrong, and whether anything is."""
    everything: list[Verdict] = []
    wrong: list[str] = []
    for start in range(seeds.start, seeds.stop, BATCH):
        with tempfile.TemporaryDirectory() as folder:
            for file, verdict in verdicts(range(start, min(start + BATCH, seeds.stop)), Path(folder)):
                everything.append(verdict)
                if verdict.name in ("false exact", "invented", "missed"):
                    wrong.append(f"{verdict}\n{file.read_text('utf-8')}")
    return "\n".join([f"{len(seeds)} files, {figures(everything)}", *wrong]), bool(wrong)
