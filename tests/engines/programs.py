"""Random DAG files: programs that use the constructs of real ones, in unusual combinations."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

HEADER = """\
from datetime import datetime, timedelta
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator, BranchPythonOperator
from airflow.providers.standard.operators.python import ShortCircuitOperator
from airflow.sdk import DAG, Asset, Label, TaskGroup, chain, cross_downstream, dag, task, task_group

def work(*args, **kwargs):
    return args

@task
def flow(*args, **kwargs):
    return 1

@task.branch(retries=1)
def pick(value=None):
    return "x"
"""
RULES = (
    "all_done",
    "one_failed",
    "none_failed",
    "none_failed_min_one_success",
    "always",
    "one_success",
    "all_failed",
)
SCHEDULES = (
    "None", '"@daily"', '"*/5 * * * *"', "timedelta(hours=3)", '"@once"', '[Asset("a"), Asset("b")]',
    'Asset("a") | Asset("b")', '"@weekly"', "timedelta(days=2, minutes=1)",
)  # fmt: skip
SETTINGS = (
    "retries={n}", "retry_delay=timedelta(minutes={n})", 'owner="team{n}"', 'pool="p{n}"', 'queue="q{n}"',
    "priority_weight={n}", "depends_on_past=True", "execution_timeout=timedelta(seconds={n})",
    'doc_md="d{n}"', "wait_for_downstream=True", "pool_slots={n}", 'outlets=[Asset("o{n}")]',
)  # fmt: skip
STATEMENTS = ("task", "task", "flow", "mapped", "loop", "comprehension", "condition", "edge", "edge")
GROUPS = ("group", "decorated_group")
GROUP_OPTIONS = ("", ", prefix_group_id=False", ', tooltip="tip"', ", default_args=dict(retries=8)")
CONDITIONS = ("True", "False", "1 < 2", "not []", "len('abcd') > 3", "'a' in {'b': 1}")


@dataclass(frozen=True)
class Node:
    """A variable that an edge can end in, and the numbers of the first and last task it stands for."""

    name: str
    first: int
    last: int

    def single(self) -> str:
        """An expression for one end, where the variable holds a list."""
        return f"{self.name}[-1]" if self.name[0] in "lc" else self.name


@dataclass
class Program:
    """Writes one file, a construct at a time."""

    random: Random
    lines: list[str] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    count: int = 0  # tasks so far
    names: int = 0  # names given so far

    def text(self) -> str:
        """One to three DAGs."""
        for number in range(self.random.randint(1, 3)):
            self.nodes.clear()
            self.dag(number)
        return HEADER + "\n".join(self.lines) + "\n"

    def fresh(self, prefix: str) -> str:
        self.names += 1
        return f"{prefix}{self.names}"

    def settings(self, most: int = 3) -> str:
        picked = self.random.sample(SETTINGS, self.random.randint(0, most))
        return "".join(", " + item.format(n=self.random.randint(1, 9)) for item in picked)

    def dag(self, number: int) -> None:
        name, schedule = f"dag{number}", self.random.choice(SCHEDULES)
        defaults = self.settings(2).removeprefix(", ")
        arguments = (
            f'schedule={schedule}, start_date=datetime(2026, {number + 1}, 1), tags=["t{number}"], '
            f"default_args=dict({defaults}), catchup={self.random.choice(['True', 'False'])}"
        )
        style = self.random.randrange(3)
        if style == 0:
            self.lines.append(f'with DAG("{name}", {arguments}) as {name}:')
            self.body(1)
        elif style == 1:
            self.lines += [f'@dag(dag_id="{name}", {arguments})', f"def make{number}():"]
            self.body(1)
            self.lines.append(f"{name} = make{number}()")
        else:
            self.lines += [f"def build{number}():", f'    with DAG("{name}", {arguments}) as dag:']
            self.body(2)
            self.lines += ["    return dag", f"globals()['{name}_object'] = build{number}()"]

    def body(self, depth: int, level: int = 0) -> None:
        """The statements of a DAG or a group; never none."""
        kinds = [*STATEMENTS, *([] if level == 2 else GROUPS)]
        self.task(depth, level)
        for _ in range(self.random.randint(2, 9 - 3 * level)):
            getattr(self, self.random.choice(kinds))(depth, level)

    def add(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def node(self, name: str, first: int) -> None:
        self.nodes.append(Node(name, first, self.count - 1))

    def task(self, depth: int, level: int) -> None:
        name, first = self.fresh("t"), self.count
        rule = f', trigger_rule="{self.random.choice(RULES)}"' if self.random.random() < 0.3 else ""
        own = self.random.choice((
            f'BashOperator(task_id="{name}", bash_command="echo {name}"',
            f'EmptyOperator(task_id="{name}"',
            f'PythonOperator(task_id="{name}", python_callable=work, op_args=[{self.names}]',
            f'BranchPythonOperator(task_id="{name}", python_callable=work',
            f'ShortCircuitOperator(task_id="{name}", python_callable=lambda: True',
        ))  # fmt: skip
        suffix = self.random.choice(("",) * 8 + (".as_setup()", ".as_teardown()"))
        rule = "" if suffix == ".as_teardown()" else rule
        self.count += 1
        self.add(depth, f"{name} = {own}{rule}{self.settings()}){suffix}")
        self.node(name, first)

    def flow(self, depth: int, level: int) -> None:
        name, first = self.fresh("f"), self.count
        earlier = [node.name for node in self.nodes if node.name.startswith("f")]
        arguments = self.random.sample(earlier, min(len(earlier), self.random.randint(0, 2)))
        call = self.random.choice((
            f'flow.override(task_id="{name}"{self.settings(2)})({", ".join(arguments)})',
            f"flow({', '.join(arguments)})",
            f"flow(items=[{', '.join(arguments)}], other={{'k': 2}})",
            f'pick.override(task_id="{name}")({arguments[0] if arguments else ""})',
        ))  # fmt: skip
        self.count += 1
        self.add(depth, f"{name} = {call}")
        self.node(name, first)

    def mapped(self, depth: int, level: int) -> None:
        name, first = self.fresh("f"), self.count
        earlier = [node.name for node in self.nodes if node.name.startswith("f")]
        over = self.random.choice([*earlier, "[1, 2]", "[3]"])
        self.count += 1
        override = f'.override(task_id="{name}"{self.settings(2)})' if self.random.random() < 0.7 else ""
        partial = ".partial(y=1)" if self.random.random() < 0.5 else ""
        self.add(depth, f"{name} = flow{override}{partial}.expand(x={over})")
        self.node(name, first)

    def loop(self, depth: int, level: int) -> None:
        name, first, size = self.fresh("l"), self.count, self.random.randint(1, 3)
        self.add(depth, f"{name} = []")
        self.add(depth, f"for i, word in enumerate({['a', 'b', 'c'][:size]!r}):")
        self.add(
            depth + 1,
            f'item = BashOperator(task_id=f"{name}_{{word}}_{{i:02d}}", bash_command="b"{self.settings(1)})',
        )
        if self.random.random() < 0.5:
            self.add(depth + 1, f"if {name}:")
            self.add(depth + 2, f"{name}[-1] >> item")
        self.add(depth + 1, f"{name}.append(item)")
        self.count += size
        self.node(name, first)

    def comprehension(self, depth: int, level: int) -> None:
        name, first, size = self.fresh("c"), self.count, self.random.randint(1, 3)
        self.count += size
        condition = self.random.choice(("", " if n >= 0", " if n not in {7}"))
        self.add(depth, f'{name} = [EmptyOperator(task_id="{name}_%d" % n) for n in range({size}){condition}]')
        self.node(name, first)

    def condition(self, depth: int, level: int) -> None:
        before = len(self.nodes)
        self.add(depth, f"if {self.random.choice(CONDITIONS)}:")
        self.task(depth + 1, level)
        self.add(depth, "else:")
        self.task(depth + 1, level)
        del self.nodes[before:]  # only one of the two exists

    def group(self, depth: int, level: int) -> None:
        name, first = self.fresh("g"), self.count
        options = self.random.choice(
            ("", ", prefix_group_id=False", ', tooltip="tip"', ", default_args={'retries': 8}")
        )
        self.add(depth, f'with TaskGroup("{name}"{options}) as {name}:')
        self.body(depth + 1, level + 1)
        self.node(name, first)

    def decorated_group(self, depth: int, level: int) -> None:
        name, first, kept = self.fresh("d"), self.count, list(self.nodes)
        self.nodes.clear()  # its function has names of its own
        self.add(depth, "@task_group" + self.random.choice(("", '(tooltip="t")', "(default_args={'retries': 2})")))
        self.add(depth, f"def {name}():")
        self.body(depth + 1, level + 1)
        self.add(depth, f"{name}_made = {name}()")
        self.nodes[:] = kept
        self.node(f"{name}_made", first)

    def edge(self, depth: int, level: int) -> None:
        pairs = [(a, b) for a in self.nodes for b in self.nodes if a.last < b.first]
        if not pairs:
            return
        a, b = self.random.choice(pairs)
        one, other = a.single(), b.single()
        rest = [node.single() for node in self.nodes if node.first > a.last]
        several = ", ".join(self.random.sample(rest, min(2, len(rest))))
        forms = [
            f"{one} >> {b.name}",
            f"{other} << {a.name}",
            f"{a.name} >> {other}",
            f"{one} >> [{several}]",
            f"[{one}] >> {other}",
            f"chain({one}, {b.name})",
            f"chain({a.name}, {other})",
            f"chain({one}, Label('between'), {other})",
            f"cross_downstream([{one}], [{several}])",
            f"{one}.set_downstream({b.name})",
            f"{other}.set_upstream([{one}])",
            f'{one} >> Label("to {b.name}") >> {b.name}',
        ]
        self.add(depth, self.random.choice(forms))
