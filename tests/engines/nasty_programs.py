"""Random DAG files made of constructs that seldom meet: contexts in contexts, ends of every kind, shared objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

# Lines that make tasks and bind one name: `{v}` is the name, `{n}` a number, `{r}` a result, `{o}` any earlier end.
MAKERS = (
    '{v} = E("{v}")',
    '{v} = E("{v}", retries="{n}", owner="o{n}")',
    '{v} = E("{v}", default_args=dict(pool="p{n}", retries=None))',
    '{v} = E("{v}", trigger_rule=TriggerRule.ALL_DONE, retry_delay={n})',
    '{v} = BashOperator(task_id="{v}", bash_command={r}, env=dict(a=[{r}["k"]]))',
    '{v} = BashOperator(task_id="{v}", bash_command=f"echo {{{r}}}", outlets=Asset("a{n}"))',
    '{v} = PythonOperator(task_id="{v}", python_callable=work, op_args=[{r}, ({r},)], op_kwargs={{"x": {n}}})',
    '{v} = BashOperator.partial(task_id="{v}", retries={n}).expand(bash_command=["a", "b"])',
    '{v} = BashOperator.partial(task_id="{v}", env={{"x": {r}}}).expand(bash_command={r})',
    '{v} = Own(task_id="{v}", sql={r})',
    '{v} = Own(task_id="{v}", retries={n})',
    "{v} = Own.partial(task_id='{v}').expand(sql=[1, 2, 3])",
    "{v} = Late(task_id='{v}', after={o})",
    "{v} = [E(f'{v}_{{i}}') for i in range({n} % 3 + 1)]",
    "{v} = [*map(E, ('{v}_x', '{v}_y'))]",
    "{v} = helper('{v}', {n})",
    "{v} = registry.setdefault('{v}', E('{v}'))",
    "{v} = E('{v}').as_setup()",
    "{v} = E('{v}').as_teardown(setups=E('{v}_s'))",
    "{v} = inner({n})",
    "{v} = named.override(group_id='{v}')({n})",
    "{v} = inner.partial(n={n}).expand(m=[1, 2])",
    "{v} = EmptyOperator(task_id='{v}', task_group=group)",
)
RESULTS = (
    "{v} = flow({o2})",
    "{v} = flow.override(task_id='{v}', pool='p{n}')({r}, k=[{r}])",
    "{v} = flow.expand(x={r})",
    "{v} = flow.partial(y={n}).expand(x=[1, {r}], z=[2])",
    "{v} = pick({r})",
    "{v} = shell()",
    "{v} = flow.expand_kwargs([{{'a': 1}}, {{'a': {r}}}])",
    "{v} = flow.expand(x={r}.map(str))",
)
LINKS = (
    "{a} >> {b}", "{b} << {a}", "{a} >> [{b}]", "[{a}] >> {b}", "chain({a}, {b})", "{a} >> Label('l{n}') >> {b}",
    "chain({a}, Label('m'), {b})", "cross_downstream([{a}], [{b}])", "chain_linear({a}, [{b}])",
    "{a}.set_downstream({b})", "{b}.set_upstream([{a}])", "[{a}] >> Label('l{n}') >> {b}", "({a},) >> {b}",
)  # fmt: skip
BLOCKS = (
    "with TaskGroup('{v}') as {v}:",
    "with TaskGroup('{v}', prefix_group_id=False) as {v}:",
    "with TaskGroup('{v}', default_args={{'retries': {n}, 'owner': 'g'}}, tooltip='t') as {v}:",
    "for {v} in ['x', 'y'][:1]:",
    "if len('{v}') > 1:",
    "try:",
    "with E('{v}_t').as_teardown(setups=E('{v}_s')):",
    "with E('{v}_s').as_setup():",
    "with within('{v}') as {v}:",
)
HEADER = """
class Own(BaseOperator):
    template_fields = ("sql",)
    def __init__(self, sql=None, retries=4, **kwargs):
        super().__init__(retries=retries, **kwargs)
        self.sql = sql
class Late(EmptyOperator):
    def __init__(self, after, **kwargs):
        super().__init__(pool="late", **kwargs)
        after >> self
@contextmanager
def within(name):
    with TaskGroup(name) as group:
        E("first")
        yield group
        E("last")
@task_group
def inner(n, m=0):
    "the inner group"
    a = flow(n)
    return flow(a, m)
@task_group(prefix_group_id=True, default_args={"owner": "named"})
def named(n):
    E("a") >> [E("b"), E("c")]
@task.branch(retries=1)
def pick(x):
    "pick one"
@task.bash(env={"a": "b"})
def shell():
    return "ls"
def helper(name, n):
    tasks = [E(name)]
    while len(tasks) < n % 3 + 1:
        tasks[-1] >> (after := E(f"{name}_{len(tasks)}"))
        tasks.append(after)
    return tasks[0] if n % 2 else tasks[-1]
"""
DAGS = (
    "with DAG('d{n}', default_args=args, schedule='{n} * * * *', tags=['a', 'b']) as d{n}:",
    "with DAG(dag_id='d{n}', default_args={{**args, 'pool': 'dag'}}, params={{'x': {n}}}) as d{n}:",
    "with DAG('d{n}', schedule=[Asset('a'), Asset('b')], default_args=dict(priority_weight=3)) as d{n}:",
)


@dataclass
class NastyProgram:
    """Writes one file."""

    random: Random
    lines: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)  # names that an edge may end in, oldest first
    results: list[str] = field(default_factory=list)
    count: int = 0

    def text(self, header: str) -> str:
        """One or two DAGs that share their default arguments."""
        self.lines += [header, HEADER, "args = {'owner': 'me', 'retries': 2, 'nope': 1}", "registry = {}"]
        for number in range(self.random.randint(1, 2)):
            self.ends, self.results = [], []
            self.lines.append(self.random.choice(DAGS).format(n=number))
            self.lines += ["    first = E('first_task')", "    group = TaskGroup('early')", "    start = flow()"]
            self.ends += ["first", "group"]
            self.results.append("start")
            for _ in range(self.random.randint(3, 8)):
                self.statement(1)
            self.lines.append(f"args['retries'] = {self.random.randint(0, 5)}")
        return "\n".join(self.lines) + "\n"

    def statement(self, depth: int) -> None:
        kind = self.random.random()
        if kind < 0.2 and depth < 4:
            self.block(depth)
        elif kind < 0.45:
            self.add(depth, self.random.choice(RESULTS), self.results)
        elif kind < 0.75:
            self.add(depth, self.random.choice(MAKERS), self.ends)
        else:
            self.link(depth)

    def add(self, depth: int, template: str, names: list[str]) -> None:
        self.count += 1
        name = f"v{self.count}"
        several = ", ".join(self.random.choice(self.results) for _ in range(self.random.randint(0, 2)))
        end = self.random.choice([item for item in self.ends if item != "group"])
        line = template.format(
            v=name, n=self.random.randint(0, 9), r=self.random.choice(self.results), o=end, o2=several
        )
        self.lines.append("    " * depth + line)
        names.append(name)

    def link(self, depth: int) -> None:
        known = sorted({*self.ends, *self.results}, key=lambda name: (name[0] == "v", len(name), name))
        if len(known) < 2:
            return
        first, second = sorted(self.random.sample(range(len(known)), 2))
        line = self.random.choice(LINKS).format(a=known[first], b=known[second], n=self.random.randint(0, 9))
        self.lines.append("    " * depth + line)

    def block(self, depth: int) -> None:
        self.count += 1
        name, opening = f"v{self.count}", self.random.choice(BLOCKS)
        self.lines.append("    " * depth + opening.format(v=name, n=self.random.randint(0, 9)))
        for _ in range(self.random.randint(1, 3)):
            self.statement(depth + 1)
        self.lines.append("    " * (depth + 1) + "pass")
        if opening == "try:":
            self.lines += ["    " * depth + "finally:", "    " * (depth + 1) + f"E('{name}_finally')"]
        if " as {v}:" in opening:
            self.ends.append(name)
