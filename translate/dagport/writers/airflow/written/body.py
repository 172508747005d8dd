"""The lines below ``with DAG(...):``: tasks, groups, and the order between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dagport.graph import Edge
from dagport.pycode import text_constant
from dagport.values import XCom
from dagport.writers.airflow.written.dag import DagText, group_label, has_prefix, nodes_of
from dagport.writers.airflow.written.functions import Functions
from dagport.writers.airflow.written.model import Written
from dagport.writers.airflow.written.order import GROUP, Order
from dagport.writers.airflow.written.tasks import label
from dagport.writers.airflow.written.tree import Node
from dagport.writers.airflow.written.values import Values, text

STEP = "    "


class Body:
    """The lines below ``with DAG(...):``."""

    def __init__(self, dag: DagText, functions: Functions, values: Values) -> None:
        self.dag = dag
        self.functions = functions
        self.values = values

    def lines(self) -> list[str]:
        """All lines, at the left margin."""
        return self._block(self.dag.root)

    def _block(self, node: Node) -> list[str]:
        found: list[str] = []
        for child in node.children:
            found += self._group(child) if isinstance(child, Node) else [self._task(self.dag.tasks[child.id])]
        order = self.dag.orders.get(node.id)
        if order is not None:
            found += ["", *self._order(order)]
        return found or ["pass"]

    def _task(self, item: Written) -> str:
        call = self._call(item) + self._role(item)
        return f"{self.dag.variables[item.task.id]} = {call}" if item.task.id in self.dag.named else call

    def _call(self, item: Written) -> str:
        if item.form == "operator":
            identity = [f"task_id={text_constant(label(item.task))}"] if item.named else []
            arguments = ", ".join([*identity, *_named(item.keywords)])
            if item.over is None:
                return f"{item.callee}({arguments})"
            return f"{item.callee}.partial({arguments}){_expand(item)}"
        function = self.functions.decorated_ones.get(item.function) if item.function else None
        callee = item.callee
        if function is not None:
            common = function.common()
            more = {name: value for name, value in item.keywords.items() if common.get(name) != value}
            if len(function.uses) == 1 or function_id(function) == label(item.task):
                identity = []
            else:
                identity = [f"task_id={text_constant(label(item.task))}"]
            overridden = [*identity, *_named(more)]
            callee += f".override({', '.join(overridden)})" if overridden else ""
        if item.over is None:
            return f"{callee}({', '.join(item.call)})"
        return (f"{callee}.partial({', '.join(item.partial)})" if item.partial else callee) + _expand(item)

    def _role(self, item: Written) -> str:
        if item.task.setup:
            return ".as_setup()"
        return f".as_teardown({item.teardown})" if item.task.teardown else ""

    def _group(self, node: Node) -> list[str]:
        assert node.group is not None  # noqa: S101 - the root is no child
        keywords = [f"group_id={text_constant(group_label(node.group))}"]
        if node.group.tooltip:
            keywords.append(f"tooltip={text(node.group.tooltip)}")
        if not has_prefix(node):
            keywords.append("prefix_group_id=False")
        if node.is_mapped:
            return self._mapped_group(node, keywords)
        key = f"{GROUP}{node.id}"
        alias = f" as {self.dag.variables[key]}" if key in self.dag.named else ""
        head = f"with {self.values.want('airflow.sdk.TaskGroup')}({', '.join(keywords)}){alias}:"
        return ["", head, *_indented(self._block(node)), ""]

    def _mapped_group(self, node: Node, keywords: Iterable[str]) -> list[str]:
        assert node.group is not None  # noqa: S101 - the root isn't mapped
        key = f"{GROUP}{node.id}"
        function = self.dag.variables[key]
        inside = {task.id for task in node.tasks()}
        outside = sorted(inside & self._named_outside(node, inside))
        given = [f"{name}={self.values.write(value, self._result)}" for name, value in node.group.over.items()]
        body = self._block(node)
        if outside:
            body.append(f"return {', '.join(self.dag.variables[name] for name in outside)}")
        call = f"{function}.expand({', '.join(given)})"
        if outside:
            call = f"{', '.join(self.dag.variables[name] for name in outside)} = {call}"
        elif key in self.dag.named:
            call = f"{function} = {call}"
        decorator = f"@{self.values.want('airflow.sdk.task_group')}({', '.join(keywords)})"
        head = f"def {function}({', '.join(node.group.over)}):"
        return ["", decorator, head, *_indented(body), "", call, ""]

    def _result(self, value: XCom) -> str:
        source = self.dag.tasks[value.task_id]
        variable = self.dag.variables[value.task_id]
        whole = variable if source.form in ("taskflow", "manual") else f"{variable}.output"
        return whole if value.key == "return_value" else f"{whole}[{text_constant(value.key)}]"

    def _named_outside(self, node: Node, inside: set[str]) -> set[str]:
        """Tasks of a mapped group that are named outside of it: in orders or as results."""
        blocks = {inner.id for inner in nodes_of(node)}
        found = {key for name, order in self.dag.orders.items() if name not in blocks for key in order.named()}
        for item in self.dag.tasks.values():
            if item.task.id not in inside:
                found |= set(item.implied)
        return found

    def _order(self, order: Order) -> list[str]:
        lines = [" >> ".join(self._part(part) for part in statement) for statement in order.statements]
        return [*lines, *(self._labelled(edge) for edge in order.labelled)]

    def _labelled(self, edge: Edge) -> str:
        above, below = self.dag.variables[edge.upstream], self.dag.variables[edge.downstream]
        groups = {self.dag.tasks[name].task.group for name in (edge.upstream, edge.downstream)}
        if len(groups) > 1:  # `>>` takes the whole group then (`EdgeModifier._convert_streams_to_task_groups`)
            return f"{above}.set_downstream({below}, {self.dag.label}({text_constant(edge.label or '')}))"
        return f"{above} >> {self.dag.label}({text_constant(edge.label or '')}) >> {below}"

    def _part(self, keys: tuple[str, ...]) -> str:
        names = [self.dag.variables[key] for key in keys]
        return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


def function_id(function: object) -> str:
    """The task id that a decorated function gives by itself."""
    return str(getattr(function, "name", ""))


def _named(keywords: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in keywords.items()]


def _expand(item: Written) -> str:
    return f".{'expand_kwargs' if item.whole else 'expand'}({item.over})"


def _indented(lines: Iterable[str]) -> list[str]:
    """Lines one level deeper; the inner lines of a text between triple quotes stay where they are."""
    return [f"{STEP}{line}" if line else line for line in lines]
